package machine

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"detente/agreement"
)

// An era is what came before an amendment.
type era struct {
	state   *State     // as it was, of the old machine; never changed
	of      []int32    // by fluent now: which it was there, -1 for one that is new
	numbers []*big.Rat // the readings as they were, by number now
}

// A NotAmended says why a text does not take the place of another. It is a
// verdict, like a refusal of an act.
type NotAmended struct {
	Reason      string                 // lower case, one sentence
	Rule        agreement.Range        // of the new text, unless it is the old one's amendment rule that refuses
	Subject     agreement.Name         // the block in whose way it is, if it is one's
	Diagnostics []agreement.Diagnostic // if the texts alone exclude it: all that do
}

// Error is the reason.
func (e *NotAmended) Error() string { return e.Reason }

// Carried is what became of a state when its text was amended.
type Carried struct {
	Amendment *agreement.Amendment
	At        agreement.Instant
	Entry     int64
	Moved     []Moved  // deadlines that run, ran, or began to run, in the order of the new text, then what ended
	Became    []Became // statuses that the amendment changed
	Ended     []Gone
}

// Moved is a deadline before and after an amendment.
type Moved struct {
	Subject  agreement.Name `json:"subject"` // its name now; before, if it ended
	What     string         `json:"what"`    // as of a Deadline
	From, To Moment         // From: not running before; To: no longer running
}

// Became is a status that an amendment changed.
type Became struct {
	Fluent   string `json:"fluent"` // its path now
	From, To string
}

// A Gone is a block that an amendment took out, as it stood then. A breach
// stays one.
type Gone struct {
	Item
	EndedAt Moment `json:"ended_at"`
	Entry   int64  `json:"entry"` // of the amendment; -1 in plans and scenarios
}

// Amend lets an amendment take effect as a record would: deadlines before it
// fire first, and it comes one second after now if a deadline has fired at now.
func (s *State) Amend(to *Machine, at agreement.Instant, entry int64) (*State, *Carried, error) {
	if at > s.now {
		s.Drive(at - 1)
	}
	at = max(at, s.now)
	if at == s.now && s.fired {
		at++
	}
	return to.Carry(s, at, entry)
}

// Carry is the state of the new text that follows from the state of the old
// one when the amendment takes effect at an instant, which is not before the
// state's (a fault of the caller, and a panic). The rule is section 10 of
// spec/machine.md. The error is a *NotAmended; then nothing has changed. The
// old state is not touched.
func (to *Machine) Carry(from *State, at agreement.Instant, entry int64) (*State, *Carried, error) {
	if at < from.now {
		panic("machine: amendment at " + at.String() + " is before the state's instant " + from.now.String())
	}
	how, ds := agreement.Amends(from.m.agreement, to.agreement)
	if how == nil {
		return nil, nil, &NotAmended{Reason: ds[0].Message, Rule: ds[0].Range, Diagnostics: ds}
	}
	c := &carrier{from: from, how: how, to: to, timers: map[timerKey]int32{}}
	if err := c.through(at, entry); err != nil {
		return nil, nil, err
	}
	if err := to.carryWorlds(from, c.s, at, entry, how); err != nil {
		return nil, nil, err
	}
	return c.s, c.report(at, entry), nil
}

type timerKey struct {
	name agreement.Name // in the old text
	kind int
}

// carrier is one amendment under way.
type carrier struct {
	from   *State
	to     *Machine
	how    *agreement.Amendment
	s      *State
	world  []int64            // of s
	timers map[timerKey]int32 // those of the old machine; only asked, never listed
}

// through carries one state, in one world.
func (c *carrier) through(at agreement.Instant, entry int64) error {
	if err := c.allowed(); err != nil {
		return err
	}
	c.carry(at, entry)
	if err := c.run(); err != nil {
		return err
	}
	return c.shortened()
}

func (c *carrier) refuse(where agreement.Range, subject agreement.Name, format string, args ...any) error {
	return &NotAmended{Reason: fmt.Sprintf(format, args...), Rule: where, Subject: subject}
}

