package vault

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"detente/statement"
)

// certificate stands for the cosigned checkpoint of a final outcome; the
// custodian's process and the audit judge it, not the ledger.
const certificate = "record\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— record AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

// handOver gives the statement with which a seat answers what it owes.
func (w *world) handOver(seat int, alter func(*Attempt, *Share)) (statement.ID, statement.HandOverBody) {
	w.t.Helper()
	for _, d := range w.ledger.OwedByCustodian(seat) {
		if d.Task != TaskHandOver {
			continue
		}
		b := statement.HandOverBody{Vault: "cameras", Seat: seat, Certificate: certificate, Shares: []statement.HandOver{}}
		for _, a := range d.Epochs {
			sh, err := a.Dealing.OpenShare(seat, w.key(a, seat))
			if err != nil {
				w.t.Fatal(err)
			}
			k := d.Request.Keys[seat-1]
			if alter != nil {
				alter(a, sh)
			}
			ct, err := k.seal(a.handOverInfo(seat, d.Request.ID, k.Digest()), a.Digest[:], sh.Bytes())
			if err != nil {
				w.t.Fatal(err)
			}
			b.Shares = append(b.Shares, statement.HandOver{Epoch: a.Core.Epoch, Digest: a.Digest.String(), Ciphertext: encodeBytes(ct)})
		}
		return d.Request.ID, b
	}
	w.t.Fatalf("seat %d owes no hand-over", seat)
	return statement.ID{}, statement.HandOverBody{}
}

func (w *world) request(first, last int64) Delivery {
	w.t.Helper()
	w.random++
	b, keys, err := w.ledger.MakeRequest(seeded(5000+w.random), first, last)
	if err != nil {
		w.t.Fatal(err)
	}
	r, ok := w.ledger.Request(w.must("agency", statement.ID{}, b))
	if !ok {
		w.t.Fatal("no request")
	}
	return Delivery{Request: r, Keys: keys}
}

func TestReleaseFromRequestToFootage(t *testing.T) {
	w := newWorld(t, 5, 3, 1)
	w.acceptAll()
	var sealed []byte
	var m Manifest
	for epoch := int64(1); epoch <= 3; epoch++ {
		a := w.sealed(epoch)
		if epoch == 2 {
			var buf bytes.Buffer
			info, err := SealSegment(&buf, a.Recipient, []byte("what the camera saw"), worldPadded)
			if err != nil {
				t.Fatal(err)
			}
			sealed = buf.Bytes()
			m = Manifest{Epoch: a.Digest, Seq: 1, Camera: "east", Size: info.Size, Root: info.Root}
		}
	}
	d := w.request(1, 2)
	for seat := 2; seat <= 4; seat++ {
		if c, err := w.ledger.Collect(2, d); err != nil || c.Identity != nil {
			t.Fatalf("opened with %d hand-overs: %v", seat-2, err)
		}
		id, b := w.handOver(seat, nil)
		if len(b.Shares) != 2 {
			t.Fatalf("%d epochs handed over, want those requested", len(b.Shares))
		}
		w.must(w.seats[seat-1].name, id, b)
	}
	c, err := w.ledger.Collect(2, d)
	if err != nil || c.Identity == nil || len(c.Wrong) != 0 {
		t.Fatalf("collected %+v, %v", c, err)
	}
	data, verdict, err := OpenManifested(&m, sealed, c.Attempt.Digest, c.Identity, worldPadded)
	if err != nil || verdict != SegmentGood || string(data) != "what the camera saw" {
		t.Fatalf("%q %s %v", data, verdict, err)
	}
	if c, err := w.ledger.Collect(3, d); err != nil || c.Identity != nil {
		t.Errorf("an epoch that was not requested opened: %v", err)
	}
	if _, err := w.ledger.Collect(9, d); err == nil {
		t.Error("an epoch that was never dealt")
	}
}

