package vault

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// A Tree takes a segment's bytes in order and gives the Merkle root of its
// pieces (RFC 6962 hashing): leaf 0 is the header and the nonce, 1,643 bytes;
// each further leaf is one of age's own pieces, at most 65,552 bytes. So what
// is verified is exactly what can be decrypted. It holds at most one piece.
type Tree struct {
	piece  []byte
	leaves []tlog.Hash
	size   int64
}

// Write takes the segment's next bytes. It never fails.
func (t *Tree) Write(p []byte) (int, error) {
	n := len(p)
	t.size += int64(n)
	for len(p) > 0 {
		want := PieceSize
		if len(t.leaves) == 0 {
			want = HeaderSize + NonceSize
		}
		if len(t.piece) == 0 && len(p) >= want { // no need to keep it
			t.leaves = append(t.leaves, tlog.RecordHash(p[:want]))
			p = p[want:]
			continue
		}
		k := min(want-len(t.piece), len(p))
		t.piece = append(t.piece, p[:k]...)
		p = p[k:]
		if len(t.piece) == want {
			t.flush()
		}
	}
	return n, nil
}

func (t *Tree) flush() {
	t.leaves = append(t.leaves, tlog.RecordHash(t.piece))
	t.piece = t.piece[:0]
}

// Leaves are the hashes of the pieces of all bytes so far.
func (t *Tree) Leaves() []tlog.Hash {
	if len(t.piece) > 0 {
		t.flush()
	}
	return t.leaves
}

// Size is the number of bytes so far.
func (t *Tree) Size() int64 { return t.size }

// Root is the root over all bytes so far.
func (t *Tree) Root() Digest { return Root(t.Leaves()) }

// Root is the Merkle root over leaf hashes; that of none is zero.
func Root(leaves []tlog.Hash) Digest {
	if len(leaves) == 0 {
		return Digest{}
	}
	h, err := tlog.TreeHash(int64(len(leaves)), hashesOf(leaves))
	if err != nil {
		panic("vault: hashing in memory cannot fail: " + err.Error())
	}
	return Digest(h)
}

// PieceProof proves leaf i under the root, for an audit that asks a host for
// one piece of a segment.
func PieceProof(leaves []tlog.Hash, i int) ([]tlog.Hash, error) {
	if i < 0 || i >= len(leaves) {
		return nil, fmt.Errorf("piece %d of %d does not exist", i, len(leaves))
	}
	return tlog.ProveRecord(int64(len(leaves)), int64(i), hashesOf(leaves))
}

// VerifyPiece checks one piece of a segment of size bytes under its root.
func VerifyPiece(root Digest, size int64, i int, piece []byte, proof []tlog.Hash) error {
	n, want := pieceCount(size), int64(PieceSize)
	switch {
	case i == 0:
		want = HeaderSize + NonceSize
	case int64(i) == n-1:
		want = size - HeaderSize - NonceSize - (n-2)*PieceSize
	}
	if i < 0 || int64(i) >= n || int64(len(piece)) != want {
		return fmt.Errorf("%w: piece %d has %d bytes, want %d", ErrSegment, i, len(piece), want)
	}
	if err := tlog.CheckRecord(proof, n, tlog.Hash(root), int64(i), tlog.RecordHash(piece)); err != nil {
		return fmt.Errorf("%w: piece %d is not under the root", ErrSegment, i)
	}
	return nil
}

func pieceCount(size int64) int64 {
	if size <= HeaderSize+NonceSize {
		return 1
	}
	return 1 + (size-HeaderSize-NonceSize+PieceSize-1)/PieceSize
}

// hashesOf serves the stored hashes of a tree from its leaves.
func hashesOf(leaves []tlog.Hash) tlog.HashReaderFunc {
	var stored []tlog.Hash
	read := func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			if x < 0 || x >= int64(len(stored)) {
				return nil, fmt.Errorf("no stored hash %d", x)
			}
			out[i] = stored[x]
		}
		return out, nil
	}
	for i, l := range leaves {
		more, err := tlog.StoredHashesForRecordHash(int64(i), l, tlog.HashReaderFunc(read))
		if err != nil {
			panic("vault: hashing in memory cannot fail: " + err.Error())
		}
		stored = append(stored, more...)
	}
	return read
}
