package simulation_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"detente/machine"
	"detente/record"
	"detente/recorder/source"
	"detente/simulation"
	"detente/statement"
	"detente/vault"
)

// What a camera shows before the recording opens, or from its close on, is not
// sealed: nobody agreed on that.
func TestNothingIsRecordedBeforeTheOpeningOrAfterTheClose(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.Clock.Set(p.Terms.Opens.Add(-time.Hour)) // by now the camera is at work
	p.must(p.Shoot(p.ctx, source.Clip{Start: p.Terms.Opens.Add(-time.Second)}))
	if n, err := p.Segments(); n != 0 || err != nil {
		t.Errorf("%d segments from before the opening, %v", n, err)
	}
	p.must(p.Shoot(p.ctx, source.Clip{Start: p.Terms.Opens}))
	p.must(p.Shoot(p.ctx, source.Clip{Start: p.Terms.Closes.Add(-time.Second)}))
	if n, err := p.Segments(); n != 2 || err != nil {
		t.Errorf("%d segments from the opening and before the close, want 2, %v", n, err)
	}
	short, cancel := context.WithTimeout(p.ctx, 300*time.Millisecond)
	defer cancel()
	if err := p.Shoot(short, source.Clip{Start: p.Terms.Closes}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the recorder asks the camera for more: %v", err)
	}
	if n, err := p.Segments(); n != 2 || err != nil {
		t.Errorf("%d segments after the close, want 2, %v", n, err)
	}
}

// A recorder without a picture says all the same that it is there.
func TestRecorderWithoutAPictureIsHeard(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	heard := func(_ *record.Fold, l *vault.Ledger) bool {
		return slices.ContainsFunc(l.Verdicts, func(v vault.Verdict) bool {
			return v.Kind == statement.KindHeartbeat && v.By == simulation.Recorder && v.Force
		})
	}
	p.until("the first segment is read", func(f *record.Fold, l *vault.Ledger) bool {
		if heard(f, l) {
			t.Error("a heartbeat while there was footage")
		}
		return true
	})
	for _, day := range []int{10, 19, 28} { // it counts from when it last looked, which may be after the first
		p.Clock.Set(p.slot(day))
		within, cancel := context.WithTimeout(p.ctx, 5*time.Second)
		err := p.Until(within, "the recorder is heard", heard)
		cancel()
		if err == nil {
			return
		}
	}
	t.Error("no picture, and not a word for weeks")
}

// A custodian that has put its word on a release on the record, and whose folder
// knows nothing of it, does not erase: it would act on an outcome against its own
// word. It holds, and the others act.
func TestCustodianHoldsAgainstItsOwnWord(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(2)
	p.covered(p.say("c1", none, statement.OutcomeBody{Vault: simulation.Vault, Outcome: string(machine.Released)}))
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Erased)
	p.erased(3)
	p.must(p.Custodian("c1").Restart(p.ctx))
	p.covered(p.say(simulation.Host, none, words("Three of four have erased.")))
	p.seen("c1")
	_, err := p.Quiet(p.ctx)
	p.must(err)
	p.until("the others alone have erased", func(_ *record.Fold, l *vault.Ledger) bool {
		if l.Erasures() != 3 || len(l.Custodies[0].Erased) > 0 {
			t.Errorf("%d have erased, c1 %d times", l.Erasures(), len(l.Custodies[0].Erased))
		}
		return true
	})
	if p.files("c1") == 0 {
		t.Error("it has destroyed its shares")
	}
}