func TestCustodiansHandingOverWrongSharesAreNamedAndProved(t *testing.T) {
	w := newWorld(t, 5, 3, 1)
	w.acceptAll()
	w.sealed(1)
	two := w.sealed(2)
	d := w.request(1, 2)
	spoil := func(a *Attempt, sh *Share) {
		if a.Core.Epoch == 2 {
			sh.s.Add(sh.s, seatScalar(1))
		}
	}
	ids := map[int]statement.ID{}
	for seat := 1; seat <= 4; seat++ {
		alter := spoil
		if seat != 3 {
			alter = nil
		}
		id, b := w.handOver(seat, alter)
		ids[seat] = w.must(w.seats[seat-1].name, id, b)
	}
	c, err := w.ledger.Collect(2, d)
	if err != nil || c.Identity == nil || len(c.Wrong) != 1 || c.Wrong[0].HandOver.Seat != 3 {
		t.Fatalf("collected %+v, %v", c, err)
	}
	w.refused("stranger", ids[3], c.Wrong[0].Dispute)
	v, _ := w.say("agency", ids[3], c.Wrong[0].Dispute)
	if !v.Force || v.Culprit != w.seats[2].name {
		t.Fatalf("verdict %+v", v)
	}
	// The published key also reads that seat's right share of epoch 1.
	if one := w.ledger.Sealed(1); len(one.Public) != 1 || one.NeedNow() != 2 || two.NeedNow() != 3 {
		t.Errorf("public shares: %d and %d", len(one.Public), len(two.Public))
	}
	// A false dispute shows a right share of every epoch in the request.
	v, _ = w.say("agency", ids[1], statement.DisputeBody{Vault: "cameras", Digest: two.Digest.String(), Seat: 1, Seed: encodeBytes(d.Keys[0].Seed())})
	if !v.Force || v.Culprit != "agency" || two.NeedNow() != 2 || w.ledger.Sealed(1).NeedNow() != 1 {
		t.Errorf("verdict %+v, need now %d and %d", v, two.NeedNow(), w.ledger.Sealed(1).NeedNow())
	}
	w.refused("agency", ids[2], statement.DisputeBody{Vault: "cameras", Digest: two.Digest.String(), Seat: 2, Seed: encodeBytes(key(t, 1).Seed())})
}

