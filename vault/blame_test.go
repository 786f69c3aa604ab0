package vault

import (
	"errors"
	"strings"
	"testing"

	"detente/agreement"
	"detente/statement"
)

// cite makes the next statements cite the record's head as it is now.
func (w *world) cite() {
	w.seen = statement.Head{Size: w.ledger.Size(), Root: w.entries[len(w.entries)-1].Root}
}

// What happens on the record after the head that a recorder cites is not its
// fault; it still decides what becomes of the dealing.
func TestRecorderIsNotBlamedForWhatItHadNotSeen(t *testing.T) {
	for name, tc := range map[string]struct {
		after   bool
		culprit agreement.Name
	}{"head before": {false, ""}, "head after": {true, "recorder"}} {
		w := newWorld(t, 5, 2, 1)
		w.acceptAll()
		w.accept(1, 2, 3, 4, 5)
		a := w.record(w.dealing(1))
		w.cite()
		w.must(w.seats[0].name, statement.ID{}, w.complaint(a, 1, w.key(a, 1).Seed()))
		if tc.after {
			w.cite()
		}
		p := w.paramsUnbarred(2)
		d, err := Deal(seeded(8), p)
		if err != nil {
			t.Fatal(err)
		}
		if v := w.refused("recorder", statement.ID{}, d.Body()); v.Culprit != tc.culprit || !strings.Contains(v.Reason, "false complaint") {
			t.Errorf("a custodian barred meanwhile, %s: %+v, want culprit %q", name, v, tc.culprit)
		}

		w = newWorld(t, 4, 2, 1)
		w.acceptAll()
		w.accept(1, 2, 3, 4)
		a = w.record(w.dealing(1))
		w.acknowledge(a, 1, 2)
		second := w.dealing(1)
		w.cite()
		w.acknowledge(a, 3)
		if tc.after {
			w.cite()
		}
		if v := w.refused("recorder", statement.ID{}, second.Body()); v.Culprit != tc.culprit || a.Status != Sealed {
			t.Errorf("sealed meanwhile, %s: %+v, want culprit %q", name, v, tc.culprit)
		}
	}
}

// A custodian's key may reach the record while a host keeps the dealing back: the
// dealing is refused, as it leaves the custodian out, and nobody is at fault.
func TestCustodianLeftOutByADealingThatWasKeptBack(t *testing.T) {
	for after, culprit := range map[bool]agreement.Name{false: "", true: "recorder"} {
		w := newWorld(t, 4, 2, 1)
		w.accept(1, 2, 3)
		d := w.dealing(1)
		w.cite()
		w.clock += seenWithin + 1
		w.accept(4)
		if after {
			w.cite()
		}
		if v := w.refused("recorder", statement.ID{}, d.Body()); v.Culprit != culprit {
			t.Errorf("%+v, want culprit %q", v, culprit)
		}
	}
}

// paramsUnbarred is a dealing of the keys that are fresh, barred or not.
func (w *world) paramsUnbarred(epoch int64) Params {
	p := Params{Agreement: testAgreement, Vault: "cameras", Epoch: epoch, Attempt: 1, Need: w.ledger.Terms.Need, Absent: w.ledger.Terms.Absent}
	for _, c := range w.ledger.Custodies {
		p.Seats = append(p.Seats, SeatKey{Custodian: c.Custodian, Key: c.Keys()[0]})
	}
	return p
}

// A host may take a dealing and its answer be lost: the recorder submits the
// same dealing again, under a later head.
func TestSameDealingSubmittedAgainIsNobodysFault(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	d := w.dealing(1)
	a := w.record(d)
	w.cite()
	v, id := w.say("recorder", statement.ID{}, d.Body())
	if v.Force || v.Culprit != "" || a.Status != Dealt {
		t.Errorf("%+v, %s", v, a.Status)
	}
	if v := w.refused("recorder", id, d.Shares()[0]); v.Culprit != "" || !strings.Contains(v.Reason, "that dealing is dealt") {
		t.Errorf("ciphertexts that answer the second: %+v", v)
	}
	other := d.Body()
	other.Attempt = 7 // another core under the same digest is the recorder's doing
	if v := w.refused("recorder", statement.ID{}, other); v.Culprit != "recorder" {
		t.Errorf("%+v", v)
	}
}

