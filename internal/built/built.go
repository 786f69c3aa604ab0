// Package built builds commands of this module for tests that run them as
// processes.
//
// Promise: a test that runs a command is run again when the command has changed.
// Go repeats the result of a test whose own code and files are as they were; it
// does not see what a program was built of that the test ran. Command shows it:
// it asks for every source file, and such questions are what Go takes note of.
package built

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// sources lists the files of this module that go into a command.
const sources = `{{if .Module}}{{if .Module.Main}}{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}
{{end}}{{range .CgoFiles}}{{$d}}/{{.}}
{{end}}{{range .EmbedFiles}}{{$d}}/{{.}}
{{end}}{{end}}{{end}}`

// Command builds a package into a folder, with more in the environment, and
// gives the program's path.
func Command(folder, pkg string, env ...string) (string, error) {
	path := filepath.Join(folder, filepath.Base(pkg))
	build := exec.Command("go", "build", "-o", path, pkg)
	build.Env = append(os.Environ(), env...)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w: %s", pkg, err, out)
	}
	files, err := Sources(pkg, env...)
	if err != nil {
		return "", err
	}
	for _, name := range files {
		if _, err := os.Stat(name); err != nil {
			return "", err
		}
	}
	return path, nil
}

// Sources are the files of this module that a package is built of.
func Sources(pkg string, env ...string) ([]string, error) {
	list := exec.Command("go", "list", "-deps", "-f", sources, pkg)
	list.Env = append(os.Environ(), env...)
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("listing what %s is built of: %w", pkg, err)
	}
	return strings.Fields(string(out)), nil
}
