package web

import (
	"strings"

	"detente/agreement"
)

// names are how those whom the text names are called on pages.
type names struct {
	a     *agreement.Agreement
	marks map[agreement.Name]mark
	nouns map[agreement.Name]agreement.Noun
}

// A mark stands for somebody: a few letters in a frame for a party, dashed for
// one that does not sign; the plain name for everybody else.
type mark struct {
	Name    agreement.Name
	Letters string // empty: no party
	Full    string
	Class   string // "", "outside"
}

const markLetters = 6

func newNames(a *agreement.Agreement) *names {
	n := &names{a: a, marks: map[agreement.Name]mark{}, nouns: map[agreement.Name]agreement.Noun{}}
	taken := map[string]bool{}
	for _, p := range a.Parties {
		m := mark{Name: p.Name, Full: p.Full, Letters: letters(string(p.Name))}
		if taken[m.Letters] {
			m.Letters = string(p.Name)
		}
		taken[m.Letters] = true
		if !p.Signs {
			m.Class = "outside"
		}
		n.marks[p.Name], n.nouns[p.Name] = m, "party"
	}
	for _, d := range a.Depositaries {
		n.nouns[d.Name] = "depositary"
	}
	for _, w := range a.Witnesses {
		n.nouns[w.Name] = "witness"
	}
	for _, c := range a.Custodians {
		n.nouns[c.Name] = "custodian"
	}
	for _, d := range a.Devices {
		n.nouns[d.Name] = "device"
	}
	for _, g := range a.Groups {
		n.nouns[g.Name] = "group"
	}
	return n
}

// letters shortens a name: all of a short one, else the first of each word.
func letters(name string) string {
	if len(name) <= markLetters {
		return strings.ToUpper(name)
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' || r == '_' })
	if len(words) < 2 {
		return strings.ToUpper(name[:4])
	}
	short := ""
	for _, w := range words[:min(len(words), 4)] {
		short += strings.ToUpper(w[:1])
	}
	return short
}

func (n *names) mark(name agreement.Name) mark {
	if m, ok := n.marks[name]; ok {
		return m
	}
	return mark{Name: name, Full: string(name)}
}

func (n *names) all(names []agreement.Name) []mark {
	var out []mark
	for _, x := range names {
		out = append(out, n.mark(x))
	}
	return out
}
