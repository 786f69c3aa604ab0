package store

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"detente/internal/durable/durabletest"
)

// TestEntryAfterEntry reads a record entry after entry, and counts how often
// its files are opened.
func TestEntryAfterEntry(t *testing.T) {
	m := durabletest.New()
	s := mustOpen(t, "d", Options{FS: m})
	fill(t, mustCreate(t, s, "d/1"), 700)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	reads := 0
	m.ReadFault = func(string) error { reads++; return nil }
	s = mustOpen(t, "d", Options{FS: m, SegmentSize: 500, Inline: true})
	l, _ := s.Log("d/1")
	reads = 0
	for range 3 {
		for i := range int64(700) {
			if e, err := l.Entry(i); err != nil || !bytes.Equal(e, entryOf("d/1", i)) {
				t.Fatalf("entry %d is %q, %v", i, e, err)
			}
		}
	}
	if reads == 0 || reads > 12 {
		t.Fatalf("%d reads of files for three bundles", reads)
	}
	// What is appended and flushed later is in the bundle that was kept short.
	fill(t, l, 760)
	if l.flushed != 760 {
		t.Fatalf("%d entries are flushed", l.flushed)
	}
	verify(t, l)
}

// TestRecentBounds reads more bundles, and more bytes, than are kept.
func TestRecentBounds(t *testing.T) {
	m := durabletest.New()
	s := mustOpen(t, "d", Options{FS: m})
	l := mustCreate(t, s, "d/1")
	fill(t, l, (maxRecent+2)*tileWidth)
	big := mustCreate(t, s, "d/2")
	batch := make([][]byte, 60)
	for i := range batch {
		batch[i] = make([]byte, MaxEntry)
	}
	for range 5 {
		if _, _, err := big.AppendAll(context.Background(), batch, -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, "d", Options{FS: m})
	l, _ = s.Log("d/1")
	verify(t, l)
	if n := len(s.recent.list); n != maxRecent {
		t.Errorf("%d bundles are kept", n)
	}
	big, _ = s.Log("d/2")
	for i := range big.Head().Size {
		if _, err := big.Entry(i); err != nil {
			t.Fatal(err)
		}
		if s.recent.bytes > maxRecentBytes && len(s.recent.list) > 1 {
			t.Fatalf("%d bytes are kept", s.recent.bytes)
		}
	}
	if n := len(s.recent.list); n == 0 || n > 2 {
		t.Errorf("%d large bundles are kept", n)
	}
	sum := 0
	for _, b := range s.recent.list {
		sum += b.bytes
	}
	if sum != s.recent.bytes {
		t.Errorf("%d bytes are kept, %d are counted", sum, s.recent.bytes)
	}
}

// TestRecentIsChecked keeps nothing that is not what the tree has.
func TestRecentIsChecked(t *testing.T) {
	files, _ := folder(t)
	name := filepath.Join("d", "log", folderName("d/1"), "entries", "00000000")
	files[name][7] ^= 1
	s := mustOpen(t, "d", Options{FS: writeFolder(t, files)})
	l, _ := s.Log("d/1")
	for range 2 {
		if _, err := l.Entry(0); !errors.Is(err, ErrDamaged) {
			t.Fatalf("a damaged entry: %v", err)
		}
		if e, err := l.Entry(1); err != nil || !bytes.Equal(e, entryOf("d/1", 1)) {
			t.Fatalf("the one behind it: %q, %v", e, err)
		}
	}
}
