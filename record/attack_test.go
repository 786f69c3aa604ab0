package record

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

// A statement that its author signed in February and kept until the close had
// passed is as late as one that was signed then: no date is taken from the head
// that it cites.
func TestHoardedStatementIsDatedByItsProof(t *testing.T) {
	b := begin(t)
	hoarded := b.signed(b.draft("iran", statement.LiftBody{Measure: "us-sanctions", Documents: none}))
	b.decide(instant("2021-04-01"))
	b.tick(instant(closeDay))
	lift := b.must(b.put(hoarded))
	late := instant(closeDay) + 10
	b.tick(late)
	b.tick(late + hour)
	if e := b.f.Entry(lift.Index).Effect; e == nil || e.Verdict.Effect || e.At != late {
		t.Fatalf("a lifting signed in February and shown at %s: %+v", late, e)
	}
	if o, at := b.f.State().Outcome("footage"); o != machine.Erased || at != instant(closeDay) {
		t.Fatalf("outcome %s at %s, want erase at the close", o, at)
	}
}

// Whoever has stolen the keys of all witnesses and of the depositary years later
// can date old entries as they like. What has taken effect is not dated again,
// the clock does not go back, and no outcome changes.
func TestStolenKeysDateNothingAgain(t *testing.T) {
	b := silent(t)
	lift := b.say("iran", statement.LiftBody{Measure: "us-sanctions", Documents: none})
	b.decide(instant("2021-06-10"))
	effect, events, clock, settled := *b.f.Entry(lift.Index).Effect, b.f.Events(), b.f.Clock(), b.f.Settled()
	state := b.f.State().Bytes()
	if effect.Verdict.Effect {
		t.Fatalf("a lifting proved in June has effect: %+v", effect)
	}
	forged := instant("2021-05-01")
	if p := b.proof(lift.Index+1, forged, forged, forged, forged); p.Proof.What != Stamp || b.f.Entry(lift.Index).UB != forged {
		t.Fatalf("the forged proof is not one that dates: %+v; this shows nothing", p.Proof)
	}
	if now := *b.f.Entry(lift.Index).Effect; now != effect {
		t.Errorf("the effect was %+v and is %+v", effect, now)
	}
	if b.f.Clock() != clock || b.f.Settled() != settled || !slices.Equal(b.f.Events(), events) || !bytes.Equal(b.f.State().Bytes(), state) {
		t.Errorf("clock %s, settled %s, %d events; they were %s, %s, %d", b.f.Clock(), b.f.Settled(), len(b.f.Events()), clock, settled, len(events))
	}
}

// hybrid is a record two of whose four witnesses sign with ML-DSA-44.
func hybrid(t testing.TB) (*book, map[string]statement.Cosigner) {
	t.Helper()
	bundle, a := mustRead(t)
	text := string(bundle.Files[0].Data)
	cosigners := map[string]statement.Cosigner{}
	for _, name := range []string{"muscat", "seoul"} {
		seed := sha256.Sum256([]byte("detente example key " + name))
		c, err := statement.NewMLDSACosigner(name, seed[:])
		if err != nil {
			t.Fatal(err)
		}
		k := slices.IndexFunc(a.Witnesses, func(w *agreement.Witness) bool { return string(w.Name) == name })
		text = strings.Replace(text, a.Witnesses[k].Key, c.Key().String(), 1)
		cosigners[name] = c
	}
	b := &book{t: t}
	var err error
	if b.bundle, err = agreement.NewBundle([]agreement.File{{Path: "freeze.agreement", Data: []byte(text)}}); err != nil {
		t.Fatal(err)
	}
	var diagnostics []agreement.Diagnostic
	if b.a, diagnostics = agreement.Read(b.bundle); b.a == nil {
		t.Fatal(diagnostics)
	}
	b.reopen()
	b.put(Opening(b.a))
	return b, cosigners
}

