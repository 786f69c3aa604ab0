package statement

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// slowly is decodeBody without the quick reader: what that must agree with.
func slowly(kind Kind, line []byte) (Body, error) {
	r, ok := rules[kind]
	if !ok {
		return decodeBody(kind, string(line))
	}
	b, err := r.slow(kind, line)
	if err != nil {
		return nil, err
	}
	var c checker
	if r.check(&c, b); c.err != nil {
		return nil, c.err
	}
	return b, nil
}

// agree holds the quick reader to the slow one: whatever it takes, the other
// takes as the same, and what is a body at all it takes.
func agree(t *testing.T, kind Kind, line []byte) {
	t.Helper()
	r, known := rules[kind]
	if !known {
		return
	}
	want, wantErr := slowly(kind, line)
	quick, ok := r.quick(string(line))
	if slow, err := r.slow(kind, line); ok && (err != nil || !reflect.DeepEqual(slow, quick)) {
		t.Fatalf("%s: %q is read quickly as %#v, otherwise as %#v, %v", kind, line, quick, slow, err)
	}
	if wantErr == nil && !ok {
		t.Fatalf("%s: %q is a body, and is not read quickly", kind, line)
	}
	got, err := decodeBody(kind, string(line))
	if fmt.Sprint(err) != fmt.Sprint(wantErr) || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s: %q: %#v, %v; want %#v, %v", kind, line, got, err, want, wantErr)
	}
}

// TestQuickReader changes every sample in every small way.
func TestQuickReader(t *testing.T) {
	odd := []string{
		`\n`, `\"`, `\\`, `\t`, `\/`, `\u000a`, `\u2028`, "\u2028", "\u2029", "\u00e9", "\u200d", "\x7f", "\x80", "\xe2\x80", "\ufffd", "\U0001f600",
		" ", ",", ":", "null", "[]", "{}", "[", "]", "{", "}", `"`, `""`, "0", "00", "-", "-0", "1e3", "1.0", "9223372036854775808", "true", "\n", "",
	}
	for _, s := range samples() {
		kind := s.body.Kind()
		line, err := encodeBody(s.body)
		if err != nil {
			t.Fatal(err)
		}
		agree(t, kind, line)
		step := max(1, len(line)/60) // every byte of short ones
		for i := 0; i <= len(line); i += step {
			for bit := 0; i < len(line) && bit < 8; bit++ {
				b := bytes.Clone(line)
				b[i] ^= 1 << bit
				agree(t, kind, b)
			}
			agree(t, kind, line[:i])
			if i < len(line) {
				agree(t, kind, append(bytes.Clone(line[:i]), line[i+1:]...))
			}
			for _, o := range odd {
				agree(t, kind, []byte(string(line[:i])+o+string(line[i:])))
			}
		}
		for other := range rules {
			agree(t, other, line)
		}
	}
}

// TestPrintable: the eight bytes at a time are those that all are printable.
func TestPrintable(t *testing.T) {
	for at := range 8 {
		for c := range 256 {
			for _, neighbour := range []byte{0x20, 0x7e, 'a'} {
				b := bytes.Repeat([]byte{neighbour}, 19)
				b[8+at] = byte(c)
				want := 16
				if c < 0x20 || c > 0x7e {
					want = 8
				}
				if got := printable(b); got != want || printable(string(b)) != want {
					t.Errorf("byte %#x at %d beside %#x: %d bytes are seen, want %d", c, at, neighbour, got, want)
				}
			}
		}
	}
}

// TestBase64IsCanonical: exactly what encodes again to the same is read.
func TestBase64IsCanonical(t *testing.T) {
	for n := range 8 {
		text := base64.StdEncoding.EncodeToString(sampleBytes("base64", n))
		for i := 0; i <= len(text); i++ {
			for c := range 256 {
				for _, s := range []string{text[:i] + string(rune(c)) + text[i:], text[:i] + string([]byte{byte(c)}) + text[min(i+1, len(text)):]} {
					raw, err := base64.StdEncoding.DecodeString(s)
					want := err == nil && base64.StdEncoding.EncodeToString(raw) == s
					if got, err := decodeBase64(s, -1); (err == nil) != want || want && !bytes.Equal(got, raw) {
						t.Fatalf("%q: %v, want %t", s, err, want)
					}
				}
			}
		}
	}
}

func FuzzQuickReader(f *testing.F) {
	for _, s := range samples() {
		line, err := encodeBody(s.body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(s.body.Kind()), line)
	}
	f.Fuzz(func(t *testing.T, kind string, line []byte) { agree(t, Kind(kind), line) })
}

func TestEmptyLine(t *testing.T) {
	for n := range 1 << 9 {
		b := make([]byte, 9)
		for i := range b {
			if b[i] = 'a'; n>>i&1 == 1 {
				b[i] = '\n'
			}
		}
		if got, want := emptyLine(b), bytes.LastIndex(b, []byte("\n\n")); got != want {
			t.Errorf("%q: %d, want %d", b, got, want)
		}
	}
}

// FuzzNoteCharacters holds the check of a note's characters to the plain one.
func FuzzNoteCharacters(f *testing.F) {
	f.Add([]byte("plain text\n\n— a line\x7f\n"))
	f.Add([]byte("0123456\x1f9abcdef\xc3\x28 ghijklm"))
	f.Fuzz(func(t *testing.T, b []byte) {
		want := utf8.Valid(b) && !strings.ContainsFunc(string(b), func(r rune) bool { return r < 0x20 && r != '\n' })
		if err := checkNoteCharacters(b); (err == nil) != want {
			t.Fatalf("%q: %v, want %t", b, err, want)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	s := &Statement{By: "iaea", Body: DeclareBody{Text: strings.Repeat("words ", 80), Documents: []Document{}}}
	text, err := s.Text()
	if err != nil {
		b.Fatal(err)
	}
	note, err := Sign(text, testSigner(b, "iaea", "a"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(note)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(note); err != nil {
			b.Fatal(err)
		}
	}
}
