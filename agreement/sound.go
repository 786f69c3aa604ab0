package agreement

import (
	"fmt"
	"math/big"
)

// sound reports what is well formed and yet cannot work, or works against
// somebody who keeps his word. The model is complete when it runs.
func (c *checker) sound() {
	x := newIndex(c.a)
	c.selfReference(x)
	if c.errors == 0 {
		c.circular(x)
	}
	if c.errors > 0 {
		return // what follows reads definitions through one another
	}
	for _, d := range c.decls {
		switch d.noun {
		case nounAgreement:
			c.soundWindow(d)
		case nounCommitment:
			c.soundCommitment(x, d, x.commitments[d.name])
		case nounAct:
			c.soundAct(x, d, x.acts[d.name])
		case nounReading:
			c.soundReading(x, d)
		case nounVault:
			c.soundVault(x, d, x.vaults[d.name])
		case nounQuestion:
			if v := d.values["answered"]; v != nil && len(x.questions[d.name].Answered) > 0 {
				c.mustSpeak(x, v, "answer")
			}
		case nounProcedure, nounStage:
			c.soundProcedure(x, d)
		case nounBody:
			c.mustSpeak(x, d.values.get("reported").fields["by"], "report votes")
		case nounDecision:
			c.soundDecision(x, d, x.decisions[d.name])
		}
	}
	c.soundMonths(x)
	c.soundQuestions(x)
	c.soundMeasures(x)
	c.soundCounts(x)
	c.unused(x)
}

func (c *checker) soundAct(x *index, d *decl, a *Act) {
	if !anyName(a.By, x.speaks) {
		c.errorAt(CodeNoKeys, d.values.get("by").at, fmt.Sprintf("nobody can perform `%s`: it is done by a statement, and %s has no keys", d.name, list(a.By)), "give the party keys, or name one that has them")
		return
	}
	warned := false
	alternatives(a.When, func(r *Ref) {
		m := x.commitments[r.Name]
		if warned || m == nil || r.Attr != "breached" || !containsName(a.By, m.By) {
			return
		}
		warned = true
		c.warn(CodeOwnBreach, r.Range, fmt.Sprintf("`%s` may perform it because of its own breach of `%s`", m.By, m.Name), "give each party an act of its own, that waits for the breaches of the others")
	})
}

// alternatives visits each attribute that alone makes a condition true.
func alternatives(e Expr, visit func(*Ref)) {
	switch e := e.(type) {
	case *Ref:
		visit(e)
	case *Binary:
		if e.Op == "or" {
			alternatives(e.X, visit)
			alternatives(e.Y, visit)
		}
	case *Count:
		if e.Func == "any" || len(e.Of) == 1 && e.Func == "all" {
			for _, r := range e.Of {
				alternatives(r, visit)
			}
		}
	}
}

func anyName(names []Name, ok func(Name) bool) bool {
	for _, n := range names {
		if ok(n) {
			return true
		}
	}
	return false
}

func everyName(names []Name, ok func(Name) bool) bool {
	return !anyName(names, func(n Name) bool { return !ok(n) })
}

// mustSpeak reports the parties of an attribute that can make no statement.
func (c *checker) mustSpeak(x *index, v *value, role string) {
	if v == nil {
		return
	}
	for i, n := range v.names {
		if !x.speaks(n) {
			c.errorAt(CodeNoKeys, v.places[i], fmt.Sprintf("`%s` has no keys, so it cannot %s", n, role), "give the party `keys`, or name another")
		}
	}
}

func (c *checker) soundWindow(d *decl) {
	if v := d.values["proof_window"]; v != nil && c.a.ProofWindow > day {
		c.warn(CodeProofWindow, v.at, fmt.Sprintf("nothing is decided until %s after its deadline", c.a.ProofWindow), "a proof window is counted in hours: long enough to reach another server")
	}
}

func (c *checker) soundReading(x *index, d *decl) {
	c.mustSpeak(x, d.values["reporter"], "report")
	due := d.values["due"]
	if due == nil {
		return
	}
	if every := due.fields.get("every"); Duration(every.number) <= c.a.ProofWindow {
		c.warn(CodeFasterThanWindow, every.at, fmt.Sprintf("due every %s, and a deadline is decided only after %s: every effect lags by that", Duration(every.number), c.a.ProofWindow), "shorten `proof_window`, or ask less often")
	}
}

