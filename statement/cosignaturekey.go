package statement

import (
	"encoding/base64"
	"fmt"
	"strings"

	"filippo.io/mldsa"
)

// A WitnessKey is a witness's public key for C2SP cosignatures
// (https://c2sp.org/tlog-cosignature): an Ed25519 key (type 0x04) or an
// ML-DSA-44 key (type 0x06). WitnessKeys can be compared.
type WitnessKey struct {
	name string
	alg  byte
	key  string // 32 or 1312 bytes
}

// The sizes of ML-DSA-44, in bytes (FIPS 204).
const (
	mldsaKeyBytes       = mldsa.MLDSA44PublicKeySize
	mldsaSignatureBytes = mldsa.MLDSA44SignatureSize
)

// NewWitnessKey is the witness key with this name and this Ed25519 key.
func NewWitnessKey(name string, key PublicKey) (WitnessKey, error) {
	return newWitnessKey(name, algCosignature, key[:])
}

// newWitnessKey is the witness key with these bytes, if they are one.
func newWitnessKey(name string, alg byte, key []byte) (WitnessKey, error) {
	if !ValidKeyName(name) {
		return WitnessKey{}, refuse(ErrPublicKey, "witness key", "a name of 1 to %d bytes without white space and plus", MaxKeyName)
	}
	switch alg {
	case algCosignature:
		if !goodPoint(key) {
			return WitnessKey{}, refuse(ErrPublicKey, "witness key", "a canonical Ed25519 point that is not of small order")
		}
	case algMLDSA:
		// Every string of this length is the one encoding of a key.
		if len(key) != mldsaKeyBytes {
			return WitnessKey{}, refuse(ErrPublicKey, "witness key", "%d bytes of ML-DSA-44", mldsaKeyBytes)
		}
	default:
		return WitnessKey{}, refuse(ErrPublicKey, "witness key", "signature type 0x04 (Ed25519) or 0x06 (ML-DSA-44), is 0x%02x", alg)
	}
	return WitnessKey{name, alg, string(key)}, nil
}

// ParseWitnessKey reads a C2SP verifier key of type 0x04 or 0x06:
//
//	<name>+<8 hex digits>+<base64 of 0x04 and 32 bytes, or of 0x06 and 1312 bytes>
func ParseWitnessKey(vkey string) (WitnessKey, error) {
	const form = "<name>+<8 hex digits>+<base64 of 0x04 and 32 bytes or of 0x06 and 1312 bytes>, a C2SP verifier key for cosignatures"
	if len(vkey) > maxVKey {
		return WitnessKey{}, refuse(ErrPublicKey, "witness key", form)
	}
	parts := strings.Split(vkey, "+")
	if len(parts) < 3 {
		return WitnessKey{}, refuse(ErrPublicKey, "witness key", form)
	}
	// A plus is also a base64 digit, so only the first two separate.
	raw, err := decodeBase64(strings.Join(parts[2:], "+"), -1)
	if err != nil || len(raw) != 1+len(PublicKey{}) && len(raw) != 1+mldsaKeyBytes {
		return WitnessKey{}, refuse(ErrPublicKey, "witness key", form)
	}
	w, err := newWitnessKey(parts[0], raw[0], raw[1:])
	if err != nil {
		return WitnessKey{}, err
	}
	if w.String() != vkey {
		return WitnessKey{}, refuse(ErrPublicKey, "witness key", "the key hash %08x", w.Hash())
	}
	return w, nil
}

// maxVKey is the longest verifier key, in bytes: that of the longest name and
// the largest key.
var maxVKey = MaxKeyName + len("+01234567+") + base64.StdEncoding.EncodedLen(1+mldsaKeyBytes)

// Name is the witness's key name.
func (w WitnessKey) Name() string { return w.name }

// Ed25519 is the key if it is of that type.
func (w WitnessKey) Ed25519() (PublicKey, bool) {
	if w.alg != algCosignature {
		return PublicKey{}, false
	}
	return PublicKey([]byte(w.key)), true
}

// PostQuantum reports whether the key is one of ML-DSA-44.
func (w WitnessKey) PostQuantum() bool { return w.alg == algMLDSA }

// SameKey reports whether two witnesses have one key, under whatever names.
func (w WitnessKey) SameKey(o WitnessKey) bool { return w.alg == o.alg && w.key == o.key }

// Hash is the key hash on the witness's lines.
func (w WitnessKey) Hash() uint32 { return keyHash(w.name, w.alg, []byte(w.key)) }

// String is the C2SP verifier key.
func (w WitnessKey) String() string { return vkey(w.name, w.alg, []byte(w.key)) }

func vkey(name string, alg byte, key []byte) string {
	raw := append([]byte{alg}, key...)
	return fmt.Sprintf("%s+%08x+%s", name, keyHash(name, alg, key), base64.StdEncoding.EncodeToString(raw))
}

// Made reports whether a line claims to be this witness's.
func (w WitnessKey) Made(sig Signature) bool { return sig.Name == w.name && sig.Hash == w.Hash() }

// LineSize is the size of one of this witness's lines on a note, in bytes with
// the newline.
func (w WitnessKey) LineSize() int {
	return len(signaturePrefix) + len(w.name) + 1 + base64.StdEncoding.EncodedLen(4+8+w.signatureBytes()) + 1
}

// signatureBytes is the length of a signature without its time.
func (w WitnessKey) signatureBytes() int {
	if w.alg == algMLDSA {
		return mldsaSignatureBytes
	}
	return 64
}
