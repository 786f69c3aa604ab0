package record

import (
	"errors"
	"testing"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

// everybody is who must sign an agreed outcome of the vault.
var everybody = []agreement.Name{"iran", "iaea", "c1", "c2", "c3"}

func (b *book) agree(outcome machine.Outcome, names ...agreement.Name) {
	for _, n := range names {
		b.must(b.say(n, statement.OutcomeBody{Vault: "footage", Outcome: string(outcome)}))
	}
}

func TestAgreedOutcomeNeedsEverybody(t *testing.T) {
	b := begin(t)
	b.agree(machine.Released, everybody[:len(everybody)-1]...)
	note := b.cosign(b.checkpoint(b.f.Size()), noon)
	if _, err := b.f.Decide("footage", note); !errors.Is(err, ErrUndecided) {
		t.Fatalf("with one signature missing: %v", err)
	}
	if got := b.f.Unagreed("footage", machine.Released); len(got) != 1 || got[0] != "c3" {
		t.Errorf("unagreed: %v, want c3", got)
	}
	b.agree(machine.Erased, "c3")
	b.agree(machine.Released, "c3") // its latest word counts
	early := b.cosign(b.checkpoint(b.f.Size()-1), noon)
	if _, err := b.f.Decide("footage", early); !errors.Is(err, ErrUndecided) {
		t.Errorf("a checkpoint without the last signature: %v", err)
	}
	note = b.cosign(b.checkpoint(b.f.Size()), noon)
	c, err := b.f.Certify("footage", note)
	if err != nil || c.Ground != Agreed || c.Outcome != machine.Released {
		t.Fatalf("with all signatures: %+v, %v", c, err)
	}
	// Once agreed it stands, whatever anybody says later.
	b.agree(machine.Erased, everybody...)
	if c, err := b.f.Decide("footage", b.cosign(b.checkpoint(b.f.Size()), noon)); err != nil || c.Outcome != machine.Released {
		t.Errorf("after everybody signed the opposite: %+v, %v", c, err)
	}
	if b.f.Signed("footage", "iran") != machine.Released || b.f.Signed("footage", "us") != "" {
		t.Errorf("signed: iran %q, us %q", b.f.Signed("footage", "iran"), b.f.Signed("footage", "us"))
	}
}

func TestAgreedOutcomeAgainstTheRecordHolds(t *testing.T) {
	b := silent(t)
	b.agree(machine.Released, everybody...)
	b.decide(instant(closeDay)) // the record decides: erase
	note := b.cosign(b.checkpoint(b.f.Size()), instant(closeDay)+2*hour)
	if _, err := b.f.Decide("footage", note); !errors.Is(err, ErrExclusion) {
		t.Errorf("agreed release and decided erase: %v", err)
	}
}

// One checkpoint can be the certificate of what the record decided and of what
// all agreed. If these differ nobody may act on either, also when no other
// checkpoint shows the agreement.
func TestOneCheckpointOfAgreedAndDecidedHolds(t *testing.T) {
	b := silent(t)
	b.tick(instant(closeDay))
	b.tick(instant(closeDay) + 1)
	before := b.f.Size()
	b.agree(machine.Released, everybody...)
	b.proof(before, instant(closeDay)+1+hour) // decides, and covers none of their words
	if o, _ := b.f.State().Outcome("footage"); o != machine.Erased {
		t.Fatalf("the record says %s, want erase", o)
	}
	note := b.cosign(b.checkpoint(b.f.Size()), instant(closeDay)+2*hour)
	if _, err := b.f.Certify("footage", note); !errors.Is(err, ErrExclusion) {
		t.Errorf("carried: %v", err)
	}
	b.put(ProofEntry(note))
	if c, err := b.f.Decide("footage"); !errors.Is(err, ErrExclusion) {
		t.Errorf("on the record: %+v, %v", c, err)
	}
}

// Whoever keeps a word back and brings it after the later one of the same
// author must not make it the author's word again: a custodian that acted on
// its later word would have agreed to the opposite.
func TestAWordKeptBackDoesNotCountAgain(t *testing.T) {
	b := begin(t)
	word := func(o machine.Outcome) []byte {
		return b.signed(b.draft("c3", statement.OutcomeBody{Vault: "footage", Outcome: string(o)}))
	}
	b.agree(machine.Released, "iran", "iaea", "c1", "c2")
	kept := word(machine.Released)
	same := word(machine.Erased) // under the same head
	b.say("iran", words)
	later := word(machine.Erased)
	agreed := func() bool {
		_, err := b.f.Decide("footage", b.cosign(b.checkpoint(b.f.Size()), noon))
		return err == nil
	}
	for name, second := range map[string][]byte{"a later head": later, "the same head": same} {
		b := b.like(b.f.Size())
		b.must(b.put(second))
		if got := b.f.Signed("footage", "c3"); got != machine.Erased {
			t.Fatalf("%s: its word is %q", name, got)
		}
		b.must(b.put(kept))
		if len(b.f.Unagreed("footage", machine.Released)) == 0 {
			t.Errorf("%s: a word that was kept back counts as the latest", name)
		}
		if got := b.f.Signed("footage", "c3"); got == machine.Released || got == "" {
			t.Errorf("%s: its word is %q", name, got)
		}
	}
	b.must(b.put(kept))
	if !agreed() {
		t.Error("brought alone it agrees with the others")
	}
}

func TestAgreedOutcomeNeedsAVaultOfTheText(t *testing.T) {
	b := begin(t)
	b.must(b.say("iran", statement.OutcomeBody{Vault: "films", Outcome: "release"}))
	if b.f.Unagreed("films", machine.Released) != nil || b.f.Signed("films", "iran") != "" {
		t.Error("an outcome of a vault that does not exist was noted")
	}
}
