package machine

import (
	"detente/agreement"
)

// The life of a commitment.
const (
	dormant = iota
	active
	claimed
	fulfilled
	breached
	cured
	suspended
	ended
)

// The machine's notes on a commitment.
const (
	markTried    = 1 << iota // what is owed is true and was taken as a claim already
	markPassed               // due and grace passed while a claim was open
	markEnding               // ends once the open claim is refused
	markCureOver             // the time to make the breach good has passed
	markStarted              // its condition was true; it waits for `from`
	markOver                 // its interval has ended, or it was ended after a cure
)

func (s *State) marked(c *commitment, mark int64) bool { return s.values[c.marks]&mark != 0 }

func (s *State) mark(c *commitment, mark int64) {
	s.write(c.marks, s.values[c.marks]|mark, c.rules+ruleNote)
}

func (s *State) unmark(c *commitment, mark int64) {
	s.write(c.marks, s.values[c.marks]&^mark, c.rules+ruleNote)
}

func (s *State) become(c *commitment, status int64, rule int32) { s.write(c.status, status, rule) }

// life looks at a commitment after something it reads has changed. It makes at
// most one step; the change brings it here again.
func (s *State) life(c *commitment) {
	status := s.values[c.status]
	s.timersOf(c, status)
	switch status {
	case fulfilled, ended:
		return
	case dormant, active, claimed, suspended:
		if due := s.date(c.dueBy); c.dueBy != nil {
			s.due(c, later(due, agreement.Duration(s.values[c.stayed])))
		}
	}
	if s.values[s.m.status] == agreementUnsigned {
		return
	}
	if c.Form == agreement.Do {
		s.doing(c, status)
	} else {
		s.holding(c, status)
	}
}

// due follows the expression. If it moves into the future, what had passed
// while a claim was open has not passed.
func (s *State) due(c *commitment, at agreement.Instant) {
	if s.instant(c.due) == at {
		return
	}
	s.write(c.due, int64(at), c.rules+ruleDue)
	if s.marked(c, markPassed) && later(at, c.Grace) > s.now {
		s.unmark(c, markPassed)
	}
}

// timersOf arms what the commitment's present status calls for.
func (s *State) timersOf(c *commitment, status int64) {
	silence, from, until, due, cure := never, never, never, never, never
	running := s.instant(c.suspendedAt) == never
	switch status {
	case dormant:
		if s.marked(c, markStarted) {
			from = s.date(c.from)
		}
	case active, claimed:
		if running && s.instant(c.breachedAt) == never && !s.marked(c, markPassed) {
			due = later(s.instant(c.due), c.Grace)
		}
		if status == claimed && c.Verify != nil {
			silence = later(s.instant(c.claimedAt), c.Verify.Within)
		} else {
			until = s.date(c.until)
		}
	case cured:
		if !s.marked(c, markOver) {
			until = s.date(c.until)
		}
	case breached:
		if c.Cure != nil && !s.marked(c, markCureOver) {
			cure = later(s.instant(c.breachedAt), c.Cure.Within)
		}
	}
	s.arm(c.tSilence, silence)
	s.arm(c.tFrom, from)
	s.arm(c.tUntil, until)
	s.arm(c.tDue, due)
	s.arm(c.tCure, cure)
}

// doing is the life of `do`.
func (s *State) doing(c *commitment, status int64) {
	switch status {
	case dormant:
		switch {
		case s.true(c.ends):
			s.become(c, ended, c.rules+ruleEnds)
		case s.runs(c.Case) && (c.when == nil || s.true(c.when)):
			s.begin(c, c.rules+ruleStart)
		}
	case active, breached:
		if status == active || s.curable(c) {
			if s.takeAsClaim(c) {
				return
			}
		}
		if status == active && s.true(c.ends) {
			s.become(c, ended, c.rules+ruleEnds)
		}
	case claimed:
		if s.true(c.ends) {
			s.mark(c, markEnding)
		}
	case suspended:
		if s.true(c.ends) {
			s.become(c, ended, c.rules+ruleEnds)
		}
	}
}

// takeAsClaim makes the claim that lies in what is owed becoming true, on the
// record or by a report of what a party that does not sign has lifted.
func (s *State) takeAsClaim(c *commitment) bool {
	if c.what == nil {
		return false
	}
	if s.true(c.what) {
		if s.marked(c, markTried) {
			return false
		}
		s.mark(c, markTried)
		s.claim(c)
		return true
	}
	if s.marked(c, markTried) {
		s.unmark(c, markTried)
	}
	if s.values[c.reported] != 0 && s.trueIfReported(c) {
		s.claim(c)
		return true
	}
	return false
}

func (s *State) trueIfReported(c *commitment) bool {
	s.assume = c
	is := s.true(c.what)
	s.assume = nil
	return is
}

// claim opens a claim, or fulfils where nobody has to find it true.
func (s *State) claim(c *commitment) {
	s.write(c.claimedAt, int64(s.now), c.rules+ruleClaim)
	if c.Verify == nil {
		s.done(c, c.rules+ruleDone)
		return
	}
	s.become(c, claimed, c.rules+ruleClaim)
}

// done fulfils, or cures what was in breach; what was reported lifted is lifted.
func (s *State) done(c *commitment, rule int32) {
	s.write(c.doneAt, int64(s.now), rule)
	if s.instant(c.breachedAt) == never {
		s.become(c, fulfilled, rule)
	} else {
		s.become(c, cured, rule)
		s.write(c.cures, s.values[c.cures]+1, rule)
	}
	for k, i := range c.lifts {
		if s.values[c.reported]&(1<<k) != 0 {
			s.lift(&s.m.measures[i], ruleLiftFound)
		}
	}
	s.write(c.reported, 0, rule)
}

