// Package clock tells the time to the processes of Detente.
//
// The pure packages take instants as arguments; processes take a Clock. A
// Clock is the machine's own time, or a time that runs at another rate from a
// stated start, so that three months can be lived through in half a minute.
// A record whose time is not real says so in its agreement's text
// (`clock = simulated`); this package does not enforce that.
package clock

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Clock tells the time and waits.
type Clock interface {
	// Now is the present instant.
	Now() time.Time
	// Sleep waits until d of this clock's time has passed or ctx is done, in
	// which case it returns ctx's error.
	Sleep(ctx context.Context, d time.Duration) error
}

// Until waits until c shows t, or until ctx is done, in which case it returns
// ctx's error. Reading a clock and then sleeping the difference sleeps too long
// if the clock was moved in between, by a step or by a test; a clock that can be
// moved so waits for the instant itself, with SleepUntil.
func Until(ctx context.Context, c Clock, t time.Time) error {
	if s, ok := c.(interface {
		SleepUntil(ctx context.Context, t time.Time) error
	}); ok {
		return s.SleepUntil(ctx, t)
	}
	return c.Sleep(ctx, t.Sub(c.Now()))
}

// Real is the machine's own clock.
type Real struct{}

// Now is the machine's time.
func (Real) Now() time.Time { return time.Now() }

// Sleep waits for d.
func (Real) Sleep(ctx context.Context, d time.Duration) error { return sleep(ctx, d) }

// Scaled is a clock that shows Start when the machine's clock shows Anchor and
// from then on runs Rate times as fast; before the Anchor it keeps the
// machine's pace, so that a cast of processes can be set up at leisure.
// Processes given the same three values agree.
type Scaled struct {
	Start  time.Time
	Anchor time.Time
	Rate   int64
}

// Now is the scaled time.
func (c Scaled) Now() time.Time {
	since := time.Since(c.Anchor)
	if since < 0 {
		return c.Start.Add(since)
	}
	return c.Start.Add(since * time.Duration(c.Rate))
}

// Sleep waits for d of scaled time.
func (c Scaled) Sleep(ctx context.Context, d time.Duration) error {
	return c.SleepUntil(ctx, c.Now().Add(d))
}

// SleepUntil waits until the clock shows t.
func (c Scaled) SleepUntil(ctx context.Context, t time.Time) error {
	return sleep(ctx, time.Until(c.real(t)))
}

// real is the machine's instant at which the clock shows t.
func (c Scaled) real(t time.Time) time.Time {
	ahead := t.Sub(c.Start)
	if ahead > 0 {
		ahead /= time.Duration(c.Rate)
	}
	return c.Anchor.Add(ahead)
}

// String is the clock in the form that Parse reads.
func (c Scaled) String() string {
	return fmt.Sprintf("%s@%s*%d", c.Start.UTC().Format(time.RFC3339Nano), c.Anchor.UTC().Format(time.RFC3339Nano), c.Rate)
}

// maxRate keeps a scaled second above a nanosecond of real time, with room.
const maxRate = 10_000_000

// Parse reads "real" (or "") or "START@ANCHOR*RATE": an RFC 3339 instant, the
// anchor, and a whole number from 1 to 10,000,000. The anchor is an RFC 3339
// instant, or "file:" and the path of a file that Conduct writes, or "steps:" and
// the path of one that Step writes.
func Parse(s string) (Clock, error) {
	if s == "" || s == "real" {
		return Real{}, nil
	}
	const form = `clock %q: want "real" or START@ANCHOR*RATE, for example 2021-02-23T00:00:00Z@2026-01-01T12:00:00Z*86400`
	start, rest, ok := strings.Cut(s, "@")
	anchor, rate, ok2 := cutLast(rest, "*")
	if !ok || !ok2 {
		return nil, fmt.Errorf(form, s)
	}
	from, err := time.Parse(time.RFC3339Nano, start)
	if err != nil {
		return nil, fmt.Errorf(form, s)
	}
	n, err := strconv.ParseInt(rate, 10, 64)
	if err != nil || n < 1 || n > maxRate {
		return nil, fmt.Errorf(form, s)
	}
	if path, ok := strings.CutPrefix(anchor, "file:"); ok {
		return NewConducted(from, path, n)
	}
	if path, ok := strings.CutPrefix(anchor, "steps:"); ok {
		return NewStepped(from, path, n)
	}
	at, err := time.Parse(time.RFC3339Nano, anchor)
	if err != nil {
		return nil, fmt.Errorf(form, s)
	}
	return Scaled{Start: from, Anchor: at, Rate: n}, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
