package simulation_test

import (
	"testing"
	"time"

	"detente/record"
	"detente/simulation"
	"detente/vault"
)

// Custodians prove at the text's interval that they hold their shares, without
// anybody asking.
func TestCustodiansProveThatTheyHoldTheirShares(t *testing.T) {
	terms := simulation.DefaultTerms().Small()
	terms.Proves = "1 day"
	p := begun(t, terms)
	p.film(1)
	p.acknowledged(1)
	p.pass(p.Terms.Opens.Add(26 * time.Hour))
	p.until("every custodian has proved it", func(_ *record.Fold, l *vault.Ledger) bool {
		for _, c := range l.Custodies {
			if len(c.Possessed) == 0 {
				return false
			}
		}
		return true
	})
}
