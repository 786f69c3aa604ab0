package depositary

import (
	"fmt"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// A forest is the stored hashes of a tree.
type forest []tlog.Hash

func (f forest) ReadHashes(indexes []int64) (out []tlog.Hash, err error) {
	for _, i := range indexes {
		if i < 0 || i >= int64(len(f)) {
			return nil, fmt.Errorf("hash %d of %d", i, len(f))
		}
		out = append(out, f[i])
	}
	return out, nil
}

// TestEdge: the proofs are those of package tlog, for every leaf of every tree
// of up to 130 leaves and of some larger ones, also read from a tree that has
// grown meanwhile.
func TestEdge(t *testing.T) {
	const most = 1030
	var f forest
	sizes := map[int64]int{0: 0}
	for i := range int64(most) {
		more, err := tlog.StoredHashes(i, fmt.Append(nil, "entry ", i), f)
		if err != nil {
			t.Fatal(err)
		}
		f = append(f, more...)
		sizes[i+1] = len(f)
	}
	for size := int64(0); size <= most; size++ {
		if size == 131 {
			size = 1020
		}
		for _, has := range []forest{f[:sizes[size]], f} {
			e, err := newEdge(size, has)
			if err != nil {
				t.Fatal(err)
			}
			for i := range size {
				want, err := tlog.ProveRecord(size, i, has)
				if err != nil {
					t.Fatal(err)
				}
				if got, err := e.prove(i); err != nil || !slices.Equal(got, want) {
					t.Fatalf("leaf %d of %d: %v, %v; want %v", i, size, got, err, want)
				}
			}
			for _, i := range []int64{-1, size, size + 1} {
				if _, err := e.prove(i); err == nil {
					t.Errorf("leaf %d of %d is proven", i, size)
				}
			}
		}
	}
}
