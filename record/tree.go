package record

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// tree is the RFC 6962 tree over the entries, every stored hash kept: two a leaf.
type tree struct {
	size   int64
	hashes []tlog.Hash
}

// ReadHashes makes the tree a tlog.HashReader.
func (t *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for k, i := range indexes {
		if i < 0 || i >= int64(len(t.hashes)) {
			return nil, fmt.Errorf("hash %d of a tree that has %d", i, len(t.hashes))
		}
		out[k] = t.hashes[i]
	}
	return out, nil
}

func (t *tree) add(leaf tlog.Hash) {
	more, err := tlog.StoredHashesForRecordHash(t.size, leaf, t)
	if err != nil {
		panic(fmt.Sprintf("record: hashing entry %d of a tree that holds all its hashes: %v", t.size, err))
	}
	t.hashes = append(t.hashes, more...)
	t.size++
}

func (t *tree) rootAt(size int64) (tlog.Hash, error) {
	if size < 0 || size > t.size {
		return tlog.Hash{}, fmt.Errorf("root of size %d: this record has %d entries", size, t.size)
	}
	root, err := tlog.TreeHash(size, t)
	if err != nil {
		panic(fmt.Sprintf("record: root of size %d of a tree that holds all its hashes: %v", size, err))
	}
	return root, nil
}
