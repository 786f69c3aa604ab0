package record

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

// newWitnesses are four others, with their declarations.
var newWitnesses = []string{"lisbon", "oslo", "quito", "tokyo"}

func declareWitnesses(t testing.TB) (changes []string) {
	t.Helper()
	var blocks strings.Builder
	for _, name := range newWitnesses {
		key, err := statement.NewWitnessKey(name, keyOf(name, name).Public())
		if err != nil {
			t.Fatal(err)
		}
		blocks.WriteString("\nwitness " + name + " { key = \"" + key.String() + "\" }")
	}
	return []string{"of = [vienna, geneva, muscat, seoul]", "of = [" + strings.Join(newWitnesses, ", ") + "]", "\nparty iran {", blocks.String() + "\nparty iran {"}
}

// by is the checkpoint of the first size entries, cosigned by these at one time.
func (b *book) by(size int64, at agreement.Instant, names ...string) []byte {
	b.t.Helper()
	note := b.checkpoint(size)
	var lines []statement.Signature
	for _, name := range names {
		lines = append(lines, line(b.t, note, name, at))
	}
	return withLines(b.t, note, lines...)
}

func (b *book) proofBy(size int64, at agreement.Instant, names ...string) *Judged {
	b.t.Helper()
	return b.put(ProofEntry(b.by(size, at, names...)))
}

var oldThree, newThree = witnesses[:3], newWitnesses[:3]

// changing is a record whose witnesses an amendment changed with its last entry.
func changing(t testing.TB) *book {
	b := begin(t)
	b.decide(instant("2021-04-01"))
	b.amend(instant("2021-05-20"), declareWitnesses(t)...)
	return b
}

// Trap 3: a proof is judged by the list in force after its own first entries,
// so a stamp made before the change counts after it; and trap 2's third part:
// from the change on both lists must cosign until one proof by both is there.
func TestTrap3StampFromBeforeAChangeOfWitnesses(t *testing.T) {
	b := changing(t)
	a := b.f.Size() - 1 // the proof that changed them
	if j := b.proofBy(a, instant("2021-05-20")+1, oldThree...); j.Fault != nil {
		t.Errorf("a stamp of the entries before the change, by the old list: %v", j.Fault)
	}
	b.wantFault(b.proofBy(a+1, instant("2021-05-20")+2, newThree...), FaultTooFew, "host")
	b.wantFault(b.proofBy(a+1, instant("2021-05-20")+2, oldThree...), FaultTooFew, "host")
	if got := b.f.Witnesses(); len(got) != 2 {
		t.Errorf("witnesses: %+v", got)
	}
	both := slices.Concat(oldThree, newThree)
	joint := b.proofBy(a+1, instant("2021-05-20")+3, both...)
	b.must(joint)
	if got := b.f.Witnesses(); len(got) != 1 || string(got[0].Of[0]) != newWitnesses[0] {
		t.Errorf("witnesses: %+v", got)
	}
	// The joint proof does not cover itself: up to its place both are needed.
	b.wantFault(b.proofBy(joint.Index, instant("2021-05-20")+4, newThree...), FaultTooFew, "host")
	b.must(b.proofBy(joint.Index+1, instant("2021-05-20")+5, newThree...))
	b.wantFault(b.proofBy(joint.Index+1, instant("2021-05-20")+6, oldThree...), FaultTooFew, "host")
	b.refold()
}

// A copy that ends before a change of witnesses does not know who must cosign
// what comes after it: it is too short, and not the checkpoint at fault.
func TestCopyBeforeAChangeOfWitnessesIsTooShort(t *testing.T) {
	b := changing(t)
	b.must(b.proofBy(b.f.Size(), instant("2021-05-20")+3, slices.Concat(oldThree, newThree)...))
	b.put([]byte("something"))
	note := b.by(b.f.Size(), instant("2021-05-20")+5, newThree...)
	short, err := NewFold(b.a)
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(3) {
		short.Append(b.read(i).Bytes)
	}
	if _, err := short.Decide("footage", note); !errors.Is(err, ErrTooShort) {
		t.Errorf("before the change: %v", err)
	}
	if _, err := b.f.Decide("footage", note); errors.Is(err, ErrTooShort) {
		t.Errorf("the whole record: %v", err)
	}
}

