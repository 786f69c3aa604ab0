package machine

import (
	"encoding/json"
	"math"

	"detente/agreement"
)

// A Moment is an instant that may not be known. Its JSON is the instant's text
// or null.
type Moment struct {
	At  agreement.Instant
	Set bool
}

// String is the instant, or "not known".
func (t Moment) String() string {
	if !t.Set {
		return "not known"
	}
	return t.At.String()
}

// MarshalJSON writes the instant's text, or null.
func (t Moment) MarshalJSON() ([]byte, error) {
	if !t.Set {
		return []byte("null"), nil
	}
	return json.Marshal(t.At.String())
}

// MarshalJSON writes the deadline with its instant as text.
func (d Deadline) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		At      Moment         `json:"at"`
		Subject agreement.Name `json:"subject"`
		What    string         `json:"what"`
		Then    string         `json:"then"`
	}{moment(d.At), d.Subject, d.What, d.Then})
}

func moment(t agreement.Instant) Moment {
	if t == never || t == math.MinInt64 {
		return Moment{}
	}
	return Moment{t, true}
}

// A Standing is the status of everything in the agreement at an instant.
type Standing struct {
	At      Moment           `json:"at"`
	Status  string           `json:"status"` // unsigned, in-force, ended
	Since   Moment           `json:"since"`
	InForce Moment           `json:"in_force_at"`
	Missing []agreement.Name `json:"unsigned"` // who has yet to sign

	Items     []Item     `json:"items"`     // in the order of nouns below, then of the text
	Deadlines []Deadline `json:"deadlines"` // in order
	Parties   []Position `json:"parties"`
	Waits     []Wait     `json:"waits"`
	Gone      []Gone     `json:"gone,omitempty"`      // what amendments took out
	Questions []Asked    `json:"questions,omitempty"` // that are open

	local local
}

// An Item is the status of one block: a measure, commitment, act, reading,
// milestone or vault.
type Item struct {
	Noun   agreement.Noun   `json:"noun"`
	Name   agreement.Name   `json:"name"`
	Status string           `json:"status"` // see the tables of spec/machine.md
	Since  Moment           `json:"since"`
	Due    Moment           `json:"due"` // when due, closes, report due, notice ends, or is reached
	By     []agreement.Name `json:"by"`
	To     []agreement.Name `json:"to"`
	Clause string           `json:"clause,omitempty"`
	Words  string           `json:"words,omitempty"`
	Range  agreement.Range  `json:"range"`
	Form   string           `json:"form,omitempty"` // of a commitment: do, keep, never

	ClaimedAt  Moment `json:"claimed_at"`
	DoneAt     Moment `json:"done_at"`
	BreachedAt Moment `json:"breached_at"`
	Contested  bool   `json:"contested,omitempty"`
	Times      int64  `json:"times,omitempty"`   // of an act; how often cured of a commitment
	Value      string `json:"value,omitempty"`   // of a reading, with its unit
	Maximum    string `json:"maximum,omitempty"` // of a reading, with its unit
	Late       bool   `json:"late,omitempty"`

	Case agreement.Name `json:"case,omitempty"` // of a procedure, to which it belongs
	Idle bool           `json:"idle,omitempty"` // that case has not been opened
}

// A Position is how one party stands.
type Position struct {
	Party        agreement.Name `json:"party"`
	Must         []Duty         `json:"must"`
	May          []Duty         `json:"may"`
	Owed         []Duty         `json:"owed"`
	WaitsFor     []Wait         `json:"waits_for"`
	KeepsWaiting []Wait         `json:"keeps_waiting"`
}

// A Duty is something to do, or that may be done, about a block, by when.
type Duty struct {
	Subject agreement.Name `json:"subject"`
	Verb    Verb           `json:"verb,omitempty"`
	Clause  string         `json:"clause,omitempty"`
	By      Moment         `json:"by"`
	Words   string         `json:"words"`
}

// Standing gives the status of everything at Now.
func (s *State) Standing() Standing {
	m := s.m
	st := Standing{At: moment(s.now), Status: agreementWords[s.values[m.status]], Since: moment(s.since[m.status]),
		InForce: moment(s.instant(m.inForceAt)), Deadlines: s.Deadlines(),
		Missing: []agreement.Name{}, Items: []Item{}, Parties: []Position{}, local: m.local()} // lists are never null in JSON
	for _, i := range m.signers {
		if s.values[m.signed[i]] == 0 {
			st.Missing = append(st.Missing, m.agreement.Parties[i].Name)
		}
	}
	st.Items, st.Questions = s.items(), s.asked()
	st.Waits, st.Gone = s.waits(), s.gone
	for _, p := range m.agreement.Parties {
		st.Parties = append(st.Parties, s.position(p.Name, st.Waits))
	}
	for _, a := range s.candidates(false) {
		s.permit(&st, a)
	}
	return st
}

