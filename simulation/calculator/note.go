package calculator

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"filippo.io/edwards25519"
	"github.com/hdevalence/ed25519consensus"
)

// The greatest instant that anybody may state.
const lastInstant = 253402300799

// A verifier is a key under a name, with the hash that signature lines carry.
type verifier struct {
	name string
	hash [4]byte
	key  []byte
}

func newVerifier(name string, kind byte, key []byte) *verifier {
	sum := sha256.Sum256(append([]byte(name+"\n"+string([]byte{kind})), key...))
	return &verifier{name, [4]byte(sum[:4]), key}
}

func (v *verifier) claimed(l line) bool {
	return l.name == v.name && bytes.Equal(l.sig[:4], v.hash[:])
}

func verify(key, message, sig []byte) bool {
	return len(sig) == 64 && ed25519consensus.Verify(key, message, sig)
}

// goodKey says whether the bytes are the canonical encoding of a point that is
// not of small order.
func goodKey(b []byte) bool {
	p, err := new(edwards25519.Point).SetBytes(b)
	return err == nil && bytes.Equal(p.Bytes(), b) && new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 0
}

func publicKey(s string) []byte {
	rest, ok := strings.CutPrefix(s, "ed25519 ")
	b, good := base64Bytes(rest)
	if !ok || !good || len(b) != 32 || !goodKey(b) {
		refuse("text: %q is no public key", s)
	}
	return b
}

// base64Bytes decodes the one spelling.
func base64Bytes(s string) ([]byte, bool) {
	b, err := base64.StdEncoding.DecodeString(s)
	return b, err == nil && base64.StdEncoding.EncodeToString(b) == s
}

func hexBytes(s string) ([]byte, bool) {
	b, err := hex.DecodeString(s)
	return b, err == nil && len(b) == 32 && hex.EncodeToString(b) == s
}

// A line is a signature line of a note: four bytes of key hash and the rest.
type line struct {
	name string
	sig  []byte
}

type note struct {
	text  string
	lines []line
	many  bool // more lines than a note may have
}

// White space, as far as key names are concerned.
const spaces = "\u0020\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

func keyName(s string) bool {
	return s != "" && len(s) <= 255 && utf8.ValidString(s) && !strings.ContainsAny(s, spaces+"+") &&
		strings.IndexFunc(s, func(r rune) bool { return r < 0x20 }) < 0
}

// readNote reads a canonical note; ok is false if the bytes are none.
func readNote(b []byte) (n note, ok bool) {
	s := string(b)
	if !utf8.ValidString(s) || strings.IndexFunc(s, func(r rune) bool { return r < 0x20 && r != '\n' }) >= 0 {
		return n, false
	}
	at := strings.LastIndex(s, "\n\n")
	if at < 0 || !strings.HasSuffix(s, "\n") || at+2 >= len(s) {
		return n, false
	}
	n.text = s[:at+1]
	for _, l := range strings.SplitAfter(s[at+2:], "\n") {
		if l == "" {
			continue
		}
		rest, ok := strings.CutPrefix(l, "\u2014 ")
		name, sig, ok2 := strings.Cut(strings.TrimSuffix(rest, "\n"), " ")
		raw, ok3 := base64Bytes(sig)
		if !ok || !ok2 || !ok3 || !keyName(name) || len(raw) < 5 {
			return n, false
		}
		n.lines = append(n.lines, line{name, raw})
	}
	n.many = len(n.lines) > 100
	return n, len(n.lines) > 0
}

var decimal = regexp.MustCompile(`^(0|[1-9][0-9]*)$`)

func size(s string) (int64, bool) {
	x, err := strconv.ParseInt(s, 10, 64)
	return x, err == nil && decimal.MatchString(s) && x <= 1<<53-1
}

// A checkpoint is a head of a log: what a depositary and witnesses sign.
type checkpoint struct {
	origin string
	size   int64
	root   [32]byte
}

func readCheckpoint(text string) (c checkpoint, ok bool) {
	part := strings.Split(text, "\n")
	if len(part) != 4 || part[3] != "" || !keyName(part[0]) {
		return c, false
	}
	n, ok := size(part[1])
	root, ok2 := base64Bytes(part[2])
	if !ok || !ok2 || len(root) != 32 {
		return c, false
	}
	return checkpoint{part[0], n, [32]byte(root)}, true
}

// timeOf is the time that a cosignature states, and the signature over it.
func timeOf(text string, l line) (at int64, message, sig []byte) {
	if len(l.sig) != 4+8+64 {
		return -1, nil, nil
	}
	t := binary.BigEndian.Uint64(l.sig[4:])
	at = -1
	if t <= lastInstant {
		at = int64(t)
	}
	return at, []byte("cosignature/v1\ntime " + strconv.FormatUint(t, 10) + "\n" + text), l.sig[12:]
}

// rootOf is the RFC 6962 hash of the first n leaves, worked out anew.
func rootOf(leaves [][32]byte) [32]byte {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	default:
		k := 1
		for k*2 < n {
			k *= 2
		}
		l, r := rootOf(leaves[:k]), rootOf(leaves[k:])
		return sha256.Sum256(append(append([]byte{1}, l[:]...), r[:]...))
	}
}

func sum(b []byte) [32]byte { return sha256.Sum256(b) }

func leafOf(b []byte) [32]byte { return sha256.Sum256(append([]byte{0}, b...)) }
