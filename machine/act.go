package machine

import (
	"fmt"
	"slices"
	"strings"

	"detente/agreement"
)

// Apply lets a statement take effect at a.At, which is not before Now (a fault
// of the caller, and a panic). It does not fire deadlines that were armed
// before: an act at a deadline's very instant is in time, and the caller
// applies it first.
func (s *State) Apply(a Act) Verdict {
	if a.At < s.now {
		panic("machine: act at " + a.At.String() + " is before the state's instant " + s.now.String())
	}
	if a.At > s.now {
		s.now, s.fired = a.At, false
	}
	s.entry = a.Entry
	v := s.act(&a)
	if v.Effect {
		s.commit()
		s.settle()
	} else {
		s.writes = s.writes[:0]
	}
	if len(s.worlds) > 0 {
		s.elsewhere(a, &v)
	}
	return v
}

func refuse(where agreement.Range, format string, args ...any) Verdict {
	return Verdict{Reason: fmt.Sprintf(format, args...), Rule: where}
}

var effective = Verdict{Effect: true}

// act writes what the statement itself does.
func (s *State) act(a *Act) Verdict {
	if a.Verb == Sign {
		return s.sign(a)
	}
	m := s.m
	b, known := m.byName[a.Subject]
	switch s.values[m.status] {
	case agreementUnsigned:
		return refuse(m.agreement.Range, "the agreement is not in force: %s", s.unsigned())
	case agreementEnded:
		if a.Verb != Verify && a.Verb != Contest {
			return refuse(m.agreement.Range, "the agreement ended on %s", s.since[m.status])
		}
	}
	var want agreement.Noun
	switch a.Verb {
	case Perform, Verify, Contest:
		want = "commitment"
	case Lift, Impose:
		want = "measure"
	case Invoke:
		want = "act"
	case Report:
		want = "reading"
	case Answer:
		want = "question"
	case Vote, Count, Table:
		want = "decision"
	case Extend:
		return s.extending(a)
	case Opens:
		return s.open(a)
	case Close:
		return s.closing(a)
	default:
		return refuse(m.agreement.Range, "%q is nothing that a statement can do", a.Verb)
	}
	if !known || b.noun != want {
		return refuse(m.agreement.Range, "%s is no %s of this agreement", a.Subject, want)
	}
	switch a.Verb {
	case Perform:
		return s.perform(a, &m.commitments[b.i])
	case Verify:
		return s.verify(a, b.i)
	case Contest:
		return s.contest(a, &m.commitments[b.i])
	case Lift:
		return s.lifting(a, b.i)
	case Impose:
		return s.impose(a, b.i)
	case Invoke:
		return s.invoke(a, &m.acts[b.i])
	case Vote:
		return s.vote(a, &m.decisions[b.i])
	case Count:
		return s.count(a, &m.decisions[b.i])
	case Answer:
		return s.answering(a, &m.questions[b.i])
	case Table:
		return s.table(a, &m.decisions[b.i])
	}
	return s.report(a, &m.readings[b.i])
}

// unsigned says who has yet to sign.
func (s *State) unsigned() string {
	var names []agreement.Name
	for _, i := range s.m.signers {
		if s.values[s.m.signed[i]] == 0 {
			names = append(names, s.m.agreement.Parties[i].Name)
		}
	}
	if len(names) == 1 {
		return string(names[0]) + " has yet to sign"
	}
	return list(names, "and") + " have yet to sign"
}

// list writes names as a sentence has them: "a, b or c".
func list(names []agreement.Name, word string) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = string(n)
	}
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " " + word + " " + parts[n-1]
	}
	return strings.Join(parts, "")
}

func (s *State) sign(a *Act) Verdict {
	m := s.m
	b, ok := m.byName[a.By]
	if !ok || b.noun != "party" {
		return refuse(m.agreement.Range, "%s is no party to the agreement", a.By)
	}
	p := m.agreement.Parties[b.i]
	switch {
	case !p.Signs:
		return refuse(p.Range, "%s does not sign this agreement, it only acts", a.By)
	case s.values[m.signed[b.i]] == 1:
		return refuse(p.Range, "%s has signed already", a.By)
	case s.values[m.status] == agreementEnded:
		return refuse(m.agreement.Range, "the agreement ended on %s", s.since[m.status])
	}
	s.write(m.signed[b.i], 1, ruleSign)
	for _, i := range m.signers {
		if i != b.i && s.values[m.signed[i]] == 0 {
			return effective
		}
	}
	s.enter()
	return effective
}

