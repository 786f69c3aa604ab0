package built

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

func TestCommandIsBuiltOfWhatItNames(t *testing.T) {
	path, err := Command(t.TempDir(), "detente/cmd/detente-pkcs11", "CGO_ENABLED=0")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path).CombinedOutput(); err == nil {
		t.Errorf("without cgo it says: %s", out)
	}
	for env, file := range map[string]string{"CGO_ENABLED=0": "without.go", "CGO_ENABLED=1": "main.go"} {
		names, err := Sources("detente/cmd/detente-pkcs11", env)
		if err != nil || !slices.ContainsFunc(names, func(n string) bool { return filepath.Base(n) == file }) {
			t.Errorf("%s: %d files, %v; want %s among them", env, len(names), err, file)
		}
	}
	names, err := Sources("detente/cmd/detente")
	if err != nil || len(names) < 200 || !slices.ContainsFunc(names, func(n string) bool { return filepath.Base(n) == "page.css" || filepath.Ext(n) == ".html" }) {
		t.Errorf("detente is built of %d files, %v; want hundreds, and its pages", len(names), err)
	}
	if _, err := Command(t.TempDir(), "detente/cmd/none"); err == nil {
		t.Error("a command that is not there")
	}
}
