package vault

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"os"
	"strings"
	"testing"

	"detente/agreement"
	"detente/record"
	"detente/statement"
)

// A chronicle is a real record of a real text, with the keys of all its people.
type chronicle struct {
	t    testing.TB
	a    *agreement.Agreement
	f    *record.Fold
	keys map[agreement.Name]*PrivateKey // each custodian's for the one dealing
}

func seedOf(label string) []byte {
	s := sha256.Sum256([]byte("detente example key " + label))
	return s[:]
}

func newChronicle(t testing.TB) *chronicle {
	t.Helper()
	const path = "freeze.agreement"
	data, err := os.ReadFile("../spec/vectors/record/bundle/" + path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := agreement.NewBundle([]agreement.File{{Path: path, Data: data}})
	if err != nil {
		t.Fatal(err)
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		t.Fatal(diagnostics)
	}
	f, err := record.NewFold(a)
	if err != nil {
		t.Fatal(err)
	}
	c := &chronicle{t: t, a: a, f: f, keys: map[agreement.Name]*PrivateKey{}}
	c.put(record.Opening(a))
	return c
}

func (c *chronicle) put(entry []byte) *record.Judged {
	c.t.Helper()
	j := c.f.Append(entry)
	if j.Fault != nil {
		c.t.Fatalf("entry %d: %v", j.Index, j.Fault)
	}
	return j
}

func (c *chronicle) signer(name, label string) statement.Signer {
	c.t.Helper()
	s, err := statement.NewSigner(name, seedOf(label))
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

func (c *chronicle) say(by agreement.Name, answers statement.ID, body statement.Body) statement.ID {
	c.t.Helper()
	text, err := (&statement.Statement{Agreement: c.a.ID, Bundle: c.a.ID, By: by, Answers: answers, Seen: c.f.Head(), Body: body}).Text()
	if err != nil {
		c.t.Fatal(err)
	}
	signers := []statement.Signer{c.signer(string(by), string(by))}
	switch by {
	case "iran":
		signers = []statement.Signer{c.signer("iran", "iran-1"), c.signer("iran", "iran-2")}
	case "iaea":
		signers[0] = c.signer("iaea", "iaea-1")
	}
	note, err := statement.Sign(text, signers...)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.put(note).Statement.ID
}

// tick is a proof of time of all entries.
func (c *chronicle) tick(at agreement.Instant) {
	c.t.Helper()
	origin := record.Origin(c.a)
	note, err := statement.SignCheckpoint(statement.Checkpoint{Origin: origin, Size: c.f.Size(), Root: c.f.Root()}, c.signer(origin, "host"))
	if err != nil {
		c.t.Fatal(err)
	}
	n, err := statement.ParseNote(note)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, w := range []string{"vienna", "geneva", "muscat"} {
		sig, err := statement.Cosign(c.signer(w, w), n.Text, at)
		if err != nil {
			c.t.Fatal(err)
		}
		n.Sigs = append(n.Sigs, sig)
	}
	c.put(record.ProofEntry(n.Bytes()))
}

// seal brings epoch 1 of the vault to sealed.
func (c *chronicle) seal() Digest {
	c.t.Helper()
	for i, name := range []agreement.Name{"c1", "c2", "c3"} {
		c.keys[name] = key(c.t, uint64(i))
		c.say(name, statement.ID{}, statement.AcceptCustodyBody{Vault: "footage", Key: encodeBytes(c.keys[name].Public().Bytes())})
	}
	r := c.reader(c.f.Size())
	p, ok, reason := r.NextDealing(0)
	if !ok {
		c.t.Fatal(reason)
	}
	d, err := Deal(seeded(1), p)
	if err != nil {
		c.t.Fatal(err)
	}
	id := c.say("camera", statement.ID{}, d.Body())
	c.say("camera", id, d.Shares()[0])
	for i, s := range d.Seats {
		sh, err := d.OpenShare(i+1, c.keys[s.Custodian])
		if err != nil {
			c.t.Fatal(err)
		}
		next := key(c.t, uint64(100+i)).Public()
		proof, err := d.Acknowledge(seeded(uint64(i)), sh, next)
		if err != nil {
			c.t.Fatal(err)
		}
		c.say(s.Custodian, id, statement.AcknowledgeBody{Vault: "footage", Digest: d.Digest.String(), Seat: i + 1, Next: encodeBytes(next.Bytes()), Proof: encodeBytes(proof)})
	}
	return d.Digest
}

func (c *chronicle) reader(size int64) *Reader {
	c.t.Helper()
	r, err := NewReader(c.a, "footage")
	if err != nil {
		c.t.Fatal(err)
	}
	if err := r.Read(c.f, size); err != nil {
		c.t.Fatal(err)
	}
	return r
}

// From a real record: keys, dealing, segments, and what they cover. A reader
// that has folded only a part says nothing about the rest.
func TestCoverageOfARealRecord(t *testing.T) {
	const day = agreement.Instant(1614067200) // 2021-02-23T08:00:00Z
	c := newChronicle(t)
	if _, err := NewReader(c.a, "attic"); err == nil || !strings.Contains(err.Error(), "no vault attic") {
		t.Errorf("a vault that is not in the text: %v", err)
	}
	epoch := c.seal()
	r := c.reader(c.f.Size())
	if _, err := r.Cover(c.f, nil); !errors.Is(err, ErrNotOpen) {
		t.Errorf("not in force: %v", err)
	}
	for _, by := range []agreement.Name{"iran", "iaea"} {
		c.say(by, statement.ID{}, statement.SignBody{Findings: strings.Repeat("0", 64)})
	}
	c.tick(day)
	m := Manifest{
		Agreement: c.a.ID, Vault: VaultID(c.a.ID, "footage"), Camera: "main", Epoch: epoch, Seq: 1,
		Size: SegmentSize(c.reader(0).Terms.SegmentBytes), Wall: Milliseconds(day) * 1000, Mono: 5, Duration: 30_000, Checkpoint: c.f.Root(),
	}
	first, err := m.Sign(ed25519.NewKeyFromSeed(seedOf("camera")))
	if err != nil {
		t.Fatal(err)
	}
	object := mustEncode(t, first)
	batch, err := SealOf("footage", object)
	if err != nil {
		t.Fatal(err)
	}
	c.say("camera", statement.ID{}, batch)
	sealed := c.f.Size()
	c.tick(day + 40)
	c.tick(day + 90 + commitWithin)

	cover := func(size int64) *Coverage {
		got, err := c.reader(size).Cover(c.f, func(d Digest) ([]byte, error) {
			if d == BatchDigest(object) {
				return object, nil
			}
			return nil, errors.New("not found")
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	all := cover(c.f.Size())
	if got := all.Summary(); got != "30 s of 90 s expected are covered (33.3 %), 60 s missing without one; 1 unexplained gap, the longest hole 60 s of footage" || all.From != day {
		t.Errorf("%s from %s", got, all.From)
	}
	// Before it folds the later proofs, a reader knows of no gap, and of the
	// segment as soon as the clock has passed it.
	for size := int64(1); size <= sealed; size++ {
		if part := cover(size); part.Cameras[0].ExpectedSeconds != 0 {
			t.Errorf("of %d entries: %s", size, part.Text())
		}
	}
	if got := cover(sealed + 1).Summary(); !strings.HasPrefix(got, "30 s of 30 s expected are covered") {
		t.Errorf("with the clock just past the segment: %s", got)
	}
	existed := ExistedBy(c.f)
	for entry, want := range map[int64]bool{-1: false, 0: true, sealed - 1: true, c.f.Size() - 1: false, c.f.Size(): false} {
		if at, ok := existed(entry); ok != want || entry == sealed-1 && at != day+40 {
			t.Errorf("entry %d existed by %s, %v, want %v", entry, at, ok, want)
		}
	}
}

// What the record holds faulty has no force in the ledger, but it is an entry:
// heads count it.
func TestFaultyEntriesAreOnlyInTheTree(t *testing.T) {
	c := newChronicle(t)
	c.seal()
	r := c.reader(c.f.Size())
	size, verdicts, clock := r.Size(), len(r.Verdicts), r.Clock()
	if j := c.f.Append(record.Must(c.f.Read(1)).Bytes); j.Fault == nil { // a custodian's acceptance, once more
		t.Fatal("a duplicate without fault")
	}
	if err := r.Read(c.f, size); err != nil || r.Size() != size {
		t.Fatalf("read past what was asked: %d, %v", r.Size(), err)
	}
	if err := r.Read(c.f, size+100); err != nil || r.Size() != size+1 {
		t.Fatalf("%d entries, %v", r.Size(), err)
	}
	if len(r.Verdicts) != verdicts || r.Clock() != clock {
		t.Errorf("a faulty entry had force: %+v", r.Verdicts[verdicts:])
	}
	if h, ok := r.heads.of(c.f.Root()); !ok || h.size != size+1 {
		t.Errorf("head %+v, %v", h, ok)
	}
}

// A reader that has followed one side of a fork does not go on with the other.
func TestReaderStaysWithItsRecord(t *testing.T) {
	c, other := newChronicle(t), newChronicle(t)
	for i, x := range []*chronicle{c, other} {
		x.say("c1", statement.ID{}, statement.AcceptCustodyBody{Vault: "footage", Key: encodeBytes(key(t, uint64(i)).Public().Bytes())})
		x.say("c2", statement.ID{}, statement.AcceptCustodyBody{Vault: "footage", Key: encodeBytes(key(t, 5).Public().Bytes())})
	}
	r := c.reader(1)
	if err := r.Read(other.f, 1); err != nil {
		t.Errorf("the same so far: %v", err)
	}
	r = c.reader(2)
	if err := r.Read(other.f, 3); !errors.Is(err, ErrOtherRecord) || r.Size() != 2 {
		t.Errorf("read %d entries, %v", r.Size(), err)
	}
	r = c.reader(3)
	if _, err := r.Cover(other.f, nil); !errors.Is(err, ErrOtherRecord) {
		t.Errorf("%v", err)
	}
	if _, err := r.Cover(newChronicle(t).f, nil); !errors.Is(err, ErrOtherRecord) {
		t.Errorf("a shorter record: %v", err)
	}
}
