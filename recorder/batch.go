package recorder

import (
	"context"
	"time"

	"detente/statement"
	"detente/vault"
)

// heartbeatPeriods is after how many batch times without a manifest the
// recorder says that it is alive.
const heartbeatPeriods = 8

// batches puts the manifests on the record, a batch at a time, and shows with a
// heartbeat that it is alive when there is nothing to seal. What the host does
// not take now is offered again with the next batch.
func (r *Recorder) batches(ctx context.Context) error {
	idle := 0
	for r.pause(ctx, r.cfg.Batch) == nil {
		r.knownSealed()
		pending := r.shelf.pending()
		if len(pending) == 0 {
			if idle++; idle%heartbeatPeriods == 0 && r.recording() {
				if _, err := r.say(ctx, statement.ID{}, statement.HeartbeatBody{Vault: string(r.cfg.Vault)}); err != nil {
					r.cfg.Log.Warn("heartbeat not taken", "error", err)
				}
			}
			continue
		}
		idle = 0
		if err := r.batch(ctx, pending); err != nil {
			r.cfg.Log.Warn("batch not taken", "manifests", len(pending), "error", err)
		}
	}
	// What was recorded and not batched yet is put on the record on the way out.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingTime)
	defer cancel()
	r.knownSealed()
	if pending := r.shelf.pending(); len(pending) > 0 {
		if err := r.batch(ctx, pending); err != nil {
			r.cfg.Log.Warn("last batch not taken", "manifests", len(pending), "error", err)
		}
	}
	return nil
}

// partingTime is how long, in the machine's time, the last batch may take.
const partingTime = 2 * time.Second

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

// batch stores a batch with the record's host and seals it.
func (r *Recorder) batch(ctx context.Context, manifests []*vault.SignedManifest) error {
	object, err := vault.EncodeBatch(manifests)
	if err != nil {
		return err
	}
	body, err := vault.SealOf(string(r.cfg.Vault), object)
	if err != nil {
		return err
	}
	if _, err := r.cfg.Record.PutObject(ctx, object); err != nil {
		return err
	}
	if _, err := r.say(ctx, statement.ID{}, body); err != nil {
		return err
	}
	for _, c := range body.Ranges {
		r.shelf.sealed(c.Camera, c.Last)
	}
	return nil
}
