package custodian

import (
	"context"
	"errors"
	"time"

	"detente/agreement"
	"detente/internal/clock"
	"detente/machine"
	"detente/mirror"
	"detente/record"
)

// watch waits for the cut of each undecided vault. A record that goes on has
// decided long before; one that halted is dated here: the custodian has the
// head that it holds cosigned without the depositary, which is the certificate
// that the record halted if nothing decides the vault.
func (c *Custodian) watch(ctx context.Context) error {
	if c.cfg.Clock == nil || c.cfg.Witnesses == nil {
		return nil
	}
	for {
		now := c.cfg.Clock.Now()
		if wait := c.untilCut(now); wait > 0 {
			// Half way, then again: the close, and so the cut, can move.
			if clock.Until(ctx, c.cfg.Clock, now.Add(min(wait, max(wait/2, watchAgain)))) != nil {
				return nil
			}
			continue
		}
		if err := c.certify(ctx); err != nil || ctx.Err() != nil {
			return err
		}
		if (clock.Real{}).Sleep(ctx, askAgain) != nil {
			return nil
		}
	}
}

// witnesses are those of the roster that stand in the record as it is now.
func (c *Custodian) witnesses(which func(*mirror.Roster, *record.Fold) []*mirror.Witness) (ws []*mirror.Witness) {
	c.follower.With(func(f *record.Fold) { ws = which(c.cfg.Witnesses, f) })
	return ws
}

// certify has the head that it holds cosigned, and acts on that.
func (c *Custodian) certify(ctx context.Context) error {
	note, err := c.follower.Cosign(ctx, c.witnesses((*mirror.Roster).Next))
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil:
		c.cfg.Log.Warn("the cut has passed and no quorum of witnesses cosigns", "error", err)
		return nil
	}
	_, err = c.act(ctx, note)
	return err
}

const (
	watchAgain = 10 * time.Minute // of the clock: the least wait before the cut is computed again
	askAgain   = 5 * time.Second  // of the machine's time: after the cut, between asking the witnesses
)

// untilCut is how long, of the clock, it is from now until the first undecided vault of
// this custodian can be certified as halted; an hour if none can be.
func (c *Custodian) untilCut(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := agreement.Instant(record.Never)
	c.follower.With(func(f *record.Fold) {
		for _, s := range c.seats {
			if s.outcome != "" {
				continue
			}
			if cut, ok := f.Cut(s.vault); ok && cut.H < record.Never-agreement.Instant(cut.Margin) {
				first = min(first, cut.H+agreement.Instant(cut.Margin))
			}
		}
	})
	if first == record.Never {
		return time.Hour
	}
	return time.Unix(int64(first), 0).Sub(now)
}

// mayAct asks the witnesses, before an erasure, whether the host withholds
// entries that one of them cosigned, or showed it another history: an erasure
// cannot be undone. It holds if so, up to the cut, from which on the certificate
// excludes every other whatever else was cosigned. Without that end the host and
// one witness could put the erasure off for ever, by a head that they never show
// the entries of.
//
// In either direction it holds, to the cut as well, if two histories were shown
// to it, and while its second intake has an entry, there
// since before the decision was final, that the record lacks and that could
// have borne on the decision. An honest depositary takes such an entry at once,
// from the custodian itself, which ends the hold. A dishonest one ends it by the
// cut at the latest: so long it could have made everybody wait by silence, too.
func (c *Custodian) mayAct(ctx context.Context, s *seat, found *record.Certificate) bool {
	if c.withheld(s, found) || c.forked(s, found) {
		return false
	}
	if found.Outcome != machine.Erased || c.cfg.Witnesses == nil {
		return true
	}
	_, err := c.follower.Ask(ctx, c.witnesses((*mirror.Roster).All))
	_, withheld := errors.AsType[*mirror.UnpublishedError](err)
	_, forked := errors.AsType[*mirror.DivergenceError](err)
	if !withheld && !forked {
		return true
	}
	if c.pastCut(found) {
		c.cfg.Log.Error("acting all the same, for the cut has passed: a witness cosigned what the host does not show", "vault", s.vault, "error", err)
		return true
	}
	c.cfg.Log.Error("holding: a witness cosigned what the host does not show", "vault", s.vault, "error", err, "at the latest until", found.Cut.H)
	return false
}

// forked is whether two histories, shown to this custodian at some time, stand
// against acting on what one of them decided: both sides hold, to the cut.
func (c *Custodian) forked(s *seat, found *record.Certificate) bool {
	if found.Ground != record.Decided || c.cfg.Clock == nil || c.pastCut(found) {
		return false
	}
	forks, err := c.follower.Forks()
	if err != nil {
		c.cfg.Log.Error("holding: whether two histories were shown cannot be read", "vault", s.vault, "error", err)
		return true
	}
	if len(forks) == 0 {
		return false
	}
	c.cfg.Log.Error("holding: the record forked", "vault", s.vault, "evidence", forks[0].Folder, "signed both", forks[0].Both, "at the latest until", found.Cut.H)
	return true
}

// pastCut is whether the cut of a certificate has passed, by the custodian's own
// clock; without a clock it has not.
func (c *Custodian) pastCut(found *record.Certificate) bool {
	return c.cfg.Clock != nil && agreement.Instant(c.cfg.Clock.Now().Unix()) >= found.Cut.H
}

// withheld is whether something in the second intake stands against acting.
func (c *Custodian) withheld(s *seat, found *record.Certificate) bool {
	if found.Ground != record.Decided || c.cfg.Clock == nil || c.pastCut(found) {
		return false
	}
	var held *mirror.Handed
	c.follower.With(func(f *record.Fold) { held = c.intake.Withheld(f, found.Size) })
	if held == nil {
		return false
	}
	c.cfg.Log.Error("holding: the record lacks what was handed in here before its decision; it is submitted again and again", "vault", s.vault, "received", held.Received, "at the latest until", found.Cut.H)
	return true
}
