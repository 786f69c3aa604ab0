package web

import (
	"fmt"
	"time"

	"detente/agreement"
)

// An axis lays instants out from left to right, in percent of the width.
type axis struct {
	From, Until agreement.Instant
	Ticks       []tick
	Marks       []axisMark
	last        float64 // where the last name stands
}

type tick struct {
	X     string
	Label string
	Minor bool // left out where there is little room
}

// An axisMark is an upright through all lanes, with its name above.
type axisMark struct {
	X      string
	Label  string
	Class  string // mile, today, close
	Anchor string // start, middle, end
}

const ticksAtMost = 9

func newAxis(from, until agreement.Instant, zone *time.Location) *axis {
	if until <= from {
		until = from + 3600
	}
	a := &axis{From: from, Until: until}
	a.layTicks(zone)
	return a
}

// at is the place of an instant, within the axis.
func (a *axis) at(t agreement.Instant) float64 {
	t = min(max(t, a.From), a.Until)
	return 100 * float64(t-a.From) / float64(a.Until-a.From)
}

func percent(x float64) string { return fmt.Sprintf("%.3f%%", x) }

// steps are the distances between ticks, least first, with the form of labels.
var steps = []struct {
	years, months, days int
	hours               int
	form                string
}{
	{0, 0, 0, 1, "15:04"}, {0, 0, 0, 3, "15:04"}, {0, 0, 0, 6, "2 Jan 15:04"}, {0, 0, 1, 0, "2 Jan"}, {0, 0, 2, 0, "2 Jan"},
	{0, 0, 7, 0, "2 Jan"}, {0, 0, 14, 0, "2 Jan"}, {0, 1, 0, 0, "Jan 2006"}, {0, 3, 0, 0, "Jan 2006"}, {0, 6, 0, 0, "Jan 2006"},
	{1, 0, 0, 0, "2006"}, {2, 0, 0, 0, "2006"}, {5, 0, 0, 0, "2006"}, {10, 0, 0, 0, "2006"}, {25, 0, 0, 0, "2006"},
	{100, 0, 0, 0, "2006"}, {1000, 0, 0, 0, "2006"},
}

func (a *axis) layTicks(zone *time.Location) {
	if zone == nil {
		zone = time.UTC
	}
	for _, s := range steps {
		length := int64(s.years)*365*86400 + int64(s.months)*30*86400 + int64(s.days)*86400 + int64(s.hours)*3600
		if int64(a.Until-a.From)/length > ticksAtMost {
			continue
		}
		t := time.Unix(int64(a.From), 0).In(zone)
		switch {
		case s.years > 0:
			t = time.Date(t.Year()-t.Year()%s.years, 1, 1, 0, 0, 0, 0, zone)
		case s.months > 0:
			t = time.Date(t.Year(), t.Month()-(t.Month()-1)%time.Month(s.months), 1, 0, 0, 0, 0, zone)
		case s.days > 0:
			t = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
		default:
			t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour()-t.Hour()%s.hours, 0, 0, 0, zone)
		}
		for i := 0; t.Unix() <= int64(a.Until); i++ {
			if x := agreement.Instant(t.Unix()); x >= a.From && a.at(x) < 90 {
				a.Ticks = append(a.Ticks, tick{X: percent(a.at(x)), Label: t.Format(s.form), Minor: len(a.Ticks)%2 == 1})
			}
			t = t.AddDate(s.years, s.months, s.days).Add(time.Duration(s.hours) * time.Hour)
		}
		return
	}
}

// mark puts an upright on the axis.
func (a *axis) mark(t agreement.Instant, label, class string) {
	x := a.at(t)
	m := axisMark{X: percent(x), Label: label, Class: class, Anchor: "middle"}
	switch {
	case x < 8:
		m.Anchor = "start"
	case x > 92:
		m.Anchor = "end"
	}
	if n := len(a.Marks); n > 0 && x-a.last < 9 && a.last-x < 9 {
		// Two names would run into each other: the first upright has both.
		a.Marks[n-1].Label += ", " + label
		m.Label = ""
	} else {
		a.last = x
	}
	a.Marks = append(a.Marks, m)
}

// A band is an interval on a lane.
type band struct {
	X, W  string
	Class string // kept, owed, breach, open, unseen, lost, gap, expl, degr, dorm, force, held
	Tall  bool
	Fill  string // a pattern's address, empty for a plain band
	Title string
}

// A spot is a glyph, or a tick of a statement, on a lane.
type spot struct {
	X     string
	Glyph string // empty: a plain tick
	Class string
	Title string
	Href  string
}

// A caption stands above a lane.
type caption struct {
	X, Label, Class, Anchor string
}

// least is the narrowest band: what is short is still seen.
const least = 0.4

func (a *axis) band(from, until agreement.Instant, class, title string) band {
	x, end := a.at(from), a.at(until)
	b := band{Class: class, Title: title}
	if p, ok := patterns[class]; ok {
		b.Fill, b.Tall = p, true
		if end-x < least {
			end = min(100, x+least)
			x = end - least
		}
	}
	b.X, b.W = percent(x), percent(end-x)
	return b
}

// patterns are the fills of bands that are tall: whatever is absent, broken or
// not to be seen.
var patterns = map[string]string{
	"breach": "url(#p-breach)", "open": "url(#p-lines)", "unseen": "url(#p-dots)", "lost": "url(#p-cross)",
	"gap": "url(#p-gap)", "expl": "url(#p-none)", "degr": "url(#p-lines)", "held": "url(#p-dots)", "tamper": "url(#p-breach)",
}
