package machine

import (
	"slices"

	"detente/agreement"
)

// blocksOf are the blocks of a drawn text.
func blocksOf(a *agreement.Agreement) []*agreement.Block {
	var out []*agreement.Block
	for _, x := range a.Parties {
		out = append(out, &x.Block)
	}
	for _, x := range a.Measures {
		out = append(out, &x.Block)
	}
	for _, x := range a.Commitments {
		out = append(out, &x.Block)
	}
	for _, x := range a.Acts {
		out = append(out, &x.Block)
	}
	for _, x := range a.Readings {
		out = append(out, &x.Block)
	}
	for _, x := range a.Milestones {
		out = append(out, &x.Block)
	}
	for _, x := range a.Vaults {
		out = append(out, &x.Block)
	}
	return out
}

func find[T any](of []*T, block func(*T) agreement.Block, x name) *T {
	for _, t := range of {
		if block(t).Name == x {
			return t
		}
	}
	return nil
}

func commitmentIn(a *agreement.Agreement, x name) *agreement.Commitment {
	return find(a.Commitments, func(c *agreement.Commitment) agreement.Block { return c.Block }, x)
}

func actIn(a *agreement.Agreement, x name) *agreement.Act {
	return find(a.Acts, func(c *agreement.Act) agreement.Block { return c.Block }, x)
}

func readingIn(a *agreement.Agreement, x name) *agreement.Reading {
	return find(a.Readings, func(c *agreement.Reading) agreement.Block { return c.Block }, x)
}

func milestoneIn(a *agreement.Agreement, x name) *agreement.Milestone {
	return find(a.Milestones, func(c *agreement.Milestone) agreement.Block { return c.Block }, x)
}

// continued says of every block of a what it was in the text that it amends.
func continued(old, a *agreement.Agreement) map[name]name {
	was := map[name]name{}
	before := map[name]*agreement.Block{}
	for _, b := range blocksOf(old) {
		before[b.Name] = b
	}
	for _, b := range blocksOf(a) {
		then := b.Was
		if same := before[b.Name]; then == "" || same != nil && same.Was == then {
			then = b.Name
		}
		if before[then] != nil {
			was[b.Name] = then
		}
	}
	return was
}

// amend is section 10 of spec/machine.md read aloud: nil if it is refused.
func (n *naive) amend(a *agreement.Agreement, at agreement.Instant) *naive {
	was := continued(n.a, a)
	now := map[name]name{}
	for x, then := range was {
		now[then] = x
	}
	if n.status != "in-force" || !n.amendable(a, was, now) {
		return nil
	}
	o := blankNaive(a)
	o.now, o.status, o.inForce, o.gone = at, n.status, n.inForce, map[name]bool{}
	for x := range n.gone {
		o.gone[x] = true
	}
	for _, b := range blocksOf(n.a) {
		if now[b.Name] == "" {
			o.gone[b.Name] = true
		}
	}
	for _, p := range a.Parties {
		o.signed[p.Name] = p.Signs || n.signed[was[p.Name]]
	}
	n.carryLives(o, was, now)
	n.carryBlocks(o, was)
	for _, x := range a.Vaults {
		v := n.v[was[x.Name]]
		if v == nil {
			continue
		}
		*o.v[x.Name] = *v
		if v.frozen != nil {
			called := map[name]name{}
			for x, then := range was {
				called[x] = v.then(then)
			}
			o.v[x.Name].frozen, o.v[x.Name].called = v.frozen.copy(), called
		}
	}
	return n.settleAmended(o, was)
}

func (n *naive) amendable(a *agreement.Agreement, was, now map[name]name) bool {
	for _, b := range blocksOf(a) {
		if was[b.Name] == "" && n.gone[b.Name] {
			return false
		}
	}
	for _, x := range n.a.Commitments {
		if y := commitmentIn(a, now[x.Name]); n.c[x.Name].status == "claimed" && (y == nil || y.Verify == nil) {
			return false
		}
	}
	for _, x := range n.a.Acts {
		if y := actIn(a, now[x.Name]); n.b[x.Name].notice != never && y != nil && y.Notice == 0 {
			return false
		}
	}
	return true
}

func (n *naive) carryLives(o *naive, was, now map[name]name) {
	for _, x := range o.a.Commitments {
		c := n.c[was[x.Name]]
		if c == nil {
			continue
		}
		d := *c
		d.reported = map[name]bool{}
		for m := range c.reported {
			if y := now[m]; y != "" && slices.Contains(o.promised(x, x.What), y) {
				d.reported[y] = true
			}
		}
		o.c[x.Name] = &d
		if d.status == "dormant" && d.started && x.From == nil {
			o.begin(x)
		}
	}
}

func (n *naive) carryBlocks(o *naive, was map[name]name) {
	for x, b := range o.b {
		if old := n.b[was[x]]; old != nil {
			*b = *old
		}
	}
	for _, x := range o.a.Acts {
		if b := o.b[x.Name]; b.notice != never {
			b.notice += agreement.Instant(x.Notice - actIn(n.a, was[x.Name]).Notice)
		}
	}
	for _, x := range o.a.Readings {
		b, old := o.b[x.Name], readingIn(n.a, was[x.Name])
		switch {
		case x.Every == 0:
			b.late0 = never
		case old == nil || old.Every == 0:
			o.expect(x)
		case b.late0 != never:
			b.late0 += agreement.Instant(x.Every + x.Grace - old.Every - old.Grace)
		}
	}
	for _, x := range o.a.Milestones {
		if b := o.b[x.Name]; x.At == nil && !b.on {
			b.at = never
		}
	}
}

// settleAmended lets everything be looked at under the new text: a deadline
// that is not after the amendment, and was not so before it, refuses it.
func (n *naive) settleAmended(o *naive, was map[name]name) *naive {
	ran := func(t naiveTimer) agreement.Instant {
		for _, u := range n.timers() {
			if u.what == t.what && u.name == was[t.name] {
				return u.at
			}
		}
		return never
	}
	for {
		if o.round() {
			continue
		}
		var first *naiveTimer
		for _, t := range o.ticking() {
			if t.at > o.now || ran(t) == t.at {
				continue
			}
			if !n.harmless(t, was[t.name]) {
				return nil
			}
			if first == nil {
				first = &t
			}
		}
		if first == nil {
			break
		}
		o.expire(*first)
	}
	for _, t := range o.timers() {
		if before := ran(t); n.a.Amended.NeverShorten && before != never && t.at < before {
			return nil
		}
	}
	return o
}

// harmless: the old text gave no such deadline, and nothing ends by it.
func (n *naive) harmless(t naiveTimer, was name) bool {
	switch t.what {
	case "milestone":
		x := milestoneIn(n.a, was)
		return x == nil || x.At == nil
	case "from":
		x := commitmentIn(n.a, was)
		return x == nil || x.From == nil
	case "cure":
		x := commitmentIn(n.a, was)
		return x == nil || x.Cure == nil
	}
	return false
}

func mentions(e agreement.Expr, m name) bool {
	switch e := e.(type) {
	case *agreement.Ref:
		return e.Name == m && (e.Attr == "lifted" || e.Attr == "in_force")
	case *agreement.Not:
		return mentions(e.X, m)
	case *agreement.Binary:
		return mentions(e.X, m) || mentions(e.Y, m)
	case *agreement.If:
		return mentions(e.Cond, m) || mentions(e.Then, m) || mentions(e.Else, m)
	case *agreement.Count:
		return slices.ContainsFunc(e.Of, func(x agreement.Expr) bool { return mentions(x, m) })
	}
	return false
}