func (c *checker) soundCommitment(x *index, d *decl, m *Commitment) {
	c.mustSpeak(x, d.values.get("reported").fields["by"], "report")
	c.mustSpeak(x, d.values.get("verified").fields["by"], "verify")
	if !x.speaks(m.By) && len(m.Report) == 0 && c.needsReport(x, m) {
		c.errorAt(CodeNobodyReports, d.values.get("by").at, fmt.Sprintf("`%s` has no keys, and nobody may report what it does", m.By), "add `reported = { by = [...] }`")
	}
	if m.Form == Do && m.Deed != "" && m.Verify == nil {
		c.warn(CodeUnverified, d.values.get("do").at, "the deed is given in words and nobody verifies it: a claim alone fulfils it", "add `verified = { by = ..., within = ..., silence = ... }`")
	}
	if measures := x.coneOf(m.What).measures; m.Form == Do && len(measures) > maxMeasures {
		c.errorAt(CodeListLength, d.values.get("do").at, fmt.Sprintf("a commitment speaks of at most %d measures", maxMeasures), "split it")
	}
	c.soundVerifier(x, d, m)
	c.soundTimes(x, d, m)
	if isConstant(m.What) {
		c.warn(CodeConstant, m.What.Where(), "the condition is the same whatever happens", "")
	}
	if m.Form != Do && m.Until == nil && m.Ends == nil && !endedByAct(c.a, m.Name) {
		c.warn(CodeEndless, m.Title, fmt.Sprintf("`%s` never ends", m.Name), "add `until = ...`, `ends = ...`, or an act that ends it")
	}
}

// needsReport says whether something in a commitment can become known only
// by a statement of the one who owes it.
func (c *checker) needsReport(x *index, m *Commitment) bool {
	if m.What == nil {
		return true
	}
	own := false
	others := false
	refs(m.What, false, func(r *Ref, _ bool) {
		if r.Noun == nounMeasure && x.measures[r.Name].By == m.By || r.Noun == nounAct && len(x.acts[r.Name].By) == 1 && x.acts[r.Name].By[0] == m.By {
			own = true
		} else {
			others = true
		}
	})
	return own || !others
}

func endedByAct(a *Agreement, n Name) bool {
	for _, act := range a.Acts {
		if act.Effect != nil && act.Effect.Verb == "ends" && (act.Effect.EndsAll || containsName(act.Effect.Of, n)) {
			return true
		}
	}
	return false
}

func isConstant(e Expr) bool {
	if e == nil {
		return false
	}
	constant := true
	refs(e, false, func(*Ref, bool) { constant = false })
	return constant
}

// soundVerifier finds verifiers that decide about themselves, or win by
// saying nothing.
func (c *checker) soundVerifier(x *index, d *decl, m *Commitment) {
	if m.Verify == nil {
		return
	}
	at := d.values.get("verified").fields.get("by").at
	claimants := m.Report
	if x.speaks(m.By) {
		claimants = append([]Name{m.By}, claimants...)
	}
	if len(m.Verify.By) == 1 && len(claimants) == 1 && claimants[0] == m.Verify.By[0] {
		c.warn(CodeSelfVerified, at, fmt.Sprintf("`%s` verifies what only it can claim", m.Verify.By[0]), "let somebody else verify")
		return
	}
	gain := ""
	if everyName(m.Verify.By, func(n Name) bool {
		g := x.gains(n, m, m.Verify.SilenceAccepts)
		if gain == "" {
			gain = g
		}
		return g != ""
	}) {
		c.warn(CodeVerifierProfits, d.values.get("verified").fields.get("silence").at, "whoever verifies wins by saying nothing: "+gain, "let silence mean the other thing, or add a verifier that has no interest")
	}
}

// gains says in words what a party gains if the commitment counts as
// fulfilled (or as not); empty for nothing that the text shows.
func (x *index) gains(n Name, m *Commitment, fulfilled bool) string {
	counts, toward := "counts", 1
	if !fulfilled {
		counts, toward = "does not count", -1
	}
	for _, v := range x.a.Vaults {
		switch sign := x.swayOf(v.OpensIf).commitments[m.Name]; {
		case sign == 0:
		case sign == toward && containsName(v.OpensTo, n):
			return fmt.Sprintf("`%s` receives the vault `%s` if `%s` %s as fulfilled", n, v.Name, m.Name, counts)
		case sign == -toward && v.Host == n && !containsName(v.OpensTo, n) && v.Else == "erase":
			return fmt.Sprintf("the vault `%s`, which `%s` hosts, is erased if `%s` %s as fulfilled", v.Name, n, m.Name, counts)
		}
	}
	for _, o := range x.a.Commitments {
		if o.By != n || o == m || o.When == nil {
			continue
		}
		switch sign := x.swayOf(o.When).commitments[m.Name]; {
		case sign > 0 && !fulfilled:
			return fmt.Sprintf("`%s` owes `%s` only once `%s` counts as fulfilled", n, o.Name, m.Name)
		case sign < 0 && fulfilled:
			return fmt.Sprintf("`%s` owes `%s` only if `%s` does not count as fulfilled", n, o.Name, m.Name)
		}
	}
	return ""
}

