package vault

import (
	"testing"

	"detente/agreement"
	"detente/statement"
)

// amended folds an amendment of the world's terms.
func (w *world) amended(change func(*Terms), changed ...agreement.Name) {
	w.t.Helper()
	t := w.ledger.Terms
	change(&t)
	err := w.ledger.Amend(t, func(c agreement.Name) bool {
		for _, n := range changed {
			if n == c {
				return true
			}
		}
		return false
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range w.ledger.Custodies[len(w.seats):] {
		w.seats = append(w.seats, &seatHolder{name: c.Custodian, keys: map[Digest]*PrivateKey{}})
	}
}

// A replaced custodian keeps its share of what was dealt to it and hands it
// over; the new one has shares of later epochs only; each epoch needs what the
// text said when it was dealt.
func TestCustodianReplacedByAmendment(t *testing.T) {
	w := newWorld(t, 3, 2, 1)
	w.acceptAll()
	first := w.sealed(1)
	under := w.record(w.dealing(2)) // dealt under the old text, acknowledged under the new
	w.amended(func(t *Terms) {
		t.Seats = []agreement.Name{"custodian-a", "custodian-d", "custodian-c"}
		t.Need, t.Absent = 3, 0
	})
	w.acknowledge(under, 1, 2, 3)
	if under.Status != Sealed || under.NeedNow() != 2 {
		t.Fatalf("dealt before the amendment: %s, need %d", under.Status, under.NeedNow())
	}
	if got := w.ledger.OwedByCustodian(4); len(got) != 1 || got[0].Task != TaskAccept {
		t.Fatalf("owed by the new one: %+v", got)
	}
	old := w.draw(2)
	w.refused("custodian-b", statement.ID{}, statement.AcceptCustodyBody{Vault: "cameras", Key: encodeBytes(old.Public().Bytes())})
	if _, err := w.ledger.Deal(3); err == nil {
		t.Fatal("dealt without a key of the new custodian")
	}
	w.accept(4)
	d := w.dealing(3)
	if len(d.Seats) != 4 || d.Seats[1].Keyed || !d.Seats[3].Keyed || d.Need != 3 {
		t.Fatalf("dealt to %+v, need %d", d.Seats, d.Need)
	}
	third := w.record(d)
	w.acknowledge(third, 1, 3, 4)
	if third.Status != Sealed {
		t.Fatalf("%s", third.Status)
	}
	deliver := w.request(1, 3)
	for _, seat := range []int{1, 2, 4} {
		id, body := w.handOver(seat, nil)
		w.must(w.seats[seat-1].name, id, body)
	}
	for epoch, want := range map[int64]int{1: 2, 2: 2, 3: 2} {
		c, err := w.ledger.Collect(epoch, deliver)
		if err != nil || len(c.Shares) != want || (c.Identity != nil) != (epoch < 3) {
			t.Errorf("epoch %d: %+v, %v; want %d shares", epoch, c, err, want)
		}
	}
	w.must("custodian-b", statement.ID{}, statement.ErasedBody{Vault: "cameras", Seat: 2, Epochs: 2, Certificate: certificate})
	if first.Core.Seats[1].Custodian != "custodian-b" {
		t.Error("a seat was given to another")
	}
}

// Whoever dealt by the text before the amendment is at fault only if he could
// have known of it.
func TestDealingUnderTheTextBefore(t *testing.T) {
	w := newWorld(t, 3, 2, 1)
	w.acceptAll()
	w.cite()
	d := w.dealing(1)
	w.must("recorder", statement.ID{}, statement.HeartbeatBody{Vault: "cameras"}) // in place of the proof
	w.amended(func(t *Terms) { t.Need, t.Absent = 3, 0 })
	if v := w.refused("recorder", statement.ID{}, d.Body()); v.Culprit != "" {
		t.Errorf("%+v: he had not seen the amendment", v)
	}
}

// A barred custodian has a seat again by an amendment that says who holds the
// seats, or something new of it; not by any other.
func TestBarredCustodianIsSeatedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*Terms)
		changed []agreement.Name
		again   bool
	}{
		"the close alone": {func(*Terms) {}, nil, false},
		"another's key":   {func(*Terms) {}, []agreement.Name{"custodian-b"}, false},
		"its key":         {func(*Terms) {}, []agreement.Name{"custodian-a"}, true},
		"the threshold":   {func(t *Terms) { t.Absent = 0 }, nil, true},
	} {
		w := newWorld(t, 3, 2, 1)
		w.acceptAll()
		a := w.record(w.dealing(1))
		w.must("custodian-a", statement.ID{}, w.complaint(a, 1, w.key(a, 1).Seed()))
		if w.ledger.Custodies[0].Barred < 0 {
			t.Fatal("a false complaint bars")
		}
		w.amended(c.change, c.changed...)
		if again := w.ledger.Custodies[0].Barred < 0; again != c.again {
			t.Errorf("%s: seated again %v", name, again)
		}
	}
}

// The recorder's keys by amendment hold from its place on.
func TestRecorderByAmendment(t *testing.T) {
	w := newWorld(t, 3, 2, 1)
	old := w.ledger.Terms.RecorderKey
	next := old
	next[0] ^= 1
	w.acceptAll()
	at := w.ledger.Size()
	w.amended(func(t *Terms) { t.Recorder, t.RecorderKey = "second", next })
	if b, a := w.ledger.KeysAt(at-1), w.ledger.KeysAt(at); len(b) != 1 || b[0] != old || len(a) != 1 || a[0] != next {
		t.Errorf("keys before %v, after %v", b, a)
	}
	if v := w.refused("recorder", statement.ID{}, statement.SealBody{Vault: "cameras", Batch: Digest{}.String(), Manifests: 1,
		Ranges: []statement.CameraRange{{Camera: "east", Head: Digest{}.String()}}}); v.Culprit != "recorder" {
		t.Errorf("%+v", v)
	}
	if err := w.ledger.Amend(Terms{}, nil); err == nil {
		t.Error("amended by no terms")
	}
}
