package beneficiary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"detente/agreement"
	"detente/internal/durable"
	"detente/record"
	"detente/statement"
	"detente/vault"
)

// request finds the requests of an earlier run whose keys are in the folder,
// or makes one for every sealed epoch: its keys are durable before it is said.
func (o *opening) request(ctx context.Context) error {
	for _, r := range o.ledger.Requests {
		if keys, err := o.loadKeys(r.ID); err == nil {
			o.delivery = append(o.delivery, vault.Delivery{Request: r, Keys: keys})
		}
	}
	if len(o.delivery) > 0 {
		return nil
	}
	first, last := o.span()
	if last == 0 {
		return &NotReleasedError{fmt.Sprintf("vault %s is released and no epoch of it was ever sealed: there is nothing to open", o.Vault)}
	}
	var seats []int
	for from := 1; from <= len(o.terms.Seats); from += statement.MaxDeliveryKeys {
		seats = seats[:0]
		for s := from; s < from+statement.MaxDeliveryKeys && s <= len(o.terms.Seats); s++ {
			seats = append(seats, s)
		}
		if err := o.requestSeats(ctx, first, last, seats); err != nil {
			return err
		}
	}
	return nil
}

func (o *opening) requestSeats(ctx context.Context, first, last int64, seats []int) error {
	body, keys, err := o.ledger.MakeRequest(o.Random, first, last, seats...)
	if err != nil {
		return err
	}
	note, id, err := o.sign(statement.ID{}, body)
	if err != nil {
		return err
	}
	var kept bytes.Buffer
	for _, k := range keys {
		seed := make([]byte, vault.SeedSize)
		if k != nil {
			copy(seed, k.Seed())
		}
		kept.Write(seed)
	}
	if err := durable.WriteFile(o.FS, o.keysFile(id), kept.Bytes()); err != nil {
		return err
	}
	if _, err := o.Record.Submit(ctx, note); err != nil {
		return err
	}
	if err := o.Mirror.Wait(ctx, func(f *record.Fold, _ int64) bool { _, ok := f.ByID(id); return ok }); err != nil {
		return err
	}
	if err := o.read(); err != nil {
		return err
	}
	r, ok := o.ledger.Request(id)
	if !ok {
		return fmt.Errorf("the request %s is on the record and has no force: see the ledger's verdict on it", id)
	}
	o.delivery = append(o.delivery, vault.Delivery{Request: r, Keys: keys})
	return nil
}

func (o *opening) keysFile(id statement.ID) string {
	return filepath.Join(o.Dir, "delivery", id.String())
}

