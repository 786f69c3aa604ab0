package simulation_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"detente/audit"
	"detente/machine"
	"detente/record"
	"detente/simulation"

	"detente/vault"
)

// May 2021, and more with it: the close is put off by a month, a custodian is
// replaced and the agency has another key. What was dealt before opens with the
// shares of those of then, the one who was replaced among them; what is dealt
// afterwards with the new one's.
func TestAmendedWithAnotherCustodianAndKey(t *testing.T) {
	terms := simulation.DefaultTerms().Small()
	terms.Need = 3 // of four: with two away each epoch needs those that are left
	p := begun(t, terms)
	p.film(2)
	p.acknowledged(1)
	p.Clock.Set(p.Terms.Closes.Add(-15 * day)) // the second epoch is under way
	p.must(p.Epoch(p.ctx, 2))
	p.acknowledged(2)

	next := p.Terms
	next.Closes = next.Closes.AddDate(0, 1, 0)
	next.Custodians = append(slices.Clone(next.Custodians[:3]), "c9")
	next.AgencyKey = 1
	if err := p.Join(p.ctx, "c9"); err == nil {
		t.Fatal("a custodian without a seat has started")
	}
	p.Custodians = p.Custodians[:4]
	p.amend(next)
	if _, err := p.Submit(p.ctx, p.note(words("by the former key"))); err == nil {
		t.Error("the former key still signs")
	}
	p.Keys.Agency = 1
	p.must(p.Join(p.ctx, "c9"))
	p.until("the new custodian has taken its seat", func(_ *record.Fold, l *vault.Ledger) bool {
		return len(l.Custodies) == 5 && l.Custodies[4].Custodian == "c9" && l.Custodies[4].Accepted >= 0
	})
	p.must(p.Recorder.Restart(p.ctx))
	for e := int64(3); e <= 5; e++ {
		p.Clock.Set(p.Terms.Opens.Add(p.Terms.Epoch*time.Duration(e-2) + day))
		p.must(p.Epoch(p.ctx, e))
	}
	p.acknowledged(5)
	p.until("later epochs are the new one's", func(_ *record.Fold, l *vault.Ledger) bool {
		for e := int64(1); e <= 5; e++ {
			seats := l.Sealed(e).Core.Seats
			replaced := seats[3].Keyed
			joined := len(seats) == 5 && seats[4].Keyed
			if replaced == joined || e <= 2 && joined || e == 5 && !joined {
				t.Fatalf("epoch %d: the replaced one has a share: %t, the new one: %t", e, replaced, joined)
			}
		}
		return true
	})
	p.must(p.Film(p.ctx, 1))
	p.must(p.Batched(p.ctx))

	// c1 is away: of each epoch exactly as many are left as it needs.
	p.must(p.Custodian("c1").Stop())
	p.must(p.Custodian("c4").Restart(p.ctx))
	p.claim()
	p.find("accepts")
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Released)
	report, clips, err := p.Open(p.ctx)
	p.must(err)
	if report.Opened != 3 || len(report.Epochs) < 5 || !bytes.Equal(clips[2], simulation.Footage(1)) || !bytes.Equal(clips[3], simulation.Footage(31)) {
		t.Fatalf("%+v", report)
	}
	for _, e := range report.Epochs {
		if !e.Open || e.Shares != 3 {
			t.Errorf("epoch %d: %+v", e.Epoch, e)
		}
	}
	r := p.audit(audit.Holds)
	if v := r.Vaults[0]; v.Outcome != machine.Released || len(r.Conduct) > 0 {
		t.Errorf("the audit: %+v, conduct %v", v, r.Conduct)
	}
}

// The same ends in an erasure, of which the replaced one too says its part.
func TestReplacedCustodianErases(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.acknowledged(1)
	next := p.Terms
	next.Custodians = append(slices.Clone(next.Custodians[:3]), "c9")
	p.amend(next)
	p.must(p.Join(p.ctx, "c9"))
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Erased)
	p.erased(5)
	p.until("each says of how many epochs", func(_ *record.Fold, l *vault.Ledger) bool {
		if l.Custodies[3].Erased[0].Epochs == 0 {
			t.Error("the replaced one held the first epoch")
		}
		return true
	})
	p.audit(audit.Holds)
}
