package record

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

// At the cut only sizes, times and names matter, so the test makes them
// without signatures: a record that grows, may decide, may move its close, and
// witnesses who cosign what they see, honestly or not.
type cutWorld struct {
	n, k, f int
	h       *vaultHistory
	fold    *Fold
	proofs  []*Proof

	liars    int
	unsealed bool // the rule without its part about a close that moves
}

const (
	tinyWindow = 5
	tinyMargin = 10
)

// randomCut is one configuration. Time runs; the record grows; at each moment
// a subset of the witnesses may be asked to cosign what is there, or, by
// whoever kept an older copy back, an older size.
func randomCut(rng *rand.Rand, liarsTooMany int) *cutWorld {
	shape := [][3]int{{4, 3, 1}, {7, 5, 2}, {5, 4, 1}}[rng.IntN(3)]
	w := &cutWorld{n: shape[0], k: shape[1], f: shape[2]}
	w.liars = w.f + liarsTooMany
	names := make([]agreement.Name, w.n)
	for i := range names {
		names[i] = agreement.Name('a' + rune(i))
	}
	v := &agreement.Vault{HoldAtMost: 20, HoldThen: "erase", Working: 3, Margin: tinyMargin}
	w.h = &vaultHistory{vault: v}
	w.fold = &Fold{
		host:      &host{quorum: &quorum{names: names, need: w.k, faulty: w.f}},
		agreement: &agreement.Agreement{ProofWindow: tinyWindow}, vaults: []*vaultHistory{w.h}, order: &order{},
	}
	w.fold.noteClose(w.h, closing{size: 0, at: agreement.Instant(30 + rng.IntN(20)), known: rng.IntN(8) > 0})
	const entries = 12
	if rng.IntN(3) > 0 {
		w.h.decided, w.h.outcome = 1+rng.Int64N(entries), machine.Released
	}
	for size := int64(1); size <= entries; size++ {
		if rng.IntN(10) == 0 {
			w.fold.noteClose(w.h, closing{size: size, at: agreement.Instant(20 + rng.IntN(120)), known: rng.IntN(8) > 0})
		}
	}
	seen := make([]int64, w.n) // the largest size each honest witness cosigned
	away := make([]int, w.n)   // how often of eight it cannot be reached
	for i := range away {
		away[i] = []int{0, 2, 6, 7}[rng.IntN(4)]
	}
	size, now := int64(1), agreement.Instant(0)
	for range 30 {
		now += agreement.Instant(rng.IntN(14))
		size = min(entries, size+rng.Int64N(2))
		w.round(rng, 1+rng.Int64N(size), now, seen, away)
		w.round(rng, size, now, seen, away)
	}
	return w
}

// round lets some witnesses cosign one size, about now. An honest one never
// goes back to a smaller size, and states its time with a race of less than
// the margin: a stock witness takes the time after it has committed. Up to f
// cosign anything and state any time.
func (w *cutWorld) round(rng *rand.Rand, size int64, now agreement.Instant, seen []int64, away []int) {
	p := &Proof{Head: statement.Head{Size: size}}
	for i, name := range w.fold.quorum.names {
		at := now + agreement.Instant(rng.IntN(tinyMargin))
		if i < w.liars {
			at = agreement.Instant(1 + rng.IntN(250))
		} else if seen[i] > size || rng.IntN(8) < away[i] {
			continue
		} else {
			seen[i] = size
		}
		p.Cosignatures = append(p.Cosignatures, Cosignature{name, at})
	}
	if len(p.Cosignatures) >= w.k {
		w.proofs = append(w.proofs, p)
	}
}

// story is the configuration in words.
func (w *cutWorld) story() string {
	s := fmt.Sprintf("%d of %d, %d lie; decided from size %d; closes %+v", w.k, w.n, w.liars, w.h.decided, w.h.closes)
	for _, p := range w.proofs {
		s += fmt.Sprintf("\nsize %d: %v", p.Head.Size, p.Cosignatures)
	}
	return s
}

// grounds are the certificates that the configuration gives, by the rule as the
// text has it: every proof is looked at, and for each the seals of every change.
func (w *cutWorld) grounds() (decided, halted bool) {
	for _, p := range w.proofs {
		switch ground, _ := w.fold.ground(w.h, p); ground {
		case Halted:
			halted = true
		case Decided:
			decided = decided || w.unsealed || w.movesSealed(p.Head.Size)
		}
	}
	return decided, halted
}

