package agreement

// An index finds the blocks of a model by name.
type index struct {
	a           *Agreement
	parties     map[Name]*Party
	devices     map[Name]*Device
	custodians  map[Name]*Custodian
	measures    map[Name]*Measure
	commitments map[Name]*Commitment
	acts        map[Name]*Act
	milestones  map[Name]*Milestone
	vaults      map[Name]*Vault
	decisions   map[Name]*Decision
	cases       map[Name]*Case
	stages      map[Name]*Stage
	questions   map[Name]*Question
	roles       map[Name]*Role
	lifters     map[Name][]*Commitment // by measure of a party that does not sign: whose being found done lifts it

	// Crafted texts refer to one definition from everywhere; each is worked
	// out once.
	cones   map[Expr]*cone
	sways   map[Expr]*sway
	fixedAt map[Name]bound
	bounds  map[refKey]bound
}

type refKey struct {
	name Name
	attr string
}

// A bound is an instant, if there is one.
type bound struct {
	at Instant
	ok bool
}

func newIndex(a *Agreement) *index {
	x := &index{
		a, make(map[Name]*Party), make(map[Name]*Device), make(map[Name]*Custodian), make(map[Name]*Measure),
		make(map[Name]*Commitment), make(map[Name]*Act), make(map[Name]*Milestone), make(map[Name]*Vault), make(map[Name]*Decision), make(map[Name]*Case), make(map[Name]*Stage), make(map[Name]*Question), make(map[Name]*Role),
		make(map[Name][]*Commitment), make(map[Expr]*cone), make(map[Expr]*sway), make(map[Name]bound), make(map[refKey]bound),
	}
	for _, b := range a.Parties {
		x.parties[b.Name] = b
	}
	for _, b := range a.Devices {
		x.devices[b.Name] = b
	}
	for _, b := range a.Custodians {
		x.custodians[b.Name] = b
	}
	for _, b := range a.Measures {
		x.measures[b.Name] = b
	}
	for _, b := range a.Commitments {
		x.commitments[b.Name] = b
	}
	for _, m := range a.Commitments {
		if p := x.parties[m.By]; p == nil || p.Signs || m.Form != Do {
			continue
		}
		refs(m.What, false, func(r *Ref, _ bool) {
			if held := x.measures[r.Name]; r.Noun == nounMeasure && r.Attr == "lifted" && held.By == m.By {
				x.lifters[r.Name] = append(x.lifters[r.Name], m)
			}
		})
	}
	for _, b := range a.Acts {
		x.acts[b.Name] = b
	}
	for _, b := range a.Milestones {
		x.milestones[b.Name] = b
	}
	for _, b := range a.Vaults {
		x.vaults[b.Name] = b
	}
	for _, b := range a.Decisions {
		x.decisions[b.Name] = b
	}
	for _, b := range a.Cases {
		x.cases[b.Name] = b
		for _, r := range b.Roles {
			x.roles[r.Name] = r
		}
	}
	for _, b := range a.Questions {
		x.questions[b.Name] = b
	}
	for _, b := range a.Stages {
		x.stages[b.Name] = b
	}
	return x
}

func (x *index) speaks(n Name) bool {
	if r := x.roles[n]; r != nil {
		return anyName(r.Of, x.speaks)
	}
	p := x.parties[n]
	return p != nil && p.Speaks()
}

// refs visits every attribute that an expression reads. bent is true where
// the condition is not simply better off for the attribute being true: below
// `not`, in a comparison, and in the condition of an `if`.
func refs(e Expr, bent bool, visit func(r *Ref, bent bool)) {
	switch e := e.(type) {
	case *Ref:
		visit(e, bent)
	case *Not:
		refs(e.X, true, visit)
	case *Binary:
		logical := e.Op == "and" || e.Op == "or"
		refs(e.X, bent || !logical, visit)
		refs(e.Y, bent || !logical, visit)
	case *If:
		refs(e.Cond, true, visit)
		refs(e.Then, bent, visit)
		refs(e.Else, bent, visit)
	case *Call:
		for _, a := range e.Args {
			refs(a, bent, visit)
		}
	case *Count:
		for _, a := range e.Of {
			refs(a, bent || e.Func == "count", visit)
		}
	}
}

// A cone is what a condition depends on, through definitions, each once, in
// the order in which it is met.
type cone struct {
	commitments []*Commitment
	acts        []*Act
	measures    []*Measure
	readings    []Name
	questions   []Name
	has         map[Name]bool // commitments
}

func (x *index) coneOf(e Expr) *cone {
	if k := x.cones[e]; k != nil {
		return k
	}
	k := &cone{has: make(map[Name]bool)}
	x.follow(k, e, make(map[Name]bool))
	x.cones[e] = k
	return k
}

