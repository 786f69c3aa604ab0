package statement

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestPurposes(t *testing.T) {
	form := regexp.MustCompile(`^detente(/[a-z-]+)+/[1-9][0-9]*$`)
	for i, p := range Purposes {
		if p != PurposeCosignature && p != PurposeSubtree && !form.MatchString(string(p)) {
			t.Errorf("%q does not have the form of a purpose", p)
		}
		for j, q := range Purposes {
			if i != j && strings.HasPrefix(string(q), string(p)) {
				t.Errorf("%q starts with %q", q, p)
			}
		}
		// A checkpoint's text starts with its origin.
		if regexp.MustCompile(`^[^/]+/[0-9a-f]{64}$`).MatchString(string(p)) {
			t.Errorf("%q could be an origin", p)
		}
	}
}

// TestEveryPurposeIsHere finds purposes that another package uses and that the
// one table does not have.
func TestEveryPurposeIsHere(t *testing.T) {
	literal := regexp.MustCompile("[\"`](detente(?:/[a-z-]+)+/[1-9][0-9]*)(?:\\\\n)?[\"`]")
	found := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range literal.FindAllSubmatch(src, -1) {
			found++
			if !slices.Contains(Purposes, Purpose(m[1])) {
				t.Errorf("%s uses %q: enter it in statement/purposes.go", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < len(Purposes)-1 {
		t.Errorf("found %d purposes in the sources, want at least the %d of the table", found, len(Purposes)-1)
	}
}
