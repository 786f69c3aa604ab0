package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/tlog"
)

// An Opener opens segments one after the other in the same memory: 4 MiB that
// are allocated anew for each would cost more than what separates opening from
// the speed of its cipher and its hash. It belongs to one goroutine.
type Opener struct{ plain []byte }

// Open is OpenManifested, but that the data lasts only until the next call.
// Each piece is hashed and then decrypted while it is in the processor's cache;
// nothing is given out before all of them are known to be the manifest's.
func (o *Opener) Open(m *Manifest, segment []byte, epoch Digest, id *Identity, padded int64) ([]byte, SegmentVerdict, error) {
	if m.Epoch != epoch {
		return nil, SegmentEpoch, fmt.Errorf("%w: sealed in another epoch", ErrSegment)
	}
	p := &pieces{segment: segment}
	data, verdict, err := o.open(p, id, padded)
	if int64(len(segment)) != m.Size || p.root() != m.Root {
		return nil, SegmentAltered, fmt.Errorf("%w: not the bytes that manifest %d of camera %s describes", ErrSegment, m.Seq, m.Camera)
	}
	return data, verdict, err
}

// open opens what may be the bytes of another segment.
func (o *Opener) open(p *pieces, id *Identity, padded int64) ([]byte, SegmentVerdict, error) {
	if int64(len(p.segment)) != SegmentSize(padded) {
		return nil, SegmentForm, fmt.Errorf("%w: %d bytes, want %d", ErrSegment, len(p.segment), SegmentSize(padded))
	}
	if err := CheckHeader(p.segment[:HeaderSize]); err != nil {
		return nil, SegmentForm, err
	}
	key, err := FileKey(p.segment, id)
	if err != nil {
		return nil, SegmentClosed, err
	}
	// The header opens, so its own file key shows what is wrong inside.
	data, err := o.decrypt(p, p.segment, age.NewInjectedFileKeyIdentity(key), padded)
	switch {
	case errors.Is(err, ErrSegment):
		return nil, SegmentForm, err
	case err != nil:
		return nil, "", err
	}
	return data, SegmentGood, nil
}

// decrypt decrypts a segment that src reads.
func (o *Opener) decrypt(src io.ReaderAt, segment []byte, id age.Identity, padded int64) ([]byte, error) {
	if err := checkForm(segment, padded); err != nil {
		return nil, err
	}
	// DecryptReaderAt authenticates the last piece first, so a torn file is
	// refused before anything of it is read.
	r, n, err := age.DecryptReaderAt(src, int64(len(segment)), id)
	if err != nil {
		return nil, fmt.Errorf("%w: does not open: %v", ErrSegment, err)
	}
	if n != padded {
		return nil, fmt.Errorf("%w: %d bytes inside, want %d", ErrSegment, n, padded)
	}
	if int64(cap(o.plain)) < n {
		o.plain = make([]byte, n)
	}
	plain := o.plain[:n]
	if _, err := r.ReadAt(plain, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: does not open: %v", ErrSegment, err)
	}
	return unpad(plain)
}

// pieces reads a segment, and hashes those pieces of which it is asked for the
// whole.
type pieces struct {
	segment []byte
	leaves  []tlog.Hash
	hashed  []bool
}

// ReadAt is that of a bytes.Reader.
func (p *pieces) ReadAt(b []byte, at int64) (int, error) {
	if i, ok := p.piece(at, len(b)); ok {
		p.hash(i)
	}
	return bytes.NewReader(p.segment).ReadAt(b, at)
}

// piece is the number of the piece that is exactly these bytes.
func (p *pieces) piece(at int64, n int) (int, bool) {
	const first = HeaderSize + NonceSize
	if at < first || (at-first)%PieceSize != 0 || n != min(PieceSize, len(p.segment)-int(at)) {
		return 0, false
	}
	return 1 + int(at-first)/PieceSize, true
}

func (p *pieces) hash(i int) {
	if p.leaves == nil {
		n := pieceCount(int64(len(p.segment)))
		p.leaves, p.hashed = make([]tlog.Hash, n), make([]bool, n)
	}
	if p.hashed[i] {
		return
	}
	first, end := 0, min(HeaderSize+NonceSize, len(p.segment))
	if i > 0 {
		first = HeaderSize + NonceSize + (i-1)*PieceSize
		end = min(first+PieceSize, len(p.segment))
	}
	p.leaves[i], p.hashed[i] = tlog.RecordHash(p.segment[first:end]), true
}

// root is that of a Tree to which the segment was written.
func (p *pieces) root() Digest {
	if len(p.segment) == 0 {
		return Root(nil)
	}
	for i := range pieceCount(int64(len(p.segment))) {
		p.hash(int(i))
	}
	return Root(p.leaves)
}
