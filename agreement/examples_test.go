package agreement_test

import (
	"os"
	"path/filepath"
	"testing"

	"detente/agreement"
	"detente/agreement/dir"
)

// show renders diagnostics as a reader would see them.
func show(b *agreement.Bundle, ds []agreement.Diagnostic) string {
	s := ""
	for _, d := range ds {
		src, _ := b.File(d.Range.File)
		s += agreement.RenderDiagnostic(src, d)
	}
	return s
}

func TestCamerasExample(t *testing.T) {
	b, err := dir.Load("../examples/cameras")
	if err != nil {
		t.Fatal(err)
	}
	a, ds := agreement.Read(b)
	if len(ds) > 0 || a == nil {
		t.Fatalf("diagnostics:\n%s", show(b, ds))
	}
	if a.ID != b.Digest() || a.Name != "cameras" || len(a.Custodians) != 7 || len(a.Witnesses) != 4 {
		t.Errorf("read %q %s with %d custodians and %d witnesses", a.Name, a.ID, len(a.Custodians), len(a.Witnesses))
	}
	v := a.Vaults[0]
	if got, want := v.Closes.(*agreement.Literal).Instant.String(), "2021-05-23T19:30:00Z"; got != want {
		t.Errorf("the vault closes at %s, want %s: midnight in Tehran", got, want)
	}
	if r, ok := a.Commitments[0].What.(*agreement.Ref); !ok || r.Noun != "measure" || r.Name != "us-sanctions" || r.Attr != "lifted" {
		t.Errorf("lift-sanctions asks for %#v", a.Commitments[0].What)
	}
}

// TestCamerasKeys holds the example to its comment: anybody can derive the
// private keys.
func TestCamerasKeys(t *testing.T) {
	b, err := dir.Load("../examples/cameras")
	if err != nil {
		t.Fatal(err)
	}
	a, ds := agreement.Read(b)
	if a == nil {
		t.Fatal(show(b, ds))
	}
	keys := map[agreement.Name]string{"iran-1": a.Parties[0].Keys.Of[0], "iran-2": a.Parties[0].Keys.Of[1], "iaea-1": a.Parties[1].Keys.Of[0]}
	for _, d := range a.Depositaries {
		keys[d.Name] = d.Key
	}
	for _, c := range a.Custodians {
		keys[c.Name] = c.Key
	}
	for _, d := range a.Devices {
		keys[d.Name] = d.Key
	}
	if len(keys) != 13 {
		t.Errorf("%d keys, want 13", len(keys))
	}
	for name, key := range keys {
		if want := exampleKey(string(name)); key != want {
			t.Errorf("the key of %s is %s, want %s", name, key, want)
		}
	}
	for _, w := range a.Witnesses {
		if want := exampleWitness(string(w.Name)); w.Key != want {
			t.Errorf("the key of %s is %s, want %s", w.Name, w.Key, want)
		}
	}
}

// TestExamples reads every example: without a fault or a warning, and in the
// standard layout; one has a scenario or more.
func TestExamples(t *testing.T) {
	folders, err := filepath.Glob("../examples/*/*.agreement")
	if err != nil || len(folders) < 3 {
		t.Fatalf("%d examples found: %v", len(folders), err)
	}
	for _, path := range folders {
		b, err := dir.Load(filepath.Dir(path))
		if err != nil {
			t.Fatal(err)
		}
		if a, ds := agreement.Read(b); a == nil || len(ds) > 0 {
			t.Errorf("%s:\n%s", path, show(b, ds))
		}
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if laid, _ := agreement.Format(src); string(laid) != string(src) {
			t.Errorf("%s is not in the standard layout", path)
		}
		if found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.scenario")); len(found) == 0 {
			t.Errorf("%s has no scenario", path)
		}
	}
}
