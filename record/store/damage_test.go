package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"detente/internal/durable"
	"detente/internal/durable/durabletest"
	"detente/statement"
)

// folder makes a store whose files are of every kind: two records, one with
// full tiles, cosigned checkpoints, an object, and frames in the write-ahead
// file that are not flushed. It returns copies of them.
func folder(t *testing.T) (files map[string][]byte, heads map[string]statement.Head) {
	t.Helper()
	m := durabletest.New()
	s := mustOpen(t, "d", Options{FS: m, SegmentSize: 3000})
	for _, origin := range []string{"d/1", "d/2"} {
		l := mustCreate(t, s, origin)
		fill(t, l, 270)
		if err := l.PutCosigned(context.Background(), cosign(origin, l.Head(), "w")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.PutObject([]byte("an object")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, "d", Options{FS: m})
	heads = make(map[string]statement.Head)
	for _, origin := range s.Origins() {
		l, _ := s.Log(origin)
		for i := range 3 {
			fill(t, l, 271+int64(i))
		}
		heads[origin] = l.Head()
	}
	return readFolder(t, m, "d"), heads // before Close flushes it
}

func readFolder(t *testing.T, m *durabletest.FS, dir string) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	names, err := m.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		name = filepath.Join(dir, name)
		data, err := durable.ReadFile(m, name, 1<<30)
		if err == nil {
			files[name] = data
			continue
		}
		maps.Copy(files, readFolder(t, m, name))
	}
	return files
}

func writeFolder(t *testing.T, files map[string][]byte) *durabletest.FS {
	t.Helper()
	m := durabletest.New()
	for name, data := range files {
		if err := durable.MkdirAll(m, filepath.Dir(name)); err != nil {
			t.Fatal(err)
		}
		if err := durable.WriteFile(m, name, data); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// reopen opens a folder that was tampered with and reads all of it. It returns
// the sizes shown, or the first error; wrong bytes fail the test.
func reopen(t *testing.T, what string, files map[string][]byte) (sizes map[string]int64, err error) {
	t.Helper()
	s, err := Open("d", Options{Sign: testSign, FS: writeFolder(t, files)})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	sizes = make(map[string]int64)
	for _, origin := range s.Origins() {
		l, _ := s.Log(origin)
		sizes[origin] = l.Head().Size
		for i := int64(0); i < l.Head().Size; i += 100 {
			entries, err := l.Entries(i, 100)
			if err != nil {
				return nil, err
			}
			for j, e := range entries {
				if !bytes.Equal(e, entryOf(origin, i+int64(j))) {
					t.Fatalf("%s: entry %d of %s is %q", what, i+int64(j), origin, e)
				}
			}
		}
		if _, err := l.Tile("tile/0/000"); err != nil {
			return nil, err
		}
		notes, err := l.AllCosigned()
		if err != nil {
			return nil, err
		}
		if len(notes) != 1 {
			t.Fatalf("%s: %d cosigned checkpoints of %s", what, len(notes), origin)
		}
	}
	return sizes, nil
}

// TestFlippedBits flips bits all over the folder. Whatever is flipped is an
// error, or changes nothing. The one exception is the last frame: it looks like
// a torn write, so its entry, and no other, may be missing.
func TestFlippedBits(t *testing.T) {
	files, heads := folder(t)
	wal := newest(files)
	for name, data := range files {
		if strings.HasPrefix(name, "d/object/") {
			continue
		}
		end := len(data)
		if name == wal {
			_, end = lastFrame(t, data)
		}
		step := max(1, end/60)
		for at := 0; at < len(data); at += step {
			if at >= end {
				step = len(data) / 9 // of the zeroes behind the last frame
			}
			what := fmt.Sprintf("byte %d of %s", at, name)
			files[name] = bytes.Clone(data)
			files[name][at] ^= 0x10
			sizes, err := reopen(t, what, files)
			if err != nil {
				if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrRollback) || !strings.Contains(err.Error(), "restore") {
					t.Fatalf("%s: %v", what, err)
				}
				continue
			}
			if sizes["d/1"] == heads["d/1"].Size && sizes["d/2"] == heads["d/2"].Size-1 && name == wal {
				continue // the last frame
			}
			if name == wal && at >= end && maps.Equal(sizes, sizesOf(heads)) {
				continue // nothing was ever written there
			}
			for origin, head := range heads {
				// Notes of a checkpoint are the caller's to verify.
				if sizes[origin] != head.Size || !strings.Contains(name, "cosigned") {
					t.Fatalf("%s: nobody noticed; %s has size %d of %d", what, origin, sizes[origin], head.Size)
				}
			}
		}
		files[name] = data
	}
}

func sizesOf(heads map[string]statement.Head) map[string]int64 {
	sizes := make(map[string]int64)
	for origin, head := range heads {
		sizes[origin] = head.Size
	}
	return sizes
}

func newest(files map[string][]byte) string {
	wal := ""
	for name := range files {
		if strings.HasPrefix(name, "d/wal/") {
			wal = max(wal, name)
		}
	}
	return wal
}

// TestMissingFiles removes each file.
func TestMissingFiles(t *testing.T) {
	files, heads := folder(t)
	for name, data := range files {
		if strings.HasPrefix(name, "d/object/") {
			continue
		}
		delete(files, name)
		sizes, err := reopen(t, "without "+name, files)
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrRollback) {
			t.Errorf("without %s: sizes %v of %v, %v", name, sizes, heads, err)
		}
		files[name] = data
	}
}

