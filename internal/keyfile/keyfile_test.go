package keyfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age/armor"
	"filippo.io/mldsa"
)

func TestMain(m *testing.M) {
	workFactor = 4
	os.Exit(m.Run())
}

func ones() *bytes.Reader { return bytes.NewReader(bytes.Repeat([]byte{1}, 32)) }

func TestForm(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   Kind
		file   string
		public string
	}{
		{"iran", Ed25519, "detente-key/1\niran ed25519 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n",
			"ed25519 iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="},
		{"witness.example/w1", Witness, "detente-key/1\nwitness.example/w1 witness AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n",
			"witness.example/w1+0ad7d35e+BIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"},
	} {
		k, err := New(ones(), c.name, c.kind)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "new", "deep", "key")
		if err := k.Create(path, ""); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != c.file {
			t.Fatalf("file is %q, %v; want %q", got, err, c.file)
		}
		for p, want := range map[string]fs.FileMode{path: 0o600, filepath.Dir(path): 0o700, filepath.Dir(filepath.Dir(path)): 0o700} {
			if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
				t.Fatalf("%s: %v, %v; want mode %o", p, info.Mode(), err, want)
			}
		}
		back, err := Load(path, nil)
		if err != nil || *back != *k || back.Public() != c.public {
			t.Fatalf("read back %v, %v; want %s", back, err, c.public)
		}
	}
}

func TestNeverOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	first, err := Create(path, "iran", Ed25519, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, "iran", Ed25519, ""); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("a second key under the same path: %v", err)
	}
	if again, err := Load(path, nil); err != nil || *again != *first {
		t.Fatalf("the first key is gone: %v", err)
	}
}

func TestPassphrase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	k, err := Create(path, "iran", Ed25519, "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(content, []byte(armor.Header)) || bytes.Contains(content, []byte("iran")) {
		t.Fatalf("not an armored age file: %q, %v", content, err)
	}
	asked := 0
	ask := func(s string, err error) func() (string, error) {
		return func() (string, error) { asked++; return s, err }
	}
	if back, err := Load(path, ask("correct horse", nil)); err != nil || *back != *k {
		t.Fatalf("opened with its passphrase: %v", err)
	}
	gone := errors.New("terminal gone")
	for _, f := range []func() (string, error){nil, ask("wrong", nil), ask("", nil), ask("", gone)} {
		if _, err := Load(path, f); !errors.Is(err, ErrPassphrase) {
			t.Fatalf("got %v, want a passphrase error", err)
		}
	}
	if asked != 4 {
		t.Fatalf("asked %d times, want 4", asked)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, ask("correct horse", nil)); err == nil {
		t.Fatal("an altered file opens")
	}
	plain := filepath.Join(t.TempDir(), "key")
	if _, err := Create(plain, "iran", Ed25519, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(plain, func() (string, error) { return "", errors.New("asked for nothing") }); err != nil {
		t.Fatal(err)
	}
}

func TestPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my key's")
	if _, err := Create(path, "iran", Ed25519, ""); err != nil {
		t.Fatal(err)
	}
	for mode := fs.FileMode(0o400); mode <= 0o777; mode++ {
		if mode&0o400 == 0 {
			continue
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, nil)
		if mode&0o077 == 0 && err != nil {
			t.Fatalf("mode %o: %v", mode, err)
		}
		var refusal *PermissionError
		if mode&0o077 != 0 && (!errors.As(err, &refusal) || !strings.Contains(err.Error(), `chmod 600 '`+strings.ReplaceAll(path, "'", `'\''`)+`'`)) {
			t.Fatalf("mode %o: %v, want a refusal with the chmod command", mode, err)
		}
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, ok := range map[fs.FileMode]bool{0o700: true, 0o755: true, 0o777 | fs.ModeSticky: true, 0o770: false, 0o707: false, 0o720: false} {
		dir := filepath.Dir(path)
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, nil)
		var refusal *PermissionError
		if ok && err != nil || !ok && (!errors.As(err, &refusal) || !strings.Contains(err.Error(), "chmod go-w "+dir)) {
			t.Fatalf("folder with mode %v: %v", mode, err)
		}
		if _, err := Create(filepath.Join(dir, fmt.Sprintf("of-%o", mode)), "iran", Ed25519, ""); ok != (err == nil) {
			t.Fatalf("creating in a folder with mode %v: %v", mode, err)
		}
	}
}

