package agreement_test

import (
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
