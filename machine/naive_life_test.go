package machine

import (
	"fmt"
	"math/big"
	"slices"

	"detente/agreement"
)

func (n *naive) milestone(x *agreement.Milestone, to *naive) {
	b := to.b[x.Name]
	switch {
	case n.b[x.Name].on:
	case x.At != nil:
		b.at = n.date(x.At)
	case n.status == "in-force" && n.holds(x.When):
		b.on, b.at = true, n.now
	}
}

func (n *naive) mayCure(x *agreement.Commitment) bool {
	c := n.c[x.Name]
	return x.Cure != nil && !c.cureOver && !c.over && (x.Cure.Times == 0 || c.cures < x.Cure.Times)
}

// life reads n and writes to.
func (n *naive) life(x *agreement.Commitment, to *naive) {
	c, d := n.c[x.Name], to.c[x.Name]
	if c.status == "fulfilled" || c.status == "ended" {
		return
	}
	if x.Due != nil && c.status != "breached" && c.status != "cured" {
		if due := later(n.date(x.Due), agreement.Duration(c.stayed)); due != c.due {
			d.due = due
			if later(due, x.Grace) > n.now {
				d.passed = false
			}
		}
	}
	if n.status == "unsigned" {
		return
	}
	start := x.When == nil || n.holds(x.When)
	ends := n.holds(x.Ends)
	live := c.status == "dormant" || c.status == "active" || c.status == "suspended"
	if x.Form != agreement.Do {
		n.kept(x, to, start, ends)
		return
	}
	if c.status == "active" || c.status == "breached" && n.mayCure(x) {
		plain := n.holds(x.What)
		n.assume = c.reported
		reported := x.What != nil && len(c.reported) > 0 && n.holds(x.What)
		n.assume = nil
		switch {
		case plain && !c.tried:
			d.tried = true
			to.claim(x)
			return
		case !plain && x.What != nil:
			d.tried = false
			if reported {
				to.claim(x)
				return
			}
		}
	}
	switch {
	case ends && live:
		d.status = "ended"
	case ends && c.status == "claimed":
		d.ending = true
	case c.status == "dormant" && start:
		to.begin(x)
	}
}

func (n *naive) kept(x *agreement.Commitment, to *naive, start, ends bool) {
	c, d := n.c[x.Name], to.c[x.Name]
	v := n.eval(x.What)
	broken := x.Form == agreement.Keep && v == false || x.Form == agreement.Never && v == true
	switch {
	case ends && (c.status == "dormant" || c.status == "active" || c.status == "suspended"):
		d.status = "ended"
	case ends && c.status == "cured":
		d.over = true
	case c.status == "dormant" && start && x.From == nil:
		to.begin(x)
	case c.status == "dormant" && start:
		d.started = true
	case broken && (c.status == "active" || c.status == "cured" && !c.over):
		to.breach(x)
	case !broken && c.status == "breached" && n.mayCure(x):
		d.status, d.done = "cured", n.now
		d.cures++
	}
}

func (n *naive) begin(x *agreement.Commitment) {
	c := n.c[x.Name]
	c.status = "active"
	if c.resting != never {
		c.status, c.resting = "suspended", n.now
	}
}

func (n *naive) claim(x *agreement.Commitment) {
	c := n.c[x.Name]
	c.claimed = n.now
	if x.Verify == nil {
		n.found(x)
	} else {
		c.status = "claimed"
	}
}

func (n *naive) found(x *agreement.Commitment) {
	c := n.c[x.Name]
	c.done, c.status = n.now, "fulfilled"
	if c.breach != never {
		c.status = "cured"
		c.cures++
	}
	for m := range c.reported {
		n.lift(m)
	}
	c.reported = map[name]bool{}
}

func (n *naive) lift(m name) {
	if b := n.b[m]; !b.on {
		b.on, b.at = true, n.now
	}
}

func (n *naive) breach(x *agreement.Commitment) {
	c := n.c[x.Name]
	c.status, c.breach, c.cureOver = "breached", n.now, false
}

func (n *naive) find(x *agreement.Commitment, accept bool) {
	c := n.c[x.Name]
	for _, v := range n.v {
		f := v.frozen
		if f == nil {
			continue
		}
		then := v.then(x.Name)
		if o := f.c[then]; o != nil && o.status == "claimed" && o.claimed == c.claimed {
			f.now = n.now
			y, _ := f.commitment(then)
			f.find(y, accept)
			f.rest(nil)
		}
	}
	if accept {
		n.found(x)
		return
	}
	c.reported = map[name]bool{}
	switch {
	case c.ending:
		c.status = "ended"
	case c.breach != never:
		c.status = "breached"
	case c.resting != never:
		c.status = "suspended"
	case c.passed:
		n.breach(x)
	default:
		c.status = "active"
	}
}

