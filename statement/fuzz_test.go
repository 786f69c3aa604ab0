package statement

import (
	"bytes"
	"testing"
)

// Each target holds a decoder to its promise: what it accepts is written again
// as the same bytes.

func FuzzParse(f *testing.F) {
	for _, s := range samples() {
		note, err := Sign(mustText(f, s.statement()), testSigner(f, s.by, "a"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(note)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Parse(b)
		if err != nil {
			return
		}
		text, err := s.Statement.Text()
		if err != nil || !bytes.Equal(text, s.Text) || s.ID != IDOf(text) {
			t.Fatalf("%q is read, then written as %q, %v", s.Text, text, err)
		}
		if again, err := NewNote(text, s.Sigs...); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%q is read, then written as %q, %v", b, again, err)
		}
	})
}

func FuzzParseNote(f *testing.F) {
	f.Add([]byte("text\n\n" + line("a", 64)))
	f.Add([]byte("\n\n" + line("a", 1) + line("b", 72)))
	f.Add([]byte(sampleCertificate()))
	f.Add([]byte("text\n\n— a AQIDBAd=\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := ParseNote(b)
		if err != nil {
			return
		}
		if again := n.Bytes(); !bytes.Equal(again, b) {
			t.Fatalf("%q is read, then written as %q", b, again)
		}
		if again, err := NewNote(n.Text, n.Sigs...); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%q cannot be made: %v", b, err)
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	f.Add(testCheckpoint().Text())
	f.Add(Checkpoint{Origin: "o"}.Text())
	f.Add([]byte("o\n012\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCheckpoint(b)
		if err == nil && !bytes.Equal(c.Text(), b) {
			t.Fatalf("%q is read, then written as %q", b, c.Text())
		}
	})
}

func FuzzBody(f *testing.F) {
	for _, s := range samples() {
		line, err := encodeBody(s.body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(s.body.Kind()), line)
	}
	f.Fuzz(func(t *testing.T, kind string, b []byte) {
		body, err := decodeBody(Kind(kind), string(b))
		if err != nil {
			return
		}
		if again, err := encodeBody(body); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%s: %q is read, then written as %q, %v", kind, b, again, err)
		}
		if bytes.ContainsRune(b, '\n') {
			t.Fatalf("%s: %q is more than one line", kind, b)
		}
	})
}

func FuzzKeys(f *testing.F) {
	s := testSigner(f, "w", "a")
	w, err := NewWitnessKey("w", s.Public())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s.Public().String())
	f.Add(w.String())
	f.Add("ed25519 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	f.Fuzz(func(t *testing.T, text string) {
		if k, err := ParsePublicKey(text); err == nil && k.String() != text {
			t.Fatalf("%q is read, then written as %q", text, k)
		}
		if w, err := ParseWitnessKey(text); err == nil && w.String() != text {
			t.Fatalf("%q is read, then written as %q", text, w)
		}
	})
}

func FuzzParseValue(f *testing.F) {
	for _, s := range []string{"true", "-3.67", "3/4", "0", "1.50", "6/8"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := ParseValue(s)
		if err != nil || v.Number == nil {
			return
		}
		// The shortest decimal, or the fraction in lowest terms, is the one form.
		if again := v.Number.RatString(); again == s {
			return
		}
		places, exact := v.Number.FloatPrec()
		if again := v.Number.FloatString(places); !exact || again != s {
			t.Fatalf("%q is read, then written as %q", s, again)
		}
	})
}
