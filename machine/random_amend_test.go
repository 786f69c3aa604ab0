package machine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"detente/agreement"
)

// renamed writes an expression with other names.
func renamed(e agreement.Expr, as map[name]name) agreement.Expr {
	all := func(of []agreement.Expr) []agreement.Expr {
		out := make([]agreement.Expr, len(of))
		for i, x := range of {
			out[i] = renamed(x, as)
		}
		return out
	}
	switch e := e.(type) {
	case *agreement.Ref:
		r := *e
		r.Name = called(r.Name, as)
		return &r
	case *agreement.Not:
		return &agreement.Not{X: renamed(e.X, as)}
	case *agreement.Binary:
		b := *e
		b.X, b.Y = renamed(e.X, as), renamed(e.Y, as)
		return &b
	case *agreement.If:
		return &agreement.If{Cond: renamed(e.Cond, as), Then: renamed(e.Then, as), Else: renamed(e.Else, as)}
	case *agreement.Call:
		c := *e
		c.Args = all(e.Args)
		return &c
	case *agreement.Count:
		return &agreement.Count{Func: e.Func, Of: all(e.Of)}
	}
	return e
}

func called(n name, as map[name]name) name {
	if to, ok := as[n]; ok {
		return to
	}
	return n
}

// rewrite is a copy of a text in which blocks have other names and say what
// they were called.
func rewrite(a *agreement.Agreement, as map[name]name) *agreement.Agreement {
	o := *a
	block := func(b *agreement.Block) {
		b.Was = ""
		if to := called(b.Name, as); to != b.Name {
			b.Name, b.Was = to, b.Name
		}
	}
	o.Parties = copies(a.Parties, func(p *agreement.Party) { p.Was = "" })
	o.Measures = copies(a.Measures, func(x *agreement.Measure) { block(&x.Block) })
	o.Readings = copies(a.Readings, func(x *agreement.Reading) { block(&x.Block) })
	o.Acts = copies(a.Acts, func(x *agreement.Act) {
		block(&x.Block)
		x.When = renamed(x.When, as)
		if x.Effect != nil {
			e := *x.Effect
			e.Of = slices.Clone(e.Of)
			for i := range e.Of {
				e.Of[i] = called(e.Of[i], as)
			}
			x.Effect = &e
		}
	})
	o.Milestones = copies(a.Milestones, func(x *agreement.Milestone) {
		block(&x.Block)
		x.At, x.When = renamed(x.At, as), renamed(x.When, as)
	})
	o.Commitments = copies(a.Commitments, func(x *agreement.Commitment) {
		block(&x.Block)
		x.What, x.When, x.From, x.Until = renamed(x.What, as), renamed(x.When, as), renamed(x.From, as), renamed(x.Until, as)
		x.Due, x.Ends = renamed(x.Due, as), renamed(x.Ends, as)
	})
	o.Vaults = copies(a.Vaults, func(x *agreement.Vault) {
		block(&x.Block)
		x.OpensIf, x.Closes = renamed(x.OpensIf, as), renamed(x.Closes, as)
	})
	return &o
}

func copies[T any](of []*T, change func(*T)) []*T {
	out := make([]*T, len(of))
	for i, x := range of {
		y := *x
		change(&y)
		out[i] = &y
	}
	return out
}

// names that anything else in the text speaks of.
func mentioned(a *agreement.Agreement) map[name]bool {
	out := map[name]bool{}
	see := func(own name, of ...agreement.Expr) {
		for _, e := range of {
			agreementRefs(e, func(r *agreement.Ref) {
				if r.Name != own {
					out[r.Name] = true
				}
			})
		}
	}
	for _, x := range a.Acts {
		see(x.Name, x.When)
		if x.Effect != nil {
			for _, n := range x.Effect.Of {
				out[n] = true
			}
		}
	}
	for _, x := range a.Milestones {
		see(x.Name, x.At, x.When)
	}
	for _, x := range a.Commitments {
		see(x.Name, x.What, x.When, x.From, x.Until, x.Due, x.Ends)
	}
	for _, x := range a.Vaults {
		see(x.Name, x.OpensIf, x.Closes)
	}
	return out
}

func agreementRefs(e agreement.Expr, visit func(*agreement.Ref)) {
	switch e := e.(type) {
	case *agreement.Ref:
		visit(e)
	case *agreement.Not:
		agreementRefs(e.X, visit)
	case *agreement.Binary:
		agreementRefs(e.X, visit)
		agreementRefs(e.Y, visit)
	case *agreement.If:
		agreementRefs(e.Cond, visit)
		agreementRefs(e.Then, visit)
		agreementRefs(e.Else, visit)
	case *agreement.Call:
		for _, x := range e.Args {
			agreementRefs(x, visit)
		}
	case *agreement.Count:
		for _, x := range e.Of {
			agreementRefs(x, visit)
		}
	}
}

