package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"detente/internal/durable/durabletest"
)

// TestSegmentsUsedAgain has many writers turn the write-ahead file many times,
// with the flusher beside them, and cuts the power: segments were used again,
// nothing acknowledged is gone, and what they held before is not there.
func TestSegmentsUsedAgain(t *testing.T) {
	m := durabletest.New()
	segments, made := 0, 0
	m.Fault = func(op durabletest.Op) durabletest.Fault {
		_, segment := parseSegmentName(filepath.Base(op.Name))
		switch {
		case filepath.Dir(op.Name) != "d/wal":
		case op.Kind == "rename" && segment:
			segments++
		case op.Kind == "create":
			made++
		}
		return durabletest.Fault{}
	}
	const writers, each = 16, 60
	s := mustOpen(t, "d", Options{FS: m, SegmentSize: 10_000})
	var all sync.WaitGroup
	for w := range writers {
		l := mustCreate(t, s, fmt.Sprint("d/", w))
		all.Go(func() {
			for i := range int64(each - 1) {
				if _, _, err := l.Append(context.Background(), entryOf(l.Origin(), i+1), i+1); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	m = m.Crash(durabletest.KeepNothing)
	s.Close() // ends its goroutines; its machine is gone
	if made == 0 || made >= segments {
		t.Fatalf("%d segments were made of %d files", segments, made)
	}
	s = mustOpen(t, "d", Options{FS: m})
	for w := range writers {
		l, ok := s.Log(fmt.Sprint("d/", w))
		if !ok || l.Head().Size != each {
			t.Fatalf("record %d is there: %v", w, ok)
		}
		verify(t, l)
	}
	names, err := m.ReadDir("d/wal")
	if err != nil || len(names) != 1 {
		t.Errorf("the folder of segments has %q, %v", names, err)
	}
}

// TestZeroesBehind puts something into the zeroes behind the frames: a frame of
// an older life is nothing, one of this segment betrays a lost one, and any
// byte behind a damaged frame betrays that it was acknowledged.
func TestZeroesBehind(t *testing.T) {
	files, heads := folder(t)
	wal := newest(files)
	data := files[wal]
	g, err := parseSegmentHead(data)
	if err != nil {
		t.Fatal(err)
	}
	start, end := lastFrame(t, data)
	with := func(change func(b []byte)) (map[string]int64, error) {
		b := bytes.Clone(data)
		change(b)
		files[wal] = b
		return reopen(t, "zeroes", files)
	}
	sizes, err := with(func(b []byte) { copy(b[end+100:], seedFrame(2, salt{7}, g.first+100)) })
	if err != nil || sizes["d/2"] != heads["d/2"].Size {
		t.Errorf("a frame of another life: %v, %v", sizes, err)
	}
	if _, err = with(func(b []byte) { copy(b[end+100:], seedFrame(2, g.key, g.first+100)) }); !errors.Is(err, ErrDamaged) {
		t.Errorf("a frame of this segment behind a gap: %v", err)
	}
	if sizes, err = with(func(b []byte) { b[end-1] ^= 1 }); err != nil || sizes["d/2"] != heads["d/2"].Size-1 {
		t.Errorf("a torn last frame: %v, %v", sizes, err)
	}
	for _, at := range []int{end, end + 1, len(data) - 1} {
		if _, err = with(func(b []byte) { b[start+frameHeadSize] ^= 1; b[at] = 1 }); !errors.Is(err, ErrDamaged) {
			t.Errorf("a damaged frame with a byte %d behind it: %v", at-end, err)
		}
	}
}
