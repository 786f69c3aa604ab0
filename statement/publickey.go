package statement

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"

	"detente/internal/recall"

	"filippo.io/edwards25519"
	"github.com/hdevalence/ed25519consensus"
)

// The signature types of C2SP signed notes that the project uses.
const (
	algEd25519     = 0x01
	algCosignature = 0x04
	algMLDSA       = 0x06
)

// A PublicKey is an Ed25519 public key: the canonical encoding of a point that
// is not of small order. The zero PublicKey verifies nothing.
type PublicKey [32]byte

const publicKeyPrefix = "ed25519 "

// ParsePublicKey reads the text form, "ed25519 " and 32 bytes in standard
// base64. It refuses encodings that are not canonical and points of small
// order: under such a key one signature fits many messages.
func ParsePublicKey(s string) (PublicKey, error) {
	rest, ok := strings.CutPrefix(s, publicKeyPrefix)
	if !ok {
		return PublicKey{}, refuse(ErrPublicKey, "", `"ed25519 " and 44 characters of base64`)
	}
	raw, err := decodeBase64(rest, len(PublicKey{}))
	if err != nil {
		return PublicKey{}, refuse(ErrPublicKey, "", "32 bytes in standard base64 with padding (44 characters) after \"ed25519 \"")
	}
	return NewPublicKey(raw)
}

// NewPublicKey is the public key with these 32 bytes, if they are one.
func NewPublicKey(raw []byte) (PublicKey, error) {
	if !goodPoint(raw) {
		return PublicKey{}, refuse(ErrPublicKey, "", "a canonical Ed25519 point that is not of small order; make the key again with detente key")
	}
	return PublicKey(raw), nil
}

// String is the key's text form.
func (k PublicKey) String() string {
	return publicKeyPrefix + base64.StdEncoding.EncodeToString(k[:])
}

// Hash is the key hash on the signature lines of a signer with this name and key.
func (k PublicKey) Hash(name string) uint32 { return keyHash(name, algEd25519, k[:]) }

// VKey is the key under this name as a C2SP verifier key, for other people's programs.
func (k PublicKey) VKey(name string) string { return vkey(name, algEd25519, k[:]) }

// VerifyEd25519 reports whether sig is a signature of msg by the public key
// pub. It is the one rule for every Ed25519 signature in the project: that of
// ZIP 215 (https://zips.z.cash/zip-0215), which batch and single verification
// and all implementations can agree on, and besides pub must be canonical and
// not of small order.
func VerifyEd25519(pub, msg, sig []byte) bool {
	if recall.Verdict != nil {
		return recall.Verdict(pub, msg, sig, func() bool { return verifyEd25519(pub, msg, sig) })
	}
	return verifyEd25519(pub, msg, sig)
}

func verifyEd25519(pub, msg, sig []byte) bool {
	return goodPoint(pub) && ed25519consensus.Verify(ed25519.PublicKey(pub), msg, sig)
}

func goodPoint(raw []byte) bool { return pointOf(raw) != nil }

// pointOf is the point of a key: nil if the bytes are not its one encoding, or
// it is of small order.
func pointOf(raw []byte) *edwards25519.Point {
	if len(raw) != len(PublicKey{}) {
		return nil
	}
	p, err := new(edwards25519.Point).SetBytes(raw)
	if err != nil || !bytes.Equal(p.Bytes(), raw) {
		return nil
	}
	if new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return nil
	}
	return p
}

func keyHash(name string, alg byte, key []byte) uint32 {
	h := sha256.New()
	h.Write([]byte(name))
	h.Write([]byte{'\n', alg})
	h.Write(key)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

var strictBase64 = base64.StdEncoding.Strict() // refuses unused bits that are not zero

// decodeBase64 reads standard base64 with padding that encodes again to the
// same characters and holds exactly size bytes (any number if size < 0).
func decodeBase64(s string, size int) ([]byte, error) {
	if size >= 0 && len(s) != base64.StdEncoding.EncodedLen(size) {
		return nil, ErrNotCanonical
	}
	// The decoder skips line breaks.
	raw, err := strictBase64.DecodeString(s)
	if err != nil || size >= 0 && len(raw) != size || strings.ContainsAny(s, "\r\n") {
		return nil, ErrNotCanonical
	}
	return raw, nil
}
