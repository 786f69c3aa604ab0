package machine

import (
	"math/big"

	"detente/agreement"
)

// A past is the state as it was before a cause, read from the log.
type past struct {
	s      *State
	before int32 // index in causes
}

// cause is the fluent's last change before, or -1.
func (p past) cause(f int32) int32 {
	i := p.s.last[f]
	for i >= p.before {
		i = p.s.causes[i].previous
	}
	return i
}

func (p past) slot(f int32) int64 {
	if i := p.cause(f); i >= 0 {
		return p.s.causes[i].to
	}
	// Never changed before: what it was before its first change, or still is.
	value := p.s.values[f]
	for i := p.s.last[f]; i >= 0; i = p.s.causes[i].previous {
		value = p.s.causes[i].from
	}
	return value
}

// number reads readings: of each the value and then the maximum is a number.
func (p past) number(n int32) *big.Rat {
	r := &p.s.m.readings[n/2]
	var top *big.Rat
	for i := p.cause(r.fact); i >= 0; i = p.s.causes[i].previous {
		q := p.s.causes[i].toN
		if n == r.value {
			return q
		}
		if q != nil && (top == nil || q.Cmp(top) > 0) {
			top = q
		}
	}
	if p.s.era == nil {
		return top
	}
	q := p.s.era.numbers[n]
	if n == r.value || top == nil || q != nil && q.Cmp(top) > 0 {
		return q
	}
	return top
}

func (p past) assumed(int32) bool { return false }

// support adds the fluents that make e what it is, as few as do: all parts of
// a true `and`, one true part of an `or`, and the reverse for what is false.
func support(r reader, e *expr, to []int32) []int32 {
	switch e.op {
	case opAnd, opAll, opOr, opAny:
		v := eval(r, e)
		decisive := v.isTrue() == (e.op == opOr || e.op == opAny) && v.set
		for _, a := range e.args {
			part := eval(r, a)
			switch {
			case decisive && part.set && part.n == v.n:
				return support(r, a, to) // one is enough
			case !decisive && (v.set || !part.set):
				to = support(r, a, to)
			}
		}
		return to
	case opIf:
		to = support(r, e.args[0], to)
		switch c := eval(r, e.args[0]); {
		case c.isTrue():
			to = support(r, e.args[1], to)
		case c.isFalse():
			to = support(r, e.args[2], to)
		}
		return to
	}
	to = appendOwn(to, e)
	for _, a := range e.args {
		to = support(r, a, to)
	}
	return to
}

// appendOwn adds the fluents that e itself reads.
func appendOwn(to []int32, e *expr) []int32 {
	switch e.op {
	case opReading, opAtLeast, opIs, opIsNot, opLifted, opInForce, opInstant, opInteger:
		return append(to, e.slot)
	case opNumber:
		return append(to, int32(e.want))
	case opTally, opVetoed:
		for _, f := range e.barred {
			if f >= 0 {
				to = append(to, f)
			}
		}
		return append(to, e.slots...)
	case opFact:
		return append(to, e.slot, int32(e.want))
	}
	return to
}

// text writes the value of a fluent.
func (m *Machine) text(f int32, n int64, q *big.Rat) string {
	switch x := &m.fluents[f]; x.kind {
	case isStatus:
		return x.words[n]
	case isInstant:
		return moment(agreement.Instant(n)).String()
	case isFlag:
		return truthWord(n == 1)
	case isReading:
		r := &m.readings[x.block.i]
		switch {
		case r.Unit == "":
			return truthWord(n == 1)
		case q == nil:
			return "unreported"
		}
		return sayNumber(q) + " " + r.Unit
	}
	return sayNumber(new(big.Rat).SetInt64(n))
}

func truthWord(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

// Causes is the log of changes, oldest first, through all amendments; empty if
// it is not kept.
func (s *State) Causes() []Cause {
	var out []Cause
	before := 0 // where the log of the text before begins
	if s.era != nil {
		out = s.era.state.Causes()
		before = len(out) - len(s.era.state.causes)
	}
	base := len(out)
	for i := range s.causes {
		c := &s.causes[i]
		x := Cause{At: c.at, Entry: c.entry, Machine: s.m, Rule: int(c.rule), Fluent: int(c.fluent), Previous: base + int(c.previous), Amends: c.amends,
			From: s.m.text(c.fluent, c.from, c.fromN), To: s.m.text(c.fluent, c.to, c.toN)}
		if c.previous < 0 {
			x.Previous = -1
			if s.era != nil && s.era.of[c.fluent] >= 0 && s.era.state.last[s.era.of[c.fluent]] >= 0 {
				x.Previous = before + int(s.era.state.last[s.era.of[c.fluent]])
			}
		}
		out = append(out, x)
	}
	return out
}

// FluentName is the path of a fluent, such as `lift-sanctions.status`.
func (m *Machine) FluentName(i int) string { return m.fluents[i].path() }

// RuleRange is the text of a rule, and RuleWords what it is in a few words.
func (m *Machine) RuleRange(i int) agreement.Range { return m.rules[i].where }

// RuleWords says in a few words what the rule is.
func (m *Machine) RuleWords(i int) string { return m.rules[i].words }
