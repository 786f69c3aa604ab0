package vault

import (
	"crypto/ed25519"
	"encoding/binary"
	"testing"

	"detente/agreement"
	"detente/statement"
)

// A world is a record in small: statements in order, with custodians that keep
// their keys. It makes entries; the ledger under test judges them.
type world struct {
	t       testing.TB
	ledger  *Ledger
	entries []Entry
	seats   []*seatHolder
	clock   agreement.Instant
	random  uint64
	objects map[Digest][]byte
	seen    statement.Head // what authors cite
}

type seatHolder struct {
	name agreement.Name
	keys map[Digest]*PrivateKey // every key it drew
}

const (
	worldOpens  = agreement.Instant(1_000_000)
	worldPadded = 200
)

func worldTerms(n, need, absent int) Terms {
	key, err := statement.NewPublicKey(signingKey().Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	t := Terms{
		Agreement: testAgreement, Vault: "cameras", Recorder: "recorder", RecorderKey: key,
		OpensTo: []agreement.Name{"agency"}, Need: need, Absent: absent,
		Epoch: 1000, Segment: 10, Cadence: 10, SegmentBytes: worldPadded, Cameras: []string{"east", "west"},
	}
	for i := range n {
		t.Seats = append(t.Seats, agreement.Name("custodian-"+string(rune('a'+i))))
	}
	return t
}

func newWorld(t testing.TB, n, need, absent int) *world {
	t.Helper()
	l, err := NewLedger(worldTerms(n, need, absent))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ledger: l, clock: worldOpens, objects: map[Digest][]byte{}}
	for _, name := range l.Terms.Seats {
		w.seats = append(w.seats, &seatHolder{name: name, keys: map[Digest]*PrivateKey{}})
	}
	return w
}

// say puts a statement on the record and gives the verdict, nil if it was not
// about the vault, and its ID.
func (w *world) say(by agreement.Name, answers statement.ID, body statement.Body) (*Verdict, statement.ID) {
	w.t.Helper()
	e := Entry{
		Index: w.ledger.Size(), Clock: w.clock,
		Statement: &statement.Statement{Agreement: testAgreement, Bundle: testAgreement, By: by, Answers: answers, Seen: w.seen, Body: body},
	}
	text, err := e.Statement.Text()
	if err != nil {
		w.t.Fatalf("%T: %v", body, err)
	}
	e.ID = statement.ID(transcript(text).digest())
	binary.BigEndian.PutUint64(e.Root[:], uint64(e.Index)+1)
	v, err := w.ledger.Append(e)
	if err != nil {
		w.t.Fatal(err)
	}
	w.entries = append(w.entries, e)
	return v, e.ID
}

// must says something that takes effect.
func (w *world) must(by agreement.Name, answers statement.ID, body statement.Body) statement.ID {
	w.t.Helper()
	v, id := w.say(by, answers, body)
	if v == nil || !v.Force {
		w.t.Fatalf("%T by %s: verdict %+v, want force", body, by, v)
	}
	return id
}

// refused says something that must have no force, and gives the verdict.
func (w *world) refused(by agreement.Name, answers statement.ID, body statement.Body) *Verdict {
	w.t.Helper()
	v, _ := w.say(by, answers, body)
	if v == nil || v.Force || v.Reason == "" {
		w.t.Fatalf("%T by %s: verdict %+v, want none with a reason", body, by, v)
	}
	return v
}

func (w *world) draw(seat int) *PrivateKey {
	w.t.Helper()
	w.random++
	k := key(w.t, 1000+w.random)
	w.seats[seat-1].keys[k.Public().Digest()] = k
	return k
}

func (w *world) accept(seats ...int) {
	w.t.Helper()
	for _, seat := range seats {
		w.must(w.seats[seat-1].name, statement.ID{}, statement.AcceptCustodyBody{Vault: "cameras", Key: encodeBytes(w.draw(seat).Public().Bytes())})
	}
}

func (w *world) acceptAll() {
	w.t.Helper()
	for seat := range w.seats {
		w.accept(seat + 1)
	}
}

// dealing makes what the ledger says is to be dealt at an epoch.
func (w *world) dealing(epoch int64) *Dealing {
	w.t.Helper()
	p, err := w.ledger.Deal(epoch)
	if err != nil {
		w.t.Fatal(err)
	}
	w.random++
	d, err := Deal(seeded(w.random), p)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// record puts a dealing on the record.
func (w *world) record(d *Dealing) *Attempt {
	w.t.Helper()
	id := w.must("recorder", statement.ID{}, d.Body())
	for _, s := range d.Shares() {
		w.must("recorder", id, s)
	}
	return w.ledger.Attempt(d.Digest)
}

func (w *world) key(a *Attempt, seat int) *PrivateKey {
	w.t.Helper()
	k := w.seats[seat-1].keys[a.Core.Seats[seat-1].Key]
	if k == nil {
		w.t.Fatalf("seat %d has no key in this dealing", seat)
	}
	return k
}

func (w *world) ackBody(a *Attempt, seat int) statement.AcknowledgeBody {
	w.t.Helper()
	sh, err := a.Dealing.OpenShare(seat, w.key(a, seat))
	if err != nil {
		w.t.Fatal(err)
	}
	next := w.draw(seat).Public()
	w.random++
	proof, err := a.Dealing.Acknowledge(seeded(w.random), sh, next)
	if err != nil {
		w.t.Fatal(err)
	}
	return statement.AcknowledgeBody{Vault: "cameras", Digest: a.Digest.String(), Seat: seat, Next: encodeBytes(next.Bytes()), Proof: encodeBytes(proof)}
}

func (w *world) acknowledge(a *Attempt, seats ...int) {
	w.t.Helper()
	for _, seat := range seats {
		w.must(w.seats[seat-1].name, statement.ID{}, w.ackBody(a, seat))
	}
}

func (w *world) complaint(a *Attempt, seat int, seed []byte) statement.ComplainBody {
	w.t.Helper()
	return statement.ComplainBody{
		Vault: "cameras", Digest: a.Digest.String(), Seat: seat, Seed: encodeBytes(seed), Next: encodeBytes(w.draw(seat).Public().Bytes()),
	}
}

// sealed brings an epoch to Sealed with acknowledgements of all seats.
func (w *world) sealed(epoch int64) *Attempt {
	w.t.Helper()
	a := w.record(w.dealing(epoch))
	for seat := range w.seats {
		w.acknowledge(a, seat+1)
	}
	if a.Status != Sealed {
		w.t.Fatalf("epoch %d is %s", epoch, a.Status)
	}
	return a
}

// badDealing is a dealing whose share for one seat does not fit.
func (w *world) badDealing(epoch int64, seat int) *Dealing {
	w.t.Helper()
	d := w.dealing(epoch)
	a := &Attempt{Core: d.Core}
	other := d.Core.CoreDigest()
	ct, err := w.key(a, seat).Public().seal(d.shareInfo(seat), other[:], make([]byte, ShareSize))
	if err != nil {
		w.t.Fatal(err)
	}
	d.Ciphertexts[seat-1] = ct
	return d.redo()
}
