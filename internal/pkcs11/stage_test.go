package pkcs11_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"detente/internal/pkcs11"
	"detente/internal/pkcs11/pkcs11test"
)

// built is what the tests build once: the helper, and the faulty library.
var built struct {
	once           sync.Once
	folder         string
	helper, faulty string
	err            error
}

func TestMain(m *testing.M) {
	status := m.Run()
	os.RemoveAll(built.folder)
	os.Exit(status)
}

func build() error {
	var err error
	if built.folder, err = os.MkdirTemp("", "pkcs11"); err != nil {
		return err
	}
	if built.helper, err = pkcs11test.Build(built.folder); err != nil {
		return err
	}
	headers, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/miekg/pkcs11").Output()
	if err != nil {
		return err
	}
	built.faulty = filepath.Join(built.folder, "faulty.so")
	out, err := exec.Command("cc", "-shared", "-fPIC", "-O1", "-w", "-I", strings.TrimSpace(string(headers)), "-o", built.faulty, "testdata/faulty.c", "-ldl").CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return err
}

const pin = "98765432"

// stage is a folder of tokens with one token, "Iran", that has the key "first".
func stage(t *testing.T) *pkcs11test.Tokens {
	t.Helper()
	if built.once.Do(func() { built.err = build() }); built.err != nil {
		t.Fatal(built.err)
	}
	tokens, err := pkcs11test.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", tokens.Config)
	must(t, tokens.Init("Iran", pin))
	must(t, tokens.Draw("Iran", pin, "EC:edwards25519", "first", "01"))
	return tokens
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// asking answers a question with a PIN, and keeps the questions.
func asking(pin string, questions *[]string) pkcs11.Options {
	return pkcs11.Options{Helper: built.helper, Ask: func(words string) (string, error) {
		if questions != nil {
			*questions = append(*questions, words)
		}
		return pin, nil
	}}
}

// uri reads a reference that is one.
func uri(t *testing.T, s string) pkcs11.URI {
	t.Helper()
	r, is, err := pkcs11.ParseReference(s)
	if err != nil || !is {
		t.Fatalf("%s: %v, %v", s, is, err)
	}
	return r.URI
}

// opened is a key that is closed at the end.
func opened(t *testing.T, u pkcs11.URI, o pkcs11.Options) *pkcs11.Key {
	t.Helper()
	k, err := pkcs11.Open(u, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}