// look is at a vault, after everything else has come to rest.
func (n *naive) look(x *agreement.Vault) {
	v := n.v[x.Name]
	if v.outcome == "open" {
		v.closes = n.date(x.Closes)
	}
	if v.frozen == nil {
		return
	}
	asked, _ := byName(v.frozen.a.Vaults, func(v *agreement.Vault) name { return v.Name }, v.then(x.Name))
	switch {
	case v.frozen.holds(asked.OpensIf):
		v.outcome, v.decided, v.frozen = "release", n.now, nil
	case !v.frozen.mayOpen(asked, v.closes):
		v.frozen = nil
		n.otherwise(x)
	}
}

func (n *naive) otherwise(x *agreement.Vault) {
	v := n.v[x.Name]
	v.outcome = x.Else
	if x.Else == "hold" {
		v.outcome = "held"
		return
	}
	v.decided = n.now
}

// mayOpen tries everything that may be found of the undecided claims, whatever they
// are about.
func (n *naive) mayOpen(x *agreement.Vault, closes agreement.Instant) bool {
	var open []*agreement.Commitment
	for _, c := range n.a.Commitments {
		if n.c[c.Name].status == "claimed" && n.c[c.Name].claimed <= closes {
			open = append(open, c)
		}
	}
	return n.mayFind(x, open)
}

func (n *naive) mayFind(x *agreement.Vault, open []*agreement.Commitment) bool {
	if len(open) == 0 {
		w := n.copy()
		w.rest(nil)
		return w.holds(x.OpensIf)
	}
	if n.mayFind(x, open[1:]) {
		return true
	}
	for _, accept := range []bool{true, false} {
		w := n.copy()
		w.find(open[0], accept)
		if w.mayFind(x, open[1:]) {
			return true
		}
	}
	return false
}

func byName[T any](of []T, n func(T) name, x name) (T, bool) {
	i := slices.IndexFunc(of, func(t T) bool { return n(t) == x })
	if i < 0 {
		var zero T
		return zero, false
	}
	return of[i], true
}

func (n *naive) commitment(x name) (*agreement.Commitment, bool) {
	return byName(n.a.Commitments, func(c *agreement.Commitment) name { return c.Name }, x)
}

func (n *naive) expire(t naiveTimer) {
	c, _ := n.commitment(t.name)
	switch t.what {
	case "notice":
		n.b[t.name].notice = never
		x, _ := byName(n.a.Acts, func(a *agreement.Act) name { return a.Name }, t.name)
		n.effect(x)
	case "silence":
		n.find(c, c.Verify.SilenceAccepts)
	case "report":
		n.b[t.name].late, n.b[t.name].late0 = true, never
	case "milestone":
		n.b[t.name].on = true
	case "from":
		n.begin(c)
	case "until":
		if d := n.c[t.name]; d.status == "active" {
			d.status, d.done = "fulfilled", n.now
		} else {
			d.over = true
		}
	case "due":
		if n.c[t.name].status == "claimed" {
			n.c[t.name].passed = true
		} else {
			n.breach(c)
		}
	case "cure":
		n.c[t.name].cureOver = true
	case "closes":
		n.close(t.name)
	case "long-stop":
		x, _ := byName(n.a.Vaults, func(v *agreement.Vault) name { return v.Name }, t.name)
		n.v[t.name].outcome, n.v[t.name].decided, n.v[t.name].frozen = x.HoldThen, n.now, nil
	}
}

func (n *naive) close(at name) {
	x, _ := byName(n.a.Vaults, func(v *agreement.Vault) name { return v.Name }, at)
	v := n.v[at]
	v.closes = n.now
	f := n.copy()
	f.still = true
	for _, o := range f.v {
		o.frozen = nil
	}
	switch {
	case n.status == "unsigned":
		n.otherwise(x)
	case n.holds(x.OpensIf):
		v.outcome, v.decided = "release", n.now
	case !f.mayOpen(x, n.now):
		n.otherwise(x)
	case x.Pending == "erase":
		v.outcome, v.decided = "erase", n.now
	default:
		v.outcome, v.frozen = "held", f
	}
}

