package custodian

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"detente/internal/durable"
	"detente/machine"
	"detente/vault"

	"filippo.io/age"
)

func drawSeal(t *testing.T) *Seal {
	t.Helper()
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return &Seal{id.Recipient(), id}
}

func sealedSeat(t *testing.T, dir string, seal *Seal) (*seat, error) {
	t.Helper()
	s := &seat{
		custodian: &Custodian{cfg: Config{FS: durable.OS, Random: rand.Reader, Seal: seal, Log: slog.New(slog.DiscardHandler)}, name: "c1"},
		vault:     "footage", number: 1, dir: dir,
	}
	return s, s.open()
}

// raw is every byte of a folder.
func raw(t *testing.T, dir string) []byte {
	t.Helper()
	var all []byte
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		all = append(append(all, path...), b...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What a sealed folder holds is of no use without the seal; with it everything
// works as in a plain one.
func TestSealedFolderShowsNothing(t *testing.T) {
	a, keys := dealt(t)
	dir, seal := t.TempDir(), drawSeal(t)
	s, err := sealedSeat(t, dir, seal)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.writeSecret("key", a.Core.Seats[0].Key.String(), keys[0].Seed()); err != nil {
		t.Fatal(err)
	}
	if body, err := s.answerTo(a); body == nil || err != nil {
		t.Fatalf("it does not acknowledge: %v", err)
	}
	share, err := s.share(a)
	if err != nil {
		t.Fatal(err)
	}
	for what, secret := range map[string][]byte{"the share": share.Bytes(), "half of it": share.Bytes()[32:], "the key": keys[0].Seed()} {
		if bytes.Contains(raw(t, dir), secret) {
			t.Errorf("%s lies in the folder", what)
		}
	}
	s.key.Free()

	if _, err := sealedSeat(t, dir, nil); !errors.Is(err, ErrSeal) {
		t.Errorf("opened without a seal: %v", err)
	}
	if _, err := sealedSeat(t, dir, drawSeal(t)); !errors.Is(err, ErrSeal) {
		t.Errorf("opened with another seal: %v", err)
	}
	again, err := sealedSeat(t, dir, seal)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := again.share(a); err != nil || !bytes.Equal(back.Bytes(), share.Bytes()) {
		t.Fatalf("opened again: %v", err)
	}
	wantEveryByte(t, again, a, share.Bytes())
}

// wantEveryByte holds a sealed file to this: one of one place is none of
// another, and every byte counts.
func wantEveryByte(t *testing.T, again *seat, a *vault.Attempt, plain []byte) {
	t.Helper()
	file := again.path("share", a.Digest.String())
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other := *a
	other.Digest[0] ^= 1
	if err := os.WriteFile(again.path("share", other.Digest.String()), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := again.share(&other); !errors.Is(err, errDamaged) {
		t.Errorf("the share of another epoch: %v", err)
	}
	for i := range whole {
		whole[i] ^= 1
		if err := os.WriteFile(file, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := again.share(a); !errors.Is(err, errDamaged) {
			t.Fatalf("byte %d altered: %v", i, err)
		}
		whole[i] ^= 1
	}
	for _, b := range [][]byte{nil, whole[:len(whole)-1], append(whole[:len(whole):len(whole)], 0), plain} {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := again.share(a); !errors.Is(err, errDamaged) {
			t.Errorf("%d bytes in its place: %v", len(b), err)
		}
	}
}

// A folder that was used plain is sealed at the next start, and works on.
func TestPlainFolderIsSealed(t *testing.T) {
	a, keys := dealt(t)
	dir, seal := t.TempDir(), drawSeal(t)
	plain, err := sealedSeat(t, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	share, err := a.Dealing.OpenShare(1, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	secret := share.Bytes()
	if err := plain.writeSecret("share", a.Digest.String(), share.Bytes()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(raw(t, dir), secret) {
		t.Fatal("the share is not in the plain folder: this shows nothing")
	}
	s, err := sealedSeat(t, dir, seal)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw(t, dir), secret) {
		t.Error("the share still lies there plain")
	}
	if back, err := s.share(a); err != nil || !bytes.Equal(back.Bytes(), secret) {
		t.Errorf("the share cannot be read any more: %v", err)
	}
}

// With the vault's files goes the key that opened them: a copy of a file that
// the disk kept opens with nothing that is left, seal included.
func TestErasureDestroysTheSeal(t *testing.T) {
	a, keys := dealt(t)
	dir, seal := t.TempDir(), drawSeal(t)
	s, err := sealedSeat(t, dir, seal)
	if err != nil {
		t.Fatal(err)
	}
	share, err := a.Dealing.OpenShare(1, keys[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := s.writeSecret("share", a.Digest.String(), share.Bytes()); err != nil {
		t.Fatal(err)
	}
	file := s.path("share", a.Digest.String())
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path("outcome"), []byte(string(machine.Erased)+"\ncertificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.erase(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{file, s.path("seal")} {
		if _, err := os.Stat(gone); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", gone, err)
		}
	}
	if s.key != nil {
		t.Error("the key of the files is still in memory")
	}
	again, err := sealedSeat(t, dir, seal)
	if err != nil || again.key != nil || again.outcome != machine.Erased {
		t.Fatalf("started again: %v, key %v, outcome %q", err, again.key, again.outcome)
	}
	if err := os.WriteFile(file, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := again.share(a); !errors.Is(err, errDamaged) {
		t.Errorf("a kept file opens: %v", err)
	}
	// A folder restored in half is erased all the same.
	if err := again.erase(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !again.destroyed || again.strays != 1 {
		t.Errorf("destroyed %v, %d strays", again.destroyed, again.strays)
	}
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the stray file is still there: %v", err)
	}
}

func TestLooseFoldersAreRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	inner := filepath.Join(dir, "footage", "share")
	if err := os.MkdirAll(inner, 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(inner, "x")
	if err := os.WriteFile(file, make([]byte, vault.ShareSize), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := checkModes(durable.OS, dir); err != nil {
		t.Fatal(err)
	}
	if err := checkModes(durable.OS, filepath.Join(dir, "none")); err != nil {
		t.Errorf("a first start: %v", err)
	}
	for _, path := range []string{dir, filepath.Dir(inner), inner, file} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, bit := range []fs.FileMode{0o040, 0o020, 0o010, 0o004, 0o002, 0o001} {
			if err := os.Chmod(path, info.Mode().Perm()|bit); err != nil {
				t.Fatal(err)
			}
			if err := checkModes(durable.OS, dir); err == nil || !strings.Contains(err.Error(), "chmod -R go= "+dir) {
				t.Errorf("%s with %o: %v", path, bit, err)
			}
		}
		if err := os.Chmod(path, info.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
}
