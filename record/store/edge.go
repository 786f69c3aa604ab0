package store

import (
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// An edge is the right edge of a record's tree, all that appending needs: the
// peaks, and at each tile level the hashes that no flushed full tile holds.
type edge struct {
	size  int64
	peaks []tlog.Hash // by height; those of the one bits of size are live
	// base[L] is the index, a multiple of tileWidth, of hashes[L][0] among the
	// hashes of tile level L. Hashes are only ever added at the end.
	base   []int64
	hashes [][]tlog.Hash
}

// add appends a leaf.
func (e *edge) add(leaf tlog.Hash) {
	e.keep(0, leaf)
	e.merge(0, e.size, leaf)
	e.size++
}

// merge adds node n of a height, joining it with its left siblings. It stops
// at the first that is a left child itself.
func (e *edge) merge(height int, n int64, h tlog.Hash) {
	for ; n&1 == 1; n >>= 1 {
		h = tlog.NodeHash(e.peaks[height], h)
		height++
		if height%tileHeight == 0 {
			e.keep(height/tileHeight, h)
		}
	}
	for len(e.peaks) <= height {
		e.peaks = append(e.peaks, tlog.Hash{})
	}
	e.peaks[height] = h
}

func (e *edge) keep(level int, h tlog.Hash) {
	if level == len(e.hashes) {
		e.hashes = append(e.hashes, nil)
		e.base = append(e.base, 0)
	}
	e.hashes[level] = append(e.hashes[level], h)
}

// root is the RFC 6962 root; zero for size 0, as in statement.Head.
func (e *edge) root() (h tlog.Hash) {
	if e.size == 0 {
		return h
	}
	n := uint64(e.size)
	h = e.peaks[bits.TrailingZeros64(n)]
	for n &= n - 1; n != 0; n &= n - 1 {
		h = tlog.NodeHash(e.peaks[bits.TrailingZeros64(n)], h)
	}
	return h
}

// levelCount is how many hashes tile level L has in a tree of a size.
func levelCount(size int64, level int) int64 {
	if level*tileHeight > 62 {
		return 0
	}
	return size >> (level * tileHeight)
}

// levels is how many tile levels a tree of a size has.
func levels(size int64) int {
	return (bits.Len64(uint64(size)) + tileHeight - 1) / tileHeight
}

// span returns the kept hashes lo to hi of a tile level. They must not be
// changed; ok is false if the edge has not got all of them.
func (e *edge) span(level int, lo, hi int64) (hashes []tlog.Hash, ok bool) {
	if level >= len(e.base) || lo < e.base[level] || hi-e.base[level] > int64(len(e.hashes[level])) {
		return nil, false
	}
	return e.hashes[level][lo-e.base[level] : hi-e.base[level]], true
}

// trim forgets hashes of tiles that are full at a size.
func (e *edge) trim(size int64) {
	for level := range e.base {
		base := levelCount(size, level) &^ (tileWidth - 1)
		if drop := base - e.base[level]; drop > 0 {
			e.hashes[level] = append([]tlog.Hash(nil), e.hashes[level][drop:]...)
			e.base[level] = base
		}
	}
}

// newEdge rebuilds an edge from the hashes of the partial tile at each level.
// There must be as many as size says.
func newEdge(size int64, partial [][]tlog.Hash) *edge {
	e := &edge{size: size}
	for level, hashes := range partial {
		e.base = append(e.base, levelCount(size, level)&^(tileWidth-1))
		e.hashes = append(e.hashes, append([]tlog.Hash(nil), hashes...))
		height := level * tileHeight
		for len(e.peaks) < height+tileHeight {
			e.peaks = append(e.peaks, tlog.Hash{})
		}
		for n, h := range hashes {
			e.merge(height, int64(n), h)
		}
	}
	return e
}