func (n *naive) effect(x *agreement.Act) {
	n.b[x.Name].on, n.b[x.Name].at = true, n.now
	if x.Effect == nil {
		return
	}
	of := x.Effect.Of
	if x.Effect.EndsAll {
		n.status, of = "ended", nil
		for _, c := range n.a.Commitments {
			of = append(of, c.Name)
		}
	}
	for _, o := range of {
		c := n.c[o]
		x0, _ := n.commitment(o)
		watched := c.status == "cured" && x0.Form != agreement.Do
		switch {
		case x.Effect.Verb == "ends" || x.Effect.EndsAll:
			switch {
			case c.status == "dormant" || c.status == "active" || c.status == "suspended":
				c.status = "ended"
			case c.status == "claimed":
				c.ending = true
			case watched:
				c.over = true
			}
		case x.Effect.Verb == "suspends" && c.resting == never:
			switch {
			case c.status == "active", watched && !c.over:
				c.status, c.resting = "suspended", n.now
			case c.status == "dormant", c.status == "claimed" && c.breach == never:
				c.resting = n.now
			}
		case x.Effect.Verb == "resumes" && c.resting != never:
			if c.status == "suspended" || c.status == "claimed" {
				c.stayed += n.now - c.resting
			}
			if c.status == "suspended" {
				c.status = "active"
			}
			c.resting = never
		}
	}
}

// fire fires the earliest deadline and all of its instant.
func (n *naive) fire() {
	if t := n.timers()[0]; t.at > n.now {
		n.now = t.at
	}
	n.rest(nil)
}

// apply gives whether the act has an effect.
func (n *naive) apply(a Act) bool {
	n.now = a.At
	armed := n.timers()
	if !n.act(a) {
		return false
	}
	n.rest(armed)
	return true
}

func (n *naive) signs(p name) bool {
	x, _ := byName(n.a.Parties, func(p *agreement.Party) name { return p.Name }, p)
	return x.Signs
}

func (n *naive) act(a Act) bool {
	if a.Verb == Sign {
		if !n.signs(a.By) || n.signed[a.By] || n.status == "ended" {
			return false
		}
		n.signed[a.By] = true
		for _, p := range n.a.Parties {
			if p.Signs && !n.signed[p.Name] {
				return true
			}
		}
		n.status, n.inForce = "in-force", n.now
		for _, r := range n.a.Readings {
			n.expect(r)
		}
		return true
	}
	if n.status == "unsigned" || n.status == "ended" && a.Verb != Verify && a.Verb != Contest {
		return false
	}
	switch a.Verb {
	case Perform, Verify, Contest:
		x, ok := n.commitment(a.Subject)
		return ok && n.about(a, x)
	case Lift, Impose:
		x, ok := byName(n.a.Measures, func(m *agreement.Measure) name { return m.Name }, a.Subject)
		return ok && n.touch(a, x)
	case Invoke:
		x, ok := byName(n.a.Acts, func(m *agreement.Act) name { return m.Name }, a.Subject)
		return ok && n.invoke(a, x)
	}
	x, ok := byName(n.a.Readings, func(m *agreement.Reading) name { return m.Name }, a.Subject)
	return ok && n.report(a, x)
}

func (n *naive) owed(x *agreement.Commitment) bool {
	s := n.c[x.Name].status
	return x.Form == agreement.Do && (s == "active" || s == "breached" && n.mayCure(x))
}

// promised are the measures of its own party that x promises to lift.
func (n *naive) promised(x *agreement.Commitment, e agreement.Expr) []name {
	switch e := e.(type) {
	case *agreement.Binary:
		if e.Op == "and" {
			return append(n.promised(x, e.X), n.promised(x, e.Y)...)
		}
	case *agreement.Count:
		var out []name
		for _, y := range e.Of {
			if e.Func == "all" {
				out = append(out, n.promised(x, y)...)
			}
		}
		return out
	case *agreement.Ref:
		m, ok := byName(n.a.Measures, func(m *agreement.Measure) name { return m.Name }, e.Name)
		if ok && e.Attr == "lifted" && m.By == x.By && x.Form == agreement.Do {
			return []name{e.Name}
		}
	}
	return nil
}

