package record

import (
	"testing"

	"detente/machine"
	"detente/statement"
)

// The story of the vault, told to the outcome: the lifting is reported on the
// last day, verified within the window, and the footage released.
func TestStoryReleased(t *testing.T) {
	b := begin(t)
	if _, ok := b.f.State().InForce(); !ok {
		t.Fatal("both have signed and a proof covers it, and it is not in force")
	}
	b.decide(instant("2021-04-01")) // the other commitment falls due
	lift := b.say("iran", statement.LiftBody{Measure: "us-sanctions", Documents: none})
	if lift.Effect != nil || lift.Covered {
		t.Fatal("a statement that no proof covers is in effect")
	}
	b.tick(instant("2021-05-23T23:59:59Z"))
	if got := b.f.Entry(lift.Index); got.Effect == nil || !got.Effect.Verdict.Effect || got.Effect.At != instant("2021-05-23T23:59:59Z") {
		t.Fatalf("the lifting: %+v", got.Effect)
	}
	b.answer("iran", lift, statement.VerifyBody{Commitment: "lift-sanctions", Finding: "accepts", Reason: "", Documents: none})
	close := instant("2021-05-24")
	b.tick(close)
	b.tick(close + 60)
	if o, _ := b.f.State().Outcome("footage"); o != machine.Open {
		t.Fatalf("decided as %s within the window", o)
	}
	b.tick(close + 60 + hour)
	o, at := b.f.State().Outcome("footage")
	if o != machine.Released || at != close {
		t.Fatalf("outcome %s at %s, want release at the close", o, at)
	}
	if _, err := b.f.Decide("footage"); err == nil {
		t.Fatal("the outcome has a certificate though no quorum cosigned the deciding proof")
	}
	note := b.cosign(b.checkpoint(b.f.Size()), close+2*hour)
	c, err := b.f.Decide("footage", note)
	if err != nil || c.Ground != Decided || c.Outcome != machine.Released {
		t.Fatalf("certificate %+v, %v", c, err)
	}
}
