package store

import (
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"detente/internal/durable"
)

// A fullTile is a file to be written, of hashes of level 1 or above.
type fullTile struct {
	level  int
	n      int64
	hashes []tlog.Hash
}

func (t *fullTile) name() string {
	return filepath.FromSlash(tilePath(tlog.Tile{H: tileHeight, L: t.level, N: t.n, W: tileWidth}))
}

// write writes the file.
func (t *fullTile) write(fsys durable.FS, dir string) error {
	return durable.PutFile(fsys, filepath.Join(dir, t.name()), appendHashes(nil, t.hashes))
}

// tileBuffers are for bundles, which are large and many.
var tileBuffers = sync.Pool{New: func() any { return new([]byte) }}

// flushTiles writes the bundles and tiles that have become full and returns the
// new tail.
func (s *Store) flushTiles(l *Log, p *pending, atOnce int) (*tail, error) {
	var old *tail
	if p.flushed%tileWidth != 0 || p.hashes == nil {
		var err error
		if old, err = l.readTail(); err != nil {
			return nil, err
		}
	}
	if p.hashes == nil {
		return old, nil // to be written anew as it is
	}
	entries := p.entries
	if old != nil {
		first, err := old.checkedEntries()
		if err != nil {
			return nil, damaged(l.where(), "tail file: %v", err)
		}
		entries = append(first, entries...)
	}
	first := p.flushed / tileWidth
	whole := (p.head.Size/tileWidth - first) * tileWidth
	at, err := s.writePacks(l, p.packs, first, entries[:whole], p.hashes[0][:whole], atOnce)
	if err != nil {
		return nil, err
	}
	t := &tail{origin: l.origin, size: p.head.Size, root: p.head.Root, packs: at}
	t.bundle = appendBundle(nil, entries[whole:])
	t.partial = append(t.partial, p.hashes[0][whole:])
	var full []fullTile
	for level, hashes := range p.hashes[1:] {
		level++
		n := p.base[level] / tileWidth
		for ; len(hashes) >= tileWidth; hashes = hashes[tileWidth:] {
			full = append(full, fullTile{level: level, n: n, hashes: hashes[:tileWidth]})
			n++
		}
		t.partial = append(t.partial, hashes)
	}
	return t, s.writeTiles(l, full, atOnce)
}

// writeTiles writes tiles, none of which counts before the tail file says so:
// so their folders are synced once, after all of them.
func (s *Store) writeTiles(l *Log, full []fullTile, atOnce int) error {
	var dirs []string // of the tiles and above them, parents first
	for i := range full {
		for dir := filepath.Dir(full[i].name()); dir != "."; dir = filepath.Dir(dir) {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	for _, dir := range dirs {
		if err := durable.PutDir(s.fs, filepath.Join(l.dir, dir)); err != nil {
			return err
		}
	}
	err := each(len(full), atOnce, func(i int) error {
		return full[i].write(s.fs, l.dir)
	})
	if err != nil || len(full) == 0 {
		return err
	}
	// Also those that were there already: an interrupted flush may have left
	// them, and what they hold, unsynced.
	dirs = append(dirs, ".")
	return each(len(dirs), atOnce, func(i int) error {
		return s.fs.SyncDir(filepath.Join(l.dir, dirs[i]))
	})
}
