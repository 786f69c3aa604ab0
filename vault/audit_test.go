package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"testing"

	"detente/statement"
)

// A host is asked now and then for one piece of a segment; which, is drawn from
// a head that there was not when it was sealed. One that kept only its head and
// its tail answers some, and not all; and what it makes up is no piece.
func TestHostThatKeptOnlyAPart(t *testing.T) {
	id := epochIdentity(t, 1)
	segment, w := sealTo(t, id, []byte("x"), 8*pieceData)
	var tree Tree
	tree.Write(segment)
	leaves, n := tree.Leaves(), int(pieceCount(w.Size))
	piece := func(file []byte, i int) []byte {
		if i == 0 {
			return file[:HeaderSize+NonceSize]
		}
		at := HeaderSize + NonceSize + (i-1)*PieceSize
		return file[at:min(at+PieceSize, len(file))]
	}
	kept := bytes.Clone(segment)
	for i := 2; i < n-1; i++ {
		clear(piece(kept, i))
	}
	missed := map[int]bool{}
	for size := range uint64(200) { // heads to come
		root := sha256.Sum256(binary.BigEndian.AppendUint64(nil, size))
		i := int(binary.BigEndian.Uint64(root[:]) % uint64(n))
		proof, err := PieceProof(leaves, i)
		if err != nil {
			t.Fatal(err)
		}
		if err := VerifyPiece(w.Root, w.Size, i, piece(segment, i), proof); err != nil {
			t.Fatalf("piece %d of a host that kept all: %v", i, err)
		}
		if err := VerifyPiece(w.Root, w.Size, i, piece(kept, i), proof); errors.Is(err, ErrSegment) {
			missed[i] = true
		}
	}
	if len(missed) != n-3 || missed[0] || missed[1] || missed[n-1] {
		t.Errorf("of %d pieces %v are found to be gone, want all that are", n, missed)
	}
}

// What a reader finds lost needs nobody's word: not that of a second one, nor
// the host's. It takes footage away, only where it was, and tampering stays.
func TestLossesThatAReaderFound(t *testing.T) {
	f := newFilm(t)
	f.run("east", 0, 4)
	f.run("west", 0, 4)
	in := CoverageInput{
		Opens: worldOpens, Closes: worldOpens + 60, AsOf: worldOpens + 60 + commitWithin, ExistedBy: f.existedBy, Batch: f.batch,
		Losses: []Service{{Entry: -1, By: "agency", Body: statement.ServiceBody{
			Camera: "east", Event: "loss", From: int64(worldOpens) + 10, Until: int64(worldOpens) + 60, Reason: "no such segment",
		}}},
	}
	f.must("agency", statement.ID{}, statement.ServiceBody{Vault: "cameras", Camera: "east", Event: "tamper", From: int64(worldOpens) + 30, Until: int64(worldOpens) + 40, Reason: "moved"})
	c, err := f.ledger.Coverage(in)
	if err != nil {
		t.Fatal(err)
	}
	f.want(c, "east", "1 covered, 2 lost, 1 tamper, 2 unexplained gap", "loss, stated by agency: no such segment")
	f.want(c, "west", "4 covered, 2 unexplained gap", "")
	if e := c.Cameras[0]; e.Seconds.Lost != 20 || e.LongestGap != 50 || len(e.Anomalies) != 0 {
		t.Errorf("%+v", e)
	}
	in.Losses[0].Body.Camera = "west" // the same, stated on the record by one alone, takes nothing
	f.must("agency", statement.ID{}, statement.ServiceBody{Vault: "cameras", Camera: "east", Event: "loss", From: int64(worldOpens), Until: int64(worldOpens) + 30, Reason: "gone"})
	if c, err = f.ledger.Coverage(in); err != nil {
		t.Fatal(err)
	}
	f.want(c, "east", "3 covered, 1 tamper, 2 unexplained gap", "nobody else says so")
	f.want(c, "west", "1 covered, 3 lost, 2 unexplained gap", "")
}
