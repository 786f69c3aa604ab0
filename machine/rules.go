package machine

import (
	"sort"

	"detente/agreement"
)

// A rule is one way in which the text changes fluents. Causes name rules by
// index; the rules of a block follow one another.
type rule struct {
	block block
	kind  int32 // within its noun
	where agreement.Range
	words string
}

// Rules of an agreement.
const (
	ruleSign = iota
	ruleInForce
)

// Rules of a commitment.
const (
	ruleDue = iota
	ruleStart
	ruleFrom
	ruleClaim
	ruleDone
	ruleAccept
	ruleSilence
	ruleRefuse
	ruleBreach
	ruleBroken
	ruleCure
	ruleCureOver
	ruleUntil
	ruleEnds
	ruleSuspend
	ruleResume
	ruleEnd
	ruleContest
	ruleReportLift
	ruleNote
)

// Rules of a measure.
const (
	ruleLift = iota
	ruleImpose
	ruleLiftFound
	ruleLiftWhen
	ruleReturn
)

// Rules of an act.
const (
	ruleInvoke = iota
	ruleEffect
	ruleEndAll
)

// Rules of a reading.
const (
	ruleReport = iota
	ruleLate
)

// Rules of a milestone.
const (
	ruleAt = iota
	ruleReach
	rulePrevent
)

// Rules of a vault.
const (
	ruleCloses = iota
	ruleOpens
	rulePending
	ruleElse
	ruleAccepted
	ruleRefused
	ruleLongStop
)

// Rules of a decision.
const (
	ruleOpen = iota
	ruleVotesClose
	ruleVote
	ruleCarry
	ruleFails
	ruleStop
	ruleUnstopped
	ruleConsent
	ruleExtend
	ruleTable
	ruleCaseOver
)

// Rules of a case.
const (
	ruleCaseOpen = iota
	ruleCaseSettled
	ruleCaseExhausted
	ruleCaseClose
)

// Rules of a question.
const (
	ruleAsk = iota
	ruleAdopt
	ruleAnswer
)

// Rules of a stage.
const (
	ruleStageReady = iota
	ruleStageOpen
	ruleStageCloses
	ruleStageSettled
	ruleStageFails
	ruleStageClosed
	ruleStageConsent
	ruleStageExtend
)

var (
	agreementRules = []string{"a party signs", "all who sign have signed"}

	commitmentRules = []string{
		"when it is due", "it begins", "its interval begins", "it is claimed to be done", "it is done",
		"the claim is accepted", "silence decides the claim", "the claim is refused", "it is not done when due",
		"it does not hold", "it is made good in time", "the time to make it good ends", "its interval ends",
		"the condition that ends it is true", "it is suspended", "it is resumed", "it is ended", "it is contested",
		"the lifting is reported", "what it owes becomes true",
	}

	measureRules   = []string{"its holder lifts it", "its holder imposes it", "its lifting is found true", "what lifts it becomes true", "what returns it becomes true"}
	actRules       = []string{"it is invoked", "it takes effect", "it ends the agreement"}
	readingRules   = []string{"it is reported", "it is late"}
	milestoneRules = []string{"its instant", "it is reached", "it is prevented"}

	vaultRules = []string{
		"when it closes", "the condition is true at the close", "a claim is undecided at the close",
		"the condition is not true at the close", "the finding makes the condition true", "no finding can make the condition true",
		"the longest hold ends",
	}

	decisionRules = []string{
		"it is opened for votes", "when it closes", "a vote", "it is carried", "it is not carried by the close", "it is stopped",
		"nothing stopped it by the close", "consent to another close", "it is put off",
		"a draft is tabled", "its case is over",
	}

	procedureRules = []string{"the case is opened", "the case is settled", "the case is exhausted", "the case is withdrawn"}

	questionRules = []string{"it is open", "what answers it becomes true", "it is answered"}

	stageRules = []string{
		"the stage may be opened", "the stage begins", "when the stage ends", "the stage settles it", "the stage ends without settling it",
		"the case is over", "consent to another end", "the stage is put off",
	}
)

// rulesOf lays down the rules of a block and gives the index of the first.
func (m *Machine) rulesOf(b block, where agreement.Range, words []string) int32 {
	first := int32(len(m.rules))
	for k, w := range words {
		m.rules = append(m.rules, rule{b, int32(k), m.ruleRange(b, int32(k), where), w})
	}
	return first
}

// clause is that of the signed text which a block renders, if it says so.
func (m *Machine) clause(b block) string {
	switch a := m.agreement; b.noun {
	case "party":
		return a.Parties[b.i].Clause
	case "measure":
		return a.Measures[b.i].Clause
	case "commitment":
		return a.Commitments[b.i].Clause
	case "act":
		return a.Acts[b.i].Clause
	case "reading":
		return a.Readings[b.i].Clause
	case "milestone":
		return a.Milestones[b.i].Clause
	case "vault":
		return a.Vaults[b.i].Clause
	case "body":
		return a.Bodies[b.i].Clause
	case "decision":
		return a.Decisions[b.i].Clause
	case "question":
		return a.Questions[b.i].Clause
	case "procedure":
		return a.Cases[b.i].Clause
	case "stage":
		if c := a.Stages[b.i].Clause; c != "" {
			return c
		}
		return a.Cases[m.lookup(a.Stages[b.i].Case, "procedure")].Clause
	}
	return ""
}

