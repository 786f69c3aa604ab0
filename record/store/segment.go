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
	segmentMagic    = "detente/wal/1\n"
	segmentHeadSize = len(segmentMagic) + 8 + 8 + 1 + saltSize + 32
	maxSegmentFile  = 1 << 31
)

// A segment is one file of the write-ahead log. Its head: magic, number (64
// bits), number of its first frame (64), 1 if all frames before it are flushed
// (8), salt, SHA-256 of all that. Frames follow.
type segment struct {
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
	if len(b) < segmentHeadSize || !bytes.HasPrefix(b, []byte(segmentMagic)) {
		return nil, errors.New("it has no head")
	}
	b = b[:segmentHeadSize]
	body := b[:segmentHeadSize-32]
	if sha256.Sum256(body) != [32]byte(b[len(body):]) {
		return nil, errors.New("the check of its head does not hold")
	}
	v := body[len(segmentMagic):]
	g := &segment{
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

// createSegment makes an empty segment durable and opens it for appending. The
// head is written under a temporary name first, so a segment never has a torn
// one.
func createSegment(fsys durable.FS, dir string, g *segment, random io.Reader) (durable.File, error) {
	if _, err := io.ReadFull(random, g.key[:]); err != nil {
		return nil, fmt.Errorf("reading randomness: %w", err)
	}
	name := filepath.Join(dir, segmentName(g.number))
	if err := durable.WriteFile(fsys, name, g.encodeHead()); err != nil {
		return nil, err
	}
	return fsys.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0)
}
