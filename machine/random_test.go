package machine

import (
	"fmt"
	"math/big"
	"math/rand"
	"slices"
	"time"

	"detente/agreement"
)

// maker draws small agreements and acts. Everything a block reads was declared
// before it, so no definition is circular; instants are small so that they
// coincide often.
type maker struct {
	r    *rand.Rand
	a    *agreement.Agreement
	cond []func() agreement.Expr
	inst []func() agreement.Expr
}

func (g *maker) one(in int) bool { return g.r.Intn(in) == 0 }

func pick[T any](g *maker, of []T) T { return of[g.r.Intn(len(of))] }

func (g *maker) offers(noun agreement.Noun, x string, attrs ...string) {
	for _, attr := range attrs {
		f := func() agreement.Expr { return ref(noun, x, attr) }
		if agreement.Attributes[noun][attr] == agreement.TypeBool {
			g.cond = append(g.cond, f)
		} else {
			g.inst = append(g.inst, f)
		}
	}
}

func (g *maker) condition(depth int) agreement.Expr {
	switch k := g.r.Intn(10); {
	case depth == 0 || k < 4:
		return pick(g, g.cond)()
	case k < 5:
		return not(g.condition(depth - 1))
	case k < 7:
		return op(g.condition(depth-1), "and", g.condition(depth-1))
	case k < 8:
		return op(g.condition(depth-1), "or", g.condition(depth-1))
	case g.one(3):
		return &agreement.If{Cond: g.condition(depth - 1), Then: g.condition(depth - 1), Else: g.condition(depth - 1)}
	case g.one(2):
		c := &agreement.Count{Func: pick(g, []string{"all", "any", "count"}), Of: []agreement.Expr{pick(g, g.cond)(), pick(g, g.cond)(), pick(g, g.cond)()}}
		if c.Func != "count" {
			return c
		}
		return op(c, pick(g, []string{">", ">=", "!=", "=="}), number("2", ""))
	}
	return op(g.instant(depth-1), pick(g, []string{"<", "<=", "==", ">"}), g.instant(depth-1))
}

func (g *maker) instant(depth int) agreement.Expr {
	switch k := g.r.Intn(10); {
	case depth == 0 || k < 4 || len(g.inst) == 0:
		return date(agreement.Instant(g.r.Intn(60)))
	case k < 6:
		return pick(g, g.inst)()
	case k < 8:
		return op(pick(g, g.inst)(), "+", span(agreement.Duration(g.r.Intn(12))))
	}
	return &agreement.Call{Func: pick(g, []string{"earliest", "latest"}), Kind: agreement.TypeInstant,
		Args: []agreement.Expr{g.instant(depth - 1), g.instant(depth - 1)}}
}

func (g *maker) maybe(e agreement.Expr, in int) agreement.Expr {
	if g.one(in) {
		return e
	}
	return nil
}

var drawnParties = []agreement.Name{"p", "q", "r"} // r does not sign

func (g *maker) verify() *agreement.Verify {
	if g.one(2) {
		return nil
	}
	return &agreement.Verify{By: []agreement.Name{pick(g, drawnParties[:2])}, Within: agreement.Duration(1 + g.r.Intn(10)), SilenceAccepts: g.one(2)}
}