// Whoever may rename a folder above the key's, or replace a link to it, gives
// another key in its place.
func TestFoldersAboveAndLinks(t *testing.T) {
	top := t.TempDir()
	at := func(parts ...string) string { return filepath.Join(append([]string{top}, parts...)...) }
	for _, dir := range []string{at("open", "mine"), at("safe", "mine")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{at("open", "mine", "key"), at("safe", "mine", "key")} {
		if _, err := Create(p, "iran", Ed25519, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(
		os.Symlink(at("open", "mine", "key"), at("safe", "to-file")),
		os.Symlink(at("open", "mine"), at("safe", "to-folder")),
		os.Symlink(at("safe", "mine", "key"), at("open", "from")),
		os.Symlink(at("safe", "mine", "key"), at("safe", "within")),
		os.Chmod(at("open"), 0o777),
	); err != nil {
		t.Fatal(err)
	}
	for path, ok := range map[string]bool{
		at("safe", "mine", "key"): true, at("safe", "within"): true,
		at("open", "mine", "key"): false, at("safe", "to-file"): false, at("safe", "to-folder", "key"): false, at("open", "from"): false,
	} {
		_, err := Load(path, nil)
		if refusal, refused := errors.AsType[*PermissionError](err); ok != (err == nil) || !ok && (!refused || refusal.Path != at("open")) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := Create(at("open", "mine", "more", "key"), "iran", Ed25519, ""); err == nil {
		t.Error("a key is created below a folder that others may write")
	}
}

func TestRefusedFiles(t *testing.T) {
	const seed = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
	good := "detente-key/1\niran ed25519 " + seed + "\n"
	dir := t.TempDir()
	load := func(content string) error {
		path := filepath.Join(dir, "key")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, nil)
		return err
	}
	if err := load(good); err != nil {
		t.Fatal(err)
	}
	name := strings.Repeat("n", MaxName)
	if err := load(strings.Replace(good, "iran", name, 1)); err != nil {
		t.Fatalf("a name at the limit: %v", err)
	}
	for what, content := range map[string]string{
		"empty":         "",
		"version":       strings.Replace(good, "/1", "/2", 1),
		"no newline":    strings.TrimSuffix(good, "\n"),
		"two newlines":  good + "\n",
		"kind":          strings.Replace(good, "ed25519", "rsa", 1),
		"two spaces":    strings.Replace(good, "iran ", "iran  ", 1),
		"plus in name":  strings.Replace(good, "iran", "ir+an", 1),
		"name":          strings.Replace(good, "iran", name+"n", 1),
		"no name":       strings.Replace(good, "iran", "", 1),
		"unused bits":   strings.Replace(good, "QE=", "QF=", 1),
		"short":         strings.Replace(good, seed, "AQEB", 1),
		"line in seed":  strings.Replace(good, "AQEBAQ", "AQEB\nAQ", 1),
		"carriage":      strings.ReplaceAll(good, "\n", "\r\n"),
		"past the size": good + strings.Repeat("x", maxFile),
	} {
		err := load(content)
		if err == nil {
			t.Errorf("%s: accepted", what)
		} else if strings.Contains(err.Error(), "AQEB") {
			t.Errorf("%s: the message shows the private key: %v", what, err)
		}
	}
	if _, err := Load(dir, nil); err == nil {
		t.Error("a folder is read as a key")
	}
	if _, err := Load(filepath.Join(dir, "none"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestNothingPrintsTheSeed(t *testing.T) {
	k, err := New(ones(), "iran", Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		if got := fmt.Sprintf(verb, k); got != k.Public() {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, kind := range []Kind{Ed25519, Witness} {
		k, err := New(ones(), "iran", kind)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(k.encode())
	}
	f.Add([]byte("detente-key/2\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if k, err := decode(b); err == nil && !bytes.Equal(k.encode(), b) {
			t.Fatalf("%q is read but written as %q", b, k.encode())
		}
	})
}

// TestMLDSAKey: a witness's post-quantum key, in its file and in the text, the
// verifier key as package statement makes and reads it.
func TestMLDSAKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	k, err := Create(path, "geneva", WitnessMLDSA, "")
	if err != nil {
		t.Fatal(err)
	}
	back, err := Load(path, nil)
	if err != nil || back.Kind() != WitnessMLDSA || back.Public() != k.Public() {
		t.Fatalf("%v, %v", back, err)
	}
	private, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), k.Seed())
	if err != nil {
		t.Fatal(err)
	}
	raw := append([]byte{6}, private.PublicKey().Bytes()...)
	hash := sha256.Sum256(append([]byte("geneva\n"), raw...))
	if want := fmt.Sprintf("geneva+%x+%s", hash[:4], base64.StdEncoding.EncodeToString(raw)); k.Public() != want {
		t.Errorf("%s, want %s", k.Public(), want)
	}
}
