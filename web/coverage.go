package web

import (
	"fmt"
	"slices"
	"strings"

	"detente/agreement"
	"detente/vault"
)

// A coverageView is the coverage of one vault: lanes, figures, intervals.
type coverageView struct {
	AsOfEntry int64
	Behind    int64 // entries since
	Axis      *axis
	Lanes     []lane
	Figures   []classFigure
	None      string // the classes of which there is nothing
	Expected  string
	Cameras   []cameraView
	Batches   []vault.MissingBatch
	BatchMore int
	Notes     []anomalyRow
	NoteMore  int
	From      when
	Until     when
	Segments  int64
}

type classFigure struct {
	Class, Words, Band string
	Fill               string
	Seconds            string
	Share              string
}

type cameraView struct {
	Name     string
	Segments int64
	Late     int64
	Covered  string
	Longest  string
	Gaps     int
	Rows     []intervalRow
	More     int
	Runs     int // of covered intervals, not listed
}

type intervalRow struct {
	From, Until when
	Length      string
	Class       string
	Band, Fill  string
	Reason      string
	Entry       int64
}

type anomalyRow struct {
	Camera string
	Entry  int64
	Reason string
}

// bandOf is how a class of interval is drawn; words are its legend.
var bandOf = []struct {
	class vault.Class
	band  string
	words string
}{
	{vault.Covered, "kept", "covered: sealed, manifest on the record"},
	{vault.Degraded, "degr", "degraded: the reason is stated"},
	{vault.ExplainedGap, "expl", "gap, explained by a statement"},
	{vault.UnexplainedGap, "gap", "gap, without a word"},
	{vault.Tampered, "tamper", "tampering"},
	{vault.Lost, "lost", "lost"},
	{vault.Unsealed, "unseen", "under no sealed epoch"},
}

func drawnAs(c vault.Class) string {
	for _, b := range bandOf {
		if b.class == c {
			return b.band
		}
	}
	return "gap"
}

func (s *edition) coverage(c *vault.Coverage, size int64, st *standing, v *agreement.Vault) *coverageView {
	view := &coverageView{AsOfEntry: size, Behind: st.head.Size - size, From: s.names.when(c.From), Until: s.names.when(c.Until)}
	until := max(c.Until, st.clock)
	closes, known := st.state.Closes(v.Name)
	if known {
		// As much again of what is to come is drawn: a young vault's gaps would
		// otherwise vanish at the edge.
		const least = 3 * 86400
		until = max(c.Until, min(closes, c.Until+max(c.Until-c.From, least)))
	}
	view.Axis = newAxis(c.From, until, s.names.a.Zone)
	if known && closes <= until {
		view.Axis.mark(closes, "close", "close")
	}
	if !known || st.clock < closes {
		view.Axis.mark(st.clock, "as of", "today")
	}
	expected, total := c.Total()
	view.Expected = spoken(expected)
	var none []string
	for i, n := range []int64{total.Covered, total.Degraded, total.ExplainedGap, total.UnexplainedGap, total.Tamper, total.Lost, total.Unsealed} {
		b := bandOf[i]
		if n == 0 && i > 0 {
			none = append(none, string(b.class))
			continue
		}
		view.Figures = append(view.Figures, classFigure{
			Class: string(b.class), Words: b.words, Band: b.band, Fill: patterns[b.band], Seconds: spoken(n), Share: share(n, expected),
		})
	}
	view.None = strings.Join(none, ", ")
	for i := range c.Cameras {
		cam := &c.Cameras[i]
		view.Segments += cam.Segments
		view.Lanes = append(view.Lanes, s.cameraLane(view.Axis, cam))
		view.Cameras = append(view.Cameras, s.camera(cam))
		for _, x := range cam.Anomalies {
			view.note(cam.Camera, x)
		}
	}
	for _, x := range c.Anomalies {
		view.note("", x)
	}
	view.Batches = c.Missing[:min(len(c.Missing), rowsOfRemarks)]
	view.BatchMore = len(c.Missing) - len(view.Batches)
	return view
}

func (v *coverageView) note(camera string, x vault.Anomaly) {
	if len(v.Notes) == rowsOfRemarks {
		v.NoteMore++
		return
	}
	v.Notes = append(v.Notes, anomalyRow{camera, x.Entry, plain(prose(x.Reason))})
}

// share is a part of the whole in tenths of a percent, cut and never rounded up.
func share(n, of int64) string {
	if of <= 0 {
		return ""
	}
	t := n * 1000 / of
	if n > 0 && t == 0 {
		return "under 0.1 %"
	}
	return fmt.Sprintf("%d.%d %%", t/10, t%10)
}

// cameraLane draws covered time as one thin line and everything else tall.
func (s *edition) cameraLane(a *axis, c *vault.CameraCoverage) lane {
	l := lane{Name: c.Camera}
	for i, x := range c.Intervals {
		until := x.Until
		if i+1 < len(c.Intervals) {
			until = max(until, c.Intervals[i+1].From) // what the cadence leaves out belongs to the slot before
		}
		b := a.band(x.From, until, drawnAs(x.Class), string(x.Class))
		if len(l.Bands) == bandsAtMost {
			l.Note = "drawn in part; the figures below are of all"
			break
		}
		l.Bands = append(l.Bands, b)
	}
	l.captions(a, c.Intervals)
	return l
}

// captions names what is absent, the worst first, where there is room.
func (l *lane) captions(a *axis, intervals []vault.Interval) {
	var taken []float64
	for _, class := range []vault.Class{vault.Tampered, vault.Lost, vault.UnexplainedGap, vault.Unsealed, vault.ExplainedGap} {
		for _, x := range intervals {
			at := a.at(x.From)
			if x.Class != class || slices.ContainsFunc(taken, func(t float64) bool { return at-t < 16 && t-at < 16 }) {
				continue
			}
			taken = append(taken, at)
			k := caption{X: percent(at), Label: shortClass(x.Class) + ", " + spoken(int64(x.Until-x.From)), Class: drawnAs(x.Class), Anchor: "start"}
			if at > 85 {
				k.Anchor, k.X = "end", percent(a.at(x.Until))
			}
			l.Captions = append(l.Captions, k)
		}
	}
}

func shortClass(c vault.Class) string {
	switch c {
	case vault.ExplainedGap:
		return "explained"
	case vault.UnexplainedGap:
		return "gap"
	}
	return string(c)
}

func (s *edition) camera(c *vault.CameraCoverage) cameraView {
	v := cameraView{Name: c.Camera, Segments: c.Segments, Late: c.Late, Gaps: c.UnexplainedGaps, Longest: spoken(c.LongestGap)}
	v.Covered = spoken(c.Seconds.Covered) + " of " + spoken(c.ExpectedSeconds)
	for _, x := range c.Intervals {
		if x.Class == vault.Covered {
			v.Runs++
			continue
		}
		if len(v.Rows) == rowsOfCoverage {
			v.More++
			continue
		}
		band := drawnAs(x.Class)
		v.Rows = append(v.Rows, intervalRow{
			From: s.names.when(x.From), Until: s.names.when(x.Until), Length: spoken(int64(x.Until - x.From)), Class: string(x.Class),
			Band: band, Fill: patterns[band], Reason: plain(prose(x.Reason)), Entry: x.Entry,
		})
	}
	return v
}
