package machine

// measure looks at a measure that a condition lifts or returns, after something
// the conditions read has changed. Each works when it becomes true, and again
// only once it was not; of both at one instant the return prevails.
func (s *State) measure(x *measure) {
	if s.values[s.m.status] == agreementUnsigned {
		return
	}
	lifts, returns := s.edge(x.liftsWhen, x.liftSeen, x.rules+ruleLiftWhen), s.edge(x.returnsWhen, x.returnSeen, x.rules+ruleReturn)
	switch {
	case returns && s.values[x.status] != measureInForce:
		s.write(x.status, measureInForce, x.rules+ruleReturn)
		s.write(x.imposedAt, int64(s.now), x.rules+ruleReturn)
	case lifts && !returns:
		s.lift(x, ruleLiftWhen)
	}
}

// edge says whether a condition has become true, and notes that it is.
func (s *State) edge(e *expr, seen, rule int32) bool {
	if e == nil {
		return false
	}
	is := s.true(e)
	was := s.values[seen] == 1
	if is != was {
		s.write(seen, truth(is).n, rule)
	}
	return is && !was
}
