package mirror

import (
	"context"
	"time"

	"detente/agreement"
	"detente/record"
	"detente/statement"
)

// Keep follows the record until ctx is done, with the batches of manifests that
// it names, so that the copy can be audited and served without its depositary.
// A depositary that cannot be reached is asked again for ever; Keep ends with
// an error only if what is shown is wrong or the folder cannot be written.
// heard is called after each look that succeeded; it may be nil.
func (f *Follower) Keep(ctx context.Context, heard func()) error {
	var read int64
	wanted := map[agreement.Digest]bool{}
	var asked time.Time // when batches that could not be had were asked for last
	for news := (<-chan struct{})(nil); ; {
		_, err := f.update(ctx, news)
		news = f.Changed()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !temporary(err):
			return err
		case err == nil && heard != nil:
			heard()
		}
		before := len(wanted)
		f.With(func(fold *record.Fold) {
			for ; read < fold.Size(); read++ {
				for _, d := range batchOf(fold.Entry(read)) {
					wanted[d] = true
				}
			}
		})
		if len(wanted) > before || time.Since(asked) > objectAgain {
			asked = time.Now()
			for d := range wanted {
				if _, err := f.Object(ctx, d); err == nil {
					delete(wanted, d)
				}
			}
		}
		pause := pollEvery
		if err != nil {
			pause = keepAgain
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// batchOf is the batch of manifests that an entry names, if it names one.
func batchOf(e *record.Judged) []agreement.Digest {
	if e.Statement == nil {
		return nil
	}
	if b, ok := e.Statement.Body.(statement.SealBody); ok {
		if d, err := agreement.ParseDigest(b.Batch); err == nil {
			return []agreement.Digest{d}
		}
	}
	return nil
}
