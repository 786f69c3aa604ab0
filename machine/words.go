package machine

import (
	"fmt"

	"detente/agreement"
)

func (s *State) deadline(t int32) Deadline {
	x := s.m.timers[t]
	return Deadline{At: s.timers[t], Subject: x.name, What: timerWords[x.kind], Then: s.then(x)}
}

// then says in words what the text does when the timer goes off.
func (s *State) then(t timer) string {
	m, i := s.m, t.block.i
	switch t.kind {
	case timerNotice:
		return string(t.name) + " takes effect" + effectWords(m.acts[i].Effect)
	case timerStage:
		return s.thenAtStage(&m.stages[i])
	case timerVotes:
		return s.thenAtVotesClose(&m.decisions[i])
	case timerReport:
		return "the report of " + string(t.name) + " is late"
	case timerMilestone:
		if s.true(m.milestones[i].unless) {
			return string(t.name) + " would be reached, and is prevented: " + say(m.milestones[i].Unless)
		}
		return string(t.name) + " is reached"
	case timerCloses:
		return s.thenAtClose(&m.vaults[i])
	case timerLongStop:
		return fmt.Sprintf("the hold ends: %s", outcomeDone(m.vaults[i].HoldThen))
	}
	c := &m.commitments[i]
	switch t.kind {
	case timerSilence:
		if c.Verify.SilenceAccepts {
			return "silence accepts the claim: " + s.name(c) + " is " + s.ifAccepted(c)
		}
		return "silence refuses the claim: " + s.name(c) + " is " + s.ifRefused(c)
	case timerFrom:
		return s.name(c) + " begins"
	case timerUntil:
		if s.values[c.status] == active {
			return s.name(c) + " is fulfilled: it was kept to the end"
		}
		return s.name(c) + " is over"
	case timerDue:
		if s.values[c.status] == claimed {
			return "nothing while the claim is open; if it is refused afterwards, " + s.name(c) + " is in breach"
		}
		return s.name(c) + " is in breach"
	}
	return "the breach of " + s.name(c) + " can no longer be made good"
}

func (s *State) name(c *commitment) string { return string(c.Name) }

func (s *State) ifAccepted(c *commitment) string {
	if s.instant(c.breachedAt) == never {
		return "fulfilled"
	}
	return "cured"
}

func (s *State) ifRefused(c *commitment) string {
	switch {
	case s.marked(c, markEnding):
		return "ended"
	case s.instant(c.breachedAt) != never, s.instant(c.suspendedAt) == never && s.marked(c, markPassed):
		return "in breach"
	case s.instant(c.suspendedAt) != never:
		return "suspended again"
	}
	return "owed again"
}

func (s *State) thenAtClose(v *vault) string {
	otherwise := outcomeDone(v.Else)
	if s.values[s.m.status] == agreementUnsigned {
		return "the agreement is not in force: " + otherwise
	}
	if s.true(v.opensIf) {
		return "its condition is true: released"
	}
	if s.standstill().mayOpen(v) {
		if v.Pending == string(Erased) {
			return "a claim is undecided: erased"
		}
		return "a claim is undecided: held, at most until " + later(s.instant(v.closes), v.HoldAtMost).String()
	}
	return "released if its condition is true then, otherwise " + otherwise
}

func outcomeDone(word string) string {
	switch Outcome(word) {
	case Released:
		return "released"
	case Held, "hold":
		return "held"
	}
	return "erased"
}

func effectWords(e *agreement.Effect) string {
	switch {
	case e == nil:
		return ""
	case e.EndsAll:
		return ": the agreement ends"
	}
	return ": it " + e.Verb + " " + list(e.Of, "and")
}
