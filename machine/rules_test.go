package machine_test

import (
	"os"
	"path/filepath"
	"testing"

	"detente/agreement"
	"detente/machine"

	"golang.org/x/tools/txtar"
)

// read compiles the preamble and a text of testdata.
func read(t testing.TB, text []byte) *machine.Machine {
	t.Helper()
	preamble, err := os.ReadFile("testdata/preamble.agreement")
	if err != nil {
		t.Fatal(err)
	}
	src := append(preamble, text...)
	b, err := agreement.NewBundle([]agreement.File{{Path: "t.agreement", Data: src}})
	if err != nil {
		t.Fatal(err)
	}
	a, ds := agreement.Read(b)
	if a == nil {
		for _, d := range ds {
			t.Error(agreement.RenderDiagnostic(src, d))
		}
		t.FailNow()
	}
	return machine.Compile(a)
}

// TestRules holds every rule of spec/machine.md to a text and a scenario.
func TestRules(t *testing.T) {
	files, err := filepath.Glob("testdata/rules/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no rules found: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(ar.Files) != 2 {
				t.Fatalf("%d files, want text and scenario", len(ar.Files))
			}
			m := read(t, ar.Files[0].Data)
			sc, errs := machine.ParseScenario(ar.Files[1].Data)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if rep := sc.Run(m, nil); rep.Failed > 0 || rep.Passed == 0 {
				t.Error(rep.Text())
			}
		})
	}
}
