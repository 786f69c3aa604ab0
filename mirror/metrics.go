package mirror

import (
	"context"
	"errors"
	"time"

	"detente/internal/metrics"
	"detente/record"
)

// update is fetchNew, and remembers when it last went well. An older head is
// said loudly, for whoever follows on past it hears of it nowhere else.
func (f *Follower) update(ctx context.Context, news <-chan struct{}) (bool, error) {
	changed, err := f.fetchNew(ctx, news)
	now := time.Now().UnixMilli()
	if err == nil {
		f.heard.Store(now)
	}
	if d, ok := errors.AsType[*DivergenceError](err); ok && f.log != nil {
		if said := f.said.Load(); now-said >= sayAgain.Milliseconds() && f.said.CompareAndSwap(said, now) {
			f.log.Error("the host shows what does not continue this record; nothing of it is taken", "fork", d.Fork, "error", err)
		}
	}
	return changed, err
}

// Metrics tells how far this copy is.
func (f *Follower) Metrics(tell metrics.Tell) {
	label := metrics.Label{Name: "record", Value: f.agreement.ID.String()}
	head, _ := f.Head()
	final, _ := f.Final()
	tell(metrics.Gauge("detente_copy_entries", "Entries of the record that the copy has.", float64(head.Size), label))
	tell(metrics.Gauge("detente_copy_final_entries", "Of them, those that a quorum of witnesses has cosigned.", float64(final), label))
	f.With(func(fold *record.Fold) {
		tell(metrics.Gauge("detente_copy_waiting_statements", "Statements that have not taken effect yet.", float64(len(fold.Waiting())), label))
	})
	if at := f.heard.Load(); at > 0 {
		tell(metrics.Gauge("detente_copy_last_update_timestamp_seconds", "When the copy was last found up to date; the lag is the time since.", metrics.Time(time.UnixMilli(at)), label))
	}
}
