package vault

import (
	"fmt"
	"io"

	"detente/statement"

	"github.com/gtank/ristretto255"
)

// A Share is one seat's values of the two polynomials: the key's and its
// blinding's. It is a secret until the outcome is release.
type Share struct {
	Seat int
	s, t *scalar
}

// Bytes are the share's 64 bytes, s then t.
func (sh *Share) Bytes() []byte {
	return appendSecret(appendSecret(make([]byte, 0, ShareSize), sh.s), sh.t)
}

// Wipe overwrites the share.
func (sh *Share) Wipe() { wipe(sh.s, sh.t) }

// ParseShare reads the 64 bytes of a seat's share.
func ParseShare(seat int, b []byte) (*Share, error) {
	if seat < 1 || seat > MaxSeats {
		return nil, fmt.Errorf("%w: seat %d, want 1 to %d", ErrSeat, seat, MaxSeats)
	}
	if len(b) != ShareSize {
		return nil, fmt.Errorf("%w: %d bytes, want %d", ErrShare, len(b), ShareSize)
	}
	s, err := ristretto255.NewScalar().SetCanonicalBytes(b[:32])
	if err != nil {
		return nil, fmt.Errorf("%w: s is not a canonical scalar", ErrShare)
	}
	t, err := ristretto255.NewScalar().SetCanonicalBytes(b[32:])
	if err != nil {
		return nil, fmt.Errorf("%w: t is not a canonical scalar", ErrShare)
	}
	return &Share{Seat: seat, s: s, t: t}, nil
}

// VerifyShare checks a share against the commitments: s*G + t*H is what the
// commitments give at its seat.
func (c *Core) VerifyShare(sh *Share) error {
	if sh.Seat < 1 || sh.Seat > len(c.Seats) {
		return fmt.Errorf("%w: seat %d of %d", ErrSeat, sh.Seat, len(c.Seats))
	}
	if commit(sh.s, sh.t).Equal(evaluateCommitments(c.points, sh.Seat)) != 1 {
		return fmt.Errorf("%w: seat %d", ErrShare, sh.Seat)
	}
	return nil
}

// OpenShare decrypts a seat's share with the key that the dealing names for it
// and checks that it fits. ErrCiphertext and ErrShare mean that the recorder
// is at fault and a complaint will be upheld; ErrKey that this is another key.
func (d *Dealing) OpenShare(seat int, k *PrivateKey) (*Share, error) {
	if err := CheckRuntime(); err != nil { // else a custodian would complain of what it cannot open
		return nil, err
	}
	if err := d.checkSeatKey(seat, k); err != nil {
		return nil, err
	}
	aad := d.CoreDigest()
	plain, err := k.open(d.shareInfo(seat), aad[:], d.Ciphertexts[seat-1])
	if err != nil {
		return nil, fmt.Errorf("seat %d: %w", seat, err)
	}
	defer clear(plain)
	return d.parseAndVerify(seat, plain)
}

func (d *Dealing) checkSeatKey(seat int, k *PrivateKey) error {
	if seat < 1 || seat > len(d.Seats) || !d.Seats[seat-1].Keyed {
		return fmt.Errorf("%w: seat %d has no share in this dealing", ErrSeat, seat)
	}
	if k.Public().Digest() != d.Seats[seat-1].Key {
		return fmt.Errorf("%w: not the key that seat %d has in this dealing", ErrKey, seat)
	}
	return nil
}

func (c *Core) parseAndVerify(seat int, plain []byte) (*Share, error) {
	sh, err := ParseShare(seat, plain)
	if err != nil {
		return nil, err
	}
	if err := c.VerifyShare(sh); err != nil {
		return nil, err
	}
	return sh, nil
}

// Acknowledge proves knowledge of a share, over the epoch digest, the seat and
// the custodian's next key, without showing it: c, z1, z2. Nobody can
// acknowledge a share it has not seen, nor lift a proof into another dealing.
func (d *Dealing) Acknowledge(random io.Reader, sh *Share, next PublicKey) ([]byte, error) {
	if err := d.VerifyShare(sh); err != nil {
		return nil, err
	}
	var fresh [32]byte
	if _, err := io.ReadFull(random, fresh[:]); err != nil {
		return nil, fmt.Errorf("drawing a nonce: %w", err)
	}
	// The nonces depend on the share too, so that a repeated random state
	// with another message does not give the share away.
	secret := sh.Bytes()
	base := newTranscript(statement.PurposeVaultNonce).roomy().bytes(fresh[:]).bytes(secret).bytes(d.Digest[:]).u16(sh.Seat).text(next.wire)
	k1, k2 := base.u16(1).scalar(), base.u16(2).scalar()
	clear(secret)
	clear(base[:cap(base)])
	defer wipe(k1, k2)
	c := d.challenge(sh.Seat, next, commit(k1, k2))
	z1 := ristretto255.NewScalar().Multiply(c, sh.s)
	z2 := ristretto255.NewScalar().Multiply(c, sh.t)
	z1.Add(z1, k1)
	z2.Add(z2, k2)
	proof := append(c.Bytes(), z1.Bytes()...)
	return append(proof, z2.Bytes()...), nil
}

// VerifyAcknowledge checks the proof that Acknowledge made.
func (d *Dealing) VerifyAcknowledge(seat int, next PublicKey, proof []byte) error {
	if seat < 1 || seat > len(d.Seats) || !d.Seats[seat-1].Keyed {
		return fmt.Errorf("%w: seat %d has no share in this dealing", ErrSeat, seat)
	}
	if len(proof) != ProofSize {
		return fmt.Errorf("%w: %d bytes, want %d", ErrProof, len(proof), ProofSize)
	}
	var v [3]*scalar
	for i := range v {
		s, err := ristretto255.NewScalar().SetCanonicalBytes(proof[32*i : 32*i+32])
		if err != nil {
			return fmt.Errorf("%w: scalar %d is not canonical", ErrProof, i)
		}
		v[i] = s
	}
	minus := ristretto255.NewScalar().Negate(v[0])
	r := ristretto255.NewIdentityElement().VarTimeMultiScalarMult(
		[]*scalar{v[1], v[2], minus},
		[]*point{ristretto255.NewGeneratorElement(), generatorH, evaluateCommitments(d.points, seat)})
	if d.challenge(seat, next, r).Equal(v[0]) != 1 {
		return fmt.Errorf("%w: seat %d", ErrProof, seat)
	}
	return nil
}

func (d *Dealing) challenge(seat int, next PublicKey, r *point) *scalar {
	return newTranscript(statement.PurposeVaultAck).bytes(d.Digest[:]).u16(seat).text(next.wire).
		bytes(evaluateCommitments(d.points, seat).Bytes()).bytes(r.Bytes()).scalar()
}