// While both lists must cosign, an entry is dated by the later of the two and
// the clock by the earlier: each list vouches for what counts.
func TestProofByBothListsIsDatedByBoth(t *testing.T) {
	b := changing(t)
	size, at := b.f.Size(), instant("2021-05-21")
	note := b.by(size, at, oldThree...)
	for _, name := range newThree {
		note = withLines(t, note, line(t, note, name, at+100))
	}
	p := b.must(b.put(ProofEntry(note))).Proof
	if p.Lo != at+100 || p.Hi != at {
		t.Errorf("lo %s, hi %s", p.Lo, p.Hi)
	}
}

// Trap 2: a change of witnesses that both sealed too late serves no vault: under
// the old list a halted certificate may have been given.
func TestTrap2ChangeOfWitnessesSealedByBoth(t *testing.T) {
	both := slices.Concat(oldThree, newThree)
	for _, late := range []bool{false, true} {
		b := changing(t)
		cut, _ := b.f.Cut("footage")
		at := instant("2021-05-21")
		if late {
			at = cut.H
		}
		b.must(b.proofBy(b.f.Size(), at, both...))
		b.must(b.proofBy(b.f.Size(), at+1, newThree...))
		end := later(cut.H, cut.Margin)
		for i := range agreement.Instant(3) { // the close is decided, if the record goes on in time
			if !late {
				b.must(b.proofBy(b.f.Size(), instant(closeDay)+i*2*hour, newThree...))
			}
		}
		note := b.by(b.f.Size(), max(at+2, instant(closeDay)+day), newThree...)
		if late {
			note = b.by(b.f.Size()-1, end, newThree...)
		}
		c, err := b.f.Decide("footage", note)
		switch {
		case late && !errors.Is(err, ErrUndecided):
			t.Errorf("sealed too late: %+v, %v", c, err)
		case !late && (err != nil || c.Ground != Decided):
			t.Errorf("sealed in time: %+v, %v", c, err)
		}
	}
}

// Trap 2: two halted certificates with other outcomes cannot straddle an
// amendment: what it made of the terms counts only if sealed before the H of
// the terms that it replaces.
func TestTrap2CertificatesDoNotStraddleAnAmendment(t *testing.T) {
	turn := []string{"hold       = { at_most = 30 days, then = erase }", "hold       = { at_most = 60 days, then = release }"}
	for _, late := range []bool{false, true} {
		b := begin(t)
		b.decide(instant("2021-04-01"))
		old, _ := b.f.Cut("footage")
		small := b.f.Size()
		at := instant("2021-05-20")
		b.amend(at, turn...)
		cut, _ := b.f.Cut("footage")
		if cut.H != old.H+30*day {
			t.Fatalf("H %s, then %s", old.H, cut.H)
		}
		if !late {
			b.tick(old.H - 1)
		}
		before := b.cosign(b.checkpoint(small), later(old.H, old.Margin))
		size := b.f.Size()
		if !late {
			size--
		}
		after := b.cosign(b.checkpoint(size), later(cut.H, cut.Margin))
		got, err := b.f.Decide("footage", after)
		if late {
			if !errors.Is(err, ErrUndecided) {
				t.Errorf("not sealed: %+v, %v", got, err)
			}
			if got, err := b.f.Decide("footage", before); err != nil || got.Outcome != machine.Erased {
				t.Errorf("of the terms before: %+v, %v", got, err)
			}
			continue
		}
		if err != nil || got.Ground != Halted || got.Outcome != machine.Released {
			t.Errorf("sealed: %+v, %v", got, err)
		}
	}
}

