package agreement_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"detente/agreement"
)

// TestWitnessKeys holds what is accepted as a witness's key.
func TestWitnessKeys(t *testing.T) {
	good := exampleWitness("w-a")
	long := strings.Repeat("x", 255)
	for _, c := range []struct {
		key  string
		want agreement.Code // empty: accepted
	}{
		{good, ""},
		{exampleWitness("https://witness.example/1"), ""},
		{exampleWitness(long), ""},
		{exampleWitness(long + "x"), agreement.CodeBadKey},
		{exampleWitness("w b"), agreement.CodeBadKey},
		{exampleWitness("wé"), agreement.CodeBadKey},
		{exampleWitness("w-b"), agreement.CodeRepeatedKey}, // is that of w-b
		{strings.ToUpper(good[:4]) + good[4:], agreement.CodeBadKey},
		{strings.Replace(good, "+B", "+A", 1), agreement.CodeBadKey},
		{good + "=", agreement.CodeBadKey},
		{exampleKey("w-a"), agreement.CodeBadKey},
	} {
		piece := fmt.Sprintf("witness w-a { key = %q }\n", c.key)
		got := codesOf(t, piece)
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || got[0] != c.want) {
			t.Errorf("%s: %v, want %q", c.key, got, c.want)
		}
	}
}

// TestSameName gives two witnesses keys of one name.
func TestSameName(t *testing.T) {
	key := exampleWitness("w-b")
	other := exampleWitnessOf("w-b", "another seed")
	if key == other {
		t.Fatal("the keys are one")
	}
	if got := codesOf(t, fmt.Sprintf("witness w-a { key = %q }\n", other)); len(got) != 1 || got[0] != agreement.CodeRepeatedKey {
		t.Errorf("%v, want %s", got, agreement.CodeRepeatedKey)
	}
}

// TestPostQuantumWitnessKeys: keys of ML-DSA-44 beside those of Ed25519.
func TestPostQuantumWitnessKeys(t *testing.T) {
	of := func(alg byte, size int, fill byte) string {
		key := append([]byte{alg}, bytes.Repeat([]byte{fill}, size)...)
		sum := sha256.Sum256(append([]byte("w-a\n"), key...))
		return fmt.Sprintf("w-a+%x+%s", sum[:4], base64.StdEncoding.EncodeToString(key))
	}
	for _, c := range []struct {
		key  string
		want agreement.Code // empty: accepted
	}{
		{of(6, 1312, 1), ""},
		{of(6, 1311, 1), agreement.CodeBadKey},
		{of(6, 1313, 1), agreement.CodeBadKey},
		{of(6, 32, 1), agreement.CodeBadKey},
		{of(4, 1312, 1), agreement.CodeBadKey},
		{of(5, 1312, 1), agreement.CodeBadKey},
		{strings.Replace(of(6, 1312, 1), "+", "+0", 1), agreement.CodeBadKey},
	} {
		got := codesOf(t, fmt.Sprintf("witness w-a { key = %q }\n", c.key))
		if c.want == "" && len(got) > 0 || c.want != "" && (len(got) != 1 || got[0] != c.want) {
			t.Errorf("%.40s...: %v, want %q", c.key, got, c.want)
		}
	}
}
