package machine

// The outcomes as values of a vault's fluent, in the order of outcomeWords.
const (
	outcomeOpen = iota
	outcomeHeld
	outcomeReleased
	outcomeErased
)

// vault looks at a vault after its close moved, or after a finding on a claim
// that its hold waits for.
func (s *State) vault(v *vault) {
	if s.probe {
		return
	}
	switch s.values[v.outcome] {
	case outcomeOpen:
		at := s.date(v.closesAt)
		s.write(v.closes, int64(at), v.rules+ruleCloses)
		s.arm(v.tCloses, at)
	case outcomeHeld:
		s.arm(v.tLongStop, later(s.instant(v.closes), v.HoldAtMost))
		i := s.m.units[v.unit].i
		w := &s.closed[i]
		switch {
		case w.State == nil:
		case w.true(w.m.vaults[w.vault].opensIf):
			s.decide(v, outcomeReleased, v.rules+ruleAccepted)
			*w = kept{}
		case !w.mayOpen(&w.m.vaults[w.vault]):
			s.otherwise(v, v.rules+ruleRefused)
			*w = kept{}
		}
	}
}

// closeVault is the close. What the condition is worth from here on is asked of
// the state as it stands now, to which only findings on claims made by now are
// added.
func (s *State) closeVault(i int) {
	v := &s.m.vaults[i]
	s.write(v.closes, int64(s.now), v.rules+ruleCloses)
	switch {
	case s.values[s.m.status] == agreementUnsigned:
		s.otherwise(v, v.rules+ruleElse)
	case s.true(v.opensIf):
		s.decide(v, outcomeReleased, v.rules+ruleOpens)
	default:
		w := s.standstill()
		clear(w.dirty)
		w.values[v.closes] = int64(s.now)
		switch {
		case !w.mayOpen(v):
			s.otherwise(v, v.rules+ruleElse)
		case v.Pending == string(Erased):
			s.decide(v, outcomeErased, v.rules+rulePending)
		default:
			s.closed[i] = kept{State: w, vault: int32(i)}
			s.write(v.outcome, outcomeHeld, v.rules+rulePending)
		}
	}
}

// standstill is a copy in which deadlines and vaults stand still: to add
// findings to.
func (s *State) standstill() *State {
	bare := *s
	bare.keep, bare.causes, bare.era, bare.closed, bare.gone = false, nil, nil, make([]kept, len(s.closed)), nil
	bare.worlds = nil
	w := bare.Clone()
	w.probe = true
	return w
}

// mayOpen says whether findings on claims that were undecided at the close and
// still are could make the condition true: of up to maxClaims of them every way
// to leave, accept or refuse each; of more, each alone and all together.
func (s *State) mayOpen(v *vault) bool {
	var open []int
	closes := s.instant(v.closes)
	for _, i := range v.cone {
		c := &s.m.commitments[i]
		if s.values[c.status] == claimed && s.instant(c.claimedAt) <= closes {
			open = append(open, i)
		}
	}
	n := len(open)
	if n > maxClaims {
		for one := range open {
			for _, f := range []finding{accepted, refused} {
				if s.opensWith(v, open, func(k int) finding {
					if k == one {
						return f
					}
					return unfound
				}) {
					return true
				}
			}
		}
		return s.opensWith(v, open, func(int) finding { return accepted }) ||
			s.opensWith(v, open, func(int) finding { return refused })
	}
	ways, power := 1, make([]int, n)
	for k := range power {
		power[k] = ways
		ways *= 3
	}
	for way := 1; way < ways; way++ {
		if s.opensWith(v, open, func(k int) finding { return finding(way / power[k] % 3) }) {
			return true
		}
	}
	return false
}

// A finding is what may be found of an open claim.
type finding int

const (
	unfound finding = iota
	accepted
	refused
)

func (s *State) opensWith(v *vault, open []int, of func(k int) finding) bool {
	w := s.Clone()
	for k, i := range open {
		if f := of(k); f != unfound {
			w.find(i, f == accepted, w.m.commitments[i].rules+ruleAccept)
		}
	}
	w.commit()
	w.settle()
	return w.true(v.opensIf)
}

// otherwise is the vault's `else`.
func (s *State) otherwise(v *vault, rule int32) {
	switch Outcome(v.Else) {
	case Released:
		s.decide(v, outcomeReleased, rule)
	case Held, "hold":
		s.write(v.outcome, outcomeHeld, rule)
	default:
		s.decide(v, outcomeErased, rule)
	}
}

func (s *State) longStop(v *vault) {
	s.closed[s.m.units[v.unit].i] = kept{}
	if v.HoldThen == string(Released) {
		s.decide(v, outcomeReleased, v.rules+ruleLongStop)
		return
	}
	s.decide(v, outcomeErased, v.rules+ruleLongStop)
}

func (s *State) decide(v *vault, outcome int64, rule int32) {
	s.write(v.outcome, outcome, rule)
	s.write(v.decidedAt, int64(s.now), rule)
	s.arm(v.tCloses, never)
	s.arm(v.tLongStop, never)
}

// lift makes a measure lifted. kind is the rule of the measure by which.
func (s *State) lift(x *measure, kind int32) {
	if s.values[x.status] == measureLifted {
		return
	}
	s.write(x.status, measureLifted, x.rules+kind)
	s.write(x.liftedAt, int64(s.now), x.rules+kind)
}

// effect is what an act does when its notice has run.
func (s *State) effect(x *act) {
	s.write(x.done, 1, x.rules+ruleEffect)
	s.write(x.doneAt, int64(s.now), x.rules+ruleEffect)
	if x.Effect == nil {
		return
	}
	for _, i := range x.of {
		c := &s.m.commitments[i]
		switch {
		case x.Effect.EndsAll || x.Effect.Verb == "ends":
			s.end(c)
		case x.Effect.Verb == "suspends":
			s.suspend(c)
		case x.Effect.Verb == "resumes":
			s.resume(c)
		}
	}
	if x.Effect.EndsAll {
		s.endAll(x)
	}
}

// endAll ends the agreement. Open claims are still decided, milestones still
// come and vaults still close.
func (s *State) endAll(x *act) {
	s.write(s.m.status, agreementEnded, x.rules+ruleEndAll)
	for i := range s.m.acts {
		s.arm(s.m.acts[i].tNotice, never)
	}
	for i := range s.m.readings {
		s.arm(s.m.readings[i].tReport, never)
	}
}

// enter is the entry into force.
func (s *State) enter() {
	s.write(s.m.status, agreementInForce, ruleInForce)
	s.write(s.m.inForceAt, int64(s.now), ruleInForce)
	for i := range s.m.readings {
		s.expect(&s.m.readings[i])
	}
}

// expect arms the deadline of a reading's next report.
func (s *State) expect(r *reading) {
	if r.Every > 0 {
		s.arm(r.tReport, later(s.now, r.Every+r.Grace))
	}
}
