package vault

import (
	"reflect"
	"strings"
	"testing"

	"detente/agreement"
	"detente/statement"
)

func TestLedgerSealsAnEpoch(t *testing.T) {
	w := newWorld(t, 5, 3, 1)
	if _, ok, reason := w.ledger.NextDealing(0); ok || !strings.Contains(reason, "waiting for custodians") {
		t.Fatalf("dealt before anybody accepted: %q", reason)
	}
	w.acceptAll()
	p, ok, _ := w.ledger.NextDealing(0)
	if !ok || p.Epoch != 1 || p.Attempt != 1 || len(p.Seats) != 5 {
		t.Fatalf("next dealing %+v, %v", p, ok)
	}
	d := w.dealing(1)
	id := w.must("recorder", statement.ID{}, d.Body())
	a := w.ledger.Attempt(d.Digest)
	if a.Status != Incomplete || len(w.ledger.OwedByCustodian(1)) != 0 {
		t.Fatalf("status %s, owed %+v", a.Status, w.ledger.OwedByCustodian(1))
	}
	w.must("recorder", id, d.Shares()[0])
	if a.Status != Dealt {
		t.Fatalf("status %s, want %s", a.Status, Dealt)
	}
	if duties := w.ledger.OwedByCustodian(2); len(duties) != 1 || duties[0].Task != TaskAnswer {
		t.Fatalf("owed %+v", duties)
	}
	w.acknowledge(a, 1, 2, 3)
	if a.Status != Dealt || w.ledger.Epoch(1) != nil {
		t.Fatalf("sealed by three of need 3 and absent 1")
	}
	w.acknowledge(a, 5)
	if a.Status != Sealed || w.ledger.Epoch(1) != a || w.ledger.Epoch(9) != a || w.ledger.Epoch(0) != nil {
		t.Fatalf("status %s", a.Status)
	}
	w.acknowledge(a, 4)
	if a.Acknowledgements() != 5 || a.SealedAt != a.States[4].Acknowledged {
		t.Errorf("%d acknowledgements, sealed at %d", a.Acknowledgements(), a.SealedAt)
	}
	if p, ok, _ := w.ledger.NextDealing(1); !ok || p.Epoch != 2 {
		t.Errorf("one period ahead: %+v %v", p, ok)
	}
	if v := w.refused("recorder", statement.ID{}, w.redealt(1)); v.Culprit != "recorder" || !strings.Contains(v.Reason, "never dealt again") {
		t.Errorf("a sealed epoch dealt again: %+v", v)
	}
	if _, ok, reason := w.ledger.NextDealing(1); ok || !strings.Contains(reason, "waiting") {
		t.Errorf("keys named in a refused dealing are offered again (%s)", reason)
	}
}

// redealt is a second dealing of an epoch, whatever the ledger says to deal.
func (w *world) redealt(epoch int64) statement.EpochBody {
	w.t.Helper()
	p, err := w.ledger.Deal(epoch + 100)
	if err != nil {
		w.t.Fatal(err)
	}
	p.Epoch, p.Attempt = epoch, 9
	d, err := Deal(seeded(99), p)
	if err != nil {
		w.t.Fatal(err)
	}
	return d.Body()
}