func (n *naive) about(a Act, x *agreement.Commitment) bool {
	c := n.c[x.Name]
	switch a.Verb {
	case Contest:
		return slices.ContainsFunc(n.a.Parties, func(p *agreement.Party) bool { return p.Name == a.By })
	case Verify:
		if x.Form != agreement.Do || x.Verify == nil || !slices.Contains(x.Verify.By, a.By) || c.status != "claimed" {
			return false
		}
		n.find(x, a.Accept)
		return true
	}
	self := a.By == x.By
	if !self && (n.signs(x.By) || !slices.Contains(x.Report, a.By)) || !n.owed(x) {
		return false
	}
	did := false
	for _, m := range n.promised(x, x.What) {
		switch {
		case n.b[m].on:
		case self:
			n.lift(m)
			did = true
		case !c.reported[m]:
			c.reported[m] = true
			did = true
		}
	}
	if did {
		return true
	}
	n.assume = c.reported
	is := x.What == nil || n.holds(x.What)
	n.assume = nil
	if is {
		c.tried = true
		n.claim(x)
	}
	return is
}

func (n *naive) touch(a Act, m *agreement.Measure) bool {
	b := n.b[m.Name]
	if (a.Verb == Lift) == b.on {
		return false
	}
	if a.By == m.By && a.Verb == Lift {
		n.lift(m.Name)
		return true
	}
	may := a.By == m.By
	did := false
	for _, x := range n.a.Commitments {
		if n.signs(m.By) || x.By != m.By || !slices.Contains(x.Report, a.By) {
			continue
		}
		if a.Verb == Lift && slices.Contains(n.promised(x, x.What), m.Name) && n.owed(x) && !n.c[x.Name].reported[m.Name] {
			n.c[x.Name].reported[m.Name] = true
			did = true
		}
		may = may || x.Form != agreement.Do && mentions(x.What, m.Name)
	}
	if a.Verb == Impose && may {
		b.on, b.at2, did = false, n.now, true
	}
	return did
}

func (n *naive) invoke(a Act, x *agreement.Act) bool {
	b := n.b[x.Name]
	if !slices.Contains(x.By, a.By) || x.Times > 0 && b.times >= x.Times || b.notice != never || x.When != nil && !n.holds(x.When) {
		return false
	}
	for _, w := range x.States {
		if !slices.Contains(a.States, w) {
			return false
		}
	}
	b.times++
	if x.Notice > 0 {
		b.notice = later(n.now, x.Notice)
	} else {
		n.effect(x)
	}
	return true
}

func (n *naive) expect(r *agreement.Reading) {
	if r.Every > 0 {
		n.b[r.Name].late0 = later(n.now, r.Every+r.Grace)
	}
}

func (n *naive) report(a Act, r *agreement.Reading) bool {
	b := n.b[r.Name]
	if !slices.Contains(r.Reporter, a.By) || a.Unit != r.Unit || (r.Unit == "") != (a.Value == nil) {
		return false
	}
	b.on, b.at, b.late, b.fact, b.value = true, n.now, false, a.True && r.Unit == "", a.Value
	if b.top == nil || a.Value != nil && a.Value.Cmp(b.top) > 0 {
		b.top = a.Value
	}
	n.expect(r)
	return true
}

// project is everything that attributes show, and the next deadline.
func (n *naive) project() []string {
	var out []string
	each := func(noun agreement.Noun, x name, kind agreement.ValueType) {
		for _, attr := range attributesOf(noun) {
			v := n.attr(noun, x, attr, kind)
			if q, ok := v.(*big.Rat); ok {
				v = sayNumber(q)
			}
			if attr == "value" || attr == "maximum" {
				continue
			}
			out = append(out, fmt.Sprintf("%s.%s=%v", x, attr, v))
		}
	}
	each("agreement", n.a.Name, 0)
	for _, x := range n.a.Measures {
		each("measure", x.Name, 0)
	}
	for _, x := range n.a.Commitments {
		each("commitment", x.Name, 0)
	}
	for _, x := range n.a.Acts {
		each("act", x.Name, 0)
	}
	for _, x := range n.a.Readings {
		each("reading", x.Name, 0)
		out = append(out, fmt.Sprint(n.b[x.Name].value, n.b[x.Name].top, n.b[x.Name].fact))
	}
	for _, x := range n.a.Milestones {
		each("milestone", x.Name, 0)
	}
	for _, x := range n.a.Vaults {
		each("vault", x.Name, 0)
	}
	for _, t := range n.timers() {
		out = append(out, fmt.Sprint(t.at, t.name, t.what))
	}
	return out
}
