package statement

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"detente/agreement"
)

// testSigner has the key whose seed is the digest of label.
func testSigner(t testing.TB, name, label string) Signer {
	t.Helper()
	seed := sha256.Sum256([]byte(label))
	s, err := NewSigner(name, seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func perform(by agreement.Name) *Statement {
	return &Statement{
		Agreement: sha256.Sum256([]byte("agreement")), Bundle: sha256.Sum256([]byte("bundle")), By: by,
		Body: PerformBody{Commitment: "stop-enrichment", Documents: []Document{}},
	}
}

func mustText(t testing.TB, s *Statement) []byte {
	t.Helper()
	text, err := s.Text()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func wantRule(t testing.TB, err error, rule Rule) {
	t.Helper()
	if !errors.Is(err, rule) {
		t.Fatalf("got error %v, want rule %q", err, rule)
	}
	var e *Error
	if !errors.As(err, &e) || e.Want == "" {
		t.Fatalf("error %v does not say what was expected", err)
	}
}

func TestSignParseVerify(t *testing.T) {
	a, b, c := testSigner(t, "iran", "a"), testSigner(t, "iran", "b"), testSigner(t, "iran", "c")
	text := mustText(t, perform("iran"))
	note, err := Sign(text, a)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := NewKeySet("iran", []string{a.Public().String(), b.Public().String()}, 2)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(note)
	if err != nil {
		t.Fatal(err)
	}
	wantRule(t, keys.Verify(s), ErrUnsigned)

	note, err = AddSignature(note, c)
	if err != nil {
		t.Fatal(err)
	}
	half, err := Sign(text, b)
	if err != nil {
		t.Fatal(err)
	}
	note, err = Join(note, half, half)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := Parse(note)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Verify(signed); err != nil {
		t.Fatal(err)
	}
	if signed.ID != s.ID || signed.ID != IDOf(text) || !bytes.Equal(signed.Text, text) {
		t.Fatal("signatures changed the statement's identity")
	}
	tally, err := keys.Tally(signed)
	if err != nil || len(tally.Valid) != 2 || tally.Unknown != 1 {
		t.Fatalf("tally %+v, %v; want two valid lines and one unknown", tally, err)
	}

	_, err = AddSignature(note, b)
	wantRule(t, err, ErrDuplicate)
	_, err = AddSignature(note, testSigner(t, "us", "a"))
	wantRule(t, err, ErrNotSigner)
	other, err := Sign([]byte(strings.Replace(string(text), "stop-enrichment", "stop-conversion", 1)), b)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Join(note, other)
	wantRule(t, err, ErrOtherText)
}
