package record

import (
	"fmt"
	"slices"
	"strings"

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
	case statement.VoteBody:
		a.Verb, a.Subject, a.Choice = machine.Vote, draft(b.Decision, b.Draft), b.Vote
	case statement.CountBody:
		a.Verb, a.Subject, a.Ballot = machine.Count, draft(b.Decision, b.Draft), ballot(b)
	case statement.OpenBody:
		a.Verb, a.Subject, a.States = machine.Opens, agreement.Name(b.What), b.States
		for _, n := range b.Against {
			a.Against = append(a.Against, agreement.Name(strings.Clone(n)))
		}
	case statement.AnswerBody:
		a.Verb, a.Subject, a.Choice = machine.Answer, agreement.Name(b.Question), b.Interpretation
	case statement.CloseBody:
		a.Verb, a.Subject = machine.Close, agreement.Name(b.Case)
	case statement.TableBody:
		a.Verb, a.Subject = machine.Table, agreement.Name(b.Decision)
	case statement.ExtendBody:
		a.Verb, a.Subject, a.Until = machine.Extend, agreement.Name(b.Of), agreement.Instant(b.Until)
		if b.Until == 0 {
			a.Until = machine.Withdrawn
		}
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

// draft is the name of a decision's draft.
func draft(decision, draft string) agreement.Name {
	if draft == "" {
		return agreement.Name(decision)
	}
	return agreement.Name(decision + "/" + draft)
}

func ballot(b statement.CountBody) (of []machine.Ballot) {
	add := func(names []string, choice string) {
		for _, n := range names {
			of = append(of, machine.Ballot{By: agreement.Name(strings.Clone(n)), Choice: choice})
		}
	}
	add(b.Yes, "yes")
	add(b.No, "no")
	add(b.Abstain, "abstain")
	return of
}

// held is what a fold keeps of a statement until it takes effect: no more than
// its effect asks for, so that the entry itself need not be kept.
type held struct {
	id, answers statement.ID
	bundle      agreement.Digest
	by          agreement.Name
	act         machine.Act      // of statement.ForceMachine
	to          agreement.Digest // of an `amend`: what it consents to
	seen        int64
}

// hold keeps what the effect of a statement will ask for.
func (f *Fold) hold(j *Judged) {
	s := j.Statement
	h := held{id: s.ID, answers: s.Answers, bundle: s.Bundle, by: f.column.name(s.By), seen: s.Seen.Size}
	b, amends := s.Body.(statement.AmendBody)
	switch {
	case amends:
		var err error
		if h.to, err = agreement.ParseDigest(b.Bundle); err != nil {
			panic("record: a consent that was judged valid: " + err.Error())
		}
	case s.Body.Kind().Force() == statement.ForceMachine:
		h.act = actOf(s, j.Index, 0)
		h.act.By = h.by
		h.act.Subject, h.act.Unit = agreement.Name(strings.Clone(string(h.act.Subject))), strings.Clone(h.act.Unit)
		h.act.Choice = strings.Clone(h.act.Choice)
		h.act.States = slices.Clone(h.act.States)
		for i, x := range h.act.States {
			h.act.States[i] = strings.Clone(x)
		}
	default:
		return
	}
	f.held[j.Index] = h
}

// takeEffect is called by the clock rule: the statement at index i takes
// effect at at.
func (f *Fold) takeEffect(i int64, at agreement.Instant) {
	kind := f.column.kind(i)
	h := f.held[i]
	delete(f.held, i)
	var v machine.Verdict
	switch force := kind.Force(); {
	case kind == statement.KindAmend:
		v = f.consent(h, i, at)
	case force == statement.ForceMachine:
		v = f.act(h, i, at)
	case force == statement.ForceRecord:
		v.Reason = f.ignored[i]
		v.Effect = v.Reason == ""
	case force == statement.ForceWords:
		v = wordsOnly
	case force == statement.ForceReserved:
		v = reserved(kind)
	default:
		v.Effect = true
	}
	f.column.effect(i, v)
}

// wordsOnly and reserved are the verdicts on what has no effect by its kind.
var wordsOnly = machine.Verdict{Reason: "words: they stand on the record and change nothing"}

func reserved(k statement.Kind) machine.Verdict {
	return machine.Verdict{Reason: "this version of the program gives the kind " + string(k) + " no effect"}
}

// act lets the machine judge a statement.
func (f *Fold) act(h held, i int64, at agreement.Instant) machine.Verdict {
	a, said := h.act, h.act
	a.At = at
	if reason := f.bringUpToDate(&a, h.bundle); reason != "" {
		return machine.Verdict{Reason: reason}
	}
	if a.Verb == machine.Verify {
		if reason := f.staleFinding(a.Subject, h.answers); reason != "" {
			return machine.Verdict{Reason: reason}
		}
	}
	open := f.State().Claimed()
	v := f.machine.Apply(a)
	for _, name := range f.State().Claimed() {
		if !slices.Contains(open, name) {
			f.claims.make(name, i, h)
		}
	}
	if !v.Effect {
		return v
	}
	f.claims.say(i, h)
	switch a.Verb {
	case machine.Perform:
		f.claims.open[a.Subject] = i
		f.claims.performed[i] = performed{h.bundle, said.Subject}
	case machine.Verify:
		f.claims.found[finding{a.Subject, int64(f.byID[h.answers])}] = true
	}
	return v
}

// staleFinding says why a finding does not count: it must answer a statement
// that made the claim it speaks of. Otherwise a finding on a claim that was
// refused would accept the next one, which its author never saw. A claim is
// made by `perform`, or by whatever let it come to be claimed.
func (f *Fold) staleFinding(commitment agreement.Name, answers statement.ID) string {
	n, ok := f.byID[answers]
	i := int64(n)
	if !ok || !f.column.hadEffect(i) {
		return "it answers a statement that is not on this record, or has no effect"
	}
	c := &f.claims
	if claim, ok := c.open[commitment]; ok && !c.found[finding{commitment, claim}] && claim != i {
		return "it answers another statement than the claim that is open"
	}
	if p, ok := c.performed[i]; ok {
		if f.renamed(p.bundle, p.commitment) != commitment {
			return "it answers a claim of another commitment"
		}
	} else if !c.made[finding{commitment, i}] {
		return "it answers a statement that made no claim of this commitment"
	}
	if c.found[finding{commitment, i}] {
		return "it answers a claim that has been found on already"
	}
	return ""
}

// bringUpToDate makes an act of a statement made under an earlier text one
// under the text in force, or says why that cannot be.
func (f *Fold) bringUpToDate(a *machine.Act, bundle agreement.Digest) (reason string) {
	if bundle == f.InForce().ID {
		return ""
	}
	if a.Verb == machine.Sign {
		return fmt.Sprintf("consents to be bound by the text %s, in whose place another has come: sign that one", bundle)
	}
	if a.By, reason = f.today(bundle, subject{name: a.By}); reason != "" {
		return reason
	}
	nouns := []agreement.Noun{nounOf[a.Verb]}
	if a.Verb == machine.Opens || a.Verb == machine.Extend {
		nouns = []agreement.Noun{"procedure", "stage", "decision"} // one of them
	}
	now := a.Subject
	for _, noun := range nouns {
		if now, reason = f.today(bundle, subject{noun, a.Subject}); reason != "" {
			return reason
		}
	}
	a.Subject = now
	a.Against = slices.Clone(a.Against)
	for i := range a.Against {
		if a.Against[i], reason = f.today(bundle, subject{name: a.Against[i]}); reason != "" {
			return reason
		}
	}
	a.Ballot = slices.Clone(a.Ballot)
	for i := range a.Ballot {
		if a.Ballot[i].By, reason = f.today(bundle, subject{name: a.Ballot[i].By}); reason != "" {
			return reason
		}
	}
	return ""
}

// nounOf is what each verb is about.
var nounOf = map[machine.Verb]agreement.Noun{
	machine.Perform: "commitment", machine.Verify: "commitment", machine.Contest: "commitment",
	machine.Lift: "measure", machine.Impose: "measure", machine.Invoke: "act", machine.Report: "reading",
	machine.Vote: "decision", machine.Count: "decision", machine.Table: "decision", machine.Close: "procedure", machine.Answer: "question",
}