// speaksFor says whether by may say that c was done: its party, or, if that
// does not sign, one who may report it.
func speaksFor(c *commitment, by agreement.Name) bool {
	return by == c.By || !c.signs && slices.Contains(c.Report, by)
}

func (s *State) perform(a *Act, c *commitment) Verdict {
	if !speaksFor(c, a.By) {
		return s.notByThem(c)
	}
	if v := s.owed(c); !v.Effect {
		return v
	}
	if a.By == c.By {
		lifted := false
		for _, i := range c.lifts {
			if s.values[s.m.measures[i].status] != measureLifted {
				s.lift(&s.m.measures[i], ruleLift)
				lifted = true
			}
		}
		if lifted {
			return effective // what it owes may now be true: then it is claimed
		}
	} else if s.reportLifts(c, c.lifts) {
		return effective
	}
	if c.what != nil && !s.trueIfReported(c) {
		return refuse(c.What.Where(), "what %s owes is not so on the record yet", c.Name)
	}
	s.mark(c, markTried)
	s.claim(c)
	return effective
}

func (s *State) notByThem(c *commitment) Verdict {
	who := []agreement.Name{c.By}
	if !c.signs {
		who = append(who, c.Report...)
	}
	return refuse(c.Range, "only %s may say that %s is done", list(who, "or"), c.Name)
}

// owed says whether a claim can be made now.
func (s *State) owed(c *commitment) Verdict {
	if c.Form != agreement.Do {
		return refuse(c.Range, "%s is a promise to %s: it is not performed but observed", c.Name, c.Form)
	}
	switch status := s.values[c.status]; status {
	case active:
		return effective
	case breached:
		switch {
		case c.Cure == nil:
			return refuse(c.Range, "%s is in breach since %s and the text gives no time to make it good", c.Name, s.instant(c.breachedAt))
		case !s.curable(c):
			return refuse(c.Cure.Range, "%s is in breach since %s and the time to make it good is over", c.Name, s.instant(c.breachedAt))
		}
		return effective
	case dormant:
		if c.When != nil {
			return refuse(c.When.Where(), "%s is not owed yet: what it begins with has not happened", c.Name)
		}
		return refuse(c.Range, "%s is not owed yet", c.Name)
	case claimed:
		return refuse(c.Range, "%s is claimed already, on %s", c.Name, s.instant(c.claimedAt))
	default:
		return refuse(c.Range, "%s is %s since %s", c.Name, commitmentWords[status], s.since[c.status])
	}
}

// reportLifts notes what a party that does not sign is reported to have lifted.
func (s *State) reportLifts(c *commitment, which []int) bool {
	reported := s.values[c.reported]
	for k, i := range c.lifts {
		if slices.Contains(which, i) && s.values[s.m.measures[i].status] != measureLifted {
			reported |= 1 << k
		}
	}
	if reported == s.values[c.reported] {
		return false
	}
	s.write(c.reported, reported, c.rules+ruleReportLift)
	return true
}

func (s *State) lifting(a *Act, i int) Verdict {
	x := &s.m.measures[i]
	if s.values[x.status] == measureLifted {
		return refuse(x.Range, "%s is not in force", x.Name)
	}
	if a.By == x.By {
		s.lift(x, ruleLift)
		return effective
	}
	if x.signs {
		return refuse(x.Range, "only %s, who holds %s, may lift it", x.By, x.Name)
	}
	why := refuse(x.Range, "only %s, who holds %s, may lift it, or who may report a commitment to lift it", x.By, x.Name)
	done := false
	for k := range s.m.commitments {
		c := &s.m.commitments[k]
		if !slices.Contains(c.lifts, i) || !slices.Contains(c.Report, a.By) {
			continue
		}
		if v := s.owed(c); !v.Effect {
			why = v
		} else if s.reportLifts(c, []int{i}) {
			done = true
		} else {
			why = refuse(c.Range, "the lifting of %s is reported already", x.Name)
		}
	}
	if done {
		return effective
	}
	return why
}

