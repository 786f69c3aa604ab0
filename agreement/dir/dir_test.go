package dir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"detente/agreement"
)

const text = `detente 1

agreement x {
  title    = "X"
  text     = "annex/words.md"
  prevails = text
  timezone = "Asia/Tehran"
}
milestone day { at = end_of_day(2021-05-24, "Europe/Vienna") }
`

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, data := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func paths(b *agreement.Bundle) string {
	var s []string
	for _, f := range b.Files {
		s = append(s, f.Path)
	}
	return strings.Join(s, " ")
}

func TestLoad(t *testing.T) {
	root := write(t, map[string]string{
		"x.agreement": text, "parties.agreement": "detente 1\n", "annex/words.md": "words", "unnamed.md": "no", "annex/y.agreement": "no",
	})
	b, err := Load(root)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := paths(b), "annex/words.md parties.agreement x.agreement zone/Asia/Tehran zone/Europe/Vienna"; got != want {
		t.Errorf("the folder gives %s, want %s", got, want)
	}
	b, err = Load(filepath.Join(root, "x.agreement"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := paths(b), "annex/words.md x.agreement zone/Asia/Tehran zone/Europe/Vienna"; got != want {
		t.Errorf("the file gives %s, want %s", got, want)
	}
}

// TestOutside names texts outside the folder, plainly and through a link.
func TestOutside(t *testing.T) {
	secret := write(t, map[string]string{"secret": "secret"})
	for _, name := range []string{"../secret", filepath.Join(secret, "secret"), "a/../../secret", "missing.md", "x.agreement"} {
		root := write(t, map[string]string{"x.agreement": strings.Replace(text, "annex/words.md", name, 1)})
		b, err := Load(root)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, want := paths(b), "x.agreement zone/Asia/Tehran zone/Europe/Vienna"; got != want {
			t.Errorf("%s gives %s, want %s", name, got, want)
		}
		if _, ds := agreement.Read(b); !agreement.HasErrors(ds) {
			t.Errorf("%s: read without an error", name)
		}
	}
	root := write(t, map[string]string{"x.agreement": strings.Replace(text, "annex/words.md", "link", 1)})
	if err := os.Symlink(filepath.Join(secret, "secret"), filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if b, err := Load(root); err == nil {
		t.Errorf("a link out of the folder was followed: %s", paths(b))
	}
}

func TestLoadErrors(t *testing.T) {
	root := write(t, map[string]string{"readme.md": "", "folder/x.agreement/file": ""})
	for path, want := range map[string]string{
		"absent": "no such file", "readme.md": "does not end with .agreement", ".": "no file whose name ends with .agreement", "folder": "no file whose name ends with .agreement",
	} {
		if _, err := Load(filepath.Join(root, path)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", path, err, want)
		}
	}
}