// soundMeasures finds measures of a party without keys whose lifting the text
// reads and nobody may report.
func (c *checker) soundMeasures(x *index) {
	reported := make(map[Name]bool)
	for _, m := range c.a.Commitments {
		if len(m.Report) > 0 {
			refs(m.What, false, func(r *Ref, _ bool) { reported[r.Name] = true })
		}
	}
	done := make(map[Name]bool)
	c.eachExpr(x, func(e Expr) {
		refs(e, false, func(r *Ref, _ bool) {
			if r.Noun != nounMeasure || reported[r.Name] || done[r.Name] || x.measures[r.Name].Lifted != nil || x.speaks(x.measures[r.Name].By) {
				return
			}
			done[r.Name] = true
			c.errorAt(CodeNobodyReports, r.Range, fmt.Sprintf("`%s` is held by `%s`, which has no keys, and nobody may report what becomes of it", r.Name, x.measures[r.Name].By), "add a commitment to lift it, with `reported = { by = [...] }`")
		})
	})
}

// eachExpr visits every expression of the model.
func (c *checker) eachExpr(x *index, visit func(Expr)) {
	all := func(es ...Expr) {
		for _, e := range es {
			if e != nil {
				visit(e)
			}
		}
	}
	for _, m := range x.a.Commitments {
		all(m.What, m.When, m.From, m.Until, m.Due, m.Ends)
	}
	for _, a := range x.a.Acts {
		all(a.When)
	}
	for _, m := range x.a.Milestones {
		all(m.At, m.When, m.Unless)
	}
	for _, m := range x.a.Measures {
		all(m.Lifted, m.Returns)
	}
	for _, d := range x.a.Decisions {
		all(d.Opens, d.Closes)
	}
	for _, u := range x.a.Questions {
		all(u.When)
		for _, i := range u.Interpretations {
			all(i.Adopted)
		}
	}
	for _, u := range x.a.Cases {
		all(u.When, u.Settled, u.Exhausted)
	}
	for _, u := range x.a.Stages {
		all(u.After, u.Settled)
	}
	for _, v := range x.a.Vaults {
		all(v.OpensIf, v.Opens, v.Closes)
	}
}

// soundCounts finds counts compared with more than can be counted.
func (c *checker) soundCounts(x *index) {
	c.eachExpr(x, func(e Expr) { c.countsIn(e) })
}

func (c *checker) countsIn(e Expr) {
	switch e := e.(type) {
	case *Not:
		c.countsIn(e.X)
	case *If:
		c.countsIn(e.Cond)
		c.countsIn(e.Then)
		c.countsIn(e.Else)
	case *Binary:
		c.countsIn(e.X)
		c.countsIn(e.Y)
		reach, ok1 := c.reach(e.X)
		limit, ok2 := e.Y.(*Literal)
		if !ok1 || !ok2 {
			reach, ok1 = c.reach(e.Y)
			limit, ok2 = e.X.(*Literal)
		}
		if ok1 && ok2 && limit.Number != nil && limit.Number.Cmp(big.NewRat(reach, 1)) > 0 {
			c.errorAt(CodeCountExceeds, limit.Range, fmt.Sprintf("the count reaches at most %d", reach), "")
		}
	}
}

// unused finds who was named for a task that nobody gave it.
func (c *checker) unused(x *index) {
	warn := func(at Range, what string) {
		c.warn(CodeUnused, at, what, "name it where it belongs, or leave the block out")
	}
	for _, w := range c.a.Witnesses {
		if !containsName(c.a.Quorum.Of, w.Name) {
			warn(w.Title, fmt.Sprintf("witness `%s` is not among the agreement's `witnesses`", w.Name))
		}
	}
	for _, u := range c.a.Custodians {
		used := false
		for _, v := range c.a.Vaults {
			used = used || containsName(v.Seats, u.Name)
		}
		if !used {
			warn(u.Title, fmt.Sprintf("custodian `%s` has no seat in any vault", u.Name))
		}
	}
	for _, u := range c.a.Devices {
		used := false
		for _, v := range c.a.Vaults {
			used = used || v.Recorder == u.Name
		}
		if !used {
			warn(u.Title, fmt.Sprintf("device `%s` records for no vault", u.Name))
		}
	}
}
