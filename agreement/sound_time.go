package agreement

import "fmt"

// soundTimes compares the times of a commitment with what they wait for.
func (c *checker) soundTimes(x *index, d *decl, m *Commitment) {
	from, hasFrom := x.instant(m.From)
	until, hasUntil := x.instant(m.Until)
	if hasFrom && hasUntil && from >= until {
		c.errorAt(CodeEmptyInterval, m.Until.Where(), fmt.Sprintf("the interval ends at %s and begins at %s", until, from), "")
	}
	start, hasStart := x.notBefore(m.When)
	if hasStart && hasUntil && start >= until {
		c.errorAt(CodeEmptyInterval, m.Until.Where(), fmt.Sprintf("the interval ends at %s and cannot begin before %s", until, start), "")
	}
	due, hasDue := x.instant(m.Due)
	switch {
	case m.Form != Do || m.When == nil:
	case hasDue && hasStart && start > due:
		c.errorAt(CodeDueFirst, m.Due.Where(), fmt.Sprintf("due at %s, and it cannot start before %s", due, start), "count `due` from what it waits for")
		return
	case hasDue:
		c.dueAfterPreconditions(x, m, due)
	}
	if m.Form == Do && !hasDue {
		c.openDeadline(x, m)
	}
}

// dueAfterPreconditions compares a fixed due time with the last moment at
// which the commitments that it waits for may still be fulfilled in time.
func (c *checker) dueAfterPreconditions(x *index, m *Commitment, due Instant) {
	refs(m.When, false, func(r *Ref, bent bool) {
		if bent || r.Noun != nounCommitment || r.Attr != "fulfilled" {
			return
		}
		first := x.commitments[r.Name]
		last, fixed := x.instant(first.Due)
		if !fixed || first.Form != Do {
			return
		}
		last += Instant(first.Grace)
		switch {
		case last > due:
			c.errorAt(CodeDueFirst, m.Due.Where(), fmt.Sprintf("due at %s, before `%s`, which it waits for, is due (%s): it can be in breach the moment it starts", due, first.Name, last), fmt.Sprintf("count it from there: `due = %s.done_at + ...`", first.Name))
		case first.Verify != nil && last+Instant(first.Verify.Within) > due:
			c.warn(CodeWindowOutlasts, m.Due.Where(), fmt.Sprintf("the finding on `%s` may come as late as %s, after this is due: it can be in breach the moment it starts", first.Name, last+Instant(first.Verify.Within)), fmt.Sprintf("count it from there: `due = %s.done_at + ...`", first.Name))
		}
	})
}

// soundVault compares the rule of a vault's outcome with the times and the
// people that it depends on.
func (c *checker) soundVault(x *index, d *decl, v *Vault) {
	c.mustSpeak(x, d.values["opens_to"], "ask for what is released")
	closes, fixed := x.instant(v.Closes)
	if opens, ok := x.instant(v.Opens); ok && fixed && opens >= closes {
		c.errorAt(CodeEmptyInterval, v.Closes.Where(), fmt.Sprintf("the vault closes at %s and opens at %s", closes, opens), "")
	}
	c.soundBranches(x, d, v, closes, fixed)
	k := x.coneOf(v.OpensIf)
	for _, m := range k.commitments {
		if m.Form == Do {
			c.soundPending(x, d, v, m)
		}
	}
	for _, r := range x.swayOf(v.OpensIf).undecided {
		c.warn(CodeUndecided, r.Range, fmt.Sprintf("while a claim is undecided `%s.%s` is not true: the vault is then released at the close, although the claim may be true", r.Name, r.Attr), fmt.Sprintf("`%s.breached` waits for the finding", r.Name))
	}
	for _, a := range k.acts {
		if a.Notice > 0 {
			c.warn(CodeNoticeOutlasts, v.OpensIf.Where(), fmt.Sprintf("`%s` takes effect %s after it is performed: performed later than that before the close it does not count, and holds nothing", a.Name, a.Notice), "")
		}
	}
	c.soundRecorder(x, d, v)
	c.soundRoster(x, d, v)
}

