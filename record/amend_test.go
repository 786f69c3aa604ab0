package record

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

const fileName = "freeze.agreement"

// amended is the text in force with changes: pairs of what to replace and by what.
func (b *book) amended(changes ...string) *agreement.Bundle {
	b.t.Helper()
	from := b.bundle
	if v := b.f.Versions(); len(v) > 1 {
		from = v[len(v)-1].Bundle
	}
	data, _ := from.File(fileName)
	text := string(data)
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			b.t.Fatalf("the text has no %q", changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	bundle, err := agreement.NewBundle([]agreement.File{{Path: fileName, Data: []byte(text)}})
	if err != nil {
		b.t.Fatal(err)
	}
	return bundle
}

// publish puts a bundle on the record.
func (b *book) publish(by agreement.Name, bundle *agreement.Bundle) {
	b.t.Helper()
	parts, err := TextParts(bundle)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, p := range parts {
		b.say(by, p)
	}
}

func consentTo(bundle *agreement.Bundle) statement.AmendBody {
	return statement.AmendBody{Bundle: bundle.Digest().String(), Findings: zeros}
}

// amend publishes a bundle and lets all consent to it, which a proof at an
// instant brings into effect.
func (b *book) amend(at agreement.Instant, changes ...string) *agreement.Bundle {
	b.t.Helper()
	bundle := b.amended(changes...)
	b.publish("iran", bundle)
	b.say("iran", consentTo(bundle))
	b.say("iaea", consentTo(bundle))
	b.tick(at)
	if got := b.f.InForce().ID; got != bundle.Digest() {
		b.t.Fatalf("the amendment is not in force: %+v", b.f.Entry(b.f.Size()-2).Effect)
	}
	return bundle
}

// effectOf is the effect of an entry, which has one date at least.
func (b *book) effectOf(j *Judged) *Effect {
	b.t.Helper()
	e := b.f.Entry(j.Index).Effect
	if e == nil {
		b.t.Fatalf("entry %d waits", j.Index)
	}
	return e
}

func (b *book) wantNoEffect(j *Judged, reason string) {
	b.t.Helper()
	if e := b.effectOf(j); e.Verdict.Effect || !strings.Contains(e.Verdict.Reason, reason) {
		b.t.Errorf("entry %d: %+v, want no effect because %q", j.Index, e.Verdict, reason)
	}
}

const oldClose, newClose = "closes     = 2021-05-24", "closes     = 2021-06-24"

// A close is extended before it passes; the outcome falls at the new one.
func TestAmendmentExtendsTheClose(t *testing.T) {
	b := begin(t)
	b.decide(instant("2021-04-01"))
	bundle := b.amended(oldClose, newClose)
	b.publish("iran", bundle)
	first := b.say("iran", consentTo(bundle))
	b.tick(instant("2021-05-20"))
	if e := b.effectOf(first); !e.Verdict.Effect || b.f.InForce() != b.a {
		t.Fatalf("one consent of two: %+v", e)
	}
	if p := b.f.Pending(); len(p) != 1 || !slices.Equal(p[0].Missing, []agreement.Name{"iaea"}) || !slices.Equal(p[0].Consented, []agreement.Name{"iran"}) {
		t.Fatalf("pending: %+v", p)
	}
	last := b.say("iaea", consentTo(bundle))
	proof := b.tick(instant("2021-05-22"))
	v := b.f.Versions()
	if len(v) != 2 || v[1].From != proof.Index+1 || v[1].Entry != last.Index || v[1].At != instant("2021-05-22") || len(b.f.Pending()) != 0 {
		t.Fatalf("versions: %+v", v)
	}
	if b.f.VersionAt(proof.Index) != v[0] || b.f.VersionAt(proof.Index+1) != v[1] || b.f.Agreement() != b.a {
		t.Error("the versions by size")
	}
	b.decide(instant(closeDay))
	if o, _ := b.f.State().Outcome("footage"); o != machine.Open {
		t.Fatalf("at the old close: %s", o)
	}
	if c, _ := b.f.Cut("footage"); c.Close != instant("2021-06-24") {
		t.Errorf("cut %+v", c)
	}
	b.decide(instant("2021-06-24"))
	if o, at := b.f.State().Outcome("footage"); o != machine.Erased || at != instant("2021-06-24") {
		t.Fatalf("at the new close: %s at %s", o, at)
	}
	note := b.cosign(b.checkpoint(b.f.Size()), instant("2021-06-24")+3*hour)
	if c, err := b.f.Decide("footage", note); err != nil || c.Ground != Decided {
		t.Errorf("%+v, %v", c, err)
	}
	b.refold()
}

// refold holds a second fold of the same bytes to the first, at every entry.
func (b *book) refold() {
	b.t.Helper()
	o := b.like(b.f.Size())
	if string(o.f.State().Bytes()) != string(b.f.State().Bytes()) || o.f.InForce().ID != b.f.InForce().ID {
		b.t.Error("two folds of the same bytes differ")
	}
	for i := range b.f.Size() {
		if x, y := b.f.Entry(i), o.f.Entry(i); fmt.Sprint(x.Fault, x.Effect, x.UB) != fmt.Sprint(y.Fault, y.Effect, y.UB) {
			b.t.Errorf("entry %d: %v %v, folded again %v %v", i, x.Fault, x.Effect, y.Fault, y.Effect)
		}
	}
}

// An amendment that takes effect after the close fired cannot move it.
func TestAmendmentAfterTheCloseIsTooLate(t *testing.T) {
	b := begin(t)
	b.decide(instant("2021-04-01"))
	bundle := b.amended(oldClose, newClose)
	b.publish("iran", bundle)
	b.say("iran", consentTo(bundle))
	b.decide(instant(closeDay))
	b.say("iaea", consentTo(bundle))
	b.tick(instant(closeDay) + day)
	if o, at := b.f.State().Outcome("footage"); o != machine.Erased || at != instant(closeDay) {
		t.Fatalf("%s at %s", o, at)
	}
}

// What is refused at its place, with the rule named.
func TestConsentsThatAreRefused(t *testing.T) {
	b := begin(t)
	bundle := b.amended(oldClose, newClose)
	put := func(body statement.Body) *Judged { return b.put(b.signed(b.draft("iran", body))) }
	b.wantFault(put(consentTo(bundle)), FaultNoText, "iran")
	big := b.amended("\nagreement freeze", "\n"+strings.Repeat("# filler, so that it has parts\n", 3000)+"agreement freeze")
	parts, err := TextParts(big)
	if err != nil || len(parts) != 3 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	b.say("iran", parts[0])
	b.say("iaea", parts[1]) // another author's is no part of it
	b.say("iran", parts[2])
	b.wantFault(put(consentTo(big)), FaultNoText, "iran")
	b.say("iran", parts[1])
	if j := put(consentTo(big)); j.Fault != nil {
		t.Errorf("all parts are there: %v", j.Fault)
	}
	unsound := b.amended("quorum = 3", "quorum = 2")
	b.publish("iran", unsound)
	b.wantFault(put(consentTo(unsound)), FaultUnsound, "iran")
	for _, change := range [][2]string{{"agreement freeze {", "agreement freeze {\n  clock = simulated"}, {"vault footage", "vault films"}} {
		x := b.amended(change[0], change[1], "footage.closes", strings.Fields(change[1])[1]+".closes")
		if change[0] != "vault footage" {
			x = b.amended(change[0], change[1])
		}
		b.publish("iran", x)
		b.wantFault(put(consentTo(x)), FaultMayNotAmend, "iran")
	}
	s := b.draft("iran", words)
	s.Bundle = bundle.Digest()
	b.wantFault(b.put(b.signed(s)), FaultWrongBundle, "iran")
	b.refold()
}

// Of two texts for one place the first that all consent to comes; what was said
// for the other is void. A consent is taken back by a later word, which the
// depositary cannot undo by keeping the earlier one back.
func TestCompetingAmendments(t *testing.T) {
	b := begin(t)
	one, other := b.amended(oldClose, newClose), b.amended(oldClose, "closes     = 2021-07-24")
	b.publish("iran", one)
	b.publish("iran", other)
	kept := b.signed(b.draft("iaea", consentTo(other))) // signed first, kept back
	b.say("iran", consentTo(other))
	back := b.draft("iaea", consentTo(one))
	back.Seen = b.f.Head()
	b.must(b.put(b.signed(back)))
	late := b.must(b.put(kept))
	b.tick(noon)
	b.wantNoEffect(late, "larger head")
	if b.f.InForce() != b.a {
		t.Fatal("in force by a consent that was taken back")
	}
	withdrawn := b.say("iran", statement.AmendBody{Bundle: b.a.ID.String(), Findings: zeros})
	b.tick(noon + 1)
	if !b.effectOf(withdrawn).Verdict.Effect || len(b.f.Pending()) != 1 {
		t.Fatalf("pending after a withdrawal: %+v", b.f.Pending())
	}
	b.say("iran", consentTo(one))
	void := b.say("iaea", consentTo(other))
	b.tick(noon + 2)
	if b.f.InForce().ID != one.Digest() {
		t.Fatal("the first text of all is not in force")
	}
	b.wantNoEffect(void, "another has come")
	b.refold()
}

// Statements under way when a text is amended: what they are about decides.
func TestStatementsInFlight(t *testing.T) {
	b := begin(t)
	bundle := b.amended(`do       = "inspectors are let in"`, `do       = "inspectors are let in, with cameras"`, oldClose, newClose)
	b.publish("iran", bundle)
	b.say("iran", consentTo(bundle))
	before := *b.draft("iran", statement.PerformBody{Commitment: "grant-access", Documents: none})
	lift := *b.draft("iran", statement.LiftBody{Measure: "us-sanctions", Documents: none})
	sign := *b.draft("iaea", statement.SignBody{Findings: zeros})
	outcome := *b.draft("c1", statement.OutcomeBody{Vault: "footage", Outcome: "erase"})
	b.say("iaea", consentTo(bundle))
	b.tick(noon)
	if b.f.InForce().ID != bundle.Digest() {
		t.Fatal("not in force")
	}
	var all []*Judged
	for _, s := range []*statement.Statement{&before, &lift, &sign, &outcome} {
		all = append(all, b.must(b.put(b.signed(s))))
	}
	after := b.say("iran", statement.PerformBody{Commitment: "grant-access", Documents: none})
	b.tick(noon + 1)
	b.wantNoEffect(all[0], "commitment grant-access has since been changed")
	if e := b.effectOf(all[1]); !e.Verdict.Effect {
		t.Errorf("a lifting of what no amendment changed: %+v", e)
	}
	b.wantNoEffect(all[2], "sign that one")
	b.wantNoEffect(all[3], "vault footage has since been changed")
	if b.f.Signed("footage", "c1") != "" {
		t.Error("a word on terms that changed counts")
	}
	if e := b.effectOf(after); !e.Verdict.Effect {
		t.Errorf("made under the text in force: %+v", e)
	}
	b.refold()
}

// A word given under terms that an amendment changes counts no more.
func TestWordsOnAnOutcomeDoNotOutliveTheirTerms(t *testing.T) {
	b := begin(t)
	b.agree(machine.Erased, "iran", "iaea", "c1", "c2")
	b.amend(noon, oldClose, newClose)
	b.agree(machine.Erased, "c3")
	if got := b.f.Unagreed("footage", machine.Erased); len(got) != 4 {
		t.Errorf("unagreed: %v", got)
	}
	c := begin(t)
	c.agree(machine.Erased, "iran", "iaea", "c1", "c2")
	c.amend(noon, `do       = "inspectors are let in"`, `do       = "inspectors are let in, with cameras"`)
	c.agree(machine.Erased, "c3")
	if got := c.f.Unagreed("footage", machine.Erased); len(got) != 0 {
		t.Errorf("the vault's terms stayed, and yet not agreed: %v", got)
	}
}

// Keys by amendment: what the new text declares anew replaces what was; what it
// leaves alone stays as the record has it.
func TestAmendedKeys(t *testing.T) {
	b := begin(t)
	b.say("iaea", statement.KeyBody{Add: []string{keyOf("iaea", "iaea-2").Public().String()}, Revoke: []string{keyOf("iaea", "iaea-1").Public().String()}, Need: 1})
	signers["iaea"] = []string{"iaea-2"}
	defer func() { signers["iaea"] = []string{"iaea-1"} }()
	b.amend(noon, "uGMHvNugaRMswn8IT+mWGTmwuHv9MWXDS21kFGMEQ0A=", strings.TrimPrefix(keyOf("c3", "c3-new").Public().String(), "ed25519 "))
	b.say("iaea", words)
	beat := statement.HeartbeatBody{Vault: "footage"}
	b.wantFault(b.put(b.signed(b.draft("c3", beat))), FaultRevokedKey, "c3")
	b.must(b.put(b.signed(b.draft("c3", beat), "c3-new")))
}

// A party that joins consents with the key that only the new text declares.
func TestPartyThatJoins(t *testing.T) {
	b := begin(t)
	signers["oman"] = []string{"oman"}
	bundle := b.amended("party us { signs = no }", "party us { signs = no }\nparty oman { keys = { of = [\""+keyOf("oman", "oman").Public().String()+"\"], need = 1 } }")
	b.wantFault(b.put(b.signed(b.draft("oman", consentTo(bundle)))), FaultUnknownSigner, "host")
	b.publish("iran", bundle)
	b.say("iran", consentTo(bundle))
	b.say("iaea", consentTo(bundle))
	b.tick(noon)
	if b.f.InForce() != b.a {
		t.Fatal("in force without the one who joins")
	}
	b.wantFault(b.put(b.signed(b.draft("oman", words))), FaultUnknownSigner, "host")
	b.say("oman", consentTo(bundle))
	b.tick(noon + 1)
	if b.f.InForce().ID != bundle.Digest() {
		t.Fatal("all have consented")
	}
	b.say("oman", words)
}

// An export of an amended record stands alone: its first text and its entries.
func TestExportOfAnAmendedRecord(t *testing.T) {
	b := begin(t)
	bundle := b.amend(noon, oldClose, newClose)
	e, err := b.f.Export(b.bundle, b.cosign(b.checkpoint(b.f.Size()), noon))
	if err != nil {
		t.Fatal(err)
	}
	container, err := e.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadExport(container, DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	f, err := read.Fold()
	if err != nil || f.InForce().ID != bundle.Digest() {
		t.Fatalf("%v; in force %s", err, f.InForce().ID)
	}
}

// An outcome is agreed when all have said it who must: also when an amendment
// lets go the last one who has not.
func TestAgreedByAnAmendment(t *testing.T) {
	b := begin(t)
	b.decide(instant("2021-04-01"))
	for _, by := range []agreement.Name{"iran", "c1", "c2", "c3"} {
		b.say(by, statement.OutcomeBody{Vault: "footage", Outcome: "release"})
	}
	if got := b.f.Unagreed("footage", machine.Released); !slices.Equal(got, []agreement.Name{"iaea"}) {
		t.Fatalf("missing: %v", got)
	}
	b.amend(instant("2021-05-20"), "party iaea { keys", "party iaea {\n  signs = no\n  keys")
	if got := b.f.Unagreed("footage", machine.Released); len(got) > 0 {
		t.Fatalf("missing: %v", got)
	}
	b.tick(instant("2021-05-21"))
	if c, err := b.f.Decide("footage"); err != nil || c.Ground != Agreed || c.Outcome != machine.Released {
		t.Errorf("%+v, %v", c, err)
	}
	b.refold()
}