func (g *maker) agreement() *agreement.Agreement {
	g.a = &agreement.Agreement{Name: "t", Zone: time.UTC}
	for _, p := range drawnParties {
		g.a.Parties = append(g.a.Parties, &agreement.Party{Block: named("party", string(p)), Signs: p != "r"})
	}
	g.offers("agreement", "t", "in_force", "in_force_at", "ended")
	for i := range 1 + g.r.Intn(3) {
		x := fmt.Sprint("m", i)
		g.a.Measures = append(g.a.Measures, &agreement.Measure{Block: named("measure", x), By: pick(g, drawnParties), InForce: !g.one(3)})
		g.offers("measure", x, "lifted", "in_force", "lifted_at", "imposed_at")
	}
	for i := range g.r.Intn(3) {
		x := fmt.Sprint("r", i)
		r := &agreement.Reading{Block: named("reading", x), Reporter: []agreement.Name{pick(g, drawnParties)}, Unit: pick(g, []string{"", "kg"}), Every: agreement.Duration(g.r.Intn(3) * 7), Grace: agreement.Duration(g.r.Intn(3))}
		g.a.Readings = append(g.a.Readings, r)
		g.offers("reading", x, "reported", "reported_at", "late")
		g.cond = append(g.cond, func() agreement.Expr {
			if r.Unit == "" {
				return &agreement.Ref{Noun: "reading", Name: r.Name, Attr: "value", Kind: agreement.TypeBool}
			}
			return op(ref("reading", x, pick(g, []string{"value", "maximum"})), pick(g, []string{"<=", ">"}), number("3/2", "kg"))
		})
	}
	var effects []*agreement.Act
	for i := range g.r.Intn(4) {
		x := fmt.Sprint("a", i)
		a := &agreement.Act{Block: named("act", x), By: []agreement.Name{pick(g, drawnParties)}, Times: g.r.Intn(3), When: g.maybe(g.condition(1), 2)}
		if g.one(3) {
			a.Notice = agreement.Duration(1 + g.r.Intn(8))
		}
		if g.one(4) {
			a.States = []string{"deems"}
		}
		g.a.Acts = append(g.a.Acts, a)
		effects = append(effects, a)
		g.offers("act", x, "done", "done_at")
		g.cond = append(g.cond, func() agreement.Expr { return op(ref("act", x, "times"), ">", number("1", "")) })
	}
	vaults := 0
	for i := range 3 + g.r.Intn(5) {
		switch k := g.r.Intn(8); {
		case k == 0:
			g.milestone(i)
		case k == 1 && vaults < 2:
			vaults++
			g.vault(i)
		default:
			g.commitment(i)
		}
	}
	if g.one(2) || vaults == 0 {
		g.vault(9)
	}
	for _, a := range effects {
		a.Effect = g.effect()
	}
	return g.a
}

func (g *maker) effect() *agreement.Effect {
	switch {
	case g.one(3):
		return nil
	case g.one(10):
		return &agreement.Effect{Verb: "ends", EndsAll: true}
	}
	e := &agreement.Effect{Verb: pick(g, []string{"suspends", "resumes", "suspends", "resumes", "ends"})}
	for _, c := range g.a.Commitments {
		if !g.one(3) {
			e.Of = append(e.Of, c.Name)
		}
	}
	return e
}

func (g *maker) milestone(i int) {
	x := fmt.Sprint("s", i)
	m := &agreement.Milestone{Block: named("milestone", x)}
	if g.one(2) {
		m.At = g.instant(2)
	} else {
		m.When = g.condition(2)
	}
	g.a.Milestones = append(g.a.Milestones, m)
	g.offers("milestone", x, "reached", "at")
}

func (g *maker) vault(i int) {
	x := fmt.Sprint("v", i)
	opens, closes := g.condition(2), g.instant(1)
	for _, c := range g.a.Commitments {
		if c.Verify != nil && c.Form == agreement.Do && !g.one(3) { // so that claims are open at closes
			opens, closes = ref("commitment", string(c.Name), "fulfilled"), date(agreement.Instant(4+g.r.Intn(20)))
			if g.one(2) {
				opens = op(opens, pick(g, []string{"and", "or"}), g.condition(1))
			}
		}
	}
	g.a.Vaults = append(g.a.Vaults, &agreement.Vault{Block: named("vault", x), OpensIf: opens, Closes: closes,
		Pending: pick(g, []string{"hold", "hold", "erase"}), Else: pick(g, []string{"erase", "release", "hold"}),
		HoldAtMost: agreement.Duration(1 + g.r.Intn(15)), HoldThen: pick(g, []string{"erase", "release"})})
	g.offers("vault", x, "open", "held", "released", "erased", "decided", "decided_at", "closes")
}

