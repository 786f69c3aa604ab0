package record

import (
	"slices"

	"fmt"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

// An Effect is what came of a statement when it took effect. It never changes.
type Effect struct {
	At      agreement.Instant
	Verdict machine.Verdict // of a kind that is no act of the machine: Effect says whether version 1 gives it any force
	Proof   int64           // index of the proof of time that brought it into effect
}

// actOf gives the act that a statement of statement.ForceMachine is to the machine.
func actOf(s *statement.Signed, entry int64, at agreement.Instant) machine.Act {
	a := machine.Act{At: at, Entry: entry, By: s.By}
	switch b := s.Body.(type) {
	case statement.SignBody:
		a.Verb = machine.Sign
	case statement.PerformBody:
		a.Verb, a.Subject = machine.Perform, agreement.Name(b.Commitment)
	case statement.LiftBody:
		a.Verb, a.Subject = machine.Lift, agreement.Name(b.Measure)
	case statement.ImposeBody:
		a.Verb, a.Subject = machine.Impose, agreement.Name(b.Measure)
	case statement.VerifyBody:
		a.Verb, a.Subject, a.Accept = machine.Verify, agreement.Name(b.Commitment), b.Finding == "accepts"
	case statement.ContestBody:
		a.Verb, a.Subject = machine.Contest, agreement.Name(b.Commitment)
	case statement.InvokeBody:
		a.Verb, a.Subject, a.States = machine.Invoke, agreement.Name(b.Act), b.States
	case statement.ReportBody:
		a.Verb, a.Subject, a.Unit = machine.Report, agreement.Name(b.Reading), b.Unit
		v, err := statement.ParseValue(b.Value)
		if err != nil {
			panic("record: a report with a value that package statement refuses: " + err.Error())
		}
		a.Value, a.True = v.Number, v.True
	}
	return a
}

// takeEffect is called by the clock rule: the statement at index i takes
// effect at at.
func (f *Fold) takeEffect(i int64, at agreement.Instant) {
	j := f.entries[i]
	e := &Effect{At: at, Proof: f.Size()}
	j.Effect = e
	s := j.Statement
	if b, ok := s.Body.(statement.AmendBody); ok {
		e.Verdict = f.consent(s, b, i, at)
		return
	}
	switch s.Body.Kind().Force() {
	case statement.ForceMachine:
		e.Verdict = f.act(s, i, at)
	case statement.ForceRecord:
		e.Verdict.Reason = f.ignored[i]
		e.Verdict.Effect = e.Verdict.Reason == ""
	case statement.ForceWords:
		e.Verdict.Reason = "words: they stand on the record and change nothing"
	case statement.ForceReserved:
		e.Verdict.Reason = "this version of the program gives the kind " + string(s.Body.Kind()) + " no effect"
	default:
		e.Verdict.Effect = true
	}
}

// act lets the machine judge a statement.
func (f *Fold) act(s *statement.Signed, i int64, at agreement.Instant) machine.Verdict {
	a := actOf(s, i, at)
	if reason := f.bringUpToDate(&a, s); reason != "" {
		return machine.Verdict{Reason: reason}
	}
	if a.Verb == machine.Verify {
		if reason := f.staleFinding(a.Subject, s.Answers); reason != "" {
			return machine.Verdict{Reason: reason}
		}
	}
	open := f.State().Claimed()
	v := f.machine.Apply(a)
	for _, name := range f.State().Claimed() {
		if !slices.Contains(open, name) {
			f.made[finding{name, s.ID}] = true
		}
	}
	switch {
	case v.Effect && a.Verb == machine.Perform:
		f.claims[a.Subject] = s.ID
	case v.Effect && a.Verb == machine.Verify:
		f.found[finding{a.Subject, s.Answers}] = true
	}
	return v
}

// finding is that somebody found on what a statement said of a commitment: one
// lifting can be the claim of several.
type finding struct {
	commitment agreement.Name
	claim      statement.ID
}

// staleFinding says why a finding does not count: it must answer a statement
// that made the claim it speaks of. Otherwise a finding on a claim that was
// refused would accept the next one, which its author never saw. A claim is
// made by `perform`, or by whatever let it come to be claimed.
func (f *Fold) staleFinding(commitment agreement.Name, answers statement.ID) string {
	i, ok := f.byID[answers]
	if !ok || f.entries[i].Effect == nil || !f.entries[i].Effect.Verdict.Effect {
		return "it answers a statement that is not on this record, or has no effect"
	}
	if claim, ok := f.claims[commitment]; ok && !f.found[finding{commitment, claim}] && claim != answers {
		return "it answers another statement than the claim that is open"
	}
	switch b := f.entries[i].Statement.Body.(type) {
	case statement.PerformBody:
		if f.renamed(f.entries[i].Statement.Bundle, agreement.Name(b.Commitment)) != commitment {
			return "it answers a claim of another commitment"
		}
	default:
		if !f.made[finding{commitment, answers}] {
			return "it answers a statement that made no claim of this commitment"
		}
	}
	if f.found[finding{commitment, answers}] {
		return "it answers a claim that has been found on already"
	}
	return ""
}

// bringUpToDate makes an act of a statement made under an earlier text one
// under the text in force, or says why that cannot be.
func (f *Fold) bringUpToDate(a *machine.Act, s *statement.Signed) (reason string) {
	if s.Bundle == f.InForce().ID {
		return ""
	}
	if a.Verb == machine.Sign {
		return fmt.Sprintf("consents to be bound by the text %s, in whose place another has come: sign that one", s.Bundle)
	}
	if a.By, reason = f.today(s.Bundle, subject{name: a.By}); reason != "" {
		return reason
	}
	a.Subject, reason = f.today(s.Bundle, subject{nounOf[a.Verb], a.Subject})
	return reason
}

// nounOf is what each verb is about.
var nounOf = map[machine.Verb]agreement.Noun{
	machine.Perform: "commitment", machine.Verify: "commitment", machine.Contest: "commitment",
	machine.Lift: "measure", machine.Impose: "measure", machine.Invoke: "act", machine.Report: "reading",
}
