package machine

import (
	"slices"

	"detente/agreement"
)

// States of a case.
const (
	caseIdle = iota
	caseOpen
	caseSettled
	caseExhausted
	caseClosed
)

// States of a stage.
const (
	stageDormant = iota
	stageReady
	stageOpen
	stageSettled
	stageFailed
	stageClosed
)

var (
	caseWords  = []string{"idle", "open", "settled", "exhausted", "closed"}
	stageWords = []string{"dormant", "ready", "open", "settled", "failed", "closed"}
)

// A run is one case of a procedure.
type run struct {
	*agreement.Case
	status, openedAt, settledAt, exhaustedAt int32 // fluents
	settled, exhausted, when                 *expr
	stages                                   []int   // its own
	fluents                                  []int32 // all of the case but these, to begin anew
	timers                                   []int32
	rules, unit                              int32
}

type stage struct {
	*agreement.Stage
	of                        int // its case
	status, openedAt, endedAt int32
	closes                    int32
	after, settled            *expr
	put                       putting
	tCloses, rules, unit      int32
}

// A role is who has it in a case: a flag for each who may.
type role struct {
	*agreement.Role
	first int32
}

func (m *Machine) declareProcedures() {
	a, unsetInstant := m.agreement, int64(never)
	for i, x := range a.Cases {
		b := block{"procedure", i}
		m.byName[x.Name] = b
		m.runs = append(m.runs, run{Case: x,
			status:      m.fluent(b, x.Name, "status", isStatus, caseIdle, caseWords...),
			openedAt:    m.fluent(b, x.Name, "opened_at", isInstant, unsetInstant),
			settledAt:   m.fluent(b, x.Name, "settled_at", isInstant, unsetInstant),
			exhaustedAt: m.fluent(b, x.Name, "exhausted_at", isInstant, unsetInstant),
			rules:       m.rulesOf(b, x.Range, procedureRules)})
		for _, r := range x.Roles {
			m.byName[r.Name] = block{"role", len(m.roles)}
			m.roles = append(m.roles, role{r, int32(len(m.fluents))})
			for _, n := range r.Of {
				m.fluent(b, x.Name, r.Word+"/"+string(n), isFlag, 0)
			}
		}
		if p := m.procedures[x.Procedure]; p == nil || x.Name != x.Procedure {
			m.procedures[x.Procedure] = append(p, i)
		}
	}
	for i, x := range a.Stages {
		b := block{"stage", i}
		m.byName[x.Name] = b
		of := m.lookup(x.Case, "procedure")
		m.runs[of].stages = append(m.runs[of].stages, i)
		st := stage{Stage: x, of: of,
			status:   m.fluent(b, x.Name, "status", isStatus, stageDormant, stageWords...),
			openedAt: m.fluent(b, x.Name, "opened_at", isInstant, unsetInstant),
			closes:   m.fluent(b, x.Name, "closes", isInstant, unsetInstant),
			endedAt:  m.fluent(b, x.Name, "ended_at", isInstant, unsetInstant),
			rules:    m.rulesOf(b, x.Range, stageRules)}
		st.put = m.putting(b, x.Name, x.Extends)
		m.stages = append(m.stages, st)
	}
}

// compileProcedures turns the expressions of cases and stages into slots.
func (m *Machine) compileProcedures() {
	for i := range m.runs {
		r := &m.runs[i]
		r.when, r.settled, r.exhausted = m.expr(r.When), m.expr(r.Settled), m.expr(r.Exhausted)
	}
	for i := range m.stages {
		x := &m.stages[i]
		x.after, x.settled = m.expr(x.After), m.expr(x.Settled)
		m.compilePutting(&x.put)
	}
}

// layProcedures lays the units of stages and cases, and finds what a case
// begins anew with.
func (m *Machine) layProcedures() {
	for i := range m.stages {
		x := &m.stages[i]
		own := append(x.put.fluents(), x.status, x.openedAt, m.runs[x.of].status)
		x.unit = m.unit("stage", i, own, x.after, x.settled)
	}
	for i := range m.runs {
		r := &m.runs[i]
		own := []int32{r.status}
		for _, k := range r.stages {
			own = append(own, m.stages[k].status)
		}
		r.unit = m.unit("procedure", i, own, r.settled, r.exhausted)
	}
	for f := range m.fluents {
		b := m.fluents[f].block
		name := m.caseOf(b)
		if name == "" || b.noun == "procedure" {
			continue
		}
		r := &m.runs[m.byName[name].i]
		r.fluents = append(r.fluents, int32(f))
	}
	for t := range m.timers {
		if name := m.caseOf(m.timers[t].block); name != "" {
			r := &m.runs[m.byName[name].i]
			r.timers = append(r.timers, int32(t))
		}
	}
}

