package machine

import (
	"detente/agreement"
)

// A Machine is an agreement compiled. It is never changed after Compile and
// may be shared.
type Machine struct {
	agreement *agreement.Agreement
	fluents   []fluent
	rules     []rule
	timers    []timer
	numbers   int

	status, inForceAt int32 // fluents of the agreement itself
	signed            []int32
	signers           []int // parties that sign

	commitments []commitment
	measures    []measure
	acts        []act
	readings    []reading
	milestones  []milestone
	vaults      []vault
	decisions   []decision
	ballot      *ballot // of the rule being compiled
	runs        []run   // cases of procedures
	stages      []stage
	roles       []role
	questions   []question
	procedures  map[agreement.Name][]int // the cases of each that has several

	units  []unit    // what is looked at again when something changed, in order
	vault0 int       // index in units of the first vault
	deps   [][]int32 // by fluent: units that read it
	byName map[agreement.Name]block
	words  []string // constants of type word
}

// A block is a place in the machine's table for its noun.
type block struct {
	noun agreement.Noun
	i    int
}

type fluentKind uint8

const (
	isStatus  fluentKind = iota // an index of its own list of words
	isInstant                   //
	isNumber                    // a whole number
	isFlag                      //
	isReading                   // an index of the state's numbers
	isHidden                    // the machine's own notes
)

type fluent struct {
	block block
	name  agreement.Name
	attr  string
	kind  fluentKind
	words []string // of a status
	start int64
}

// path is the fluent's name, the same in every version of an agreement.
func (f *fluent) path() string { return string(f.name) + "." + f.attr }

type unit struct {
	noun agreement.Noun // milestone, commitment or vault
	i    int
}

// States of an agreement.
const (
	agreementUnsigned = iota
	agreementInForce
	agreementEnded
)

// States of a measure.
const (
	measureInForce = iota
	measureLifted
)

var (
	agreementWords  = []string{"unsigned", "in-force", "ended"}
	commitmentWords = []string{"dormant", "active", "claimed", "fulfilled", "breached", "cured", "suspended", "ended"}
	measureWords    = []string{"in-force", "lifted"}
	outcomeWords    = []string{string(Open), string(Held), string(Released), string(Erased)}
)

type commitment struct {
	*agreement.Commitment
	signs bool // its party signs

	status, due, claimedAt, doneAt, breachedAt, suspendedAt, stayed, cures, contested, marks, reported int32 // fluents

	when, what, dueBy, from, until, ends              *expr
	tSilence, tFrom, tUntil, tDue, tCure, rules, unit int32
	lifts                                             []int // measures of its own party whose lifting it promises
}

type measure struct {
	*agreement.Measure
	signs                       bool // its holder signs
	status, liftedAt, imposedAt int32
	liftSeen, returnSeen        int32 // whether the conditions were true
	liftsWhen, returnsWhen      *expr
	rules, unit                 int32
}

type act struct {
	*agreement.Act
	done, doneAt, times int32
	when                *expr
	tNotice, rules      int32
	of                  []int // commitments
}

type reading struct {
	*agreement.Reading
	reported, reportedAt, late, fact, value, maximum int32 // value and maximum: numbers
	tReport, rules                                   int32
}

type milestone struct {
	*agreement.Milestone
	reached, at          int32
	prevented            int32 // -1: nothing prevents it
	atExpr, when, unless *expr
	tReach, rules, unit  int32
}

type vault struct {
	*agreement.Vault
	outcome, closes, decidedAt      int32
	opensIf, opensAt, closesAt      *expr
	tCloses, tLongStop, rules, unit int32
	cone                            []int // commitments its condition depends on, also through others
}

