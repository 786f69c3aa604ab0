package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"detente/internal/durable"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrTooLarge says that a record is larger than this mirror's limits.
var ErrTooLarge = errors.New("the record is larger than this mirror takes")

// fetchAtOnce takes a few new entries in one piece.
func (f *Follower) fetchAtOnce(ctx context.Context, c statement.Checkpoint, note []byte) (bool, error) {
	entries, err := f.client.entries(ctx, f.fold.Size(), c.Size)
	if err != nil {
		return false, fmt.Errorf("fetching entries: %w", err)
	}
	root, err := rootWith(f.fold, entries)
	if err != nil {
		return false, err
	}
	if root != c.Root {
		if f.head.Size == 0 || f.head.Size == c.Size {
			return false, fmt.Errorf("%w (size %d): ask again, or another mirror", ErrInconsistent, c.Size)
		}
		return false, f.explain(ctx, c, note)
	}
	// After a loss of the cached entries the fold is behind the head seen.
	if f.fold.Size() < f.head.Size {
		seen, err := rootWith(f.fold, entries[:f.head.Size-f.fold.Size()])
		if err != nil {
			return false, err
		}
		if seen != f.head.Root {
			return false, f.explain(ctx, c, note)
		}
	}
	if err := f.storeEntries(entries); err != nil {
		return false, &StorageError{err}
	}
	if err := f.grow(entries, c.Size, note); err != nil {
		return true, err
	}
	return true, f.arrive(c, note)
}

// arrive keeps a head that the fold has come to, durably before anybody sees it.
func (f *Follower) arrive(c statement.Checkpoint, note []byte) error {
	if err := durable.WriteFile(f.fs, filepath.Join(f.dir, "head"), note); err != nil {
		return &StorageError{err}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.head, f.headNote = c, note
	f.news()
	return nil
}

// fetch takes many new entries, an entry bundle at a time. Each bundle is held
// against hashes that lead to the head's root before it is kept, so memory is
// bounded by one bundle whatever the depositary signs and serves, and what was
// kept is not fetched again after a restart. The head is kept only when all
// that it covers is here; then the entries are folded.
func (f *Follower) fetch(ctx context.Context, c statement.Checkpoint, note []byte) (bool, error) {
	tree := authentic(ctx, f.client, c)
	if f.head.Size > 0 {
		if err := f.continues(tree, c, note); err != nil {
			return false, err
		}
	}
	var bytes int64
	for n := f.fold.Size() / tileWidth; n*tileWidth < c.Size; n++ {
		size, err := f.fetchTile(ctx, tree, n, c)
		if err != nil {
			return false, err
		}
		if bytes += size; bytes > f.limits.Bytes {
			return false, fmt.Errorf("%w: its entries have more than %d bytes", ErrTooLarge, f.limits.Bytes)
		}
		f.progress(min((n+1)*tileWidth, c.Size), c.Size)
	}
	return true, f.foldStored(c, note)
}

// continues holds the head shown against the one seen.
func (f *Follower) continues(tree tlog.HashReader, c statement.Checkpoint, note []byte) error {
	root, err := tlog.TreeHash(f.head.Size, tree)
	if err != nil {
		return fmt.Errorf("%w (size %d; its hash tiles: %w): ask again, or another mirror", ErrInconsistent, c.Size, err)
	}
	if root == f.head.Root {
		return nil
	}
	proof, err := tlog.ProveTree(c.Size, f.head.Size, tree)
	if err != nil {
		return fmt.Errorf("proving a fork: %w", err)
	}
	return f.diverge(c, note, true, proof, root)
}

// fetchTile has the entry bundle n of the record c in the folder, and gives its
// size in bytes.
func (f *Follower) fetchTile(ctx context.Context, tree tlog.HashReader, n int64, c statement.Checkpoint) (int64, error) {
	t := entryTile(n, c.Size)
	indexes := make([]int64, t.W)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, n*tileWidth+int64(i))
	}
	want, err := tree.ReadHashes(indexes)
	if err != nil {
		return 0, fmt.Errorf("%w (size %d; its hash tiles: %w): ask again, or another mirror", ErrInconsistent, c.Size, err)
	}
	name := f.entryFile(n)
	kept, err := durable.ReadFile(f.fs, name, maxEntryTile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, &StorageError{err}
	}
	if entries, err := decodeEntries(kept); err == nil && hashTo(entries, want) {
		return int64(len(kept)), nil
	}
	b, err := f.client.tile(ctx, t)
	if err != nil {
		return 0, fmt.Errorf("fetching entries: %w", err)
	}
	entries, err := decodeEntries(b)
	if err != nil || len(entries) < t.W || !hashTo(entries[:t.W], want) {
		return 0, fmt.Errorf("%w (size %d, in %s): ask again, or another mirror", ErrInconsistent, c.Size, tilePath(t))
	}
	b = encodeEntries(entries[:t.W])
	if err := durable.MkdirAll(f.fs, filepath.Dir(name)); err != nil {
		return 0, &StorageError{err}
	}
	if err := durable.WriteFile(f.fs, name, b); err != nil {
		return 0, &StorageError{err}
	}
	return int64(len(b)), nil
}