// impose is by the holder; of a holder that does not sign also by who may
// report a promise of its to keep or never that speaks of the measure.
func (s *State) impose(a *Act, i int) Verdict {
	x := &s.m.measures[i]
	may := a.By == x.By
	for k := range s.m.commitments {
		c := &s.m.commitments[k]
		if !x.signs && c.By == x.By && c.Form != agreement.Do && slices.Contains(c.Report, a.By) &&
			slices.Contains(appendReads(nil, c.what), x.status) {
			may = true
		}
	}
	switch {
	case !may:
		return refuse(x.Range, "only %s, who holds %s, may impose it", x.By, x.Name)
	case s.values[x.status] == measureInForce:
		return refuse(x.Range, "%s is in force already", x.Name)
	}
	s.write(x.status, measureInForce, x.rules+ruleImpose)
	s.write(x.imposedAt, int64(s.now), x.rules+ruleImpose)
	return effective
}

func (s *State) verify(a *Act, i int) Verdict {
	c := &s.m.commitments[i]
	switch {
	case c.Verify == nil || c.Form != agreement.Do:
		return refuse(c.Range, "nobody verifies %s", c.Name)
	case !slices.Contains(c.Verify.By, a.By):
		return refuse(c.Verify.Range, "only %s may find whether %s is done", list(c.Verify.By, "or"), c.Name)
	case s.values[c.status] != claimed:
		return refuse(c.Verify.Range, "%s has no open claim: it is %s", c.Name, commitmentWords[s.values[c.status]])
	}
	rule := c.rules + ruleRefuse
	if a.Accept {
		rule = c.rules + ruleAccept
	}
	s.find(i, a.Accept, rule)
	return effective
}

func (s *State) contest(a *Act, c *commitment) Verdict {
	if b, ok := s.m.byName[a.By]; !ok || b.noun != "party" {
		return refuse(s.m.agreement.Range, "%s is no party to the agreement", a.By)
	}
	s.write(c.contested, 1, c.rules+ruleContest)
	return effective
}

func (s *State) invoke(a *Act, x *act) Verdict {
	switch {
	case !s.among(x.By, a.By):
		return refuse(x.Range, "only %s may invoke %s", list(s.people(x.By), "or"), x.Name)
	case !s.runs(x.Case):
		return refuse(x.Range, "%s has no case that is open", x.Name)
	case x.Times > 0 && s.values[x.times] >= int64(x.Times):
		return refuse(x.Range, "%s may be invoked %d times and was", x.Name, x.Times)
	case x.tNotice >= 0 && s.timers[x.tNotice] != never:
		return refuse(x.Range, "notice of %s is running until %s", x.Name, s.timers[x.tNotice])
	case x.when != nil && !s.true(x.when):
		return refuse(x.When.Where(), "the condition of %s is not true", x.Name)
	}
	for _, w := range x.States {
		if !slices.Contains(a.States, w) {
			return refuse(x.Range, "%s must state %q", x.Name, w)
		}
	}
	s.write(x.times, s.values[x.times]+1, x.rules+ruleInvoke)
	if x.Notice > 0 {
		s.arm(x.tNotice, later(s.now, x.Notice))
		return effective
	}
	s.effect(x)
	return effective
}

func (s *State) report(a *Act, r *reading) Verdict {
	switch {
	case !slices.Contains(r.Reporter, a.By):
		return refuse(r.Range, "only %s may report %s", list(r.Reporter, "or"), r.Name)
	case r.Unit == "" && (a.Value != nil || a.Unit != ""):
		return refuse(r.Range, "%s is a fact: true or false, without a number", r.Name)
	case r.Unit != "" && a.Value == nil:
		return refuse(r.Range, "%s is a number of %s", r.Name, r.Unit)
	case r.Unit != a.Unit:
		return refuse(r.Range, "%s is in %s, the report is in %q", r.Name, r.Unit, a.Unit)
	}
	rule := r.rules + ruleReport
	if r.Unit == "" {
		s.write(r.fact, truth(a.True).n, rule)
	} else {
		// The fluent counts the reports, so that each is a change.
		s.writes = append(s.writes, write{fluent: r.fact, rule: rule, value: s.values[r.fact] + 1, number: a.Value})
		s.numbers[r.value] = a.Value
		if top := s.numbers[r.maximum]; top == nil || top.Cmp(a.Value) < 0 {
			s.numbers[r.maximum] = a.Value
		}
	}
	s.write(r.reported, 1, rule)
	s.write(r.reportedAt, int64(s.now), rule)
	s.write(r.late, 0, rule)
	s.expect(r)
	return effective
}
