package machine

import (
	"time"

	"detente/agreement"
)

// expr turns the names of e into slots. A nil expression stays nil.
func (m *Machine) expr(e agreement.Expr) *expr {
	x := &expr{src: e, zone: m.zone()}
	switch e := e.(type) {
	case nil:
		return nil
	case *agreement.Literal:
		x.op, x.val = opConst, m.literal(e)
	case *agreement.Ref:
		m.ref(x, e)
	case *agreement.Not:
		x.op, x.args = opNot, m.exprs(e.X)
	case *agreement.Binary:
		m.binary(x, e)
	case *agreement.If:
		x.op, x.args = opIf, m.exprs(e.Cond, e.Then, e.Else)
	case *agreement.Call:
		x.args = m.exprs(e.Args...)
		switch e.Func {
		case "earliest":
			x.op = opEarliest
		case "latest":
			x.op = opLatest
		case "end_of_day":
			x.op, x.args = opEndOfDay, x.args[:1]
			if e.Zone != nil {
				x.zone = e.Zone
			}
		default:
			panic("machine: no function " + e.Func + " in a checked agreement")
		}
	case *agreement.Tally:
		m.tally(x, e)
	case *agreement.Count:
		x.args = m.exprs(e.Of...)
		switch e.Func {
		case "all":
			x.op = opAll
		case "any":
			x.op = opAny
		case "count":
			x.op = opCount
		default:
			panic("machine: no function " + e.Func + " in a checked agreement")
		}
	}
	x.kind = e.Type()
	return x
}

// zone is the agreement's; one that says none is in UTC.
func (m *Machine) zone() *time.Location {
	if m.agreement.Zone == nil {
		return time.UTC
	}
	return m.agreement.Zone
}

func (m *Machine) exprs(of ...agreement.Expr) []*expr {
	out := make([]*expr, len(of))
	for i, e := range of {
		out[i] = m.expr(e)
	}
	return out
}

func (m *Machine) literal(e *agreement.Literal) value {
	switch e.Kind {
	case agreement.TypeBool:
		return truth(e.Bool)
	case agreement.TypeInstant:
		return value{set: true, n: int64(e.Instant)}
	case agreement.TypeDuration:
		return value{set: true, n: int64(e.Duration)}
	case agreement.TypeNumber:
		if e.Number.IsInt() && e.Number.Num().IsInt64() {
			return value{set: true, n: e.Number.Num().Int64()}
		}
		return value{set: true, rat: e.Number}
	}
	for i, w := range m.words {
		if w == e.Word {
			return value{set: true, n: int64(i)}
		}
	}
	m.words = append(m.words, e.Word)
	return value{set: true, n: int64(len(m.words) - 1)}
}

func (m *Machine) binary(x *expr, e *agreement.Binary) {
	if l, ok := e.Y.(*agreement.Literal); ok && l.Kind == agreement.TypeMonths {
		x.op, x.args, x.want = opMonths, m.exprs(e.X), int64(l.Months)
		if e.Op == "-" {
			x.want = -x.want
		}
		if m.agreement.MonthEnd == "next-day" {
			x.slot = 1
		}
		return
	}
	x.args = m.exprs(e.X, e.Y)
	switch e.Op {
	case "and":
		x.op = opAnd
	case "or":
		x.op = opOr
	case "of":
		x.op = opShare
	case "+":
		x.op = opAdd
	case "-":
		x.op = opSub
	default:
		x.op = opCompare
		switch e.Op {
		case "==":
			x.want = cmpEq
		case "!=":
			x.want = cmpNe
		case "<":
			x.want = cmpLt
		case "<=":
			x.want = cmpLe
		case ">":
			x.want = cmpGt
		case ">=":
			x.want = cmpGe
		default:
			panic("machine: no operator " + e.Op + " in a checked agreement")
		}
	}
}

// ref is every attribute of agreement.Attributes as a read of a slot.
func (m *Machine) ref(x *expr, e *agreement.Ref) {
	is := func(slot int32, want int64) { x.op, x.slot, x.want = opIs, slot, want }
	at := func(slot int32) { x.op, x.slot = opInstant, slot }
	unknown := func() { panic("machine: no attribute " + string(e.Name) + "." + e.Attr + " in a checked agreement") }
	i := 0
	if e.Noun != "agreement" {
		i = m.lookup(e.Name, e.Noun)
	}
	switch e.Noun {
	case "agreement":
		switch e.Attr {
		case "in_force":
			is(m.status, agreementInForce)
		case "in_force_at":
			at(m.inForceAt)
		case "ended":
			is(m.status, agreementEnded)
		default:
			unknown()
		}
	case "commitment":
		m.refCommitment(x, e, &m.commitments[i])
	case "measure":
		switch mm := &m.measures[i]; e.Attr {
		case "lifted":
			x.op, x.slot = opLifted, mm.status
		case "in_force":
			x.op, x.slot = opInForce, mm.status
		case "lifted_at":
			at(mm.liftedAt)
		case "imposed_at":
			at(mm.imposedAt)
		default:
			unknown()
		}
	case "act":
		switch a := &m.acts[i]; e.Attr {
		case "done":
			is(a.done, 1)
		case "done_at":
			at(a.doneAt)
		case "times":
			x.op, x.slot = opInteger, a.times
		default:
			unknown()
		}
	case "reading":
		m.refReading(x, e, &m.readings[i])
	case "milestone":
		m.refMilestone(x, e, &m.milestones[i])
	case "vault":
		m.refVault(x, e, &m.vaults[i])
	case "question":
		m.refQuestion(x, e, &m.questions[i])
	case "procedure":
		m.refCase(x, e, &m.runs[i])
	case "stage":
		m.refStage(x, e, &m.stages[i])
	case "decision":
		m.refDecision(x, e, &m.decisions[i])
	default:
		unknown()
	}
}

