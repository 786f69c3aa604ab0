package depositary

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// An edge is what inclusion proofs under one head have in common: the roots of
// the perfect trees that a tree of this size is made of, and of all to the
// right of each. With it a proof costs no hashing, and one read of the hashes
// beside its leaf's path. tlog.ProveRecord gives the same and works out the
// right edge anew for each of a group of receipts.
type edge struct {
	size   int64
	peaks  []peak
	right  []tlog.Hash // the root of peaks[k:]
	hashes tlog.HashReader
}

// A peak is a perfect tree of 1<<height leaves, the first of them at index at.
type peak struct {
	height int
	at     int64
	index  int64 // of its root among the stored hashes
}

// newEdge reads the right edge of a tree.
func newEdge(size int64, hashes tlog.HashReader) (*edge, error) {
	e := &edge{size: size, hashes: hashes}
	var indexes []int64
	for rest, at := size, int64(0); rest > 0; {
		height := bits.Len64(uint64(rest)) - 1
		index := tlog.StoredHashIndex(height, at>>height)
		e.peaks, indexes = append(e.peaks, peak{height, at, index}), append(indexes, index)
		at += 1 << height
		rest -= 1 << height
	}
	roots, err := hashes.ReadHashes(indexes)
	if err != nil {
		return nil, err
	}
	e.right = make([]tlog.Hash, len(roots))
	for k := len(roots) - 1; k >= 0; k-- {
		if e.right[k] = roots[k]; k+1 < len(roots) {
			e.right[k] = tlog.NodeHash(roots[k], e.right[k+1])
		}
	}
	return e, nil
}

// prove is the proof that a leaf is in the tree: the hashes beside its path,
// from the leaf up.
func (e *edge) prove(leaf int64) (tlog.RecordProof, error) {
	if leaf < 0 || leaf >= e.size {
		return nil, fmt.Errorf("proving entry %d of %d", leaf, e.size)
	}
	k := 0
	for k+1 < len(e.peaks) && leaf >= e.peaks[k+1].at {
		k++
	}
	var indexes [128]int64
	n := e.peaks[k].height
	for level := range n {
		indexes[level] = tlog.StoredHashIndex(level, leaf>>level^1)
	}
	right, beyond := n, k+1
	if beyond < len(e.peaks) {
		indexes[n] = e.peaks[beyond].index // keeps the place
		n++
	}
	for k--; k >= 0; k-- {
		indexes[n] = e.peaks[k].index
		n++
	}
	proof, err := e.hashes.ReadHashes(indexes[:n])
	if err != nil {
		return nil, err
	}
	if beyond < len(e.peaks) {
		proof[right] = e.right[beyond]
	}
	return proof, nil
}