// movesSealed is whether each change of a known close in the first size
// entries was sealed before the H that it replaced.
func (w *cutWorld) movesSealed(size int64) bool {
	for i, c := range w.h.closes {
		if i == 0 || c.size > size || !w.h.closes[i-1].known {
			continue
		}
		old := w.fold.cut(w.h.vault, w.h.closes[i-1].at)
		if !slices.ContainsFunc(w.proofs, func(p *Proof) bool { return p.Head.Size >= c.size && p.before(old.H) >= w.k }) {
			return false
		}
	}
	return true
}

// kept are the grounds by what the fold keeps of proofs as they come, the first
// on of them on the record and the others shown to it.
func (w *cutWorld) kept(on int) (decided, halted bool) {
	h := *w.h
	h.pending = slices.Clone(h.pending)
	f := *w.fold
	f.vaults = []*vaultHistory{&h}
	for _, p := range w.proofs[:on] {
		f.noteProof(p)
	}
	below := f.sealedBelow(&h, w.proofs[on:])
	for _, p := range append(h.found.decided, w.proofs[on:]...) {
		ground, _ := f.ground(&h, p)
		decided = decided || ground == Decided && p.Head.Size < below
		halted = halted || ground == Halted
	}
	return decided, halted || h.found.halted != nil
}

// What is kept gives the certificates that reading all proofs again gives.
func TestWhatIsKeptGivesTheSameCertificates(t *testing.T) {
	for seed := range 5_000 {
		rng := rand.New(rand.NewPCG(uint64(seed), 8))
		w := randomCut(rng, rng.IntN(3))
		decided, halted := w.grounds()
		for on := range len(w.proofs) + 1 {
			if d, h := w.kept(on); d != decided || h != halted {
				t.Fatalf("seed %d, %d proofs on the record: decided %v, halted %v; want %v, %v\n%s", seed, on, d, h, decided, halted, w.story())
			}
		}
	}
}

// Trap 8 is among these: witnesses race by up to the margin less a second.
func TestTrap8CertificatesExcludeEachOther(t *testing.T) {
	runs := 40_000
	if testing.Short() {
		runs = 10_000
	}
	var count [4]int
	for seed := range runs {
		w := randomCut(rand.New(rand.NewPCG(uint64(seed), 8)), 0)
		decided, halted := w.grounds()
		if decided && halted {
			t.Fatalf("seed %d: both certificates\n%s", seed, w.story())
		}
		if decided {
			count[0]++
		}
		if halted {
			count[1]++
		}
	}
	if count[0] < runs/50 || count[1] < runs/50 {
		t.Fatalf("the search is too tame: %d decided, %d halted of %d", count[0], count[1], runs)
	}
	t.Logf("%d decided, %d halted of %d", count[0], count[1], runs)
}

// The search finds what it must: without the margin, or with one liar too
// many, both certificates exist for some configuration.
func TestTheSearchOfTheCutHasTeeth(t *testing.T) {
	for _, c := range []struct {
		name  string
		liars int
		weak  func(w *cutWorld)
	}{
		{"no margin", 0, func(w *cutWorld) { w.h.vault.Margin = 0 }},
		{"a close that moves needs no seal", 0, func(w *cutWorld) { w.unsealed = true }},
		{"one liar too many", 1, func(*cutWorld) {}},
	} {
		found := false
		for seed := 0; seed < 100_000 && !found; seed++ {
			w := randomCut(rand.New(rand.NewPCG(uint64(seed), 8)), c.liars)
			c.weak(w)
			decided, halted := w.grounds()
			found = decided && halted
		}
		if !found {
			t.Errorf("%s: still no two certificates, so the search would not see a broken rule", c.name)
		}
	}
}

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
	h.closes, h.pending, h.found = nil, nil, found{}
	b.f.noteClose(h, closing{at: noon, known: true})
	b.f.noteClose(h, closing{size: 3, at: noon + 1000*day, known: true})
	h.decided, h.outcome = 2, machine.Released
	old := b.f.cut(h.vault, noon).H
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
