package recorder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"detente/internal/durable"
	"detente/statement"
	"detente/vault"
)

// deal has the next epoch dealt, if one is to be, and submits the dealing. A
// host that does not answer is asked again with the next entry or period.
func (r *Recorder) deal(ctx context.Context) error {
	if at, ok := r.closes(); ok && r.now() >= at {
		return nil
	}
	opens, ok := r.opens()
	if !ok {
		return nil
	}
	if err := r.complete(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	p, due, reason := r.ledger.NextDealing(r.ledger.Terms.Period(opens, r.now()))
	r.mu.Unlock()
	if !due {
		if reason != "" {
			r.cfg.Log.Debug("not dealing", "reason", reason)
		}
		return nil
	}
	result, err := r.dealing(ctx, &p)
	if err != nil {
		return err
	}
	if result == nil {
		return nil
	}
	return r.submit(ctx, p, result)
}

// complete submits the ciphertexts of dealings whose core is on the record and
// whose ciphertexts are not: the recorder stopped in between.
func (r *Recorder) complete(ctx context.Context) error {
	r.mu.Lock()
	var halves []*vault.Attempt
	for _, a := range r.ledger.Attempts {
		if a.Status == vault.Incomplete {
			halves = append(halves, a)
		}
	}
	r.mu.Unlock()
	for _, a := range halves {
		name := r.dealingFile(&vault.Params{Epoch: a.Core.Epoch, Attempt: a.Core.Attempt})
		if r.dealt[name] {
			continue
		}
		b, err := durable.ReadFile(r.cfg.FS, name, maxDealing)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		var d vault.DealResult
		if err := json.Unmarshal(b, &d); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if d.Epoch.Digest == a.Digest.String() {
			r.shares(ctx, name, a.ID, &d)
		}
	}
	return nil
}

// dealing gives the dealing for these parameters: the one that an earlier life
// had made, unchanged, or a new one. An attempt that was begun and left no whole
// file is lost, and so is one under keys that are used up: a new attempt
// follows, never a second version of the same. nil if it has been submitted in this life.
func (r *Recorder) dealing(ctx context.Context, p *vault.Params) (*vault.DealResult, error) {
	for {
		name := r.dealingFile(p)
		if r.dealt[name] {
			return nil, nil
		}
		b, err := durable.ReadFile(r.cfg.FS, name, maxDealing)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if err := r.cfg.Deal(ctx, p.Request(), name); err != nil {
				return nil, fmt.Errorf("dealing epoch %d, attempt %d: %w", p.Epoch, p.Attempt, err)
			}
			continue
		case err != nil:
			return nil, err
		}
		var result vault.DealResult
		if err := json.Unmarshal(b, &result); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if fits(&result, p) {
			return &result, nil
		}
		p.Attempt++
	}
}

// fits is whether a dealing was made for these parameters: the same keys.
func fits(d *vault.DealResult, p *vault.Params) bool {
	if len(d.Epoch.Seats) != len(p.Seats) {
		return false
	}
	for i, s := range p.Seats {
		key := ""
		if !s.Key.IsZero() {
			key = s.Key.Digest().String()
		}
		if d.Epoch.Seats[i].Key != key {
			return false
		}
	}
	return true
}

// maxDealing is the size of a dealing's file: 255 seats with 1,600 characters
// of ciphertext each, and room.
const maxDealing = 2 << 20

func (r *Recorder) dealingFile(p *vault.Params) string {
	return filepath.Join(r.dir, "dealing", fmt.Sprintf("%d-%d", p.Epoch, p.Attempt))
}

// submit puts a dealing on the record: its core, then its ciphertexts. Whatever
// part of it is there already is left as it is.
func (r *Recorder) submit(ctx context.Context, p vault.Params, d *vault.DealResult) error {
	id, err := r.say(ctx, statement.ID{}, d.Epoch)
	if err != nil {
		r.cfg.Log.Warn("dealing not taken", "epoch", p.Epoch, "attempt", p.Attempt, "error", err)
		return nil
	}
	r.shares(ctx, r.dealingFile(&p), id, d)
	return nil
}

// shares puts a dealing's ciphertexts on the record.
func (r *Recorder) shares(ctx context.Context, name string, epoch statement.ID, d *vault.DealResult) {
	for _, s := range d.Shares {
		if _, err := r.say(ctx, epoch, s); err != nil {
			r.cfg.Log.Warn("shares not taken", "epoch", d.Epoch.Epoch, "attempt", d.Epoch.Attempt, "error", err)
			return
		}
	}
	r.dealt[name] = true
}
