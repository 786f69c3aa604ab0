package simulation

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A Clock stands still until it is moved. It is the clock of every role.
type Clock struct {
	mu    sync.Mutex
	now   time.Time
	moved chan struct{} // closed at the next move
}

// NewClock is a clock that shows at.
func NewClock(at time.Time) *Clock { return &Clock{now: at, moved: make(chan struct{})} }

// Now is what the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Sleep waits until the clock was moved by d.
func (c *Clock) Sleep(ctx context.Context, d time.Duration) error {
	return c.SleepUntil(ctx, c.Now().Add(d))
}

// SleepUntil waits until the clock was moved to an instant, or past it.
func (c *Clock) SleepUntil(ctx context.Context, until time.Time) error {
	for {
		c.mu.Lock()
		now, moved := c.now, c.moved
		c.mu.Unlock()
		if !now.Before(until) {
			return ctx.Err()
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Set moves the clock forward to t; it never goes back.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !t.After(c.now) {
		return
	}
	c.now = t
	close(c.moved)
	c.moved = make(chan struct{})
}

// Add moves the clock forward by d.
func (c *Clock) Add(d time.Duration) { c.Set(c.Now().Add(d)) }

// A Skewed clock is off by so much: a witness that lies, or whose clock is bad.
type Skewed struct {
	*Clock
	by atomic.Int64
}

// Skew sets by how much the clock is off.
func (s *Skewed) Skew(by time.Duration) { s.by.Store(int64(by)) }

// Now is what the clock shows, off by the skew.
func (s *Skewed) Now() time.Time { return s.Clock.Now().Add(time.Duration(s.by.Load())) }

// SleepUntil waits until the skewed clock shows an instant, or one past it.
func (s *Skewed) SleepUntil(ctx context.Context, until time.Time) error {
	return s.Clock.SleepUntil(ctx, until.Add(-time.Duration(s.by.Load())))
}
