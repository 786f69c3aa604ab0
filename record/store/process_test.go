package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"detente/internal/durable"
)

// child runs this test binary again as another process with the store; it
// returns the lines that it prints.
func child(t *testing.T, test, dir string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	cmd.Env = append(os.Environ(), "DETENTE_TEST_STORE="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// TestTwoProcesses has one process refused while another has the folder.
func TestTwoProcesses(t *testing.T) {
	if dir := os.Getenv("DETENTE_TEST_STORE"); dir != "" {
		mustOpen(t, dir, Options{})
		fmt.Println("opened")
		select {} // until killed
	}
	dir := t.TempDir()
	cmd, lines := child(t, "TestTwoProcesses", dir)
	if !lines.Scan() || lines.Text() != "opened" {
		t.Fatalf("child says %q, %v", lines.Text(), lines.Err())
	}
	_, err := Open(dir, Options{Sign: testSign})
	held, ok := errors.AsType[*durable.LockedError](err)
	if !ok || held.PID != cmd.Process.Pid || !strings.Contains(err.Error(), strconv.Itoa(cmd.Process.Pid)) {
		t.Errorf("opening what process %d has: %v", cmd.Process.Pid, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() // says that it was killed
	s := mustOpen(t, dir, Options{})
	if _, err := Open(dir, Options{Sign: testSign}); err == nil {
		t.Error("the same process opened the folder twice")
	}
	mustCreate(t, s, "d/1")
}

// TestKilled kills a process that appends as fast as it can, again and again:
// what it said was appended is there.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("DETENTE_TEST_STORE"); dir != "" {
		appendForEver(t, dir)
	}
	dir := t.TempDir()
	acked := make(map[string]int64)
	for round := range 6 {
		cmd, lines := child(t, "TestKilled", dir)
		for range 40 + 97*round {
			if !lines.Scan() {
				t.Fatalf("child ended: %v", lines.Err())
			}
			origin, size, _ := strings.Cut(lines.Text(), " ")
			n, err := strconv.ParseInt(size, 10, 64)
			if err != nil {
				t.Fatalf("child says %q", lines.Text())
			}
			acked[origin] = max(acked[origin], n)
		}
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		cmd.Wait() // says that it was killed
		s := mustOpen(t, dir, Options{SegmentSize: 10_000})
		for origin, size := range acked {
			l, ok := s.Log(origin)
			if !ok || l.Head().Size < size {
				t.Fatalf("round %d: %s has fewer than the %d entries acknowledged", round, origin, size)
			}
			verify(t, l)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func appendForEver(t *testing.T, dir string) {
	s := mustOpen(t, dir, Options{SegmentSize: 10_000})
	for _, origin := range []string{"d/1", "d/2", "d/3"} {
		go func() {
			l, ok := s.Log(origin)
			if !ok {
				l = mustCreate(t, s, origin)
			}
			for {
				size := l.Head().Size
				_, head, err := l.Append(context.Background(), entryOf(origin, size), size)
				if err != nil {
					fmt.Println("error", err)
				}
				fmt.Println(origin, head.Size)
			}
		}()
	}
	select {} // until killed
}
