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
)

// chunk is how many entries are looked at together: enough that a batch of
// their signatures costs half, few enough that memory does not matter.
const chunk = 256

// Fold appends entries to f. tell, if not nil, is called now and then with how
// many are folded. The error is that of ctx, and f is then folded in part.
func Fold(ctx context.Context, f *record.Fold, entries [][]byte, tell func(done int)) error {
	cores := runtime.GOMAXPROCS(0)
	pending := make([]chan []*record.Look, 0, cores+1)
	for at, done := 0, 0; done < len(entries); {
		for len(pending) <= cores && at < len(entries) {
			part := entries[at:min(at+chunk, len(entries))]
			ring, out := f.Ring(), make(chan []*record.Look, 1)
			go func() { out <- ring.Look(part...) }()
			pending = append(pending, out)
			at += len(part)
		}
		looks := <-pending[0]
		pending = append(pending[:0], pending[1:]...)
		for _, l := range looks {
			f.AppendLook(l)
		}
		done += len(looks)
		if tell != nil {
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
