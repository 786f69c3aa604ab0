package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"detente/internal/durable/durabletest"
)

// served reads a record as any reader of tlog-tiles does: from its paths only.
type served struct{ l *Log }

func (s served) Height() int                     { return tileHeight }
func (s served) SaveTiles([]tlog.Tile, [][]byte) {}
func (s served) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var list [][]byte
	for _, t := range tiles {
		path := fmt.Sprintf("tile/%d/%s", t.L, strings.SplitN(t.Path(), "/", 4)[3])
		b, err := s.l.Tile(path)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}

// verifyServed checks a record's served tiles with x/mod/sumdb/tlog alone:
// inclusion of some entries, and consistency with some older sizes.
func verifyServed(t *testing.T, l *Log, r *rand.Rand, older []tlog.Tree) {
	t.Helper()
	note, err := l.Tile("checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	head, err := parseCheckpoint(l.Origin(), note)
	if err != nil {
		t.Fatal(err)
	}
	tree := tlog.Tree{N: head.Size, Hash: head.Root}
	hashes := tlog.TileHashReader(tree, served{l})
	for range 8 {
		i := r.Int64N(tree.N)
		proof, err := tlog.ProveRecord(tree.N, i, hashes)
		if err != nil {
			t.Fatal(err)
		}
		lo := i &^ (tileWidth - 1)
		width := int(min(tileWidth, tree.N-lo))
		path := tilePath(tlog.Tile{H: tileHeight, L: entryLevel, N: i / tileWidth, W: width})
		bundle, err := l.Tile(path)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := ParseBundle(bundle, width)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, i, tlog.RecordHash(entries[i-lo])); err != nil {
			t.Fatalf("entry %d of %d: %v", i, tree.N, err)
		}
	}
	for _, old := range older {
		proof, err := tlog.ProveTree(tree.N, old.N, hashes)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			t.Fatalf("size %d in %d: %v", old.N, tree.N, err)
		}
		if root, err := l.RootAt(old.N); err != nil || root != old.Hash {
			t.Fatalf("root at %d of %d is %v, %v; want %v", old.N, tree.N, root, err, old.Hash)
		}
	}
}

// TestServedTiles grows a record past 65,536 entries, so that three levels of
// tiles are used, through flushes and restarts, and reads it as others do.
func TestServedTiles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	m := durabletest.New()
	s := mustOpen(t, "d", Options{FS: m, SegmentSize: 400_000})
	l := mustCreate(t, s, "d/1")
	var older []tlog.Tree
	sizes := []int64{1, 2, 255, 256, 257, 512, 40_000, 65_535, 65_536, 65_537, 66_000}
	for _, size := range sizes {
		fill(t, l, size)
		verifyServed(t, l, r, older)
		older = append(older, tlog.Tree{N: size, Hash: l.Head().Root})
		if size%2 == 1 {
			continue
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = mustOpen(t, "d", Options{FS: m, SegmentSize: 400_000})
		l, _ = s.Log("d/1")
		verifyServed(t, l, r, older)
	}
	if err := l.Check(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// TestTileWidths asks for every width of a partial tile, in memory, in the tail
// file and in a full tile, and for one more than there is.
func TestTileWidths(t *testing.T) {
	s := mustOpen(t, t.TempDir(), Options{})
	l := mustCreate(t, s, "d/1")
	fill(t, l, 300)
	for _, state := range []string{"in memory", "in files"} {
		for n, most := range []int{256, 44} {
			whole, err := l.Tile(tilePath(tlog.Tile{H: tileHeight, L: 0, N: int64(n), W: most}))
			if err != nil {
				t.Fatal(err)
			}
			for w := 1; w <= min(most+1, 255); w++ {
				path := fmt.Sprintf("tile/0/%03d.p/%d", n, w)
				b, err := l.Tile(path)
				if w > most {
					if !errors.Is(err, ErrNotFound) {
						t.Fatalf("%s: %s: %d bytes, %v", state, path, len(b), err)
					}
					continue
				}
				if err != nil || !bytes.Equal(b, whole[:w*tlog.HashSize]) {
					t.Fatalf("%s: %s is not the front of the whole tile: %v", state, path, err)
				}
				b, err = l.Tile(fmt.Sprintf("tile/entries/%03d.p/%d", n, w))
				if err != nil {
					t.Fatal(err)
				}
				if entries, err := ParseBundle(b, w); err != nil || !bytes.Equal(entries[w-1], entryOf("d/1", int64(n*256+w-1))) {
					t.Fatalf("%s: bundle %d of width %d: %v", state, n, w, err)
				}
			}
		}
		if err := s.Close(); err != nil { // reading goes on
			t.Fatal(err)
		}
	}
}

func TestTilePaths(t *testing.T) {
	s := mustOpen(t, t.TempDir(), Options{})
	l := mustCreate(t, s, "d/1")
	fill(t, l, 257)
	for _, path := range []string{
		"checkpoint", "tile/0/000", "tile/0/001.p/1", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/1",
	} {
		if _, err := l.Tile(path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
	for _, path := range []string{
		"", "/checkpoint", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/0000", "tile/0/x000/000", "tile/00/000",
		"tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/001", "tile/0/001.p/2", "tile/1/000", "tile/2/000.p/1",
		"tile/-1/000", "tile/data/000", "tile/8/0/000", "tile/entries/001", "tile/entries/000/", "tile/entries/../0/000",
		"tile/0/x999/x999/x999/x999/x999/999", "tile/63/000.p/1", "tail", "cosigned",
	} {
		if b, err := l.Tile(path); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %d bytes, %v", path, len(b), err)
		}
	}
}

// TestTilesOfOldHead keeps a reader of hashes while the record grows, is
// flushed and forgets its edge: it goes on answering for its own head.
func TestTilesOfOldHead(t *testing.T) {
	s := mustOpen(t, t.TempDir(), Options{SegmentSize: 1000})
	l := mustCreate(t, s, "d/1")
	fill(t, l, 200)
	old := l.Head()
	hashes := l.HashReader()
	fill(t, l, 700)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	root, err := tlog.TreeHash(old.Size, hashes)
	if err != nil || root != old.Root {
		t.Fatalf("root %v, %v; want %v", root, err, old.Root)
	}
}

// TestEdge compares the incremental tree with tlog's at every size.
func TestEdge(t *testing.T) {
	e := new(edge)
	var hashes storedHashes
	for n := int64(0); n < 1100; n++ {
		leaf := tlog.RecordHash(entryOf("x", n))
		e.add(leaf)
		more, err := tlog.StoredHashesForRecordHash(n, leaf, hashes)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, more...)
		want, err := tlog.TreeHash(n+1, hashes)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.root(); got != want {
			t.Fatalf("root of %d is %v, want %v", n+1, got, want)
		}
		if n%7 == 0 {
			e.trim(n + 1)
			var partial [][]tlog.Hash
			for level := range levels(e.size) {
				partial = append(partial, e.hashes[level])
			}
			e = newEdge(e.size, partial) // as a restart does
		}
	}
}