// The way out when the old quorum is dead: all signatories, the new quorum, and
// enough custodians, who renounce what the old witnesses may have given.
func TestDeadWitnessesAreReplaced(t *testing.T) {
	b := begin(t)
	b.decide(instant("2021-04-01"))
	cut, _ := b.f.Cut("footage")
	old := b.cosign(b.checkpoint(b.f.Size()), later(cut.H, cut.Margin))
	if c, err := b.f.Decide("footage", old); err != nil || c.Ground != Halted {
		t.Fatalf("by the old witnesses: %+v, %v", c, err)
	}
	bundle := b.amended(declareWitnesses(t)...)
	b.publish("iran", bundle)
	b.say("iran", consentTo(bundle))
	b.say("iaea", consentTo(bundle))
	renounce := statement.RenounceBody{Bundle: bundle.Digest().String()}
	b.say("c1", renounce)
	b.wantFault(b.proofBy(b.f.Size(), cut.H, newThree...), FaultTooFew, "host")
	if c, err := b.f.Decide("footage", old); err != nil || c.Ground != Halted {
		t.Fatalf("one custodian of three is not enough: %+v, %v", c, err)
	}
	if b.f.MayActOn("c1", b.f.Size()) || !b.f.MayActOn("c2", b.f.Size()) {
		t.Error("c1 alone has renounced what the old witnesses cosign, and is bound at once")
	}
	b.say("c2", renounce)
	b.wantFault(b.proofBy(b.f.Size(), cut.H, oldThree...), FaultTooFew, "host")
	if _, ok := b.f.Renounced("c2"); !ok {
		t.Error("c2 renounced")
	}
	if _, err := b.f.Decide("footage", old); !errors.Is(err, ErrUndecided) {
		t.Errorf("a certificate that was renounced: %v", err)
	}
	b.must(b.proofBy(b.f.Size(), instant("2021-05-22"), newThree...))
	if b.f.InForce().ID != bundle.Digest() || len(b.f.Witnesses()) != 1 {
		t.Fatalf("in force %s, witnesses %+v", b.f.InForce().ID, b.f.Witnesses())
	}
	halted := b.by(b.f.Size(), later(cut.H, cut.Margin), newThree...)
	if c, err := b.f.Decide("footage", halted); err != nil || c.Ground != Halted {
		t.Errorf("by the new witnesses: %+v, %v", c, err)
	}
	if first := b.f.Size() - 2; b.f.MayActOn("c1", first-1) || !b.f.MayActOn("c1", first) || !b.f.MayActOn("c2", first) {
		t.Error("who renounced acts on what the new witnesses cosign, and on nothing before")
	}
	b.refold()
}

// Succession: a declared successor says that it hosts the record, and where;
// nothing before changes. Nobody else can say so.
func TestHosting(t *testing.T) {
	b := begin(t)
	next := keyOf("haven", "haven").Public().String()
	b.wantFault(b.put(b.signed(b.draft("haven", statement.HostBody{Address: "x"}), "haven")), FaultUnknownSigner, "host")
	b.amend(noon, "depositary host { key", "depositary haven { key = \""+next+"\" }\ndepositary host { key")
	if name, _ := b.f.Host(); name != "haven" {
		t.Fatalf("the text names haven first, yet %s hosts", name)
	}
	signers["haven"] = []string{"haven"}
	b.wantFault(b.put(b.signed(b.draft("host", statement.HostBody{Address: "https://old"}))), FaultNotSigner, "host")
	b.say("haven", statement.HostBody{Address: "https://record.example"})
	if name, at := b.f.Host(); name != "haven" || at != "https://record.example" {
		t.Errorf("%s at %s", name, at)
	}
	if _, err := b.f.CheckProof(b.cosign(b.checkpoint(b.f.Size()), noon+1), b.f.Size()); faultCode(err) != FaultDepositary {
		t.Errorf("a checkpoint by the former depositary: %v", err)
	}
	c, err := statement.SignCheckpoint(statement.Checkpoint{Origin: Origin(b.a), Size: b.f.Size(), Root: b.f.Root()}, keyOf(Origin(b.a), "haven"))
	if err != nil {
		t.Fatal(err)
	}
	b.must(b.put(ProofEntry(b.cosign(c, noon+1))))
	if keys := b.f.LogKeys(); len(keys) != 1 || keys[0].String() != next {
		t.Errorf("log keys: %v", keys)
	}
	b.refold()
}
