package statement

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"detente/agreement"
)

// A WitnessKey is a witness's public key for C2SP cosignature/v1 with Ed25519.
type WitnessKey struct {
	name string
	key  PublicKey
}

// NewWitnessKey is the witness key with this name.
func NewWitnessKey(name string, key PublicKey) (WitnessKey, error) {
	if !ValidKeyName(name) {
		return WitnessKey{}, refuse(ErrPublicKey, "witness key", "a name of 1 to %d bytes without white space and plus", MaxKeyName)
	}
	if !goodPoint(key[:]) {
		return WitnessKey{}, refuse(ErrPublicKey, "witness key", "a canonical Ed25519 point that is not of small order")
	}
	return WitnessKey{name, key}, nil
}

// ParseWitnessKey reads a C2SP verifier key of type 0x04:
//
//	<name>+<8 hex digits>+<base64 of 0x04 and 32 bytes>
func ParseWitnessKey(vkey string) (WitnessKey, error) {
	const form = "<name>+<8 hex digits>+<base64 of 0x04 and 32 bytes>, a C2SP cosignature/v1 verifier key"
	parts := strings.Split(vkey, "+")
	if len(parts) < 3 {
		return WitnessKey{}, refuse(ErrPublicKey, "witness key", form)
	}
	// A plus is also a base64 digit, so only the first two separate.
	raw, err := decodeBase64(strings.Join(parts[2:], "+"), 1+len(PublicKey{}))
	if err != nil {
		return WitnessKey{}, refuse(ErrPublicKey, "witness key", form)
	}
	if raw[0] != algCosignature {
		return WitnessKey{}, refuse(ErrPublicKey, "witness key", "signature type 0x04 (cosignature/v1 with Ed25519), is 0x%02x", raw[0])
	}
	key, err := NewPublicKey(raw[1:])
	if err != nil {
		return WitnessKey{}, err
	}
	w, err := NewWitnessKey(parts[0], key)
	if err != nil {
		return WitnessKey{}, err
	}
	if w.String() != vkey {
		return WitnessKey{}, refuse(ErrPublicKey, "witness key", "the key hash %08x", w.Hash())
	}
	return w, nil
}

// Name is the witness's key name.
func (w WitnessKey) Name() string { return w.name }

// Public is the Ed25519 key.
func (w WitnessKey) Public() PublicKey { return w.key }

// Hash is the key hash on the witness's lines.
func (w WitnessKey) Hash() uint32 { return keyHash(w.name, algCosignature, w.key[:]) }

// String is the C2SP verifier key.
func (w WitnessKey) String() string { return vkey(w.name, algCosignature, w.key[:]) }

func vkey(name string, alg byte, key []byte) string {
	raw := append([]byte{alg}, key...)
	return fmt.Sprintf("%s+%08x+%s", name, keyHash(name, alg, key), base64.StdEncoding.EncodeToString(raw))
}

// Made reports whether a line claims to be this witness's.
func (w WitnessKey) Made(sig Signature) bool { return sig.Name == w.name && sig.Hash == w.Hash() }

// cosignatureBytes is the time and the Ed25519 signature.
const cosignatureBytes = 8 + 64

// VerifyCosignature verifies a line of this witness over a checkpoint's text
// and gives the time it states, which is never zero.
func (w WitnessKey) VerifyCosignature(checkpointText []byte, sig Signature) (agreement.Instant, error) {
	where := "cosignature of " + shown(w.name)
	if !w.Made(sig) {
		return 0, refuse(ErrUnknownKey, where, "a line of key %08x", w.Hash())
	}
	if len(sig.Sig) != cosignatureBytes {
		return 0, refuse(ErrSignature, where, "8 bytes of time and 64 of signature")
	}
	t := binary.BigEndian.Uint64(sig.Sig)
	if t < 1 || t > MaxInstant {
		return 0, refuse(ErrTime, where, "a time from 1 to %d", int64(MaxInstant))
	}
	if !VerifyEd25519(w.key[:], cosigned(checkpointText, int64(t)), sig.Sig[8:]) {
		return 0, refuse(ErrSignature, where, "a signature over this checkpoint and its time")
	}
	return agreement.Instant(t), nil
}

// Cosign makes a witness's line: the signer, under the witness's name, saw
// this checkpoint at time t, which must not be zero.
func Cosign(s Signer, checkpointText []byte, t agreement.Instant) (Signature, error) {
	w, err := NewWitnessKey(s.Name(), s.Public())
	if err != nil {
		return Signature{}, err
	}
	if _, err := ParseCheckpoint(checkpointText); err != nil {
		return Signature{}, err
	}
	if t < 1 || t > MaxInstant {
		return Signature{}, refuse(ErrTime, "cosignature", "a time from 1 to %d", int64(MaxInstant))
	}
	raw, err := s.Sign(cosigned(checkpointText, int64(t)))
	if err != nil {
		return Signature{}, err
	}
	sig := Signature{Name: w.name, Hash: w.Hash(), Sig: append(binary.BigEndian.AppendUint64(nil, uint64(t)), raw...)}
	if _, err := w.VerifyCosignature(checkpointText, sig); err != nil {
		return Signature{}, err
	}
	return sig, nil
}

func cosigned(checkpointText []byte, t int64) []byte {
	b := []byte(PurposeCosignature.Line() + "time " + strconv.FormatInt(t, 10) + "\n")
	return append(b, checkpointText...)
}
