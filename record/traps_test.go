package record

import (
	"errors"
	"slices"
	"testing"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

// The traps of the time rule: each was found by searching earlier versions of
// it. Trap 4 is in proof_test.go, trap 8 in cutsearch_test.go; what traps 2 and 3
// say about amendments and changes of witnesses is in witnesses_test.go.

// closed is a record whose lifting was reported and verified, and whose clock
// stands at the long-stop of a hold that never began.
const (
	closeDay = "2021-05-24"
	longStop = "2021-06-23"
)

// silent is a record that lived through 1 April and then halted: nobody ever
// appends again, but witnesses go on cosigning what is there.
func silent(t testing.TB) *book {
	b := begin(t)
	b.decide(instant("2021-04-01"))
	return b
}

// Trap 1: the record halts undecided and is cosigned after the long-stop; one
// custodian could take that for a halt, and another for nothing, since a later
// entry then decides. With the cut neither can act on a checkpoint between the
// long-stop and H, and what was decided after H does not count.
func TestTrap1HaltedNeedsACut(t *testing.T) {
	b := silent(t)
	cut, ok := b.f.Cut("footage")
	if !ok || cut.Close != instant(closeDay) || cut.LongStop != instant(longStop) || cut.H < cut.LongStop+2*hour {
		t.Fatalf("cut %+v", cut)
	}
	halted := b.f.Size()
	note := func(size int64, at agreement.Instant) []byte { return b.cosign(b.checkpoint(size), at) }
	for _, at := range []agreement.Instant{cut.LongStop + 1, cut.H - 1, cut.H, cut.H + agreement.Instant(cut.Margin) - 1} {
		if c, err := b.f.Decide("footage", note(halted, at)); !errors.Is(err, ErrUndecided) {
			t.Errorf("cosigned undecided at %s: %+v, %v", at, c, err)
		}
	}
	late := cut.H + agreement.Instant(cut.Margin)
	c, err := b.f.Certify("footage", note(halted, late))
	if err != nil || c.Ground != Halted || c.Outcome != machine.Erased {
		t.Fatalf("cosigned undecided at %s: %+v, %v", late, c, err)
	}
	// The depositary wakes and the record decides. Nothing that is recorded
	// now makes a certificate, and the one there is stays.
	b.tick(late)
	b.tick(late + 1)
	b.tick(late + 1 + hour)
	b.tick(late + 2 + hour)
	if o, _ := b.f.State().Outcome("footage"); o != machine.Erased {
		t.Fatalf("after the halt the record holds %s", o)
	}
	c, err = b.f.Decide("footage")
	if err != nil || c.Ground != Halted {
		t.Fatalf("the proof of the halt stands on the record: %+v, %v", c, err)
	}
	if c, err := b.f.Certify("footage", note(b.f.Size(), late+3*hour)); err == nil {
		t.Fatalf("decided after the cut, and certified: %+v", c)
	}
}

// Trap 2, as far as it can happen here: the long-stop is decided a window after
// it on a live record, and only what was cosigned before H certifies it; the
// halted certificate is to be had only an hour after H.
func TestTrap2OneCertificateAtTheLongStop(t *testing.T) {
	b := silent(t)
	b.say("iran", statement.LiftBody{Measure: "us-sanctions", Documents: none})
	b.tick(instant("2021-05-20"))
	// The claim is undecided at the close: held; then silence accepts it.
	b.decide(instant(closeDay))
	if o, _ := b.f.State().Outcome("footage"); o != machine.Held {
		t.Fatalf("outcome %s, want held", o)
	}
	b.decide(instant("2021-06-03"))
	if o, _ := b.f.State().Outcome("footage"); o != machine.Released {
		t.Fatalf("outcome %s, want release", o)
	}
	cut, _ := b.f.Cut("footage")
	size := b.f.Size()
	for _, c := range []struct {
		at   agreement.Instant
		good bool
	}{{cut.H - 1, true}, {cut.H, false}, {cut.H + agreement.Instant(cut.Margin), false}} {
		_, err := b.f.Decide("footage", b.cosign(b.checkpoint(size), c.at))
		if c.good != (err == nil) || !c.good && !errors.Is(err, ErrUndecided) {
			t.Errorf("decided and cosigned at %s: %v", c.at, err)
		}
	}
	// Two before and one after are no quorum before H.
	if _, err := b.f.Decide("footage", b.cosign(b.checkpoint(size), cut.H-1, cut.H-1, cut.H)); !errors.Is(err, ErrUndecided) {
		t.Errorf("two of three before H: %v", err)
	}
}

// Trap 3, as far as it can happen here: a stamp that was in flight while the
// record moved on still counts, for it is judged by its own size.
func TestTrap3StampInFlight(t *testing.T) {
	b := begin(t)
	s := b.say("iran", words)
	inFlight := b.cosign(b.checkpoint(b.f.Size()), instant("2021-03-31T23:00:00Z"))
	b.tick(instant("2021-04-01T00:30:00Z"))
	b.must(b.put(ProofEntry(inFlight)))
	if e := b.f.Entry(s.Index).Effect; e == nil || e.At != instant("2021-03-31T23:00:00Z") {
		t.Fatalf("effect %+v", e)
	}
}

// Trap 5: effects went 120, then 110, when a liar's stamp came between.
func TestTrap5EffectsNeverGoBack(t *testing.T) {
	w := newWorld(0, 1000)
	o := newLogged(10, w, func(i int64, at agreement.Instant) { w.apply(i, at, act{}) })
	o.statement(1)
	o.proof(2, 2, 120, 120)
	o.statement(3)
	o.proof(4, 4, 110, 121)
	if got := []agreement.Instant{o.events[0].At, o.events[1].At}; !slices.Equal(got, []agreement.Instant{120, 120}) {
		t.Fatalf("effects at %v, want 120 and 120", got)
	}
}

// Trap 6: after a long outage the first tick shows the deadline passed. It must
// not decide: whoever holds an older proof has a window of the record to bring
// it. Withheld early proof, late tick appended first: the statement counts.
func TestTrap6StampsBeforeJudgementAfterAnOutage(t *testing.T) {
	b := silent(t)
	lift := b.say("iran", statement.LiftBody{Measure: "us-sanctions", Documents: none})
	withheld := b.cosign(b.checkpoint(b.f.Size()), instant("2021-05-23T12:00:00Z"))
	after := instant("2021-06-10") // far beyond the close and its window
	b.tick(after)
	if o, _ := b.f.State().Outcome("footage"); o != machine.Open {
		t.Fatalf("the first tick decided: %s", o)
	}
	b.wantWaiting(lift.Index)
	if must, why, err := b.f.Owed(withheld); err != nil || !must {
		t.Fatalf("the withheld proof need not be appended: %q, %v", why, err)
	}
	b.must(b.put(ProofEntry(withheld)))
	if e := b.f.Entry(lift.Index).Effect; e == nil || e.At != instant("2021-05-23T12:00:00Z") || !e.Verdict.Effect {
		t.Fatalf("the lifting: %+v", e)
	}
	b.tick(after + 60)
	b.tick(after + 60 + hour)
	if o, at := b.f.State().Outcome("footage"); o != machine.Released || at > instant("2021-06-07") {
		t.Fatalf("outcome %s at %s, want release by silence in June", o, at)
	}
}

// And without the stamp the same record erases: the late tick alone dates the
// statement after the close.
func TestWithheldForEverIsLate(t *testing.T) {
	b := silent(t)
	lift := b.say("iran", statement.LiftBody{Measure: "us-sanctions", Documents: none})
	b.decide(instant("2021-06-10"))
	if e := b.f.Entry(lift.Index).Effect; e == nil || e.Verdict.Effect {
		t.Fatalf("a lifting proved in June: %+v", e)
	}
	if o, at := b.f.State().Outcome("footage"); o != machine.Erased || at != instant(closeDay) {
		t.Fatalf("outcome %s at %s, want erase at the close", o, at)
	}
}

// One second before the close, at it, one after: the boundary is the instant
// itself, and the window does not move it.
func TestBoundaryOfTheClose(t *testing.T) {
	for _, c := range []struct {
		by   agreement.Instant
		want machine.Outcome
	}{{instant(closeDay) - 1, machine.Released}, {instant(closeDay), machine.Released}, {instant(closeDay) + 1, machine.Erased}} {
		b := silent(t)
		lift := b.say("iran", statement.LiftBody{Measure: "us-sanctions", Documents: none})
		s := b.draft("iran", statement.VerifyBody{Commitment: "lift-sanctions", Finding: "accepts", Reason: "", Documents: none})
		s.Answers = lift.Statement.ID
		b.must(b.put(b.signed(s)))
		b.tick(c.by)
		b.decide(instant(closeDay) + 2)
		if o, _ := b.f.State().Outcome("footage"); o != c.want {
			t.Errorf("proved by %s: %s, want %s", c.by, o, c.want)
		}
	}
}

// Trap 7: a deadline that recurs faster than the window delays every effect by
// the window, but by no more: a statement is in effect when settled time has
// passed the deadlines before it.
func TestTrap7RecurringDeadlinesDelayByTheWindow(t *testing.T) {
	const window = 5
	w := newWorld(1, 1) // fires at 1, 2, ... 8
	o := newLogged(window, w, func(i int64, at agreement.Instant) { w.apply(i, at, act{}) })
	o.statement(1)
	entry := int64(2)
	for now := agreement.Instant(4); now < 4+2*window; now++ {
		o.proof(entry, entry, now, now)
		entry++
		if effective := o.inEffect(1); effective != (now > 4+window) {
			t.Fatalf("proved by 4, the clock at %d, settled %d: in effect %v", now, o.settled, effective)
		}
	}
	if at := o.events[len(o.events)-1]; !slices.ContainsFunc(o.events, func(e Event) bool { return e.Entry == 1 && e.At == 4 }) {
		t.Fatalf("the statement is not in effect at 4; last event %+v", at)
	}
}

// Trap 9: existed-by is not known-by. A tail that witnesses cosigned and the
// depositary kept back dates from its cosignatures when it appears; that is
// why parties ask the witnesses for the largest size they saw.
func TestTrap9ExistedByIsNotKnownBy(t *testing.T) {
	b := begin(t)
	hidden := b.say("iran", words)
	note := b.cosign(b.checkpoint(b.f.Size()), instant("2021-03-01"))
	// Weeks later the entry and its old proof are published together.
	b.tick(instant("2021-03-20"))
	b.must(b.put(ProofEntry(note)))
	if j := b.f.Entry(hidden.Index); j.UB != instant("2021-03-01") {
		t.Fatalf("existed by %s", j.UB)
	}
}

// The deciding tick removed: undecided, neither released nor erased.
func TestDecidingTickRemoved(t *testing.T) {
	b := silent(t)
	b.decide(instant(closeDay))
	if o, _ := b.f.State().Outcome("footage"); o != machine.Erased {
		t.Fatalf("outcome %s", o)
	}
	cut := b.like(b.f.Size() - 1)
	if o, _ := cut.f.State().Outcome("footage"); o != machine.Open {
		t.Fatalf("without the deciding tick: %s", o)
	}
	if _, err := cut.f.Decide("footage"); !errors.Is(err, ErrUndecided) {
		t.Fatalf("without the deciding tick: %v", err)
	}
	// The proof that covers the deciding tick, shown with the shorter copy.
	note := b.cosign(b.checkpoint(b.f.Size()), instant(closeDay)+2*hour)
	if _, err := cut.f.Decide("footage", note); !errors.Is(err, ErrTooShort) {
		t.Fatalf("a checkpoint beyond the copy: %v", err)
	}
}
