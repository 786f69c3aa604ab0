package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"detente/agreement"
	"detente/internal/ahead"
	"detente/record"
	"detente/statement"
)

// longRecord is an exported record of n statements, as a file.
func longRecord(t *testing.T, n int) string {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	signer := func(name, label string) statement.Signer {
		seed := sha256.Sum256([]byte("detente example key " + label))
		s, err := statement.NewSigner(name, seed[:])
		must(err)
		return s
	}
	data, err := os.ReadFile("../../spec/vectors/record/bundle/freeze.agreement")
	must(err)
	text, err := agreement.NewBundle([]agreement.File{{Path: "freeze.agreement", Data: data}})
	must(err)
	a, _ := agreement.Read(text)
	f, err := record.NewFold(a)
	must(err)
	entries := [][]byte{record.Opening(a)}
	for i := range n {
		s := &statement.Statement{Agreement: a.ID, Bundle: a.ID, By: "iaea", Body: statement.DeclareBody{Text: fmt.Sprint("entry ", i), Documents: []statement.Document{}}}
		text, err := s.Text()
		must(err)
		note, err := statement.Sign(text, signer("iaea", "iaea-1"))
		must(err)
		entries = append(entries, note)
	}
	must(ahead.Fold(t.Context(), f, entries, nil))
	origin, head := record.Origin(a), f.Head()
	note, err := statement.SignCheckpoint(statement.Checkpoint{Origin: origin, Size: head.Size, Root: head.Root}, signer(origin, "host"))
	must(err)
	parsed, err := statement.ParseNote(note)
	must(err)
	for _, w := range []string{"vienna", "geneva", "muscat"} {
		line, err := statement.Cosign(signer(w, w), parsed.Text, 1_614_124_800)
		must(err)
		parsed.Sigs = append(parsed.Sigs, line)
	}
	e, err := f.Export(text, parsed.Bytes())
	must(err)
	b, err := e.Bytes()
	must(err)
	name := filepath.Join(t.TempDir(), "long.detente")
	must(os.WriteFile(name, b, 0o644))
	return name
}

// TestAnInterruptedAuditGoesOn: killed, or asked to end, an audit that keeps what
// it verified goes on from there, and its report is that of one in one piece.
func TestAnInterruptedAuditGoesOn(t *testing.T) {
	t.Parallel()
	const n = 12_000
	name := longRecord(t, n)
	state := filepath.Join(t.TempDir(), "verified")
	audit := func(args ...string) *exec.Cmd {
		c := exec.CommandContext(t.Context(), "detente", append([]string{"audit", name}, args...)...)
		c.Env = append(os.Environ(), "GOMAXPROCS=1") // slow enough to be caught at it
		return c
	}
	want, _ := audit().Output()
	if !bytes.Contains(want, []byte(fmt.Sprint(n, " signed statements"))) {
		t.Fatalf("%s", want)
	}
	size := func() int64 {
		info, err := os.Stat(state)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	const tiles = (n + 256) / 256
	sums := func() int64 { return max(0, size()-int64(len("detente/verified/1\nprogram \n\n")+64)) / 32 }
	for _, with := range []os.Signal{syscall.SIGKILL, os.Interrupt, syscall.SIGKILL} {
		before := sums()
		said := interrupted(t, audit("--resume", state), with, func() bool { return sums() >= before+4 })
		if sums() >= tiles {
			t.Fatalf("all %d tiles were verified before it was interrupted", sums())
		}
		if before > 0 && !strings.Contains(said, fmt.Sprintf("%d tiles are verified already", before)) {
			t.Errorf("going on, it says: %s", said)
		}
		if with == os.Interrupt && !strings.Contains(said, "go on with: detente audit "+name+" --resume "+state) {
			t.Errorf("interrupted, it says: %s", said)
		}
	}
	before := sums()
	got, _ := audit("--resume", state).Output()
	if !bytes.Equal(got, want) {
		t.Errorf("in pieces:\n%s\nin one piece:\n%s", got, want)
	}
	if sums() != tiles || before < 8 {
		t.Errorf("%d of %d tiles are kept, %d before the last piece", sums(), tiles, before)
	}
	// Nothing that it keeps speaks for another file.
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := audit("--resume", state).Output(); err == nil || !bytes.HasPrefix(got, []byte("BROKEN")) {
		t.Errorf("of a changed file: %v\n%s", err, got)
	}
}

// interrupted runs a command, sends it a signal once it is far enough, and gives
// what it said.
func interrupted(t *testing.T, c *exec.Cmd, with os.Signal, enough func() bool) string {
	t.Helper()
	var said strings.Builder
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for !enough() {
		select {
		case err := <-ended:
			t.Fatalf("it ended by itself: %v\n%s", err, said.String())
		case <-time.After(time.Millisecond):
		}
	}
	if err := c.Process.Signal(with); err != nil {
		t.Fatal(err)
	}
	<-ended
	return said.String()
}
