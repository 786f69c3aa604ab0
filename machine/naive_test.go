package machine

import (
	"fmt"
	"math/big"
	"slices"

	"detente/agreement"
)

// This file is a second evaluator, written from spec/machine.md to be read
// rather than to be fast: everything is looked at again in every round, timers
// are not armed but found from the state, and copies are made of everything.
// The tests hold the machine to it.

type name = agreement.Name

type naiveCommitment struct {
	status                              string
	due, claimed, done, breach, resting agreement.Instant
	stayed                              agreement.Instant
	cures                               int
	tried, passed, ending               bool
	cureOver, started, over             bool
	reported                            map[name]bool
}

type naiveBlock struct { // measure, act, reading, milestone
	on         bool // lifted, done, reported, reached
	at, at2    agreement.Instant
	times      int
	notice     agreement.Instant
	fact, late bool
	value, top *big.Rat
	late0      agreement.Instant
}

type naiveVault struct {
	outcome         string
	closes, decided agreement.Instant
	frozen          *naive
	called          map[name]name // what blocks now are called in frozen; nil: the same
}

func (v *naiveVault) then(x name) name {
	if v.called == nil {
		return x
	}
	return v.called[x]
}

type naive struct {
	a       *agreement.Agreement
	now     agreement.Instant
	signed  map[name]bool
	status  string
	inForce agreement.Instant
	c       map[name]*naiveCommitment
	b       map[name]*naiveBlock
	v       map[name]*naiveVault
	assume  map[name]bool
	still   bool // a state at a close
	gone    map[name]bool
}

type naiveTimer struct {
	at    agreement.Instant
	order int
	what  string
	name  name
}

func newNaive(a *agreement.Agreement) *naive {
	n := blankNaive(a)
	n.rest(nil)
	return n
}

func blankNaive(a *agreement.Agreement) *naive {
	n := &naive{a: a, now: -1 << 63, status: "unsigned", inForce: never, signed: map[name]bool{},
		c: map[name]*naiveCommitment{}, b: map[name]*naiveBlock{}, v: map[name]*naiveVault{}}
	block := func(x name, on bool) {
		n.b[x] = &naiveBlock{on: on, at: never, at2: never, notice: never, late0: never}
	}
	for _, x := range a.Measures {
		block(x.Name, !x.InForce)
	}
	for _, x := range a.Acts {
		block(x.Name, false)
	}
	for _, x := range a.Readings {
		block(x.Name, false)
	}
	for _, x := range a.Milestones {
		block(x.Name, false)
	}
	for _, x := range a.Commitments {
		n.c[x.Name] = &naiveCommitment{status: "dormant", due: never, claimed: never, done: never, breach: never, resting: never, reported: map[name]bool{}}
	}
	for _, x := range a.Vaults {
		n.v[x.Name] = &naiveVault{outcome: "open", closes: never, decided: never}
	}
	return n
}

func (n *naive) copy() *naive {
	o := *n
	o.signed, o.c, o.b, o.v = map[name]bool{}, map[name]*naiveCommitment{}, map[name]*naiveBlock{}, map[name]*naiveVault{}
	for k, x := range n.signed {
		o.signed[k] = x
	}
	for k, x := range n.c {
		y := *x
		y.reported = map[name]bool{}
		for r := range x.reported {
			y.reported[r] = true
		}
		o.c[k] = &y
	}
	for k, x := range n.b {
		y := *x
		o.b[k] = &y
	}
	for k, x := range n.v {
		y := *x
		if x.frozen != nil {
			y.frozen = x.frozen.copy()
		}
		o.v[k] = &y
	}
	return &o
}

