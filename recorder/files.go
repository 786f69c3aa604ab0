package recorder

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"detente/recorder/source"
	"detente/vault"
)

// ErrTooLarge says that something does not fit one segment of the vault.
var ErrTooLarge = errors.New("larger than a segment of this vault")

// SealFiles seals these contents, in order, as segments of one camera that
// start now and follow one another, and puts their manifests on the record.
// It has the epoch's key dealt first if that is due, and waits for it.
func (r *Recorder) SealFiles(ctx context.Context, camera string, contents [][]byte) (first int64, err error) {
	if !slices.Contains(r.ledger.Terms.Cameras, camera) {
		return 0, fmt.Errorf("vault %s has no camera %s; it has %v", r.cfg.Vault, camera, r.ledger.Terms.Cameras)
	}
	for i, b := range contents {
		if int64(len(b)) > r.ledger.Terms.SegmentBytes-vault.LengthSize {
			return 0, fmt.Errorf("file %d of %d has %d bytes, a segment has room for %d: %w", i+1, len(contents), len(b), r.ledger.Terms.SegmentBytes-vault.LengthSize, ErrTooLarge)
		}
	}
	if err := r.untilEpoch(ctx); err != nil {
		return 0, err
	}
	if at, ok := r.closes(); ok && r.now() >= at {
		return 0, fmt.Errorf("vault %s closed at %s: nothing more is sealed into it", r.cfg.Vault, at)
	}
	first, _ = r.shelf.next(camera)
	start := r.cfg.Clock.Now()
	for i, b := range contents {
		length := time.Duration(r.ledger.Terms.Segment) * time.Second
		clip := source.Clip{Camera: camera, Start: start.Add(time.Duration(i) * length), Length: length, Data: b}
		if err := r.seal(clip); err != nil {
			return 0, err
		}
	}
	r.knownSealed()
	for len(r.shelf.pending()) > 0 {
		if err := r.batch(ctx); err != nil {
			return 0, err
		}
	}
	return first, nil
}

// untilEpoch follows the record and deals, until an epoch is sealed under which
// something that starts now can be sealed. It deals nothing ahead: that would
// be left by half when it returns.
func (r *Recorder) untilEpoch(ctx context.Context) error {
	ready := func() bool {
		opens, ok := r.opens()
		select {
		case <-r.caught:
		default:
			return false
		}
		if !ok || r.now() < opens {
			return false
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.ledger.Epoch(r.ledger.Terms.Period(opens, r.now())) != nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var work sync.WaitGroup
	failed := make(chan error, 2)
	for _, f := range []func() error{
		func() error { return r.follow(ctx) },
		func() error { return r.deals(ctx, ready) },
	} {
		work.Go(func() {
			if err := f(); err != nil {
				failed <- err
			}
		})
	}
	defer work.Wait()
	defer cancel()
	for !ready() {
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}
