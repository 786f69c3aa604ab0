package vault

import (
	"fmt"
	"strings"
	"time"
)

// Total adds up the figures of all cameras.
func (c *Coverage) Total() (expected int64, seconds ByClass) {
	for i := range c.Cameras {
		s := &c.Cameras[i]
		expected += s.ExpectedSeconds
		seconds.Covered += s.Seconds.Covered
		seconds.Degraded += s.Seconds.Degraded
		seconds.ExplainedGap += s.Seconds.ExplainedGap
		seconds.UnexplainedGap += s.Seconds.UnexplainedGap
		seconds.Tamper += s.Seconds.Tamper
		seconds.Lost += s.Seconds.Lost
		seconds.Unsealed += s.Seconds.Unsealed
	}
	return expected, seconds
}

// Summary is the coverage in one line.
func (c *Coverage) Summary() string {
	expected, by := c.Total()
	gaps, longest := 0, int64(0)
	for _, cam := range c.Cameras {
		gaps += cam.UnexplainedGaps
		longest = max(longest, cam.LongestGap)
	}
	text := fmt.Sprintf("%s of %s expected are covered (%s)", length(by.Covered), length(expected), share(by.Covered, expected))
	for _, x := range []struct {
		n    int64
		what string
	}{{by.Degraded, "degraded"}, {by.ExplainedGap, "missing with a reason"}, {by.UnexplainedGap, "missing without one"},
		{by.Tamper, "tampered with"}, {by.Lost, "lost"}, {by.Unsealed, "not sealed yet"}} {
		if x.n > 0 {
			text += fmt.Sprintf(", %s %s", length(x.n), x.what)
		}
	}
	switch gaps {
	case 0:
		text += "; no unexplained gap"
	case 1:
		text += fmt.Sprintf("; 1 unexplained gap, the longest hole %s of footage", length(longest))
	default:
		text += fmt.Sprintf("; %d unexplained gaps, the longest hole %s of footage", gaps, length(longest))
	}
	if len(c.Missing) > 0 {
		text += fmt.Sprintf("; PARTIAL: %d batches of manifests could not be had", len(c.Missing))
	}
	return text
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
			fmt.Fprintf(&b, "  %d segments were put on the record late\n", cam.Late)
		}
		for _, v := range cam.Intervals {
			fmt.Fprintf(&b, "  %s  %s  %-16s %s\n", v.From, v.Until, v.Class, v.Reason)
		}
		for _, a := range cam.Anomalies {
			fmt.Fprintf(&b, "  anomaly (not a breach): entry %d, segment %d: %s\n", a.Entry, a.Seq, a.Reason)
		}
	}
	for _, a := range c.Anomalies {
		fmt.Fprintf(&b, "\nanomaly (not a breach): entry %d: %s\n", a.Entry, a.Reason)
	}
	for _, m := range c.Missing {
		fmt.Fprintf(&b, "\nnot known: batch %s of entry %d: %s\n", m.Batch, m.Entry, m.Reason)
	}
	return b.String()
}

// length is a number of seconds in the units that a person would use.
func length(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d.%d days", d/(24*time.Hour), d%(24*time.Hour)*10/(24*time.Hour))
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d s", seconds)
}

// share is n of all in percent with one decimal, rounded down: a hole never
// rounds away.
func share(n, all int64) string {
	if all == 0 {
		return "nothing expected yet"
	}
	permille := n * 1000 / all
	return fmt.Sprintf("%d.%d %%", permille/10, permille%10)
}
