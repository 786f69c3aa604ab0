package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestFormat1 opens a folder as versions before wrote it, with the frames of two
// records in its write-ahead file that are not flushed: all of it is there, and
// the store goes on. A frame of it that is damaged is still found out.
func TestFormat1(t *testing.T) {
	files := make(map[string][]byte)
	err := filepath.WalkDir("testdata/format-1", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rest, _ := filepath.Rel("testdata/format-1", name)
		files[filepath.Join("d", rest)], err = os.ReadFile(name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wal := newest(files)
	files[wal][segmentHeadSize+frameHeadSize+9] ^= 1
	if s, err := Open("d", Options{Sign: testSign, FS: writeFolder(t, files)}); err == nil {
		s.Close()
		t.Error("nobody noticed a damaged frame")
	}
	files[wal][segmentHeadSize+frameHeadSize+9] ^= 1

	m := writeFolder(t, files)
	for _, more := range []int64{0, 1, 2, 300, 301, 600} { // into packs, behind the bundle in a file of its own
		s := mustOpen(t, "d", Options{FS: m})
		for origin, size := range map[string]int64{"d/1": 260 + more, "d/2": 3 + more} {
			l, ok := s.Log(origin)
			if !ok || l.Head().Size != size {
				t.Fatalf("%s is there: %v", origin, ok)
			}
			verify(t, l)
			if notes, err := l.AllCosigned(); err != nil || len(notes) != 1 {
				t.Fatalf("%s has %d cosigned checkpoints, %v", origin, len(notes), err)
			}
			switch more {
			case 2:
				size += 297
			case 301:
				size += 298
			}
			fill(t, l, size+1)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
