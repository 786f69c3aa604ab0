package vault

import (
	"bytes"
	"testing"
)

// TestOpenerGivesNothingAltered: one opener, many segments of several pieces;
// any flipped byte, any torn length and another root give no data, and what was
// opened before does not show through.
func TestOpenerGivesNothingAltered(t *testing.T) {
	const padded = 3*pieceData + 1000
	id := epochIdentity(t, 1)
	data := bytes.Repeat([]byte("what the camera saw "), 9000)
	segment, w := sealTo(t, id, data, padded)
	short, ws := sealTo(t, id, []byte("a short one"), padded)
	m, ms := &Manifest{Size: w.Size, Root: w.Root}, &Manifest{Size: ws.Size, Root: ws.Root}
	var o Opener
	open := func(m *Manifest, b []byte, want SegmentVerdict, data []byte) {
		t.Helper()
		got, verdict, err := o.Open(m, b, m.Epoch, id, padded)
		if verdict != want || !bytes.Equal(got, data) || (err == nil) != (want == SegmentGood) {
			t.Fatalf("%s (%v) with %d bytes, want %s with %d", verdict, err, len(got), want, len(data))
		}
	}
	open(m, segment, SegmentGood, data)
	open(ms, short, SegmentGood, []byte("a short one"))
	for at := 0; at < len(segment); at += 991 {
		bad := bytes.Clone(segment)
		bad[at] ^= 1
		open(m, bad, SegmentAltered, nil)
	}
	for _, n := range []int{0, 1, HeaderSize, HeaderSize + NonceSize, len(segment) - PieceSize, len(segment) - 1} {
		open(m, segment[:n], SegmentAltered, nil)
	}
	open(m, append(bytes.Clone(segment), 0), SegmentAltered, nil)
	open(ms, segment, SegmentAltered, nil) // right in itself, and not the manifest's
	open(m, segment, SegmentGood, data)
	for n := range 5 {
		b := segment[:n*HeaderSize]
		var tree Tree
		tree.Write(b)
		if got := (&pieces{segment: b}).root(); got != tree.Root() {
			t.Errorf("of %d bytes the root is %v, want %v", len(b), got, tree.Root())
		}
	}
}
