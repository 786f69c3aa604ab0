package machine

import (
	"slices"

	"detente/agreement"
)

// States of a decision.
const (
	decisionDormant = iota
	decisionOpen
	decisionCarried
	decisionNotCarried
	decisionClosed // its case was withdrawn: neither
)

// Votes of a member.
const (
	voteNone = iota
	voteYes
	voteNo
	voteAbstain
)

var (
	decisionWords = []string{"dormant", "open", "carried", "not-carried", "closed"}
	voteWords     = []string{"none", "yes", "no", "abstain"}
)

type decision struct {
	*agreement.Decision
	body *agreement.Body
	put  putting

	status, openedAt, closes, decidedAt int32 // fluents
	votes                               int32 // the first of as many fluents as the body has members

	opens, closesAt, rule, stops *expr
	tCloses, rules, unit         int32
}

func (m *Machine) declareDecisions() {
	a, unsetInstant := m.agreement, int64(never)
	for i, x := range a.Bodies {
		m.byName[x.Name] = block{"body", i}
	}
	for i, x := range a.Decisions {
		b := block{"decision", i}
		m.byName[x.Name] = b
		d := decision{Decision: x, body: m.bodyOf(x.By),
			status:    m.fluent(b, x.Name, "status", isStatus, decisionDormant, decisionWords...),
			openedAt:  m.fluent(b, x.Name, "opened_at", isInstant, unsetInstant),
			closes:    m.fluent(b, x.Name, "closes", isInstant, unsetInstant),
			decidedAt: m.fluent(b, x.Name, "decided_at", isInstant, unsetInstant),
			votes:     int32(len(m.fluents)),
			rules:     m.rulesOf(b, x.Range, decisionRules)}
		for _, n := range d.body.Members {
			m.fluent(b, x.Name, "vote/"+string(n), isStatus, voteNone, voteWords...)
		}
		d.put = m.putting(b, x.Name, x.Extends)
		m.decisions = append(m.decisions, d)
	}
}

func (m *Machine) bodyOf(name agreement.Name) *agreement.Body {
	return m.agreement.Bodies[m.lookup(name, "body")]
}

// compileDecisions turns the expressions of decisions into slots.
func (m *Machine) compileDecisions() {
	for i := range m.decisions {
		d := &m.decisions[i]
		d.opens, d.closesAt = m.expr(d.Opens), m.expr(d.Closes)
		m.ballot = &ballot{d.votes, d.Excludes}
		d.rule, d.stops = m.expr(d.Rule), m.expr(d.Stops)
		m.ballot = nil
		m.compilePutting(&d.put)
		if len(d.Drafts) > 0 {
			d.rule = m.oneOf(d)
		}
	}
}

// oneOf is that one of the drafts of a decision is carried.
func (m *Machine) oneOf(d *decision) *expr {
	any := &expr{op: opAny, kind: agreement.TypeBool, src: d.Rule}
	for _, n := range d.Drafts {
		any.args = append(any.args, m.expr(&agreement.Ref{Noun: "decision", Name: n, Attr: "carried", Kind: agreement.TypeBool, Range: d.Range}))
	}
	return any
}

// A ballot is the fluents in which a tally finds the votes.
type ballot struct {
	first    int32
	excludes []agreement.Name
}