// items are the statuses of all blocks.
func (s *State) items() []Item {
	m, items := s.m, []Item{}
	for i := range m.measures {
		items = append(items, s.measureItem(&m.measures[i]))
	}
	for i := range m.commitments {
		items = append(items, s.commitmentItem(&m.commitments[i]))
	}
	for i := range m.acts {
		items = append(items, s.actItem(&m.acts[i]))
	}
	for i := range m.readings {
		items = append(items, s.readingItem(&m.readings[i]))
	}
	for i := range m.milestones {
		items = append(items, s.milestoneItem(&m.milestones[i]))
	}
	for i := range m.vaults {
		items = append(items, s.vaultItem(&m.vaults[i]))
	}
	for i := range m.runs {
		items = append(items, s.caseItem(&m.runs[i]))
		for _, k := range m.runs[i].stages {
			items = append(items, s.stageItem(&m.stages[k]))
		}
	}
	for i := range m.decisions {
		items = append(items, s.decisionItem(&m.decisions[i]))
	}
	for i := range m.questions {
		items = append(items, s.questionItem(&m.questions[i]))
	}
	for i := range items {
		items[i].Idle = items[i].Idle || s.idle(items[i].Case)
	}
	return items
}

func itemOf(b *agreement.Block) Item {
	return Item{Noun: b.Noun, Name: b.Name, Case: b.Case, Clause: b.Clause, Words: b.Words, Range: b.Range}
}

func (s *State) measureItem(x *measure) Item {
	it := itemOf(&x.Block)
	it.Noun, it.By, it.To = "measure", []agreement.Name{x.By}, x.Against
	it.Status, it.Since = measureWords[s.values[x.status]], moment(s.since[x.status])
	return it
}

func (s *State) commitmentItem(c *commitment) Item {
	it := itemOf(&c.Block)
	it.Noun, it.Form, it.By, it.To = "commitment", string(c.Form), []agreement.Name{c.By}, c.To
	it.Status, it.Since = commitmentWords[s.values[c.status]], moment(s.since[c.status])
	it.Due = moment(s.instant(c.due))
	if c.Form != agreement.Do {
		it.Due = moment(s.date(c.until))
	}
	it.ClaimedAt, it.DoneAt, it.BreachedAt = moment(s.instant(c.claimedAt)), moment(s.instant(c.doneAt)), moment(s.instant(c.breachedAt))
	it.Contested, it.Times = s.values[c.contested] == 1, s.values[c.cures]
	return it
}

func (s *State) actItem(x *act) Item {
	it := itemOf(&x.Block)
	it.Noun, it.By, it.Times, it.DoneAt = "act", x.By, s.values[x.times], moment(s.instant(x.doneAt))
	switch {
	case x.tNotice >= 0 && s.timers[x.tNotice] != never:
		it.Status, it.Since, it.Due = "notice", moment(s.since[x.times]), moment(s.timers[x.tNotice])
	case s.values[x.done] == 1:
		it.Status, it.Since = "done", moment(s.instant(x.doneAt))
	default:
		it.Status = "not-done"
	}
	return it
}

func (s *State) readingItem(r *reading) Item {
	it := itemOf(&r.Block)
	it.Noun, it.By, it.Status, it.Since = "reading", r.Reporter, "unreported", moment(s.instant(r.reportedAt))
	if s.values[r.reported] == 1 {
		it.Status = "reported"
		it.Value = s.readingText(r, r.value)
		if r.Unit != "" {
			it.Maximum = s.readingText(r, r.maximum)
		}
	}
	if s.values[r.late] == 1 {
		it.Status, it.Late, it.Since = "late", true, moment(s.since[r.late])
	}
	if r.tReport >= 0 {
		it.Due = moment(s.timers[r.tReport])
	}
	return it
}

func (s *State) readingText(r *reading, number int32) string {
	if r.Unit == "" {
		return map[bool]string{true: "true", false: "false"}[s.values[r.fact] == 1]
	}
	return sayNumber(s.numbers[number]) + " " + r.Unit
}

