package record

import (
	"errors"
	"slices"
	"testing"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

func TestDecideFindsThatTooManyLied(t *testing.T) {
	b := silent(t)
	halted := b.f.Size()
	cut, _ := b.f.Cut("footage")
	note := b.cosign(b.checkpoint(halted), cut.H+agreement.Instant(cut.Margin))
	b.decide(instant(closeDay))
	lie := b.cosign(b.checkpoint(b.f.Size()), instant(closeDay)+2*hour)
	if _, err := b.f.Decide("footage", note, lie); !errors.Is(err, ErrExclusion) {
		t.Fatalf("both certificates at once: %v", err)
	}
}

func TestDecideRefuses(t *testing.T) {
	b := silent(t)
	if _, err := b.f.Decide("films"); !errors.Is(err, ErrNoVault) {
		t.Errorf("no such vault: %v", err)
	}
	if _, ok := b.f.Cut("films"); ok {
		t.Error("a vault that does not exist has a cut")
	}
	fork := b.cosign(b.sign(statement.Checkpoint{Origin: Origin(b.a), Size: 3, Root: [32]byte{1}}), noon)
	if _, err := b.f.Decide("footage", fork); !errors.Is(err, ErrFork) {
		t.Errorf("another history, cosigned: %v", err)
	}
	if _, err := b.f.Decide("footage", b.checkpoint(2)); faultCode(err) != FaultTooFew {
		t.Errorf("not cosigned: %v", err)
	}
	if _, err := b.f.Certify("footage", b.cosign(b.checkpoint(1), noon)); !errors.Is(err, ErrUndecided) {
		t.Errorf("an early checkpoint as a certificate: %v", err)
	}
}

// A close that moved gives no decided certificate until a checkpoint, on the
// record or shown, seals the change; of several candidates those too large are
// passed over.
func TestAMoveOfTheCloseNeedsItsSeal(t *testing.T) {
	b := begin(t)
	b.tick(noon)
	b.tick(noon + 1)
	h, err := b.f.vaultHistory("footage")
	if err != nil {
		t.Fatal(err)
	}
	h.phases, h.pending, h.found = nil, nil, found{}
	b.f.notePhase(h, phase{at: noon, known: true, vault: h.vault, window: b.a.ProofWindow})
	b.f.notePhase(h, phase{size: 3, at: noon + 1000*day, known: true, vault: h.vault, window: b.a.ProofWindow})
	h.decided, h.outcome = 2, machine.Released
	old := h.phases[0].cut().H
	b.tick(old + day) // covers the change, too late to seal it
	if _, err := b.f.Decide("footage"); !errors.Is(err, ErrUndecided) {
		t.Fatalf("not sealed: %v", err)
	}
	seal := b.cosign(b.checkpoint(3), old-1)
	for _, size := range []int64{2, 3} { // before the change, and its seal
		if c, err := b.f.Decide("footage", b.cosign(b.checkpoint(size), old-1)); err != nil || c.Size != size {
			t.Errorf("shown a checkpoint of size %d: %+v, %v", size, c, err)
		}
	}
	if c, err := b.f.Certify("footage", b.cosign(b.checkpoint(4), old)); !errors.Is(err, ErrUndecided) {
		t.Errorf("one that does not seal it, as a certificate: %+v, %v", c, err)
	}
	b.put(ProofEntry(seal))
	if c, err := b.f.Decide("footage"); err != nil || c.Ground != Decided || c.Size != 6 {
		t.Errorf("sealed on the record: %+v, %v; want that of size 6, the first", c, err)
	}
	h.pending = []int{1}
	b.put(ProofEntry(b.cosign(b.checkpoint(2), noon+2)))
	h.pending = []int{1}
	if c, err := b.f.Decide("footage"); err != nil || c.Size != 2 {
		t.Errorf("without the seal: %+v, %v; want that of size 2, before the change", c, err)
	}
}

// Of certificates of one ground on the record the first is taken, by everybody.
func TestDecideTakesTheFirst(t *testing.T) {
	b := silent(t)
	cut, _ := b.f.Cut("footage")
	b.agree(machine.Erased, everybody...)
	for i := range agreement.Instant(3) {
		b.tick(instant("2021-04-02") + i)
	}
	first := b.f.Size() - 3
	if c, err := b.f.Decide("footage"); err != nil || c.Ground != Agreed || c.Size != first {
		t.Errorf("agreed: %+v, %v; want that of size %d", c, err, first)
	}
	halted := b.f.Size()
	for i := range agreement.Instant(3) {
		b.proof(halted-int64(i), cut.H+agreement.Instant(cut.Margin)+i)
	}
	if c, err := b.f.Decide("footage"); err != nil || c.Ground != Halted || c.Size != halted {
		t.Errorf("halted: %+v, %v; want that of size %d", c, err, halted)
	}
}

// Anybody can put lines on a checkpoint that claim no known key. A custodian
// must still be able to cite the certificate: its statements have less room
// than a note, and refuse hidden characters.
func TestACertificateCarriesOnlyWhatCounts(t *testing.T) {
	b := silent(t)
	b.decide(instant(closeDay))
	note := b.cosign(b.checkpoint(b.f.Size()), instant(closeDay)+2*hour)
	junk := statement.Signature{Name: "\u202etxet", Hash: 7, Sig: make([]byte, 400)}
	lines := []statement.Signature{junk, line(t, note, "vienna", instant(closeDay)+3*hour)}
	for len(lines) < 90 {
		lines = append(lines, junk)
	}
	c, err := b.f.Decide("footage", withLines(t, note, lines...))
	if err != nil || string(c.Note) != string(note) {
		t.Fatalf("%v; it carries\n%q", err, c.Note)
	}
	erased := statement.ErasedBody{Vault: "footage", Seat: 1, Certificate: string(c.Note)}
	if _, err := b.draft("c1", erased).Text(); err != nil {
		t.Errorf("a custodian cannot cite it: %v", err)
	}
	if again, err := b.f.Certify("footage", c.Note); err != nil || again.Size != c.Size || again.Outcome != machine.Erased {
		t.Errorf("carried: %+v, %v", again, err)
	}
}

// A fork shown to two readers: each finds it as soon as it sees the other's
// checkpoint, and it names who signed both.
func TestForkShownToTwoReaders(t *testing.T) {
	left := begin(t)
	right := left.like(left.f.Size())
	left.say("iran", words)
	right.say("iaea", words)
	a := left.cosign(left.checkpoint(left.f.Size()), noon, noon, noon)
	// Geneva is honest and refuses the second; vienna, muscat and seoul lie.
	n := right.checkpoint(right.f.Size())
	b := withLines(t, n, line(t, n, "vienna", noon), line(t, n, "muscat", noon), line(t, n, "seoul", noon))
	want := []agreement.Name{"host", "vienna", "muscat"}

	fork, err := Compare(left.a, a, b)
	if err != nil || fork == nil || !slices.Equal(fork.Both, want) {
		t.Fatalf("of one size: %+v, %v; want signed by %v", fork, err, want)
	}
	for _, reader := range []*book{left, right} {
		fork, err := reader.f.Compare(a, b)
		if err != nil || fork == nil || !slices.Equal(fork.Both, want) {
			t.Fatalf("with entries: %+v, %v", fork, err)
		}
	}
	if _, err := left.f.Final(b); faultCode(err) != FaultFork {
		t.Fatalf("the other side's checkpoint: %v", err)
	}

	// Of different sizes the entries of the longer record are needed.
	left.tick(noon)
	longer := left.cosign(left.checkpoint(left.f.Size()), noon)
	if _, err := Compare(left.a, longer, b); !errors.Is(err, ErrNeedEntries) {
		t.Errorf("two sizes without entries: %v", err)
	}
	if fork, err := left.f.Compare(b, longer); err != nil || fork == nil {
		t.Errorf("two sizes with the entries of the longer: %v, %v", fork, err)
	}
	if _, err := right.f.Compare(longer, b); !errors.Is(err, ErrNeedEntries) {
		t.Errorf("two sizes with the entries of the shorter: %v", err)
	}
	for _, same := range [][2][]byte{{a, a}, {a, left.cosign(left.checkpoint(4), noon+9)}, {longer, left.cosign(left.checkpoint(2), noon)}} {
		if fork, err := left.f.Compare(same[0], same[1]); err != nil || fork != nil {
			t.Errorf("two checkpoints of one record: %v, %v", fork, err)
		}
	}
	if _, err := Compare(left.a, a, left.checkpoint(4)); faultCode(err) != FaultTooFew {
		t.Errorf("an uncosigned checkpoint is no evidence: %v", err)
	}
}