// Whoever sees a key before it is on the record can publish it first. Its owner
// has to draw another, but nobody can say which of the two copied it.
func TestNobodyIsBlamedForAKeyThatAnotherPublishedFirst(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	k := encodeBytes(w.draw(1).Public().Bytes())
	w.must(w.seats[1].name, statement.ID{}, statement.AcceptCustodyBody{Vault: "cameras", Key: k})
	if v := w.refused(w.seats[0].name, statement.ID{}, statement.AcceptCustodyBody{Vault: "cameras", Key: k}); v.Culprit != "" {
		t.Errorf("%+v", v)
	}
	low := encodeBytes(withX25519(key(t, 9), make([]byte, 32)))
	if v := w.refused(w.seats[0].name, statement.ID{}, statement.AcceptCustodyBody{Vault: "cameras", Key: low}); v.Culprit != w.seats[0].name {
		t.Errorf("a key of low order: %+v", v)
	}
	b, _, err := w.ledger.MakeRequest(seeded(1), 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.must(w.seats[0].name, statement.ID{}, statement.AcceptCustodyBody{Vault: "cameras", Key: b.Keys[2]})
	if v := w.refused("agency", statement.ID{}, b); v.Culprit != "" {
		t.Errorf("a request whose key was copied: %+v", v)
	}
}

// Of a shares statement either everything counts or nothing.
func TestRefusedSharesChangeNothing(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	d := w.dealing(1)
	id := w.must("recorder", statement.ID{}, d.Body())
	good := d.Shares()[0]
	bad := good
	bad.Ciphertexts = []string{good.Ciphertexts[1], ""} // the first has the right form
	w.refused("recorder", id, bad)
	w.must("recorder", id, good)
	if a := w.ledger.Attempt(d.Digest); a.Status != Dealt {
		t.Errorf("%s: %s", a.Status, a.Reason)
	}
}

// Of two ciphertexts for one seat the first counts: the recorder cannot show
// one to a custodian and another to the rest.
func TestFirstCiphertextOfASeatCounts(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	d := w.dealing(1)
	id := w.must("recorder", statement.ID{}, d.Body())
	good := d.Shares()[0]
	other := good
	other.Ciphertexts = []string{good.Ciphertexts[1]}
	w.must("recorder", id, other)
	if v, _ := w.say("recorder", id, good); v.Culprit != "recorder" {
		t.Errorf("%+v", v)
	}
	if a := w.ledger.Attempt(d.Digest); a.Status != Void {
		t.Errorf("%s: %s", a.Status, a.Reason)
	}
}

// A recorder that lost a dealing's ciphertexts deals again, and the custodians,
// whose keys are used up, publish others for it: nobody waits for ever.
func TestDealingWhoseCiphertextsWereLost(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	w.must("recorder", statement.ID{}, w.dealing(1).Body())
	w.clock += lostAfter
	w.must("recorder", statement.ID{}, statement.HeartbeatBody{Vault: "cameras"})
	if duties := w.ledger.OwedByCustodian(1); len(duties) != 0 {
		t.Errorf("a key is owed while the ciphertexts may come: %+v", duties)
	}
	if _, ok, reason := w.ledger.NextDealing(0); ok || !strings.Contains(reason, "incomplete") {
		t.Errorf("dealt again at once: %q", reason)
	}
	w.clock++
	w.must("recorder", statement.ID{}, statement.HeartbeatBody{Vault: "cameras"})
	if duties := w.ledger.OwedByCustodian(1); len(duties) != 1 || duties[0].Task != TaskKey {
		t.Errorf("owed %+v, want a key", duties)
	}
	if _, ok, reason := w.ledger.NextDealing(0); ok || !strings.Contains(reason, "waiting for custodians") {
		t.Errorf("reason %q", reason)
	}
	w.accept(1, 2, 3, 4)
	p, ok, reason := w.ledger.NextDealing(0)
	if !ok || p.Epoch != 1 || p.Attempt != 2 {
		t.Fatalf("%+v %v %s", p, ok, reason)
	}
	w.sealed(1)
}

// After a dispute the delivery key is public. Custodians owe nothing more under
// it, and what still comes under it is public too.
func TestNothingIsOwedUnderAPublishedDeliveryKey(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	first, second := w.sealed(1), w.sealed(2)
	b, keys, err := w.ledger.MakeRequest(seeded(1), 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	id := w.must("agency", statement.ID{}, b)
	hand := func(a *Attempt) statement.ID {
		return w.must(w.seats[0].name, id, w.handOne(a, 1, id, keys[0].Public()))
	}
	h := hand(first)
	dispute := statement.DisputeBody{Vault: "cameras", Digest: first.Digest.String(), Seat: 1, Seed: encodeBytes(keys[0].Seed())}
	w.must("agency", h, dispute)
	for _, d := range w.ledger.OwedByCustodian(1) {
		if d.Task == TaskHandOver {
			t.Errorf("owed under a public key: %+v", d.Epochs)
		}
	}
	if len(w.ledger.OwedByCustodian(2)) == 0 {
		t.Error("another seat owes nothing")
	}
	hand(second) // it had not seen the dispute
	if second.NeedNow() != 1 {
		t.Errorf("need %d of the second epoch, want 1: its share of seat 1 is public", second.NeedNow())
	}
	if v := w.refused("agency", h, dispute); v.Culprit != "" {
		t.Errorf("disputed twice: %+v", v)
	}
	// Another request of the seat, with a fresh key, is owed.
	b, _, err = w.ledger.MakeRequest(seeded(2), 1, 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.must("agency", statement.ID{}, b)
	if d := w.ledger.OwedByCustodian(1); len(d) != 1 || len(d[0].Epochs) != 2 {
		t.Errorf("owed %+v", d)
	}
}

// handOne is the statement by which a seat hands over one epoch.
func (w *world) handOne(a *Attempt, seat int, request statement.ID, delivery PublicKey) statement.HandOverBody {
	w.t.Helper()
	sh, err := a.Dealing.OpenShare(seat, w.key(a, seat))
	if err != nil {
		w.t.Fatal(err)
	}
	ct, err := a.Dealing.HandOver(sh, request, delivery)
	if err != nil {
		w.t.Fatal(err)
	}
	return statement.HandOverBody{Vault: "cameras", Seat: seat, Certificate: certificate, Shares: []statement.HandOver{{
		Epoch: a.Core.Epoch, Digest: a.Digest.String(), Ciphertext: encodeBytes(ct),
	}}}
}

// Keys that are not the request's would make every right share look wrong, and
// the dispute would publish a key that was asked for by nobody.
func TestCollectRefusesKeysOfAnotherRequest(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	a := w.sealed(1)
	b, keys, err := w.ledger.MakeRequest(seeded(1), 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	id := w.must("agency", statement.ID{}, b)
	w.must(w.seats[0].name, id, w.handOne(a, 1, id, keys[0].Public()))
	r, _ := w.ledger.Request(id)
	keys[0], keys[1] = keys[1], keys[0]
	if c, err := w.ledger.Collect(1, Delivery{Request: r, Keys: keys}); !errors.Is(err, ErrKey) {
		t.Errorf("%+v, %v", c, err)
	}
}

// A wrong file key proves nothing about a segment, in particular not that its
// recorder made it malformed.
func TestWrongFileKeyIsNoProof(t *testing.T) {
	id := epochIdentity(t, 1)
	segment, _ := sealTo(t, id, []byte("scene"), 200)
	fileKey, err := FileKey(segment, id)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := OpenWithFileKey(segment, fileKey, 200); err != nil || string(data) != "scene" {
		t.Fatalf("%q, %v", data, err)
	}
	fileKey[0] ^= 1
	for _, k := range [][]byte{fileKey, nil, make([]byte, 15), make([]byte, 17)} {
		if _, err := OpenWithFileKey(segment, k, 200); !errors.Is(err, ErrFileKey) || errors.Is(err, ErrSegment) {
			t.Errorf("file key %x: %v", k, err)
		}
	}
}

// A keyed seat with the digest zero would have the core digest of a seat without a key.
func TestZeroKeyDigestIsNoKey(t *testing.T) {
	d := newRoster(t, 4, 2, 1).deal(t, 1)
	b := d.Body()
	b.Seats[3].Key = Digest{}.String()
	if _, err := ParseCore(testAgreement, b); !errors.Is(err, ErrCore) {
		t.Errorf("%v", err)
	}
}

// A host that keeps a dealing back until the recorder, which never heard of it
// again, has dealt anew under the same keys cannot make it look at fault.
func TestDealingThatWasKeptBackIsNobodysFault(t *testing.T) {
	for name, tc := range map[string]struct {
		order   []int
		culprit agreement.Name
		seen    bool
	}{
		"older one later":                {[]int{1, 0}, "", false},
		"newer one under the used keys":  {[]int{0, 1}, "", false},
		"older one later, knowingly":     {[]int{1, 0}, "recorder", true},
		"newer one, the keys known used": {[]int{0, 1}, "recorder", true},
	} {
		w := newWorld(t, 4, 2, 1)
		w.acceptAll()
		w.cite()
		p, err := w.ledger.Deal(1)
		if err != nil {
			t.Fatal(err)
		}
		var both [2]*Dealing
		for i := range both {
			p.Attempt = i + 1
			if both[i], err = Deal(seeded(uint64(i)), p); err != nil {
				t.Fatal(err)
			}
		}
		w.must("recorder", statement.ID{}, both[tc.order[0]].Body())
		if tc.seen {
			w.cite()
		}
		if v := w.refused("recorder", statement.ID{}, both[tc.order[1]].Body()); v.Culprit != tc.culprit {
			t.Errorf("%s: %+v, want culprit %q", name, v, tc.culprit)
		}
	}
}
