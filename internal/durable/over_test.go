package durable_test

import (
	"os"
	"path/filepath"
	"testing"

	"detente/internal/durable"
	"detente/internal/durable/durabletest"
)

// TestWritingOver writes over bytes, behind the end and with a gap: both file
// systems agree, and a file opened to append refuses it.
func TestWritingOver(t *testing.T) {
	systems(t, func(t *testing.T, fsys durable.FS, dir string) {
		name := filepath.Join(dir, "file")
		if err := durable.WriteFile(fsys, name, []byte("0123")); err != nil {
			t.Fatal(err)
		}
		f, err := fsys.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, w := range []struct {
			text string
			at   int64
			want string
		}{{"ab", 1, "0ab3"}, {"cd", 3, "0abcd"}, {"e", 7, "0abcd\x00\x00e"}} {
			if n, err := f.WriteAt([]byte(w.text), w.at); n != len(w.text) || err != nil {
				t.Fatalf("wrote %d of %q, %v", n, w.text, err)
			}
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
			if got := read(t, fsys, name); got != w.want {
				t.Errorf("read %q, want %q", got, w.want)
			}
		}
		a, err := fsys.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		if _, err := a.WriteAt([]byte("x"), 0); err == nil {
			t.Error("a file opened to append was written over")
		}
	})
}

// TestWrittenOverForgets cuts the power before and after the sync of bytes
// written over others, and after PutFile, whose name nobody synced.
func TestWrittenOverForgets(t *testing.T) {
	for want, synced := range map[string]bool{"old": false, "new": true} {
		m := durabletest.New()
		if err := durable.WriteFile(m, "file", []byte("old")); err != nil {
			t.Fatal(err)
		}
		f, err := m.OpenFile("file", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte("new"), 0); err != nil {
			t.Fatal(err)
		}
		if synced {
			if err := f.Sync(); err != nil {
				t.Fatal(err)
			}
		}
		if err := durable.PutFile(m, "put", []byte("text")); err != nil {
			t.Fatal(err)
		}
		names := 1
		if synced {
			names = 2
			if err := m.SyncDir(""); err != nil {
				t.Fatal(err)
			}
		}
		m = m.Crash(durabletest.KeepNothing)
		if got := read(t, m, "file"); got != want {
			t.Errorf("synced %v: read %q", synced, got)
		}
		if list, err := m.ReadDir(""); err != nil || len(list) != names {
			t.Errorf("synced %v: names %q, %v", synced, list, err)
		}
	}
}