// Compile turns a checked agreement into a machine. It panics if a name or an
// attribute is not declared, which Check has refused before.
func Compile(a *agreement.Agreement) *Machine {
	m := &Machine{agreement: a, byName: map[agreement.Name]block{}, procedures: map[agreement.Name][]int{}}
	m.declare()
	m.layTimers()
	for i := range m.commitments {
		c := &m.commitments[i]
		c.when, c.what, c.dueBy = m.expr(c.When), m.expr(c.What), m.expr(c.Due)
		c.from, c.until, c.ends = m.expr(c.From), m.expr(c.Until), m.expr(c.Ends)
		c.lifts = m.promisedLifts(c)
	}
	for i := range m.acts {
		x := &m.acts[i]
		x.when = m.expr(x.When)
		x.of = m.effectOf(x)
	}
	for i := range m.measures {
		x := &m.measures[i]
		x.liftsWhen, x.returnsWhen = m.expr(x.Lifted), m.expr(x.Returns)
	}
	for i := range m.milestones {
		x := &m.milestones[i]
		x.atExpr, x.when, x.unless = m.expr(x.At), m.expr(x.When), m.expr(x.Unless)
	}
	for i := range m.vaults {
		v := &m.vaults[i]
		v.opensIf, v.closesAt = m.expr(v.OpensIf), m.expr(v.Closes)
		if v.Opens != nil {
			v.opensAt = m.expr(v.Opens)
		}
	}
	m.compileDecisions()
	m.compileProcedures()
	m.compileQuestions()
	m.layUnits()
	return m
}

// Agreement is what the machine was compiled from.
func (m *Machine) Agreement() *agreement.Agreement { return m.agreement }

func (m *Machine) fluent(b block, name agreement.Name, attr string, kind fluentKind, start int64, words ...string) int32 {
	m.fluents = append(m.fluents, fluent{b, name, attr, kind, words, start})
	return int32(len(m.fluents) - 1)
}

// hidden is a note of the machine's own, if it is needed.
func (m *Machine) hidden(b block, name agreement.Name, attr string, needed bool) int32 {
	if !needed {
		return -1
	}
	return m.fluent(b, name, attr, isHidden, 0)
}

// flagIf is a flag, if it is needed.
func (m *Machine) flagIf(needed bool, b block, name agreement.Name, attr string) int32 {
	if !needed {
		return -1
	}
	return m.fluent(b, name, attr, isFlag, 0)
}

func (m *Machine) number() int32 { m.numbers++; return int32(m.numbers - 1) }

// declare gives every block its fluents and rules, in source order.
func (m *Machine) declare() {
	a, unsetInstant := m.agreement, int64(never)
	self := block{"agreement", 0}
	m.byName[a.Name] = self
	m.status = m.fluent(self, a.Name, "status", isStatus, agreementUnsigned, agreementWords...)
	m.inForceAt = m.fluent(self, a.Name, "in_force_at", isInstant, unsetInstant)
	m.rulesOf(self, a.Range, agreementRules)
	for i, p := range a.Parties {
		b := block{"party", i}
		m.byName[p.Name] = b
		m.signed = append(m.signed, m.fluent(b, p.Name, "signed", isFlag, 0))
		if p.Signs {
			m.signers = append(m.signers, i)
		}
	}
	for i, x := range a.Measures {
		b := block{"measure", i}
		m.byName[x.Name] = b
		start := int64(measureInForce)
		if !x.InForce {
			start = measureLifted
		}
		m.measures = append(m.measures, measure{Measure: x, signs: m.signs(x.By),
			status:    m.fluent(b, x.Name, "status", isStatus, start, measureWords...),
			liftedAt:  m.fluent(b, x.Name, "lifted_at", isInstant, unsetInstant),
			imposedAt: m.fluent(b, x.Name, "imposed_at", isInstant, unsetInstant),
			liftSeen:  m.hidden(b, x.Name, "lift_seen", x.Lifted != nil), returnSeen: m.hidden(b, x.Name, "return_seen", x.Returns != nil),
			rules: m.rulesOf(b, x.Range, measureRules)})
	}
	for i, x := range a.Commitments {
		b := block{"commitment", i}
		m.byName[x.Name] = b
		m.commitments = append(m.commitments, m.commitment(b, x))
	}
	for i, x := range a.Acts {
		b := block{"act", i}
		m.byName[x.Name] = b
		m.acts = append(m.acts, act{Act: x,
			done:   m.fluent(b, x.Name, "done", isFlag, 0),
			doneAt: m.fluent(b, x.Name, "done_at", isInstant, unsetInstant),
			times:  m.fluent(b, x.Name, "times", isNumber, 0),
			rules:  m.rulesOf(b, x.Range, actRules)})
	}
	for i, x := range a.Readings {
		b := block{"reading", i}
		m.byName[x.Name] = b
		m.readings = append(m.readings, reading{Reading: x,
			reported:   m.fluent(b, x.Name, "reported", isFlag, 0),
			reportedAt: m.fluent(b, x.Name, "reported_at", isInstant, unsetInstant),
			late:       m.fluent(b, x.Name, "late", isFlag, 0),
			fact:       m.fluent(b, x.Name, "value", isReading, 0),
			value:      m.number(), maximum: m.number(),
			rules: m.rulesOf(b, x.Range, readingRules)})
	}
	m.declareTimes()
}