// With three of four needed and two of them post-quantum, every quorum has a
// signature that whoever broke all Ed25519 keys cannot make.
func TestEd25519KeysAloneAreNoQuorum(t *testing.T) {
	b, cosigners := hybrid(t)
	note := b.checkpoint(1)
	n, err := statement.ParseNote(note)
	if err != nil {
		t.Fatal(err)
	}
	real, err := statement.CosignWith(cosigners["muscat"], n.Text, noon)
	if err != nil {
		t.Fatal(err)
	}
	forged := real
	forged.Sig = bytes.Clone(real.Sig)
	forged.Sig[len(forged.Sig)-100] ^= 1
	broken := []statement.Signature{line(t, note, "vienna", noon), line(t, note, "geneva", noon)}
	for _, c := range []struct {
		name, want string
		third      statement.Signature
	}{
		{"an Ed25519 key under the name of a post-quantum witness", FaultTooFew, line(t, note, "muscat", noon)},
		{"one bit of a post-quantum signature", FaultCosignature, forged},
		{"the witness itself", "", real},
	} {
		if _, err := b.f.Final(withLines(t, note, append(slices.Clone(broken), c.third)...)); faultCode(err) != c.want || c.want == "" && err != nil {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// The history of checkpoints and of who cosigned them when is on the record
// itself: each is read again as it was made, line by line.
func TestHistoryOfCosignaturesIsKept(t *testing.T) {
	b := three(t)
	type made struct {
		index int64
		note  []byte
		times []agreement.Instant
	}
	var all []made
	for size, times := range [][]agreement.Instant{1: {noon, noon + 1, noon + 2}, 2: {noon + 9, noon + 3, noon + 5, noon + 4}, 3: {noon + 60, noon + 61, noon + 62}} {
		if times == nil {
			continue
		}
		note := b.cosign(b.checkpoint(int64(size)), times...)
		all = append(all, made{b.must(b.put(ProofEntry(note))).Index, note, times})
	}
	for _, m := range all {
		j, err := b.f.Read(m.index)
		if err != nil || j.Proof == nil || !bytes.Equal(j.Proof.Note, m.note) {
			t.Fatalf("entry %d is not the checkpoint as it was cosigned: %v", m.index, err)
		}
		var want []Cosignature
		for i, at := range m.times {
			want = append(want, Cosignature{agreement.Name(witnesses[i]), at})
		}
		if !slices.Equal(j.Proof.Cosignatures, want) {
			t.Errorf("entry %d: %v, want %v", m.index, j.Proof.Cosignatures, want)
		}
	}
}

// A search finds everything that is there, so finding nothing shows that nothing
// is: a copy with any one entry left out, or the last, is not the record that the
// witnesses cosigned.
func TestAbsenceIsShown(t *testing.T) {
	b := begin(t)
	for range 3 {
		b.say("iran", statement.PerformBody{Commitment: "grant-access", Documents: none})
	}
	final := b.cosign(b.checkpoint(b.f.Size()), noon+hour)
	for i := range b.f.Size() {
		j := b.read(i)
		if j.Statement == nil {
			continue
		}
		if found, ok := b.f.ByID(j.Statement.ID); !ok || found.Index != i {
			t.Errorf("entry %d is not found", i)
		}
		short, err := NewFold(b.a)
		if err != nil {
			t.Fatal(err)
		}
		for k, e := range b.entries {
			if int64(k) != i {
				short.Append(e)
			}
		}
		if _, ok := short.ByID(j.Statement.ID); ok {
			t.Errorf("entry %d is found where it was left out", i)
		}
		if _, err := short.Final(final); faultCode(err) != FaultSize {
			t.Errorf("without entry %d: %v", i, err)
		}
		short.Append([]byte("something in its place"))
		if _, err := short.Final(final); faultCode(err) != FaultFork {
			t.Errorf("without entry %d, and as long: %v", i, err)
		}
	}
	never := b.draft("iran", words)
	text, err := never.Text()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := b.f.ByID(statement.IDOf(text)); ok {
		t.Error("a statement that was never made is found")
	}
}

// What makes a claim without naming its commitment: never `perform`; a lifting,
// an invocation or a report only if the commitment is about nothing by name; of
// every other act whatever it is about.
func TestMadeBy(t *testing.T) {
	about := &agreement.Ref{Noun: "measure", Name: "us-sanctions"}
	for _, c := range []struct {
		verb            machine.Verb
		alone, withNoun bool
	}{
		{machine.Perform, false, false},
		{machine.Lift, true, false}, {machine.Invoke, true, false}, {machine.Report, true, false},
		{machine.Sign, true, true}, {machine.Impose, true, true}, {machine.Verify, true, true}, {machine.Contest, true, true},
	} {
		if got := madeBy(c.verb, nil); got != c.alone {
			t.Errorf("%v of a commitment about nothing by name: %v", c.verb, got)
		}
		if got := madeBy(c.verb, about); got != c.withNoun {
			t.Errorf("%v of a commitment about a measure: %v", c.verb, got)
		}
	}
}
