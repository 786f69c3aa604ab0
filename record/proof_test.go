package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"detente/agreement"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

const noon = agreement.Instant(1_614_000_000) // some instant in February 2021

// Each case makes a proof that must not count, at the end of a record of three
// entries, and names the fault.
var badProofs = []struct {
	name, code string
	note       func(b *book) []byte
}{
	{"no cosignatures", FaultTooFew, func(b *book) []byte { return b.checkpoint(3) }},
	{"too few", FaultTooFew, func(b *book) []byte { return b.cosign(b.checkpoint(3), noon, noon) }},
	{"one witness three times", FaultTooFew, func(b *book) []byte {
		n := b.checkpoint(3)
		return withLines(b.t, n, line(b.t, n, "vienna", noon), line(b.t, n, "vienna", noon+1), line(b.t, n, "vienna", noon+2), line(b.t, n, "seoul", noon))
	}},
	{"foreign witnesses", FaultTooFew, func(b *book) []byte {
		n := b.checkpoint(3)
		return withLines(b.t, n, line(b.t, n, "oslo", noon), line(b.t, n, "lima", noon), line(b.t, n, "vienna", noon), line(b.t, n, "geneva", noon))
	}},
	{"a witness's name with another key", FaultTooFew, func(b *book) []byte {
		n := b.checkpoint(3)
		note, _ := statement.ParseNote(n)
		forged, err := statement.Cosign(keyOf("muscat", "oslo"), note.Text, noon)
		if err != nil {
			b.t.Fatal(err)
		}
		return withLines(b.t, b.cosign(n, noon, noon), forged)
	}},
	{"without a time", FaultTooFew, func(b *book) []byte {
		n := b.cosign(b.checkpoint(3), noon)
		return reline(b.t, n, 3, func(sig []byte) { clear(sig[:8]) })
	}},
	{"a time past what any reader holds", FaultTooFew, func(b *book) []byte {
		return reline(b.t, b.cosign(b.checkpoint(3), noon), 1, func(sig []byte) { binary.BigEndian.PutUint64(sig, 1<<53) })
	}},
	{"one bit of a cosignature", FaultCosignature, func(b *book) []byte {
		return reline(b.t, b.cosign(b.checkpoint(3), noon, noon, noon, noon), 4, func(sig []byte) { sig[40] ^= 1 })
	}},
	{"a time moved under the signature", FaultCosignature, func(b *book) []byte {
		return reline(b.t, b.cosign(b.checkpoint(3), noon), 2, func(sig []byte) { sig[7]-- })
	}},
	{"a second line of one witness that does not verify", FaultCosignature, func(b *book) []byte {
		n := b.checkpoint(3)
		bad := line(b.t, n, "vienna", noon)
		bad.Sig[70] ^= 1
		return withLines(b.t, b.cosign(n, noon), bad)
	}},
	{"cosignatures of another checkpoint", FaultCosignature, func(b *book) []byte {
		n, other := b.checkpoint(3), b.checkpoint(2)
		return withLines(b.t, n, line(b.t, other, "vienna", noon), line(b.t, other, "geneva", noon), line(b.t, other, "seoul", noon))
	}},
	{"no signature of the depositary", FaultDepositary, func(b *book) []byte {
		n, _ := statement.ParseNote(b.cosign(b.checkpoint(3), noon))
		n.Sigs = n.Sigs[1:]
		return n.Bytes()
	}},
	{"a bad signature of the depositary", FaultDepositary, func(b *book) []byte {
		return reline(b.t, b.cosign(b.checkpoint(3), noon), 0, func(sig []byte) { sig[0] ^= 1 })
	}},
	{"signed by another key", FaultDepositary, func(b *book) []byte {
		head := b.f.Head()
		note, err := statement.SignCheckpoint(statement.Checkpoint{Origin: Origin(b.a), Size: head.Size, Root: head.Root}, keyOf(Origin(b.a), "c1"))
		if err != nil {
			b.t.Fatal(err)
		}
		return b.cosign(note, noon)
	}},
	{"another origin", FaultOrigin, func(b *book) []byte {
		return b.cosign(b.sign(statement.Checkpoint{Origin: "host/" + zeros, Size: 3, Root: b.f.Root()}), noon)
	}},
	{"an extension line", FaultNote, func(b *book) []byte {
		text := string(statement.Checkpoint{Origin: Origin(b.a), Size: 3, Root: b.f.Root()}.Text()) + "time 1\n"
		sig, err := keyOf(Origin(b.a), "host").Sign([]byte(text))
		if err != nil {
			b.t.Fatal(err)
		}
		key := keyOf(Origin(b.a), "host").Public()
		note, err := statement.NewNote([]byte(text), statement.Signature{Name: Origin(b.a), Hash: key.Hash(Origin(b.a)), Sig: sig})
		if err != nil {
			b.t.Fatal(err)
		}
		return note
	}},
	{"size 0", FaultSize, func(b *book) []byte {
		root, _ := b.f.RootAt(0)
		return b.cosign(b.sign(statement.Checkpoint{Origin: Origin(b.a), Size: 0, Root: root}), noon)
	}},
	{"more entries than stand before it", FaultSize, func(b *book) []byte {
		return b.cosign(b.sign(statement.Checkpoint{Origin: Origin(b.a), Size: 4, Root: tlog.Hash{1}}), noon)
	}},
	{"another history", FaultFork, func(b *book) []byte {
		return b.cosign(b.sign(statement.Checkpoint{Origin: Origin(b.a), Size: 3, Root: tlog.Hash{1}}), noon)
	}},
	{"too many lines", FaultOversized, func(b *book) []byte {
		n := b.checkpoint(3)
		lines := make([]statement.Signature, statement.MaxSignatures)
		for i := range lines {
			lines[i] = statement.Signature{Name: "x", Hash: uint32(i), Sig: make([]byte, 72)}
		}
		return withLines(b.t, n, lines...)
	}},
	{"not a note", FaultNote, func(b *book) []byte { return []byte("time passed\n") }},
	{"white space after it", FaultNote, func(b *book) []byte { return append(b.cosign(b.checkpoint(3), noon), '\n') }},
}

