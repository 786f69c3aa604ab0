package recorder

import (
	"context"

	"detente/mirror"
	"detente/recorder/source"
)

// steps is what Step remembers between two calls.
type steps struct {
	behind int64 // the size shown when the host first answered; 0 before
	begun  bool  // batching: what the record has is known
	reboot *saying
}

// Step does once, in the caller's goroutine, what Run goes on doing besides
// filming: it asks the host for news, deals what is to be dealt and puts on the
// record what was sealed. An error ends the recorder, as it ends Run. It is for
// simulations; it is not called beside Run.
func (r *Recorder) Step(ctx context.Context) error {
	err := r.follower.Update(ctx)
	if err != nil && !mirror.Temporary(err) {
		return err
	}
	if head, _ := r.follower.Head(); err == nil && r.steps.behind == 0 {
		r.steps.behind = head.Size
	}
	select {
	case <-r.caught:
		if err := r.read(); err != nil {
			return err
		}
	default:
		final, _ := r.follower.Final()
		if r.steps.behind == 0 || final < r.steps.behind {
			return nil
		}
		if err := r.arrive(ctx); err != nil {
			return err
		}
	}
	if err := r.deal(ctx, true); err != nil {
		r.cfg.Log.Error("no dealing", "error", err)
	}
	if !r.steps.begun {
		r.knownSealed()
		r.steps.begun = true
		if r.before != 0 && r.recording() {
			r.steps.reboot = &saying{}
		}
	}
	if r.steps.reboot != nil && r.stated(ctx, r.steps.reboot) {
		r.steps.reboot = nil
	}
	if err := r.batch(ctx); err != nil {
		r.cfg.Log.Warn("batch not taken", "error", err)
	}
	return nil
}

// Take seals one clip, as if the camera had just given it. It is for
// simulations; it is not called beside Run.
func (r *Recorder) Take(clip source.Clip) error {
	opens, ok := r.opens()
	if !ok {
		return nil
	}
	_, err := r.take(clip, opens)
	return err
}
