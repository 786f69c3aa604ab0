package machine_test

import (
	"os"
	"path/filepath"
	"testing"

	"detente/agreement"
	"detente/agreement/dir"
	"detente/machine"
)

// TestExamples runs every scenario of the examples against its agreement.
func TestExamples(t *testing.T) {
	files, err := filepath.Glob("../examples/*/*.scenario")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios found: %v", err)
	}
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			b, err := dir.Load(filepath.Dir(file))
			if err != nil {
				t.Fatal(err)
			}
			a, ds := agreement.Read(b)
			if a == nil {
				t.Fatalf("reading the agreement: %v", ds)
			}
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			sc, errs := machine.ParseScenario(src)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if rep := sc.Run(machine.Compile(a)); rep.Failed > 0 || rep.Passed == 0 {
				t.Error(rep.Text())
			}
		})
	}
}