// TestTornTail cuts the write-ahead file at every length of its last frame, and
// fills the rest with what a disk may show there: the other frames stay, and
// the store goes on.
func TestTornTail(t *testing.T) {
	files, heads := folder(t)
	wal := newest(files)
	data := files[wal]
	start, end := lastFrame(t, data)
	if end == len(data) {
		t.Fatal("nothing was written ahead")
	}
	for cut := start; cut < end; cut++ {
		for _, rest := range []int{0, end - cut, len(data) - cut} {
			what := fmt.Sprintf("cut at %d of %d, %d zeroes", cut-start, end-start, rest)
			files[wal] = append(bytes.Clone(data[:cut]), make([]byte, rest)...)
			if len(files[wal]) >= end && bytes.Equal(files[wal][:end], data[:end]) {
				continue // it ended in zeroes
			}
			sizes, err := reopen(t, what, files)
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if sizes["d/1"] != heads["d/1"].Size || sizes["d/2"] != heads["d/2"].Size-1 {
				t.Fatalf("%s: sizes %v", what, sizes)
			}
		}
	}
}

func lastFrame(t *testing.T, data []byte) (start, end int) {
	t.Helper()
	g, err := parseSegmentHead(data)
	if err != nil {
		t.Fatal(err)
	}
	start, at := 0, segmentHeadSize
	_, err = g.scanFrames(data[at:], func(sections []*section) error {
		start = at
		at += frameHeadSize
		for _, s := range sections {
			at += s.encodedSize()
		}
		return nil
	})
	if err != nil || !zero(data[at:]) {
		t.Fatalf("frames end at %d of %d, %v", at, len(data), err)
	}
	return start, at
}

// TestFrameInEntry submits an entry that is a frame, of a salt that the
// submitter has had to guess, and tears it: it is not taken for a later frame.
func TestFrameInEntry(t *testing.T) {
	sections := seedSections()
	forged := make([]byte, frameHeadSize)
	for _, s := range sections {
		forged = appendSection(forged, s)
	}
	sealFrame(forged, salt{}, 9, sections)
	g := &segment{format: 2, first: 8, key: salt{1}}
	carrier := []*section{{origin: "d/1", entries: [][]byte{forged}, leaves: leavesOf([][]byte{forged})}}
	frame := appendSection(make([]byte, frameHeadSize), carrier[0])
	sealFrame(frame, g.key, 8, carrier)
	frame[0] ^= 1 // its head was lost
	next, err := g.scanFrames(frame, func([]*section) error { t.Error("a frame was read"); return nil })
	if err != nil || next != 8 {
		t.Fatalf("next frame %d, %v", next, err)
	}
	sealFrame(forged, g.key, 9, sections) // as if the salt were known: this is the attack
	copy(frame[bytes.Index(frame[frameHeadSize:], forged[frameHeadSize:]):], forged)
	if _, err := g.scanFrames(frame, func([]*section) error { return nil }); err == nil {
		t.Fatal("a damaged frame before a later one was left out")
	}
}

// TestOldCopy puts back older states of parts of the folder.
func TestOldCopy(t *testing.T) {
	m := durabletest.New()
	s := mustOpen(t, "d", Options{FS: m})
	l := mustCreate(t, s, "d/1")
	fill(t, l, 20)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	old := readFolder(t, m, "d")
	s = mustOpen(t, "d", Options{FS: m})
	l, _ = s.Log("d/1")
	fill(t, l, 30)
	note := cosign("d/1", l.Head(), "w")
	if err := l.PutCosigned(context.Background(), note); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	mixed := readFolder(t, m, "d")
	tail := filepath.Join("d", "log", folderName("d/1"), "tail")
	mixed[tail] = old[tail]
	if _, err := Open("d", Options{Sign: testSign, FS: writeFolder(t, mixed)}); !errors.Is(err, ErrRollback) {
		t.Errorf("an old tail file beside a newer cosigned checkpoint: %v", err)
	}

	// The whole folder: only the witnesses know, and their checkpoint tells.
	s = mustOpen(t, "d", Options{FS: writeFolder(t, old)})
	l, _ = s.Log("d/1")
	if err := l.PutCosigned(context.Background(), note); !errors.Is(err, ErrRollback) {
		t.Fatalf("a cosigned checkpoint of more than there is: %v", err)
	}
	if _, _, err := l.Append(context.Background(), []byte("x"), -1); !errors.Is(err, ErrRollback) {
		t.Fatalf("appending after that: %v", err)
	}
}

// TestOtherHistory puts beside the write-ahead file the folder of a record of
// the same name and size, whole and consistent, but with another history.
func TestOtherHistory(t *testing.T) {
	history := func(first string) (flushed, open map[string][]byte) {
		m := durabletest.New()
		s := mustOpen(t, "d", Options{FS: m})
		if _, err := s.Create(context.Background(), "d/1", []byte(first)); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		flushed = readFolder(t, m, "d")
		s = mustOpen(t, "d", Options{FS: m})
		l, _ := s.Log("d/1")
		fill(t, l, 3)
		return flushed, readFolder(t, m, "d")
	}
	_, mixed := history("one history")
	other, _ := history("another history")
	tail := filepath.Join("d", "log", folderName("d/1"), "tail")
	mixed[tail] = other[tail]
	if _, err := Open("d", Options{Sign: testSign, FS: writeFolder(t, mixed)}); !errors.Is(err, ErrDamaged) {
		t.Fatalf("opening: %v", err)
	}
}