// allowed is what excludes the amendment whatever its deadlines.
func (c *carrier) allowed() error {
	s, head := c.from, c.to.agreement.Range
	switch s.values[s.m.status] {
	case agreementUnsigned:
		return c.refuse(head, "", "the agreement is not in force: %s", s.unsigned())
	case agreementEnded:
		return c.refuse(head, "", "the agreement ended on %s", s.since[s.m.status])
	}
	for _, b := range c.how.Added {
		if i := slices.IndexFunc(s.gone, func(g Gone) bool { return g.Name == b.Name }); i >= 0 {
			return c.refuse(b.Title, b.Name, "%s ended by an amendment on %s: what is new takes another name", b.Name, s.gone[i].EndedAt)
		}
	}
	for i := range s.m.commitments {
		x := &s.m.commitments[i]
		if s.values[x.status] != claimed {
			continue
		}
		now, goes := c.how.Now(x.Name)
		switch {
		case !goes:
			return c.refuse(head, x.Name, "%s has an open claim: it cannot end before that is found true or not", x.Name)
		case c.to.commitments[c.to.byName[now].i].Verify == nil:
			return c.refuse(c.to.commitments[c.to.byName[now].i].Range, now, "%s has an open claim: somebody must remain who finds whether it is true", now)
		}
	}
	for i := range s.m.acts {
		x := &s.m.acts[i]
		if x.tNotice < 0 || s.timers[x.tNotice] == never {
			continue
		}
		if now, goes := c.how.Now(x.Name); goes && c.to.acts[c.to.byName[now].i].tNotice < 0 {
			return c.refuse(c.to.acts[c.to.byName[now].i].Range, now, "notice of %s is running until %s: it cannot come to need none", now, s.timers[x.tNotice])
		}
	}
	return nil
}

// carry makes the state of the new machine, with everything where it was.
func (c *carrier) carry(at agreement.Instant, entry int64) {
	from, to := c.from, c.to
	s := to.blank()
	c.s = s
	s.now, s.entry, s.keep, s.amends = at, entry, from.keep, true
	s.world = c.world
	s.fired = from.fired && at == from.now
	s.gone = from.gone
	for i, t := range from.m.timers {
		c.timers[timerKey{t.name, t.kind}] = int32(i)
	}
	of := c.fluents(at)
	c.readings()
	for i, t := range to.timers {
		if was, ok := c.old(t); ok {
			s.timers[i] = from.timers[was]
		}
	}
	for i := range to.vaults {
		was, ok := c.how.Was(to.vaults[i].Name)
		if !ok {
			continue
		}
		k := from.closed[from.m.byName[was].i]
		if k.State != nil {
			s.closed[i] = kept{k.Clone(), k.vault, c.claims(&k)}
		}
	}
	if s.keep {
		s.era = &era{from.Clone(), of, slices.Clone(s.numbers)}
	}
	c.changes()
	s.commit()
}

// old finds the timer of the old machine that goes on as t.
func (c *carrier) old(t timer) (int32, bool) {
	was, ok := c.how.Was(t.name)
	if !ok {
		return -1, false
	}
	i, ok := c.timers[timerKey{was, t.kind}]
	return i, ok
}

// fluents gives every fluent the value it had, by name path, and says which it
// was.
func (c *carrier) fluents(at agreement.Instant) []int32 {
	type path struct {
		name agreement.Name
		attr string
	}
	at0 := make(map[path]int32, len(c.from.m.fluents)) // only asked, never listed
	for i := range c.from.m.fluents {
		f := &c.from.m.fluents[i]
		at0[path{f.name, f.attr}] = int32(i)
	}
	of := make([]int32, len(c.to.fluents))
	for i := range c.to.fluents {
		f := &c.to.fluents[i]
		of[i] = -1
		c.s.since[i] = at
		was, ok := c.how.Was(f.name)
		if !ok {
			continue
		}
		o, known := at0[path{was, c.was(f.attr)}]
		if !known {
			continue // the vote of one who is a member since the amendment
		}
		of[i] = o
		c.s.values[i], c.s.since[i] = c.from.values[o], c.from.since[o]
	}
	for i := range c.to.commitments {
		x := &c.to.commitments[i]
		if o := of[x.reported]; o >= 0 && c.s.values[x.reported] != 0 {
			c.s.values[x.reported] = c.lifts(&c.from.m.commitments[c.from.m.fluents[o].block.i], x)
		}
	}
	return of
}

// lifts gives the liftings reported for a commitment by their places now.
func (c *carrier) lifts(was, now *commitment) int64 {
	var bits int64
	for k, i := range was.lifts {
		name, goes := c.how.Now(c.from.m.measures[i].Name)
		if c.from.values[was.reported]&(1<<k) == 0 || !goes {
			continue
		}
		if place := slices.Index(now.lifts, c.to.byName[name].i); place >= 0 {
			bits |= 1 << place
		}
	}
	return bits
}

func (c *carrier) readings() {
	for i := range c.to.readings {
		r := &c.to.readings[i]
		if was, ok := c.how.Was(r.Name); ok {
			o := &c.from.m.readings[c.from.m.byName[was].i]
			c.s.numbers[r.value], c.s.numbers[r.maximum] = c.from.numbers[o.value], c.from.numbers[o.maximum]
		}
	}
}