func (c *checker) soundBranches(x *index, d *decl, v *Vault, closes Instant, fixed bool) {
	els := d.values.get("else").at
	start, hasStart := x.notBefore(v.OpensIf)
	switch {
	case isConstant(v.OpensIf):
		c.warn(CodeOneBranch, v.OpensIf.Where(), "the condition is the same whatever happens, so the vault has one outcome", "")
	case v.Else == "release":
		c.warn(CodeOneBranch, els, "the vault is released whether its condition is true or not", "")
	case fixed && hasStart && start > closes:
		c.errorAt(CodeOneBranch, v.OpensIf.Where(), fmt.Sprintf("the condition cannot be true before %s, and the vault closes at %s", start, closes), "")
	}
}

// soundPending asks what becomes of a claim made just before the close.
func (c *checker) soundPending(x *index, d *decl, v *Vault, m *Commitment) {
	if m.Verify == nil {
		return
	}
	closes, fixed1 := x.instant(v.Closes)
	due, fixed2 := x.instant(m.Due)
	// Nothing claimed by `due` and its grace is open after this.
	decided := due + Instant(m.Grace) + Instant(m.Verify.Within)
	window := m.Verify.Within
	if fixed1 && fixed2 {
		switch {
		case decided <= closes:
			return // decided in any case before the close
		case due+Instant(m.Grace) < closes:
			window = Duration(decided - closes)
		case due > closes:
			c.warn(CodeDueAfterClose, d.values.get("closes").at, fmt.Sprintf("`%s` is due at %s: done in time, it may still come too late for the vault", m.Name, due), "let the vault close when it is due, or later")
		}
	}
	if v.Pending == "erase" && v.Else != "hold" {
		silent := fmt.Sprintf("%s need only keep silent", list(m.Verify.By))
		if len(m.Verify.By) == 1 {
			silent = fmt.Sprintf("`%s` need only keep silent", m.Verify.By[0])
		}
		c.errorAt(CodeWindowOutlasts, d.values.get("pending").at, fmt.Sprintf("a claim of `%s` made within %s of the close is still undecided then, and is lost although true: %s", m.Name, window, silent), "write `pending = hold`, or let the claims end "+m.Verify.Within.String()+" before the close")
		return
	}
	if v.HoldAtMost < window && v.HoldThen != "release" {
		c.errorAt(CodeHoldTooShort, d.values.get("hold").fields.get("at_most").at, fmt.Sprintf("held for %s at most, but a claim of `%s` made at the close may stay undecided for %s", v.HoldAtMost, m.Name, window), fmt.Sprintf("hold for %s or more", window))
	}
}

func list(names []Name) string {
	s := ""
	for i, n := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			s += " and "
		default:
			s += ", "
		}
		s += "`" + string(n) + "`"
	}
	return s
}

// soundRecorder finds a recorder whose operators are all of one side.
func (c *checker) soundRecorder(x *index, d *decl, v *Vault) {
	ops := x.devices[v.Recorder].Operators
	switch {
	case len(ops) == 1:
		c.warn(CodeOneSided, d.values.get("recorder").at, fmt.Sprintf("`%s` is operated by `%s` alone, who can record what is not there and keep what is", v.Recorder, ops[0]), "operate it jointly")
	case everyName(ops, func(n Name) bool { return containsName(v.OpensTo, n) }):
		c.warn(CodeOneSided, d.values.get("recorder").at, fmt.Sprintf("everybody who operates `%s` is to receive what it records, and can keep a copy", v.Recorder), "let the host operate it too")
	case !anyName(ops, func(n Name) bool { return containsName(v.OpensTo, n) }):
		c.warn(CodeOneSided, d.values.get("recorder").at, fmt.Sprintf("nobody who operates `%s` is to receive what it records, so nobody checks that it records", v.Recorder), "let a beneficiary operate it too")
	}
}

// soundRoster finds a side that needs no neutral custodian to cheat.
func (c *checker) soundRoster(x *index, d *decl, v *Vault) {
	r := x.roster(v)
	at := d.values.get("custodians").fields.get("need").at
	if v.Need <= r.beneficiary {
		c.warn(CodeSideOpens, at, fmt.Sprintf("%d custodians open, and %d are named by those to whom the vault opens: they need nobody else to open it early", v.Need, r.beneficiary), "raise `need`, or let others name custodians")
	}
	if block := len(v.Seats) - v.Need + 1; block <= r.host {
		c.warn(CodeSideBlocks, at, fmt.Sprintf("%d custodians who refuse stop a release, and %d are named by the host: it needs nobody else to stop it", block, r.host), "lower `need`, or let others name custodians")
	}
}
