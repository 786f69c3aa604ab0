package agreement

// A sway says which way the outcomes of others move a condition, through
// definitions: +1 if being fulfilled (or done) makes it true or helps to, -1 if
// that keeps it from being true, 0 if it does both or neither can be said.
type sway struct {
	commitments map[Name]int
	acts        map[Name]int
	undecided   []*Ref // of claimable commitments that must not be fulfilled: true while a finding is awaited
}

type swayKey struct {
	name Name
	attr string
	sign int
}

type swayer struct {
	x    *index
	to   *sway
	seen map[swayKey]bool
	deep int // definitions entered
}

func (x *index) swayOf(e Expr) *sway {
	if k := x.sways[e]; k != nil {
		return k
	}
	w := swayer{x: x, to: &sway{commitments: make(map[Name]int), acts: make(map[Name]int)}, seen: make(map[swayKey]bool)}
	w.walk(e, 1)
	x.sways[e] = w.to
	return w.to
}

func note(to map[Name]int, n Name, sign int) {
	if old, known := to[n]; known && old != sign {
		sign = 0
	}
	to[n] = sign
}

// walk visits e, which is to be true (sign 1), not to be (-1), or either (0).
func (w *swayer) walk(e Expr, sign int) {
	switch e := e.(type) {
	case *Ref:
		w.ref(e, sign)
	case *Not:
		w.walk(e.X, -sign)
	case *Binary:
		x, y := 0, 0
		switch e.Op {
		case "and", "or":
			x, y = sign, sign
		case ">", ">=":
			x, y = sign, -sign
		case "<", "<=":
			x, y = -sign, sign
		}
		w.walk(e.X, x)
		w.walk(e.Y, y)
	case *If:
		w.walk(e.Cond, 0)
		w.walk(e.Then, sign)
		w.walk(e.Else, sign)
	case *Call:
		for _, a := range e.Args {
			w.walk(a, 0)
		}
	case *Count:
		for _, a := range e.Of {
			w.walk(a, sign)
		}
	}
}

func (w *swayer) ref(r *Ref, sign int) {
	if r.Type() != TypeBool {
		sign = 0 // a later instant, a larger number: better for whom is not known
	}
	key := swayKey{r.Name, r.Attr, sign}
	if w.seen[key] {
		return
	}
	w.seen[key] = true
	w.deep++
	switch r.Noun {
	case nounCommitment:
		w.commitment(w.x.commitments[r.Name], r, sign)
	case nounAct:
		note(w.to.acts, r.Name, sign)
	case nounMilestone:
		w.walk(w.x.milestones[r.Name].At, 0)
		w.walk(w.x.milestones[r.Name].When, sign)
	case nounVault:
		switch r.Attr {
		case "erased":
			sign = -sign
		case "released":
		default:
			sign = 0
		}
		w.walk(w.x.vaults[r.Name].OpensIf, sign)
	case nounMeasure:
		if r.Attr == "in_force" {
			sign = -sign
		}
		for _, m := range w.x.lifters[r.Name] {
			note(w.to.commitments, m.Name, sign)
		}
	}
	w.deep--
}

func (w *swayer) commitment(m *Commitment, r *Ref, sign int) {
	good := sign // which way its being fulfilled moves the condition
	switch r.Attr {
	case "fulfilled", "cured":
		if sign < 0 && w.deep == 1 && m.Verify != nil {
			w.to.undecided = append(w.to.undecided, r)
		}
	case "breached", "active":
		good = -sign
	case "dormant":
		w.walk(m.When, -sign)
		return
	default:
		good, sign = 0, 0
	}
	note(w.to.commitments, m.Name, good)
	w.walk(m.When, sign)
	if m.Form == Never {
		good = -good
	}
	w.walk(m.What, good)
}
