package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"detente/agreement"
	"detente/internal/durable"
	"detente/statement"
)

// entryFile is the file of an entry bundle; the last one, not full, has the
// name that it will keep.
func (f *Follower) entryFile(n int64) string {
	return filepath.Join(f.dir, filepath.FromSlash(tilePath(entryTile(n, (n+1)*tileWidth))))
}

// eachTile gives up to size entries, fewer if files are missing or damaged, a
// bundle at a time.
func (f *Follower) eachTile(size int64, take func(entries [][]byte)) error {
	for n := int64(0); n*tileWidth < size; n++ {
		b, err := durable.ReadFile(f.fs, f.entryFile(n), maxEntryTile)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		part, err := decodeEntries(b)
		if err != nil {
			return nil
		}
		want := min(tileWidth, size-n*tileWidth)
		take(part[:min(int64(len(part)), want)])
		if int64(len(part)) < want {
			return nil
		}
	}
	return nil
}

// kept are the entries of the folder as a fold reads them again. It remembers
// the bundle that was read last: entries near each other are asked for together.
type kept struct {
	f *Follower

	mu   sync.Mutex
	n    int64
	tile [][]byte
}

// Entry reads one, from a bundle that is compared with nothing here: the fold
// holds what it is given to its tree.
func (k *kept) Entry(i int64) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n, at := i/tileWidth, int(i%tileWidth)
	if k.n != n || at >= len(k.tile) {
		name := k.f.entryFile(n)
		b, err := durable.ReadFile(k.f.fs, name, maxEntryTile)
		if err != nil {
			return nil, err
		}
		tile, err := decodeEntries(b)
		if err != nil || at >= len(tile) {
			return nil, &durable.DamagedError{Name: name, Why: fmt.Errorf("it does not hold entry %d", i), Mend: "delete it: it is fetched again"}
		}
		k.n, k.tile = n, tile
	}
	return bytes.Clone(k.tile[at]), nil
}

// storeEntries writes entries that follow those folded.
func (f *Follower) storeEntries(entries [][]byte) error {
	from := f.fold.Size()
	size := from + int64(len(entries))
	for n := from / tileWidth; n*tileWidth < size; n++ {
		var tile [][]byte
		for i := n * tileWidth; i < min((n+1)*tileWidth, size); i++ {
			if i < from {
				b, err := f.fold.Bytes(i)
				if err != nil {
					return err
				}
				tile = append(tile, b)
			} else {
				tile = append(tile, entries[i-from])
			}
		}
		name := f.entryFile(n)
		if err := durable.MkdirAll(f.fs, filepath.Dir(name)); err != nil {
			return err
		}
		if err := durable.WriteFile(f.fs, name, encodeEntries(tile)); err != nil {
			return err
		}
	}
	return nil
}

// loadFinal takes the final checkpoint from the folder, if it proves itself.
func (f *Follower) loadFinal() {
	note, err := durable.ReadFile(f.fs, filepath.Join(f.dir, "checkpoint"), statement.MaxNote)
	if err != nil {
		return // fetched again
	}
	if p, err := f.fold.CheckProof(note, f.fold.Size()); err == nil {
		f.final = final{note, p}
	}
}

func (f *Follower) objectFile(d agreement.Digest) string {
	return filepath.Join(f.dir, "object", d.String())
}

// Object gives an object that the record names by digest, from the folder or
// else from the depositary; then it is kept.
func (f *Follower) Object(ctx context.Context, d agreement.Digest) ([]byte, error) {
	b, err := f.localObject(d)
	if err == nil || f.client == nil || !errors.Is(err, ErrNotFound) {
		return b, err
	}
	if b, err = f.client.Object(ctx, d); err != nil {
		return nil, err
	}
	return b, f.keepObject(d, b)
}

func (f *Follower) localObject(d agreement.Digest) ([]byte, error) {
	b, err := durable.ReadFile(f.fs, f.objectFile(d), MaxObject)
	if errors.Is(err, fs.ErrNotExist) || err == nil && digestOf(b) != d {
		return nil, fmt.Errorf("object %s: %w", d, ErrNotFound)
	}
	return b, err
}

func (f *Follower) keepObject(d agreement.Digest, b []byte) error {
	name := f.objectFile(d)
	if err := durable.MkdirAll(f.fs, filepath.Dir(name)); err != nil {
		return err
	}
	return durable.WriteFile(f.fs, name, b)
}

// headless begins a folder without a head anew, unless the head is gone: a
// checkpoint is never kept without one.
func (f *Follower) headless(name string) error {
	_, err := durable.ReadFile(f.fs, filepath.Join(f.dir, "checkpoint"), statement.MaxNote)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return damagedHead(name, errors.New("it is missing, and there is a checkpoint beside it"))
}

func damagedHead(name string, why error) error {
	return &durable.DamagedError{Name: name, Why: why, Mend: "restore it from a copy, or begin with a new folder, which forgets what this one saw"}
}