// claims says where the commitments of the new text are in a kept state.
func (c *carrier) claims(k *kept) []int32 {
	of := make([]int32, len(c.to.commitments))
	for i := range c.to.commitments {
		of[i] = -1
		if was, ok := c.how.Was(c.to.commitments[i].Name); ok {
			of[i] = int32(k.commitment(c.from.m.byName[was].i))
		}
	}
	return of
}

// changes is what the amendment itself changes, before anything is looked at
// under the new text.
func (c *carrier) changes() {
	s, to := c.s, c.to
	for _, name := range c.how.Joins {
		s.write(to.signed[to.byName[name].i], 1, ruleSign)
	}
	for i := range to.milestones {
		if x := &to.milestones[i]; x.atExpr == nil && s.values[x.reached] == 0 {
			s.write(x.at, int64(never), x.rules+ruleAt)
		}
	}
	for i := range to.commitments {
		if x := &to.commitments[i]; s.values[x.status] == dormant && s.marked(x, markStarted) && x.from == nil {
			s.begin(x, x.rules+ruleStart) // its condition was true; it waits for nothing else now
		}
	}
	for i := range to.acts {
		x := &to.acts[i]
		if o, ok := c.old(timer{kind: timerNotice, name: x.Name}); ok && x.tNotice >= 0 {
			was := &c.from.m.acts[c.from.m.timers[o].block.i]
			s.arm(x.tNotice, moved(c.from.timers[o], was.Notice, x.Notice))
		}
	}
	for i := range to.readings {
		x := &to.readings[i]
		if x.tReport < 0 {
			continue
		}
		if o, ok := c.old(timer{kind: timerReport, name: x.Name}); ok {
			was := &c.from.m.readings[c.from.m.timers[o].block.i]
			s.arm(x.tReport, moved(c.from.timers[o], was.Every+was.Grace, x.Every+x.Grace))
		} else {
			s.expect(x)
		}
	}
}

// moved is a deadline that ran one length from its anchor and runs another.
func moved(at agreement.Instant, was, now agreement.Duration) agreement.Instant {
	if at == never {
		return never
	}
	return later(at-agreement.Instant(was), now)
}

// run looks at everything under the new text, to quiescence. A deadline that
// lies at or before the amendment, and did not before it, refuses it; except
// what the new text gives for the first time and whose passing ends nothing.
func (c *carrier) run() error {
	s := c.s
	for left := roundsPerUnit * (len(s.m.units) + len(s.m.timers) + 1); left > 0; left-- {
		if s.round(0, s.m.vault0) || s.round(s.m.vault0, len(s.m.units)) {
			continue
		}
		if len(s.urgent) == 0 {
			break
		}
		slices.Sort(s.urgent)
		for _, t := range s.urgent {
			if x := s.m.timers[t]; !c.harmless(x) {
				return c.refuse(s.m.blockRange(x.block), x.name, "%s of %s would be %s, which is not after the amendment on %s",
					timerWords[x.kind], x.name, s.timers[t], s.now)
			}
		}
		t := s.urgent[0]
		s.urgent = slices.Delete(s.urgent, 0, 1)
		s.timers[t], s.soonest, s.fired = never, -2, true
		s.expire(s.m.timers[t])
		s.commit()
	}
	clear(s.dirty)
	s.urgent, s.amends, s.soonest = s.urgent[:0], false, -2
	return nil
}

// harmless says whether a deadline that has passed may simply have passed: the
// old text had none, and it marks or begins something.
func (c *carrier) harmless(t timer) bool {
	_, ran := c.old(t)
	return !ran && (t.kind == timerMilestone || t.kind == timerFrom || t.kind == timerCure)
}

// shortened holds the amendment to the old text's promise.
func (c *carrier) shortened() error {
	rule := c.from.m.agreement.Amended
	if !rule.NeverShorten {
		return nil
	}
	for i, t := range c.to.timers {
		if o, ok := c.old(t); ok && c.from.timers[o] != never && c.s.timers[i] < c.from.timers[o] {
			return c.refuse(rule.Range, t.name, "%s of %s would be %s and runs until %s: an amendment may bring no deadline forward",
				timerWords[t.kind], t.name, c.s.timers[i], c.from.timers[o])
		}
	}
	return nil
}

