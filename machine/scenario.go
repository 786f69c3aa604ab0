package machine

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"detente/agreement"
)

// A Scenario is dated statements and the standing that its author expects of
// them. Its form, one line each, `#` beginning a comment:
//
//	at      INSTANT BY VERB SUBJECT ...      an act that must have an effect
//	refused INSTANT BY VERB SUBJECT ...      an act that must have none
//	disputed INSTANT BY VERB SUBJECT ...     an act that has one by some readings of open questions, and not by others
//	expect  INSTANT [NOUN] SUBJECT STATUS    what must be the case
//	expect  INSTANT SUBJECT.ATTRIBUTE VALUE
//	expect  INSTANT SUBJECT STATUS under QUESTION.INTERPRETATION
//	at      INSTANT amended "TEXT"           TEXT takes the place of the text in force
//	refused INSTANT amended "TEXT"
//
// Acts are as in the grammar of assumptions. Lines are taken in the order of
// their instants, then as written; an expectation of an instant is judged
// after every act and deadline of it.
type Scenario struct {
	lines []scenarioLine
}

type scenarioLine struct {
	number int
	text   string
	word   string   // at, refused, expect
	fields []string // what follows it
}

// A ScenarioError is a line that cannot be read.
type ScenarioError struct {
	Line    int
	Message string
}

