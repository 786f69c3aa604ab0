package depositary

import (
	"context"
	"errors"

	"detente/agreement"
	"detente/record"
)

// Attend does, in the caller's goroutine, what each record needs at this
// instant, and says when one will need something next; record.Never if none
// will. It is what Run does by itself, without Run's pauses. failed joins the
// rounds of witnesses that failed, for which it is to be called again; err says
// why a record has stopped, which ends Run.
func (d *Depositary) Attend(ctx context.Context) (next agreement.Instant, failed, err error) {
	next = record.Never
	for _, id := range d.Records() {
		h := d.record(id)
		if wrong := d.want(ctx, h); wrong != nil {
			err = errors.Join(err, wrong)
			continue
		}
		for ctx.Err() == nil {
			t, at := h.task(d.now())
			if t.what == nothing {
				next = min(next, at)
				break
			}
			if err := d.do(ctx, h, t); err != nil {
				failed = errors.Join(failed, err)
				break
			}
		}
		d.done(h)
		if stop := h.halted.Load(); stop != nil {
			err = errors.Join(err, stop.err)
		}
	}
	return next, failed, errors.Join(err, d.look())
}
