package machine_test

import (
	"fmt"
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
			if rep := sc.Run(machine.Compile(a), beside(filepath.Dir(file))); rep.Failed > 0 || rep.Passed == 0 {
				t.Error(rep.Text())
			}
		})
	}
}

// beside reads the texts that a scenario in a folder amends to.
func beside(folder string) func(string) (*machine.Machine, error) {
	return func(path string) (*machine.Machine, error) {
		b, err := dir.Load(filepath.Join(folder, path))
		if err != nil {
			return nil, err
		}
		a, ds := agreement.Read(b)
		if a == nil {
			return nil, fmt.Errorf("%s cannot be read: %v", path, ds)
		}
		return machine.Compile(a), nil
	}
}
