package machine

import (
	"fmt"

	"detente/agreement"
)

// A Wait is an edge of the waits-for graph: Who cannot go on with Subject, or
// does not get it, until For acts.
type Wait struct {
	Who      agreement.Name `json:"who"`
	For      agreement.Name `json:"for"`
	Subject  agreement.Name `json:"subject"`
	Clause   string         `json:"clause,omitempty"`
	Sentence string         `json:"sentence"`
}

// waits are all edges, in the order of the text.
func (s *State) waits() []Wait {
	m := s.m
	out := []Wait{}
	add := func(who, other agreement.Name, b agreement.Block, format string, args ...any) {
		if who == other {
			return
		}
		w := Wait{Who: who, For: other, Subject: b.Name, Clause: b.Clause,
			Sentence: fmt.Sprintf("%s waits for %s: ", who, other) + fmt.Sprintf(format, args...)}
		for _, o := range out {
			if o == w {
				return
			}
		}
		out = append(out, w)
	}
	if s.values[m.status] == agreementUnsigned {
		for _, p := range m.agreement.Parties {
			for _, i := range m.signers {
				if s.values[m.signed[i]] == 0 {
					add(p.Name, m.agreement.Parties[i].Name, agreement.Block{Name: m.agreement.Name}, "%s has yet to sign", m.agreement.Parties[i].Name)
				}
			}
		}
		return out
	}
	for i := range m.commitments {
		c := &m.commitments[i]
		switch s.values[c.status] {
		case dormant:
			for _, a := range s.actors(c.when, true) {
				add(c.By, a, c.Block, "%s begins when %s", sayBlock(c.Block), say(c.When))
			}
		case claimed:
			for _, v := range c.Verify.By {
				add(c.By, v, c.Block, "it is to find by %s whether the claim of %s is true", s.timersText(c.tSilence), sayBlock(c.Block))
			}
		case active:
			if c.Form == agreement.Do {
				for _, to := range c.To {
					add(to, c.By, c.Block, "%s is owed until %s", sayBlock(c.Block), moment(later(s.instant(c.due), c.Grace)))
				}
			}
		case breached:
			for _, to := range c.To {
				add(to, c.By, c.Block, "%s is in breach since %s", sayBlock(c.Block), s.instant(c.breachedAt))
			}
		}
	}
	for i := range m.vaults {
		v := &m.vaults[i]
		if s.values[v.decidedAt] != int64(never) {
			continue
		}
		for _, a := range s.actors(v.opensIf, true) {
			for _, to := range v.OpensTo {
				add(to, a, v.Block, "%s opens if %s", sayBlock(v.Block), say(v.OpensIf))
			}
		}
	}
	return out
}

func (s *State) timersText(t int32) string { return moment(s.timers[t]).String() }

// actors are those whose act, next, can move e towards want.
func (s *State) actors(e *expr, want bool) []agreement.Name {
	var out []agreement.Name
	seen := make([]bool, len(s.m.fluents))
	s.walkActors(e, want, seen, func(names ...agreement.Name) {
		for _, n := range names {
			known := false
			for _, o := range out {
				known = known || o == n
			}
			if !known {
				out = append(out, n)
			}
		}
	})
	return out
}

func (s *State) walkActors(e *expr, want bool, seen []bool, add func(...agreement.Name)) {
	if e == nil {
		return
	}
	if e.kind == agreement.TypeBool {
		if v := eval(s, e); v.set && (v.n == 1) == want {
			return
		}
	}
	switch e.op {
	case opNot:
		s.walkActors(e.args[0], !want, seen, add)
		return
	case opNumber:
		s.actorsOf(s.m.fluents[e.want].block, seen, add)
		return
	case opIs, opIsNot, opLifted, opInForce, opInstant, opInteger, opFact:
		if !seen[e.slot] {
			seen[e.slot] = true
			s.actorsOf(s.m.fluents[e.slot].block, seen, add)
		}
		return
	}
	for _, a := range e.args {
		s.walkActors(a, want, seen, add)
	}
}

func (s *State) actorsOf(b block, seen []bool, add func(...agreement.Name)) {
	switch m := s.m; b.noun {
	case "commitment":
		c := &m.commitments[b.i]
		switch s.values[c.status] {
		case claimed:
			add(c.Verify.By...)
		case dormant:
			add(c.By)
		case active, suspended, breached:
			add(c.By)
		}
	case "measure":
		x := &m.measures[b.i]
		if m.byName[x.By].noun == "party" {
			add(x.By)
		}
		s.walkActors(x.liftsWhen, true, seen, add)
		s.walkActors(x.returnsWhen, true, seen, add)
	case "act":
		add(s.people(m.acts[b.i].By)...)
	case "procedure":
		if r := &m.runs[b.i]; s.values[r.status] == caseIdle {
			add(s.people(r.By)...)
		} else {
			s.walkActors(r.settled, true, seen, add)
			s.walkActors(r.exhausted, true, seen, add)
		}
	case "stage":
		if x := &m.stages[b.i]; s.values[x.status] == stageReady {
			add(s.people(x.By)...)
		} else {
			s.walkActors(x.after, true, seen, add)
			s.walkActors(x.settled, true, seen, add)
		}
	case "reading":
		add(m.readings[b.i].Reporter...)
	case "decision":
		d := &m.decisions[b.i]
		if s.values[d.status] == decisionOpen {
			add(d.body.Members...)
		} else {
			s.walkActors(d.opens, true, seen, add)
		}
	case "milestone":
		s.walkActors(m.milestones[b.i].when, true, seen, add)
		s.walkActors(m.milestones[b.i].atExpr, true, seen, add)
	}
}
