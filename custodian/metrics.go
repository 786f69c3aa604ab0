package custodian

import (
	"detente/internal/metrics"
)

// Metrics tells what this custodian holds and how far it has read.
func (c *Custodian) Metrics(tell metrics.Tell) {
	c.follower.Metrics(tell)
	c.mu.Lock()
	defer c.mu.Unlock()
	tell(metrics.Gauge("detente_custodian_read_entries", "Final entries that every seat has read.", float64(c.read())))
	tell(metrics.Gauge("detente_custodian_caught_up", "1 once all that an earlier life said has been read; before, nothing is said.", metrics.Bool(c.caught)))
	tell(metrics.Gauge("detente_custodian_unsaid", "1 if something is owed that the host has not taken.", metrics.Bool(c.unsaid)))
	for _, s := range c.seats {
		vault := metrics.Label{Name: "vault", Value: string(s.vault)}
		for folder, help := range map[string]string{"share": "Shares of epoch keys held.", "key": "Keys of dealings held."} {
			names, err := s.fs().ReadDir(s.path(folder))
			if err == nil {
				tell(metrics.Gauge("detente_custodian_"+folder+"s", help, float64(len(names)), vault))
			}
		}
		for _, outcome := range []string{"release", "erase"} {
			tell(metrics.Gauge("detente_custodian_outcome", "1 for the outcome that this seat acts on; it holds before.", metrics.Bool(string(s.outcome) == outcome), vault, metrics.Label{Name: "outcome", Value: outcome}))
		}
	}
}
