package calculator

import (
	"maps"
	"slices"
)

// carry is the state under a new text that takes the place of this one's, by
// section 10 of the machine's specification; not ok if it cannot.
func (l *life) carry(to *terms, at int64) (n *life, ok bool) {
	if !l.inForce() || !l.mayEnd(to) {
		return nil, false
	}
	n = newLife(to)
	n.now, n.fired, n.inForceAt = at, l.fired && l.now == at, l.inForceAt
	n.signed, n.gone = maps.Clone(l.signed), maps.Clone(l.gone)
	for _, p := range joins(l.terms, to) {
		n.signed[p] = true
	}
	for name := range l.blocks {
		if to.blocks[name] == nil {
			n.gone[name] = true
		}
	}
	l.copyTo(n)
	before := l.armed()
	n.rounds()
	return n, n.quiet(l.terms, before) && n.kept(l.shorten, before)
}

// armed are the deadlines by the names of what they are of.
func (l *life) armed() map[[2]string]int64 {
	all := map[[2]string]int64{}
	for _, t := range l.timers() {
		all[l.called(t)] = t.at
	}
	return all
}

func (l *life) called(t timer) [2]string {
	if t.kind == "closes" || t.kind == "long-stop" {
		return [2]string{t.kind, l.terms.vaults[t.k].name}
	}
	return [2]string{t.kind, l.terms.commitments[t.k].name}
}

// mayEnd is whether nothing new has the name of what ended earlier, and every
// open claim still has somebody to find on it.
func (l *life) mayEnd(to *terms) bool {
	for name := range to.blocks {
		if l.gone[name] && l.blocks[name] == nil {
			return false
		}
	}
	for k, c := range l.commitments {
		if c.status != "claimed" {
			continue
		}
		name := l.terms.commitments[k].name
		if i := slices.IndexFunc(to.commitments, func(t *commitmentTerms) bool { return t.name == name }); i < 0 || to.commitments[i].silence == "" {
			return false
		}
	}
	return true
}

// copyTo gives what goes on what it was.
func (l *life) copyTo(n *life) {
	for i, t := range n.measures {
		if k := l.measure(t.name); k >= 0 {
			n.lifted[i] = l.lifted[k]
		}
	}
	for i, t := range n.terms.commitments {
		k := l.commitment(t.name)
		if k < 0 {
			continue
		}
		c := l.commitments[k]
		noted := map[int]bool{}
		for m := range c.noted { // of measures that it still promises to lift
			if is := n.measure(l.measures[m].name); is >= 0 && slices.Contains(n.promised(i), is) {
				noted[is] = true
			}
		}
		c.noted = noted
		n.commitments[i] = c
	}
	for i, t := range n.terms.vaults {
		k := l.vault(t.name)
		if k < 0 {
			continue
		}
		v := l.vaults[k]
		if v.kept != nil {
			v.kept = v.kept.clone()
		}
		v.longStop = plus(v.closedAt, t.hold)
		n.vaults[i] = v
	}
	for i, t := range n.terms.commitments { // forgotten if it is due later now
		if c := &n.commitments[i]; c.overdue && plus(n.at(t.due), t.grace) > n.now {
			c.overdue = false
		}
	}
}

// quiet is whether no deadline has come to lie at or before now that did not
// before; but a time to cure that the old text did not give is only over.
func (l *life) quiet(from *terms, before map[[2]string]int64) bool {
	for _, t := range l.timers() {
		was, ran := before[l.called(t)]
		if t.at > l.now || ran && was == t.at {
			continue
		}
		name := l.called(t)[1]
		old := slices.IndexFunc(from.commitments, func(c *commitmentTerms) bool { return c.name == name })
		if t.kind != "cure" || old >= 0 && from.commitments[old].cure >= 0 {
			return false
		}
		l.goOff(t)
		l.fired = true
		l.rounds()
		return l.quiet(from, before)
	}
	return true
}

// kept is whether no deadline that ran and runs is brought forward, if that was
// promised.
func (l *life) kept(promised bool, before map[[2]string]int64) bool {
	for _, t := range l.timers() {
		if was, ran := before[l.called(t)]; promised && ran && t.at < was {
			return false
		}
	}
	return true
}
