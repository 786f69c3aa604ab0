package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"detente/internal/durable"
	"detente/statement"
)

// HashReader reads the hashes of the tree at the present head, which is kept.
// Every hash that comes from a file is authenticated against its root.
func (l *Log) HashReader() tlog.HashReader {
	return l.hashReader(l.Head())
}

func (l *Log) hashReader(head statement.Head) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		l.files.RLock()
		defer l.files.RUnlock()
		return l.newReader(head).hashes(indexes)
	})
}

// Entry returns one entry. It reads a few files, whatever the size of the
// record, or none if the entries near it were read not long ago.
func (l *Log) Entry(i int64) ([]byte, error) {
	entries, err := l.Entries(i, 1)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		return nil, fmt.Errorf("entry %d of %s: %w, its size is %d", i, l.origin, ErrNotFound, l.Head().Size)
	}
	return entries[0], nil
}

// Entries returns up to n entries (at most MaxRead) from an index on; fewer at
// the end of the record. Each has been compared with the tree, so damage is an
// error, never other bytes. They must not be changed.
func (l *Log) Entries(from int64, n int) ([][]byte, error) {
	l.files.RLock()
	defer l.files.RUnlock()
	r := l.newReader(l.Head())
	if from < 0 || from > r.head.Size || n < 0 {
		return nil, fmt.Errorf("%d entries from %d of %s: %w, its size is %d", n, from, l.origin, ErrNotFound, r.head.Size)
	}
	return r.entries(from, min(from+int64(min(n, MaxRead)), r.head.Size))
}

// Tile returns what tlog-tiles serves at a path: "checkpoint", "tile/<L>/<N>",
// "tile/entries/<N>", and partial tiles of any width that the record has
// reached. What it has not is ErrNotFound.
func (l *Log) Tile(path string) ([]byte, error) {
	if path == "checkpoint" {
		return l.Checkpoint(), nil
	}
	t, err := parseTilePath(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	l.files.RLock()
	defer l.files.RUnlock()
	r := l.newReader(l.Head())
	lo := t.N * tileWidth
	hi := lo + int64(t.W)
	if t.N > r.head.Size || hi > levelCount(r.head.Size, max(t.L, 0)) {
		return nil, fmt.Errorf("%s of %s: %w: its size is %d", path, l.origin, ErrNotFound, r.head.Size)
	}
	if t.L == entryLevel {
		entries, err := r.entries(lo, hi)
		if err != nil {
			return nil, err
		}
		return appendBundle(nil, entries), nil
	}
	hashes, err := r.levelHashes(t.L, lo, hi)
	if err != nil {
		return nil, err
	}
	return appendHashes(nil, hashes), nil
}

// Check reads the whole record and compares every byte with its head.
func (l *Log) Check(ctx context.Context) error {
	head := l.Head()
	e := new(edge)
	for e.size < head.Size {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := l.Entries(e.size, int(min(head.Size-e.size, MaxRead)))
		if err != nil {
			return err
		}
		for _, b := range entries {
			e.add(tlog.RecordHash(b))
		}
		e.trim(e.size)
	}
	if root := e.root(); root != head.Root {
		return damaged(l.where(), "its entries give root %v for size %d, its head is %v", root, head.Size, head.Root)
	}
	return nil
}

// A reader serves one reading at one head. Its user holds l.files.
type reader struct {
	l    *Log
	head statement.Head
	tree tlog.HashReader
	tail *tail // read at first need
	err  error // of reading, as against what was read being wrong
}

func (l *Log) newReader(head statement.Head) *reader {
	r := &reader{l: l, head: head}
	r.tree = tlog.TileHashReader(tlog.Tree{N: head.Size, Hash: head.Root}, r)
	return r
}

// Height, ReadTiles and SaveTiles make a reader a tlog.TileReader, whose
// answers TileHashReader authenticates.
func (r *reader) Height() int { return tileHeight }

// SaveTiles keeps nothing: readers are short-lived.
func (r *reader) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadTiles reads hash tiles, unauthenticated.
func (r *reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		var err error
		if data[i], err = r.hashTile(t); err != nil {
			r.err = err
			return nil, err
		}
	}
	return data, nil
}

func (r *reader) hashTile(t tlog.Tile) ([]byte, error) {
	l, lo := r.l, t.N*tileWidth
	hi := lo + int64(t.W)
	l.mu.RLock()
	loaded := l.edge != nil
	var b []byte
	if loaded {
		if hashes, ok := l.edge.span(t.L, lo, hi); ok {
			b = appendHashes(nil, hashes)
		}
	}
	flushed, at := l.flushed, l.packs
	l.mu.RUnlock()
	if b != nil {
		return b, nil
	}
	if !loaded && lo == levelCount(flushed, t.L)&^(tileWidth-1) {
		tail, err := r.readTail()
		if err != nil {
			return nil, err
		}
		if t.L >= len(tail.partial) || t.W > len(tail.partial[t.L]) {
			return nil, damaged(l.where(), "the tail file has no hash tile %v", t)
		}
		return appendHashes(nil, tail.partial[t.L][:t.W]), nil
	}
	if t.L == 0 && t.N >= at.first {
		row, err := l.row(t.N, 8+t.W*tlog.HashSize)
		if err != nil {
			return nil, err
		}
		return row[8:], nil
	}
	name := tilePath(tlog.Tile{H: tileHeight, L: t.L, N: t.N, W: tileWidth})
	data, err := l.readFile(name, tileWidth*tlog.HashSize)
	if err != nil {
		return nil, err
	}
	if len(data) != tileWidth*tlog.HashSize {
		return nil, damaged(l.where(), "%s has %d bytes", name, len(data))
	}
	return data[:t.W*tlog.HashSize], nil
}