func (m *Machine) declareTimes() {
	a, unsetInstant := m.agreement, int64(never)
	for i, x := range a.Milestones {
		b := block{"milestone", i}
		m.byName[x.Name] = b
		m.milestones = append(m.milestones, milestone{Milestone: x,
			reached:   m.fluent(b, x.Name, "reached", isFlag, 0),
			at:        m.fluent(b, x.Name, "at", isInstant, unsetInstant),
			prevented: m.flagIf(x.Unless != nil, b, x.Name, "prevented"),
			rules:     m.rulesOf(b, x.Range, milestoneRules)})
	}
	for i, x := range a.Vaults {
		b := block{"vault", i}
		m.byName[x.Name] = b
		m.vaults = append(m.vaults, vault{Vault: x,
			outcome:   m.fluent(b, x.Name, "outcome", isStatus, 0, outcomeWords...),
			closes:    m.fluent(b, x.Name, "closes", isInstant, unsetInstant),
			decidedAt: m.fluent(b, x.Name, "decided_at", isInstant, unsetInstant),
			rules:     m.rulesOf(b, x.Range, vaultRules)})
	}
	m.declareDecisions()
	m.declareProcedures()
	m.declareQuestions()
}

func (m *Machine) commitment(b block, x *agreement.Commitment) commitment {
	unsetInstant := int64(never)
	return commitment{Commitment: x, signs: m.signs(x.By),
		status:      m.fluent(b, x.Name, "status", isStatus, dormant, commitmentWords...),
		due:         m.fluent(b, x.Name, "due", isInstant, unsetInstant),
		claimedAt:   m.fluent(b, x.Name, "claimed_at", isInstant, unsetInstant),
		doneAt:      m.fluent(b, x.Name, "done_at", isInstant, unsetInstant),
		breachedAt:  m.fluent(b, x.Name, "breached_at", isInstant, unsetInstant),
		suspendedAt: m.fluent(b, x.Name, "suspended_at", isInstant, unsetInstant),
		stayed:      m.fluent(b, x.Name, "stayed", isHidden, 0),
		cures:       m.fluent(b, x.Name, "cures", isNumber, 0),
		contested:   m.fluent(b, x.Name, "contested", isFlag, 0),
		marks:       m.fluent(b, x.Name, "marks", isHidden, 0),
		reported:    m.fluent(b, x.Name, "lifts_reported", isHidden, 0),
		rules:       m.rulesOf(b, x.Range, commitmentRules)}
}

func (m *Machine) signs(name agreement.Name) bool {
	for _, p := range m.agreement.Parties {
		if p.Name == name {
			return p.Signs
		}
	}
	return false
}

// promisedLifts are the measures of c's own party in the conjunction that c
// promises, so that to perform c is to lift them.
func (m *Machine) promisedLifts(c *commitment) []int {
	var found []int
	var walk func(e agreement.Expr)
	walk = func(e agreement.Expr) {
		switch e := e.(type) {
		case *agreement.Binary:
			if e.Op == "and" {
				walk(e.X)
				walk(e.Y)
			}
		case *agreement.Count:
			if e.Func == "all" {
				for _, x := range e.Of {
					walk(x)
				}
			}
		case *agreement.Ref:
			b := m.byName[e.Name]
			if e.Noun != "measure" || e.Attr != "lifted" || m.measures[b.i].By != c.By || len(found) == maxLifts {
				return
			}
			for _, f := range found {
				if f == b.i {
					return
				}
			}
			found = append(found, b.i)
		}
	}
	if c.Form == agreement.Do {
		walk(c.What)
	}
	return found
}

func (m *Machine) effectOf(x *act) []int {
	var of []int
	switch {
	case x.Effect == nil:
	case x.Effect.EndsAll:
		for i := range m.commitments {
			of = append(of, i)
		}
	default:
		for _, name := range x.Effect.Of {
			of = append(of, m.lookup(name, "commitment"))
		}
	}
	return of
}

func (m *Machine) lookup(name agreement.Name, noun agreement.Noun) int {
	b, ok := m.byName[name]
	if !ok || b.noun != noun {
		panic("machine: no " + string(noun) + " " + string(name) + " in a checked agreement")
	}
	return b.i
}

