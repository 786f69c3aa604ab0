package main

import (
	"crypto/rand"
	"io"
	"path/filepath"
	"testing"

	"detente/internal/keyfile"
)

// TestGuardedKey: a key in locked memory is the key of its file, and signs.
func TestGuardedKey(t *testing.T) {
	name := filepath.Join(t.TempDir(), "c1.key")
	file, err := keyfile.Create(name, "c1", keyfile.Ed25519, "")
	if err != nil {
		t.Fatal(err)
	}
	want := file.Public()
	held, err := loadKey(terminal{out: io.Discard, err: io.Discard}, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := held.guarded(name, keyfile.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	if s.Name() != "c1" || s.Public().String() != want {
		t.Errorf("%s %s, want c1 %s", s.Name(), s.Public(), want)
	}
	message := make([]byte, 40)
	rand.Read(message)
	if sig, err := s.Sign(message); err != nil || len(sig) != 64 {
		t.Errorf("signing: %x, %v", sig, err)
	}
}
