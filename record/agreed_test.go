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

func TestAgreedOutcomeNeedsAVaultOfTheText(t *testing.T) {
	b := begin(t)
	b.must(b.say("iran", statement.OutcomeBody{Vault: "films", Outcome: "release"}))
	if b.f.Unagreed("films", machine.Released) != nil || b.f.Signed("films", "iran") != "" {
		t.Error("an outcome of a vault that does not exist was noted")
	}
}