func TestTwoReadersFoldTheSameLedger(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	w.sealed(1)
	a := w.record(w.badDealing(2, 2))
	w.must(w.seats[1].name, statement.ID{}, w.complaint(a, 2, w.key(a, 2).Seed()))
	other, err := NewLedger(w.ledger.Terms)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range w.entries {
		if _, err := other.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(other.Verdicts, w.ledger.Verdicts) {
		t.Error("two folds of one record differ")
	}
	if _, err := other.Append(w.entries[0]); err == nil {
		t.Error("an entry was folded twice")
	}
}

func TestTrueComplaintVoidsTheDealingByTheRecordersFault(t *testing.T) {
	w := newWorld(t, 5, 3, 1)
	w.acceptAll()
	a := w.record(w.badDealing(1, 4))
	w.acknowledge(a, 1, 2)
	w.must(w.seats[3].name, statement.ID{}, w.complaint(a, 4, w.key(a, 4).Seed()))
	if a.Status != Void || a.Culprit != "recorder" {
		t.Fatalf("status %s, culprit %q (%s)", a.Status, a.Culprit, a.Reason)
	}
	w.refused(w.seats[2].name, statement.ID{}, w.ackBody(a, 3))
	p, ok, reason := w.ledger.NextDealing(0)
	if !ok || p.Attempt != 2 {
		t.Fatalf("next %+v, %v %s", p, ok, reason)
	}
	if p.Seats[3].Key.IsZero() {
		t.Error("a custodian that complained rightly lost its seat")
	}
	// Seats 1, 2, 4 published keys with their answers, 3 with its refused one; 5 said nothing.
	if !p.Seats[4].Key.IsZero() {
		t.Error("a key that a void dealing named is offered again")
	}
	if duties := w.ledger.OwedByCustodian(5); len(duties) != 1 || duties[0].Task != TaskKey {
		t.Errorf("seat 5 owes %+v, want a key", duties)
	}
	w.accept(5)
	w.sealed(1)
	if got := w.ledger.Last(1).Core.Attempt; got != 2 {
		t.Errorf("sealed attempt %d", got)
	}
}

func TestFalseComplaintBarsAndVoidsBeforeSealingAndLowersNeedAfter(t *testing.T) {
	w := newWorld(t, 5, 2, 1)
	w.acceptAll()
	a := w.record(w.dealing(1))
	w.must(w.seats[0].name, statement.ID{}, w.complaint(a, 1, w.key(a, 1).Seed()))
	if a.Status != Void || a.Culprit != w.seats[0].name || w.ledger.Custodies[0].Barred < 0 {
		t.Fatalf("status %s, culprit %s, barred %d", a.Status, a.Culprit, w.ledger.Custodies[0].Barred)
	}
	w.accept(2, 3, 4, 5)
	p, ok, _ := w.ledger.NextDealing(0)
	if !ok || !p.Seats[0].Key.IsZero() {
		t.Fatal("a custodian that complained falsely has a seat")
	}
	b := w.record(w.dealing(1))
	w.acknowledge(b, 2, 3, 4)
	if b.Status != Sealed || b.NeedNow() != 2 {
		t.Fatalf("status %s, need %d", b.Status, b.NeedNow())
	}
	w.must(w.seats[4].name, statement.ID{}, w.complaint(b, 5, w.key(b, 5).Seed()))
	if b.Status != Sealed {
		t.Error("a later complaint voided a sealed epoch")
	}
	if b.NeedNow() != 1 || len(b.Public) != 1 || b.Public[0].Seat != 5 {
		t.Errorf("need %d with %d public shares", b.NeedNow(), len(b.Public))
	}
}

func TestComplaintsThatProveNothing(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	d := w.dealing(1)
	id := w.must("recorder", statement.ID{}, d.Body())
	a := w.ledger.Attempt(d.Digest)
	k := w.key(a, 1)
	w.refused(w.seats[0].name, statement.ID{}, w.complaint(a, 1, k.Seed())) // before the ciphertexts are there
	w.must("recorder", id, d.Shares()[0])
	w.refused(w.seats[1].name, statement.ID{}, w.complaint(a, 1, k.Seed())) // for another's seat
	w.refused(w.seats[0].name, statement.ID{}, w.complaint(a, 1, key(t, 5).Seed()))
	if a.Status != Dealt {
		t.Errorf("status %s", a.Status)
	}
}

func TestKeysAreUsedOnce(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	mine := w.ledger.Custodies[0].Keys()[0]
	again := statement.AcceptCustodyBody{Vault: "cameras", Key: encodeBytes(mine.Bytes())}
	w.refused(w.seats[0].name, statement.ID{}, again) // the same key again
	w.refused(w.seats[1].name, statement.ID{}, again) // another's key
	half := withX25519(key(t, 9), mine.Bytes()[mlkemSize:])
	w.refused(w.seats[1].name, statement.ID{}, statement.AcceptCustodyBody{Vault: "cameras", Key: encodeBytes(half)})
	w.refused("stranger", statement.ID{}, statement.AcceptCustodyBody{Vault: "cameras", Key: encodeBytes(key(t, 8).Public().Bytes())})
	low := withX25519(key(t, 9), make([]byte, 32))
	w.refused(w.seats[1].name, statement.ID{}, statement.AcceptCustodyBody{Vault: "cameras", Key: encodeBytes(low)})

	d := w.dealing(1)
	w.record(d)
	if w.ledger.Custodies[0].Fresh() {
		t.Error("a key named in a dealing is still fresh")
	}
	// The recorder names used keys in a new attempt.
	p := Params{Agreement: testAgreement, Vault: "cameras", Epoch: 1, Attempt: 2, Need: 2, Absent: 1}
	for i, s := range d.Core.Seats {
		p.Seats = append(p.Seats, SeatKey{Custodian: s.Custodian, Key: w.seats[i].keys[s.Key].Public()})
	}
	reused, err := Deal(seeded(3), p)
	if err != nil {
		t.Fatal(err)
	}
	if v := w.refused("recorder", statement.ID{}, reused.Body()); v.Culprit != "recorder" || !strings.Contains(v.Reason, "one dealing only") {
		t.Errorf("verdict %+v", v)
	}
	for range MaxUnspentKeys {
		w.accept(1)
	}
	if v := w.refused(w.seats[0].name, statement.ID{}, statement.AcceptCustodyBody{Vault: "cameras", Key: encodeBytes(key(t, 88).Public().Bytes())}); v.Culprit != "" {
		t.Errorf("one key too many: %+v", v)
	}
}

func TestRecorderCannotLeaveOutACustodianOrChangeTheTerms(t *testing.T) {
	for name, alter := range map[string]func(w *world, p *Params){
		"left out":      func(w *world, p *Params) { p.Seats[3].Key = PublicKey{} },
		"lower need":    func(w *world, p *Params) { p.Need = 1 },
		"seats swapped": func(w *world, p *Params) { p.Seats[0], p.Seats[1] = p.Seats[1], p.Seats[0] },
		"own key":       func(w *world, p *Params) { p.Seats[0].Key = key(t, 5).Public() },
		"a seat more": func(w *world, p *Params) {
			p.Seats = append(p.Seats, SeatKey{Custodian: "friend", Key: key(t, 5).Public()})
		},
		"another's key": func(w *world, p *Params) {
			w.accept(1)
			p.Seats[1].Key = w.ledger.Custodies[0].Keys()[1]
		},
	} {
		w := newWorld(t, 4, 2, 1)
		w.acceptAll()
		p, err := w.ledger.Deal(1)
		if err != nil {
			t.Fatal(err)
		}
		alter(w, &p)
		d, err := Deal(seeded(1), p)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if v := w.refused("recorder", statement.ID{}, d.Body()); v.Culprit != "recorder" {
			t.Errorf("%s: verdict %+v", name, v)
		}
		if w.ledger.Attempt(d.Digest) != nil {
			t.Errorf("%s: dealt", name)
		}
	}
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	w.refused(w.seats[0].name, statement.ID{}, w.dealing(1).Body())
}

// A custodian's key that reaches the record while the recorder deals is nobody's
// fault, if the recorder cites a recent head; an old head excuses nothing.
func TestKeyThatArrivesWhileDealing(t *testing.T) {
	for name, tc := range map[string]struct {
		cites, force bool
		wait         agreement.Instant
	}{
		"recent head": {true, true, seenWithin},
		"old head":    {true, false, seenWithin + 1},
		"no head":     {false, false, 0},
	} {
		w := newWorld(t, 4, 2, 1)
		w.accept(1, 2, 3)
		d := w.dealing(1)
		if tc.cites {
			w.seen = statement.Head{Size: w.ledger.Size(), Root: w.entries[len(w.entries)-1].Root}
		}
		w.clock += tc.wait
		w.accept(4)
		v, _ := w.say("recorder", statement.ID{}, d.Body())
		if v.Force != tc.force {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

func TestLostDealingIsANewAttemptNeverASecondVersion(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	lost := w.dealing(1)
	w.accept(1, 2, 3, 4)
	p, err := w.ledger.Deal(1)
	if err != nil {
		t.Fatal(err)
	}
	p.Attempt = 2
	for i := range p.Seats {
		p.Seats[i].Key = w.ledger.Custodies[i].Keys()[1]
	}
	d, err := Deal(seeded(5), p)
	if err != nil {
		t.Fatal(err)
	}
	a := w.record(d)
	if v := w.refused("recorder", statement.ID{}, lost.Body()); !strings.Contains(v.Reason, "attempt 1 after attempt 2") {
		t.Errorf("the lost dealing came later: %s", v.Reason)
	}
	w.acknowledge(a, 1, 2)
	b := w.record(w.dealing3(t, 1, 3, 1, 2))
	if a.Status != Void || a.Culprit != "" || b.Status != Dealt {
		t.Errorf("superseded attempt is %s (culprit %q), its successor %s", a.Status, a.Culprit, b.Status)
	}
	w.refused(w.seats[2].name, statement.ID{}, w.ackBody(a, 3))
}

// dealing3 deals after the other seats have published keys again.
func (w *world) dealing3(t *testing.T, epoch int64, attempt int, answered ...int) *Dealing {
	t.Helper()
	for seat := range w.seats {
		if !w.ledger.Custodies[seat].Fresh() {
			w.accept(seat + 1)
		}
	}
	d := w.dealing(epoch)
	if d.Attempt != attempt {
		t.Fatalf("attempt %d after answers of %v, want %d", d.Attempt, answered, attempt)
	}
	return d
}

func TestCiphertextsOtherThanTheDigestVoidTheDealing(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	d := w.dealing(1)
	id := w.must("recorder", statement.ID{}, d.Body())
	b := d.Shares()[0]
	w.refused(w.seats[0].name, id, b)
	w.refused("recorder", statement.ID{9}, b)
	short := b
	short.Ciphertexts = []string{"", b.Ciphertexts[1]}
	w.refused("recorder", id, short)
	b.Ciphertexts = append([]string(nil), b.Ciphertexts...)
	b.Ciphertexts[0], b.Ciphertexts[1] = b.Ciphertexts[1], b.Ciphertexts[0]
	if v, _ := w.say("recorder", id, b); v.Culprit != "recorder" {
		t.Errorf("verdict %+v", v)
	}
	if a := w.ledger.Attempt(d.Digest); a.Status != Void || a.Culprit != "recorder" {
		t.Errorf("status %s, culprit %s", a.Status, a.Culprit)
	}
}

func TestAcknowledgementsThatDoNotCount(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	a := w.record(w.dealing(1))
	good := w.ackBody(a, 1)
	forged := good
	forged.Proof = encodeBytes(make([]byte, ProofSize))
	w.refused(w.seats[0].name, statement.ID{}, forged)
	w.refused(w.seats[1].name, statement.ID{}, good) // another's seat
	stolen := good
	stolen.Seat = 2
	w.refused(w.seats[1].name, statement.ID{}, stolen) // another's proof
	w.must(w.seats[0].name, statement.ID{}, good)
	again := w.ackBody(a, 1)
	w.refused(w.seats[0].name, statement.ID{}, again) // twice
	if a.Acknowledgements() != 1 {
		t.Errorf("%d acknowledgements", a.Acknowledgements())
	}
}

func TestStatementsAboutOtherVaultsAreIgnored(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	if v, _ := w.say("recorder", statement.ID{}, statement.HeartbeatBody{Vault: "other"}); v != nil {
		t.Errorf("verdict %+v", v)
	}
	if v, _ := w.say("recorder", statement.ID{}, statement.HeartbeatBody{Vault: "cameras", Note: "up"}); v == nil || !v.Force {
		t.Errorf("verdict %+v", v)
	}
	if w.ledger.Recorder.Entry != 1 || w.ledger.Recorder.Clock != worldOpens {
		t.Errorf("recorder heard of at %+v", w.ledger.Recorder)
	}
}
