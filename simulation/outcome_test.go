package simulation_test

import (
	"bytes"
	"testing"

	"detente/audit"
	"detente/machine"
	"detente/simulation"
)

// wantOpened has the beneficiary open the vault: n clips, byte for byte what
// the camera gave.
func (p *play) wantOpened(n int) {
	p.t.Helper()
	report, clips, err := p.Open(p.ctx)
	p.must(err)
	if report.Opened != n || len(clips) != n || len(report.Failed) > 0 {
		p.t.Fatalf("opened %d of %d: %+v", report.Opened, n, report)
	}
	for seq, data := range clips {
		if !bytes.Equal(data, simulation.Footage(seq-1)) {
			p.t.Errorf("clip %d is not what the camera gave", seq)
		}
	}
}

func TestReleased(t *testing.T) {
	p := begun(t, simulation.DefaultTerms())
	p.film(3)
	p.claim()
	p.find("accepts")
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Released)
	p.wantOpened(3)
	p.audit(audit.Holds)
}

func TestErased(t *testing.T) {
	p := begun(t, simulation.DefaultTerms())
	p.film(3)
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Erased)
	p.erased(7)
	if _, _, err := p.Open(p.ctx); err == nil {
		t.Error("opened an erased vault")
	}
	p.audit(audit.Holds)
}