// eval gives a bool, an Instant, a Duration or a *big.Rat; nil if not known.
func (n *naive) eval(e agreement.Expr) any {
	switch e := e.(type) {
	case *agreement.Literal:
		switch e.Kind {
		case agreement.TypeBool:
			return e.Bool
		case agreement.TypeInstant:
			return e.Instant
		case agreement.TypeDuration:
			return e.Duration
		}
		return e.Number
	case *agreement.Ref:
		return n.attr(e.Noun, e.Name, e.Attr, e.Kind)
	case *agreement.Not:
		if b, ok := n.eval(e.X).(bool); ok {
			return !b
		}
		return nil
	case *agreement.Binary:
		return n.binary(e)
	case *agreement.If:
		if b, ok := n.eval(e.Cond).(bool); ok && b {
			return n.eval(e.Then)
		} else if ok {
			return n.eval(e.Else)
		}
		return nil
	case *agreement.Call:
		var set []agreement.Instant
		for _, x := range e.Args {
			if t, ok := n.eval(x).(agreement.Instant); ok {
				set = append(set, t)
			}
		}
		if len(set) == 0 || e.Func == "latest" && len(set) < len(e.Args) {
			return nil
		}
		if e.Func == "latest" {
			return slices.Max(set)
		}
		return slices.Min(set)
	case *agreement.Count:
		yes, not := 0, 0
		for _, x := range e.Of {
			switch n.eval(x) {
			case true:
				yes++
			case false:
				not++
			}
		}
		switch {
		case e.Func == "count":
			return big.NewRat(int64(yes), 1)
		case e.Func == "all" && not > 0, e.Func == "any" && not == len(e.Of):
			return false
		case e.Func == "all" && yes == len(e.Of), e.Func == "any" && yes > 0:
			return true
		}
		return nil
	}
	panic("no such expression")
}

