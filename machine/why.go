package machine

import (
	"fmt"
	"strings"

	"detente/agreement"
)

// An Explanation says why something is as it is: the shortest chain of rules,
// entries and earlier changes, and what nearest would alter it.
type Explanation struct {
	Subject string   `json:"subject"`
	Answer  string   `json:"answer"`
	At      Moment   `json:"at"`
	Steps   []Step   `json:"steps"`
	Changes []Change `json:"changes"`

	local local
}

// A Step is one change in the chain, or what has been so from the start. A
// step that is deeper than the one before is a ground of it.
type Step struct {
	Depth     int             `json:"depth"`
	Fluent    string          `json:"fluent"` // its path
	From      string          `json:"from,omitempty"`
	To        string          `json:"to"`
	At        Moment          `json:"at"`    // not known: from the start
	Entry     int64           `json:"entry"` // of the record; -1: a deadline, or the start
	Amendment bool            `json:"amendment,omitempty"`
	Rule      string          `json:"rule"` // in a few words
	Clause    string          `json:"clause,omitempty"`
	Range     agreement.Range `json:"range"` // of the text
	Condition string          `json:"condition,omitempty"`
}

// Why explains `name` or `name.attr`. Its error is for a word that the
// agreement does not have, or a state whose causes were dropped.
func (s *State) Why(text string) (Explanation, error) {
	q, err := s.m.subject(text)
	if err != nil {
		return Explanation{}, err
	}
	if !s.keep {
		return Explanation{}, fmt.Errorf("explaining %s: the causes of this state were not kept", text)
	}
	e := Explanation{Subject: text, Answer: s.answer(q), At: moment(s.now), local: s.m.local()}
	w := walk{e: &e, seen: map[seenAt]bool{}, told: map[telling]bool{}}
	w.explain(s, q.fluent, int32(len(s.causes)), 0)
	e.Changes = s.changes(q)
	return e, nil
}

// A telling is one rule at work in one event: what else it changed then is no
// further reason.
type telling struct {
	in    *State
	rule  int32
	block block // whose fluent
	at    agreement.Instant
	entry int64
}

// seenAt is a cause of a state, or -1-fluent for what never changed in it.
type seenAt struct {
	in *State
	i  int32
}

// walk gathers the steps of one explanation, through the amendments back to the
// start: what was changed before one is explained by the text of then. seen is
// only asked, never listed.
type walk struct {
	e    *Explanation
	seen map[seenAt]bool
	told map[telling]bool
}

func (w *walk) explain(s *State, f, before int32, depth int) {
	if depth > maxDepth || len(w.e.Steps) >= maxSteps {
		return
	}
	p := past{s, before}
	i := p.cause(f)
	if i < 0 && s.era != nil && s.era.of[f] >= 0 && w.elder(s, f) {
		w.explain(s.era.state, s.era.of[f], int32(len(s.era.state.causes)), depth)
		return
	}
	key := i
	if i < 0 {
		key = -1 - f
	}
	if w.seen[seenAt{s, key}] || s.m.fluents[f].kind == isHidden {
		return
	}
	w.seen[seenAt{s, key}] = true
	m := s.m
	st := Step{Depth: depth, Fluent: m.fluents[f].path(), Entry: -1, Clause: m.clause(m.fluents[f].block)}
	if i < 0 {
		w.unchanged(s, f, p, st)
		return
	}
	c := &s.causes[i]
	r := &m.rules[c.rule]
	once := telling{s, c.rule, m.fluents[f].block, c.at, c.entry}
	if w.told[once] {
		return
	}
	w.told[once] = true
	st.From, st.To = m.text(f, c.from, c.fromN), m.text(f, c.to, c.toN)
	st.At, st.Entry, st.Rule, st.Range, st.Clause = moment(c.at), c.entry, r.words, r.where, m.clause(r.block)
	st.Amendment = c.amends
	g := grounds(s, i)
	if g.e != nil {
		st.Condition = conditionText(past{s, i}, g.e)
	}
	w.e.Steps = append(w.e.Steps, st)
	for _, f := range dependsOn(past{s, i}, g) {
		w.explain(s, f, i, depth+1)
	}
	for _, f := range g.same {
		w.explain(s, f, int32(len(s.causes)), depth+1)
	}
}