// Error gives the line and the message.
func (e ScenarioError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// ParseScenario reads the lines, of no agreement in particular: names are found
// when it runs. It gives all errors, and the scenario if there are none.
func ParseScenario(src []byte) (*Scenario, []ScenarioError) {
	if len(src) > maxScenario {
		return nil, []ScenarioError{{1, fmt.Sprintf("a scenario has at most %d bytes", maxScenario)}}
	}
	sc := &Scenario{}
	var errs []ScenarioError
	for i, text := range strings.Split(string(src), "\n") {
		fail := func(format string, args ...any) {
			errs = append(errs, ScenarioError{i + 1, fmt.Sprintf(format, args...)})
		}
		if i >= maxLines {
			fail("a scenario has at most %d lines", maxLines)
			break
		}
		if len(text) > maxLine {
			fail("a line has at most %d bytes", maxLine)
			continue
		}
		text, _, _ = strings.Cut(text, "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		l := scenarioLine{number: i + 1, text: strings.Join(words, " "), word: words[0], fields: words[1:]}
		if msg := l.fault(); msg != "" {
			fail("%s", msg)
			continue
		}
		sc.lines = append(sc.lines, l)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return sc, nil
}

// fault is what is wrong with a line whatever the agreement.
func (l *scenarioLine) fault() string {
	if l.word != "at" && l.word != "refused" && l.word != "disputed" && l.word != "expect" {
		return unknownWord("a line begins with at, refused, disputed or expect, not with", l.word, []string{"at", "refused", "disputed", "expect"}).Error()
	}
	if len(l.fields) < 3 {
		if l.word == "expect" {
			return "expected `expect INSTANT SUBJECT STATUS`, such as `expect 2021-05-24 footage release`"
		}
		return "expected `" + l.word + " INSTANT BY VERB SUBJECT`, such as `at 2021-05-01 iran lifts us-sanctions`"
	}
	if _, err := parseInstant(l.fields[0], time.UTC); err != nil {
		return err.Error()
	}
	if l.amends() {
		if len(l.fields) > 3 {
			return "expected `" + l.word + " INSTANT amended \"TEXT\"`, and nothing after it"
		}
		return ""
	}
	if l.word != "expect" {
		if _, err := parseVerb(l.fields[2]); err != nil {
			return err.Error()
		}
	}
	return ""
}

// amends says whether the line is an amendment: a text's path is in quotes, so
// that no party and no act is taken for one.
func (l *scenarioLine) amends() bool {
	if l.word == "expect" || len(l.fields) < 3 || l.fields[1] != "amended" {
		return false
	}
	q := l.fields[2]
	return len(q) > 2 && q[0] == '"' && q[len(q)-1] == '"'
}

func (l *scenarioLine) path() string { return strings.Trim(l.fields[2], `"`) }

// A ScenarioReport is what came of a scenario.
type ScenarioReport struct {
	Results        []Result
	Passed, Failed int
}

// A Result is what came of one line: an act or an expectation.
type Result struct {
	Line int
	Text string
	OK   bool
	Got  string // when not OK: what was the case instead
	Why  string // when not OK: the explanation
}

// A scenarioEvent is a line at its instant. What it names is found when its
// turn comes, in the text then in force.
type scenarioEvent struct {
	line    *scenarioLine
	at      agreement.Instant
	act     Act
	subject subject
	want    string
	under   string // an expectation by one reading
}

// Texts are the paths of the texts that the scenario's amendments name, each
// once, as they come in the file.
func (sc *Scenario) Texts() []string {
	var out []string
	for i := range sc.lines {
		if l := &sc.lines[i]; l.amends() && !slices.Contains(out, l.path()) {
			out = append(out, l.path())
		}
	}
	return out
}

// Run plays the scenario on a fresh start of the machine. amended gives the
// machine of a text that an amendment names; nil if there are no amendments.
func (sc *Scenario) Run(m *Machine, amended func(path string) (*Machine, error)) ScenarioReport {
	events, unread := sc.events(m)
	var rep ScenarioReport
	for _, r := range unread {
		rep.add(r)
	}
	p := playing{m.Start(), amended, 0}
	for _, e := range events {
		rep.add(p.play(e))
	}
	slices.SortStableFunc(rep.Results, func(a, b Result) int { return a.Line - b.Line })
	return rep
}

// events are the lines in the order in which they come, and those whose
// instants cannot be read.
func (sc *Scenario) events(m *Machine) (events []*scenarioEvent, unread []Result) {
	for i := range sc.lines {
		l := &sc.lines[i]
		at, err := parseInstant(l.fields[0], m.zone())
		if err != nil {
			unread = append(unread, Result{Line: l.number, Text: l.text, Got: err.Error()})
			continue
		}
		events = append(events, &scenarioEvent{line: l, at: at})
	}
	// Acts of an instant before expectations of it.
	slices.SortStableFunc(events, func(a, b *scenarioEvent) int {
		switch {
		case a.at != b.at && a.at < b.at:
			return -1
		case a.at != b.at:
			return 1
		}
		return rank(a) - rank(b)
	})
	return events, unread
}

func rank(e *scenarioEvent) int {
	if e.line.word == "expect" {
		return 1
	}
	return 0
}

func (rep *ScenarioReport) add(r Result) {
	rep.Results = append(rep.Results, r)
	if r.OK {
		rep.Passed++
	} else {
		rep.Failed++
	}
}

// find finds the names of a line in the agreement.
func (e *scenarioEvent) find(m *Machine) error {
	l := e.line
	var err error
	if l.word != "expect" {
		e.act, err = m.parseAct(l.fields)
		e.act.At = e.at
		return err
	}
	rest := l.fields[1:]
	if len(rest) > 2 && isNoun(rest[0]) {
		rest = rest[1:]
	}
	if e.subject, err = m.subject(rest[0]); err != nil {
		return err
	}
	if n := len(rest); n > 3 && rest[n-2] == "under" {
		e.under, rest = rest[n-1], rest[:n-2]
	}
	e.want = strings.Join(rest[1:], " ")
	return m.possible(e)
}

func isNoun(word string) bool {
	switch word {
	case "commitment", "measure", "act", "reading", "milestone", "vault", "party", "decision", "procedure", "stage":
		return true
	}
	return false
}

// possible refuses an expectation that could never be met for its spelling, and
// writes instants and numbers as answers write them.
func (m *Machine) possible(e *scenarioEvent) error {
	var words []string
	switch e.subject.kind {
	case asCondition:
		words = []string{"true", "false"}
	case asInstant:
		if e.want == "not known" {
			return nil
		}
		t, err := parseInstant(e.want, m.zone())
		e.want = t.String()
		return err
	case asValue, asMaximum, asInteger:
		number, unit, _ := strings.Cut(e.want, " ")
		if q, err := parseNumber(number); err == nil {
			e.want = strings.TrimSpace(sayNumber(q) + " " + unit)
		}
		return nil
	case asStatus:
		words = m.fluents[e.subject.fluent].words
		switch e.subject.block.noun {
		case "act":
			words = []string{"not-done", "notice", "done"}
		case "reading":
			words = []string{"unreported", "reported", "late"}
		case "milestone":
			words = []string{"not-reached", "reached", "prevented"}
		}
	}
	if slices.Contains(words, e.want) {
		return nil
	}
	return unknownWord("what is expected of "+e.line.fields[1]+" is not one of its answers:", e.want, words)
}

// playing is a scenario under way.
type playing struct {
	s         *State
	amended   func(path string) (*Machine, error)
	explained int
}

func (p *playing) play(e *scenarioEvent) Result {
	r := Result{Line: e.line.number, Text: e.line.text}
	if e.line.amends() {
		p.amend(e, &r)
		return r
	}
	if err := e.find(p.s.m); err != nil {
		r.Got = err.Error()
		return r
	}
	if e.line.word != "expect" {
		v := p.s.Enact(e.act)
		if e.line.word == "disputed" {
			if r.OK = v.Disputed != ""; !r.OK {
				r.Got = "it is the same by every reading: " + v.Reason
			}
			return r
		}
		r.judge(e.line.word == "at", v.Effect, v.Reason)
		return r
	}
	p.s.Drive(e.at)
	s := p.s
	if e.under != "" {
		var ok bool
		if s, ok = p.s.Under(e.under); !ok {
			r.Got = fmt.Sprintf("no open question is read as %q", clip(e.under))
			return r
		}
	}
	got := s.answer(e.subject)
	if r.OK = got == e.want; r.OK {
		return r
	}
	r.Got = fmt.Sprintf("%s is %s, expected %s", e.subject.text(), got, e.want)
	if p.explained < maxExplained {
		if x, err := s.Why(e.subject.text()); err == nil {
			r.Why = x.Text()
			p.explained++
		}
	}
	return r
}

// judge says whether something had an effect, as the line wants it.
func (r *Result) judge(want, effect bool, reason string) {
	r.OK = effect == want
	switch {
	case r.OK:
	case effect:
		r.Got = "it had an effect"
	default:
		r.Got = "it had no effect: " + reason
	}
}

func (p *playing) amend(e *scenarioEvent, r *Result) {
	if p.amended == nil {
		r.Got = "no other text can be read here"
		return
	}
	to, err := p.amended(e.line.path())
	if err != nil {
		r.Got = err.Error()
		return
	}
	after, _, err := p.s.Amend(to, e.at, -1)
	if err != nil {
		r.judge(e.line.word == "at", false, err.Error())
		return
	}
	p.s = after
	r.judge(e.line.word == "at", true, "")
}

func (q subject) text() string {
	if q.attr == "" {
		return string(q.name)
	}
	return string(q.name) + "." + q.attr
}

// Text is the report for people to read: every line, and why those failed that
// did.
func (rep ScenarioReport) Text() string {
	var b strings.Builder
	for _, r := range rep.Results {
		if r.OK {
			fmt.Fprintf(&b, "ok    line %d: %s\n", r.Line, r.Text)
			continue
		}
		fmt.Fprintf(&b, "FAIL  line %d: %s\n      %s\n", r.Line, r.Text, r.Got)
		for l := range strings.Lines(r.Why) {
			b.WriteString("      " + l)
		}
	}
	fmt.Fprintf(&b, "%d passed, %d failed\n", rep.Passed, rep.Failed)
	return b.String()
}
