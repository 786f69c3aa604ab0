package store

import (
	"bytes"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"detente/internal/durable/durabletest"
	"detente/statement"
)

func seedSections() []*section {
	return []*section{
		{origin: "d/1", entries: [][]byte{[]byte("hi")}, root: tlog.RecordHash([]byte("hi"))},
		{origin: "d/2", first: 7, entries: [][]byte{nil, []byte("x")}},
		{origin: "d/1", first: 1, notes: []cosigned{{ordinal: 3, note: []byte("note")}}},
	}
}

func seedPayload() []byte {
	var b []byte
	for _, s := range seedSections() {
		b = appendSection(b, s)
	}
	return b
}

// seedFrame is a frame of a format.
func seedFrame(format int, key salt, seq uint64) []byte {
	sections := seedSections()
	b := make([]byte, frameHeadSize)
	for _, s := range sections {
		s.leaves = leavesOf(s.entries)
		b = appendSection(b, s)
	}
	sealAs(format, b, key, seq, sections)
	return b
}

func sealAs(format int, b []byte, key salt, seq uint64, sections []*section) {
	sealFrame(b, key, seq, sections)
	if format == 1 {
		body := key.bodySum1(b[frameHeadSize:])
		copy(b[12:], body[:])
		head := key.headSum(b[:12+bodySumSize])
		copy(b[12+bodySumSize:], head[:])
	}
}

// FuzzFrames: whatever a segment holds, scanning it ends, all that is given was
// sealed, and the number of the next frame tells how many frames it was.
func FuzzFrames(f *testing.F) {
	key := salt{1, 2, 3}
	for format := 1; format <= 2; format++ {
		two := append(seedFrame(format, key, 5), seedFrame(format, key, 6)...)
		f.Add(format, two)
		f.Add(format, two[:len(two)-1])
		f.Add(format, two[1:])
		f.Add(format, append(bytes.Clone(two), 0))
		f.Add(format, append(seedFrame(format, salt{}, 5), seedFrame(format, key, 6)...))
		f.Add(3-format, two)
		f.Add(format, []byte{})
	}
	f.Fuzz(func(t *testing.T, format int, data []byte) {
		var again []byte
		n := uint64(0)
		g := &segment{format: format, first: 5, key: key}
		next, err := g.scanFrames(data, func(sections []*section) error {
			frame := make([]byte, frameHeadSize)
			for _, s := range sections {
				frame = appendSection(frame, s)
			}
			sealAs(format, frame, key, 5+n, sections)
			again = append(again, frame...)
			n++
			return nil
		})
		if next != 5+n {
			t.Fatalf("%d frames, the next has number %d, %v", n, next, err)
		}
		if !bytes.HasPrefix(data, again) {
			t.Fatal("frames sealed again are not those read")
		}
	})
}

// FuzzSections: what decodes encodes to the same bytes.
func FuzzSections(f *testing.F) {
	f.Add(seedPayload())
	f.Add(seedPayload()[:40])
	f.Add([]byte{0, 3, 'd', '/', '1', 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		sections, err := parseSections(b)
		if err != nil {
			return
		}
		var again []byte
		for _, s := range sections {
			again = appendSection(again, s)
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("%x decodes and encodes to %x", b, again)
		}
	})
}

// FuzzBundle: what decodes encodes to the same bytes.
func FuzzBundle(f *testing.F) {
	f.Add([]byte{0, 2, 'h', 'i', 0, 0}, 2)
	f.Add([]byte{0, 2, 'h', 'i', 0}, 2)
	f.Add([]byte{0, 2, 'h', 'i', 0, 0}, 1)
	f.Add([]byte{0, 9, 'h'}, 1)
	f.Add([]byte{}, 0)
	f.Add([]byte{}, -1)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		entries, err := ParseBundle(b, n)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range entries {
			again = appendEntry(again, e)
		}
		if len(entries) != n || !bytes.Equal(again, b) {
			t.Fatalf("%x decodes and encodes to %x", b, again)
		}
	})
}