func (x *index) follow(k *cone, e Expr, seen map[Name]bool) {
	refs(e, false, func(r *Ref, _ bool) {
		if seen[r.Name] {
			return
		}
		seen[r.Name] = true
		switch r.Noun {
		case nounCommitment:
			m := x.commitments[r.Name]
			k.commitments = append(k.commitments, m)
			k.has[m.Name] = true
			x.follow(k, m.What, seen)
			x.follow(k, m.When, seen)
		case nounAct:
			k.acts = append(k.acts, x.acts[r.Name])
		case nounMeasure:
			k.measures = append(k.measures, x.measures[r.Name])
			x.follow(k, x.measures[r.Name].Lifted, seen)
			x.follow(k, x.measures[r.Name].Returns, seen)
			for _, m := range x.lifters[r.Name] {
				x.follow(k, &Ref{Noun: nounCommitment, Name: m.Name, Attr: "fulfilled", Kind: TypeBool}, seen)
			}
		case nounReading:
			k.readings = append(k.readings, r.Name)
		case nounMilestone:
			x.follow(k, x.milestones[r.Name].At, seen)
			x.follow(k, x.milestones[r.Name].When, seen)
			x.follow(k, x.milestones[r.Name].Unless, seen)
		case nounDecision:
			x.follow(k, x.decisions[r.Name].Opens, seen)
			x.follow(k, x.decisions[r.Name].Closes, seen)
		case nounQuestion:
			k.questions = append(k.questions, r.Name)
		case nounProcedure:
			x.follow(k, x.cases[r.Name].Settled, seen)
			x.follow(k, x.cases[r.Name].Exhausted, seen)
		case nounStage:
			x.follow(k, x.stages[r.Name].After, seen)
			x.follow(k, x.stages[r.Name].Settled, seen)
		case nounVault:
			x.follow(k, x.vaults[r.Name].OpensIf, seen)
		}
	})
}

// instant gives the value of an instant that the text alone fixes. It is
// called only on texts without circular definitions of times.
func (x *index) instant(e Expr) (Instant, bool) {
	switch e := e.(type) {
	case *Literal:
		return e.Instant, e.Kind == TypeInstant
	case *Ref:
		b, known := x.fixedAt[e.Name]
		if known {
			return b.at, b.ok
		}
		switch {
		case e.Noun == nounMilestone && e.Attr == "at":
			b.at, b.ok = x.instant(x.milestones[e.Name].At)
		case e.Noun == nounVault && e.Attr == "closes":
			b.at, b.ok = x.instant(x.vaults[e.Name].Closes)
		case e.Noun == nounCommitment && e.Attr == "due":
			b.at, b.ok = x.instant(x.commitments[e.Name].Due)
		default:
			return 0, false
		}
		x.fixedAt[e.Name] = b
		return b.at, b.ok
	case *Binary:
		at, ok := x.instant(e.X)
		if l, isLiteral := e.Y.(*Literal); isLiteral && l.Kind == TypeMonths && e.Kind == TypeInstant {
			n := l.Months
			if e.Op == "-" {
				n = -n
			}
			if !ok {
				return 0, false
			}
			return AddMonths(at, n, x.a.Zone, x.a.MonthEnd == "next-day"), true
		}
		d, isLength := length(e.Y)
		if !ok || !isLength || e.Kind != TypeInstant {
			return 0, false
		}
		if e.Op == "-" {
			d = -d
		}
		return at + Instant(d), true
	case *Call:
		if e.Func == "end_of_day" {
			at, ok := x.instant(e.Args[0])
			if !ok {
				return 0, false
			}
			return EndOfDay(at, e.Zone), true
		}
		return x.extreme(e)
	}
	return 0, false
}

func (x *index) extreme(e *Call) (Instant, bool) {
	var best Instant
	for i, a := range e.Args {
		at, ok := x.instant(a)
		if !ok {
			return 0, false
		}
		if i == 0 || e.Func == "earliest" && at < best || e.Func == "latest" && at > best {
			best = at
		}
	}
	return best, true
}

// length gives the value of a duration that is a literal or a sum of them.
func length(e Expr) (Duration, bool) {
	switch e := e.(type) {
	case *Literal:
		return e.Duration, e.Kind == TypeDuration
	case *Binary:
		a, ok1 := length(e.X)
		b, ok2 := length(e.Y)
		if e.Op == "-" {
			b = -b
		}
		return a + b, ok1 && ok2
	}
	return 0, false
}

// notBefore gives an instant before which a condition cannot be true, if the
// text alone fixes one.
func (x *index) notBefore(e Expr) (Instant, bool) {
	switch e := e.(type) {
	case *Ref:
		key := refKey{e.Name, e.Attr}
		b, known := x.bounds[key]
		if !known {
			x.bounds[key] = bound{} // met again on the way: nothing is known
			b.at, b.ok = x.refNotBefore(e)
			x.bounds[key] = b
		}
		return b.at, b.ok
	case *Binary:
		a, okA := x.notBefore(e.X)
		b, okB := x.notBefore(e.Y)
		switch {
		case e.Op == "and" && okA && okB:
			return max(a, b), true
		case e.Op == "and" && okA:
			return a, true
		case e.Op == "and" && okB:
			return b, true
		case e.Op == "or" && okA && okB:
			return min(a, b), true
		}
	}
	return 0, false
}

func (x *index) refNotBefore(r *Ref) (Instant, bool) {
	switch r.Noun {
	case nounMilestone:
		if m := x.milestones[r.Name]; r.Attr == "reached" && m.At != nil {
			return x.instant(m.At)
		} else if r.Attr == "reached" {
			return x.notBefore(m.When)
		}
	case nounVault:
		switch r.Attr {
		case "released", "erased", "held", "decided":
			return x.instant(x.vaults[r.Name].Closes)
		}
	case nounCommitment:
		m := x.commitments[r.Name]
		switch r.Attr {
		case "active", "claimed", "fulfilled", "breached", "cured":
			start, ok := x.notBefore(m.When)
			if end, fixed := x.instant(m.Until); fixed && r.Attr == "fulfilled" && m.Form != Do {
				return end, true
			}
			if due, fixed := x.instant(m.Due); fixed && (r.Attr == "breached" || r.Attr == "cured") {
				return max(start, due+Instant(m.Grace)), true
			}
			return start, ok
		}
	}
	return 0, false
}
