package vault

import (
	"reflect"
	"testing"

	"detente/statement"
)

// A share that a false complaint showed to all counts at the release: one
// custodian fewer is needed, and those who know it alone open nothing.
func TestPublicShareCountsAtTheRelease(t *testing.T) {
	w := newWorld(t, 5, 2, 1)
	w.acceptAll()
	a := w.record(w.dealing(1))
	w.acknowledge(a, 2, 3, 4)
	w.must(w.seats[0].name, statement.ID{}, w.complaint(a, 1, w.key(a, 1).Seed()))
	d := w.request(1, 1)
	if c, err := w.ledger.Collect(1, d); err != nil || c.Identity != nil || len(c.Shares) != 1 {
		t.Fatalf("before any hand-over: %+v, %v", c, err)
	}
	id, b := w.handOver(3, nil)
	w.must(w.seats[2].name, id, b)
	if c, err := w.ledger.Collect(1, d); err != nil || c.Identity == nil || c.Identity.Recipient() != a.Core.Recipient {
		t.Errorf("with one hand-over: %+v, %v", c, err)
	}
}

// A dispute publishes a delivery key, and so all that its seat handed over under
// it, in whatever statements, also in those that come later.
func TestDisputeShowsAllUnderItsKey(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	for epoch := range int64(3) {
		w.sealed(epoch + 1)
	}
	d := w.request(1, 3)
	id, whole := w.handOver(1, nil)
	parts := make([]statement.ID, 2)
	one := func(i int) statement.HandOverBody {
		b := whole
		b.Shares = whole.Shares[i : i+1]
		return b
	}
	for i := range parts {
		parts[i] = w.must(w.seats[0].name, id, one(i))
	}
	w.must("agency", parts[1], statement.DisputeBody{Vault: "cameras", Digest: whole.Shares[1].Digest, Seat: 1, Seed: encodeBytes(d.Keys[0].Seed())})
	w.must(w.seats[0].name, id, one(2))
	for epoch := range int64(3) {
		if a := w.ledger.Sealed(epoch + 1); len(a.Public) != 1 || a.NeedNow() != 1 {
			t.Errorf("epoch %d: %d shares are public, need %d", epoch+1, len(a.Public), a.NeedNow())
		}
	}
}

// Of one agreement several vaults stand on one record, with the same people:
// what is said of another changes nothing here, whatever it names.
func TestEveryStatementOfAnotherVaultIsIgnored(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.ledger.Terms.Proves = 1000
	seen := map[statement.Kind]bool{}
	both := func(by int, answers statement.ID, body statement.Body) statement.ID {
		t.Helper()
		elsewhere := reflect.New(reflect.TypeOf(body)).Elem()
		elsewhere.Set(reflect.ValueOf(body))
		elsewhere.FieldByName("Vault").SetString("other")
		name := w.ledger.Terms.Recorder
		switch {
		case by > 0:
			name = w.seats[by-1].name
		case by < 0:
			name = "agency"
		}
		if v, _ := w.say(name, answers, elsewhere.Interface().(statement.Body)); v != nil {
			t.Errorf("%s of another vault: %+v", body.Kind(), v)
		}
		seen[body.Kind()] = true
		head := w.ledger.Head()
		if body.Kind() != statement.KindPossess {
			w.seen = head
		}
		return w.must(name, answers, body)
	}
	for seat := range w.seats {
		both(seat+1, statement.ID{}, statement.AcceptCustodyBody{Vault: "cameras", Key: encodeBytes(w.draw(seat + 1).Public().Bytes())})
	}
	d := w.dealing(1)
	id := both(0, statement.ID{}, d.Body())
	for _, s := range d.Shares() {
		both(0, id, s)
	}
	a := w.ledger.Attempt(d.Digest)
	for seat := 1; seat <= 3; seat++ {
		both(seat, statement.ID{}, w.ackBody(a, seat))
	}
	both(4, statement.ID{}, w.complaint(a, 4, w.key(a, 4).Seed()))
	both(1, statement.ID{}, w.shown(1))
	both(0, statement.ID{}, statement.HeartbeatBody{Vault: "cameras"})
	both(0, statement.ID{}, statement.ServiceBody{Vault: "cameras", Event: "outage", From: int64(worldOpens), Until: int64(worldOpens) + 10})
	both(0, statement.ID{}, statement.SealBody{
		Vault: "cameras", Batch: Digest{1}.String(), Manifests: 1, Ranges: []statement.CameraRange{{Camera: "east", First: 1, Last: 1, Head: Digest{2}.String()}},
	})
	body, keys, err := w.ledger.MakeRequest(seeded(77), 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	both(-1, statement.ID{}, body)
	request, h := w.handOver(1, nil)
	handed := both(1, request, h)
	both(-1, handed, statement.DisputeBody{Vault: "cameras", Digest: a.Digest.String(), Seat: 1, Seed: encodeBytes(keys[0].Seed())})
	v, err := a.Interpolate(w.openAll(a, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	both(-1, statement.ID{}, statement.MismatchBody{Vault: "cameras", Digest: a.Digest.String(), A: encodeBytes(v.A()), B: encodeBytes(v.B())})
	both(2, statement.ID{}, statement.ErasedBody{Vault: "cameras", Seat: 2, Epochs: 1, Certificate: certificate})
	if len(seen) != 14 {
		t.Errorf("%d kinds of statements were tried: %v", len(seen), seen)
	}
}

func (w *world) openAll(a *Attempt, seats ...int) (out []*Share) {
	w.t.Helper()
	for _, seat := range seats {
		sh, err := a.Dealing.OpenShare(seat, w.key(a, seat))
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, sh)
	}
	return out
}
