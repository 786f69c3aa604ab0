package machine

import (
	"detente/agreement"
)

// An Asked is an open question: its readings, who holds them, and what they
// make different.
type Asked struct {
	Question agreement.Name   `json:"question"`
	Clause   string           `json:"clause,omitempty"`
	Words    string           `json:"words,omitempty"`
	Answered []agreement.Name `json:"answered"` // who may answer it; empty: nobody
	Readings []Reading        `json:"readings"`
	Differ   []Differs        `json:"differ"`
}

// A Reading is one interpretation.
type Reading struct {
	Name    agreement.Name   `json:"name"`
	HeldBy  []agreement.Name `json:"held_by"`
	Because string           `json:"because,omitempty"`
}

// A Differs is a block that does not stand the same under every reading of a
// question, everything else being open.
type Differs struct {
	Subject agreement.Name `json:"subject"`
	Under   []string       `json:"under"` // how it stands, by reading
}

// asked are the open questions, in the order of the text.
func (s *State) asked() []Asked {
	var out []Asked
	for i := range s.m.questions {
		q := &s.m.questions[i]
		if s.values[q.status] != questionOpen {
			continue
		}
		x := Asked{Question: q.Name, Clause: q.Clause, Words: q.Words, Answered: q.Answered, Differ: []Differs{}}
		var items [][]Item
		for _, y := range q.Interpretations {
			x.Readings = append(x.Readings, Reading{y.Name, y.HeldBy, y.Because})
			if w, ok := s.Under(string(q.Name) + "." + string(y.Name)); ok {
				items = append(items, w.items())
			}
		}
		if len(items) == len(q.Interpretations) {
			x.Differ = differs(items, s.m.local())
		}
		out = append(out, x)
	}
	return out
}

func differs(items [][]Item, l local) []Differs {
	out := []Differs{}
	for k := range items[0] {
		d := Differs{Subject: items[0][k].Name}
		same := true
		for _, of := range items {
			d.Under = append(d.Under, of[k].status(l))
			same = same && d.Under[len(d.Under)-1] == d.Under[0]
		}
		if !same {
			out = append(out, d)
		}
	}
	return out
}

func (s *State) questionItem(q *question) Item {
	it := itemOf(&q.Block)
	it.Noun, it.By, it.To = "question", q.Answered, nil
	it.Status, it.Since = s.m.fluents[q.status].words[s.values[q.status]], moment(s.since[q.status])
	return it
}

// tell writes the question, its readings and what they make different.
func (q Asked) tell(line func(format string, args ...any)) {
	line("question %s: %s", q.Question, q.Words)
	if len(q.Answered) == 0 {
		line("  nobody is to answer it")
	} else {
		line("  to be answered by %s", list(q.Answered, "or"))
	}
	for _, r := range q.Readings {
		because := ""
		if r.Because != "" {
			because = ": " + r.Because
		}
		line("  %s, held by %s%s", r.Name, list(r.HeldBy, "and"), because)
	}
	for _, d := range q.Differ {
		for i, r := range q.Readings {
			line("    if %s, %s is %s", r.Name, d.Subject, d.Under[i])
		}
	}
	if len(q.Differ) == 0 {
		line("    nothing stands otherwise by it now")
	}
}