// ruleRange is the narrowest text of the rule; the block's if it has no text of its own.
func (m *Machine) ruleRange(b block, kind int32, whole agreement.Range) agreement.Range {
	of := func(e agreement.Expr) agreement.Range {
		if e == nil {
			return whole
		}
		return e.Where()
	}
	a := m.agreement
	switch b.noun {
	case "commitment":
		c := a.Commitments[b.i]
		switch kind {
		case ruleDue, ruleBreach:
			return of(c.Due)
		case ruleStart:
			return of(c.When)
		case ruleFrom:
			return of(c.From)
		case ruleClaim, ruleDone, ruleBroken, ruleNote:
			return of(c.What)
		case ruleAccept, ruleRefuse, ruleSilence:
			if c.Verify != nil {
				return c.Verify.Range
			}
		case ruleCure, ruleCureOver:
			if c.Cure != nil {
				return c.Cure.Range
			}
		case ruleUntil:
			return of(c.Until)
		case ruleEnds:
			return of(c.Ends)
		}
	case "act":
		if x := a.Acts[b.i]; kind != ruleInvoke && x.Effect != nil {
			return x.Effect.Range
		}
	case "measure":
		switch x := a.Measures[b.i]; kind {
		case ruleLiftWhen:
			return of(x.Lifted)
		case ruleReturn:
			return of(x.Returns)
		}
	case "milestone":
		x := a.Milestones[b.i]
		if kind == rulePrevent {
			return of(x.Unless)
		}
		if x.At != nil {
			return of(x.At)
		}
		return of(x.When)
	case "procedure", "stage", "decision":
		if e := m.stepRange(b, kind); e != (agreement.Range{}) {
			return e
		}
	case "vault":
		v := a.Vaults[b.i]
		switch kind {
		case ruleCloses:
			return of(v.Closes)
		case ruleOpens, rulePending, ruleAccepted, ruleRefused:
			return of(v.OpensIf)
		}
	}
	return whole
}

// stepRange is the narrowest text of a rule of a case, stage or decision.
func (m *Machine) stepRange(b block, kind int32) agreement.Range {
	of := func(e agreement.Expr) agreement.Range {
		if e == nil {
			return agreement.Range{}
		}
		return e.Where()
	}
	a := m.agreement
	switch b.noun {
	case "procedure":
		switch x := a.Cases[b.i]; kind {
		case ruleCaseSettled:
			return of(x.Settled)
		case ruleCaseExhausted:
			return of(x.Exhausted)
		}
	case "stage":
		switch x := a.Stages[b.i]; kind {
		case ruleStageReady, ruleStageOpen:
			return of(x.After)
		case ruleStageSettled:
			return of(x.Settled)
		}
	case "decision":
		switch d := a.Decisions[b.i]; kind {
		case ruleOpen:
			return of(d.Opens)
		case ruleVotesClose:
			return of(d.Closes)
		case ruleCarry, ruleFails:
			return of(d.Rule)
		case ruleStop, ruleUnstopped:
			return of(d.Stops)
		case ruleConsent, ruleExtend:
			if d.Extends != nil {
				return d.Extends.Range
			}
		}
	}
	return agreement.Range{}
}

// The timers of an instant go off in this order: statements whose notice has
// run, silence, what is reported and reached, commitments, vaults.
const (
	timerNotice = iota
	timerSilence
	timerVotes
	timerReport
	timerMilestone
	timerFrom
	timerUntil
	timerDue
	timerCure
	timerStage
	timerCloses
	timerLongStop
)

var timerWords = []string{"notice", "silence", "votes", "report", "milestone", "from", "until", "due", "cure", "stage", "closes", "long-stop"}

type timer struct {
	kind  int
	block block
	name  agreement.Name
}

// layTimers lays down the timers by kind, then in source order.
func (m *Machine) layTimers() {
	type slot struct {
		timer
		at *int32
	}
	var slots []slot
	add := func(kind int, b block, name agreement.Name, at *int32, used bool) {
		*at = -1
		if used {
			slots = append(slots, slot{timer{kind, b, name}, at})
		}
	}
	for i := range m.acts {
		x := &m.acts[i]
		add(timerNotice, block{"act", i}, x.Name, &x.tNotice, x.Notice > 0)
	}
	for i := range m.readings {
		x := &m.readings[i]
		add(timerReport, block{"reading", i}, x.Name, &x.tReport, x.Every > 0)
	}
	for i := range m.milestones {
		x := &m.milestones[i]
		add(timerMilestone, block{"milestone", i}, x.Name, &x.tReach, x.At != nil)
	}
	for i := range m.commitments {
		c, b := &m.commitments[i], block{"commitment", i}
		add(timerSilence, b, c.Name, &c.tSilence, c.Form == agreement.Do && c.Verify != nil)
		add(timerFrom, b, c.Name, &c.tFrom, c.From != nil)
		add(timerUntil, b, c.Name, &c.tUntil, c.Form != agreement.Do && c.Until != nil)
		add(timerDue, b, c.Name, &c.tDue, c.Form == agreement.Do && c.Due != nil)
		add(timerCure, b, c.Name, &c.tCure, c.Cure != nil)
	}
	for i := range m.decisions {
		d := &m.decisions[i]
		add(timerVotes, block{"decision", i}, d.Name, &d.tCloses, d.Within > 0 || d.Closes != nil)
	}
	for i := range m.stages {
		x := &m.stages[i]
		add(timerStage, block{"stage", i}, x.Name, &x.tCloses, true)
	}
	for i := range m.vaults {
		v, b := &m.vaults[i], block{"vault", i}
		add(timerCloses, b, v.Name, &v.tCloses, true)
		add(timerLongStop, b, v.Name, &v.tLongStop, true)
	}
	sort.SliceStable(slots, func(i, j int) bool { return slots[i].kind < slots[j].kind })
	for i, s := range slots {
		*s.at = int32(i)
		m.timers = append(m.timers, s.timer)
	}
}
