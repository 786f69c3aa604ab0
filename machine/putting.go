package machine

import (
	"slices"

	"detente/agreement"
)

// A putting is how the close of a decision or stage is put off by consent.
type putting struct {
	*agreement.Extension // nil: it cannot be
	body                 *agreement.Body
	to, times            int32 // fluents: the close consented to, and how often
	consents             int32 // the first of as many fluents as the body has members
	rule                 *expr
}

func (m *Machine) putting(b block, name agreement.Name, e *agreement.Extension) putting {
	p := putting{Extension: e,
		to:    m.fluent(b, name, "extended_to", isInstant, int64(never)),
		times: m.fluent(b, name, "extensions", isNumber, 0)}
	p.consents = int32(len(m.fluents))
	if e != nil {
		p.body = m.bodyOf(e.By)
		for _, n := range p.body.Members {
			m.fluent(b, name, "consent/"+string(n), isInstant, int64(never))
		}
	}
	return p
}

func (m *Machine) compilePutting(p *putting) {
	if p.Extension != nil {
		m.ballot = &ballot{p.consents, nil}
		p.rule = m.expr(p.Rule)
		m.ballot = nil
	}
}

// fluents are those whose change has the close looked at again.
func (p *putting) fluents() []int32 {
	own := []int32{p.to}
	if p.body != nil {
		for i := range p.body.Members {
			own = append(own, p.consents+int32(i))
		}
	}
	return own
}

// consenting reads the consents to one new close as yes.
type consenting struct {
	*State
	first, n int32
	to       int64
}

func (c consenting) slot(i int32) int64 {
	v := c.State.slot(i)
	switch {
	case i < c.first || i >= c.first+c.n:
		return v
	case v == c.to:
		return voteYes
	}
	return voteNone
}

// putOff is when something closes that would first close at first: later, if
// enough have consented to one later close.
func (s *State) putOff(p *putting, first agreement.Instant, rule int32) agreement.Instant {
	at := first
	if to := s.instant(p.to); to != never {
		at = to
	}
	if p.Extension == nil || p.Times > 0 && s.values[p.times] >= int64(p.Times) {
		return at
	}
	n := int32(len(p.body.Members))
	for i := range n {
		to := s.values[p.consents+i]
		if to == int64(never) || agreement.Instant(to) <= at || !eval(consenting{s, p.consents, n, to}, p.rule).isTrue() {
			continue
		}
		s.write(p.to, to, rule)
		s.write(p.times, s.values[p.times]+1, rule)
		return agreement.Instant(to)
	}
	return at
}

// consent is a member's consent to another close than the one now, or its
// taking consent back.
func (s *State) consent(a *Act, p *putting, first, now agreement.Instant, rule int32, where agreement.Range) Verdict {
	if p.Extension == nil {
		return refuse(where, "%s cannot be put off", a.Subject)
	}
	i := slices.Index(p.body.Members, a.By)
	switch {
	case i < 0:
		return refuse(p.Range, "%s has no say in putting off %s", a.By, a.Subject)
	case a.Until == never:
	case p.Times > 0 && s.values[p.times] >= int64(p.Times):
		return refuse(p.Range, "%s may be put off %d times and was", a.Subject, p.Times)
	case a.Until <= now:
		return refuse(p.Range, "%s closes at %s; %s is no later", a.Subject, now, a.Until)
	case p.AtMost > 0 && a.Until > later(first, p.AtMost):
		return refuse(p.Range, "%s may be put off until %s at the latest", a.Subject, later(first, p.AtMost))
	}
	s.write(p.consents+int32(i), int64(a.Until), rule)
	return effective
}

// extending is a member's consent to another close of a decision or stage.
func (s *State) extending(a *Act) Verdict {
	switch b := s.m.byName[a.Subject]; b.noun {
	case "decision":
		d := &s.m.decisions[b.i]
		if v := s.isOpen(d); !v.Effect {
			return v
		}
		return s.consent(a, &d.put, s.firstClose(d), s.instant(d.closes), d.rules+ruleConsent, d.Range)
	case "stage":
		x := &s.m.stages[b.i]
		if s.values[x.status] != stageOpen {
			return refuse(x.Range, "%s is %s", x.Name, stageWords[s.values[x.status]])
		}
		return s.consent(a, &x.put, later(s.instant(x.openedAt), x.Lasts), s.instant(x.closes), x.rules+ruleStageConsent, x.Range)
	}
	return refuse(s.m.agreement.Range, "%s is no decision and no stage of this agreement", a.Subject)
}
