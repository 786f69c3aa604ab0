package clock

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// Conducted is a Scaled clock whose anchor stands in a file, so that whoever
// sets the stage for several processes can say "now" when all are ready: the
// anchor may be moved to an earlier instant while it still lies ahead. The
// clock never goes back.
type Conducted struct {
	start time.Time
	rate  int64
	path  string

	mu     sync.Mutex
	scaled Scaled
	read   time.Time // when the file was last read
	last   time.Time // the latest instant shown
}

// reread is how often the file is read while the anchor lies ahead, and how
// long a wait goes on before it looks again.
const reread = 20 * time.Millisecond

// Conduct writes the anchor for the Conducted clocks that read path, whole or
// not at all.
func Conduct(path string, anchor time.Time) error {
	temp := path + ".new"
	if err := os.WriteFile(temp, []byte(anchor.UTC().Format(time.RFC3339Nano)+"\n"), 0o644); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// NewConducted is the clock that shows start at the anchor written in path.
func NewConducted(start time.Time, path string, rate int64) (*Conducted, error) {
	c := &Conducted{start: start, rate: rate, path: path}
	return c, c.readAnchor()
}

func (c *Conducted) readAnchor() error {
	b, err := os.ReadFile(c.path)
	if err != nil {
		return fmt.Errorf("reading the clock's anchor: %w", err)
	}
	anchor, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(b)))
	if err != nil {
		return fmt.Errorf("clock's anchor in %s: want one RFC 3339 instant, for example 2026-01-01T12:00:00Z", c.path)
	}
	c.scaled = Scaled{Start: c.start, Anchor: anchor, Rate: c.rate}
	c.read = time.Now()
	return nil
}

// now is the scaled clock as it stands, re-read while its anchor lies ahead.
// A file that cannot be read leaves the anchor as it was.
func (c *Conducted) now() (Scaled, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := time.Now(); at.Before(c.scaled.Anchor) && at.Sub(c.read) >= reread {
		_ = c.readAnchor()
	}
	if t := c.scaled.Now(); t.After(c.last) {
		c.last = t
	}
	return c.scaled, c.last
}

// Now is the conducted time.
func (c *Conducted) Now() time.Time {
	_, t := c.now()
	return t
}

// Sleep waits for d of conducted time.
func (c *Conducted) Sleep(ctx context.Context, d time.Duration) error {
	return c.SleepUntil(ctx, c.Now().Add(d))
}

// SleepUntil waits until the clock shows target.
func (c *Conducted) SleepUntil(ctx context.Context, target time.Time) error {
	for {
		scaled, t := c.now()
		if !t.Before(target) {
			return ctx.Err()
		}
		wait := time.Until(scaled.real(target))
		if time.Now().Before(scaled.Anchor) {
			wait = min(wait, reread)
		}
		if err := sleep(ctx, max(wait, time.Microsecond)); err != nil {
			return err
		}
	}
}
