package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	tailMagic  = "detente/tail/2\n"
	tailMagic1 = "detente/tail/1\n" // read, not written any more
)

// maxTailState bounds the part of a tail file before its entries: eight
// levels of at most 255 hashes, and the origin.
const maxTailState = 8*(tileWidth-1)*tlog.HashSize + 4096

// maxTail bounds the whole file.
const maxTail = maxTailState + (tileWidth-1)*(2+MaxEntry)

// A tail is what a record's folder holds beside full tiles: its size and root
// and its partial tiles. Encoding: magic, origin length (16 bits), origin, size
// (64), root, number of cosigned checkpoints (32), the hashes of the partial tile of each level, SHA-256 of all
// that, then the partial entry bundle. Its lengths follow from the size.
type tail struct {
	origin  string
	size    int64
	root    tlog.Hash
	notes   uint32 // how many cosigned checkpoints there are at least
	packs   packs
	partial [][]tlog.Hash
	bundle  []byte
}

func (t *tail) encode() []byte {
	b := []byte(tailMagic)
	b = binary.BigEndian.AppendUint16(b, uint16(len(t.origin)))
	b = append(b, t.origin...)
	b = binary.BigEndian.AppendUint64(b, uint64(t.size))
	b = append(b, t.root[:]...)
	b = binary.BigEndian.AppendUint32(b, t.notes)
	b = binary.BigEndian.AppendUint64(b, uint64(t.packs.first))
	b = binary.BigEndian.AppendUint64(b, uint64(t.packs.end))
	for _, hashes := range t.partial {
		b = appendHashes(b, hashes)
	}
	sum := sha256.Sum256(b)
	b = append(b, sum[:]...)
	return append(b, t.bundle...)
}

func appendHashes(b []byte, hashes []tlog.Hash) []byte {
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

// parseTail decodes a tail file, or at least the first maxTailState bytes of
// one, and checks that the hashes give the root. The bundle is only carried.
func parseTail(b []byte) (*tail, error) {
	rest, packed := bytes.CutPrefix(b, []byte(tailMagic))
	if !packed {
		var ok bool
		if rest, ok = bytes.CutPrefix(b, []byte(tailMagic1)); !ok {
			return nil, fmt.Errorf("does not begin with %q", tailMagic)
		}
	}
	if len(rest) < 2 {
		return nil, errShort
	}
	n := int(binary.BigEndian.Uint16(rest))
	rest = rest[2:]
	if len(rest) < n+8+tlog.HashSize+4 {
		return nil, errShort
	}
	t := &tail{origin: string(rest[:n])}
	size := binary.BigEndian.Uint64(rest[n:])
	if size == 0 || size > 1<<62 {
		return nil, fmt.Errorf("size %d", size)
	}
	t.size = int64(size)
	rest = rest[n+8:]
	copy(t.root[:], rest)
	t.notes = binary.BigEndian.Uint32(rest[tlog.HashSize:])
	rest = rest[tlog.HashSize+4:]
	t.packs = packs{first: t.size / tileWidth}
	if packed {
		var err error
		if rest, err = t.packs.parse(rest, t.size); err != nil {
			return nil, err
		}
	}
	for level := range levels(t.size) {
		count := int(levelCount(t.size, level) % tileWidth)
		if len(rest) < count*tlog.HashSize {
			return nil, errShort
		}
		t.partial = append(t.partial, parseHashes(rest[:count*tlog.HashSize]))
		rest = rest[count*tlog.HashSize:]
	}
	if len(rest) < sha256.Size {
		return nil, errShort
	}
	if sha256.Sum256(b[:len(b)-len(rest)]) != [32]byte(rest[:32]) {
		return nil, errors.New("its check does not hold")
	}
	if root := newEdge(t.size, t.partial).root(); root != t.root {
		return nil, fmt.Errorf("its hashes give root %v, it states %v", root, t.root)
	}
	t.bundle = rest[32:]
	return t, nil
}

func parseHashes(b []byte) []tlog.Hash {
	hashes := make([]tlog.Hash, len(b)/tlog.HashSize)
	for i := range hashes {
		copy(hashes[i][:], b[i*tlog.HashSize:])
	}
	return hashes
}

// entries decodes the partial bundle; they alias it.
func (t *tail) entries() ([][]byte, error) {
	return ParseBundle(t.bundle, int(t.size%tileWidth))
}

// checkedEntries is entries, each compared with its hash in the tail.
func (t *tail) checkedEntries() ([][]byte, error) {
	entries, err := t.entries()
	if err != nil {
		return nil, err
	}
	for i, e := range entries {
		if tlog.RecordHash(e) != t.partial[0][i] {
			return nil, fmt.Errorf("entry %d of its %d is not the one in the tree", i, len(entries))
		}
	}
	return entries, nil
}