// report lists what became of everything.
func (c *carrier) report(at agreement.Instant, entry int64) *Carried {
	s, from := c.s, c.from
	out := &Carried{Amendment: c.how, At: at, Entry: entry}
	for i, t := range c.to.timers {
		was := never
		if o, ok := c.old(t); ok {
			was = from.timers[o]
		}
		if was != s.timers[i] {
			out.Moved = append(out.Moved, Moved{t.name, timerWords[t.kind], moment(was), moment(s.timers[i])})
		}
	}
	for i, t := range from.m.timers {
		now, goes := c.how.Now(t.name)
		if from.timers[i] != never && (!goes || !c.to.has(timerKey{now, t.kind})) {
			name := t.name
			if goes {
				name = now
			}
			out.Moved = append(out.Moved, Moved{name, timerWords[t.kind], moment(from.timers[i]), Moment{}})
		}
	}
	for i := range c.to.fluents {
		f := &c.to.fluents[i]
		if f.kind != isStatus && f.attr != "reached" && f.attr != "signed" {
			continue
		}
		if was, ok := c.how.Was(f.name); ok {
			o, known := c.oldFluent(was, c.was(f.attr))
			if known && from.values[o] != s.values[i] {
				out.Became = append(out.Became, Became{f.path(), from.m.text(o, from.values[o], nil), c.to.text(int32(i), s.values[i], nil)})
			}
		}
	}
	for _, b := range c.how.Ended {
		it := from.item(b)
		out.Ended = append(out.Ended, Gone{it, moment(at), entry})
	}
	if len(out.Ended) > 0 {
		s.gone = append(slices.Clip(s.gone), out.Ended...)
	}
	return out
}

// Text is what became of everything, a line each; empty if nothing did.
func (c *Carried) Text() string {
	var b strings.Builder
	for _, m := range c.Moved {
		switch {
		case !m.To.Set:
			fmt.Fprintf(&b, "%s of %s, which ran until %s, no longer runs\n", m.What, m.Subject, m.From)
		case !m.From.Set:
			fmt.Fprintf(&b, "%s of %s runs until %s\n", m.What, m.Subject, m.To)
		default:
			fmt.Fprintf(&b, "%s of %s moves from %s to %s\n", m.What, m.Subject, m.From, m.To)
		}
	}
	for _, x := range c.Became {
		fmt.Fprintf(&b, "%s becomes %s; it was %s\n", x.Fluent, x.To, x.From)
	}
	for _, g := range c.Ended {
		fmt.Fprintf(&b, "%s %s ends%s\n", g.Noun, g.Name, g.was(local{}))
	}
	return b.String()
}

// was is how what ended stood.
func (g Gone) was(l local) string {
	if g.Status == "" {
		return ""
	}
	return "; it was " + g.status(l)
}

func (c *carrier) oldFluent(name agreement.Name, attr string) (f int32, ok bool) {
	for i := range c.from.m.fluents {
		if f := &c.from.m.fluents[i]; f.name == name && f.attr == attr {
			return int32(i), true
		}
	}
	return -1, false
}

// was is what an attribute that names a party was before the party was renamed.
func (c *carrier) was(attr string) string {
	kind, name, ofParty := strings.Cut(attr, "/")
	if old, ok := c.how.Was(agreement.Name(name)); ofParty && ok {
		return kind + "/" + string(old)
	}
	return attr
}

// has says whether the machine has a timer of that kind for that block.
func (m *Machine) has(k timerKey) bool {
	return slices.ContainsFunc(m.timers, func(t timer) bool { return t.name == k.name && t.kind == k.kind })
}

// blockRange is the text of a block.
func (m *Machine) blockRange(b block) agreement.Range {
	switch a := m.agreement; b.noun {
	case "commitment":
		return a.Commitments[b.i].Range
	case "act":
		return a.Acts[b.i].Range
	case "reading":
		return a.Readings[b.i].Range
	case "milestone":
		return a.Milestones[b.i].Range
	case "vault":
		return a.Vaults[b.i].Range
	case "question":
		return a.Questions[b.i].Range
	case "procedure":
		return a.Cases[b.i].Range
	case "stage":
		return a.Stages[b.i].Range
	case "decision":
		return a.Decisions[b.i].Range
	}
	return m.agreement.Range
}

// item is how a block stands; of what has no status, what it is.
func (s *State) item(b agreement.Block) Item {
	switch x := s.m.byName[b.Name]; x.noun {
	case "measure":
		return s.measureItem(&s.m.measures[x.i])
	case "commitment":
		return s.commitmentItem(&s.m.commitments[x.i])
	case "act":
		return s.actItem(&s.m.acts[x.i])
	case "reading":
		return s.readingItem(&s.m.readings[x.i])
	case "milestone":
		return s.milestoneItem(&s.m.milestones[x.i])
	case "vault":
		return s.vaultItem(&s.m.vaults[x.i])
	case "question":
		return s.questionItem(&s.m.questions[x.i])
	case "procedure":
		return s.caseItem(&s.m.runs[x.i])
	case "stage":
		return s.stageItem(&s.m.stages[x.i])
	case "decision":
		return s.decisionItem(&s.m.decisions[x.i])
	}
	return itemOf(&b)
}