func (s *State) milestoneItem(x *milestone) Item {
	it := itemOf(&x.Block)
	it.Noun, it.Status, it.Due = "milestone", "not-reached", moment(s.instant(x.at))
	if s.values[x.reached] == 1 {
		it.Status, it.Since = "reached", moment(s.since[x.reached])
	}
	if x.prevented >= 0 && s.values[x.prevented] == 1 {
		it.Status, it.Since = "prevented", moment(s.since[x.prevented])
	}
	return it
}

func (s *State) vaultItem(v *vault) Item {
	it := itemOf(&v.Block)
	it.Noun, it.By, it.To = "vault", []agreement.Name{v.Host}, v.OpensTo
	it.Status, it.Since, it.Due = outcomeWords[s.values[v.outcome]], moment(s.since[v.outcome]), moment(s.instant(v.closes))
	if s.values[v.outcome] == outcomeHeld {
		it.Due = moment(s.timers[v.tLongStop])
	}
	it.DoneAt = moment(s.instant(v.decidedAt))
	return it
}

// position gives what a party must do and is owed, and its waits.
func (s *State) position(p agreement.Name, waits []Wait) Position {
	pos := Position{Party: p, Must: []Duty{}, May: []Duty{}, Owed: []Duty{}, WaitsFor: []Wait{}, KeepsWaiting: []Wait{}}
	if s.values[s.m.status] == agreementInForce {
		for i := range s.m.commitments {
			c := &s.m.commitments[i]
			words, by := s.dutyOf(c)
			if words == "" {
				continue
			}
			d := Duty{Subject: c.Name, Clause: c.Clause, By: by, Words: words}
			if c.By == p {
				pos.Must = append(pos.Must, d)
			}
			for _, to := range c.To {
				if to == p {
					pos.Owed = append(pos.Owed, d)
				}
			}
		}
		for i := range s.m.readings {
			r := &s.m.readings[i]
			for _, by := range r.Reporter {
				if by == p && r.Every > 0 {
					pos.Must = append(pos.Must, Duty{Subject: r.Name, Verb: Report, Clause: r.Clause,
						By: moment(s.timers[r.tReport]), Words: "report " + string(r.Name)})
				}
			}
		}
	}
	for _, w := range waits {
		if w.Who == p {
			pos.WaitsFor = append(pos.WaitsFor, w)
		}
		if w.For == p {
			pos.KeepsWaiting = append(pos.KeepsWaiting, w)
		}
	}
	return pos
}

// dutyOf says in words what is owed now under a commitment, and by when; ""
// if nothing is.
func (s *State) dutyOf(c *commitment) (string, Moment) {
	status := s.values[c.status]
	switch {
	case c.Form == agreement.Do && status == active:
		return "do: " + deed(c), moment(later(s.instant(c.due), c.Grace))
	case c.Form == agreement.Do && status == breached && s.curable(c):
		return "make good: " + deed(c), moment(s.timers[c.tCure])
	case c.Form != agreement.Do && status == breached && s.curable(c):
		return "make good: " + deed(c), moment(s.timers[c.tCure])
	case c.Form != agreement.Do && (status == active || status == cured && !s.marked(c, markOver)):
		return deed(c), moment(s.date(c.until))
	}
	return "", Moment{}
}

// deed is what a commitment promises, in the text's own words.
func deed(c *commitment) string {
	switch {
	case c.Deed != "":
		return c.Deed
	case c.Form == agreement.Keep:
		return "keep " + say(c.What)
	case c.Form == agreement.Never:
		return "never " + say(c.What)
	}
	return say(c.What)
}

// permit adds an act to what its author may do, if it would have an effect now.
func (s *State) permit(st *Standing, a Act) {
	for i := range st.Parties {
		if st.Parties[i].Party != a.By {
			continue
		}
		if !s.alone().Apply(a).Effect {
			return
		}
		d := Duty{Subject: a.Subject, Verb: a.Verb, Words: a.words(baseForm)}
		if a.Verb == Report {
			d.Words = "report " + string(a.Subject)
		}
		if b, ok := s.m.byName[a.Subject]; ok && a.Verb == Verify {
			d.By = moment(s.timers[s.m.commitments[b.i].tSilence])
		}
		for _, it := range st.Items {
			if it.Name == a.Subject {
				d.Clause = it.Clause
			}
		}
		st.Parties[i].May = append(st.Parties[i].May, d)
	}
}