// reline changes one line's signature bytes.
func reline(t testing.TB, note []byte, k int, change func(sig []byte)) []byte {
	t.Helper()
	n, err := statement.ParseNote(note)
	if err != nil {
		t.Fatal(err)
	}
	n.Sigs[k].Sig = bytes.Clone(n.Sigs[k].Sig)
	change(n.Sigs[k].Sig)
	return n.Bytes()
}

func three(t testing.TB) *book {
	b := open(t)
	b.say("iran", statement.SignBody{Findings: zeros})
	b.say("iaea", statement.SignBody{Findings: zeros})
	return b
}

func TestProofsThatDoNotCount(t *testing.T) {
	for _, c := range badProofs {
		t.Run(c.name, func(t *testing.T) {
			b := three(t)
			note := c.note(b)
			if _, err := b.f.Final(note); faultCode(err) != c.code {
				t.Fatalf("Final: %v, want %s", err, c.code)
			}
			j := b.put(ProofEntry(note))
			b.wantFault(j, c.code, "host")
			if b.f.Clock() != Beginning || b.f.Entry(0).Covered {
				t.Fatal("a proof that does not count moved the clock or a bound")
			}
			b.tick(noon) // and the record goes on
		})
	}
}

func faultCode(err error) string {
	var f *Fault
	if errors.As(err, &f) {
		return f.Code
	}
	return ""
}

func TestProofCounts(t *testing.T) {
	b := three(t)
	n := b.checkpoint(2)
	lines := []statement.Signature{
		line(t, n, "seoul", noon+40),
		line(t, n, "oslo", 1), // not of this quorum: ignored
		line(t, n, "vienna", noon+10),
		line(t, n, "seoul", noon-900), // of two lines the first counts
		line(t, n, "geneva", noon+20),
		line(t, n, "muscat", noon+30),
	}
	j := b.must(b.put(ProofEntry(withLines(t, n, lines...))))
	want := []Cosignature{{"seoul", noon + 40}, {"vienna", noon + 10}, {"geneva", noon + 20}, {"muscat", noon + 30}}
	if p := j.Proof; !slices.Equal(p.Cosignatures, want) || p.Lo != noon+20 || p.Hi != noon+30 || p.What != Tick || p.Head.Size != 2 {
		t.Fatalf("proof %+v", p)
	}
	if b.f.Entry(1).UB != noon+20 || b.f.Entry(2).Covered || b.f.Clock() != noon+30 {
		t.Fatalf("entry 1 by %s, entry 2 covered: %v, clock %s", b.f.Entry(1).UB, b.f.Entry(2).Covered, b.f.Clock())
	}
	stamp := b.proof(2, noon)
	if stamp.Proof.What != Stamp || b.f.Entry(1).UB != noon || b.f.Clock() != noon+30 {
		t.Fatalf("an older proof: %+v", stamp.Proof)
	}
	if again := b.proof(1, noon+5); again.Proof.What != Nothing {
		t.Fatalf("a proof of what was known: %s", again.Proof.What)
	}
	if again := b.proof(1, noon, noon, noon+7); again.Proof.What != Nothing {
		t.Fatalf("a proof of just what was known: %s", again.Proof.What)
	}
	if _, err := b.f.CheckProof(b.cosign(b.checkpoint(3), noon), 2); faultCode(err) != FaultSize {
		t.Fatalf("three entries before entry 2: %v", err)
	}
	b.wantFault(b.put(stamp.Bytes), FaultDuplicate, "host")
	// The same checkpoint with other cosignatures is another proof.
	b.proof(2, noon-1)
}