// amendment draws a text that takes the place of a: some names changed or
// swapped, some terms changed, some blocks gone, some new.
func (g *maker) amendment(a *agreement.Agreement) *agreement.Agreement {
	as := map[name]name{}
	if g.one(3) {
		for _, b := range blocksOf(a)[len(a.Parties):] {
			if g.one(3) {
				as[b.Name] = b.Name + "x"
			}
		}
	}
	if c := a.Commitments; len(c) > 1 && c[0].Form == c[1].Form && g.one(6) { // two swap their names
		as = map[name]name{c[0].Name: c[1].Name, c[1].Name: c[0].Name}
	}
	o := rewrite(a, as)
	g.a = o
	if g.one(2) {
		said := mentioned(o)
		gone := func(b agreement.Block) bool { return !said[b.Name] && g.one(4) }
		o.Commitments = slices.DeleteFunc(o.Commitments, func(x *agreement.Commitment) bool { return gone(x.Block) })
		o.Acts = slices.DeleteFunc(o.Acts, func(x *agreement.Act) bool { return gone(x.Block) })
		o.Readings = slices.DeleteFunc(o.Readings, func(x *agreement.Reading) bool { return gone(x.Block) })
		o.Milestones = slices.DeleteFunc(o.Milestones, func(x *agreement.Milestone) bool { return gone(x.Block) })
	}
	if g.one(8) {
		o.Amended.NeverShorten = !o.Amended.NeverShorten
	}
	g.terms(3 + g.r.Intn(10))
	if g.one(3) {
		next := 10 + g.r.Intn(30) // sometimes the name of one that is gone, or one that is there
		if !slices.ContainsFunc(blocksOf(o), func(b *agreement.Block) bool { return number1(b.Name) == next }) {
			switch g.r.Intn(4) {
			case 0:
				g.milestone(next)
			case 1:
				if len(o.Vaults) < 3 {
					g.vault(next)
				}
			default:
				g.commitment(next)
			}
		}
	}
	if len(o.Commitments) > 1 && g.one(8) {
		o.Commitments = append(slices.Clone(o.Commitments[1:]), o.Commitments[0])
	}
	return o
}

// number1 is the number in a drawn name: what is declared earlier has a smaller one.
func number1(n name) int {
	i, _ := strconv.Atoi(strings.Trim(string(n), "abcdefghijklmnopqrstuvwxyz"))
	return i
}

// terms changes one term in so many, each with what stands before it, so that
// nothing becomes circular.
func (g *maker) terms(in int) {
	g.cond, g.inst = nil, nil
	g.offers("agreement", "t", "in_force", "in_force_at", "ended")
	for _, x := range g.a.Measures {
		g.offers("measure", string(x.Name), "lifted", "in_force", "lifted_at", "imposed_at")
	}
	for _, x := range g.a.Readings {
		if g.one(in) {
			x.Every, x.Grace = agreement.Duration(g.r.Intn(3)*9), agreement.Duration(g.r.Intn(3))
		}
		g.offers("reading", string(x.Name), "reported", "reported_at", "late")
	}
	var late []any
	for _, x := range g.a.Milestones {
		late = append(late, x)
	}
	for _, x := range g.a.Commitments {
		late = append(late, x)
	}
	for _, x := range g.a.Vaults {
		late = append(late, x)
	}
	g.actTerms(in)
	slices.SortStableFunc(late, func(x, y any) int { return number1(nameOf(x)) - number1(nameOf(y)) })
	for _, x := range late {
		g.term(x, in)
	}
}

func nameOf(x any) name {
	switch x := x.(type) {
	case *agreement.Milestone:
		return x.Name
	case *agreement.Commitment:
		return x.Name
	case *agreement.Vault:
		return x.Name
	}
	panic(fmt.Sprintf("%T", x))
}

func (g *maker) actTerms(in int) {
	slices.SortStableFunc(g.a.Acts, func(x, y *agreement.Act) int { return number1(x.Name) - number1(y.Name) })
	for _, x := range g.a.Acts {
		if g.one(in) {
			x.Notice, x.Times = agreement.Duration(g.r.Intn(9)), g.r.Intn(3)
		}
		if g.one(in) {
			x.When = g.maybe(g.condition(1), 2)
		}
		g.offers("act", string(x.Name), "done", "done_at")
	}
}

func (g *maker) term(x any, in int) {
	switch x := x.(type) {
	case *agreement.Milestone:
		if g.one(in) {
			x.At, x.When = g.maybe(g.instant(2), 2), nil
			if x.At == nil {
				x.When = g.condition(2)
			}
		}
		g.offers("milestone", string(x.Name), "reached", "at")
	case *agreement.Commitment:
		g.promise(x, in)
		g.offers("commitment", string(x.Name), "dormant", "active", "claimed", "fulfilled", "breached", "cured", "suspended", "ended",
			"due", "claimed_at", "done_at", "breached_at")
	case *agreement.Vault:
		if g.one(in) {
			x.Closes = g.instant(1)
		}
		if g.one(in) {
			x.OpensIf = g.condition(2)
		}
		if g.one(in) {
			x.Else, x.HoldThen, x.Pending = pick(g, []string{"erase", "release", "hold"}), pick(g, []string{"erase", "release"}), pick(g, []string{"hold", "erase"})
		}
		if g.one(in) {
			x.HoldAtMost = agreement.Duration(1 + g.r.Intn(25))
		}
		g.offers("vault", string(x.Name), "open", "held", "released", "erased", "decided", "decided_at", "closes")
	}
}

func (g *maker) promise(x *agreement.Commitment, in int) {
	if g.one(in) {
		x.When, x.Ends = g.maybe(g.condition(1), 2), g.maybe(g.condition(1), 5)
	}
	if g.one(in) {
		x.Cure = nil
		if g.one(2) {
			x.Cure = &agreement.Cure{Within: agreement.Duration(1 + g.r.Intn(20)), Times: g.r.Intn(3)}
		}
	}
	if g.one(in) {
		x.Verify = g.verify()
	}
	if g.one(in) && x.Deed == "" {
		x.What = g.condition(1)
	}
	if g.one(in) && x.Form == agreement.Do {
		x.Due, x.Grace = g.instant(1), agreement.Duration(g.r.Intn(2)*3)
	}
	if g.one(in) && x.Form != agreement.Do {
		x.From, x.Until = g.maybe(g.instant(1), 3), g.maybe(g.instant(1), 2)
	}
}
