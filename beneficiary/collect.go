package beneficiary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"detente/agreement"
	"detente/internal/durable"
	"detente/record"
	"detente/statement"
	"detente/vault"
)

// request finds the requests of an earlier run whose keys are in the folder,
// and makes what is missing of one for every sealed epoch: its keys are durable
// before it is said.
func (o *opening) request(ctx context.Context) error {
	first, last := o.span()
	if last == 0 {
		return &NotReleasedError{fmt.Sprintf("vault %s is released and no epoch of it was ever sealed: there is nothing to open", o.Vault)}
	}
	asked := make([]bool, len(o.ledger.Custodies))
	for _, r := range o.ledger.Requests {
		keys, err := o.loadKeys(r)
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody else's
		}
		if err != nil {
			o.Log.Error("the keys of a request are lost: it is made again", "request", r.ID, "error", err)
			continue
		}
		o.delivery = append(o.delivery, vault.Delivery{Request: r, Keys: keys})
		for i, k := range keys {
			asked[i] = asked[i] || k != nil && r.First <= first && last <= r.Last
		}
	}
	var seats []int
	for i := range asked {
		if !asked[i] && o.holds(i+1) {
			seats = append(seats, i+1)
		}
	}
	for some := range slices.Chunk(seats, statement.MaxDeliveryKeys) {
		if err := o.requestSeats(ctx, first, last, some); err != nil {
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

func (o *opening) loadKeys(r *vault.Request) ([]*vault.PrivateKey, error) {
	b, err := durable.ReadFile(o.FS, o.keysFile(r.ID), int64(vault.MaxSeats*vault.SeedSize))
	if err != nil {
		return nil, err
	}
	if len(b) != len(r.Keys)*vault.SeedSize { // of the seats there were when it was made
		return nil, fmt.Errorf("%s has %d bytes, want %d", o.keysFile(r.ID), len(b), len(r.Keys)*vault.SeedSize)
	}
	keys := make([]*vault.PrivateKey, len(r.Keys))
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

// collect waits until every epoch has shares enough, or every seat has answered,
// or ctx is done, and publishes the proof against each wrong share and each
// wrong recipient as it is found.
func (o *opening) collect(ctx context.Context) error {
	defer o.culprits()
	for {
		read := o.ledger.Size()
		done, err := o.judge(ctx)
		if err != nil || done {
			return err
		}
		err = o.Mirror.Wait(ctx, func(f *record.Fold, _ int64) bool { return f.Size() > read })
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil {
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
		o.accuse(ctx, c)
		o.report.Epochs = append(o.report.Epochs, EpochReport{Epoch: a.Core.Epoch, Shares: len(c.Shares), Open: c.Identity != nil})
		if c.Identity != nil {
			o.keys[a.Digest] = c.Identity
		} else if c.Mismatch == nil && len(o.silent(a)) > 0 {
			done = false
		}
	}
	return done, nil
}

// accuse publishes the proofs that a collection holds. Whether the host takes
// them or not, what has come is opened.
func (o *opening) accuse(ctx context.Context, c *vault.Collection) {
	epoch := c.Attempt.Core.Epoch
	for _, w := range c.Wrong {
		on := slices.ContainsFunc(w.HandOver.Shares, func(s vault.HandedShare) bool { return s.Attempt == c.Attempt && s.Finding != "" })
		o.prove(ctx, fmt.Sprintf("%s %s", w.HandOver.ID, w.Dispute.Digest), on, w.HandOver.ID, w.Dispute,
			Culprit{Name: o.ledger.Custodies[w.HandOver.Seat-1].Custodian, Epoch: epoch, Reason: w.Reason.Error()})
	}
	if c.Mismatch != nil {
		o.prove(ctx, c.Attempt.Digest.String(), c.Attempt.Mismatch != "", statement.ID{}, *c.Mismatch,
			Culprit{Name: o.dealer(c.Attempt), Epoch: epoch, Reason: vault.ErrMismatch.Error()})
	}
}

// dealer is who dealt a dealing: an amendment may have named another since.
func (o *opening) dealer(a *vault.Attempt) (by agreement.Name) {
	o.Mirror.With(func(f *record.Fold) { by = f.Entry(a.Entry).By })
	return by
}

// holds is whether a seat has a share of any sealed epoch: of one that an
// amendment added lately there is nothing to ask.
func (o *opening) holds(seat int) bool {
	return slices.ContainsFunc(o.ledger.Attempts, func(a *vault.Attempt) bool {
		return a.Status == vault.Sealed && seat <= len(a.Core.Seats) && a.Core.Seats[seat-1].Keyed
	})
}

// prove puts a proof on the record once, if it is not there already, and
// reports its culprit.
func (o *opening) prove(ctx context.Context, about string, on bool, answers statement.ID, proof statement.Body, who Culprit) {
	x := o.accused[about]
	if x == nil {
		x = &who
		o.accused[about] = x
		o.order = append(o.order, about)
	}
	if x.Proved = x.Proved || on; x.Proved {
		return
	}
	if _, err := o.say(ctx, answers, proof); err != nil {
		o.Log.Error("a proof is not on the record", "against", who.Name, "epoch", who.Epoch, "error", err)
		return
	}
	x.Proved = true
}

// culprits reports who is at fault, and for an epoch that does not open who
// handed nothing over.
func (o *opening) culprits() {
	for _, about := range o.order {
		o.report.Culprits = append(o.report.Culprits, *o.accused[about])
	}
	o.missing()
}

// missing names the seats that handed nothing over, for every epoch that does
// not open.
func (o *opening) missing() {
	for _, e := range o.report.Epochs {
		a := o.ledger.Sealed(e.Epoch)
		if e.Open || o.accused[a.Digest.String()] != nil {
			continue // or it was the recorder's fault
		}
		for _, seat := range o.silent(a) {
			o.report.Culprits = append(o.report.Culprits, Culprit{
				Name: o.ledger.Custodies[seat-1].Custodian, Epoch: e.Epoch, Reason: "handed over nothing in the time given",
			})
		}
	}
}

// silent are the seats with a share of an epoch that have handed it over to none
// of the requests.
func (o *opening) silent(a *vault.Attempt) (seats []int) {
	for i, s := range a.Core.Seats {
		answered := slices.ContainsFunc(o.delivery, func(d vault.Delivery) bool {
			_, ok := o.ledger.Handed(d.Request, i+1, a)
			return ok
		})
		if s.Keyed && !answered {
			seats = append(seats, i+1)
		}
	}
	return seats
}

// identities gives out the keys of the epochs, in their order.
func (o *opening) identities() error {
	if o.Identity == nil {
		return nil
	}
	for _, e := range o.report.Epochs {
		if !e.Open {
			continue
		}
		if err := o.Identity(e.Epoch, o.keys[o.ledger.Sealed(e.Epoch).Digest]); err != nil {
			return fmt.Errorf("keeping the key of epoch %d: %w", e.Epoch, err)
		}
	}
	return nil
}
