package statement

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"detente/agreement"
)

// A checker holds a body's fields to their rules and keeps the first refusal.
type checker struct{ err error }

func (c *checker) fail(rule Rule, where, want string, args ...any) {
	if c.err == nil {
		c.err = refuse(rule, where, want, args...)
	}
}

// name: a declared name.
func (c *checker) name(where, s string) {
	if !ValidName(agreement.Name(s)) {
		c.fail(ErrValue, where, "a declared name: %s", nameForm)
	}
}

// path: what a statement is about.
func (c *checker) path(where, s string) {
	if !ValidPath(agreement.Name(s)) {
		c.fail(ErrValue, where, "%s", pathForm)
	}
}

// names: distinct declared names.
func (c *checker) names(where string, list []string, least, most int) {
	c.list(where, list == nil, len(list), least, most)
	for i, s := range list {
		c.name(at(where, i), s)
	}
	c.distinct(where, list)
}

// hidden are the characters that no string may hold, as ranges: controls, what
// changes the order in which text is shown, what cannot be seen, what has no
// agreed meaning. The agreement language refuses the same; here they are
// numbers, so that no version of Unicode changes which statements are read.
// Zero width joiner and non-joiner are allowed: Persian needs them.
var hidden = [][2]rune{
	{0x00, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x115f, 0x1160}, {0x180e, 0x180e},
	{0x200b, 0x200b}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164},
	{0xe000, 0xf8ff}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xffff}, {0xe0000, 0x10ffff},
}

func isHidden(r rune) bool {
	if r&0xfffe == 0xfffe { // the last two of every plane are no characters
		return true
	}
	for _, h := range hidden {
		if h[0] <= r && r <= h[1] {
			return true
		}
	}
	return false
}

// characters holds a string to UTF-8 that reads as it is stored: nothing
// hidden, but newlines if they are allowed.
func (c *checker) characters(where, s string, newlines bool) {
	if !utf8.ValidString(s) {
		c.fail(ErrCharacter, where, "valid UTF-8")
		return
	}
	for _, r := range s[printable(s):] { // nearly all is before that
		if 0x20 <= r && r < 0x7f {
			continue
		}
		if isHidden(r) && (r != '\n' || !newlines) {
			c.fail(ErrCharacter, where, "no control character and none that is invisible or reverses the text, has U+%04X", r)
			return
		}
	}
}

// text: any number of lines, possibly none.
func (c *checker) text(where, s string) {
	c.size(where, s, 0, MaxText)
	c.characters(where, s, true)
}

// words: one line of least to most bytes.
func (c *checker) words(where, s string, least, most int) {
	c.size(where, s, least, most)
	c.characters(where, s, false)
}

func (c *checker) size(where, s string, least, most int) {
	if len(s) < least {
		c.fail(ErrValue, where, "not empty")
	}
	if len(s) > most {
		c.fail(ErrTooLarge, where, "at most %d bytes, has %d", most, len(s))
	}
}

// word: one of these.
func (c *checker) word(where, s string, known ...string) {
	if !slices.Contains(known, s) {
		c.fail(ErrValue, where, "one of %v", known)
	}
}

// list: never null, least to most elements.
func (c *checker) list(where string, null bool, n, least, most int) {
	switch {
	case null:
		c.fail(ErrValue, where, "a list, not null")
	case n < least:
		c.fail(ErrValue, where, "at least %d elements, has %d", least, n)
	case n > most:
		c.fail(ErrTooLarge, where, "at most %d elements, has %d", most, n)
	}
}

func (c *checker) distinct(where string, list []string) {
	if c.err != nil { // the list may be longer than its limit
		return
	}
	for i, s := range list {
		if slices.Contains(list[:i], s) {
			c.fail(ErrDuplicate, at(where, i), "each element once")
		}
	}
}

// integer: from least to most.
func (c *checker) integer(where string, n, least, most int64) {
	if n < least || n > most {
		c.fail(ErrValue, where, "a whole number from %d to %d", least, most)
	}
}

func (c *checker) seat(where string, n int) { c.integer(where, int64(n), 1, MaxSeats) }

func (c *checker) instant(where string, t int64) { c.integer(where, t, MinInstant, MaxInstant) }

// hex: 64 lower-case hex digits.
func (c *checker) hex(where, s string) {
	if !isHex(s) {
		c.fail(ErrValue, where, "64 lower-case hex digits")
	}
}

// bytes: canonical base64 of exactly size bytes.
func (c *checker) bytes(where, s string, size int) {
	if _, err := decodeBase64(s, size); err != nil {
		c.fail(ErrValue, where, "%d bytes in standard base64 with padding, unused bits zero", size)
	}
}

func (c *checker) documents(list []Document) {
	const where = "documents"
	c.list(where, list == nil, len(list), 0, MaxDocuments)
	var names []string
	for i, d := range list {
		c.words(at(where, i)+".name", d.Name, 1, MaxWords)
		c.integer(at(where, i)+".size", d.Size, 0, MaxInteger)
		c.hex(at(where, i)+".digest", d.Digest)
		names = append(names, d.Name)
	}
	c.distinct(where, names)
}

func (c *checker) publicKeys(where string, list []string) {
	c.list(where, list == nil, len(list), 0, MaxKeys)
	if c.err != nil {
		return
	}
	for i, s := range list {
		if _, err := ParsePublicKey(s); err != nil {
			c.fail(ErrPublicKey, at(where, i), `"ed25519 " and a canonical key that is not of small order, 44 characters of base64`)
		}
	}
	c.distinct(where, list)
}

// certificate: a signed checkpoint, verbatim.
func (c *checker) certificate(where, s string) {
	c.size(where, s, 1, MaxCertificate)
	c.characters(where, s, true)
	if c.err != nil {
		return
	}
	n, err := ParseNote([]byte(s))
	if err == nil {
		_, err = ParseCheckpoint(n.Text)
	}
	if err != nil {
		c.fail(ErrValue, where, "a signed checkpoint, verbatim")
	}
}

func at(where string, i int) string { return fmt.Sprintf("%s[%d]", where, i) }
