package statement

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"detente/agreement"
)

// A Signed is a statement as read from a note. Its signatures are not verified:
// KeySet.Verify does that.
type Signed struct {
	Statement
	Text []byte      // the eight signed lines
	Sigs []Signature // in the note's order
	ID   ID
}

// headerWords are the words that start lines 2 to 7 of a statement's text.
var headerWords = [...]string{"agreement", "bundle", "by", "answers", "seen", "kind"}

// Text is the statement's signed text. It fails if Parse would not read it.
func (s *Statement) Text() ([]byte, error) {
	if s.Body == nil {
		return nil, refuse(ErrBody, "", "a body")
	}
	kind := s.Body.Kind()
	body, err := encodeBody(s.Body)
	if err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(PurposeStatement.Line())
	for i, value := range []string{
		s.Agreement.String(), s.Bundle.String(), string(s.By), s.Answers.text(), s.Seen.String(), string(kind),
	} {
		fmt.Fprintf(&b, "%s %s\n", headerWords[i], value)
	}
	b.Write(body)
	b.WriteByte('\n')
	if b.Len() > MaxEntry {
		return nil, refuse(ErrTooLarge, "statement", "at most %d bytes with its signatures, its text alone has %d", MaxEntry, b.Len())
	}
	return b.Bytes(), nil
}

// check holds the statement to the rules that are not about one line.
func (s *Statement) check() error {
	if !ValidName(s.By) {
		return refuse(ErrHeader, "line 4", "a declared name: %s", nameForm)
	}
	if s.Seen.Size < 0 || s.Seen.Size > MaxInteger {
		return refuse(ErrHeader, "line 6", "a size from 0 to %d", int64(MaxInteger))
	}
	if s.Seen.Size == 0 && s.Seen.Root != (Head{}).Root {
		return refuse(ErrHeader, "line 6", "32 zero bytes as the root of size 0")
	}
	if rules[s.Body.Kind()].answers && s.Answers == (ID{}) {
		return refuse(ErrHeader, "line 5", "the ID of the statement it answers: kind %s answers one", s.Body.Kind())
	}
	return nil
}

// Parse reads a signed statement. It accepts exactly the notes that Sign can
// make from texts that ParseText accepts, whoever signed them.
func Parse(note []byte) (*Signed, error) {
	if len(note) > MaxEntry {
		return nil, refuse(ErrTooLarge, "statement", "at most %d bytes, has %d", MaxEntry, len(note))
	}
	n, err := ParseNote(note)
	if err != nil {
		return nil, err
	}
	s, err := parseText(n.Text)
	if err != nil {
		return nil, err
	}
	return &Signed{Statement: *s, Text: n.Text, Sigs: n.Sigs, ID: IDOf(n.Text)}, nil
}

// IDOf is the ID of the statement with this text.
func IDOf(text []byte) ID { return sha256.Sum256(text) }

// ParseText reads a statement's text, before or after it is signed. It accepts
// exactly the bytes that Text gives back.
func ParseText(text []byte) (*Statement, error) {
	if len(text) > MaxEntry {
		return nil, refuse(ErrTooLarge, "statement", "at most %d bytes, has %d", MaxEntry, len(text))
	}
	if err := checkNoteCharacters(text); err != nil {
		return nil, err
	}
	return parseText(text)
}