// elder says whether what was before the amendment explains a fluent that has
// not changed since: it had changed then. What had not is explained by the
// text now.
func (w *walk) elder(s *State, f int32) bool {
	for s.era != nil && s.era.of[f] >= 0 {
		s, f = s.era.state, s.era.of[f]
		if s.last[f] >= 0 {
			return true
		}
	}
	return false
}

// unchanged is a fluent that has its value from the start; if it waits for a
// condition, that is why.
func (w *walk) unchanged(s *State, f int32, p past, st Step) {
	m := s.m
	b := m.fluents[f].block
	st.To = m.text(f, p.slot(f), nil)
	st.Rule = "so from the start"
	var e *expr
	switch {
	case b.noun == "commitment" && f == m.commitments[b.i].status:
		c := &m.commitments[b.i]
		e = c.when
		st.Rule, st.Range = "it has not begun", m.rules[c.rules+ruleStart].where
	case b.noun == "commitment" && f == m.commitments[b.i].due:
		e = m.commitments[b.i].dueBy
		st.Rule, st.Range = "when it is due", m.rules[m.commitments[b.i].rules+ruleDue].where
	case b.noun == "stage" && f == m.stages[b.i].status:
		x := &m.stages[b.i]
		e = x.after
		st.Rule, st.Range = "it has not begun", m.rules[x.rules+ruleStageReady].where
	case b.noun == "decision" && f == m.decisions[b.i].status:
		d := &m.decisions[b.i]
		e = d.opens
		st.Rule, st.Range = "it is not open for votes yet", m.rules[d.rules+ruleOpen].where
	case b.noun == "vault" && f == m.vaults[b.i].closes:
		e = m.vaults[b.i].closesAt
		st.Rule, st.Range = "when it closes", m.rules[m.vaults[b.i].rules+ruleCloses].where
	case b.noun == "vault" && f == m.vaults[b.i].outcome:
		v := &m.vaults[b.i]
		e = v.opensIf
		st.Rule = "it closes at " + moment(agreement.Instant(p.slot(v.closes))).String()
		st.Range = m.rules[v.rules+ruleCloses].where
	case b.noun == "milestone" && f == m.milestones[b.i].reached:
		x := &m.milestones[b.i]
		if e = x.when; e == nil {
			e = x.atExpr
		}
		st.Rule, st.Range = "it is not reached", m.rules[x.rules+ruleReach].where
	}
	if e != nil {
		st.Condition = conditionText(p, e)
	}
	w.e.Steps = append(w.e.Steps, st)
	if e == nil {
		if b.noun == "commitment" && f == m.commitments[b.i].status {
			w.explain(s, m.status, p.before, st.Depth+1)
		}
		if b.noun == "agreement" && f == m.status {
			for _, i := range m.signers {
				if p.slot(m.signed[i]) == 0 {
					w.explain(s, m.signed[i], p.before, st.Depth+1)
				}
			}
		}
		return
	}
	for _, g := range support(p, e, nil) {
		w.explain(s, g, p.before, st.Depth+1)
	}
}

// conditionText is an expression and what it was worth.
func conditionText(r reader, e *expr) string {
	text := say(e.src)
	v := eval(r, e)
	switch {
	case !v.set:
		return text + ": not known"
	case e.kind == agreement.TypeBool:
		return text + ": " + truthWord(v.n == 1)
	case e.kind == agreement.TypeInstant && e.op != opConst:
		return text + ": " + agreement.Instant(v.n).String()
	}
	return text
}

// ground is what the rule of a cause had read.
type ground struct {
	e    *expr   // a condition or instant, read before the cause
	read []int32 // fluents read before the cause
	same []int32 // fluents that the same event changed
}

func dependsOn(p past, g ground) []int32 {
	out := g.read
	if g.e != nil {
		out = support(p, g.e, out)
	}
	return out
}

