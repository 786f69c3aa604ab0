package statement

import (
	"encoding/binary"
	"strconv"

	"detente/agreement"

	"filippo.io/mldsa"
)

// VerifyCosignature verifies a line of this witness over a checkpoint's text
// and gives the time it states, which is never zero.
func (w WitnessKey) VerifyCosignature(checkpointText []byte, sig Signature) (agreement.Instant, error) {
	return w.VerifyCosignatureBy(nil, checkpointText, sig)
}

// VerifyCosignatureBy is VerifyCosignature with what was verified before.
func (w WitnessKey) VerifyCosignatureBy(v *Verified, checkpointText []byte, sig Signature) (agreement.Instant, error) {
	t, err := w.time(sig)
	if err != nil {
		return 0, err
	}
	if !w.verify(v, checkpointText, int64(t), sig.Sig[8:]) {
		return 0, refuse(ErrSignature, "cosignature of "+shown(w.name), "a signature over this checkpoint and its time")
	}
	return t, nil
}

// time is what a line of this witness states, unverified.
func (w WitnessKey) time(sig Signature) (agreement.Instant, error) {
	where := "cosignature of " + shown(w.name)
	if !w.Made(sig) {
		return 0, refuse(ErrUnknownKey, where, "a line of key %08x", w.Hash())
	}
	if len(sig.Sig) != 8+w.signatureBytes() {
		return 0, refuse(ErrSignature, where, "8 bytes of time and %d of signature", w.signatureBytes())
	}
	t := binary.BigEndian.Uint64(sig.Sig)
	if t < 1 || t > MaxInstant {
		return 0, refuse(ErrTime, where, "a time from 1 to %d", int64(MaxInstant))
	}
	return agreement.Instant(t), nil
}

func (w WitnessKey) verify(v *Verified, checkpointText []byte, t int64, sig []byte) bool {
	message, err := w.message(checkpointText, t)
	if err != nil {
		return false
	}
	if w.alg == algCosignature {
		return v.verify([]byte(w.key), message, sig)
	}
	key, err := mldsa.NewPublicKey(mldsa.MLDSA44(), []byte(w.key))
	return err == nil && mldsa.Verify(key, message, sig, nil) == nil
}

// message is what the witness signs. An Ed25519 key signs the whole text; an
// ML-DSA-44 key signs what the checkpoint's three lines say and the witness's
// own name, which is why a text with more lines, which ParseCheckpoint refuses,
// has no message.
func (w WitnessKey) message(checkpointText []byte, t int64) ([]byte, error) {
	if w.alg == algCosignature {
		return cosigned(checkpointText, t), nil
	}
	c, err := ParseCheckpoint(checkpointText)
	if err != nil {
		return nil, err
	}
	// struct cosigned_message of C2SP tlog-cosignature.
	b := append([]byte(PurposeSubtree.Line()), 0)
	b = append(append(b, byte(len(w.name))), w.name...)
	b = binary.BigEndian.AppendUint64(b, uint64(t))
	b = append(append(b, byte(len(c.Origin))), c.Origin...)
	b = binary.BigEndian.AppendUint64(b, 0)              // start: the whole tree
	b = binary.BigEndian.AppendUint64(b, uint64(c.Size)) // end
	return append(b, c.Root[:]...), nil
}

func cosigned(checkpointText []byte, t int64) []byte {
	b := []byte(PurposeCosignature.Line() + "time " + strconv.FormatInt(t, 10) + "\n")
	return append(b, checkpointText...)
}

// A Cosigner makes cosignatures. The private key may be anywhere.
type Cosigner interface {
	// Key is the witness's public key under its name.
	Key() WitnessKey
	// Sign gives the signature of message: 64 bytes of Ed25519 or 2420 of
	// ML-DSA-44 with an empty context.
	Sign(message []byte) ([]byte, error)
}

// NewEd25519Cosigner makes cosignatures with an Ed25519 signer, under its name.
func NewEd25519Cosigner(s Signer) (Cosigner, error) {
	key, err := NewWitnessKey(s.Name(), s.Public())
	if err != nil {
		return nil, err
	}
	return ed25519Cosigner{s, key}, nil
}

type ed25519Cosigner struct {
	Signer
	key WitnessKey
}

func (c ed25519Cosigner) Key() WitnessKey { return c.key }

// NewMLDSACosigner makes cosignatures with the ML-DSA-44 key of a seed of 32 bytes.
func NewMLDSACosigner(name string, seed []byte) (Cosigner, error) {
	private, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), seed)
	if err != nil {
		return nil, refuse(ErrPublicKey, "private key", "a seed of %d bytes", mldsa.PrivateKeySize)
	}
	key, err := newWitnessKey(name, algMLDSA, private.PublicKey().Bytes())
	if err != nil {
		return nil, err
	}
	return &mldsaCosigner{key, private}, nil
}

type mldsaCosigner struct {
	key     WitnessKey
	private *mldsa.PrivateKey
}

func (c *mldsaCosigner) Key() WitnessKey { return c.key }

// Sign is deterministic: this package draws no randomness, and a witness signs
// one message once. The price is that faults injected into the machine could
// reveal the key, which whoever can do that has already.
func (c *mldsaCosigner) Sign(message []byte) ([]byte, error) {
	return c.private.SignDeterministic(message, nil)
}

// Cosign makes the line of an Ed25519 witness: the signer, under the witness's
// name, saw this checkpoint at time t, which must not be zero.
func Cosign(s Signer, checkpointText []byte, t agreement.Instant) (Signature, error) {
	c, err := NewEd25519Cosigner(s)
	if err != nil {
		return Signature{}, err
	}
	return CosignWith(c, checkpointText, t)
}

// CosignWith makes a witness's line: it saw this checkpoint at time t, which
// must not be zero.
func CosignWith(c Cosigner, checkpointText []byte, t agreement.Instant) (Signature, error) {
	if _, err := ParseCheckpoint(checkpointText); err != nil {
		return Signature{}, err
	}
	if t < 1 || t > MaxInstant {
		return Signature{}, refuse(ErrTime, "cosignature", "a time from 1 to %d", int64(MaxInstant))
	}
	w := c.Key()
	message, err := w.message(checkpointText, int64(t))
	if err != nil {
		return Signature{}, err
	}
	raw, err := c.Sign(message)
	if err != nil {
		return Signature{}, err
	}
	sig := Signature{Name: w.name, Hash: w.Hash(), Sig: append(binary.BigEndian.AppendUint64(nil, uint64(t)), raw...)}
	// A faulty signer is found here, not by the first who verifies.
	if _, err := w.VerifyCosignature(checkpointText, sig); err != nil {
		return Signature{}, err
	}
	return sig, nil
}
