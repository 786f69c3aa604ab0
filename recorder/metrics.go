package recorder

import (
	"maps"
	"slices"

	"detente/internal/metrics"
)

// Metrics tells how much was sealed and how much of that the record has.
func (r *Recorder) Metrics(tell metrics.Tell) {
	r.follower.Metrics(tell)
	vault := metrics.Label{Name: "vault", Value: string(r.cfg.Vault)}
	r.mu.Lock()
	period := int64(0)
	for _, a := range r.ledger.Attempts {
		if a.SealedAt >= 0 {
			period = max(period, a.Core.Epoch)
		}
	}
	r.mu.Unlock()
	tell(metrics.Gauge("detente_recorder_epoch", "The last period whose key is sealed; 0 before the first.", float64(period), vault))
	tell(metrics.Gauge("detente_recorder_untaken", "1 if the host has not taken something that was said.", metrics.Bool(r.undone.Load()), vault))
	now := r.cfg.Clock.Now().UnixMilli()
	r.shelf.mu.Lock()
	defer r.shelf.mu.Unlock()
	for _, camera := range slices.Sorted(maps.Keys(r.shelf.cams)) {
		reel := r.shelf.cams[camera]
		label := metrics.Label{Name: "camera", Value: camera}
		tell(metrics.Gauge("detente_recorder_segments", "Segments sealed and kept, in all lives.", float64(reel.count), vault, label))
		tell(metrics.Gauge("detente_recorder_unrecorded_segments", "Segments sealed whose descriptions are not on the record yet.", float64(len(reel.open)), vault, label))
		late, age := 0.0, 0.0
		if len(reel.open) > 0 {
			late = float64(max(0, now-int64(reel.open[0].Wall+reel.open[0].Duration))) / 1000
		}
		if reel.count > 0 {
			age = float64(max(0, now-int64(reel.end))) / 1000
		}
		tell(metrics.Gauge("detente_recorder_late_seconds", "How long ago the oldest segment ended that the record lacks; 0 if it lacks none.", late, vault, label))
		tell(metrics.Gauge("detente_recorder_last_segment_age_seconds", "How long ago the last segment ended, by the recorder's clock.", age, vault, label))
		tell(metrics.Gauge("detente_recorder_failed", "1 if a manifest could not be kept, and the camera stands still.", metrics.Bool(reel.torn != nil), vault, label))
	}
}
