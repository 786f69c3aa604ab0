package vault

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"fmt"

	"detente/agreement"
	"detente/statement"

	"github.com/gtank/ristretto255"
)

// A Digest is a SHA-256 of this package: of a key, a core, a dealing, a
// manifest, a batch. Its text form is 64 lower-case hex digits.
type Digest [32]byte

// String is the digest's text form.
func (d Digest) String() string { return fmt.Sprintf("%x", d[:]) }

// ParseDigest reads the text form of a Digest.
func ParseDigest(s string) (Digest, error) {
	d, err := agreement.ParseDigest(s)
	return Digest(d), err
}

// A transcript is the input of a hash, a key derivation or a signature: the
// purpose and each field, each preceded by its length as a big-endian u32, so
// that no two lists of fields have the same bytes.
type transcript []byte

func newTranscript(p statement.Purpose) transcript { return transcript(nil).text(string(p)) }

func (t transcript) bytes(b []byte) transcript {
	t = binary.BigEndian.AppendUint32(t, uint32(len(b)))
	return append(t, b...)
}

func (t transcript) text(s string) transcript { return t.bytes([]byte(s)) }

func (t transcript) u16(v int) transcript {
	return t.bytes(binary.BigEndian.AppendUint16(nil, uint16(v)))
}

func (t transcript) u64(v int64) transcript {
	return t.bytes(binary.BigEndian.AppendUint64(nil, uint64(v)))
}

// secretRoom is more than any transcript with a secret in it has: the longest
// name the next key, of some 1,200 bytes.
const secretRoom = 4 << 10

// roomy is a copy with so much room that no field to come makes it move: of a
// transcript that moved, a copy that nobody overwrites would be left.
func (t transcript) roomy() transcript { return append(make(transcript, 0, secretRoom), t...) }

// appendSecret appends a scalar of which no other copy is left.
func appendSecret(to []byte, s *scalar) []byte {
	b := s.Bytes()
	defer clear(b)
	return append(to, b...)
}

func (t transcript) digest() Digest { return sha256.Sum256(t) }

// uniform is 64 bytes, to be reduced to a scalar or mapped to a point.
func (t transcript) uniform() [64]byte { return sha512.Sum512(t) }

// scalar reduces 64 bytes, so that the result is uniform.
func (t transcript) scalar() *ristretto255.Scalar {
	h := t.uniform()
	s, err := ristretto255.NewScalar().SetUniformBytes(h[:])
	if err != nil {
		panic("vault: 64 bytes are always a scalar: " + err.Error())
	}
	return s
}

// vaultID is the 32 bytes that stand for a vault: its agreement and its name.
func vaultID(id agreement.Digest, vault agreement.Name) []byte {
	d := newTranscript(statement.PurposeVaultName).bytes(id[:]).text(string(vault)).digest()
	return d[:]
}

// custodianID is the 32 bytes that stand for a custodian of an agreement.
func custodianID(id agreement.Digest, name agreement.Name) []byte {
	d := newTranscript(statement.PurposeVaultCustodian).bytes(id[:]).text(string(name)).digest()
	return d[:]
}
