package clock

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// Stepped is a Scaled clock that somebody sets while processes go by it, forward
// and back, as an operator or a time server sets a machine's: the anchor and how
// far the clock is off stand in a file, which Step writes. Waiting for a while
// is not changed by a step, waiting for an instant is.
type Stepped struct {
	start time.Time
	rate  int64
	path  string

	mu     sync.Mutex
	scaled Scaled
	off    time.Duration
	read   time.Time // when the file was last read
}

// Step writes the anchor, and how far off the clock is, for the Stepped clocks
// that read path, whole or not at all.
func Step(path string, anchor time.Time, off time.Duration) error {
	temp := path + ".new"
	if err := os.WriteFile(temp, fmt.Appendf(nil, "%s %s\n", anchor.UTC().Format(time.RFC3339Nano), off), 0o644); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// NewStepped is the clock that shows start, and how far it is off, at the anchor
// written in path.
func NewStepped(start time.Time, path string, rate int64) (*Stepped, error) {
	c := &Stepped{start: start, rate: rate, path: path}
	return c, c.look()
}

func (c *Stepped) look() error {
	b, err := os.ReadFile(c.path)
	if err != nil {
		return fmt.Errorf("reading the clock's steps: %w", err)
	}
	first, second, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	anchor, err := time.Parse(time.RFC3339Nano, first)
	if err != nil {
		return fmt.Errorf("clock's steps in %s: want an RFC 3339 instant and a duration, for example 2026-01-01T12:00:00Z -1h", c.path)
	}
	off, err := time.ParseDuration(second)
	if err != nil {
		return fmt.Errorf("clock's steps in %s: %w", c.path, err)
	}
	c.scaled, c.off, c.read = Scaled{Start: c.start, Anchor: anchor, Rate: c.rate}, off, time.Now()
	return nil
}

// now is the clock as it stands. A file that cannot be read leaves it so.
func (c *Stepped) now() (Scaled, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.read) >= reread {
		_ = c.look()
	}
	return c.scaled, c.off
}

// Now is the time that the clock shows.
func (c *Stepped) Now() time.Time {
	scaled, off := c.now()
	return scaled.Now().Add(off)
}

// Sleep waits for d, whatever the clock shows meanwhile.
func (c *Stepped) Sleep(ctx context.Context, d time.Duration) error {
	scaled, _ := c.now()
	return scaled.Sleep(ctx, d)
}

// SleepUntil waits until the clock shows target.
func (c *Stepped) SleepUntil(ctx context.Context, target time.Time) error {
	for {
		scaled, off := c.now()
		wait := time.Until(scaled.real(target.Add(-off)))
		if wait <= 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, min(wait, reread)); err != nil {
			return err
		}
	}
}
