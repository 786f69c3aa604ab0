package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestFolderReplaced deletes the folder of an open store, or puts an old copy in
// its place: the next append is not acknowledged, and nothing after it.
func TestFolderReplaced(t *testing.T) {
	for name, harm := range map[string]func(dir, old string) error{
		"deleted":  func(dir, _ string) error { return os.RemoveAll(dir) },
		"old copy": func(dir, old string) error { return errors.Join(os.Rename(dir, dir+".aside"), os.Rename(old, dir)) },
	} {
		base := t.TempDir()
		dir, old := filepath.Join(base, "d"), filepath.Join(base, "old")
		s := mustOpen(t, dir, Options{})
		l := mustCreate(t, s, "d/1")
		fill(t, l, 3)
		if err := os.CopyFS(old, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		fill(t, l, 7)
		if err := harm(dir, old); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			_, _, err := l.Append(context.Background(), []byte("into the void"), -1)
			if !errors.Is(err, ErrStopped) || !errors.Is(err, ErrRollback) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if size := l.Head().Size; size != 7 {
			t.Errorf("%s: %d entries are shown", name, size)
		}
	}
}
