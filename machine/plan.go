package machine

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"detente/agreement"
)

// A Foresight is what would follow from assumed acts and silence.
type Foresight struct {
	From    Moment     `json:"from"`
	Until   Moment     `json:"until"`
	Assumed []Assumed  `json:"assumed"`
	Lines   []PlanLine `json:"lines"`
	Comes   int        `json:"comes_about"`
	Changes int        `json:"changes"`
	Lost    int        `json:"lost"`
	Refused int        `json:"no_effect"`

	local local
}

// Assumed is an assumed act and what became of it.
type Assumed struct {
	Act    string          `json:"act"`
	At     Moment          `json:"at"`
	Effect bool            `json:"effect"`
	Reason string          `json:"reason,omitempty"`
	Rule   agreement.Range `json:"rule"`
}

// A PlanLine is one difference.
type PlanLine struct {
	Sign    string   `json:"sign"` // "+", "~" or "-"
	Subject string   `json:"subject"`
	Values  []string `json:"values"` // from the present one to the last
	At      Moment   `json:"at"`     // of the last
	Rule    string   `json:"rule"`   // of the last, in a few words
}

// Plan runs a copy of the state forward under assumed acts, in the order of
// their instants, and silence until the later of until and the last act.
func Plan(s *State, assume []Act, until agreement.Instant) Foresight {
	w := s.Clone()
	w.KeepCauses(false)
	w.KeepCauses(true)
	f := Foresight{From: moment(s.now), local: s.m.local()}
	acts := slices.Clone(assume)
	slices.SortStableFunc(acts, func(a, b Act) int {
		switch {
		case a.At < b.At:
			return -1
		case a.At > b.At:
			return 1
		}
		return 0
	})
	for _, a := range acts {
		x := Assumed{Act: a.String(), At: moment(a.At)}
		if a.At < w.now {
			x.Reason = fmt.Sprintf("it lies before %s, where the record already is", w.now)
		} else {
			v := w.Enact(a)
			x.Effect, x.Reason, x.Rule = v.Effect, v.Reason, v.Rule
		}
		if !x.Effect {
			f.Refused++
		}
		f.Assumed = append(f.Assumed, x)
	}
	w.Drive(until)
	f.Until = moment(max(until, w.now, agreement.Instant(math.MinInt64)))
	f.compare(s, w)
	return f
}

// compare lists the fluents that differ, with the values on the way.
func (f *Foresight) compare(s, w *State) {
	m := s.m
	for i := range m.fluents {
		x, fl := &m.fluents[i], int32(i)
		if w.last[i] < 0 && w.values[i] == s.values[i] || !shown(x) {
			continue
		}
		var values []string
		if w.last[i] < 0 { // a question was answered
			values = append(values, m.text(fl, w.values[i], nil))
		}
		for k := w.last[i]; k >= 0; k = w.causes[k].previous {
			values = append(values, m.text(fl, w.causes[k].to, w.causes[k].toN))
		}
		values = append(values, beforeText(s, fl))
		slices.Reverse(values)
		values = slices.Compact(values)
		l := PlanLine{Subject: planName(x), Values: values, At: moment(w.since[i]), Rule: "so all along by the reading that holds now"}
		if w.last[i] >= 0 {
			c := &w.causes[w.last[i]]
			l.At, l.Rule = moment(c.at), m.rules[c.rule].words
		}
		if l.Sign = signOf(x, values); l.Sign == "" {
			continue
		}
		switch l.Sign {
		case "+":
			f.Comes++
		case "-":
			f.Lost++
		default:
			f.Changes++
		}
		f.Lines = append(f.Lines, l)
	}
}

func beforeText(s *State, f int32) string {
	x := &s.m.fluents[f]
	if x.kind == isReading && s.m.readings[x.block.i].Unit != "" {
		return s.m.text(f, s.values[f], s.numbers[s.m.readings[x.block.i].value])
	}
	return s.m.text(f, s.values[f], nil)
}

// shown leaves out what only repeats the instant of another line.
func shown(x *fluent) bool {
	switch x.kind {
	case isStatus, isReading:
		return true
	case isInstant:
		return x.attr == "due" || x.attr == "closes" || x.block.noun == "milestone"
	case isFlag:
		return x.attr == "signed" || x.attr == "done" || x.attr == "reached" || x.attr == "late" || x.attr == "contested"
	}
	return false
}

func planName(x *fluent) string {
	if x.kind == isStatus && !strings.Contains(x.attr, "/") {
		return string(x.name)
	}
	return x.path()
}

// signOf sorts a difference: + comes about, - is lost, ~ changes; "" if it ends
// as it began.
func signOf(x *fluent, values []string) string {
	first, last := values[0], values[len(values)-1]
	if len(values) == 1 {
		return ""
	}
	if first == last {
		return "~"
	}
	switch last {
	case "breached", "ended", "erase", "not known":
		return "-"
	case "active", "fulfilled", "cured", "lifted", "release":
		return "+"
	case "in-force":
		if x.block.noun == "agreement" {
			return "+"
		}
		return "-"
	case "true":
		if x.attr == "late" || x.attr == "contested" {
			return "-"
		}
		return "+"
	}
	if first == "not known" || first == "unreported" {
		return "+"
	}
	return "~"
}

func (l PlanLine) values() string { return strings.Join(l.Values, " -> ") }

// Text is the plan for people to read: legend, assumptions, differences,
// counts.
func (f Foresight) Text() string {
	var b strings.Builder
	from := "the start"
	if f.From.Set {
		from = f.local.text(f.From)
	}
	fmt.Fprintf(&b, "from %s until %s\n%s", from, f.local.text(f.Until), f.local.legend())
	b.WriteString("  + comes about\n  ~ changes\n  - is lost\n\n")
	for _, a := range f.Assumed {
		fmt.Fprintf(&b, "assuming %s: %s\n", f.local.text(a.At), a.Act)
		if !a.Effect {
			fmt.Fprintf(&b, "  this has no effect: %s\n", a.Reason)
		}
	}
	if len(f.Assumed) == 0 {
		b.WriteString("assuming that nobody acts\n")
	}
	b.WriteString("\n")
	width, wide := 0, 0
	for _, l := range f.Lines {
		width, wide = max(width, len(l.Subject)), max(wide, len(l.values()))
	}
	for _, l := range f.Lines {
		fmt.Fprintf(&b, "  %s %-*s  %-*s  # %s, %s\n", l.Sign, width, l.Subject, wide, l.values(), f.local.text(l.At), l.Rule)
	}
	if len(f.Lines) == 0 {
		b.WriteString("  nothing changes\n")
	}
	fmt.Fprintf(&b, "\nplan: %d to come about, %d to change, %d to be lost", f.Comes, f.Changes, f.Lost)
	if f.Refused > 0 {
		fmt.Fprintf(&b, "; %d assumed without effect", f.Refused)
	}
	b.WriteString("\n")
	return b.String()
}
