package agreement

import "fmt"

// openDeadline finds a due time that counts from an event the commitment does
// not wait for: until that event it can be put off for ever.
func (c *checker) openDeadline(x *index, m *Commitment) {
	d := deadline{x: x, begun: make(map[Name]bool), known: make(map[Name]*Ref)}
	d.begun[m.Case] = true // it begins with its case
	d.waits(m.When)
	if r := d.open(m.Due); r != nil {
		c.warn(CodeOpenDeadline, r.Range, fmt.Sprintf("`%s` has no deadline until `%s` comes about, and does not wait for it", m.Name, r.Name+"."+Name(r.Attr)), "add `when = ...` on the same event, or take the earliest of it and a date")
	}
}

// A deadline is looked at for what keeps it from being known once its
// commitment has begun.
type deadline struct {
	x     *index
	begun map[Name]bool // what has come about by then
	known map[Name]*Ref // of milestones and due times: what keeps them from being known, or nil
}

// waits notes all that a condition reads, and what that had to wait for.
func (d *deadline) waits(e Expr) {
	refs(e, false, func(r *Ref, _ bool) {
		if d.begun[r.Name] {
			return
		}
		d.begun[r.Name] = true
		switch r.Noun {
		case nounCommitment:
			d.waits(d.x.commitments[r.Name].When)
		case nounMilestone:
			d.waits(d.x.milestones[r.Name].When)
		}
	})
}

// open gives an event on which the instant hangs and which may never come; nil
// if the instant is known.
func (d *deadline) open(e Expr) *Ref {
	switch e := e.(type) {
	case *Ref:
		return d.openRef(e)
	case *Binary:
		if r := d.open(e.X); r != nil {
			return r
		}
		return d.open(e.Y)
	case *If:
		return d.openIf(e)
	case *Call:
		var first *Ref
		for _, a := range e.Args {
			r := d.open(a)
			if r == nil && e.Func == "earliest" {
				return nil
			}
			if first == nil {
				first = r
			}
		}
		return first
	}
	return nil
}

// openIf: in the first branch what its condition reads has come about.
func (d *deadline) openIf(e *If) *Ref {
	then := deadline{x: d.x, begun: make(map[Name]bool), known: make(map[Name]*Ref)}
	for n := range d.begun {
		then.begun[n] = true
	}
	then.waits(e.Cond)
	if r := then.open(e.Then); r != nil {
		return r
	}
	return d.open(e.Else)
}

func (d *deadline) openRef(r *Ref) *Ref {
	if r.Type() != TypeInstant || d.begun[r.Name] {
		return nil
	}
	var on Expr
	switch {
	case r.Noun == nounAgreement, r.Attr == "decided_at":
		return nil // in force when it begins; every vault is decided
	case r.Noun == nounMilestone && d.x.milestones[r.Name].At != nil:
		on = d.x.milestones[r.Name].At
	case r.Attr == "closes":
		on = d.x.vaults[r.Name].Closes
	case r.Attr == "due":
		on = d.x.commitments[r.Name].Due
	default:
		return r
	}
	why, done := d.known[r.Name]
	if !done {
		if d.open(on) != nil {
			why = r
		}
		d.known[r.Name] = why
	}
	return why
}