// caseOf is the case to which a block belongs; "" for none.
func (m *Machine) caseOf(b block) agreement.Name {
	switch b.noun {
	case "commitment":
		return m.commitments[b.i].Case
	case "act":
		return m.acts[b.i].Case
	case "milestone":
		return m.milestones[b.i].Case
	case "decision":
		return m.decisions[b.i].Case
	case "stage":
		return m.stages[b.i].Case
	}
	return ""
}

// among says whether a list of parties and roles has by in it.
func (s *State) among(list []agreement.Name, by agreement.Name) bool {
	for _, n := range list {
		if n == by || slices.Contains(s.holders(n), by) {
			return true
		}
	}
	return false
}

// holders are those who have a role now; of a party itself none.
func (s *State) holders(n agreement.Name) []agreement.Name {
	b := s.m.byName[n]
	if b.noun != "role" {
		return nil
	}
	var out []agreement.Name
	r := &s.m.roles[b.i]
	for i, p := range r.Of {
		if s.values[r.first+int32(i)] == 1 {
			out = append(out, p)
		}
	}
	return out
}

// people are the parties of a list, with those who have the roles in it.
func (s *State) people(list []agreement.Name) []agreement.Name {
	if !slices.ContainsFunc(list, func(n agreement.Name) bool { return s.m.byName[n].noun == "role" }) {
		return list
	}
	var out []agreement.Name
	for _, n := range list {
		if s.m.byName[n].noun != "role" {
			out = append(out, n)
			continue
		}
		for _, p := range s.holders(n) {
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

// open opens a case, or a stage that somebody opens.
func (s *State) open(a *Act) Verdict {
	if cases := s.m.procedures[a.Subject]; cases != nil {
		return s.openOne(a, cases)
	}
	switch b := s.m.byName[a.Subject]; b.noun {
	case "procedure":
		return s.openCase(a, &s.m.runs[b.i])
	case "stage":
		return s.refer(a, &s.m.stages[b.i])
	}
	return refuse(s.m.agreement.Range, "%s is no procedure and no stage of this agreement", a.Subject)
}

// openOne opens the first case of a procedure that by may open.
func (s *State) openOne(a *Act, cases []int) Verdict {
	last := refuse(s.m.runs[cases[0]].Range, "no case of %s is %s's to open", a.Subject, a.By)
	for _, i := range cases {
		if r := &s.m.runs[i]; s.among(r.By, a.By) {
			if last = s.openCase(a, r); last.Effect {
				return last
			}
		}
	}
	return last
}

func (s *State) openCase(a *Act, r *run) Verdict {
	switch status := s.values[r.status]; {
	case !s.among(r.By, a.By):
		return refuse(r.Range, "only %s may open %s", list(r.By, "or"), r.Name)
	case status == caseOpen || status == caseExhausted:
		return refuse(r.Range, "%s is taken: it is %s since %s", r.Name, caseWords[status], s.since[r.status])
	case r.when != nil && !s.true(r.when):
		return refuse(r.When.Where(), "the condition of opening %s is not true", r.Name)
	}
	for _, w := range r.States {
		if !slices.Contains(a.States, w) {
			return refuse(r.Range, "opening %s must state %q", r.Name, w)
		}
	}
	if s.values[r.status] != caseIdle {
		s.anew(r)
	}
	if v := s.give(a, r); !v.Effect {
		return v
	}
	s.write(r.status, caseOpen, r.rules+ruleCaseOpen)
	s.write(r.openedAt, int64(s.now), r.rules+ruleCaseOpen)
	return effective
}

// give gives the roles of a case to those named; one that only one may have
// needs no naming.
func (s *State) give(a *Act, r *run) Verdict {
	for _, n := range a.Against {
		if !slices.ContainsFunc(r.Roles, func(x *agreement.Role) bool { return slices.Contains(x.Of, n) }) {
			return refuse(r.Range, "%s cannot be a party to %s", n, r.Name)
		}
	}
	for _, x := range r.Roles {
		first := s.m.roles[s.m.byName[x.Name].i].first
		given := false
		for i, n := range x.Of {
			has := slices.Contains(a.Against, n) || len(x.Of) == 1 && len(a.Against) == 0
			given = given || has
			s.write(first+int32(i), truth(has).n, r.rules+ruleCaseOpen)
		}
		if !given {
			return refuse(r.Range, "opening %s must say who is the %s: %s", r.Name, x.Word, list(x.Of, "or"))
		}
	}
	return effective
}

// anew puts everything of a case back to where it began.
func (s *State) anew(r *run) {
	for _, f := range r.fluents {
		s.write(f, s.m.fluents[f].start, r.rules+ruleCaseOpen)
	}
	for _, f := range []int32{r.settledAt, r.exhaustedAt} {
		s.write(f, int64(never), r.rules+ruleCaseOpen)
	}
	for _, t := range r.timers {
		s.arm(t, never)
	}
}

// refer opens a stage.
func (s *State) refer(a *Act, x *stage) Verdict {
	switch status := s.values[x.status]; {
	case len(x.By) == 0:
		return refuse(x.Range, "%s is opened by nobody: it begins by itself", x.Name)
	case !s.among(x.By, a.By):
		return refuse(x.Range, "only %s may open %s", list(s.people(x.By), "or"), x.Name)
	case status == stageDormant && x.After != nil:
		return refuse(x.After.Where(), "%s may not be opened yet", x.Name)
	case status != stageReady:
		return refuse(x.Range, "%s is %s", x.Name, stageWords[status])
	}
	s.begins(x)
	return effective
}

func (s *State) begins(x *stage) {
	s.write(x.status, stageOpen, x.rules+ruleStageOpen)
	s.write(x.openedAt, int64(s.now), x.rules+ruleStageOpen)
}

// closing is the withdrawal of a case by one who may open it.
func (s *State) closing(a *Act) Verdict {
	b := s.m.byName[a.Subject]
	if b.noun != "procedure" {
		return refuse(s.m.agreement.Range, "%s is no case of this agreement", a.Subject)
	}
	r := &s.m.runs[b.i]
	switch status := s.values[r.status]; {
	case !s.among(r.By, a.By):
		return refuse(r.Range, "only %s may withdraw %s", list(r.By, "or"), r.Name)
	case status != caseOpen && status != caseExhausted:
		return refuse(r.Range, "%s is %s", r.Name, caseWords[status])
	}
	s.write(r.status, caseClosed, r.rules+ruleCaseClose)
	return effective
}

// procedure looks at a case after something it reads has changed.
func (s *State) procedure(r *run) {
	status := s.values[r.status]
	if status != caseOpen && status != caseExhausted {
		return
	}
	settled := s.true(r.settled)
	for _, k := range r.stages {
		settled = settled || s.values[s.m.stages[k].status] == stageSettled
	}
	switch {
	case settled:
		s.write(r.status, caseSettled, r.rules+ruleCaseSettled)
		s.write(r.settledAt, int64(s.now), r.rules+ruleCaseSettled)
	case status == caseOpen && s.true(r.exhausted):
		s.write(r.status, caseExhausted, r.rules+ruleCaseExhausted)
		s.write(r.exhaustedAt, int64(s.now), r.rules+ruleCaseExhausted)
	}
}

// stage looks at a stage after something it reads has changed.
func (s *State) stage(x *stage) {
	status := s.values[x.status]
	of := s.values[s.m.runs[x.of].status]
	if of == caseSettled || of == caseClosed {
		if status == stageReady || status == stageOpen {
			s.endStage(x, stageClosed, x.rules+ruleStageClosed)
		}
		return
	}
	switch status {
	case stageDormant:
		switch {
		case of == caseIdle || x.after != nil && !s.true(x.after):
		case len(x.By) > 0:
			s.write(x.status, stageReady, x.rules+ruleStageReady)
		default:
			s.begins(x)
		}
	case stageOpen:
		if s.true(x.settled) {
			s.endStage(x, stageSettled, x.rules+ruleStageSettled)
			return
		}
		at := s.putOff(&x.put, later(s.instant(x.openedAt), x.Lasts), x.rules+ruleStageExtend)
		s.write(x.closes, int64(at), x.rules+ruleStageCloses)
		s.arm(x.tCloses, at)
	}
}

func (s *State) endStage(x *stage, status int64, rule int32) {
	s.write(x.status, status, rule)
	s.write(x.endedAt, int64(s.now), rule)
	s.arm(x.tCloses, never)
}

// table tables the next draft of a decision.
func (s *State) table(a *Act, d *decision) Verdict {
	if !s.among(d.DraftsBy, a.By) {
		return refuse(d.Range, "%s may table no draft of %s", a.By, d.Name)
	}
	if v := s.isOpen(d); !v.Effect {
		return v
	}
	for _, n := range d.Drafts {
		x := &s.m.decisions[s.m.lookup(n, "decision")]
		if s.values[x.status] == decisionDormant {
			s.write(x.status, decisionOpen, x.rules+ruleTable)
			s.write(x.openedAt, int64(s.now), x.rules+ruleTable)
			return effective
		}
	}
	return refuse(d.Range, "%s has %d drafts, as many as may be tabled", d.Name, len(d.Drafts))
}
