package depositary

import (
	"context"
	"sync"
	"time"
)

// wake has the records looked at that are read already, and gives the others.
func (d *Depositary) wake() (unread []*hosted) {
	for _, id := range d.Records() {
		if h := d.record(id); h.seen.Load() {
			d.poke(h)
		}
	}
	return d.unread()
}

// survey reads every record that nobody has asked for since the start: so that
// one that is damaged is found, one that has work waiting gets it done, a
// deadline is on the agenda, and the witnesses confirm that nothing is lacking.
// It takes a share of one core, and of the rounds.
func (d *Depositary) survey(ctx context.Context, unread []*hosted) {
	if len(unread) == 0 {
		return
	}
	began, all := time.Now(), len(unread)
	d.cfg.Log.Info("records are read in the background", "records", all)
	asked := make(chan *hosted, all)
	var confirming sync.WaitGroup
	for range maxRounds / 4 {
		confirming.Go(func() {
			for h := range asked {
				if ctx.Err() == nil && h.work.claim() {
					d.attendWhile(ctx, h)
				}
			}
		})
	}
	for pause := surveyRetry; len(unread) > 0 && ctx.Err() == nil; pause = min(2*pause, retryMost) {
		var again []*hosted
		for _, h := range unread {
			if ctx.Err() != nil {
				break
			}
			start := time.Now()
			if err := d.want(ctx, h); err != nil {
				again = append(again, h)
			} else {
				d.done(h)
				asked <- h
			}
			rest(ctx, min(max(surveyShare*time.Since(start), surveyLeast), surveyMost))
		}
		if unread = again; len(unread) > 0 {
			rest(ctx, pause)
		}
	}
	close(asked)
	confirming.Wait()
	if ctx.Err() == nil {
		d.cfg.Log.Info("all records are read", "records", all, "took", time.Since(began).Round(time.Millisecond))
	}
}

// rest waits a while of real time, or until ctx is done.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
