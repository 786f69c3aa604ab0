package record

import (
	"crypto/sha256"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// tree is the RFC 6962 tree over the entries. It keeps the hash of every leaf
// and the levels from skipped on, 40 bytes an entry in all: what lies between
// is worked out again, from at most 4 leaves.
type tree struct {
	size   int64
	levels []chunks[tlog.Hash] // the leaves; the levels from skipped on
}

// skipped is the lowest level above the leaves that is kept.
const skipped = 3

// ReadHashes makes the tree a tlog.HashReader.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for k, i := range indexes {
		if i < 0 || i >= tlog.StoredHashCount(t.size) {
			return nil, fmt.Errorf("hash %d of a tree that has %d", i, tlog.StoredHashCount(t.size))
		}
		out[k] = t.hash(tlog.SplitStoredHashIndex(i))
	}
	return out, nil
}

// leaf is the hash of the entry at index i.
func (t *tree) leaf(i int64) tlog.Hash { return *t.levels[0].at(i) }

// hash is that of the n-th complete subtree of 1 << level entries.
func (t *tree) hash(level int, n int64) tlog.Hash {
	switch {
	case level == 0:
		return t.leaf(n)
	case level >= skipped:
		return *t.levels[level-skipped+1].at(n)
	}
	return tlog.NodeHash(t.hash(level-1, 2*n), t.hash(level-1, 2*n+1))
}

func (t *tree) add(leaf tlog.Hash) {
	t.put(0, leaf)
	t.size++
	if t.size%(1<<skipped) != 0 {
		return
	}
	level, n := skipped, t.size>>skipped-1
	h := tlog.NodeHash(t.hash(skipped-1, 2*n), t.hash(skipped-1, 2*n+1))
	for t.put(level-skipped+1, h); n%2 == 1; t.put(level-skipped+1, h) {
		h = tlog.NodeHash(t.hash(level, n-1), h)
		level, n = level+1, n/2
	}
}

func (t *tree) put(k int, h tlog.Hash) {
	if k == len(t.levels) {
		t.levels = append(t.levels, chunks[tlog.Hash]{})
	}
	t.levels[k].add(h)
}

func (t *tree) rootAt(size int64) (tlog.Hash, error) {
	if size < 0 || size > t.size {
		return tlog.Hash{}, fmt.Errorf("root of size %d: this record has %d entries", size, t.size)
	}
	if size == 0 {
		return sha256.Sum256(nil), nil
	}
	// The complete subtrees from the right, each at least twice as large as the last.
	level := bits.TrailingZeros64(uint64(size))
	root := t.hash(level, size>>level-1)
	for left := size &^ (1 << level); left > 0; left &^= 1 << level {
		level = bits.TrailingZeros64(uint64(left))
		root = tlog.NodeHash(t.hash(level, left>>level-1), root)
	}
	return root, nil
}

// chunks is a slice that grows without being copied: a long one in pieces, so
// that no memory is set aside for what may never come.
type chunks[T any] struct{ all [][]T }

const chunk = 1 << 12

func (c *chunks[T]) add(x T) {
	n := len(c.all)
	switch {
	case n == 0:
		c.all = [][]T{nil}
		n = 1
	case len(c.all[n-1]) == chunk:
		c.all = append(c.all, make([]T, 0, chunk))
		n++
	}
	c.all[n-1] = append(c.all[n-1], x)
}

// at is a place in it, which must be there.
func (c *chunks[T]) at(i int64) *T { return &c.all[i/chunk][i%chunk] }

// A Frontier is the right edge of a tree that grows: enough for its root, and
// nothing more. The zero Frontier is of no entry.
type Frontier struct {
	size  int64
	peaks []tlog.Hash // the roots of the complete subtrees, the largest first
}

// Add puts the next entry's hash into the tree.
func (t *Frontier) Add(leaf tlog.Hash) {
	for s := t.size; s&1 == 1; s >>= 1 {
		last := len(t.peaks) - 1
		leaf, t.peaks = tlog.NodeHash(t.peaks[last], leaf), t.peaks[:last]
	}
	t.peaks = append(t.peaks, leaf)
	t.size++
}

// Size is how many entries the tree has.
func (t *Frontier) Size() int64 { return t.size }

// Root is the root of the tree; that of no entry is the SHA-256 of nothing.
func (t *Frontier) Root() tlog.Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	root := t.peaks[len(t.peaks)-1]
	for i := len(t.peaks) - 2; i >= 0; i-- {
		root = tlog.NodeHash(t.peaks[i], root)
	}
	return root
}
