package vault

import (
	"bytes"
	"encoding/base64"
	"fmt"
)

const (
	headerIntro  = "age-encryption.org/v1\n-> mlkem768x25519 "
	headerArg    = 1494 // 1,120 bytes of encapsulation, base64 without padding
	headerBody   = 43   // 32 bytes: the wrapped file key and its tag
	headerMAC    = 43   // 32 bytes
	headerFooter = "--- "
)

// CheckHeader says whether b is the one age header that a segment may have:
// exactly one hybrid stanza, every base64 canonical. age itself, and its
// command, also accept further stanzas, which would let others read the
// segment, grease, and altered unused bits in base64, which would give one
// segment several digests. Anybody can check this; it needs no key.
func CheckHeader(b []byte) error {
	if len(b) != HeaderSize {
		return fmt.Errorf("%w: %d bytes, want %d", ErrHeader, len(b), HeaderSize)
	}
	rest, ok := bytes.CutPrefix(b, []byte(headerIntro))
	if !ok {
		return fmt.Errorf("%w: does not start with version 1 and one mlkem768x25519 stanza", ErrHeader)
	}
	for _, part := range []struct {
		what, after string
		size, chars int
	}{
		{"encapsulation", "\n", 1120, headerArg},
		{"wrapped file key", "\n" + headerFooter, 32, headerBody},
		{"MAC", "\n", 32, headerMAC},
	} {
		if err := strictRaw(rest[:part.chars], part.size); err != nil {
			return fmt.Errorf("%w: %s: %v", ErrHeader, part.what, err)
		}
		if rest, ok = bytes.CutPrefix(rest[part.chars:], []byte(part.after)); !ok {
			return fmt.Errorf("%w: unexpected bytes after the %s", ErrHeader, part.what)
		}
	}
	return nil
}

// strictRaw checks base64 without padding of size bytes in its one form.
func strictRaw(b []byte, size int) error {
	raw, err := base64.RawStdEncoding.Strict().DecodeString(string(b))
	if err != nil || len(raw) != size || base64.RawStdEncoding.EncodeToString(raw) != string(b) {
		return fmt.Errorf("not canonical base64 of %d bytes", size)
	}
	return nil
}
