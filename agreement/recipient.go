package agreement

import (
	"fmt"
	"strings"
)

// The two kinds of age recipient (https://age-encryption.org/v1), by the human
// part of their bech32 form, and how many bytes each holds. One file is
// encrypted to recipients of one kind: age mixes none that a quantum computer
// could open with those it could not.
const (
	recipientClassic = "age"    // X25519
	recipientHybrid  = "age1pq" // ML-KEM-768 and X25519
)

var recipientSize = map[string]int{recipientClassic: 32, recipientHybrid: 1216}

// recipient checks an age recipient.
func (c *checker) recipient(s string, at Range) bool {
	kind, reason := recipientKind(s)
	if reason != "" {
		c.errorAt(CodeBadKey, at, "not an age recipient: "+reason, "put the line that `detente key recipient NAME` or `age-keygen -pq` prints: \"age1...\"")
		return false
	}
	if c.recipients == "" {
		c.recipients = kind
	}
	if c.recipients != kind {
		c.errorAt(CodeConflict, at, "a recipient of another kind than those before it", "age encrypts no file to \"age1pq1...\" and to others together: give everybody one kind")
		return false
	}
	return true
}

// recipientKind reads bech32 (BIP 173) as age uses it: in lower case and of any length.
func recipientKind(s string) (kind, reason string) {
	const charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	cut := strings.LastIndexByte(s, '1')
	if cut < 0 || recipientSize[s[:max(cut, 0)]] == 0 {
		return "", "it does not begin with \"age1\""
	}
	kind = s[:cut]
	sum, bits := uint32(1), 0
	step := func(v byte) {
		top := sum >> 25
		sum = sum&0x1ffffff<<5 ^ uint32(v)
		for i, g := range [5]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
			if top>>i&1 == 1 {
				sum ^= g
			}
		}
	}
	for i := range len(kind) {
		step(kind[i] >> 5)
	}
	step(0)
	for i := range len(kind) {
		step(kind[i] & 31)
	}
	last := 0
	for i, r := range s[cut+1:] {
		v := strings.IndexRune(charset, r)
		if v < 0 {
			return "", fmt.Sprintf("%q is no character of it", r)
		}
		step(byte(v))
		if bits += 5; i < len(s)-cut-1-6 { // the last six are the check
			last = v
		}
	}
	pad := (bits - 30) % 8
	switch {
	case bits-30-pad != 8*recipientSize[kind] || pad > 4 || last&(1<<pad-1) != 0:
		return "", fmt.Sprintf("it does not hold %d bytes", recipientSize[kind])
	case sum != 1:
		return "", "its last six characters do not fit the others: something was mistyped or left out"
	}
	return kind, ""
}
