package recorder

import (
	"context"
	"time"

	"detente/internal/clock"
	"detente/statement"
	"detente/vault"
)

// A reboot accounts for the time since the last clip only if that is no longer
// than this, or four cadences: a recorder that was off for longer knows that it
// is back, and not why it was away, and must not make an explained gap of it.
const rebootWithin = 10 * time.Minute

// heartbeatPeriods is after how many times that a manifest is due, without
// one, the recorder says that it is alive.
const heartbeatPeriods = 8

// partingTime is how long, in the machine's time, the last batch may take.
const partingTime = 2 * time.Second

// A sealing is a batch on its way onto the record.
type sealing struct {
	saying
	body   statement.SealBody
	object []byte
}

// batches puts the manifests on the record, a batch at a time, and shows with a
// heartbeat that it is alive when there is nothing to seal. It waits until the
// recorder has caught up with the record: before, it does not know what an
// earlier life has sealed, and sealing a number twice is what a forger does.
func (r *Recorder) batches(ctx context.Context) error {
	select {
	case <-r.caught:
	case <-ctx.Done():
		return nil
	}
	r.reboot(ctx)
	r.knownSealed()
	for ctx.Err() == nil {
		looked := r.cfg.Clock.Now()
		if r.sealing == nil && len(r.shelf.pending()) == 0 {
			if !r.either(ctx, r.shelf.added, looked.Add(r.quietTime())) && ctx.Err() == nil {
				r.heartbeat(ctx)
			}
			continue
		}
		if r.pause(ctx, r.cfg.Clock.Now().Add(r.cfg.Batch)) != nil {
			break
		}
		if err := r.batch(ctx); err != nil {
			r.cfg.Log.Warn("batch not taken", "error", err)
			_ = clock.Real{}.Sleep(ctx, tryAgain) // cut short, the loop ends
		}
	}
	// What was recorded and not batched yet is put on the record on the way out.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingTime)
	defer cancel()
	if err := r.batch(ctx); err != nil {
		r.cfg.Log.Warn("last batch not taken", "error", err)
	}
	return nil
}

// quietTime is after how long without a manifest there is a heartbeat.
func (r *Recorder) quietTime() time.Duration {
	return heartbeatPeriods * max(r.cfg.Batch, time.Duration(r.ledger.Terms.Cadence)*time.Second)
}

// either waits for ch, or until the clock shows until, and says whether ch came.
// Whoever waits after having looked at something counts from before he looked.
func (r *Recorder) either(ctx context.Context, ch <-chan struct{}, until time.Time) (came bool) {
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		_ = clock.Until(ctx, r.cfg.Clock, until) // whether it was cut short, the select says
	}()
	select {
	case <-ch:
		came = true
	case <-over:
	}
	cancel()
	<-over
	return came
}

func (r *Recorder) heartbeat(ctx context.Context) {
	if !r.recording() {
		return
	}
	if _, err := r.once(ctx, &saying{}, statement.ID{}, statement.HeartbeatBody{Vault: string(r.cfg.Vault)}); err != nil {
		r.cfg.Log.Warn("heartbeat not taken", "error", err)
	}
}

// reboot states that the recorder was started again, if it had recorded
// before: its monotonic clock begins anew, and what it missed has a reason.
func (r *Recorder) reboot(ctx context.Context) {
	if r.before == 0 || !r.recording() {
		return
	}
	for x := (saying{}); !r.stated(ctx, &x); {
		if (clock.Real{}).Sleep(ctx, tryAgain) != nil {
			return
		}
	}
}

// stated offers the statement of a reboot, and says whether that is over.
func (r *Recorder) stated(ctx context.Context, x *saying) bool {
	b := statement.ServiceBody{
		Vault: string(r.cfg.Vault), Event: "reboot", From: r.before, Until: max(r.before, r.started.Unix()),
		Reason: "the recorder was started again",
	}
	if within := max(rebootWithin, 4*time.Duration(r.ledger.Terms.Cadence)*time.Second); time.Duration(b.Until-b.From)*time.Second > within {
		b.From = b.Until
		b.Reason += "; it does not say why it recorded nothing before"
	}
	_, err := r.once(ctx, x, statement.ID{}, b)
	if err == nil || ctx.Err() != nil {
		return true
	}
	r.cfg.Log.Warn("reboot not stated", "error", err)
	return false
}

// recording is whether footage is expected now.
func (r *Recorder) recording() bool {
	opens, ok := r.opens()
	closes, known := r.closes()
	return ok && opens <= r.now() && (!known || r.now() < closes)
}

// knownSealed forgets the manifests that final entries seal: after a restart it
// is the record that says which of those in the folder are on it.
func (r *Recorder) knownSealed() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.ledger.Seals {
		for _, c := range s.Body.Ranges {
			r.shelf.sealed(c.Camera, c.Last)
		}
	}
}

// batch stores a batch with the record's host and seals it: the one that is
// under way, or all that is pending.
func (r *Recorder) batch(ctx context.Context) error {
	if r.sealing == nil {
		pending := r.shelf.pending()
		if len(pending) == 0 {
			return nil
		}
		object, err := vault.EncodeBatch(pending)
		if err != nil {
			return err
		}
		body, err := vault.SealOf(string(r.cfg.Vault), object)
		if err != nil {
			return err
		}
		r.sealing = &sealing{body: body, object: object}
	}
	s := r.sealing
	if _, err := r.cfg.Record.PutObject(ctx, s.object); err != nil {
		return err
	}
	if _, err := r.once(ctx, &s.saying, statement.ID{}, s.body); err != nil {
		return err
	}
	for _, c := range s.body.Ranges {
		r.shelf.sealed(c.Camera, c.Last)
	}
	r.sealing = nil
	return nil
}