func (n *naive) binary(e *agreement.Binary) any {
	x, y := n.eval(e.X), n.eval(e.Y)
	if e.Op == "and" || e.Op == "or" {
		decides := e.Op == "or"
		switch {
		case x == decides || y == decides:
			return decides
		case x == nil || y == nil:
			return nil
		}
		return !decides
	}
	if x == nil || y == nil {
		return nil
	}
	if e.Op == "+" {
		return x.(agreement.Instant) + agreement.Instant(y.(agreement.Duration))
	}
	c := 0
	switch x := x.(type) {
	case agreement.Instant:
		c = big.NewInt(int64(x)).Cmp(big.NewInt(int64(y.(agreement.Instant))))
	case *big.Rat:
		c = x.Cmp(y.(*big.Rat))
	case bool:
		if x != y {
			c = 1
		}
	}
	return map[string]bool{"==": c == 0, "!=": c != 0, "<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0}[e.Op]
}

func known(t agreement.Instant) any {
	if t == never {
		return nil
	}
	return t
}

func (n *naive) attr(noun agreement.Noun, x name, attr string, kind agreement.ValueType) any {
	switch noun {
	case "agreement":
		switch attr {
		case "in_force":
			return n.status == "in-force"
		case "ended":
			return n.status == "ended"
		}
		return known(n.inForce)
	case "commitment":
		c := n.c[x]
		switch attr {
		case "due":
			return known(c.due)
		case "claimed_at":
			return known(c.claimed)
		case "done_at":
			return known(c.done)
		case "breached_at":
			return known(c.breach)
		}
		return c.status == attr
	case "vault":
		v := n.v[x]
		switch attr {
		case "closes":
			return known(v.closes)
		case "decided_at":
			return known(v.decided)
		case "decided":
			return v.decided != never
		}
		return v.outcome == map[string]string{"open": "open", "held": "held", "released": "release", "erased": "erase"}[attr]
	}
	b := n.b[x]
	switch attr {
	case "lifted":
		return b.on || n.assume[x]
	case "in_force":
		return !b.on && !n.assume[x]
	case "done", "reported", "reached":
		return b.on
	case "prevented":
		return false // the random texts have nothing that prevents
	case "lifted_at", "done_at", "reported_at", "at":
		return known(b.at)
	case "imposed_at":
		return known(b.at2)
	case "times":
		return big.NewRat(int64(b.times), 1)
	case "late":
		return b.late
	case "value":
		if kind == agreement.TypeBool {
			if !b.on {
				return nil
			}
			return b.fact
		}
		if b.value != nil {
			return b.value
		}
	case "maximum":
		if b.top != nil {
			return b.top
		}
	}
	return nil
}

func (n *naive) holds(e agreement.Expr) bool { return e != nil && n.eval(e) == true }

func (n *naive) date(e agreement.Expr) agreement.Instant {
	if e == nil {
		return never
	}
	if t, ok := n.eval(e).(agreement.Instant); ok {
		return t
	}
	return never
}

// timers are in the order in which they will go off.
func (n *naive) timers() []naiveTimer {
	out := n.ticking()
	slices.SortStableFunc(out, func(a, b naiveTimer) int {
		return big.NewInt(int64(a.at)).Cmp(big.NewInt(int64(b.at)))
	})
	return out
}

// ticking finds everything that will go off, in the order of an instant.
func (n *naive) ticking() []naiveTimer {
	var out []naiveTimer
	add := func(at agreement.Instant, order int, x name, what string) {
		if at != never {
			out = append(out, naiveTimer{at, order, what, x})
		}
	}
	for _, x := range n.a.Acts {
		if n.status != "ended" {
			add(n.b[x.Name].notice, 0, x.Name, "notice")
		}
	}
	for _, x := range n.a.Readings {
		if n.status != "ended" {
			add(n.b[x.Name].late0, 2, x.Name, "report")
		}
	}
	for _, x := range n.a.Milestones {
		if x.At != nil && !n.b[x.Name].on {
			add(n.b[x.Name].at, 3, x.Name, "milestone")
		}
	}
	for _, x := range n.a.Commitments {
		c := n.c[x.Name]
		open := c.status == "active" || c.status == "claimed"
		if c.status == "claimed" {
			add(later(c.claimed, x.Verify.Within), 1, x.Name, "silence")
		}
		if c.status == "dormant" && c.started {
			add(n.date(x.From), 4, x.Name, "from")
		}
		if x.Form != agreement.Do && (c.status == "active" || c.status == "cured" && !c.over) {
			add(n.date(x.Until), 5, x.Name, "until")
		}
		if x.Form == agreement.Do && open && c.resting == never && c.breach == never && !c.passed {
			add(later(c.due, x.Grace), 6, x.Name, "due")
		}
		if c.status == "breached" && x.Cure != nil && !c.cureOver {
			add(later(c.breach, x.Cure.Within), 7, x.Name, "cure")
		}
	}
	for _, x := range n.a.Vaults {
		v := n.v[x.Name]
		if v.outcome == "open" {
			add(v.closes, 8, x.Name, "closes")
		}
		if v.outcome == "held" {
			add(later(v.closes, x.HoldAtMost), 9, x.Name, "long-stop")
		}
	}
	slices.SortStableFunc(out, func(a, b naiveTimer) int { return a.order - b.order })
	return out
}

// rest runs rounds until nothing changes and fires what has been armed at or
// before now; armed is what was armed before the event, which is not fired.
func (n *naive) rest(armed []naiveTimer) {
	for {
		if n.round() {
			continue
		}
		var urgent []naiveTimer
		for _, t := range n.ticking() {
			if t.at <= n.now && !slices.Contains(armed, t) {
				urgent = append(urgent, t)
			}
		}
		if n.still || len(urgent) == 0 {
			return
		}
		n.expire(urgent[0])
	}
}

// round lets every milestone and commitment make one step, all from one copy;
// if none moves, every vault.
func (n *naive) round() bool {
	before, moved := n.copy(), false
	print := func() string { return fmt.Sprintln(n.project(), n.notes()) }
	was := print()
	for _, x := range n.a.Milestones {
		before.milestone(x, n)
	}
	for _, x := range n.a.Commitments {
		before.life(x, n)
	}
	if moved = print() != was; moved || n.still {
		return moved
	}
	for _, x := range n.a.Vaults {
		n.look(x)
	}
	return print() != was
}

// notes are what attributes do not show.
func (n *naive) notes() string {
	s := ""
	for _, x := range n.a.Commitments {
		c := n.c[x.Name]
		s += fmt.Sprint(c.resting, c.stayed, c.cures, c.tried, c.passed, c.ending, c.cureOver, c.started, c.over, len(c.reported), ";")
	}
	return s
}
