package record

import (
	"strings"
	"testing"

	"detente/agreement"
	"detente/statement"
)

func TestDuties(t *testing.T) {
	b := begin(t)
	d1, window := instant("2021-04-01"), agreement.Instant(hour)
	want := func(now agreement.Instant, why string, size int64, after, since, next agreement.Instant) {
		t.Helper()
		d := b.f.Duty(now)
		if d.Due != (why != "") || !strings.Contains(d.Why, why) || d.Size != size || d.After != after || d.Due && d.Since != since || d.Next != next {
			t.Fatalf("at %s: %+v\nwant %q, size %d, after %d, since %s, next %s", now, d, why, size, after, since, next)
		}
	}
	march := instant("2021-03-01")
	want(march, "", 0, Beginning, 0, d1) // idle: the proof that nothing covers is no duty
	b.say("iran", words)
	b.say("iaea", words)
	want(march, "entry 4 is covered by no proof", 6, Beginning, b.f.Clock(), d1)
	if got := b.f.Duty(march).Behind; got != 2 {
		t.Fatalf("behind by %d", got)
	}
	b.tick(march)
	want(march, "", 0, Beginning, 0, d1)
	want(d1-1, "", 0, Beginning, 0, d1)
	want(d1, "has passed and no proof shows it", 0, d1, d1, instant(closeDay))
	b.tick(d1)
	want(d1+6, "which no proof covers", 8, Beginning, d1, instant(closeDay))
	b.tick(d1 + 10)
	want(d1+11, "", 0, Beginning, 0, d1+10+window)
	want(d1+10+window, "can be decided", 0, d1+10+window, d1+10+window, instant(closeDay))
	b.tick(d1 + 10 + window)
	if b.f.Settled() < d1 {
		t.Fatal("all duties are met and the deadline is not decided")
	}
	want(d1+11+window, "", 0, Beginning, 0, instant(closeDay))
}

// Meeting the duties, and nothing else, decides every deadline of the text.
func TestDutiesAreEnough(t *testing.T) {
	b := begin(t)
	now, proofs := b.f.Clock(), 0
	for now < instant("2021-07-01") {
		d := b.f.Duty(now)
		if d.Due {
			b.tick(now)
			if proofs++; proofs > 20 {
				t.Fatalf("duty without end: %+v", b.f.Duty(now))
			}
			now++
			continue
		}
		if d.Next == Never {
			break
		}
		now = d.Next
	}
	if len(b.f.State().Deadlines()) != 0 {
		t.Fatalf("still armed: %+v", b.f.State().Deadlines())
	}
}

func TestOwedProofs(t *testing.T) {
	b := begin(t)
	d1 := instant("2021-04-01")
	owed := func(note []byte, want bool) {
		t.Helper()
		must, why, err := b.f.Owed(note)
		if err != nil || must != want || why == "" {
			t.Fatalf("owed %v (%s), %v; want %v", must, why, err, want)
		}
	}
	older := func(size int64, at agreement.Instant) []byte { return b.cosign(b.checkpoint(size), at) }
	owed(older(1, d1-1), false)
	owed(older(1, d1), true) // moves the clock past the deadline
	b.say("iran", words)
	owed(older(5, noon), true)
	b.tick(d1)
	owed(older(5, d1), false) // no lower a bound than the tick gave
	owed(older(4, d1), false)
	owed(older(6, d1+hour-1), false) // covers the tick, but an hour too late to decide
	owed(older(6, d1), false)
	b.tick(d1 + 1)
	owed(older(6, d1+hour), false)
	owed(older(6, d1+1+hour), true) // settles it
	if _, _, err := b.f.Owed(b.checkpoint(3)); faultCode(err) != FaultTooFew {
		t.Fatalf("a checkpoint that is no proof: %v", err)
	}
}

