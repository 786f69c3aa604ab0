package vault

import (
	"errors"
	"fmt"
	"io"

	"detente/statement"
)

// MakeRequest draws one delivery key for each seat from first seat to last
// (a statement holds at most statement.MaxDeliveryKeys; more seats need more
// requests) and gives the request for epochs first to last. The beneficiary
// keeps the keys, seat 1 first; one of them is published if a share is disputed.
func (l *Ledger) MakeRequest(random io.Reader, first, last int64, seats ...int) (statement.RequestBody, []*PrivateKey, error) {
	b := statement.RequestBody{Vault: string(l.Terms.Vault), First: first, Last: last, Keys: make([]string, len(l.Custodies))}
	keys := make([]*PrivateKey, len(l.Custodies))
	if first < 1 || last < first || last > MaxEpoch {
		return b, nil, fmt.Errorf("epochs %d to %d, want 1 to %d in order", first, last, MaxEpoch)
	}
	if len(seats) == 0 {
		for seat := range l.Custodies {
			seats = append(seats, seat+1)
		}
	}
	if len(seats) > statement.MaxDeliveryKeys {
		return b, nil, fmt.Errorf("%d seats in one request, want at most %d", len(seats), statement.MaxDeliveryKeys)
	}
	for _, seat := range seats {
		if seat < 1 || seat > len(keys) {
			return b, nil, fmt.Errorf("%w: seat %d of %d", ErrSeat, seat, len(keys))
		}
		k, err := GenerateKey(random)
		if err != nil {
			return b, nil, err
		}
		keys[seat-1], b.Keys[seat-1] = k, encodeBytes(k.Public().Bytes())
	}
	return b, keys, nil
}

// Delivery is a request with the private keys of its seats.
type Delivery struct {
	Request *Request
	Keys    []*PrivateKey // seat 1 first; nil for a seat that was not asked
}

// Wrong is a hand-over whose share does not fit, with the statement that
// proves it. Publishing it shows everything that the seat handed over under
// that key.
type Wrong struct {
	HandOver *HandOver
	Dispute  statement.DisputeBody
	Reason   error
}

// Collection is what a beneficiary has of one epoch.
type Collection struct {
	Attempt  *Attempt
	Shares   []*Share  // distinct seats, all verified; public ones included
	Wrong    []Wrong   // custodians at fault
	Identity *Identity // nil until there are enough shares
	// Mismatch is the statement that proves that the recorder published
	// another recipient; nil unless it did.
	Mismatch *statement.MismatchBody
}

// Collect opens and checks everything handed over of an epoch and, with need
// right shares, gives its identity. It errs only if nothing could be judged.
func (l *Ledger) Collect(epoch int64, deliveries ...Delivery) (*Collection, error) {
	a := l.Sealed(epoch)
	if a == nil {
		return nil, fmt.Errorf("epoch %d is not sealed", epoch)
	}
	c := &Collection{Attempt: a, Shares: append([]*Share(nil), a.Public...)}
	for _, d := range deliveries {
		for _, h := range l.HandOvers {
			if h.Request != d.Request || d.Keys[h.Seat-1] == nil {
				continue
			}
			if k := d.Keys[h.Seat-1]; k.Public() != d.Request.Keys[h.Seat-1] {
				return nil, fmt.Errorf("%w: not the key that the request named for seat %d", ErrKey, h.Seat)
			}
			if err := c.take(h, d.Keys[h.Seat-1]); err != nil {
				return nil, err
			}
		}
	}
	if len(c.Shares) < a.Core.Need {
		return c, nil
	}
	v, err := a.Interpolate(c.Shares)
	if err != nil {
		return nil, err
	}
	c.Identity, err = a.Identity(v)
	if errors.Is(err, ErrMismatch) {
		c.Mismatch = &statement.MismatchBody{
			Vault: string(a.Vault), Digest: a.Digest.String(), A: encodeBytes(v.A()), B: encodeBytes(v.B()),
		}
		return c, nil
	}
	return c, err
}

func (c *Collection) take(h *HandOver, k *PrivateKey) error {
	for _, s := range h.Shares {
		if s.Attempt != c.Attempt {
			continue
		}
		sh, err := c.Attempt.Dealing.OpenHandOver(h.Seat, h.Request.ID, k, s.Ciphertext)
		switch {
		case errors.Is(err, ErrCiphertext), errors.Is(err, ErrShare):
			c.Wrong = append(c.Wrong, Wrong{HandOver: h, Reason: err, Dispute: statement.DisputeBody{
				Vault: string(c.Attempt.Vault), Digest: c.Attempt.Digest.String(), Seat: h.Seat, Seed: encodeBytes(k.Seed()),
			}})
		case err != nil:
			return err
		case !c.has(sh.Seat):
			c.Shares = append(c.Shares, sh)
		}
	}
	return nil
}

func (c *Collection) has(seat int) bool {
	for _, sh := range c.Shares {
		if sh.Seat == seat {
			return true
		}
	}
	return false
}

// SegmentVerdict is what a reader concludes of one segment's bytes.
type SegmentVerdict string

// The verdicts on a segment.
const (
	SegmentGood    SegmentVerdict = "good"
	SegmentAltered SegmentVerdict = "altered"   // not the bytes that the manifest describes: the host's fault
	SegmentForm    SegmentVerdict = "malformed" // the manifest's bytes, but not of the one accepted form: the recorder's
	SegmentClosed  SegmentVerdict = "unopened"  // right form, does not open under the epoch's key: the recorder's
	SegmentEpoch   SegmentVerdict = "other epoch"
)

// OpenManifested verifies a segment against its manifest and opens it. What is
// decrypted is exactly what was verified. Only with SegmentGood there is data.
func OpenManifested(m *Manifest, segment []byte, epoch Digest, id *Identity, padded int64) ([]byte, SegmentVerdict, error) {
	return new(Opener).Open(m, segment, epoch, id, padded)
}