// grounds finds what the rule of cause i had read.
func grounds(s *State, i int32) ground {
	m := s.m
	c := &s.causes[i]
	r := &m.rules[c.rule]
	switch r.block.noun {
	case "agreement":
		if r.kind == ruleInForce {
			g := ground{}
			for _, k := range m.signers {
				g.same = append(g.same, m.signed[k])
			}
			return g
		}
	case "commitment":
		return commitmentGrounds(s, i, &m.commitments[r.block.i], r.kind)
	case "measure":
		switch x := &m.measures[r.block.i]; r.kind {
		case ruleLiftWhen:
			return ground{e: x.liftsWhen}
		case ruleReturn:
			return ground{e: x.returnsWhen}
		}
		if r.kind == ruleLiftFound {
			return ground{same: changedWith(s, i, func(f *fluent) bool {
				return f.block.noun == "commitment" && f.attr == "status" && contains(m.commitments[f.block.i].lifts, r.block.i)
			})}
		}
	case "act":
		return ground{e: m.acts[r.block.i].when}
	case "reading":
		if r.kind == ruleLate {
			return ground{read: []int32{m.readings[r.block.i].reportedAt}}
		}
	case "milestone":
		x := &m.milestones[r.block.i]
		if r.kind == rulePrevent {
			return ground{e: x.unless, read: []int32{x.at}}
		}
		if x.atExpr != nil {
			return ground{e: x.atExpr}
		}
		return ground{e: x.when}
	case "procedure", "stage", "decision":
		return stepGrounds(m, r)
	case "vault":
		v := &m.vaults[r.block.i]
		switch r.kind {
		case ruleCloses:
			return ground{e: v.closesAt}
		case ruleOpens, ruleElse:
			return ground{e: v.opensIf}
		case ruleLongStop:
			return ground{read: []int32{v.outcome}}
		}
		g := ground{}
		for _, k := range v.cone {
			g.read = append(g.read, m.commitments[k].status)
		}
		if r.kind != rulePending { // the finding is of the same event
			g.read, g.same = nil, g.read
		}
		return g
	}
	return ground{}
}

func commitmentGrounds(s *State, i int32, c *commitment, kind int32) ground {
	switch kind {
	case ruleDue:
		return ground{e: c.dueBy}
	case ruleStart:
		if c.when == nil {
			return ground{read: []int32{s.m.status}}
		}
		return ground{e: c.when}
	case ruleFrom:
		return ground{e: c.from}
	case ruleClaim, ruleDone:
		if c.what == nil || !eval(past{s, i}, c.what).isTrue() {
			return ground{}
		}
		return ground{e: c.what}
	case ruleAccept, ruleSilence, ruleRefuse:
		return ground{read: []int32{c.claimedAt}}
	case ruleBreach:
		return ground{read: []int32{c.due}}
	case ruleBroken, ruleCure:
		return ground{e: c.what}
	case ruleUntil:
		return ground{e: c.until}
	case ruleEnds:
		return ground{e: c.ends}
	case ruleSuspend, ruleResume, ruleEnd:
		return ground{same: changedWith(s, i, func(f *fluent) bool { return f.block.noun == "act" && f.attr == "done_at" })}
	}
	return ground{}
}

// changedWith gives the fluents that changed at the instant of cause i and for
// the same reason, of those wanted.
func changedWith(s *State, i int32, want func(*fluent) bool) []int32 {
	var out []int32
	c := &s.causes[i]
	for k := i; k >= 0 && s.causes[k].at == c.at && s.causes[k].entry == c.entry; k-- {
		if f := s.causes[k].fluent; want(&s.m.fluents[f]) {
			out = append(out, f)
		}
	}
	return out
}

func contains(list []int, x int) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
}

// Text is the explanation for people to read.
func (e Explanation) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", e.Subject, e.Answer)
	for _, st := range e.Steps {
		fmt.Fprintf(&b, "%s%s\n", strings.Repeat("  ", st.Depth+1), st.text(e.local))
	}
	if len(e.Changes) > 0 {
		b.WriteString("what would change it\n")
	}
	for _, c := range e.Changes {
		fmt.Fprintf(&b, "  %s\n", c.text(e.local))
	}
	return b.String()
}

func (st Step) text(l local) string {
	var parts []string
	if st.At.Set {
		parts = append(parts, fmt.Sprintf("%s became %s on %s", st.Fluent, st.To, l.text(st.At)))
	} else {
		parts = append(parts, fmt.Sprintf("%s is %s", st.Fluent, st.To))
	}
	switch {
	case st.Amendment && st.Entry >= 0:
		parts = append(parts, fmt.Sprintf("by the amendment of entry %d", st.Entry))
	case st.Amendment:
		parts = append(parts, "by an amendment")
	case st.Entry >= 0:
		parts = append(parts, fmt.Sprintf("by entry %d", st.Entry))
	}
	rule := st.Rule
	if st.Clause != "" {
		rule += " (clause " + st.Clause + ")"
	}
	parts = append(parts, rule)
	text := strings.Join(parts, ", ")
	if st.Condition != "" {
		text += ": " + st.Condition
	}
	return text
}