// find decides the open claim of commitment i, here and in the states kept of
// vaults that closed while it was open.
func (s *State) find(i int, accept bool, rule int32) {
	c := &s.m.commitments[i]
	for v := range s.closed {
		w := &s.closed[v]
		if w.State == nil {
			continue
		}
		j := w.commitment(i)
		if j < 0 {
			continue
		}
		if o := &w.m.commitments[j]; w.values[o.status] == claimed && w.values[o.claimedAt] == s.values[c.claimedAt] {
			w.now, w.entry = s.now, s.entry
			w.find(j, accept, rule)
			w.commit()
			w.settle()
			u := s.m.vaults[v].unit
			s.dirty[u/64] |= 1 << (u % 64)
		}
	}
	if accept {
		s.done(c, rule)
		return
	}
	s.write(c.reported, 0, rule)
	switch {
	case s.marked(c, markEnding):
		s.become(c, ended, rule)
	case s.instant(c.breachedAt) != never:
		s.become(c, breached, rule)
	case s.instant(c.suspendedAt) != never:
		s.become(c, suspended, rule)
	case s.marked(c, markPassed):
		s.breach(c, rule)
	default:
		s.become(c, active, rule)
	}
}

func (s *State) breach(c *commitment, rule int32) {
	s.become(c, breached, rule)
	s.write(c.breachedAt, int64(s.now), rule)
	s.unmark(c, markCureOver)
}

// curable says whether a breach can still be made good.
func (s *State) curable(c *commitment) bool {
	return c.Cure != nil && !s.marked(c, markCureOver) && !s.marked(c, markOver) &&
		(c.Cure.Times == 0 || s.values[c.cures] < int64(c.Cure.Times))
}

// begin makes a dormant commitment active, or suspended if it was suspended
// while dormant.
func (s *State) begin(c *commitment, rule int32) {
	if s.instant(c.suspendedAt) == never {
		s.become(c, active, rule)
		return
	}
	s.become(c, suspended, rule)
	s.write(c.suspendedAt, int64(s.now), rule)
}

// dueEnds is due, and grace after it, passing.
func (s *State) dueEnds(c *commitment) {
	if s.values[c.status] == claimed {
		s.mark(c, markPassed)
		return
	}
	s.breach(c, c.rules+ruleBreach)
}

// holding is the life of `keep` and `never`.
func (s *State) holding(c *commitment, status int64) {
	switch status {
	case dormant:
		switch {
		case s.true(c.ends):
			s.become(c, ended, c.rules+ruleEnds)
		case !s.marked(c, markStarted) && s.runs(c.Case) && (c.when == nil || s.true(c.when)):
			if c.from == nil {
				s.begin(c, c.rules+ruleStart)
			} else {
				s.mark(c, markStarted)
			}
		}
	case active, cured:
		switch {
		case s.marked(c, markOver):
		case s.true(c.ends) && status == active:
			s.become(c, ended, c.rules+ruleEnds)
		case s.true(c.ends):
			s.mark(c, markOver)
		case s.broken(c):
			s.breach(c, c.rules+ruleBroken)
		}
	case breached:
		if !s.broken(c) && s.curable(c) {
			s.become(c, cured, c.rules+ruleCure)
			s.write(c.doneAt, int64(s.now), c.rules+ruleCure)
			s.write(c.cures, s.values[c.cures]+1, c.rules+ruleCure)
		}
	case suspended:
		if s.true(c.ends) {
			s.become(c, ended, c.rules+ruleEnds)
		}
	}
}

// broken says whether what is to hold is known to be false, or what is never to
// be is known to be true.
func (s *State) broken(c *commitment) bool {
	v := eval(s, c.what)
	if c.Form == agreement.Keep {
		return v.isFalse()
	}
	return v.isTrue()
}

// intervalEnds is the end of the interval of keep and never.
func (s *State) intervalEnds(c *commitment) {
	if s.values[c.status] == active {
		s.become(c, fulfilled, c.rules+ruleUntil)
		s.write(c.doneAt, int64(s.now), c.rules+ruleUntil)
		return
	}
	s.mark(c, markOver)
}

// suspend, resume and end are the effects of acts on one commitment. Each
// gives whether it changed anything.
func (s *State) suspend(c *commitment) {
	if s.instant(c.suspendedAt) != never {
		return
	}
	switch status := s.values[c.status]; {
	case status == active, status == cured && c.Form != agreement.Do && !s.marked(c, markOver):
		s.become(c, suspended, c.rules+ruleSuspend)
	case status == dormant, status == claimed && s.instant(c.breachedAt) == never:
	default:
		return
	}
	s.write(c.suspendedAt, int64(s.now), c.rules+ruleSuspend)
}

// resume gives back the time that was spent suspended: due is that much later.
func (s *State) resume(c *commitment) {
	at := s.instant(c.suspendedAt)
	if at == never {
		return
	}
	s.write(c.suspendedAt, int64(never), c.rules+ruleResume)
	switch s.values[c.status] {
	case suspended:
		s.become(c, active, c.rules+ruleResume)
	case claimed:
	default:
		return
	}
	s.write(c.stayed, s.values[c.stayed]+int64(s.now-at), c.rules+ruleResume)
}

func (s *State) end(c *commitment) {
	switch status := s.values[c.status]; {
	case status == dormant, status == active, status == suspended:
		s.become(c, ended, c.rules+ruleEnd)
	case status == claimed:
		s.mark(c, markEnding)
	case status == cured && c.Form != agreement.Do:
		s.mark(c, markOver)
	}
}
