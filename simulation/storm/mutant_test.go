package storm_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var mutants = flag.Bool("mutants", false, "build the product with a mistake at a time, and see that the search finds each")

// A mutant is a mistake in the product's reading of amendments. It is put in
// place of the file when the search is built, and nowhere else.
type mutant struct {
	name, file, old, new string
}

var amendmentMutants = []mutant{
	{"one consent counts for two", "record/amend.go", "append(slices.Clone(m.By), m.Joins...), to)) > 0 {\n\t\treturn machine.Verdict{Effect: true}", "append(slices.Clone(m.By), m.Joins...), to)) > 1 {\n\t\treturn machine.Verdict{Effect: true}"},
	{"a consent cannot be taken back", "record/amend.go", "	if reason := f.consents.say(h.by, h.seen, to); reason != \"\" {", "	if to == h.bundle {\n		return machine.Verdict{Effect: true}\n	}\n	if reason := f.consents.say(h.by, h.seen, to); reason != \"\" {"},
	{"the new witnesses judge one size too early", "record/lists.go", "\te.from = i + 1\n", "\te.from = i\n"},
	{"what was said under another text counts as if said under this one", "record/act.go", "if bundle == f.InForce().ID {", "if true {"},
}

// The search for violations finds a mistake in the product's amendments, by the
// independent calculator or by what is known of the parties, within some seeds.
func TestMutantsAreCaught(t *testing.T) {
	if !*mutants {
		for _, m := range amendmentMutants {
			m.source(t) // they still fit the product
		}
		return
	}
	for _, m := range amendmentMutants {
		overlay := m.overlay(t)
		out, err := exec.Command("go", "test", "-count", "1", "-overlay", overlay, "-run", "^TestStorm$", ".", "-seeds", "200", "-stop").CombinedOutput()
		text := string(out)
		at := max(strings.Index(text, "invariant "), strings.Index(text, "panic: record: "))
		if err == nil || at < 0 {
			t.Errorf("%s: not caught (%v):\n%s", m.name, err, text)
			continue
		}
		line, _, _ := strings.Cut(text[at:], "\n")
		t.Logf("%s: caught: %s", m.name, line)
	}
}

// source is the file with the mistake.
func (m mutant) source(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../..", m.file))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(b), m.old) != 1 {
		t.Fatalf("%s: %s has %q %d times, want once", m.name, m.file, m.old, strings.Count(string(b), m.old))
	}
	return strings.Replace(string(b), m.old, m.new, 1)
}

func (m mutant) overlay(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	replaced := filepath.Join(dir, "replaced.go")
	original, err := filepath.Abs(filepath.Join("../..", m.file))
	if err == nil {
		err = os.WriteFile(replaced, []byte(m.source(t)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(map[string]any{"Replace": map[string]string{original: replaced}})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "overlay.json"), b, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "overlay.json")
}