// hashTo is whether these are exactly the entries with these leaf hashes.
func hashTo(entries [][]byte, want []tlog.Hash) bool {
	if len(entries) != len(want) {
		return false
	}
	for i, e := range entries {
		if tlog.RecordHash(e) != want[i] {
			return false
		}
	}
	return true
}

// foldStored folds the entries of the folder up to a head, a bundle at a time
// so that readers are not kept waiting, and moves to it.
func (f *Follower) foldStored(c statement.Checkpoint, note []byte) error {
	for f.fold.Size() < c.Size {
		entries, err := f.stored(f.fold.Size(), c.Size)
		if err != nil {
			return err
		}
		if err := f.grow(entries, c.Size, note); err != nil {
			return err
		}
	}
	if f.fold.Root() != c.Root {
		return &StorageError{errors.New("the entries that were written do not read back")}
	}
	return f.arrive(c, note)
}

// stored are entries of the folder from index lo on, up to the end of their
// bundle or to size.
func (f *Follower) stored(lo, size int64) ([][]byte, error) {
	n := lo / tileWidth
	b, err := durable.ReadFile(f.fs, f.entryFile(n), maxEntryTile)
	if err != nil {
		return nil, &StorageError{err}
	}
	entries, err := decodeEntries(b)
	if want := min((n+1)*tileWidth, size) - n*tileWidth; err != nil || int64(len(entries)) < want {
		return nil, &StorageError{fmt.Errorf("%s: it was written and does not read back", f.entryFile(n))}
	} else {
		entries = entries[:want]
	}
	return entries[lo%tileWidth:], nil
}

// authentic reads hashes of the tree of a checkpoint: each is fetched in hash
// tiles that lead to its root, or is an error.
func authentic(ctx context.Context, client *Client, c statement.Checkpoint) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, &tileReader{ctx: ctx, client: client, kept: map[tlog.Tile][]byte{}})
}

// tileReader fetches hash tiles for tlog.TileHashReader, which authenticates
// them. It keeps some: the tiles above those asked for come again and again.
type tileReader struct {
	ctx    context.Context
	client *Client
	kept   map[tlog.Tile][]byte
}

func (t *tileReader) Height() int { return tileHeight }

// SaveTiles is given only what leads to the root.
func (t *tileReader) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	if len(t.kept)+len(tiles) > keptTiles {
		clear(t.kept)
	}
	for i, tile := range tiles {
		t.kept[tile] = data[i]
	}
}

func (t *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		if b, ok := t.kept[tile]; ok {
			data[i] = b
			continue
		}
		b, err := t.client.tile(t.ctx, tile)
		if err != nil {
			return nil, err
		}
		want := tile.W * tlog.HashSize
		if len(b) < want {
			return nil, fmt.Errorf("%s: want %d bytes, have %d", tilePath(tile), want, len(b))
		}
		data[i] = b[:want]
	}
	return data, nil
}
