package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"detente/internal/pkcs11/pkcs11test"

	"filippo.io/age"
	"github.com/rogpeppe/go-internal/testscript"
)

// helper builds the helper program, once for all stories.
var helper = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "pkcs11")
	if err != nil {
		return "", err
	}
	return pkcs11test.Build(folder)
})

// removeHelper takes away what the stories built.
func removeHelper(t *testing.T) {
	t.Cleanup(func() {
		if path, err := helper(); err == nil {
			os.RemoveAll(filepath.Dir(path))
		}
	})
}

// tokens makes tokens of SoftHSM in the story's folder, and tells the processes
// of the story about them and about the helper program.
func tokens(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2, "tokens LABEL PIN...")
	made, err := pkcs11test.New(ts.MkAbs("."))
	ts.Check(err)
	for pair := range slices.Chunk(args, 2) {
		ts.Check(made.Init(pair[0], pair[1]))
	}
	path, err := helper()
	ts.Check(err)
	ts.Setenv("LIBRARY", made.Library)
	for name, value := range map[string]string{"SOFTHSM2_CONF": made.Config, "DETENTE_PKCS11": path} {
		ts.Setenv(name, value)
	}
	s := ts.Value(stageKey{}).(*stage)
	s.env.Vars = append(s.env.Vars, made.Env(), "DETENTE_PKCS11="+path)
}

// What a token's key seals for a custodian, that key opens after a restart, and
// another one does not.
func TestSealedWithAToken(t *testing.T) {
	made, err := pkcs11test.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path, err := helper()
	if err != nil {
		t.Fatal(err)
	}
	pin := filepath.Join(t.TempDir(), "pin")
	for _, err := range []error{
		os.WriteFile(pin, []byte("1357"), 0o600), made.Init("Custodian", "1357"),
		made.Draw("Custodian", "1357", "EC:edwards25519", "c1", "01"), made.Draw("Custodian", "1357", "EC:edwards25519", "c2", "02"),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("SOFTHSM2_CONF", made.Config)
	t.Setenv("DETENTE_PKCS11", path)
	t.Setenv("DETENTE_PIN_FILE", pin)
	quiet := terminal{out: io.Discard, err: io.Discard}
	var sealed bytes.Buffer
	for i, c := range []struct {
		key   string
		opens bool
	}{{"c1", true}, {"c1", true}, {"c2", false}} {
		seal, err := sealWith(quiet, made.URI("Custodian", c.key))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			w, err := age.Encrypt(&sealed, seal.Recipient)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, "share"); err != nil || w.Close() != nil {
				t.Fatal(err)
			}
		}
		if _, err := age.Decrypt(bytes.NewReader(sealed.Bytes()), seal.Identity); (err == nil) != c.opens {
			t.Errorf("opened with %s: %v", c.key, err)
		}
	}
}

// The colons of an agent's and of a token's reference part no list of keys.
func TestKeyLists(t *testing.T) {
	refs := []string{
		"/home/a.key", "ssh-agent:SHA256:abc", "pkcs11:token=a%3Ab;object=o?module-path=/l&pin-source=file:/pin",
		"iran=pkcs11:object=o?module-path=/l", "b=ssh-agent:me", "./c.key",
	}
	list := ""
	for i, r := range refs {
		if i > 0 {
			list += string(filepath.ListSeparator)
		}
		list += r
	}
	if got := keyRefs(list); !slices.Equal(got, refs) {
		t.Errorf("%s is %q", list, got)
	}
}
