package simulation_test

import (
	"testing"
	"time"

	"detente/audit"
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
	p.Clock.Set(p.Terms.Opens.Add(26 * time.Hour)) // nothing is due then but the proofs
	p.until("every custodian has proved it", func(_ *record.Fold, l *vault.Ledger) bool {
		for _, c := range l.Custodies {
			if len(c.Possessed) == 0 {
				return false
			}
		}
		return true
	})
	if r := p.audit(audit.Holds); len(r.Conduct) > 0 {
		t.Errorf("the audit: %+v", r.Conduct)
	}
}
