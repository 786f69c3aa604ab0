package calculator

import (
	"maps"
	"slices"
)

// openClaims counts how often each commitment was claimed, to see which claims
// a statement makes.
func (l *life) openClaims() (all []int64) {
	for _, c := range l.commitments {
		all = append(all, c.claims)
	}
	return all
}

// act lets a statement of the machine take effect.
func (l *life) act(at int64, s *said) bool {
	l.advance(at)
	before := slices.DeleteFunc(l.timers(), func(t timer) bool { return t.at > l.now })
	ok := l.change(s)
	if ok {
		l.finish(before)
	}
	return ok
}

func (l *life) change(s *said) bool {
	name := func(field string) string { return s.body[field].(string) }
	if s.kind == "sign" {
		return l.sign(s.by)
	}
	if !l.inForce() {
		return false
	}
	switch s.kind {
	case "perform":
		return l.perform(s.by, l.commitment(name("commitment")))
	case "lift":
		return l.lift(s.by, l.measure(name("measure")))
	case "impose":
		return l.impose(s.by, l.measure(name("measure")))
	case "verify":
		k := l.commitment(name("commitment"))
		if k < 0 || l.commitments[k].status != "claimed" || !slices.Contains(l.terms.commitments[k].verifiers, s.by) {
			return false
		}
		l.find(k, name("finding") == "accepts")
		return true
	case "contest":
		return l.commitment(name("commitment")) >= 0
	}
	return false // the text has no acts and no readings
}

func (l *life) sign(by string) bool {
	if l.inForce() || !l.signs[by] || l.signed[by] {
		return false
	}
	l.signed[by] = true
	for _, p := range l.parties {
		if l.signs[p] && !l.signed[p] {
			return true
		}
	}
	l.inForceAt = l.now
	return true
}

// owed says whether a claim of a commitment can be made now.
func (l *life) owed(k int) bool {
	return l.commitments[k].status == "active" || l.commitments[k].status == "breached" && l.curable(k)
}

// promised are the measures that a commitment promises to lift and that its
// own party holds.
func (l *life) promised(k int) (all []int) {
	t := l.terms.commitments[k]
	var walk func(n *node)
	walk = func(n *node) {
		switch {
		case n == nil:
		case n.op == "and":
			walk(n.args[0])
			walk(n.args[1])
		case n.op == "word":
			for m, x := range l.measures {
				if n.text == x.name+".lifted" && x.by == t.by {
					all = append(all, m)
				}
			}
		}
	}
	walk(t.do)
	return all
}

func (l *life) perform(by string, k int) bool {
	if k < 0 || !l.owed(k) {
		return false
	}
	t, c := l.terms.commitments[k], &l.commitments[k]
	if l.signs[t.by] && by != t.by || !l.signs[t.by] && !slices.Contains(t.reporters, by) {
		return false
	}
	noted := maps.Clone(c.noted)
	for _, m := range l.promised(k) {
		if !l.lifted[m] {
			noted[m] = true
		}
	}
	if t.do != nil && !l.is(t.do, noted) {
		return false
	}
	c.noted = noted
	if l.signs[t.by] {
		for m := range noted {
			l.lifted[m] = true
		}
		c.noted = map[int]bool{}
	}
	l.claim(k)
	return true
}

func (l *life) lift(by string, m int) bool {
	if m < 0 || l.lifted[m] {
		return false
	}
	holder := l.measures[m].by
	if by == holder {
		l.lifted[m] = true
		return true
	}
	if l.signs[holder] {
		return false
	}
	noted := false
	for k, t := range l.terms.commitments {
		c := &l.commitments[k]
		if t.by == holder && slices.Contains(t.reporters, by) && slices.Contains(l.promised(k), m) && l.owed(k) && !c.noted[m] {
			c.noted[m] = true
			noted = true
		}
	}
	return noted
}

func (l *life) impose(by string, m int) bool {
	if m < 0 || !l.lifted[m] || by != l.measures[m].by {
		return false
	}
	l.lifted[m] = false
	return true
}
