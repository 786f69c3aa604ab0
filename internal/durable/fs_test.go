package durable_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"detente/internal/durable"
	"detente/internal/durable/durabletest"
)

// systems runs a test on the real file system and on the one in memory: what
// is proved with the second holds for the first only if they agree.
func systems(t *testing.T, test func(t *testing.T, fsys durable.FS, dir string)) {
	t.Run("os", func(t *testing.T) { test(t, durable.OS, t.TempDir()) })
	t.Run("memory", func(t *testing.T) { test(t, durabletest.New(), "") })
}

func read(t *testing.T, fsys durable.FS, name string) string {
	t.Helper()
	b, err := durable.ReadFile(fsys, name, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestConformance(t *testing.T) {
	systems(t, func(t *testing.T, fsys durable.FS, dir string) {
		sub := filepath.Join(dir, "a", "b")
		for range 2 {
			if err := durable.MkdirAll(fsys, sub); err != nil {
				t.Fatal(err)
			}
		}
		name := filepath.Join(sub, "file")
		for _, text := range []string{"one", "", "three"} {
			if err := durable.WriteFile(fsys, name, []byte(text)); err != nil {
				t.Fatal(err)
			}
			if got := read(t, fsys, name); got != text {
				t.Fatalf("read %q, wrote %q", got, text)
			}
		}
		if err := durable.CreateFile(fsys, name, []byte("four")); !errors.Is(err, fs.ErrExist) {
			t.Fatalf("creating what exists: %v", err)
		}
		if got := read(t, fsys, name); got != "three" {
			t.Fatalf("read %q after a refused creation", got)
		}
		if err := durable.CreateFile(fsys, filepath.Join(sub, "new"), []byte("four")); err != nil {
			t.Fatal(err)
		}
		if names, err := fsys.ReadDir(sub); err != nil || !slices.Equal(names, []string{"file", "new"}) {
			t.Fatalf("names %q, %v: temporary files must not stay", names, err)
		}
		if _, err := durable.ReadFile(fsys, filepath.Join(sub, "none"), 10); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("reading what is not there: %v", err)
		}
		if err := durable.WriteFile(fsys, filepath.Join(dir, "none", "file"), nil); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("writing into no directory: %v", err)
		}
		if err := fsys.Remove(sub); err == nil {
			t.Fatal("a directory that is not empty was removed")
		}
	})
}

func TestAppending(t *testing.T) {
	systems(t, func(t *testing.T, fsys durable.FS, dir string) {
		name := filepath.Join(dir, "file")
		if err := durable.WriteFile(fsys, name, []byte("head ")); err != nil {
			t.Fatal(err)
		}
		f, err := fsys.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, text := range []string{"a", "bc"} {
			if n, err := f.Write([]byte(text)); n != len(text) || err != nil {
				t.Fatalf("wrote %d of %q, %v", n, text, err)
			}
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
		}
		if got := read(t, fsys, name); got != "head abc" {
			t.Fatalf("read %q", got)
		}
	})
}

func TestReadFileLimit(t *testing.T) {
	systems(t, func(t *testing.T, fsys durable.FS, dir string) {
		name := filepath.Join(dir, "file")
		if err := durable.WriteFile(fsys, name, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		if b, err := durable.ReadFile(fsys, name, 100); err != nil || len(b) != 100 {
			t.Fatalf("at the limit: %d bytes, %v", len(b), err)
		}
		if _, err := durable.ReadFile(fsys, name, 99); err == nil {
			t.Fatal("one past the limit was read")
		}
	})
}

func TestCreateFileRace(t *testing.T) {
	systems(t, func(t *testing.T, fsys durable.FS, dir string) {
		name := filepath.Join(dir, "file")
		var wg sync.WaitGroup
		won := make([]bool, 16)
		for i := range won {
			wg.Go(func() {
				err := durable.CreateFile(fsys, name, fmt.Append(nil, i))
				won[i] = err == nil
				if err != nil && !errors.Is(err, fs.ErrExist) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		winner := slices.Index(won, true)
		if winner < 0 || slices.Contains(won[winner+1:], true) || read(t, fsys, name) != fmt.Sprint(winner) {
			t.Fatalf("winners %v, file %q", won, read(t, fsys, name))
		}
	})
}

func TestRemoveTemps(t *testing.T) {
	systems(t, func(t *testing.T, fsys durable.FS, dir string) {
		for _, name := range []string{"file", "file.1-2.tmp"} {
			f, err := fsys.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := durable.RemoveTemps(fsys, dir); err != nil {
			t.Fatal(err)
		}
		if names, err := fsys.ReadDir(dir); err != nil || !slices.Equal(names, []string{"file"}) {
			t.Fatalf("names %q, %v", names, err)
		}
	})
}

func TestLock(t *testing.T) {
	systems(t, func(t *testing.T, fsys durable.FS, dir string) {
		name := filepath.Join(dir, "lock")
		lock, err := fsys.Lock(name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = fsys.Lock(name)
		if held, ok := errors.AsType[*durable.LockedError](err); !ok || held.PID != os.Getpid() {
			t.Fatalf("second lock: %v", err)
		}
		if err := lock.Close(); err != nil {
			t.Fatal(err)
		}
		if lock, err = fsys.Lock(name); err != nil {
			t.Fatal(err)
		}
		lock.Close()
	})
}

// TestLockOfProcess holds the lock in a second process, which is then killed.
func TestLockOfProcess(t *testing.T) {
	if name := os.Getenv("DETENTE_TEST_LOCK"); name != "" {
		if _, err := durable.OS.Lock(name); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("locked")
		select {} // until killed
	}
	name := filepath.Join(t.TempDir(), "lock")
	cmd := exec.Command(os.Args[0], "-test.run=^TestLockOfProcess$")
	cmd.Env = append(os.Environ(), "DETENTE_TEST_LOCK="+name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("locked\n"))
	if _, err := out.Read(line); err != nil || string(line) != "locked\n" {
		t.Fatalf("child says %q, %v", line, err)
	}
	_, err = durable.OS.Lock(name)
	want := fmt.Sprintf("held by process %d", cmd.Process.Pid)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("lock held elsewhere: %v, want %q", err, want)
	}
	if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() // says that it was killed
	lock, err := durable.OS.Lock(name)
	if err != nil {
		t.Fatalf("the lock of a killed process: %v", err)
	}
	lock.Close()
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dir")
	if err := durable.MkdirAll(durable.OS, dir); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "file")
	if err := durable.WriteFile(durable.OS, name, []byte("secret")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{dir: 0o700, name: 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %v, want %v", path, got, want)
		}
	}
}

func TestCopyReadFaultAndLoss(t *testing.T) {
	m := durabletest.New()
	if err := durable.WriteFile(m, "file", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	backup := m.Copy()
	f, err := m.OpenFile("file", os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // one sector each, none of them synced
		if _, err := f.Write(make([]byte, 512)); err != nil {
			t.Fatal(err)
		}
	}
	if got := read(t, backup, "file"); got != "kept" {
		t.Errorf("the copy has %q: it changes with the original", got)
	}
	m.ReadFault = func(string) error { return durabletest.ErrInjected }
	if _, err := durable.ReadFile(m, "file", 1<<20); !errors.Is(err, syscall.EIO) {
		t.Errorf("reading gives %v", err)
	}
	n := 0
	g := m.Crash(func() bool { n++; return n == 3 }) // the last alone reached the disk
	if got, want := g.Loss(), (durabletest.Loss{Lost: 2, Kept: 1, Reordered: 1}); got != want || !m.Dead() || g.Dead() {
		t.Errorf("the loss is %+v, want %+v", got, want)
	}
}
