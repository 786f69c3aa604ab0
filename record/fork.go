package record

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"detente/agreement"
)

// A Fork is evidence that two histories of one record exist: two cosigned
// checkpoints that cannot be of one record, and who signed both.
type Fork struct {
	A, B *Proof
	// Both signed A and B: first the depositary, unless one of the two is
	// signed by a successor; then witnesses in the order of the agreement.
	Both []agreement.Name
}

// ErrNeedEntries is that two checkpoints of different sizes say nothing about
// each other without the entries of the longer record.
var ErrNeedEntries = errors.New("checkpoints of different sizes can be compared only with the entries of the longer record")

// Compare judges two cosigned checkpoints of the agreement's record without
// its entries: a Fork if they have one size and two roots, nil if they are the
// same head, ErrNeedEntries if their sizes differ.
func Compare(a *agreement.Agreement, one, other []byte) (*Fork, error) {
	l, err := newHost(a)
	if err != nil {
		return nil, err
	}
	x, y, err := l.pair(one, other)
	switch {
	case err != nil:
		return nil, err
	case x.Head.Size != y.Head.Size:
		return nil, fmt.Errorf("sizes %d and %d: %w", x.Head.Size, y.Head.Size, ErrNeedEntries)
	case x.Head == y.Head:
		return nil, nil
	}
	return l.fork(x, y), nil
}

// Compare judges two cosigned checkpoints against this record: a Fork if one
// is of this record and the other, not longer, is not; nil if both are of this
// record; ErrNeedEntries if this record cannot tell.
func (f *Fold) Compare(one, other []byte) (*Fork, error) {
	x, y, err := f.pair(one, other)
	if err != nil {
		return nil, err
	}
	if x.Head.Size == y.Head.Size && x.Head != y.Head {
		return f.fork(x, y), nil
	}
	if x.Head.Size < y.Head.Size {
		x, y = y, x
	}
	switch long, short := f.had(x.Head), f.had(y.Head); {
	case long && short:
		return nil, nil
	case long:
		return f.fork(x, y), nil
	}
	return nil, fmt.Errorf("sizes %d and %d, of a copy of %d entries: %w", x.Head.Size, y.Head.Size, f.Size(), ErrNeedEntries)
}

func (l *host) pair(one, other []byte) (x, y *Proof, err error) {
	if x, err = l.cosigned(bytes.Clone(one)); err != nil {
		return nil, nil, err
	}
	if y, err = l.cosigned(bytes.Clone(other)); err != nil {
		return nil, nil, err
	}
	return x, y, nil
}

// Cosigned judges a checkpoint by itself: signed by the agreement's depositary
// or a declared successor and cosigned by a quorum, of whatever history. The
// error is a *Fault.
func Cosigned(a *agreement.Agreement, note []byte) (*Proof, error) {
	l, err := newHost(a)
	if err != nil {
		return nil, err
	}
	return l.cosigned(bytes.Clone(note))
}

// fork names who signed both.
func (l *host) fork(x, y *Proof) *Fork {
	signed := func(p *Proof, w agreement.Name) bool {
		return slices.ContainsFunc(p.Cosignatures, func(c Cosignature) bool { return c.Witness == w })
	}
	e := &Fork{A: x, B: y}
	for i, key := range l.eraAt(x.Head.Size).logKeys {
		if x.Signer == y.Signer && key == x.Signer {
			e.Both = append(e.Both, l.eraAt(x.Head.Size).names[i])
		}
	}
	for _, q := range l.eraAt(min(x.Head.Size, y.Head.Size)).lists {
		for _, w := range q.names {
			if signed(x, w) && signed(y, w) && !slices.Contains(e.Both, w) {
				e.Both = append(e.Both, w)
			}
		}
	}
	return e
}
