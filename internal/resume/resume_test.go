package resume

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"detente/statement"
)

func sums(n int) []statement.Sum {
	all := make([]statement.Sum, n)
	for i := range all {
		all[i][0], all[i][31] = byte(i+1), 7
	}
	return all
}

func kept(t *testing.T, name string) *File {
	t.Helper()
	f, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestWhatIsWrittenIsRead, cut anywhere: what is left is what was whole, and the
// file goes on from there.
func TestWhatIsWrittenIsRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "state")
	f := kept(t, name)
	if len(f.Known) != 0 {
		t.Fatalf("a new file knows %d", len(f.Known))
	}
	for _, s := range sums(3) {
		if err := f.Note(s); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head := len(whole) - 3*32
	for cut := range len(whole) + 1 {
		if err := os.WriteFile(name, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		f := kept(t, name)
		want := max(0, cut-head) / 32
		for i, s := range sums(3) {
			if f.Known[s] != (i < want) {
				t.Fatalf("cut at %d: sum %d is known: %v", cut, i, f.Known[s])
			}
		}
		more := statement.Sum{99}
		if err := f.Note(more); err != nil {
			t.Fatal(err)
		}
		if again := kept(t, name); len(again.Known) != want+1 || !again.Known[more] {
			t.Fatalf("cut at %d, then one more: %d are known", cut, len(again.Known))
		}
	}
}

// TestForeignFilesAreRefused: nobody's file is overwritten, and what others may
// write is not believed.
func TestForeignFilesAreRefused(t *testing.T) {
	dir := t.TempDir()
	f := kept(t, filepath.Join(dir, "mine"))
	if err := f.Note(statement.Sum{1}); err != nil {
		t.Fatal(err)
	}
	mine, err := os.ReadFile(filepath.Join(dir, "mine"))
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Clone(mine)
	other[len("detente/verified/1\nprogram ")] ^= 1
	for what, c := range map[string]struct {
		data []byte
		mode os.FileMode
		want string
	}{
		"another program's": {other, 0o600, "another version"},
		"a text":            {[]byte("dear diary"), 0o600, "no file of this program"},
		"others may write":  {mine, 0o622, "written by others"},
		"a group may write": {mine, 0o660, "written by others"},
		"too long":          {append(bytes.Clone(mine), make([]byte, maxFile)...), 0o600, "more than"},
	} {
		name := filepath.Join(dir, strings.ReplaceAll(what, " ", "-"))
		if err := os.WriteFile(name, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(name); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want it to say %q", what, err, c.want)
		}
		if now, err := os.ReadFile(name); err != nil || !bytes.Equal(now, c.data) {
			t.Errorf("%s: it was changed, %v", what, err)
		}
	}
	if _, err := Open(dir); err == nil {
		t.Error("a folder is opened")
	}
}

// FuzzDecode: whatever the bytes are, no more is known than whole sums after
// this program's header.
func FuzzDecode(f *testing.F) {
	const head = "detente/verified/1\nprogram 00\n\n"
	f.Add([]byte{})
	f.Add([]byte(head[:9]))
	f.Add([]byte(head))
	f.Add(append([]byte(head), make([]byte, 70)...))
	f.Add([]byte("detente/verified/2\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		known, whole, err := decode(b, head)
		switch {
		case err != nil && (known != nil || whole != 0):
			t.Error("an error, and something is known")
		case err == nil && len(known) > 0 && (!bytes.HasPrefix(b, []byte(head)) || len(known)*32 > whole-len(head)):
			t.Errorf("%d sums known in %d bytes", len(known), whole)
		case whole > len(b):
			t.Error("more is whole than there is")
		}
	})
}
