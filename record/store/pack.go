package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"detente/internal/durable"
)

const (
	packWidth = tileWidth // bundles of a pack: those below one hash tile of level 1

	// A row of a pack's leaves: where the bundle ends among the entries (64
	// bits), and its leaf hashes.
	rowSize = 8 + tileWidth*tlog.HashSize
)

// A packs says where a record's full bundles are: the first few in files of
// their own, in folders of versions before, and all others in packs. Making a
// file costs more than writing a bundle to one that is there.
//
// A pack is two files: entries/<k> has bundles one after the other, and
// leaves/<k> a row for each. What they hold counts as far as the tail file says:
// what an interrupted flush has left behind it is written over.
type packs struct {
	first int64 // bundle that is in a pack
	end   int64 // of the last full bundle in the pack that it is in; 0: the next begins one
}

func packName(folder string, n int64) string {
	return filepath.Join(folder, fmt.Sprintf("%08d", n/packWidth))
}

func (k packs) begins(n int64) bool { return n == k.first || n%packWidth == 0 }

// parse reads the two numbers in the tail file of a record of a size.
func (k *packs) parse(b []byte, size int64) (rest []byte, err error) {
	if len(b) < 16 {
		return nil, errShort
	}
	first, end, full := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), size/tileWidth
	*k = packs{int64(first), int64(end)}
	if first > uint64(full) || end > packWidth*maxBundle || (end == 0) != k.begins(full) {
		return nil, fmt.Errorf("packs from bundle %d on, the last to byte %d, for %d bundles", first, end, full)
	}
	return b[16:], nil
}

// writePacks appends bundles from n on, with their leaf hashes, and makes them
// durable. It returns where the next goes.
func (s *Store) writePacks(l *Log, at packs, n int64, entries [][]byte, leaves []tlog.Hash, atOnce int) (packs, error) {
	for len(leaves) > 0 {
		count := min(packWidth-n%packWidth, int64(len(leaves)/tileWidth))
		whole := count * tileWidth
		end, err := s.writePack(l, at, n, entries[:whole], leaves[:whole], atOnce)
		if err != nil {
			return at, err
		}
		n, entries, leaves = n+count, entries[whole:], leaves[whole:]
		if at.end = end; n%packWidth == 0 {
			at.end = 0
		}
	}
	return at, nil
}

// writePack appends to one pack.
func (s *Store) writePack(l *Log, at packs, n int64, entries [][]byte, leaves []tlog.Hash, atOnce int) (end int64, err error) {
	rows := make([]byte, 0, len(leaves)/tileWidth*rowSize)
	end = at.end
	var ends []int64
	for i := 0; i < len(entries); i += tileWidth {
		for _, e := range entries[i : i+tileWidth] {
			end += int64(2 + len(e))
		}
		ends = append(ends, end)
		rows = binary.BigEndian.AppendUint64(rows, uint64(end))
		rows = appendHashes(rows, leaves[i:i+tileWidth])
	}
	bundles := func(put func(b []byte, off int64) error) error {
		b := tileBuffers.Get().(*[]byte)
		defer tileBuffers.Put(b)
		off := at.end
		for i := range ends {
			*b = appendBundle((*b)[:0], entries[i*tileWidth:(i+1)*tileWidth])
			if err := put(*b, off); err != nil {
				return err
			}
			off = ends[i]
		}
		return nil
	}
	row := func(put func(b []byte, off int64) error) error { return put(rows, n%packWidth*rowSize) }
	made := at.begins(n)
	files := []struct {
		folder string
		start  int64
		fill   func(put func(b []byte, off int64) error) error
	}{{"entries", at.end, bundles}, {"leaves", n % packWidth * rowSize, row}}
	if made {
		for _, f := range files {
			if err := durable.PutDir(s.fs, filepath.Join(l.dir, f.folder)); err != nil {
				return 0, err
			}
		}
	}
	err = each(len(files), atOnce, func(i int) error {
		return l.extend(packName(files[i].folder, n), files[i].start, made, files[i].fill)
	})
	if err != nil || !made {
		return end, err
	}
	return end, each(3, atOnce, func(i int) error {
		return s.fs.SyncDir(filepath.Join(l.dir, []string{"entries", "leaves", "."}[i]))
	})
}

// extend writes to a file of a record from an offset on, which is within it, and
// syncs it.
func (l *Log) extend(name string, from int64, create bool, fill func(put func(b []byte, off int64) error) error) error {
	flag := os.O_WRONLY
	if create {
		flag |= os.O_CREATE
	}
	f, err := l.s.fs.OpenFile(filepath.Join(l.dir, name), flag, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return damaged(l.where(), "%s is missing", name)
	}
	if err != nil {
		return fmt.Errorf("writing record %s: %w", l.origin, err)
	}
	size, err := f.Size()
	if err == nil && size < from && !create {
		err = damaged(l.where(), "%s has %d bytes, and %d were written", name, size, from)
	}
	if err == nil {
		err = fill(func(b []byte, off int64) error {
			_, err := f.WriteAt(b, off)
			return err
		})
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// row reads the row of a bundle that is in a pack, or the first bytes of it.
func (l *Log) row(n int64, size int) ([]byte, error) {
	return l.readAt(packName("leaves", n), n%packWidth*rowSize, size)
}

// packedBundle reads a bundle from its pack.
func (l *Log) packedBundle(at packs, n int64) ([]byte, error) {
	var start uint64
	if !at.begins(n) {
		b, err := l.row(n-1, 8)
		if err != nil {
			return nil, err
		}
		start = binary.BigEndian.Uint64(b)
	}
	b, err := l.row(n, 8)
	if err != nil {
		return nil, err
	}
	end := binary.BigEndian.Uint64(b)
	if start > end || end-start > maxBundle || end > packWidth*maxBundle {
		return nil, damaged(l.where(), "%s has bundle %d from byte %d to %d", packName("leaves", n), n, start, end)
	}
	return l.readAt(packName("entries", n), int64(start), int(end-start))
}

// readAt reads bytes of a file of the record, all of which must be there.
func (l *Log) readAt(name string, off int64, n int) ([]byte, error) {
	f, err := l.s.fs.OpenFile(filepath.Join(l.dir, name), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, damaged(l.where(), "%s is missing", name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading record %s: %w", l.origin, err)
	}
	b := make([]byte, n)
	read, err := f.ReadAt(b, off)
	if read == n {
		err = nil
	}
	if err = errors.Join(err, f.Close()); errors.Is(err, io.EOF) {
		return nil, damaged(l.where(), "%s ends at byte %d, before %d", name, off+int64(read), off+int64(n))
	}
	if err != nil {
		return nil, fmt.Errorf("reading record %s: %w", l.origin, err)
	}
	return b, nil
}