// tally compiles a count of votes. Whoever is excluded has no slot.
func (m *Machine) tally(x *expr, e *agreement.Tally) {
	var total int64
	for i, n := range e.Of.Members {
		veto := e.What == "vetoed"
		if slices.Contains(m.ballot.excludes, n) || e.In != nil && !slices.Contains(e.In, n) || veto && !slices.Contains(e.Of.Vetoes, n) {
			continue
		}
		weight := int64(1)
		if e.Weighted {
			weight = e.Of.Weights[i]
		}
		total += weight
		x.slots = append(x.slots, m.ballot.first+int32(i))
		x.weights = append(x.weights, weight)
		x.barred = append(x.barred, m.barredBy(n))
	}
	if !slices.ContainsFunc(x.barred, func(f int32) bool { return f >= 0 }) {
		x.barred = nil
	}
	x.op = opTally
	switch e.What {
	case "yes":
		x.want = 1 << voteYes
	case "no":
		x.want = 1 << voteNo
	case "abstained":
		x.want = 1 << voteAbstain
	case "cast":
		x.want = 1<<voteYes | 1<<voteNo
	case "voted":
		x.want = 1<<voteYes | 1<<voteNo | 1<<voteAbstain
	case "members":
		if x.want = 1<<voteNone | 1<<voteYes | 1<<voteNo | 1<<voteAbstain; x.barred == nil {
			x.op, x.val, x.slots = opConst, value{set: true, n: total}, nil
		}
	case "vetoed":
		x.op, x.want = opVetoed, voteNo
	default:
		panic("machine: no tally " + e.What + " in a checked agreement")
	}
}

// barredBy is the flag by which a member has a role that the decision excludes;
// -1 for none.
func (m *Machine) barredBy(n agreement.Name) int32 {
	for _, x := range m.ballot.excludes {
		b := m.byName[x]
		if b.noun != "role" {
			continue
		}
		if i := slices.Index(m.roles[b.i].Of, n); i >= 0 {
			return m.roles[b.i].first + int32(i)
		}
	}
	return -1
}

func evalTally(r reader, e *expr) value {
	v := value{set: true}
	for i, f := range e.slots {
		if e.barred != nil && e.barred[i] >= 0 && r.slot(e.barred[i]) == 1 {
			continue
		}
		switch vote := r.slot(f); {
		case e.op == opVetoed && vote == e.want:
			return truth(true)
		case e.op == opTally && e.want&(1<<vote) != 0:
			v.n += e.weights[i]
		}
	}
	return v
}

// completed reads a state as if whoever has not voted on a decision had voted
// so.
type completed struct {
	*State
	first, n int32
	as       int64
}

func (c completed) slot(i int32) int64 {
	v := c.State.slot(i)
	if v == voteNone && i >= c.first && i < c.first+c.n {
		return c.as
	}
	return v
}

// settled says whether the rule is true and stays so whatever those who have
// not voted do: keep silent, abstain, or vote no.
func (s *State) settled(d *decision) bool {
	for _, as := range []int64{voteNone, voteAbstain, voteNo} {
		if d.rule == nil || !eval(completed{s, d.votes, int32(len(d.body.Members)), as}, d.rule).isTrue() {
			return false
		}
	}
	return true
}

// decision looks at a decision after something it reads has changed.
func (s *State) decision(d *decision) {
	if s.values[s.m.status] == agreementUnsigned {
		return
	}
	switch s.values[d.status] {
	case decisionDormant:
		if d.Draft == "" && s.runs(d.Case) && s.values[s.m.status] == agreementInForce && (d.opens == nil || s.true(d.opens)) {
			s.write(d.status, decisionOpen, d.rules+ruleOpen)
			s.write(d.openedAt, int64(s.now), d.rules+ruleOpen)
		}
	case decisionOpen:
		if !s.runs(d.Case) {
			s.resolve(d, decisionClosed, d.rules+ruleCaseOver)
			return
		}
		if s.settled(d) {
			s.resolve(d, decisionCarried, d.rules+ruleCarry)
			return
		}
		at := s.putOff(&d.put, s.firstClose(d), d.rules+ruleExtend)
		s.write(d.closes, int64(at), d.rules+ruleVotesClose)
		s.arm(d.tCloses, at)
	}
}

// firstClose is when a decision closes, unless it is put off.
func (s *State) firstClose(d *decision) agreement.Instant {
	if d.closesAt != nil {
		return s.date(d.closesAt)
	}
	if d.Within == 0 {
		return never
	}
	return later(s.instant(d.openedAt), d.Within)
}

