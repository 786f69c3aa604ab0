package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"detente/internal/durable"
)

const (
	segmentMagic    = "detente/wal/2\n"
	segmentMagic1   = "detente/wal/1\n" // read, not written any more
	segmentHeadSize = len(segmentMagic) + 8 + 8 + 1 + saltSize + 32
	maxSegmentFile  = 1 << 31
)

// A segment is one file of the write-ahead log. Its head: magic, number (64
// bits), number of its first frame (64), 1 if all frames before it are flushed
// (8), salt, SHA-256 of all that. Frames follow.
type segment struct {
	format  int // of its frames: 2, or 1 in an old folder
	number  uint64
	first   uint64
	flushed bool
	key     salt
}

func segmentName(number uint64) string { return fmt.Sprintf("%016d", number) }

func parseSegmentName(name string) (uint64, bool) {
	n, err := strconv.ParseUint(name, 10, 64)
	return n, err == nil && segmentName(n) == name
}

func (g *segment) encodeHead() []byte {
	b := []byte(segmentMagic)
	if g.format == 1 {
		b = []byte(segmentMagic1)
	}
	b = binary.BigEndian.AppendUint64(b, g.number)
	b = binary.BigEndian.AppendUint64(b, g.first)
	if g.flushed {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	b = append(b, g.key[:]...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

func parseSegmentHead(b []byte) (*segment, error) {
	format := 2
	if bytes.HasPrefix(b, []byte(segmentMagic1)) {
		format = 1
	}
	if len(b) < segmentHeadSize || format == 2 && !bytes.HasPrefix(b, []byte(segmentMagic)) {
		return nil, errors.New("it has no head")
	}
	b = b[:segmentHeadSize]
	body := b[:segmentHeadSize-32]
	if sha256.Sum256(body) != [32]byte(b[len(body):]) {
		return nil, errors.New("the check of its head does not hold")
	}
	v := body[len(segmentMagic):]
	g := &segment{
		format:  format,
		number:  binary.BigEndian.Uint64(v),
		first:   binary.BigEndian.Uint64(v[8:]),
		flushed: v[16] == 1,
		key:     salt(v[17:]),
	}
	if !bytes.Equal(g.encodeHead(), b) {
		return nil, errors.New("its head is not in its one spelling")
	}
	return g, nil
}

// An active is the segment that frames are written to. Behind the last frame it
// has zeroes: to sync what is written over them makes neither a size nor blocks
// durable, only the bytes, and costs a half of appending.
type active struct {
	segment
	fs   durable.FS
	name string
	file durable.File
	end  int64 // of the last frame
	size int64 // of the file
	most int64 // the size up to which zeroes are written ahead
}

// createSegment makes an empty segment durable, of the spare if there is one,
// and opens it. The head is written under a temporary name first, so a segment
// never has a torn one.
func createSegment(fsys durable.FS, dir string, g segment, most int64, random io.Reader, sp *spare) (*active, error) {
	if _, err := io.ReadFull(random, g.key[:]); err != nil {
		return nil, fmt.Errorf("reading randomness: %w", err)
	}
	head := int64(segmentHeadSize)
	a := &active{segment: g, fs: fsys, name: filepath.Join(dir, segmentName(g.number)), end: head, size: head, most: head + most}
	if sp != nil {
		a.file, a.size = sp.file, sp.size
		return a, sp.become(fsys, a.name, g.encodeHead())
	}
	err := durable.WriteFile(fsys, a.name, g.encodeHead())
	if err == nil {
		a.file, err = fsys.OpenFile(a.name, os.O_WRONLY, 0)
	}
	return a, err
}

// written is how many bytes of frames there are.
func (a *active) written() int64 { return a.end - int64(segmentHeadSize) }

// append makes a frame durable.
func (a *active) append(frame []byte) error {
	end := a.end + int64(len(frame))
	if end > a.size {
		if err := a.grow(end); err != nil {
			return fmt.Errorf("writing the write-ahead file: %w", err)
		}
	}
	if _, err := a.file.WriteAt(frame, a.end); err != nil {
		return fmt.Errorf("writing the write-ahead file: %w", err)
	}
	if err := a.file.Sync(); err != nil {
		return fmt.Errorf("syncing the write-ahead file: %w", err)
	}
	if err := a.inPlace(frame[:frameHeadSize]); err != nil {
		return err
	}
	a.end = end
	return nil
}

// grow writes zeroes behind where a frame is going to end: as many as there are
// bytes already, within limits, so that a quiet store has a small file.
func (a *active) grow(end int64) error {
	size := max(end, min(a.most, end+min(max(end, minAhead), maxAhead)))
	if err := writeZeroes(a.file, end, size); err != nil {
		return err
	}
	a.size = size
	return nil
}

// inPlace looks that what was just written is in the folder, and not only in a
// file that this process holds open: somebody may have deleted the folder, or
// put a copy in its place, and what is acknowledged then would be gone with the
// process.
func (a *active) inPlace(head []byte) error {
	f, err := a.fs.OpenFile(a.name, os.O_RDONLY, 0)
	if err != nil {
		return rollback("the write-ahead file", "it is not in the folder any more: %v", err)
	}
	var have [frameHeadSize]byte
	n, err := f.ReadAt(have[:], a.end)
	if err == io.EOF {
		err = nil // it is too short, and so not equal
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("looking at the write-ahead file: %w", err)
	}
	if !bytes.Equal(have[:n], head) {
		return rollback("the write-ahead file", "what was written at byte %d is not in the one in the folder: the folder was replaced while it was in use", a.end)
	}
	return nil
}