// parseText is ParseText of what has the size and the characters of a note.
func parseText(text []byte) (*Statement, error) {
	var lines [8]string
	rest := string(text)
	for i := range lines {
		var ended bool
		if lines[i], rest, ended = strings.Cut(rest, "\n"); i == 0 && lines[0] != string(PurposeStatement) {
			return nil, refuse(ErrVersion, "line 1", "%q; a newer version needs a newer program", PurposeStatement)
		}
		if !ended || i == len(lines)-1 && rest != "" {
			return nil, refuse(ErrHeader, "statement", "eight lines, each ended by a newline, has %d", bytes.Count(text, []byte("\n")))
		}
	}
	var values [len(headerWords)]string
	for i, word := range headerWords {
		value, ok := strings.CutPrefix(lines[i+1], word+" ")
		if !ok {
			return nil, refuse(ErrHeader, lineOf(i), "%q, a space and its value", word)
		}
		values[i] = value
	}
	s, err := parseHeader(values)
	if err != nil {
		return nil, err
	}
	if s.Body, err = decodeBody(Kind(values[5]), lines[7]); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

func lineOf(header int) string { return fmt.Sprintf("line %d", header+2) }

func parseHeader(values [len(headerWords)]string) (*Statement, error) {
	s := &Statement{By: agreement.Name(values[2])}
	var err error
	if s.Agreement, err = agreement.ParseDigest(values[0]); err != nil {
		return nil, refuse(ErrHeader, lineOf(0), "64 lower-case hex digits")
	}
	if s.Bundle, err = agreement.ParseDigest(values[1]); err != nil {
		return nil, refuse(ErrHeader, lineOf(1), "64 lower-case hex digits")
	}
	if values[3] != noAnswer {
		if s.Answers, err = ParseID(values[3]); err != nil {
			return nil, refuse(ErrHeader, lineOf(3), "64 lower-case hex digits, not all zero, or %q", noAnswer)
		}
	}
	if s.Seen, err = ParseHead(values[4]); err != nil {
		return nil, err
	}
	return s, nil
}

const noAnswer = "-"

func (id ID) text() string {
	if id == (ID{}) {
		return noAnswer
	}
	return id.String()
}

// ParseID reads the text form of an ID. The zero ID is none.
func ParseID(s string) (ID, error) {
	d, err := agreement.ParseDigest(s)
	if err != nil || d == (agreement.Digest{}) {
		return ID{}, refuse(ErrHeader, "", "64 lower-case hex digits, not all zero")
	}
	return ID(d), nil
}

// ParseHead reads the text form of a head.
func ParseHead(s string) (Head, error) {
	const where = "line 6"
	size, root, ok := strings.Cut(s, " ")
	n, err := parseSize(size)
	if !ok || err != nil {
		return Head{}, refuse(ErrHeader, where, "a size from 0 to %d without leading zeros, a space, a root", int64(MaxInteger))
	}
	raw, err := decodeBase64(root, len(Head{}.Root))
	if err != nil {
		return Head{}, refuse(ErrHeader, where, "a root of 32 bytes in standard base64 with padding")
	}
	return Head{Size: n, Root: [32]byte(raw)}, nil
}

// parseSize reads a decimal from 0 to MaxInteger without sign and leading zeros.
func parseSize(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > MaxInteger || strconv.FormatInt(n, 10) != s {
		return 0, ErrNotCanonical
	}
	return n, nil
}

// isHex reports whether s is lower-case hex of exactly 32 bytes.
func isHex(s string) bool {
	_, err := agreement.ParseDigest(s)
	return err == nil
}

// nameForm is ValidName's rule in words.
const nameForm = "1 to 64 of a-z, 0-9, hyphen and underscore, the first a letter"

// pathForm is ValidPath's rule in words.
const pathForm = "a declared name, or names and numbers of a case joined by /, such as dispute/uk"

// ValidPath reports whether n has the form of what a statement may be about: a
// declared name, or one with what makes it a part, case, stage or draft of it.
func ValidPath(n agreement.Name) bool {
	parts := strings.Split(string(n), "/")
	if len(n) > MaxPath || len(parts) > maxPathParts || !ValidName(agreement.Name(parts[0])) {
		return false
	}
	for _, p := range parts[1:] {
		if !ValidName(agreement.Name("x"+p)) || p == "" || p[0] == '-' || p[0] == '_' {
			return false
		}
	}
	return true
}

// ValidName reports whether n has the form of a declared name. The agreement
// language decides which names are declared; this rule only keeps everything
// else off the wire.
func ValidName(n agreement.Name) bool {
	if n == "" || len(n) > MaxName {
		return false
	}
	for i, c := range []byte(n) {
		letter := 'a' <= c && c <= 'z'
		if !letter && (i == 0 || !('0' <= c && c <= '9' || c == '-' || c == '_')) {
			return false
		}
	}
	return true
}
