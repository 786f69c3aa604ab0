package custodian

import (
	"context"
	"fmt"
)

// Step does once, in the caller's goroutine, what Run goes on doing: it asks
// the host for news, hands on what was handed in, acts on what is final and, when the cut of a vault has
// passed undecided, has the record cosigned. An error ends the custodian, as it
// ends Run. It is for simulations; it is not called beside Run.
func (c *Custodian) Step(ctx context.Context) error {
	err := c.follower.Update(ctx)
	if err != nil && !c.goesOn(err) {
		return fmt.Errorf("following the record: %w", err)
	}
	c.intake.Step(ctx)
	final, _ := c.follower.Final()
	if head, _ := c.follower.Head(); err == nil && c.behind == 0 {
		c.behind = head.Size
	}
	c.mu.Lock()
	c.caught = c.caught || c.behind > 0 && final >= c.behind
	caught := c.caught
	c.mu.Unlock()
	if caught {
		if _, err := c.act(ctx, nil); err != nil {
			return err
		}
	}
	if c.cfg.Clock == nil || c.cfg.Witnesses == nil || c.untilCut(c.cfg.Clock.Now()) > 0 {
		return nil
	}
	return c.certify(ctx)
}
