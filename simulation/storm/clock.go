package storm

import (
	"context"
	"errors"
	"time"
)

// A roleClock is a role's own clock: off, and stepped now and then.
type roleClock struct{ off time.Duration }

// Now is what the clock shows.
func (c *roleClock) Now() time.Time { return time.Now().Add(c.off) }

// Sleep never waits: nothing that a step calls may.
func (c *roleClock) Sleep(context.Context, time.Duration) error {
	return errors.New("a role waited for its clock in a simulation that takes its steps")
}
