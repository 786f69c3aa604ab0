package machine

import (
	"fmt"
	"slices"
	"strings"

	"detente/agreement"
)

// A subject is what Why and a scenario ask about: a block, or one attribute.
type subject struct {
	block  block
	name   agreement.Name
	attr   string // "" for the block's status
	fluent int32  // whose change changes the answer
	is     int64  // of a condition: the value of fluent that makes it true
	not    bool   // every other value does
	kind   subjectKind
}

type subjectKind uint8

const (
	asStatus subjectKind = iota
	asCondition
	asInstant
	asInteger
	asValue
	asMaximum
)

// subject finds `name` or `name.attr`.
func (m *Machine) subject(text string) (subject, error) {
	name, attr, dotted := strings.Cut(text, ".")
	b, ok := m.byName[agreement.Name(name)]
	if !ok && name == "agreement" {
		b, ok = block{"agreement", 0}, true
	}
	if !ok {
		return subject{}, unknownWord("nothing in this agreement is named", name, m.names())
	}
	q := subject{block: b, name: agreement.Name(name), attr: attr, fluent: -1}
	if dotted {
		if err := m.attribute(&q); err != nil {
			return subject{}, err
		}
		return q, nil
	}
	switch b.noun {
	case "agreement":
		q.fluent = m.status
	case "party":
		q.fluent, q.kind, q.is = m.signed[b.i], asCondition, 1
	case "commitment":
		q.fluent = m.commitments[b.i].status
	case "measure":
		q.fluent = m.measures[b.i].status
	case "act":
		q.fluent = m.acts[b.i].done
	case "reading":
		q.fluent = m.readings[b.i].reportedAt
	case "milestone":
		q.fluent = m.milestones[b.i].reached
	case "vault":
		q.fluent = m.vaults[b.i].outcome
	case "decision":
		q.fluent = m.decisions[b.i].status
	case "question":
		q.fluent = m.questions[b.i].status
	case "procedure":
		q.fluent = m.runs[b.i].status
	case "stage":
		q.fluent = m.stages[b.i].status
	case "role":
		return subject{}, fmt.Errorf("%s is a role: ask about its case", q.name)
	case "body":
		return subject{}, fmt.Errorf("%s is a body: ask about one of its decisions", q.name)
	}
	return q, nil
}

// names are all that can be asked about, in the order of the text.
func (m *Machine) names() []string {
	names := []string{"agreement"}
	last := agreement.Name("")
	for i := range m.fluents {
		if n := m.fluents[i].name; n != last {
			names = append(names, string(n))
			last = n
		}
	}
	return names
}

func (m *Machine) attribute(q *subject) error {
	words := attributesOf(q.block.noun)
	kind, ok := agreement.Attributes[q.block.noun][q.attr]
	if !ok {
		if len(words) == 0 {
			return fmt.Errorf("%s is a %s, of which nothing but itself can be asked: write `%s`", q.name, q.block.noun, q.name)
		}
		return unknownWord("a "+string(q.block.noun)+" has no attribute", q.attr, words)
	}
	r := &agreement.Ref{Noun: q.block.noun, Name: q.name, Attr: q.attr, Kind: kind}
	if q.block.noun == "reading" && (q.attr == "value" || q.attr == "maximum") {
		q.kind, q.fluent = asValue, m.readings[q.block.i].fact
		if q.attr == "maximum" {
			q.kind = asMaximum
		}
		return nil
	}
	e := m.expr(r)
	q.fluent = e.slot
	switch e.op {
	case opConst: // what nothing can prevent is not prevented
		q.kind, q.fluent, q.is = asCondition, m.milestones[q.block.i].reached, -1
	case opInstant:
		q.kind = asInstant
	case opInteger:
		q.kind = asInteger
	case opLifted:
		q.kind, q.is = asCondition, measureLifted
	case opInForce:
		q.kind, q.is = asCondition, measureInForce
	case opIsNot: // decided, opened and the like: not unset
		q.kind, q.is, q.not = asCondition, e.want, true
	default:
		q.kind, q.is = asCondition, e.want
	}
	return nil
}

// attributesOf are the attributes of a noun in alphabetical order.
func attributesOf(noun agreement.Noun) []string {
	var words []string
	for w := range agreement.Attributes[noun] {
		words = append(words, w)
	}
	slices.Sort(words)
	return words
}

// answer is what is the case of a subject now, in a word.
func (s *State) answer(q subject) string {
	n := s.values[q.fluent]
	switch q.kind {
	case asCondition:
		return fmt.Sprint((n == q.is) != q.not)
	case asInstant:
		return moment(agreement.Instant(n)).String()
	case asInteger:
		return fmt.Sprint(n)
	case asValue, asMaximum:
		r := &s.m.readings[q.block.i]
		if s.values[r.reported] == 0 {
			return "unreported"
		}
		if q.kind == asMaximum && r.Unit != "" {
			return s.readingText(r, r.maximum)
		}
		return s.readingText(r, r.value)
	}
	switch q.block.noun {
	case "act":
		return s.actItem(&s.m.acts[q.block.i]).Status
	case "reading":
		return s.readingItem(&s.m.readings[q.block.i]).Status
	case "milestone":
		return s.milestoneItem(&s.m.milestones[q.block.i]).Status
	}
	return s.m.fluents[q.fluent].words[n]
}
