package statement

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Note is a C2SP signed note, read but not verified. Text ends in a newline;
// Sigs stand in the note's order, also repeated and unknown ones.
type Note struct {
	Text []byte
	Sigs []Signature
}

// A Signature is one signature line. Which key made it, and whether it did, is
// for a verifier to say: Name and Hash only claim a key.
type Signature struct {
	Name string
	Hash uint32
	Sig  []byte // without the four bytes of the hash
}

const signaturePrefix = "— "

// ParseNote reads a signed note. It accepts exactly the bytes that Bytes gives
// back: UTF-8 without control characters except newlines, a text, an empty
// line, 1 to MaxSignatures signature lines in canonical base64.
func ParseNote(b []byte) (*Note, error) {
	if len(b) > MaxNote {
		return nil, refuse(ErrTooLarge, "note", "at most %d bytes, has %d", MaxNote, len(b))
	}
	if err := checkNoteCharacters(b); err != nil {
		return nil, err
	}
	split := emptyLine(b)
	if split < 0 {
		return nil, refuse(ErrNote, "note", "text, an empty line, then signature lines; has no empty line")
	}
	n := &Note{Text: bytes.Clone(b[:split+1])}
	lines := string(b[split+2:])
	if lines == "" {
		return nil, refuse(ErrNote, "signature 1", "at least one signature line after the empty line")
	}
	for lines != "" {
		line, rest, ended := strings.Cut(lines, "\n")
		number := len(n.Sigs) + 1
		if !ended {
			return nil, refuse(ErrNote, signatureAt(number), "a newline at the end")
		}
		if number > MaxSignatures {
			return nil, refuse(ErrTooLarge, signatureAt(number), "at most %d signatures", MaxSignatures)
		}
		sig, err := parseSignature(line, number)
		if err != nil {
			return nil, err
		}
		n.Sigs = append(n.Sigs, sig)
		lines = rest
	}
	return n, nil
}

// emptyLine is where the last "\n\n" begins; -1 if there is none. Line by line
// from the end it is found after as many steps as there are signatures.
func emptyLine(b []byte) int {
	for i := bytes.LastIndexByte(b, '\n'); i > 0; i = bytes.LastIndexByte(b[:i], '\n') {
		if b[i-1] == '\n' {
			return i - 1
		}
	}
	return -1
}

func checkNoteCharacters(b []byte) error {
	for i := 0; i < len(b); {
		if n := printable(b[i:]); n > 0 { // nearly all
			i += n
			continue
		}
		if 0x20 <= b[i] && b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return refuse(ErrCharacter, fmt.Sprintf("byte %d", i), "valid UTF-8")
		}
		if r < 0x20 && r != '\n' {
			return refuse(ErrCharacter, fmt.Sprintf("byte %d", i), "no control character but newline")
		}
		i += size
	}
	return nil
}

func signatureAt(number int) string { return fmt.Sprintf("signature %d", number) }

func parseSignature(line string, number int) (Signature, error) {
	rest, ok := strings.CutPrefix(line, signaturePrefix)
	name, b64, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 {
		return Signature{}, refuse(ErrNote, signatureAt(number), "an em dash, a space, a key name, a space, base64")
	}
	if !ValidKeyName(name) {
		return Signature{}, refuse(ErrNote, signatureAt(number), "a key name of 1 to %d bytes without white space and plus", MaxKeyName)
	}
	raw, err := decodeBase64(b64, -1)
	if err != nil {
		return Signature{}, refuse(ErrNotCanonical, signatureAt(number), "standard base64 with padding, unused bits zero")
	}
	if len(raw) < 5 {
		return Signature{}, refuse(ErrNote, signatureAt(number), "four bytes of key hash and a signature")
	}
	return Signature{Name: name, Hash: binary.BigEndian.Uint32(raw), Sig: raw[4:]}, nil
}

// ValidKeyName reports whether s may stand as a key name on a signature line.
func ValidKeyName(s string) bool {
	if s == "" || len(s) > MaxKeyName || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if r == '+' || r < 0x20 || unicode.IsSpace(r) {
			return false
		}
	}
	return true
}

// String is the signature's line, without a newline.
func (s Signature) String() string {
	raw := binary.BigEndian.AppendUint32(nil, s.Hash)
	return signaturePrefix + s.Name + " " + base64.StdEncoding.EncodeToString(append(raw, s.Sig...))
}

// Bytes is the note's one encoding.
func (n *Note) Bytes() []byte {
	var b bytes.Buffer
	b.Write(n.Text)
	b.WriteByte('\n')
	for _, s := range n.Sigs {
		b.WriteString(s.String())
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// NewNote signs a text: the note that holds it and these signatures. It fails
// if ParseNote would not read it.
func NewNote(text []byte, sigs ...Signature) ([]byte, error) {
	n := Note{Text: text, Sigs: sigs}
	if len(text) == 0 || text[len(text)-1] != '\n' {
		return nil, refuse(ErrNote, "note", "a text that ends in a newline")
	}
	b := n.Bytes()
	back, err := ParseNote(b)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(back.Text, text) || len(back.Sigs) != len(sigs) {
		return nil, refuse(ErrNote, "note", "a text that cannot be taken for signature lines")
	}
	return b, nil
}
