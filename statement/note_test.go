package statement

import (
	"bytes"
	"strings"
	"testing"
)

// line is a signature line of n bytes of signature.
func line(name string, n int) string {
	return Signature{Name: name, Hash: 0x01020304, Sig: bytes.Repeat([]byte{7}, n)}.String() + "\n"
}

func TestParseNote(t *testing.T) {
	l := line("a", 64)
	good := map[string]string{
		"plain":             "text\n\n" + l,
		"empty text line":   "\n\n" + l,
		"blank lines":       "text\n\nmore\n\n" + l,
		"several":           "text\n\n" + l + line("b", 1) + l,
		"long key name":     "text\n\n" + line(strings.Repeat("n", MaxKeyName), 64),
		"most signatures":   "text\n\n" + strings.Repeat(l, MaxSignatures),
		"largest":           strings.Repeat("x", MaxNote-len(l)-2) + "\n\n" + l,
		"not ascii":         "ünï\n\n" + line("wïtness.example/⟨1⟩", 64),
		"text like a line":  l + "\n" + l,
		"delete character":  "\x7f\n\n" + l,
		"sixteen and more":  "text\n\n" + strings.Repeat(l, 17),
		"post-quantum size": "text\n\n" + line("a", 5000),
	}
	for name, s := range good {
		n, err := ParseNote([]byte(s))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := string(n.Bytes()); got != s {
			t.Errorf("%s: written again as %q", name, got)
		}
	}
	bad := []struct {
		name, note string
		rule       Rule
	}{
		{"empty", "", ErrNote},
		{"no blank line", "text\n" + l, ErrNote},
		{"no signature", "text\n\n", ErrNote},
		{"no newline at the end", "text\n\n" + strings.TrimSuffix(l, "\n"), ErrNote},
		{"nothing before the blank line", "\n" + l, ErrNote},
		{"hyphen for a dash", "text\n\n" + strings.Replace(l, "—", "-", 1), ErrNote},
		{"no name", "text\n\n" + strings.Replace(l, "a ", " ", 1), ErrNote},
		{"plus in the name", "text\n\n" + line("a+b", 64), ErrNote},
		{"no-break space in the name", "text\n\n" + line("a\u00a0b", 64), ErrNote},
		{"key name past the limit", "text\n\n" + line(strings.Repeat("n", MaxKeyName+1), 64), ErrNote},
		{"no base64", "text\n\n— a\n", ErrNote},
		{"empty base64", "text\n\n— a \n", ErrNote},
		{"only a hash", "text\n\n— a AQIDBA==\n", ErrNote},
		{"two spaces", "text\n\n" + strings.Replace(l, "a ", "a  ", 1), ErrNotCanonical},
		{"space at the end", "text\n\n" + strings.Replace(l, "\n", " \n", 1), ErrNotCanonical},
		{"no padding", "text\n\n— a AQIDBAc\n", ErrNotCanonical},
		{"unused bits", "text\n\n— a AQIDBAd=\n", ErrNotCanonical},
		{"url alphabet", "text\n\n— a AQIDBAc_\n", ErrNotCanonical},
		{"tab", "te\txt\n\n" + l, ErrCharacter},
		{"carriage return", "text\r\n\n" + l, ErrCharacter},
		{"not UTF-8", "te\xffxt\n\n" + l, ErrCharacter},
		{"surrogate", "te\xed\xa0\x80xt\n\n" + l, ErrCharacter},
		{"one signature too many", "text\n\n" + strings.Repeat(l, MaxSignatures+1), ErrTooLarge},
		{"one byte too large", strings.Repeat("x", MaxNote-len(l)-1) + "\n\n" + l, ErrTooLarge},
	}
	for _, c := range bad {
		_, err := ParseNote([]byte(c.note))
		t.Run(c.name, func(t *testing.T) { wantRule(t, err, c.rule) })
	}
}

func TestNewNote(t *testing.T) {
	sig := Signature{Name: "a", Hash: 1, Sig: make([]byte, 64)}
	if _, err := NewNote([]byte("text\n"), sig); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "text", "te\rxt\n"} {
		if _, err := NewNote([]byte(text), sig); err == nil {
			t.Errorf("a note of %q is made", text)
		}
	}
	for _, s := range []Signature{{Name: "", Sig: make([]byte, 64)}, {Name: "a\n— b", Sig: make([]byte, 64)}, {Name: "a"}} {
		if _, err := NewNote([]byte("text\n"), s); err == nil {
			t.Errorf("a note with the line %q is made", s)
		}
	}
	if _, err := NewNote([]byte("text\n")); err == nil {
		t.Error("a note without signatures is made")
	}
}
