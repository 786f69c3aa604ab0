package store

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"detente/statement"
)

var testKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))

// testSign signs as a depositary would.
func testSign(origin string, head statement.Head) ([]byte, error) {
	text := checkpointText(origin, head)
	sig := append([]byte("hash"), ed25519.Sign(testKey, text)...)
	return fmt.Appendf(nil, "%s\n— %s %s\n", text, origin, base64.StdEncoding.EncodeToString(sig)), nil
}

// cosign makes a note that differs from the plain checkpoint.
func cosign(origin string, head statement.Head, witness string) []byte {
	note, _ := testSign(origin, head)
	return fmt.Appendf(note, "— %s %s\n", witness, base64.StdEncoding.EncodeToString([]byte(witness)))
}

func mustOpen(t testing.TB, dir string, opt Options) *Store {
	t.Helper()
	if opt.Sign == nil {
		opt.Sign = testSign
	}
	s, err := Open(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mustCreate(t testing.TB, s *Store, origin string) *Log {
	t.Helper()
	l, err := s.Create(context.Background(), origin, entryOf(origin, 0))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// entryOf is the i-th entry in tests: its bytes tell where it belongs.
func entryOf(origin string, i int64) []byte {
	return fmt.Appendf(nil, "%s entry %d", origin, i)
}

func fill(t testing.TB, l *Log, size int64) {
	t.Helper()
	for i := l.Head().Size; i < size; {
		var batch [][]byte
		for ; i < size && len(batch) < 1000; i++ {
			batch = append(batch, entryOf(l.Origin(), i))
		}
		if _, _, err := l.AppendAll(context.Background(), batch, -1); err != nil {
			t.Fatal(err)
		}
	}
}

// verify reads all of a record of entryOf's entries.
func verify(t testing.TB, l *Log) {
	t.Helper()
	for i, e := range readAll(t, l) {
		if want := entryOf(l.Origin(), int64(i)); !bytes.Equal(e, want) {
			t.Fatalf("entry %d of %s is %q, want %q", i, l.Origin(), e, want)
		}
	}
}

// readAll reads all of a record and compares it with tlog's own idea of it.
func readAll(t testing.TB, l *Log) (all [][]byte) {
	t.Helper()
	head := l.Head()
	var hashes storedHashes
	for int64(len(all)) < head.Size {
		entries, err := l.Entries(int64(len(all)), 500)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			more, err := tlog.StoredHashes(int64(len(all)), e, hashes)
			if err != nil {
				t.Fatal(err)
			}
			hashes = append(hashes, more...)
			all = append(all, e)
		}
	}
	root, err := tlog.TreeHash(head.Size, hashes)
	if err != nil {
		t.Fatal(err)
	}
	if root != head.Root {
		t.Fatalf("root of %s at %d is %v, want %v", l.Origin(), head.Size, head.Root, root)
	}
	if got, err := parseCheckpoint(l.Origin(), l.Checkpoint()); err != nil || got != head {
		t.Fatalf("checkpoint of %v, %v; want %v", got, err, head)
	}
	return all
}

type storedHashes []tlog.Hash

func (s storedHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, s[i])
	}
	return out, nil
}

// TestReopen grows a record over the sizes at which tiles fill, closing and
// opening the store between.
func TestReopen(t *testing.T) {
	for _, segment := range []int64{0, 2000} {
		t.Run(fmt.Sprint("segment ", segment), func(t *testing.T) {
			dir := t.TempDir()
			s := mustOpen(t, dir, Options{SegmentSize: segment})
			mustCreate(t, s, "d/1")
			mustCreate(t, s, "d/2")
			for _, size := range []int64{1, 2, 3, 255, 256, 257, 511, 512, 600, 1024, 1300} {
				for _, origin := range s.Origins() {
					l, _ := s.Log(origin)
					fill(t, l, size)
					verify(t, l)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = mustOpen(t, dir, Options{SegmentSize: segment})
				for _, origin := range []string{"d/1", "d/2"} {
					l, ok := s.Log(origin)
					if !ok || l.Head().Size != size {
						t.Fatalf("%s after reopening at %d: %v", origin, size, ok)
					}
					verify(t, l)
				}
			}
		})
	}
}

// TestConcurrent has 256 writers on a few records: every entry is there once,
// at the index that its writer was told.
func TestConcurrent(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, Options{SegmentSize: 20_000})
	var logs []*Log
	for i := range 4 {
		logs = append(logs, mustCreate(t, s, fmt.Sprint("d/", i)))
	}
	type place struct {
		log   int
		index int64
	}
	var mu sync.Mutex
	told := make(map[place]string)
	var wg sync.WaitGroup
	for w := range 256 {
		wg.Go(func() {
			for i := range 8 {
				n := (w + i) % len(logs)
				entry := fmt.Sprint("writer ", w, " entry ", i)
				index, head, err := logs[n].Append(context.Background(), []byte(entry), -1)
				if err != nil || head.Size <= index {
					t.Errorf("append: index %d, head %v, %v", index, head, err)
					return
				}
				mu.Lock()
				told[place{n, index}] = entry
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(told) != 256*8 {
		t.Fatalf("%d distinct places were told, want %d", len(told), 256*8)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, dir, Options{})
	total := int64(0)
	for n := range logs {
		l, _ := s.Log(fmt.Sprint("d/", n))
		total += l.Head().Size - 1
		for i := int64(1); i < l.Head().Size; i++ {
			if got, err := l.Entry(i); err != nil || string(got) != told[place{n, i}] {
				t.Fatalf("entry %d of %d is %q, %v; its writer was told of %q", i, n, got, err, told[place{n, i}])
			}
		}
	}
	if total != 256*8 {
		t.Fatalf("%d entries, want %d", total, 256*8)
	}
}

// TestCompareAndAppend lets many race for each size: exactly one wins it.
func TestCompareAndAppend(t *testing.T) {
	s := mustOpen(t, t.TempDir(), Options{})
	l := mustCreate(t, s, "d/1")
	for size := int64(1); size < 20; size++ {
		var mu sync.Mutex
		won := 0
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				index, head, err := l.Append(context.Background(), entryOf("d/1", size), size)
				conflict, isConflict := errors.AsType[*ConflictError](err)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && index == size && head.Size == size+1:
					won++
				case !isConflict:
					t.Errorf("append at %d: index %d, %v", size, index, err)
				case conflict.Head.Size != size+1:
					t.Errorf("loser at %d was told of size %d", size, conflict.Head.Size)
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Fatalf("%d winners at size %d", won, size)
		}
	}
	verify(t, l)
}

// Writers who each wait for their last entry share a sync, all of them: a group
// waits a moment for those who were just answered.
func TestGroupsGather(t *testing.T) {
	// Two groups in turn would be 80, and none that wait for others 2,560. On a
	// machine that is busy some come too late, so one try of a few counts.
	const writers, each, most, tries = 64, 40, 62, 8
	var groups []uint64
	for range tries {
		groups = append(groups, groupsOf(t, writers, each))
		if groups[len(groups)-1] <= most {
			return
		}
	}
	t.Errorf("%d writers of %d entries made so many groups: %d, want at most %d", writers, each, groups, most)
}

func groupsOf(t *testing.T, writers, each int) uint64 {
	t.Helper()
	s := mustOpen(t, t.TempDir(), Options{})
	l := mustCreate(t, s, "d/1")
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := range each {
				if _, _, err := l.Append(context.Background(), fmt.Appendf(nil, "%d of %d", i, w), -1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return s.next
}