// hashes reads authenticated hashes.
func (r *reader) hashes(indexes []int64) ([]tlog.Hash, error) {
	hashes, err := r.tree.ReadHashes(indexes)
	if r.err != nil {
		return nil, r.err
	}
	if err != nil {
		return nil, damaged(r.l.where(), "hash tiles do not give the root of size %d: %v", r.head.Size, err)
	}
	return hashes, nil
}

func (r *reader) levelHashes(level int, lo, hi int64) ([]tlog.Hash, error) {
	indexes := make([]int64, 0, hi-lo)
	for n := lo; n < hi; n++ {
		indexes = append(indexes, tlog.StoredHashIndex(level*tileHeight, n))
	}
	return r.hashes(indexes)
}

// entries returns entries lo to hi, from files as far as they are flushed.
func (r *reader) entries(lo, hi int64) ([][]byte, error) {
	list := make([][]byte, 0, hi-lo)
	l := r.l
	l.mu.RLock()
	flushed := l.flushed
	fresh := l.fresh
	l.mu.RUnlock()
	for lo < min(hi, flushed) {
		b, err := r.bundle(lo/tileWidth, flushed)
		if err != nil {
			return nil, err
		}
		for i := lo % tileWidth; i < int64(len(b.entries)) && lo < hi; i++ {
			if tlog.RecordHash(b.entries[i]) != b.leaves[i] {
				return nil, damaged(l.where(), "entry %d is not the one in the tree", lo)
			}
			list = append(list, b.entries[i])
			lo++
		}
	}
	if lo < hi {
		list = append(list, fresh[lo-flushed:hi-flushed]...)
	}
	return list, nil
}

// bundle reads the flushed entries of bundle n, and their leaf hashes, with
// which they are still to be compared.
func (r *reader) bundle(n, flushed int64) (*bundle, error) {
	first := n * tileWidth
	width := int(min(tileWidth, flushed-first))
	if b := r.l.s.recent.get(r.l, n, width); b != nil {
		return b, nil
	}
	entries, err := r.readBundle(n, flushed)
	if err != nil {
		return nil, err
	}
	if len(entries) < width {
		return nil, damaged(r.l.where(), "bundle %d has %d entries, %d were written", n, len(entries), width)
	}
	leaves, err := r.levelHashes(0, first, first+int64(width))
	if err != nil {
		return nil, err
	}
	b := &bundle{log: r.l, n: n, entries: entries[:width], leaves: leaves}
	r.l.s.recent.put(b)
	return b, nil
}

// readBundle reads the entries of bundle n from where they are.
func (r *reader) readBundle(n, flushed int64) ([][]byte, error) {
	if n == flushed/tileWidth {
		t, err := r.readTail()
		if err != nil {
			return nil, err
		}
		entries, err := t.entries()
		if err != nil {
			return nil, damaged(r.l.where(), "tail file: %v", err)
		}
		return entries, nil
	}
	r.l.mu.RLock()
	at := r.l.packs
	r.l.mu.RUnlock()
	var data []byte
	var err error
	if n >= at.first {
		data, err = r.l.packedBundle(at, n)
	} else {
		data, err = r.l.readFile(tilePath(tlog.Tile{H: tileHeight, L: entryLevel, N: n, W: tileWidth}), maxBundle)
	}
	if err != nil {
		return nil, err
	}
	entries, err := ParseBundle(data, tileWidth)
	if err != nil {
		return nil, damaged(r.l.where(), "bundle %d: %v", n, err)
	}
	return entries, nil
}

func (r *reader) readTail() (*tail, error) {
	if r.tail == nil {
		t, err := r.l.readTail()
		if err != nil {
			return nil, err
		}
		r.tail = t
	}
	return r.tail, nil
}

func (l *Log) where() string { return "record " + l.origin }

// readFile reads a file of the record that must be there.
func (l *Log) readFile(name string, limit int64) ([]byte, error) {
	data, err := durable.ReadFile(l.s.fs, filepath.Join(l.dir, name), limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, damaged(l.where(), "%s is missing", name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading record %s: %w", l.origin, err)
	}
	return data, nil
}

// readTail reads the tail file, which must be that of the size flushed. The
// caller holds l.files.
func (l *Log) readTail() (*tail, error) {
	data, err := l.readFile("tail", maxTail)
	if err != nil {
		return nil, err
	}
	t, err := parseTail(data)
	if err != nil {
		return nil, damaged(l.where(), "tail file: %v", err)
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if t.origin != l.origin || t.size != l.flushed {
		return nil, damaged(l.where(), "tail file is of size %d of %.200q, size %d was written", t.size, t.origin, l.flushed)
	}
	return t, nil
}

// loadEdge reads the edge of an idle record. The caller holds l.files.
func (l *Log) loadEdge() (*edge, error) {
	l.mu.RLock()
	size := l.head.Size
	l.mu.RUnlock()
	if size == 0 {
		return new(edge), nil
	}
	t, err := l.readTail()
	if err != nil {
		return nil, err
	}
	return newEdge(t.size, t.partial), nil
}
