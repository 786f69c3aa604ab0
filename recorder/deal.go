package recorder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"detente/agreement"
	"detente/internal/durable"
	"detente/statement"
	"detente/vault"
)

// A submission is a dealing on its way onto the record in this life: its core,
// unless that is there already, and its ciphertexts.
type submission struct {
	name   string // of its file
	epoch  *saying
	id     statement.ID // of the core's statement
	result *vault.DealResult
	shares []*saying
}

// deal has the next epoch dealt, if one is to be, and submits the dealing. One
// dealing is under way at a time: until it is final nobody knows what comes
// next. A host that does not answer is asked again.
func (r *Recorder) deal(ctx context.Context, ahead bool) error {
	if at, ok := r.closes(); ok && r.now() >= at {
		return nil
	}
	opens, ok := r.opens()
	if !ok {
		return nil
	}
	if r.underWay != nil {
		last, taken := r.push(ctx, r.underWay)
		if !taken || last >= r.Size() {
			return nil
		}
		r.underWay = nil
	}
	s, err := r.next(ctx, opens, ahead)
	if s == nil || err != nil {
		return err
	}
	r.underWay = s
	r.push(ctx, s)
	return nil
}

// next is what to submit now; nil for nothing.
func (r *Recorder) next(ctx context.Context, opens agreement.Instant, ahead bool) (*submission, error) {
	period := r.ledger.Terms.Period(opens, r.now())
	for epoch := max(1, period); epoch <= period+1; epoch++ {
		half := r.half(epoch)
		if half == nil {
			continue
		}
		if s, err := r.complete(half); s != nil || err != nil {
			return s, err
		}
		r.mu.Lock()
		p, err := r.ledger.Deal(epoch)
		seen := r.known()
		r.mu.Unlock()
		if err != nil {
			r.cfg.Log.Debug("not dealing", "reason", err)
			continue
		}
		return r.fresh(ctx, p, seen)
	}
	r.mu.Lock()
	p, due, reason := r.ledger.NextDealing(period)
	seen := r.known()
	r.mu.Unlock()
	if !due || p.Epoch > max(1, period) && !ahead {
		if reason != "" {
			r.cfg.Log.Debug("not dealing", "reason", reason)
		}
		return nil, nil
	}
	return r.fresh(ctx, p, seen)
}

// known is the head up to which the ledger has read, with r.mu held. A dealing
// cites it: whoever published a key after it is not left out of that dealing by
// anybody's fault.
func (r *Recorder) known() statement.Head { return r.heads[len(r.heads)-1].Head }

// half is the dealing of an epoch whose core is on the record and whose
// ciphertexts are not all: the recorder stopped in between.
func (r *Recorder) half(epoch int64) *vault.Attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.ledger.Last(epoch); a != nil && a.Status == vault.Incomplete {
		return a
	}
	return nil
}

// complete is the submission of the ciphertexts of such a dealing; nil if the
// folder has lost them, or they were submitted and did not complete it.
func (r *Recorder) complete(a *vault.Attempt) (*submission, error) {
	name := r.dealingFile(&vault.Params{Epoch: a.Core.Epoch, Attempt: a.Core.Attempt})
	d, err := r.load(name)
	if d == nil || d.Epoch.Digest != a.Digest.String() || r.completed[name] || err != nil {
		return nil, err
	}
	r.completed[name] = true
	return &submission{name: name, id: a.ID, result: d}, nil
}

// load reads a dealing's file; nil if there is none, or it is damaged: then
// that dealing is lost.
func (r *Recorder) load(name string) (*vault.DealResult, error) {
	b, err := durable.ReadFile(r.cfg.FS, name, maxDealing)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var d vault.DealResult
	if err := json.Unmarshal(b, &d); err != nil {
		r.cfg.Log.Error("a dealing is damaged and lost", "file", name, "error", err)
		return &vault.DealResult{}, nil
	}
	return &d, nil
}

// fresh is the submission of a dealing for these parameters: one that an
// earlier life had made, unchanged, or a new one. One that is damaged is lost,
// and so is one under keys that are used up: a new attempt follows, never a
// second version of the same.
func (r *Recorder) fresh(ctx context.Context, p vault.Params, seen statement.Head) (*submission, error) {
	for ; p.Attempt <= vault.MaxAttempt; p.Attempt++ {
		name := r.dealingFile(&p)
		d, err := r.load(name)
		if d == nil && err == nil {
			if err = r.cfg.Deal(ctx, p.Request(), name); err == nil {
				d, err = r.load(name)
			}
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("dealing epoch %d, attempt %d: %w", p.Epoch, p.Attempt, err)
		case d == nil:
			return nil, fmt.Errorf("dealing epoch %d, attempt %d: the child left no file %s", p.Epoch, p.Attempt, name)
		case fits(d, &p):
			return &submission{name: name, result: d, epoch: &saying{seen: seen}}, nil
		}
	}
	return nil, fmt.Errorf("epoch %d: all %d attempts are used up", p.Epoch, vault.MaxAttempt)
}

// fits is whether a dealing was made for these parameters: the same keys.
func fits(d *vault.DealResult, p *vault.Params) bool {
	if d.Epoch.Epoch != p.Epoch || d.Epoch.Attempt != p.Attempt || len(d.Epoch.Seats) != len(p.Seats) {
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

// push submits what the host has not taken yet of a dealing, and gives the
// entry of its last statement once all are taken.
func (r *Recorder) push(ctx context.Context, s *submission) (last int64, taken bool) {
	log := r.cfg.Log.With("epoch", s.result.Epoch.Epoch, "attempt", s.result.Epoch.Attempt)
	if s.epoch != nil {
		receipt, err := r.once(ctx, s.epoch, statement.ID{}, s.result.Epoch)
		if err != nil {
			log.Warn("dealing not taken", "error", err)
			return 0, false
		}
		s.id, last = receipt.ID, receipt.Index
	}
	for i, body := range s.result.Shares {
		if i == len(s.shares) {
			s.shares = append(s.shares, &saying{})
		}
		receipt, err := r.once(ctx, s.shares[i], s.id, body)
		if err != nil {
			log.Warn("shares not taken", "error", err)
			return 0, false
		}
		last = receipt.Index
	}
	return last, true
}
