package record

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"detente/statement"
)

// A consent that was held back, and that its author has since taken back, does
// not count again because the same text has come into force a second time.
func TestConsentHeldBackUntilTheTextReturns(t *testing.T) {
	b := begin(t)
	const wanted, other = "closes     = 2021-07-24", "closes     = 2021-06-24"
	c := b.amended(oldClose, wanted)
	b.publish("iran", c)
	held := b.signed(b.draft("iaea", consentTo(c)))
	b.say("iaea", consentTo(b.bundle)) // it wants the text in force after all
	b.tick(instant("2021-03-01"))
	b.amend(instant("2021-03-02"), oldClose, other)
	b.publish("iran", b.bundle)
	b.say("iran", consentTo(b.bundle))
	b.say("iaea", consentTo(b.bundle))
	b.tick(instant("2021-03-03"))
	if b.f.InForce().ID != b.a.ID {
		t.Fatal("the first text is not in force again")
	}
	b.say("iran", consentTo(c))
	late := b.must(b.put(held))
	b.tick(instant("2021-03-04"))
	b.wantNoEffect(late, "before the text in force came into force")
	if b.f.InForce().ID != b.a.ID || len(b.f.Pending()) != 1 || !slices.Contains(b.f.Pending()[0].Missing, "iaea") {
		t.Errorf("in force: %s, pending %+v", b.f.InForce().ID, b.f.Pending())
	}
	// Said anew it counts.
	b.say("iaea", consentTo(c))
	b.tick(instant("2021-03-05"))
	if b.f.InForce().ID != c.Digest() {
		t.Error("a consent that is meant does not count")
	}
	b.refold()
}

// What was said between the parties alone is not opened to strangers by an
// amendment, and what strangers have read is not declared private.
func TestAmendmentCannotChangeWhoReadsTheRecord(t *testing.T) {
	b := begin(t)
	bundle := b.amended("proof_window", "record = private\n  proof_window")
	b.publish("iran", bundle)
	j := b.put(b.signed(b.draft("iran", consentTo(bundle))))
	b.wantFault(j, FaultMayNotAmend, "iran")
	if !strings.Contains(j.Fault.Reason, "private") {
		t.Error(j.Fault.Reason)
	}
}

// Who may read a private record is what the text in force says: a reader that
// an amendment let go reads no more, and one that it named does.
func TestReadersAreThoseInForce(t *testing.T) {
	press, court := keyOf("press", "press").Public(), keyOf("court", "court").Public()
	block := func(name string, key statement.PublicKey) string {
		return fmt.Sprintf("\nreader %s { key = \"%s\" }\n", name, key)
	}
	b := begin(t)
	b.amend(instant("2021-03-01"), "\ndepositary ", block("press", press)+"\ndepositary ")
	if got := b.f.ReadKeys("press"); !slices.Equal(got, []statement.PublicKey{press}) {
		t.Errorf("a reader whom an amendment named: %v", got)
	}
	b.amend(instant("2021-03-02"), block("press", press), block("court", court))
	if got := b.f.ReadKeys("press"); len(got) != 0 {
		t.Errorf("a reader who was let go: %v", got)
	}
	if got := b.f.ReadKeys("court"); !slices.Equal(got, []statement.PublicKey{court}) {
		t.Errorf("who came in its place: %v", got)
	}
}
