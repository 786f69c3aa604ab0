package agreement

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"filippo.io/edwards25519"
)

// key checks the text form of a public key and that nobody else has it.
func (c *checker) key(s string, at Range) bool {
	raw, reason := decodeKey(s)
	return c.takeKey(raw, reason, s, at, "the line that `detente key new` printed, such as \"ed25519 \" and 44 characters")
}

// witnessKey checks a witness's verifier key.
func (c *checker) witnessKey(s string, at Range) bool {
	raw, reason := decodeWitnessKey(s)
	name, _, _ := strings.Cut(s, "+")
	if other, ok := c.witnessNames[name]; ok && reason == "" {
		// A cosignature is told by name and a hash of 32 bits, which can be forged.
		c.errorAt(CodeRepeatedKey, at, "another witness's key has the same name", "it stands in "+c.line(other)+"; every witness key has a name of its own")
		return false
	}
	c.witnessNames[name] = at
	return c.takeKey(raw, reason, s, at, "the verifier key that `detente key new --witness` or the witness itself prints: name, hash and key, joined by +")
}

func (c *checker) takeKey(raw []byte, reason, s string, at Range, want string) bool {
	if strings.Contains(s, "...") {
		c.errorAt(CodeKeyPlaceholder, at, "the key is still to be filled in", "put "+want)
		return false
	}
	if reason != "" {
		c.errorAt(CodeBadKey, at, "not a public key: "+reason, "put "+want)
		return false
	}
	if other, ok := c.keys[string(raw)]; ok {
		c.errorAt(CodeRepeatedKey, at, "the key is used twice", "it also stands in "+c.line(other)+"; each person, device and server has its own")
		return false
	}
	c.keys[string(raw)] = at
	return true
}

// decodeKey reads "ed25519 " and 32 bytes in standard base64.
func decodeKey(s string) (raw []byte, reason string) {
	text, ok := strings.CutPrefix(s, "ed25519 ")
	if !ok {
		return nil, "it does not begin with \"ed25519 \""
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != 32 || strings.ContainsAny(text, "\r\n") {
		return nil, "after \"ed25519 \" stand 44 characters of base64, which give 32 bytes"
	}
	return raw, weakPoint(raw)
}

// weakPoint says why 32 bytes are refused as an Ed25519 public key: no point,
// not the one encoding of it, or of small order, which would make signatures
// that fit many messages.
func weakPoint(raw []byte) string {
	p, err := new(edwards25519.Point).SetBytes(raw)
	switch {
	case err != nil:
		return "the 32 bytes are no point of the curve"
	case !bytes.Equal(p.Bytes(), raw):
		return "the point is not in its one encoding"
	case new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1:
		return "the point is of small order, which anybody could sign for"
	}
	return ""
}

// The C2SP signature types of cosignatures, and how long their keys are.
const (
	algCosignature = 0x04 // cosignature/v1 with Ed25519
	algMLDSA       = 0x06 // ML-DSA-44
	mldsaKeyBytes  = 1312
)

// decodeWitnessKey reads a C2SP verifier key: name+hash+base64(type, key).
func decodeWitnessKey(s string) (raw []byte, reason string) {
	name, rest, ok := strings.Cut(s, "+")
	hash, text, ok2 := strings.Cut(rest, "+")
	if !ok || !ok2 || name == "" || len(name) > maxKeyName || len(hash) != 8 {
		return nil, "a verifier key is a name, eight hex digits and base64, joined by +"
	}
	for i := range len(name) {
		if name[i] <= ' ' || name[i] >= 0x7f {
			return nil, "the name in it has a space or a character that is not ASCII"
		}
	}
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(key) != 33 && len(key) != 1+mldsaKeyBytes || strings.ContainsAny(text, "\r\n") {
		return nil, "after the second + stand 44 characters of base64, which give 33 bytes, or for ML-DSA-44 1752, which give 1313"
	}
	switch {
	case key[0] == algCosignature && len(key) == 33:
		reason = weakPoint(key[1:])
	case key[0] == algMLDSA && len(key) == 1+mldsaKeyBytes:
	default:
		return nil, fmt.Sprintf("its type is %#02x; a witness key is of type 0x04 (cosignature/v1, Ed25519) with 32 bytes or 0x06 (ML-DSA-44) with 1312", key[0])
	}
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	if hash != fmt.Sprintf("%x", sum[:4]) {
		return nil, "the eight hex digits are not the hash of its name and key"
	}
	return key[1:], reason
}

// How many post-quantum cosignatures fit: each is a line of some 3,250 bytes
// with a name of ordinary length, an entry holds 65,535, and a certificate that
// a custodian carries 16,384.
const (
	maxPostQuantum      = 15
	maxPostQuantumVault = 4
)

// checkCosignatures refuses more post-quantum witnesses than fit together.
func (c *checker) checkCosignatures() {
	most, where := maxPostQuantum, "a proof of time"
	if c.declares(nounVault) {
		most, where = maxPostQuantumVault, "what a custodian carries to show that it may act"
	}
	n := 0
	for _, w := range c.a.Witnesses {
		if !slices.Contains(c.a.Quorum.Of, w.Name) {
			continue
		}
		if key, _ := decodeWitnessKey(w.Key); len(key) == mldsaKeyBytes {
			n++
		}
	}
	if n > most {
		c.errorAt(CodeQuorum, c.a.Quorum.Range, fmt.Sprintf("the cosignatures of %d post-quantum witnesses (ML-DSA-44) do not fit into %s: at most %d do", n, where, most), "let the others have Ed25519 keys: a quorum may mix both")
	}
}