func (m *Machine) refCommitment(x *expr, e *agreement.Ref, c *commitment) {
	for i, w := range commitmentWords {
		if w == e.Attr {
			x.op, x.slot, x.want = opIs, c.status, int64(i)
			return
		}
	}
	x.op = opInstant
	switch e.Attr {
	case "due":
		x.slot = c.due
	case "claimed_at":
		x.slot = c.claimedAt
	case "done_at":
		x.slot = c.doneAt
	case "breached_at":
		x.slot = c.breachedAt
	default:
		panic("machine: no attribute " + string(e.Name) + "." + e.Attr + " in a checked agreement")
	}
}

func (m *Machine) refReading(x *expr, e *agreement.Ref, r *reading) {
	switch e.Attr {
	case "value":
		x.op, x.slot, x.want = opNumber, r.value, int64(r.fact)
		if e.Kind == agreement.TypeBool {
			x.op, x.slot, x.want = opFact, r.fact, int64(r.reported)
		}
	case "maximum":
		x.op, x.slot, x.want = opNumber, r.maximum, int64(r.fact)
	case "reported":
		x.op, x.slot, x.want = opIs, r.reported, 1
	case "reported_at":
		x.op, x.slot = opInstant, r.reportedAt
	case "late":
		x.op, x.slot, x.want = opIs, r.late, 1
	default:
		panic("machine: no attribute " + string(e.Name) + "." + e.Attr + " in a checked agreement")
	}
}

func (m *Machine) refVault(x *expr, e *agreement.Ref, v *vault) {
	x.op, x.slot = opIs, v.outcome
	switch e.Attr {
	case "closes":
		x.op, x.slot = opInstant, v.closes
	case "decided_at":
		x.op, x.slot = opInstant, v.decidedAt
	case "open":
		x.want = outcomeOpen
	case "held":
		x.want = outcomeHeld
	case "released":
		x.want = outcomeReleased
	case "erased":
		x.want = outcomeErased
	case "decided":
		x.slot, x.op, x.want = v.decidedAt, opIsNot, int64(never)
	default:
		panic("machine: no attribute " + string(e.Name) + "." + e.Attr + " in a checked agreement")
	}
}

func (m *Machine) refDecision(x *expr, e *agreement.Ref, d *decision) {
	x.op, x.slot = opIs, d.status
	switch e.Attr {
	case "open":
		x.want = decisionOpen
	case "tabled":
		x.slot = m.decisions[m.lookup(d.Drafts[0], "decision")].openedAt
		x.op, x.want = opIsNot, int64(never)
	case "carried":
		x.want = decisionCarried
	case "not_carried":
		x.want = decisionNotCarried
	case "opened_at":
		x.op, x.slot = opInstant, d.openedAt
	case "closes":
		x.op, x.slot = opInstant, d.closes
	case "decided_at":
		x.op, x.slot = opInstant, d.decidedAt
	case "decided":
		x.slot, x.op, x.want = d.decidedAt, opIsNot, int64(never)
	default:
		panic("machine: no attribute " + string(e.Name) + "." + e.Attr + " in a checked agreement")
	}
}

func (m *Machine) refCase(x *expr, e *agreement.Ref, r *run) {
	x.op, x.slot = opIs, r.status
	switch e.Attr {
	case "open":
		x.want = caseOpen
	case "settled":
		x.want = caseSettled
	case "exhausted":
		x.want = caseExhausted
	case "closed":
		x.want = caseClosed
	case "opened":
		x.op, x.slot, x.want = opIsNot, r.openedAt, int64(never)
	case "opened_at":
		x.op, x.slot = opInstant, r.openedAt
	case "settled_at":
		x.op, x.slot = opInstant, r.settledAt
	case "exhausted_at":
		x.op, x.slot = opInstant, r.exhaustedAt
	default:
		panic("machine: no attribute " + string(e.Name) + "." + e.Attr + " in a checked agreement")
	}
}

func (m *Machine) refStage(x *expr, e *agreement.Ref, st *stage) {
	x.op, x.slot = opIs, st.status
	switch e.Attr {
	case "ready":
		x.want = stageReady
	case "open":
		x.want = stageOpen
	case "settled":
		x.want = stageSettled
	case "failed":
		x.want = stageFailed
	case "opened":
		x.op, x.slot, x.want = opIsNot, st.openedAt, int64(never)
	case "ended":
		x.op, x.slot, x.want = opIsNot, st.endedAt, int64(never)
	case "opened_at":
		x.op, x.slot = opInstant, st.openedAt
	case "closes":
		x.op, x.slot = opInstant, st.closes
	case "ended_at":
		x.op, x.slot = opInstant, st.endedAt
	default:
		panic("machine: no attribute " + string(e.Name) + "." + e.Attr + " in a checked agreement")
	}
}

func (m *Machine) refMilestone(x *expr, e *agreement.Ref, s *milestone) {
	x.op, x.slot, x.want = opIs, s.reached, 1
	switch e.Attr {
	case "reached":
	case "prevented":
		if x.slot = s.prevented; x.slot < 0 {
			x.op, x.slot, x.val = opConst, 0, truth(false)
		}
	case "at":
		x.op, x.slot = opInstant, s.at
	default:
		panic("machine: no attribute " + string(e.Name) + "." + e.Attr + " in a checked agreement")
	}
}
