// Package ahead folds long records on all cores: signatures are verified ahead
// of the fold, many together, while the fold goes on in order.
//
// Promise: the fold that comes out is that of appending the entries one by one,
// whatever they are; a key that changes meanwhile costs time and no verdict.
// Memory is bounded by the cores, besides what the fold keeps.
package ahead

import (
	"context"
	"runtime"

	"detente/record"
	"detente/statement"
)

// chunk is how many entries are looked at together: enough that a batch of
// their signatures costs half, few enough that memory does not matter.
const chunk = 256

// Fold appends entries to f. tell, if not nil, is called now and then with how
// many are folded. The error is that of ctx, and f is then folded in part.
func Fold(ctx context.Context, f *record.Fold, entries [][]byte, tell func(done int)) error {
	n := (len(entries) + chunk - 1) / chunk
	read := func(k int64) ([][]byte, error) {
		return entries[k*chunk : min((int(k)+1)*chunk, len(entries))], nil
	}
	return inOrder(ctx, f, int64(n), read, Verified{}, tell)
}

// Verified is what somebody remembers of signatures that were verified before,
// in another run perhaps. The zero Verified remembers nothing.
type Verified struct {
	Known map[statement.Sum]bool      // of tiles whose signatures need not be verified again
	Note  func(s statement.Sum) error // told of each other whose signatures are all good
}

// File appends the entries of an exported record to its fold, a tile at a time,
// each read and looked at ahead. tell is as for Fold. The error is one of
// reading, of Note, of what was read, or of ctx; f is then folded in part.
func File(ctx context.Context, f *record.Fold, x *record.ExportFile, v Verified, tell func(done int)) error {
	return inOrder(ctx, f, x.Tiles(), x.Tile, v, tell)
}

// A part is entries that were looked at together.
type part struct {
	looks []*record.Look
	sum   statement.Sum
	all   bool // every signature is good
	err   error
}

func inOrder(ctx context.Context, f *record.Fold, n int64, read func(k int64) ([][]byte, error), v Verified, tell func(done int)) error {
	cores := runtime.GOMAXPROCS(0)
	pending := make([]chan part, 0, cores+1)
	for at, done := int64(0), 0; at < n || len(pending) > 0; {
		for ; len(pending) <= cores && at < n; at++ {
			ring, k, out := f.Ring(), at, make(chan part, 1)
			go func() {
				entries, err := read(k)
				p := part{err: err}
				if err == nil {
					p.looks, p.sum, p.all = ring.LookUnless(v.Known, entries...)
				}
				out <- p
			}()
			pending = append(pending, out)
		}
		p := <-pending[0]
		pending = append(pending[:0], pending[1:]...)
		if p.err != nil {
			return p.err
		}
		if p.all && v.Note != nil && !v.Known[p.sum] {
			if err := v.Note(p.sum); err != nil {
				return err
			}
		}
		for _, l := range p.looks {
			f.AppendLook(l)
		}
		if done += len(p.looks); tell != nil {
			tell(done)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// Look looks at entries on all cores; a few of them in one goroutine.
func Look(ring *record.Ring, entries [][]byte) []*record.Look {
	parts := min(runtime.GOMAXPROCS(0), len(entries)/fewest)
	if parts < 2 {
		return ring.Look(entries...)
	}
	outs := make([]chan []*record.Look, parts)
	for i := range outs {
		outs[i] = make(chan []*record.Look, 1)
		part := entries[i*len(entries)/parts : (i+1)*len(entries)/parts]
		go func() { outs[i] <- ring.Look(part...) }()
	}
	looks := make([]*record.Look, 0, len(entries))
	for _, out := range outs {
		looks = append(looks, <-out...)
	}
	return looks
}

// fewest is how many entries are worth a goroutine of their own.
const fewest = 8
