package witness

import (
	"slices"

	"detente/internal/metrics"
)

// Metrics tells what this witness has cosigned.
func (w *Witness) Metrics(tell metrics.Tell) {
	w.mu.Lock()
	var logs []*log
	for _, l := range w.logs {
		logs = append(logs, l)
	}
	w.mu.Unlock()
	slices.SortFunc(logs, func(a, b *log) int { return slices.Compare([]byte(a.origin), []byte(b.origin)) })
	tell(metrics.Gauge("detente_witness_records", "Records registered.", float64(len(logs))))
	for _, l := range logs {
		l.mu.Lock()
		size, at, stale := l.head.Size, l.head.time, l.stale
		l.mu.Unlock()
		origin := metrics.Label{Name: "origin", Value: l.origin}
		tell(metrics.Gauge("detente_witness_cosigned_entries", "Entries of the largest checkpoint cosigned.", float64(size), origin))
		tell(metrics.Gauge("detente_witness_cosigned_timestamp_seconds", "The time stated in the latest cosignature.", float64(at), origin))
		tell(metrics.Gauge("detente_witness_write_failed", "1 if the last checkpoint could not be written, and nothing is cosigned until one can.", metrics.Bool(stale), origin))
	}
}