// layUnits orders what is looked at again after a change (milestones and
// commitments, then vaults) and finds what each reads.
func (m *Machine) layUnits() {
	m.deps = make([][]int32, len(m.fluents))
	for i := range m.milestones {
		x := &m.milestones[i]
		x.unit = m.unit("milestone", i, m.withCase(x.Case, x.reached, m.status), x.atExpr, x.when, x.unless)
	}
	for i := range m.commitments {
		c := &m.commitments[i]
		own := m.withCase(c.Case, c.status, c.due, c.claimedAt, c.breachedAt, c.suspendedAt, c.stayed, c.cures, c.marks, c.reported, m.status)
		c.unit = m.unit("commitment", i, own, c.when, c.what, c.dueBy, c.from, c.until, c.ends)
	}
	for i := range m.decisions {
		d := &m.decisions[i]
		own := m.withCase(d.Case, append(d.put.fluents(), d.status, d.openedAt, m.status)...)
		for k := range d.body.Members {
			own = append(own, d.votes+int32(k))
		}
		d.unit = m.unit("decision", i, own, d.opens, d.closesAt, d.rule, d.stops)
	}
	m.layProcedures()
	m.layQuestions()
	for i := range m.measures {
		if x := &m.measures[i]; x.liftsWhen != nil || x.returnsWhen != nil {
			x.unit = m.unit("measure", i, []int32{m.status}, x.liftsWhen, x.returnsWhen)
		}
	}
	m.vault0 = len(m.units)
	for i := range m.vaults {
		v := &m.vaults[i]
		v.unit = m.unit("vault", i, []int32{v.outcome, v.closes}, v.closesAt)
		v.cone = m.coneOf(v.opensIf)
	}
}

// withCase adds the status of the case to which a block belongs.
func (m *Machine) withCase(of agreement.Name, own ...int32) []int32 {
	if of == "" {
		return own
	}
	return append(own, m.runs[m.byName[of].i].status)
}

func (m *Machine) unit(noun agreement.Noun, i int, own []int32, exprs ...*expr) int32 {
	u := int32(len(m.units))
	m.units = append(m.units, unit{noun, i})
	for _, e := range exprs {
		own = appendReads(own, e)
	}
	for _, f := range own {
		if n := len(m.deps[f]); n == 0 || m.deps[f][n-1] != u {
			m.deps[f] = append(m.deps[f], u)
		}
	}
	return u
}

// appendReads adds the fluents that e reads.
func appendReads(to []int32, e *expr) []int32 {
	if e == nil {
		return to
	}
	to = appendOwn(to, e)
	for _, a := range e.args {
		to = appendReads(to, a)
	}
	return to
}

// coneOf gives the commitments that e depends on, also through others.
func (m *Machine) coneOf(e *expr) []int {
	seen := make([]bool, len(m.fluents))
	todo := appendReads(nil, e)
	var cone []int
	for len(todo) > 0 {
		f := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[f] {
			continue
		}
		seen[f] = true
		switch b := m.fluents[f].block; b.noun {
		case "commitment":
			c := &m.commitments[b.i]
			for _, x := range []*expr{c.when, c.what, c.dueBy, c.from, c.until, c.ends} {
				todo = appendReads(todo, x)
			}
		case "decision":
			d := &m.decisions[b.i]
			todo = appendReads(appendReads(todo, d.opens), d.closesAt)
		case "procedure":
			todo = appendReads(appendReads(todo, m.runs[b.i].settled), m.runs[b.i].exhausted)
		case "stage":
			todo = appendReads(appendReads(todo, m.stages[b.i].after), m.stages[b.i].settled)
		case "milestone":
			todo = appendReads(appendReads(todo, m.milestones[b.i].atExpr), m.milestones[b.i].when)
		case "measure":
			todo = appendReads(appendReads(todo, m.measures[b.i].liftsWhen), m.measures[b.i].returnsWhen)
			// Its lifting may hang on the finding about whoever promised it.
			for i := range m.commitments {
				for _, l := range m.commitments[i].lifts {
					if l == b.i {
						todo = append(todo, m.commitments[i].status)
					}
				}
			}
		}
	}
	for i := range m.commitments {
		c := &m.commitments[i]
		for f := c.status; f <= c.reported; f++ {
			if seen[f] {
				cone = append(cone, i)
				break
			}
		}
	}
	return cone
}
