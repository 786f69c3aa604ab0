package vault

import (
	"fmt"
	"strings"
)

// Total adds up the figures of all cameras.
func (c *Coverage) Total() (expected int64, seconds ByClass) {
	for i := range c.Cameras {
		s := &c.Cameras[i]
		expected += s.ExpectedSeconds
		for _, x := range s.Seconds.each() {
			seconds.add(x.class, x.n)
		}
	}
	return expected, seconds
}

type classSeconds struct {
	class Class
	n     int64
}

func (b *ByClass) each() []classSeconds {
	return []classSeconds{
		{Covered, b.Covered}, {Degraded, b.Degraded}, {ExplainedGap, b.ExplainedGap}, {UnexplainedGap, b.UnexplainedGap},
		{Tampered, b.Tamper}, {Lost, b.Lost}, {Unsealed, b.Unsealed},
	}
}

func (b *ByClass) total() (n int64) {
	for _, x := range b.each() {
		n += x.n
	}
	return n
}

// Summary is the coverage in one line.
func (c *Coverage) Summary() string {
	expected, by := c.Total()
	gaps, longest := 0, int64(0)
	for _, cam := range c.Cameras {
		gaps += cam.UnexplainedGaps
		longest = max(longest, cam.LongestGap)
	}
	if expected == 0 {
		return "nothing is expected yet" + c.partial()
	}
	text := fmt.Sprintf("%s of %s expected are covered (%s)", length(by.Covered), length(expected), share(by.Covered, expected))
	for _, x := range []struct {
		n    int64
		what string
	}{{by.Degraded, "degraded"}, {by.ExplainedGap, "missing with a reason"}, {by.UnexplainedGap, "missing without one"},
		{by.Tamper, "tampered with"}, {by.Lost, "lost"}, {by.Unsealed, "not sealed yet"}} {
		if x.n > 0 {
			text += fmt.Sprintf(", %s %s", hole(x.n), x.what)
		}
	}
	if gaps == 0 {
		text += "; no unexplained gap"
	} else {
		text += "; " + counted(int64(gaps), "unexplained gap", "unexplained gaps")
	}
	if longest > 0 {
		text += fmt.Sprintf(", the longest hole %s of footage", hole(longest))
	}
	return text + c.partial()
}

func (c *Coverage) partial() string {
	if len(c.Missing) == 0 {
		return ""
	}
	return fmt.Sprintf("; PARTIAL: %s of manifests could not be had", counted(int64(len(c.Missing)), "batch", "batches"))
}

// Text is the coverage for people: the figures, then every interval, camera by
// camera, holes as loudly as footage.
func (c *Coverage) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "vault %s, %s to %s\n%s\n", c.Vault, c.From, c.Until, c.Summary())
	for i := range c.Cameras {
		cam := &c.Cameras[i]
		fmt.Fprintf(&b, "\ncamera %s: %d segments, %s expected\n", cam.Camera, cam.Segments, length(cam.ExpectedSeconds))
		if cam.Late > 0 {
			fmt.Fprintf(&b, "  %s put on the record late\n", counted(cam.Late, "segment was", "segments were"))
		}
		for _, v := range cam.Intervals {
			fmt.Fprintf(&b, "  %s  %s  %-16s %s\n", v.From, v.Until, v.Class, oneLine(v.Reason))
		}
		if o := cam.Omitted; o != (ByClass{}) {
			fmt.Fprintf(&b, "  further intervals are not listed, of %s in all, %s of it covered\n", length(o.total()), length(o.Covered))
		}
		for _, a := range cam.Anomalies {
			fmt.Fprintf(&b, "  anomaly (not a breach): entry %d, segment %d: %s\n", a.Entry, a.Seq, oneLine(a.Reason))
		}
		if cam.AnomaliesOmitted > 0 {
			fmt.Fprintf(&b, "  %s not listed\n", counted(cam.AnomaliesOmitted, "more anomaly is", "more anomalies are"))
		}
	}
	for _, a := range c.Anomalies {
		fmt.Fprintf(&b, "\nanomaly (not a breach): entry %d: %s\n", a.Entry, oneLine(a.Reason))
	}
	if c.AnomaliesOmitted > 0 {
		fmt.Fprintf(&b, "\n%s not listed\n", counted(c.AnomaliesOmitted, "more anomaly is", "more anomalies are"))
	}
	for _, m := range c.Missing {
		fmt.Fprintf(&b, "\nnot known: batch %s of entry %d: %s\n", m.Batch, m.Entry, oneLine(m.Reason))
	}
	return b.String()
}

// The units in which lengths are shown, in seconds.
const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)

// length is a number of seconds of footage in the units that a person would
// use, rounded down.
func length(seconds int64) string {
	switch {
	case seconds >= 2*day:
		return fmt.Sprintf("%d.%d days", seconds/day, seconds%day*10/day)
	case seconds >= 2*hour:
		return fmt.Sprintf("%d h %d min", seconds/hour, seconds%hour/minute)
	case seconds >= 2*minute:
		return fmt.Sprintf("%d min %d s", seconds/minute, seconds%minute)
	}
	return fmt.Sprintf("%d s", seconds)
}

// hole is length rounded up: a hole never looks smaller than it is.
func hole(seconds int64) string {
	const tenth = day / 10
	switch {
	case seconds >= 2*day:
		return length((seconds + tenth - 1) / tenth * tenth)
	case seconds >= 2*hour:
		return length((seconds + minute - 1) / minute * minute)
	}
	return length(seconds)
}

// share is n of all in percent with one decimal, rounded down: a hole never
// rounds away.
func share(n, all int64) string {
	permille := n / all * 1000
	permille += n % all * 1000 / all
	return fmt.Sprintf("%d.%d %%", permille/10, permille%10)
}

// oneLine keeps what somebody wrote from looking like lines of its own.
func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " / ") }

// counted is a number of things.
func counted(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
