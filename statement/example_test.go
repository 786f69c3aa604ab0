package statement_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"detente/statement"
)

// TestPackageExample holds the example in the package comment to its word.
func TestPackageExample(t *testing.T) {
	src, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var note, key strings.Builder
	inside := false
	for line := range strings.Lines(string(src)) {
		text, ok := strings.CutPrefix(line, "//\t")
		switch {
		case strings.HasPrefix(text, "detente/statement/1"):
			inside = true
			fallthrough
		case ok && inside:
			note.WriteString(text)
			inside = !strings.HasPrefix(text, "—")
		case inside && line == "//\n":
			note.WriteString("\n")
		case ok && strings.HasPrefix(text, "ed25519 "):
			key.WriteString(strings.TrimSuffix(text, "\n"))
		}
	}
	s, err := statement.Parse([]byte(note.String()))
	if err != nil {
		t.Fatalf("%v\n%s", err, note.String())
	}
	keys, err := statement.NewKeySet("iran", []string{key.String()}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := keys.Verify(s); err != nil {
		t.Fatal(err)
	}
}

// Two people sign for one party: the first prepares and signs the text, the
// second adds a line.
func ExampleAddSignature() {
	first, err := statement.NewSigner("iran", []byte("the first person's 32-byte seed."))
	if err != nil {
		fmt.Println(err)
		return
	}
	second, err := statement.NewSigner("iran", []byte("the second person's 32-byte seed"))
	if err != nil {
		fmt.Println(err)
		return
	}
	st := &statement.Statement{By: "iran", Body: statement.PerformBody{Commitment: "stop-enrichment", Documents: []statement.Document{}}}
	text, err := st.Text()
	if err != nil {
		fmt.Println(err)
		return
	}
	half, err := statement.Sign(text, first)
	if err != nil {
		fmt.Println(err)
		return
	}
	note, err := statement.AddSignature(half, second)
	if err != nil {
		fmt.Println(err)
		return
	}
	keys, err := statement.NewKeySet("iran", []string{first.Public().String(), second.Public().String()}, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range [][]byte{half, note} {
		s, err := statement.Parse(n)
		if err != nil {
			fmt.Println(err)
			return
		}
		tally, err := keys.Tally(s)
		fmt.Println(len(tally.Valid), "of", keys.Need(), err, keys.Verify(s) == nil)
	}
	// Output:
	// 1 of 2 <nil> false
	// 2 of 2 <nil> true
}
