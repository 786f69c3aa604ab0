package statement

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"detente/internal/recall"
)

// A Verified remembers signatures that were found good together, so that a
// reader who then judges them one by one need not work them out again. It holds
// no verdict that VerifyEd25519 would not give; what it does not hold is
// verified as ever. The nil Verified holds none. It is never changed, so any
// number of goroutines may ask it.
type Verified struct {
	good map[string]batched
	n    int // how many were found good
}

// Verified verifies the batch, empties it and gives those that are good.
func (b *Batch) Verified() *Verified {
	all := b.all
	if recall.Verdict != nil { // a simulation remembers by itself
		b.all, b.keys = nil, nil
		return nil
	}
	v := &Verified{good: make(map[string]batched, len(all))}
	for i, good := range b.Verify() {
		if good {
			v.n++
			v.good[string(all[i].sig)] = all[i]
		}
	}
	return v
}

// A Sum is the digest of all that a batch says: each key, message and
// signature.
type Sum [sha256.Size]byte

func (b *Batch) sum() (s Sum) {
	h := sha256.New()
	h.Write([]byte(PurposeBatch.Line()))
	var length []byte
	for _, e := range b.all {
		length = binary.BigEndian.AppendUint64(length[:0], uint64(len(e.pub)))
		length = binary.BigEndian.AppendUint64(length, uint64(len(e.msg)))
		length = binary.BigEndian.AppendUint64(length, uint64(len(e.sig)))
		for _, part := range [][]byte{length, e.pub, e.msg, e.sig} {
			h.Write(part)
		}
	}
	h.Sum(s[:0])
	return s
}

// VerifiedUnless is Verified, but that a batch which known has is taken as good
// without being verified, and that it gives the batch's sum: known holds sums that this function gave before, with
// all true, to a caller who kept them where nobody else writes. With all, every
// signature of the batch is good. A nil known has none, and no sum is worked out.
func (b *Batch) VerifiedUnless(known map[Sum]bool) (v *Verified, sum Sum, all bool) {
	if known == nil || b.Len() == 0 {
		return b.Verified(), sum, false
	}
	sum = b.sum()
	if !known[sum] {
		n := b.Len()
		v = b.Verified()
		return v, sum, v != nil && v.n == n
	}
	v = &Verified{good: make(map[string]batched, b.Len())}
	for _, e := range b.all {
		v.good[string(e.sig)] = e
	}
	b.all, b.keys = nil, nil
	return v, sum, true
}

// verify is VerifyEd25519. Of two entries with one signature the map holds one,
// and the other is verified again: all three strings must be the same.
func (v *Verified) verify(pub, msg, sig []byte) bool {
	if v != nil {
		if e, ok := v.good[string(sig)]; ok && bytes.Equal(e.pub, pub) && bytes.Equal(e.msg, msg) {
			return true
		}
	}
	return VerifyEd25519(pub, msg, sig)
}

// AddLine puts a witness's line over a checkpoint's text into a batch, if it
// claims to be this witness's, with an Ed25519 key. What VerifyCosignature would
// refuse before it looks at the signature is left out.
func (w WitnessKey) AddLine(b *Batch, checkpointText []byte, sig Signature) {
	t, err := w.time(sig)
	if err != nil || w.alg != algCosignature {
		return
	}
	if message, err := w.message(checkpointText, int64(t)); err == nil {
		b.Add([]byte(w.key), message, sig.Sig[8:])
	}
}