// runs says whether what belongs to a case may begin, or go on.
func (s *State) runs(of agreement.Name) bool {
	if of == "" {
		return true
	}
	status := s.values[s.m.runs[s.m.byName[of].i].status]
	return status == caseOpen || status == caseExhausted || status == caseSettled
}

func (s *State) resolve(d *decision, status int64, rule int32) {
	s.write(d.status, status, rule)
	s.write(d.decidedAt, int64(s.now), rule)
	s.arm(d.tCloses, never)
}

// votesClose is the close: what silence means, unless there were votes enough.
func (s *State) votesClose(d *decision) {
	switch {
	case d.rule != nil && s.true(d.rule):
		s.resolve(d, decisionCarried, d.rules+ruleCarry)
	case d.stops == nil:
		s.resolve(d, decisionNotCarried, d.rules+ruleFails)
	case s.true(d.stops):
		s.resolve(d, decisionNotCarried, d.rules+ruleStop)
	default:
		s.resolve(d, decisionCarried, d.rules+ruleUnstopped)
	}
}

// slotOf says whether by may vote on d, and with which fluent.
func (s *State) slotOf(d *decision, by agreement.Name) (fluent int32, ok bool) {
	i := slices.Index(d.body.Members, by)
	return d.votes + int32(i), i >= 0 && !s.among(d.Excludes, by)
}

// isOpen refuses what is done about a decision that is not open.
func (s *State) isOpen(d *decision) Verdict {
	switch s.values[d.status] {
	case decisionOpen:
		return effective
	case decisionDormant:
		if d.Draft != "" {
			return refuse(d.Range, "%s has not been tabled", d.Name)
		}
		where := d.Range
		if d.Opens != nil {
			where = d.Opens.Where()
		}
		return refuse(where, "%s is not open for votes yet", d.Name)
	}
	return refuse(d.Range, "%s is %s since %s", d.Name, decisionWords[s.values[d.status]], s.instant(d.decidedAt))
}

// ballotOpen refuses votes on a decision that is not open for them.
func (s *State) ballotOpen(d *decision) Verdict {
	if len(d.Drafts) > 0 {
		return refuse(d.Range, "votes on %s are votes on one of its drafts, such as %s", d.Name, d.Drafts[0])
	}
	return s.isOpen(d)
}

func (s *State) vote(a *Act, d *decision) Verdict {
	f, ok := s.slotOf(d, a.By)
	if !ok {
		return refuse(d.Range, "%s has no vote on %s", a.By, d.Name)
	}
	choice := slices.Index(voteWords, a.Choice)
	if choice < 0 {
		return refuse(d.Range, "%q is no vote: yes, no, abstain, or none to withdraw it", clip(a.Choice))
	}
	if v := s.ballotOpen(d); !v.Effect {
		return v
	}
	s.write(f, int64(choice), d.rules+ruleVote)
	return effective
}

// count is the report of how members without keys voted, all at one instant.
func (s *State) count(a *Act, d *decision) Verdict {
	if !slices.Contains(d.body.Report, a.By) {
		return refuse(d.body.Range, "nobody has said that %s may report the votes on %s", a.By, d.Name)
	}
	if v := s.ballotOpen(d); !v.Effect {
		return v
	}
	seen := map[agreement.Name]bool{}
	for _, b := range a.Ballot {
		f, ok := s.slotOf(d, b.By)
		choice := slices.Index(voteWords, b.Choice)
		switch {
		case !ok:
			return refuse(d.Range, "%s has no vote on %s", b.By, d.Name)
		case s.m.speaks(b.By):
			return refuse(d.Range, "%s votes for itself: nobody reports its vote", b.By)
		case choice < 0 || seen[b.By]:
			return refuse(d.Range, "the report does not say of %s one vote: yes, no, abstain or none", b.By)
		}
		seen[b.By] = true
		s.write(f, int64(choice), d.rules+ruleVote)
	}
	return effective
}

func (m *Machine) speaks(name agreement.Name) bool {
	b, ok := m.byName[name]
	return ok && b.noun == "party" && m.agreement.Parties[b.i].Speaks()
}