func (o *opening) loadKeys(id statement.ID) ([]*vault.PrivateKey, error) {
	b, err := durable.ReadFile(o.FS, o.keysFile(id), int64(vault.MaxSeats*vault.SeedSize))
	if err != nil {
		return nil, err
	}
	if len(b) != len(o.terms.Seats)*vault.SeedSize {
		return nil, fmt.Errorf("%s has %d bytes, want %d", o.keysFile(id), len(b), len(o.terms.Seats)*vault.SeedSize)
	}
	keys := make([]*vault.PrivateKey, len(o.terms.Seats))
	for i := range keys {
		seed := b[i*vault.SeedSize : (i+1)*vault.SeedSize]
		if bytes.Equal(seed, make([]byte, vault.SeedSize)) {
			continue
		}
		if keys[i], err = vault.NewPrivateKey(seed); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// span is the first and the last sealed epoch; 0 for none.
func (o *opening) span() (first, last int64) {
	for _, a := range o.ledger.Attempts {
		if a.Status != vault.Sealed {
			continue
		}
		if first == 0 || a.Core.Epoch < first {
			first = a.Core.Epoch
		}
		last = max(last, a.Core.Epoch)
	}
	return first, last
}

// collect waits until every epoch has shares enough, every seat has answered,
// or ctx is done, and publishes the proof against each wrong share and each
// wrong recipient as it is found.
func (o *opening) collect(ctx context.Context) error {
	for {
		read := o.ledger.Size()
		done, err := o.judge(ctx)
		if err != nil || done {
			return err
		}
		err = o.Mirror.Wait(ctx, func(f *record.Fold, _ int64) bool { return f.Size() > read })
		if errors.Is(err, context.DeadlineExceeded) {
			o.missing()
			return nil
		}
		if err != nil {
			return err
		}
		if err := o.read(); err != nil {
			return err
		}
	}
}

// judge opens what has been handed over so far.
func (o *opening) judge(ctx context.Context) (done bool, err error) {
	o.report.Epochs = o.report.Epochs[:0]
	done = true
	for _, a := range o.ledger.Attempts {
		if a.Status != vault.Sealed {
			continue
		}
		c, err := o.ledger.Collect(a.Core.Epoch, o.delivery...)
		if err != nil {
			return false, err
		}
		if err := o.accuse(ctx, c); err != nil {
			return false, err
		}
		o.report.Epochs = append(o.report.Epochs, EpochReport{Epoch: a.Core.Epoch, Shares: len(c.Shares), Open: c.Identity != nil})
		if c.Identity != nil {
			o.keys[a.Digest] = c.Identity
		} else if c.Mismatch == nil {
			done = false
		}
	}
	return done, nil
}

// accuse publishes the proofs that a collection holds.
func (o *opening) accuse(ctx context.Context, c *vault.Collection) error {
	for _, w := range c.Wrong {
		about := fmt.Sprintf("%s %s", w.HandOver.ID, w.Dispute.Digest)
		if o.disputed[about] {
			continue
		}
		o.disputed[about] = true
		name := o.terms.Seats[w.HandOver.Seat-1]
		o.report.Culprits = append(o.report.Culprits, Culprit{Name: name, Epoch: c.Attempt.Core.Epoch, Reason: w.Reason.Error(), Proved: true})
		if _, err := o.say(ctx, w.HandOver.ID, w.Dispute); err != nil {
			return fmt.Errorf("publishing the proof against %s: %w", name, err)
		}
	}
	about := "mismatch " + c.Attempt.Digest.String()
	if c.Mismatch == nil || o.disputed[about] {
		return nil
	}
	o.disputed[about] = true
	o.report.Culprits = append(o.report.Culprits, Culprit{
		Name: o.terms.Recorder, Epoch: c.Attempt.Core.Epoch, Reason: vault.ErrMismatch.Error(), Proved: true,
	})
	if _, err := o.say(ctx, statement.ID{}, *c.Mismatch); err != nil {
		return fmt.Errorf("publishing the proof against %s: %w", o.terms.Recorder, err)
	}
	return nil
}

// missing names the seats that handed nothing over, for every epoch that does
// not open.
func (o *opening) missing() {
	for _, e := range o.report.Epochs {
		if e.Open {
			continue
		}
		a := o.ledger.Sealed(e.Epoch)
		for i, name := range o.terms.Seats {
			if a.Core.Seats[i].Keyed && !o.answered(i+1, a) {
				o.report.Culprits = append(o.report.Culprits, Culprit{Name: name, Epoch: e.Epoch, Reason: "handed over nothing in the time given"})
			}
		}
	}
}

func (o *opening) answered(seat int, a *vault.Attempt) bool {
	for _, d := range o.delivery {
		if _, ok := o.ledger.Handed(d.Request, seat, a); ok {
			return true
		}
	}
	return false
}

// segments opens every segment that the record describes.
func (o *opening) segments(ctx context.Context) error {
	for _, seal := range o.ledger.Seals {
		d, err := agreement.ParseDigest(seal.Body.Batch)
		if err != nil {
			return err
		}
		object, err := o.Mirror.Object(ctx, d)
		if err != nil {
			return fmt.Errorf("batch of entry %d: %w", seal.Entry, err)
		}
		manifests, err := vault.OpenBatch(seal.Body, object)
		if err != nil {
			o.Log.Warn("batch is not what its seal says", "entry", seal.Entry, "error", err)
			continue
		}
		for _, m := range manifests {
			if err := o.segment(ctx, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *opening) segment(ctx context.Context, m *vault.SignedManifest) error {
	fail := func(v vault.SegmentVerdict, err error) error {
		o.report.Failed = append(o.report.Failed, Failure{Camera: m.Camera, Seq: m.Seq, Verdict: v, Reason: err.Error()})
		return ctx.Err()
	}
	if err := m.Verify(o.ledger.Terms.RecorderKey); err != nil {
		return fail(vault.SegmentAltered, err)
	}
	id := o.keys[m.Epoch]
	if id == nil {
		return fail("", errors.New("the key of its epoch was not recovered"))
	}
	b, err := o.Segment(ctx, m.Camera, m.Seq)
	if err != nil {
		return fail("", err)
	}
	data, verdict, err := vault.OpenManifested(&m.Manifest, b, m.Epoch, id, o.padded)
	if err != nil {
		return fail(verdict, err)
	}
	if err := o.Clip(m.Camera, m.Seq, data); err != nil {
		return err
	}
	o.report.Opened++
	return nil
}
