package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"detente/internal/durable"
	"detente/internal/durable/durabletest"
)

// Bundles are in one file until it has all below one hash tile of level 1, and
// then in the next.
func TestPacks(t *testing.T) {
	m := durabletest.New()
	s := mustOpen(t, "d", Options{FS: m, SegmentSize: 300_000})
	l := mustCreate(t, s, "d/1")
	fill(t, l, (packWidth+2)*tileWidth+3)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("d", "log", folderName("d/1"))
	for name, bundles := range map[string]int{"00000000": packWidth, "00000001": 2} {
		leaves, err := durable.ReadFile(m, filepath.Join(dir, "leaves", name), 1<<30)
		if err != nil || len(leaves) != bundles*rowSize {
			t.Fatalf("leaves/%s: %d bytes, %v; want %d bundles", name, len(leaves), err, bundles)
		}
		entries, err := durable.ReadFile(m, filepath.Join(dir, "entries", name), 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		if end := binary.BigEndian.Uint64(leaves[len(leaves)-rowSize:]); end != uint64(len(entries)) {
			t.Errorf("entries/%s has %d bytes, its last bundle ends at %d", name, len(entries), end)
		}
	}
	if names, err := m.ReadDir(filepath.Join(dir, "tile")); err != nil || len(names) != 1 || names[0] != "1" {
		t.Errorf("tiles in files of their own: levels %q, %v", names, err)
	}
	s = mustOpen(t, "d", Options{FS: m})
	l, _ = s.Log("d/1")
	if err := l.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
}

// What an interrupted flush left behind the end that the tail file gives is
// written over, whatever it is; what is missing before that end is found out
// before anything is written.
func TestPackEndsWhereTheTailSays(t *testing.T) {
	files, _ := folder(t)
	dir := filepath.Join("d", "log", folderName("d/1"))
	entries, leaves := filepath.Join(dir, "entries", "00000000"), filepath.Join(dir, "leaves", "00000000")
	grow := func(size int64) (*Log, error) {
		s, err := Open("d", Options{Sign: testSign, FS: writeFolder(t, files)})
		if err != nil {
			return nil, err
		}
		l, _ := s.Log("d/1")
		fill(t, l, size)
		return l, s.Close()
	}
	for _, rest := range []string{"", "x", strings.Repeat("garbage", 30_000)} {
		was, rows := files[entries], files[leaves]
		files[entries], files[leaves] = append(bytes.Clone(was), rest...), append(bytes.Clone(rows), rest...)
		l, err := grow(700)
		if err == nil {
			err = l.Check(context.Background())
		}
		if err != nil {
			t.Errorf("with %d bytes behind the end: %v", len(rest), err)
		}
		files[entries], files[leaves] = was, rows
	}
	for _, name := range []string{entries, leaves} {
		was := files[name]
		for what, now := range map[string][]byte{"cut": was[:len(was)-1], "empty": {}, "gone": nil} {
			files[name] = now
			if now == nil {
				delete(files, name)
			}
			if _, err := grow(700); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), filepath.Base(filepath.Dir(name))+"/00000000") {
				t.Errorf("%s %s: %v", name, what, err)
			}
		}
		files[name] = was
	}
}

// The end of a bundle that leaves/ gives is not believed: entries from elsewhere
// in the file are not in the tree.
func TestRowsAreNotBelieved(t *testing.T) {
	files, _ := folder(t)
	dir := filepath.Join("d", "log", folderName("d/1"))
	leaves := filepath.Join(dir, "leaves", "00000000")
	was := files[leaves]
	for _, end := range []uint64{0, 1, 512, uint64(len(files[filepath.Join(dir, "entries", "00000000")])) - 1, 1 << 20, maxBundle, maxBundle + 1, 1 << 63, 1<<64 - 1} {
		files[leaves] = bytes.Clone(was)
		binary.BigEndian.PutUint64(files[leaves], end)
		s := mustOpen(t, "d", Options{FS: writeFolder(t, files)})
		l, _ := s.Log("d/1")
		if b, err := l.Entry(3); !errors.Is(err, ErrDamaged) {
			t.Errorf("a bundle that ends at %d: %q, %v", end, b, err)
		}
	}
}
