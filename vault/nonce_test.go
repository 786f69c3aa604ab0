package vault

import (
	"bytes"
	"testing"

	"detente/statement"

	"github.com/gtank/ristretto255"
)

// A machine that was restored, or whose generator is broken, gives the same
// randomness twice, or such as others know. Neither gives a share away: what a
// proof hides it with depends on the share and on all that the proof is about.
func TestBrokenRandomnessGivesNoShareAway(t *testing.T) {
	r := newRoster(t, 3, 2, 0)
	d := r.deal(t, 1)
	sh := r.open(t, d, 1, 1)[0]
	proofOf := func(next PublicKey) []*scalar {
		proof, err := d.Acknowledge(bytes.NewReader(make([]byte, 32)), sh, next)
		if err != nil {
			t.Fatal(err)
		}
		return scalars(t, proof)
	}
	first, second := key(t, 60).Public(), key(t, 61).Public()
	a, b := proofOf(first), proofOf(second)
	if twice(a, b).Equal(sh.s) == 1 {
		t.Error("two proofs with the same randomness show the share")
	}
	known := newTranscript(statement.PurposeVaultNonce).bytes(make([]byte, 32))
	for what, base := range map[string]transcript{
		"nothing else": known,
		"all public":   known.bytes(d.Digest[:]).u16(1).text(first.wire),
		"no share":     known.bytes(nil).bytes(d.Digest[:]).u16(1).text(first.wire),
	} {
		if once(a, base.u16(1).scalar()).Equal(sh.s) == 1 {
			t.Errorf("whoever knows the randomness has the share: of it and %s come the nonces", what)
		}
	}
}

// The same of proofs of possession, of which a custodian makes many.
func TestBrokenRandomnessGivesNoSumAway(t *testing.T) {
	w := possessing(t, 1)
	prove := func() ([]*scalar, *possession) {
		head := w.ledger.Head()
		epochs, err := w.ledger.ToPossess(1, head)
		if err != nil {
			t.Fatal(err)
		}
		proof, err := w.ledger.Possess(bytes.NewReader(make([]byte, 32)), 1, head, w.shareOf(1))
		if err != nil {
			t.Fatal(err)
		}
		return scalars(t, proof), &possession{w.ledger.Terms.Agreement, w.ledger.Terms.Vault, 1, head, epochs}
	}
	sh, err := w.shareOf(1)(w.ledger.Sealed(1))
	if err != nil {
		t.Fatal(err)
	}
	a, p := prove()
	w.must("custodian-c", statement.ID{}, statement.HeartbeatBody{Vault: string(w.ledger.Terms.Vault)})
	b, q := prove()
	// With the same nonce twice: z - z' = (c*r - c'*r') * s, for the weights r of one share.
	cr := ristretto255.NewScalar().Multiply(a[0], p.coefficients()[0])
	cr.Subtract(cr, ristretto255.NewScalar().Multiply(b[0], q.coefficients()[0]))
	s := ristretto255.NewScalar().Subtract(a[1], b[1])
	if s.Multiply(s, ristretto255.NewScalar().Invert(cr)).Equal(sh.s) == 1 {
		t.Error("two proofs with the same randomness show the share")
	}
	sum := ristretto255.NewScalar().Multiply(sh.s, p.coefficients()[0])
	base := p.context().text("nonce").bytes(make([]byte, 32))
	for _, base := range []transcript{base, base.bytes(nil).bytes(nil)} {
		if once(a, base.u16(1).scalar()).Equal(sum) == 1 {
			t.Error("whoever knows the randomness has the share")
		}
	}
}

// scalars are the challenge and the two answers of a proof.
func scalars(t *testing.T, proof []byte) (out []*scalar) {
	t.Helper()
	for i := range 3 {
		s, err := ristretto255.NewScalar().SetCanonicalBytes(proof[32*i : 32*i+32])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// twice is the secret of two proofs, had they one nonce: (z - z') / (c - c').
func twice(a, b []*scalar) *scalar {
	z, c := ristretto255.NewScalar().Subtract(a[1], b[1]), ristretto255.NewScalar().Subtract(a[0], b[0])
	return z.Multiply(z, ristretto255.NewScalar().Invert(c))
}

// once is the secret of one proof, were its nonce k: (z - k) / c.
func once(a []*scalar, k *scalar) *scalar {
	z := ristretto255.NewScalar().Subtract(a[1], k)
	return z.Multiply(z, ristretto255.NewScalar().Invert(a[0]))
}
