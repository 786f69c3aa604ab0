package calculator

// close decides a vault at its close.
func (l *life) close(k int) {
	v, t := &l.vaults[k], l.terms.vaults[k]
	v.closedAt = l.now
	v.longStop = plus(l.now, t.hold)
	switch {
	case !l.inForce():
		l.otherwise(k)
	case l.is(t.opensIf, nil):
		l.decide(k, "release")
	case l.clone().couldOpen(k):
		if t.pending != "hold" {
			l.decide(k, "erase")
			return
		}
		v.status, v.kept = "held", l.clone()
	default:
		l.otherwise(k)
	}
}

func (l *life) otherwise(k int) {
	if o := l.terms.vaults[k].otherwise; o != "hold" {
		l.decide(k, o)
		return
	}
	l.vaults[k].status, l.vaults[k].kept = "held", nil
}

func (l *life) decide(k int, outcome string) {
	l.vaults[k].status, l.vaults[k].kept = outcome, nil
}

// couldOpen tries every finding on every open claim: accepted, refused, left.
func (l *life) couldOpen(k int) bool { return l.try(k, 0) }

func (l *life) try(k, from int) bool {
	if l.is(l.terms.vaults[k].opensIf, nil) {
		return true
	}
	for c := from; c < len(l.commitments); c++ {
		if l.commitments[c].status != "claimed" || l.terms.commitments[c].silence == "" {
			continue
		}
		for _, accepts := range []bool{true, false} {
			n := l.clone()
			n.found(c, accepts)
			n.still()
			if n.try(k, c+1) {
				return true
			}
		}
	}
	return false
}

// opens is whether what a vault asks is true, by the text of this state.
func (l *life) opens(name string) bool { return l.is(l.terms.of(name).opensIf, nil) }

// heldVaults looks at the vaults that a claim holds.
func (l *life) heldVaults() (changed bool) {
	for k := range l.vaults {
		v := &l.vaults[k]
		switch {
		case v.status != "held" || v.kept == nil:
		case v.kept.opens(l.terms.vaults[k].name):
			l.decide(k, "release")
			changed = true
		case !v.kept.clone().couldOpen(v.kept.vault(l.terms.vaults[k].name)):
			l.otherwise(k)
			changed = true
		}
	}
	return changed
}
