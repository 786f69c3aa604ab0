package mirror

import (
	"context"
	"time"

	"detente/agreement"
	"detente/record"
)

// Keep follows the record until ctx is done, with the batches of manifests and the
// documents that it names, so that the copy can be audited and served without its depositary.
// A depositary that cannot be reached is asked again for ever; Keep ends with
// an error only if what is shown is wrong or the folder cannot be written.
// heard is called after each look that succeeded; it may be nil.
func (f *Follower) Keep(ctx context.Context, heard func()) error {
	var read int64
	wanted := map[agreement.Digest]bool{}
	var docs papers
	var asked time.Time // when batches that could not be had were asked for last
	for news := (<-chan struct{})(nil); ; {
		brief, cancel := docs.until(ctx)
		_, err := f.update(brief, news)
		cut := err != nil && brief.Err() != nil && ctx.Err() == nil
		if cut {
			err = nil // no news, and documents are to be asked for
		}
		cancel()
		news = f.Changed()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !temporary(err):
			return err
		case err == nil && !cut && heard != nil:
			heard()
		}
		before := len(wanted)
		if err := docs.look(f); err != nil {
			return err
		}
		f.With(func(fold *record.Fold) {
			read = min(read, fold.Size())
			for _, d := range fold.Batches(read, fold.Size()) {
				wanted[d] = true
			}
			read = fold.Size()
		})
		if len(wanted) > before || time.Since(asked) > objectAgain {
			asked = time.Now()
			for d := range wanted {
				if _, err := f.Object(ctx, d); err == nil {
					delete(wanted, d)
				}
			}
		}
		if err := docs.fetch(ctx, f); err != nil {
			return err
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
