package machine

import (
	"math/bits"
	"slices"

	"detente/agreement"
)

// Next is the earliest armed deadline; of several at one instant the first as
// compiled.
func (s *State) Next() (Deadline, bool) {
	t := s.next()
	if t < 0 {
		return Deadline{}, false
	}
	return s.deadline(t), true
}

// Deadlines are all armed deadlines in the order in which they will fire.
func (s *State) Deadlines() []Deadline {
	var armed []int32
	for i, at := range s.timers {
		if at != never {
			armed = append(armed, int32(i))
		}
	}
	slices.SortStableFunc(armed, func(a, b int32) int {
		switch {
		case s.timers[a] < s.timers[b]:
			return -1
		case s.timers[a] > s.timers[b]:
			return 1
		}
		return 0
	})
	out := make([]Deadline, len(armed))
	for i, t := range armed {
		out[i] = s.deadline(t)
	}
	return out
}

// Fire fires the earliest armed deadline, dated its own instant (or Now if that
// is later), and with it everything armed at or before that date, to
// quiescence. It gives the first of them, and panics if none is armed.
func (s *State) Fire() Deadline {
	t := s.next()
	if t < 0 {
		panic("machine: Fire with no deadline armed")
	}
	d := s.deadline(t)
	if at := s.timers[t]; at > s.now {
		s.now = at
	}
	s.fired = true
	s.entry = -1
	for i, at := range s.timers {
		if at <= s.now {
			s.urgent = append(s.urgent, int32(i))
		}
	}
	s.settle()
	for _, w := range s.worlds {
		w.Drive(s.now)
	}
	s.answered()
	return d
}

// Drive fires every deadline at or before an instant.
func (s *State) Drive(until agreement.Instant) {
	for {
		t := s.next()
		if t < 0 || s.timers[t] > until {
			for _, w := range s.worlds {
				w.Drive(until)
			}
			return
		}
		s.Fire()
	}
}

// settle runs to quiescence: whatever read what changed is looked at again, all
// of one round against the same state, vaults last; then timers that are due go
// off, one at a time.
func (s *State) settle() {
	left := roundsPerUnit * (len(s.m.units) + len(s.m.timers) + 1)
	for ; left > 0; left-- {
		if s.round(0, s.m.vault0) || s.round(s.m.vault0, len(s.m.units)) {
			continue
		}
		if len(s.urgent) == 0 {
			return
		}
		t := slices.Min(s.urgent)
		s.urgent = slices.Delete(s.urgent, slices.Index(s.urgent, t), slices.Index(s.urgent, t)+1)
		s.timers[t], s.soonest = never, -2
		s.fired, s.entry = true, -1
		s.expire(s.m.timers[t])
		s.commit()
	}
	clear(s.dirty)
	s.urgent = s.urgent[:0]
}

// round looks at the units [from, to) that are to be looked at and says whether
// there were any.
func (s *State) round(from, to int) bool {
	any := false
	for u := from; u < to; u++ {
		w := s.dirty[u/64] >> (u % 64)
		if w == 0 {
			u |= 63
			continue
		}
		u += bits.TrailingZeros64(w)
		if u >= to {
			break
		}
		s.dirty[u/64] &^= 1 << (u % 64)
		any = true
		switch x := s.m.units[u]; x.noun {
		case "milestone":
			s.milestone(&s.m.milestones[x.i])
		case "commitment":
			s.life(&s.m.commitments[x.i])
		case "measure":
			s.measure(&s.m.measures[x.i])
		case "decision":
			s.decision(&s.m.decisions[x.i])
		case "question":
			s.question(&s.m.questions[x.i])
		case "procedure":
			s.procedure(&s.m.runs[x.i])
		case "stage":
			s.stage(&s.m.stages[x.i])
		case "vault":
			s.vault(&s.m.vaults[x.i])
		}
	}
	s.commit()
	return any
}

// expire is what a timer's going off does.
func (s *State) expire(t timer) {
	i := t.block.i
	switch t.kind {
	case timerNotice:
		s.effect(&s.m.acts[i])
	case timerSilence:
		c := &s.m.commitments[i]
		s.find(i, c.Verify.SilenceAccepts, c.rules+ruleSilence)
	case timerVotes:
		s.votesClose(&s.m.decisions[i])
	case timerStage:
		s.endStage(&s.m.stages[i], stageFailed, s.m.stages[i].rules+ruleStageFails)
	case timerReport:
		s.write(s.m.readings[i].late, 1, s.m.readings[i].rules+ruleLate)
	case timerMilestone:
		s.come(&s.m.milestones[i])
	case timerFrom:
		s.begin(&s.m.commitments[i], s.m.commitments[i].rules+ruleFrom)
	case timerUntil:
		s.intervalEnds(&s.m.commitments[i])
	case timerDue:
		s.dueEnds(&s.m.commitments[i])
	case timerCure:
		c := &s.m.commitments[i]
		s.mark(c, markCureOver)
	case timerCloses:
		s.closeVault(i)
	case timerLongStop:
		s.longStop(&s.m.vaults[i])
	}
}

// come is a milestone's instant: it is reached, unless something prevents it.
func (s *State) come(x *milestone) {
	switch {
	case x.unless == nil:
	case s.true(x.unless):
		s.write(x.prevented, 1, x.rules+rulePrevent)
		return
	case s.leftOpen(x.unless):
		return // whether it is prevented hangs on a question
	}
	s.write(x.reached, 1, x.rules+ruleReach)
}

// leftOpen says whether a condition is not known because a question is open.
func (s *State) leftOpen(e *expr) bool {
	if eval(s, e).set {
		return false
	}
	if e.op == opReading {
		return true
	}
	for _, a := range e.args {
		if a.kind == agreement.TypeBool && s.leftOpen(a) {
			return true
		}
	}
	return false
}

// milestone keeps the instant of a milestone until it is reached.
func (s *State) milestone(x *milestone) {
	if s.values[x.reached] == 1 || x.prevented >= 0 && s.values[x.prevented] == 1 {
		return
	}
	if x.atExpr != nil {
		at := s.date(x.atExpr)
		s.write(x.at, int64(at), x.rules+ruleAt)
		s.arm(x.tReach, at)
		return
	}
	if s.values[s.m.status] == agreementInForce && s.runs(x.Case) && s.true(x.when) {
		s.write(x.reached, 1, x.rules+ruleReach)
		s.write(x.at, int64(s.now), x.rules+ruleReach)
	}
}