// One liar, and one witness dead: the others' times stand, and the outlier is
// named. Trap 4: a limit on the spread would let the two stop the clock.
func TestTrap4SpreadNeverStopsTheClock(t *testing.T) {
	for _, lie := range []agreement.Instant{1, noon - 30*day, noon + 30*day, statement.MaxInstant} {
		b := three(t)
		p := b.tick(noon+1, lie, noon+3).Proof
		if p.Lo < noon+1 || p.Hi > noon+3 || p.Lo > p.Hi {
			t.Fatalf("with a witness at %d: %s to %s", lie, p.Lo, p.Hi)
		}
		if !slices.Equal(p.Outliers, []agreement.Name{"geneva"}) {
			t.Fatalf("with a witness at %d: outliers %v", lie, p.Outliers)
		}
	}
}

func TestQuorumsThatAreRefused(t *testing.T) {
	_, a := mustRead(t)
	for _, c := range []struct {
		n, k, f int
		good    bool
	}{
		{3, 2, 1, false}, {3, 3, 1, false}, {3, 2, 0, false}, {1, 1, 0, false}, {4, 2, 1, false}, {4, 4, 1, false}, {0, 0, 0, false}, {4, 3, 2, false}, {4, 3, -1, false}, {4, 3, 1, true},
	} {
		x := *a
		x.Quorum = agreement.Quorum{Of: a.Quorum.Of[:c.n], Need: c.k, Faulty: c.f}
		if _, err := NewFold(&x); (err == nil) != c.good {
			t.Errorf("%d of %d, %d may lie: %v", c.k, c.n, c.f, err)
		}
	}
	x := *a
	x.Witnesses = slices.Clone(a.Witnesses)
	twin := *x.Witnesses[1]
	key, err := statement.NewWitnessKey("geneva", keyOf("vienna", "vienna").Public())
	if err != nil {
		t.Fatal(err)
	}
	twin.Key = key.String()
	x.Witnesses[1] = &twin
	if _, err := NewFold(&x); err == nil || !strings.Contains(err.Error(), "another witness") {
		t.Errorf("one operator in two seats: %v", err)
	}
	x.Quorum.Of = []agreement.Name{"vienna", "vienna", "muscat", "seoul"}
	if _, err := NewFold(&x); err == nil {
		t.Error("one witness named twice is accepted")
	}
}

// A quorum is accepted exactly if it keeps the three promises, found by trying
// every set of witnesses and of liars.
func TestQuorumRuleMeansWhatItSays(t *testing.T) {
	subsets := func(n, k int) (all []uint) {
		for set := range uint(1) << n {
			if bits.OnesCount(set) == k {
				all = append(all, set)
			}
		}
		return all
	}
	accepted := 0
	for n := range 8 {
		for k := range n + 2 {
			for f := 1; f < n+2; f++ {
				quorums := subsets(n, k)
				keeps := len(quorums) > 0
				for _, dead := range subsets(n, f) { // a quorum is left when f are dead
					keeps = keeps && slices.ContainsFunc(quorums, func(q uint) bool { return q&dead == 0 })
				}
				for _, q := range quorums { // two share an honest witness
					keeps = keeps && bits.OnesCount(quorums[0]&q) > f
				}
				for _, lie := range subsets(k, f) { // of the sorted times the one at f has honest ones on both sides, or is one
					honest := (uint(1)<<k - 1) &^ lie
					keeps = keeps && honest&(uint(2)<<f-1) != 0 && honest>>f != 0
				}
				keeps = keeps && f <= n && f <= k
				if keeps != safeQuorum(n, k, f) {
					t.Errorf("%d of %d with %d liars: keeps the promises %v, accepted %v", k, n, f, keeps, !keeps)
				}
				if keeps {
					accepted++
				}
			}
		}
	}
	if accepted == 0 || safeQuorum(4, 3, 0) || safeQuorum(4, 3, -1) {
		t.Errorf("%d quorums are accepted; without liars %v", accepted, safeQuorum(4, 3, 0))
	}
}
