package statement

import (
	"bytes"

	"detente/internal/recall"
)

// A Verified remembers signatures that were found good together, so that a
// reader who then judges them one by one need not work them out again. It holds
// no verdict that VerifyEd25519 would not give; what it does not hold is
// verified as ever. The nil Verified holds none. It is never changed, so any
// number of goroutines may ask it.
type Verified struct{ good map[string]batched }

// Verified verifies the batch, empties it and gives those that are good.
func (b *Batch) Verified() *Verified {
	all := b.all
	if recall.Verdict != nil { // a simulation remembers by itself
		b.all, b.keys = nil, nil
		return nil
	}
	v := &Verified{make(map[string]batched, len(all))}
	for i, good := range b.Verify() {
		if good {
			v.good[string(all[i].sig)] = all[i]
		}
	}
	return v
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