// FuzzTail: what decodes encodes to the same bytes, and an edge made of it has
// its root.
func FuzzTail(f *testing.F) {
	for _, size := range []int{1, 255, 256, 300} {
		e := new(edge)
		t := &tail{origin: "d/1", notes: 2, packs: packs{first: int64(size / tileWidth)}}
		if size == 300 {
			t.packs = packs{end: 700}
		}
		for range size {
			e.add(tlog.RecordHash([]byte("x")))
		}
		e.trim(e.size)
		for range size % tileWidth {
			t.bundle = appendEntry(t.bundle, []byte("x"))
		}
		t.size, t.root, t.partial = e.size, e.root(), e.hashes
		f.Add(t.encode())
	}
	f.Add([]byte(tailMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := parseTail(b)
		if err != nil {
			return
		}
		if !bytes.Equal(v.encode(), b) && !bytes.HasPrefix(b, []byte(tailMagic1)) {
			t.Fatalf("%x decodes and encodes to %x", b, v.encode())
		}
		if root := newEdge(v.size, v.partial).root(); root != v.root {
			t.Fatalf("root %v of a tail of root %v", root, v.root)
		}
		v.checkedEntries() // must not panic
	})
}

// FuzzSmallForms: heads of segments, store files, checkpoints, paths and names
// are taken in one spelling only.
func FuzzSmallForms(f *testing.F) {
	f.Add((&segment{format: 2, number: 3, first: 9, flushed: true}).encodeHead())
	f.Add((&segment{format: 1, number: 3, first: 9}).encodeHead())
	f.Add(encodeStoreFile(12, 3))
	f.Add([]byte("detente/store/1\nsegment 012\nrecords 3\n"))
	f.Add(cosign("d/1", statement.Head{Size: 7}, "w"))
	f.Add([]byte("tile/0/x001/234.p/5"))
	f.Add([]byte("tile/entries/000"))
	f.Add([]byte("0000000000000012-00000003"))
	f.Add([]byte("d%2F1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := string(b)
		if g, err := parseSegmentHead(b); err == nil && !bytes.HasPrefix(b, g.encodeHead()) {
			t.Errorf("head of a segment %x", b)
		}
		if n, m, err := parseStoreFile(b); err == nil && !bytes.Equal(encodeStoreFile(n, m), b) {
			t.Errorf("store file %q", b)
		}
		if h, err := parseCheckpoint("d/1", b); err == nil && !bytes.HasPrefix(b, checkpointText("d/1", h)) {
			t.Errorf("checkpoint %q", b)
		}
		if p, err := parseTilePath(s); err == nil && tilePath(p) != s {
			t.Errorf("path %q", s)
		}
		if c, ok := parseCosignedName(s); ok && c.name() != s {
			t.Errorf("name of a cosigned checkpoint %q", s)
		}
		if origin, err := folderOrigin(s); err == nil && folderName(origin) != s {
			t.Errorf("folder %q", s)
		}
		if n, ok := parseSegmentName(s); ok && segmentName(n) != s {
			t.Errorf("name of a segment %q", s)
		}
	})
}

// FuzzWal opens a store with any bytes behind the last frame of its write-ahead
// file: it refuses, or has what was acknowledged.
func FuzzWal(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 100))
	f.Add(seedFrame(2, salt{}, 3))
	f.Fuzz(func(t *testing.T, junk []byte) {
		m := durabletest.New()
		s := mustOpen(t, "d", Options{FS: m})
		fill(t, mustCreate(t, s, "d/1"), 3)
		files := readFolder(t, m, "d")
		wal := newest(files)
		files[wal] = append(files[wal], junk...)
		s, err := Open("d", Options{Sign: testSign, FS: writeFolder(t, files)})
		if err != nil {
			return
		}
		defer s.Close()
		if l, ok := s.Log("d/1"); !ok || l.Head().Size != 3 {
			t.Fatalf("record is there: %v", ok)
		}
	})
}