// A depositary whose own clock lags behind the witnesses' owes what the record
// shows: to cover the proof that showed a deadline to have passed.
func TestDutyOfAClockThatLags(t *testing.T) {
	b := begin(t)
	d1 := instant("2021-04-01")
	b.tick(d1)
	if d := b.f.Duty(d1 - day); !d.Due || d.Size != b.f.Size() || d.Next != instant(closeDay) {
		t.Errorf("the proof that shows the deadline is not covered: %+v", d)
	}
	b.tick(d1 + 1)
	if d := b.f.Duty(d1 - day); d.Due || d.Next != d1+1+hour {
		t.Errorf("covered: %+v, want it due when the window has run", d)
	}
}

// A statement that waits: a proof with the bound that it has already is not
// owed, one a second better is.
func TestOwedForAWaitingStatement(t *testing.T) {
	b := begin(t)
	b.say("iran", words)
	late := instant("2021-04-01") + 1
	b.tick(late)
	b.wantWaiting(4)
	for at, want := range map[agreement.Instant]bool{late: false, late - 1: true} {
		if must, why, err := b.f.Owed(b.cosign(b.checkpoint(5), at)); err != nil || must != want {
			t.Errorf("a proof by %s: owed %v (%s), %v", at, must, why, err)
		}
	}
}

func TestAsOfAndEvents(t *testing.T) {
	b := begin(t)
	b.decide(instant("2021-04-01"))
	if got := b.f.AsOf(instant("2021-03-01")); got != 4 {
		t.Errorf("as of March: %d entries, want 4", got)
	}
	if got := b.f.AsOf(instant("2021-04-01")); got != 5 {
		t.Errorf("as of the very clock of a proof: %d entries, want it among them, 5", got)
	}
	if got := b.f.AsOf(Beginning + 1); got != 3 {
		t.Errorf("before all: %d entries, want those before the first proof", got)
	}
	if got := b.f.AsOf(Never); got != b.f.Size() {
		t.Errorf("as of the end: %d of %d", got, b.f.Size())
	}
	at, err := FoldTo(b.a, b.entries, 4)
	if err != nil || at.Size() != 4 || at.Clock() != instant("2021-02-23T08:00:00Z") {
		t.Errorf("folded to four: %v", err)
	}
	for _, n := range []int64{-1, b.f.Size() + 1} {
		if _, err := FoldTo(b.a, b.entries, n); err == nil {
			t.Errorf("folded to %d of %d", n, b.f.Size())
		}
	}
	events := b.f.Events()
	last := events[len(events)-1]
	if len(events) != 3 || events[0].Entry != 1 || last.Entry != -1 || last.Deadline.Subject != "grant-access" || last.Proof != b.f.Size()-1 {
		t.Errorf("events %+v", events)
	}
	if b.f.Now() != last.At || b.f.Entry(-1) != nil || b.f.Entry(b.f.Size()) != nil {
		t.Errorf("now %s, entries beyond the ends", b.f.Now())
	}
	if _, ok := b.f.ByID(statement.ID{1}); ok {
		t.Error("a statement that nobody made is found")
	}
}

// The state after n entries is the same whether the record went on or not, and
// what an entry was judged as never changes.
func TestPrefixesDetermineTheState(t *testing.T) {
	b, _ := exported(t)
	states := make([][]byte, 0, b.f.Size())
	f, err := NewFold(b.a)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range b.entries {
		j := f.Append(e)
		states = append(states, f.State().Bytes())
		if later := b.f.Entry(int64(i)); (later.Fault == nil) != (j.Fault == nil) || later.What != j.What || later.UB > j.UB {
			t.Fatalf("entry %d: judged %+v, later %+v", i, j, later)
		}
	}
	for n := range b.entries {
		f, err := FoldTo(b.a, b.entries, int64(n+1))
		if err != nil {
			t.Fatal(err)
		}
		if string(f.State().Bytes()) != string(states[n]) {
			t.Fatalf("the fold of %d entries is not the state after %d", n+1, n+1)
		}
	}
}