func (g *maker) commitment(i int) {
	x := fmt.Sprint("c", i)
	c := &agreement.Commitment{Block: named("commitment", x), By: pick(g, drawnParties), To: []agreement.Name{"p"},
		Form: agreement.Do, When: g.maybe(g.condition(1), 3), Ends: g.maybe(g.condition(1), 5)}
	if g.one(2) {
		c.Cure = &agreement.Cure{Within: agreement.Duration(1 + g.r.Intn(10)), Times: g.r.Intn(3)}
	}
	if c.By == "r" || g.one(3) {
		c.Report = []agreement.Name{pick(g, drawnParties[:2])}
	}
	c.Verify = g.verify()
	switch k := g.r.Intn(8); {
	case k < 3: // promises to lift, so that reports of it occur
		m := pick(g, g.a.Measures)
		c.By = m.By
		c.What = ref("measure", string(m.Name), "lifted")
		if g.one(3) {
			c.What = op(c.What, "and", ref("measure", string(pick(g, g.a.Measures).Name), "lifted"))
		}
	case k < 4:
		c.Deed = "a deed"
	case k < 5:
		c.What = g.condition(1)
	default:
		c.Form, c.What = pick(g, []agreement.CommitmentForm{agreement.Keep, agreement.Never}), g.condition(1)
		c.From, c.Until = g.maybe(g.instant(1), 3), g.maybe(g.instant(1), 2)
	}
	if c.Form == agreement.Do {
		c.Due, c.Grace = g.instant(1), agreement.Duration(g.r.Intn(2)*3)
	}
	g.a.Commitments = append(g.a.Commitments, c)
	g.offers("commitment", x, "dormant", "active", "claimed", "fulfilled", "breached", "cured", "suspended", "ended",
		"due", "claimed_at", "done_at", "breached_at")
}

// act draws an act, most often one that may have an effect.
func (g *maker) act(at agreement.Instant) Act {
	a := Act{At: at, Entry: -1, By: pick(g, drawnParties), Verb: pick(g, append(slices.Clone(verbs[:8]), Invoke, Invoke, Invoke, Perform, Verify))}
	var of []agreement.Name
	for {
		switch a.Verb {
		case Sign:
			a.By = pick(g, drawnParties)
			return a
		case Lift, Impose:
			for _, x := range g.a.Measures {
				of = append(of, x.Name)
			}
		case Invoke:
			for _, x := range g.a.Acts {
				of = append(of, x.Name)
				if g.one(2) && x == g.a.Acts[len(of)-1] {
					a.By = x.By[0]
				}
			}
			if !g.one(4) {
				a.States = []string{"deems"}
			}
		case Report:
			for _, x := range g.a.Readings {
				of = append(of, x.Name)
				a.By = pick(g, []agreement.Name{a.By, x.Reporter[0]})
				a.Value, a.Unit, a.True = nil, "", g.one(2)
				if x.Unit != "" {
					a.Value, a.Unit = big.NewRat(int64(g.r.Intn(4)), 1), pick(g, []string{"kg", "kg", "kg", "t"})
				}
			}
		default:
			for _, x := range g.a.Commitments {
				of = append(of, x.Name)
			}
			a.Accept = g.one(2)
			if len(of) == 0 {
				break
			}
			x := pick(g, g.a.Commitments)
			a.Subject = x.Name
			if !g.one(4) {
				a.By = x.By
				if len(x.Report) > 0 && g.one(2) {
					a.By = x.Report[0]
				}
				if a.Verb == Verify && x.Verify != nil {
					a.By = x.Verify.By[0]
				}
			}
			return a
		}
		if len(of) > 0 {
			a.Subject = pick(g, of)
			return a
		}
		a.Verb = Lift
	}
}
