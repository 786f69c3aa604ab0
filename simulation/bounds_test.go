package simulation_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
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

// The host shows a custodian a record that ends with the decision to erase, and
// the witnesses have cosigned more of it. What is erased cannot be undone, so it
// asks them first, and holds until it is shown the rest.
func TestErasureWaitsForWhatTheHostDoesNotShow(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(2)
	fooled := p.Custodian("c1")
	p.must(fooled.Stop())
	var asked atomic.Int64
	fooled.Witnesses.Tap(func(r *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		resp, err := send(r)
		asked.Add(1)
		return resp, err
	})
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Erased)
	p.erased(3)
	_, err := p.Quiet(p.ctx)
	p.must(err)
	old, err := p.Freeze(p.ctx, "frozen")
	p.must(err)
	p.covered(p.say(simulation.Agency, none, words("Wait.")))
	_, err = p.Quiet(p.ctx)
	p.must(err)
	fooled.Line.Lead(old)
	p.must(fooled.Start(p.ctx))
	p.eventually("it has asked the witnesses", func() bool { return asked.Load() >= int64(len(p.Terms.Witnesses)) })
	p.covered(p.say(simulation.Agency, none, words("Wait longer.")))
	if p.files("c1") == 0 {
		t.Fatal("it erased, and the witnesses had cosigned what it was not shown")
	}
	fooled.Line.Lead("")
	p.erased(4)
}

// A custodian that has renounced the witnesses in force, because others are to
// take their place, acts on nothing that they cosign: the new ones might say
// otherwise. Here they never come, and it holds.
func TestCustodianHoldsWhatItRenounced(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(2)
	other := p.Terms
	other.Witnesses = []string{"oslo", "geneva", "muscat", "seoul"}
	b, err := p.Amended(other)
	p.must(err)
	parts, err := record.TextParts(b)
	p.must(err)
	for _, part := range parts {
		p.say(simulation.Agency, none, part)
	}
	id := p.say("c1", none, statement.RenounceBody{Bundle: b.Digest().String()})
	p.covered(id)
	p.Reader.With(func(f *record.Fold) {
		if to, ok := f.Renounced("c1"); !ok || to != b.Digest() {
			t.Fatalf("c1 has renounced for %s, %v: this shows nothing", to, ok)
		}
	})
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Erased)
	p.erased(3)
	p.must(p.Custodian("c1").Restart(p.ctx))
	p.covered(p.say(simulation.Host, none, words("Three of four have erased.")))
	p.seen("c1")
	_, err = p.Quiet(p.ctx)
	p.must(err)
	if p.files("c1") == 0 {
		t.Error("it has erased on a certificate that it had renounced")
	}
	p.erased(3)
}

// A clip that was recorded a while before it is sealed, because the recorder was
// busy, cites a head of then: with the newest one it would state a time before
// the checkpoint that it names, as a forger's does.
func TestClipOfAWhileAgoCitesAHeadOfThen(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(2)
	p.Clock.Set(p.slot(11))
	p.covered(p.say(simulation.Agency, none, words("It is the eleventh day.")))
	p.must(p.Epoch(p.ctx, 3)) // so the recorder knows
	p.must(p.Shoot(p.ctx, source.Clip{Start: p.slot(8)}))
	p.must(p.Batched(p.ctx))
	if c := p.coverage(); c.Seconds.Tamper > 0 || c.Segments != 3 || c.Seconds.Covered+c.Seconds.Degraded != 30 { // degraded: how old that head is depends on when it read
		t.Errorf("%d segments, %+v, %+v", c.Segments, c.Seconds, c.Intervals)
	}
}