func TestRequestsAndHandOversThatDoNotCount(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	w.sealed(1)
	w.sealed(2)
	b, _, err := w.ledger.MakeRequest(seeded(1), 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.refused("stranger", statement.ID{}, b)
	twice := b
	twice.Keys = append([]string(nil), b.Keys...)
	twice.Keys[1] = twice.Keys[0]
	w.refused("agency", statement.ID{}, twice)
	fewer := b
	fewer.Keys = b.Keys[:3]
	w.refused("agency", statement.ID{}, fewer)
	id := w.must("agency", statement.ID{}, b)
	w.refused("agency", statement.ID{}, b) // the keys are used up

	_, h := w.handOver(1, nil)
	w.refused(w.seats[1].name, id, h)
	w.refused(w.seats[0].name, statement.ID{5}, h)
	other := h
	other.Shares = append([]statement.HandOver(nil), h.Shares...)
	other.Shares[0].Epoch, other.Shares[0].Digest = 2, w.ledger.Sealed(2).Digest.String()
	w.refused(w.seats[0].name, id, other) // not requested
	w.must(w.seats[0].name, id, h)
	if duties := w.ledger.OwedByCustodian(1); len(duties) != 0 {
		t.Errorf("still owes %+v", duties)
	}
	if _, _, err := w.ledger.MakeRequest(seeded(1), 2, 1); err == nil {
		t.Error("epochs 2 to 1")
	}
}

func TestErasuresAreAttestedAndContradictionsShown(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	w.sealed(1)
	for seat := 1; seat <= 3; seat++ {
		b := statement.ErasedBody{Vault: "cameras", Seat: seat, Epochs: 1, Certificate: certificate}
		w.refused("stranger", statement.ID{}, b)
		w.must(w.seats[seat-1].name, statement.ID{}, b)
	}
	w.must(w.seats[0].name, statement.ID{}, statement.ErasedBody{Vault: "cameras", Seat: 1, Epochs: 1, Certificate: certificate, Again: true})
	if n := w.ledger.Erasures(); n != 3 {
		t.Errorf("attested by %d", n)
	}
	if e := w.ledger.Custodies[0].Erased; len(e) != 2 || !e[1].Again {
		t.Errorf("erasures of seat 1: %+v", e)
	}
	w.request(1, 1)
	id, b := w.handOver(2, nil)
	v, _ := w.say(w.seats[1].name, id, b)
	if v.Culprit != w.seats[1].name || !strings.Contains(v.Reason, "erased") {
		t.Errorf("handing over after erasing: %+v", v)
	}
}

func TestRecorderThatPublishesAnotherRecipientIsProved(t *testing.T) {
	w := newWorld(t, 4, 2, 1)
	w.acceptAll()
	p, err := w.ledger.Deal(1)
	if err != nil {
		t.Fatal(err)
	}
	as, bs := polynomials(t, 2, 1)
	forged, err := dealWith(p, as, bs)
	if err != nil {
		t.Fatal(err)
	}
	forged.Recipient = w.dealing(2).Recipient
	if forged.Ciphertexts, err = encryptShares(forged.Core, p.Seats, as, bs); err != nil {
		t.Fatal(err)
	}
	a := w.record(forged.redo())
	w.acknowledge(a, 1, 2, 3, 4) // every custodian is satisfied
	honest := w.sealed(2)
	d := w.request(1, 2)
	for seat := 1; seat <= 2; seat++ {
		id, b := w.handOver(seat, nil)
		w.must(w.seats[seat-1].name, id, b)
	}
	c, err := w.ledger.Collect(1, d)
	if err != nil || c.Identity != nil || c.Mismatch == nil {
		t.Fatalf("collected %+v, %v", c, err)
	}
	w.refused("stranger", statement.ID{}, *c.Mismatch)
	if v, _ := w.say("agency", statement.ID{}, *c.Mismatch); !v.Force || v.Culprit != "recorder" || a.Mismatch != RecorderAtFault {
		t.Errorf("verdict %+v", v)
	}
	wrong := *c.Mismatch
	wrong.Digest = honest.Digest.String()
	w.refused("agency", statement.ID{}, wrong)
	shares, err := w.ledger.Collect(2, d)
	if err != nil {
		t.Fatal(err)
	}
	v, err := honest.Interpolate(shares.Shares)
	if err != nil {
		t.Fatal(err)
	}
	wrong.A, wrong.B = encodeBytes(v.A()), encodeBytes(v.B())
	if v, _ := w.say("agency", statement.ID{}, wrong); !v.Force || v.Culprit != "agency" || honest.Mismatch != FalseComplaint {
		t.Errorf("verdict %+v", v)
	}
}

func TestSegmentVerdicts(t *testing.T) {
	r := newRoster(t, 3, 2, 0)
	d, other := r.deal(t, 1), r.deal(t, 2)
	id, err := d.Recover(r.open(t, d, 1, 2))
	if err != nil {
		t.Fatal(err)
	}
	seal := func(recipient string, padded int64) (Manifest, []byte) {
		var buf bytes.Buffer
		info, err := SealSegment(&buf, recipient, []byte("x"), padded)
		if err != nil {
			t.Fatal(err)
		}
		return Manifest{Epoch: d.Digest, Size: info.Size, Root: info.Root}, buf.Bytes()
	}
	good, goodBytes := seal(d.Recipient, worldPadded)
	_, swappedBytes := seal(d.Recipient, worldPadded)
	long, longBytes := seal(d.Recipient, worldPadded+1)
	closed, closedBytes := seal(other.Recipient, worldPadded)
	foreign := good
	foreign.Epoch = other.Digest
	for _, tc := range []struct {
		name  string
		m     Manifest
		bytes []byte
		want  SegmentVerdict
	}{
		{"good", good, goodBytes, SegmentGood},
		{"another segment in its place", good, swappedBytes, SegmentAltered},
		{"torn", good, goodBytes[:len(goodBytes)-1], SegmentAltered},
		{"another size", long, longBytes, SegmentForm},
		{"sealed for somebody else", closed, closedBytes, SegmentClosed},
		{"of another epoch", foreign, goodBytes, SegmentEpoch},
	} {
		data, verdict, err := OpenManifested(&tc.m, tc.bytes, d.Digest, id, worldPadded)
		if verdict != tc.want || (err == nil) != (tc.want == SegmentGood) || (data != nil) != (tc.want == SegmentGood) {
			t.Errorf("%s: %s (%v), want %s", tc.name, verdict, err, tc.want)
		}
		if err != nil && !errors.Is(err, ErrSegment) {
			t.Errorf("%s: got %v, want %v", tc.name, err, ErrSegment)
		}
	}
}

// An epoch that is sealed after a later one, because its first dealings came to
// nothing, is handed over in its order: a statement names epochs ascending.
func TestHandOverOfEpochsSealedOutOfOrder(t *testing.T) {
	w := newWorld(t, 5, 3, 1)
	w.acceptAll()
	for _, epoch := range []int64{2, 3, 1} {
		w.sealed(epoch)
	}
	d := w.request(1, 3)
	for seat := 1; seat <= 3; seat++ {
		id, b := w.handOver(seat, nil)
		for i, s := range b.Shares {
			if s.Epoch != int64(i+1) {
				t.Fatalf("seat %d hands over epoch %d in place %d", seat, s.Epoch, i)
			}
		}
		w.must(w.seats[seat-1].name, id, b)
	}
	if _, ok := w.ledger.Handed(d.Request, 3, w.ledger.Epoch(1)); !ok {
		t.Error("the last seat's share of the first epoch is not there")
	}
}
