package custodian

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"detente/internal/durable"
	"detente/machine"
	"detente/record"
)

func newSeat(t *testing.T, dir string) *seat {
	t.Helper()
	s := &seat{custodian: &Custodian{cfg: Config{FS: durable.OS, Log: slog.New(slog.DiscardHandler)}}, vault: "footage", dir: filepath.Join(dir, "footage")}
	if err := s.open(); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBoundSeatActsOnlyOnItsWord(t *testing.T) {
	dir := t.TempDir()
	running := newSeat(t, dir)
	if err := Bind(durable.OS, dir, "footage", machine.Released); err != nil {
		t.Fatal(err)
	}
	if err := Bind(durable.OS, dir, "footage", machine.Released); err != nil {
		t.Errorf("the same word again: %v", err)
	}
	if err := Bind(durable.OS, dir, "footage", machine.Erased); err == nil {
		t.Error("another word was taken")
	}
	// The process that runs on the folder meets the word when it would act.
	erase := record.Certificate{Vault: "footage", Ground: record.Halted, Outcome: machine.Erased, Note: []byte("note")}
	if err := running.adopt(erase); err != nil {
		t.Fatal(err)
	}
	if running.outcome != "" || running.word != machine.Released {
		t.Errorf("after the word: outcome %q, word %q; want it to hold", running.outcome, running.word)
	}
	release := record.Certificate{Vault: "footage", Ground: record.Agreed, Outcome: machine.Released, Note: []byte("note")}
	if err := running.adopt(release); err != nil {
		t.Fatal(err)
	}
	if running.outcome != machine.Released {
		t.Errorf("the outcome of its word was not adopted: %q", running.outcome)
	}
	if again := newSeat(t, dir); again.outcome != machine.Released || again.certificate != "note" {
		t.Errorf("after a restart: %q, %q", again.outcome, again.certificate)
	}
}

func TestSeatThatHasActedGivesNoOtherWord(t *testing.T) {
	dir := t.TempDir()
	s := newSeat(t, dir)
	if err := s.adopt(record.Certificate{Vault: "footage", Ground: record.Decided, Outcome: machine.Erased, Note: []byte("note")}); err != nil {
		t.Fatal(err)
	}
	if err := Bind(durable.OS, dir, "footage", machine.Released); err == nil {
		t.Error("a seat that erases agreed on a release")
	}
	if err := Bind(durable.OS, dir, "footage", machine.Erased); err != nil {
		t.Errorf("its own outcome: %v", err)
	}
}

func TestDamagedOutcomeIsRefused(t *testing.T) {
	dir := t.TempDir()
	newSeat(t, dir)
	if err := os.WriteFile(filepath.Join(dir, "footage", "outcome"), []byte("signed releas\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Bind(durable.OS, dir, "footage", machine.Released); err == nil {
		t.Error("a damaged outcome was taken for a word")
	}
}
