package record

import (
	"bytes"
	"strings"
	"testing"

	"detente/agreement"
	"detente/statement"
)

// Each case makes an entry that must be inert, at the end of a record of three
// entries, and names the fault and who is at fault.
var badEntries = []struct {
	name, code, culprit string
	entry               func(b *book) []byte
}{
	{"nothing", FaultUnknownForm, "host", func(*book) []byte { return nil }},
	{"words", FaultUnknownForm, "host", func(*book) []byte { return []byte("we agree\n") }},
	{"a newer statement", FaultVersion, "host", func(*book) []byte { return []byte("detente/statement/2\nx\n") }},
	{"a newer proof", FaultVersion, "host", func(*book) []byte { return []byte("detente/proof/12\nx\n") }},
	{"a second opening", FaultOpening, "host", func(b *book) []byte { return Opening(b.a) }},
	{"one byte too large", FaultOversized, "host", func(*book) []byte {
		return append([]byte("detente/statement/1\n"), bytes.Repeat([]byte("x"), statement.MaxEntry)...)
	}},
	{"an unknown kind", FaultUnknownKind, "host", func(b *book) []byte {
		return edit(b, "kind declare\n", "kind decree\n")
	}},
	{"a statement that is not canonical", FaultNotCanonical, "host", func(b *book) []byte {
		return edit(b, `{"text":`, `{ "text":`)
	}},
	{"an unknown field", FaultNotCanonical, "host", func(b *book) []byte {
		return edit(b, `{"text":`, `{"title":"","text":`)
	}},
	{"another agreement's", FaultWrongAgreement, "host", func(b *book) []byte {
		s := b.draft("iran", words)
		s.Agreement = agreement.Digest{1}
		return b.signed(s)
	}},
	{"another text's", FaultWrongBundle, "iran", func(b *book) []byte {
		s := b.draft("iran", words)
		s.Bundle = agreement.Digest{1}
		return b.signed(s)
	}},
	{"by nobody", FaultUnknownSigner, "host", func(b *book) []byte { return b.signed(b.draft("norway", words), "host") }},
	{"by a party that does not sign", FaultUnknownSigner, "host", func(b *book) []byte { return b.signed(b.draft("us", words)) }},
	{"by a witness", FaultUnknownSigner, "host", func(b *book) []byte { return b.signed(b.draft("vienna", words), "vienna") }},
	{"with one key of two", FaultUnsigned, "host", func(b *book) []byte { return b.signed(b.draft("iran", words), "iran-1") }},
	{"with another's key", FaultUnsigned, "host", func(b *book) []byte { return b.signed(b.draft("iaea", words), "iran-1") }},
	{"with a signature of other words", FaultSignature, "host", func(b *book) []byte { return edit(b, "peace", "war") }},
	{"by one who may not say this", FaultNotSigner, "c1", func(b *book) []byte { return b.signed(b.draft("c1", statement.SignBody{Findings: zeros})) }},
	{"by the depositary as a party", FaultNotSigner, "host", func(b *book) []byte {
		return b.signed(b.draft("host", statement.PerformBody{Commitment: "grant-access", Documents: none}))
	}},
	{"citing a longer record", FaultForeignHead, "iran", func(b *book) []byte {
		s := b.draft("iran", words)
		s.Seen.Size++
		return b.signed(s)
	}},
	{"citing another history", FaultForeignHead, "iran", func(b *book) []byte {
		s := b.draft("iran", words)
		s.Seen.Root[0] ^= 1
		return b.signed(s)
	}},
	{"revoking a key it has not", FaultKeyChange, "iran", func(b *book) []byte {
		return b.signed(b.draft("iran", statement.KeyBody{Add: []string{}, Revoke: []string{keyText("c1")}, Need: 1, Reason: ""}))
	}},
}

var words = statement.DeclareBody{Text: "peace", Documents: none}

func keyText(label string) string { return keyOf("x", label).Public().String() }

// edit is a declaration of iran's with a piece of its text changed after it
// was signed.
func edit(b *book, from, to string) []byte {
	note := string(b.signed(b.draft("iran", words)))
	if !strings.Contains(note, from) {
		b.t.Fatalf("no %q in %s", from, note)
	}
	return []byte(strings.Replace(note, from, to, 1))
}

func TestEntriesWithoutForce(t *testing.T) {
	for _, c := range badEntries {
		t.Run(c.name, func(t *testing.T) {
			b := three(t)
			b.wantFault(b.put(c.entry(b)), c.code, c.culprit)
			b.tick(noon)
			b.wantFault(b.read(3), c.code, c.culprit)
			if !b.f.Entry(3).Covered {
				t.Fatal("an inert entry has no place in time")
			}
		})
	}
}

func TestSizeLimitOfEntries(t *testing.T) {
	b := three(t)
	// A proof of time of exactly the largest size is read as one.
	note := append([]byte(statement.PurposeProof.Line()), bytes.Repeat([]byte("x"), statement.MaxEntry-len(statement.PurposeProof.Line()))...)
	b.wantFault(b.put(note), FaultNote, "host")
	b.wantFault(b.put(append(note, 'x')), FaultOversized, "host")
}

func TestReplays(t *testing.T) {
	b := three(t)
	first := b.say("iran", words)
	b.wantFault(b.put(first.Bytes), FaultDuplicate, "host")
	// The same words with the signatures in another order are the same statement.
	s := first.Statement.Statement
	b.wantFault(b.put(b.signed(&s, "iran-2", "iran-1")), FaultDuplicate, "host")
	if got, ok := b.f.ByID(first.Statement.ID); !ok || got.Index != first.Index {
		t.Fatalf("the statement is found at %+v", got)
	}
	// What was inert does not stand in the way of the same words made whole.
	next := b.draft("iran", statement.DeclareBody{Text: "war", Documents: none})
	b.wantFault(b.put(b.signed(next, "iran-1")), FaultUnsigned, "host")
	b.must(b.put(b.signed(next)))
}

func TestKeysAreJudgedAtTheirPlace(t *testing.T) {
	b := three(t)
	early := b.signed(b.draft("iran", words)) // made before the change, comes after it
	alone := b.signed(b.draft("iran", statement.DeclareBody{Text: "war", Documents: none}), "iran-1")
	change := statement.KeyBody{Add: []string{keyText("c3")}, Revoke: []string{keyText("iran-1")}, Need: 1, Reason: "lost"}
	b.wantFault(b.put(b.signed(b.draft("iran", change), "iran-2")), FaultUnsigned, "host")
	b.say("iran", change)
	b.wantFault(b.put(alone), FaultRevokedKey, "iran")
	b.must(b.put(early)) // the line of the revoked key is ignored, the other is enough now
	b.must(b.put(b.signed(b.draft("iran", words), "c3")))
	keys, ok := b.f.Keys("iran")
	if !ok || keys.Need() != 1 || len(keys.Keys()) != 2 || keys.Has(keyOf("x", "iran-1").Public()) {
		t.Fatalf("keys of iran: %v", keys)
	}
	// What stands before the change is untouched by it.
	if b.f.Entry(1).Fault != nil {
		t.Fatal("a statement signed before the revocation has a fault")
	}
}

func TestRecordsOfAnotherAgreement(t *testing.T) {
	b := open(t)
	b.reopen()
	b.wantFault(b.put([]byte("detente/record/1\nagreement "+zeros+"\n")), FaultOpening, "host")
	b.wantFault(b.put(b.signed(b.draft("iran", statement.SignBody{Findings: zeros}))), FaultNoRecord, "host")
	note := b.cosign(b.checkpoint(2), noon)
	b.wantFault(b.put(ProofEntry(note)), FaultNoRecord, "host")
	if _, err := b.f.Final(note); faultCode(err) != FaultNoRecord {
		t.Fatalf("Final: %v", err)
	}
}

// A finding answers the claim that it was made on, and counts once.
func TestFindingsAnswerTheirClaim(t *testing.T) {
	b := begin(t)
	claim := func() *Judged {
		return b.say("iran", statement.PerformBody{Commitment: "grant-access", Documents: none})
	}
	find := func(to *Judged, finding string, at agreement.Instant) *Effect {
		j := b.answer("iaea", to, statement.VerifyBody{Commitment: "grant-access", Finding: finding, Reason: "", Documents: none})
		b.tick(at)
		return b.f.Entry(j.Index).Effect
	}
	march := instant("2021-03-01")
	first := claim()
	if e := find(first, "refuses", march); !e.Verdict.Effect {
		t.Fatalf("the refusal: %+v", e)
	}
	if e := find(first, "accepts", march+60); e.Verdict.Effect {
		t.Fatal("one claim was found on twice")
	}
	if reason := b.f.staleFinding("grant-access", first.Statement.ID); !strings.Contains(reason, "found on already") {
		t.Fatalf("a claim that was found on: %q", reason)
	}
	second := claim()
	if e := find(first, "accepts", march+120); e.Verdict.Effect || !strings.Contains(e.Verdict.Reason, "another statement than the claim") {
		t.Fatalf("a finding on the first claim accepts the second: %+v", e)
	}
	if e := find(b.read(0+1), "accepts", march+180); e.Verdict.Effect {
		t.Fatalf("a finding on a signature: %+v", e)
	}
	if e := find(second, "accepts", march+240); !e.Verdict.Effect {
		t.Fatalf("the acceptance: %+v", e)
	}
}

// What came to be claimed by no act of its own is found on where that was said,
// and nowhere else.
func TestFindingsOnWhatWasReportedAnswerTheReport(t *testing.T) {
	b := begin(t)
	signature, lifting := b.read(2), b.say("iaea", statement.LiftBody{Measure: "us-sanctions", Documents: none})
	b.tick(instant("2021-03-01"))
	find := func(to *Judged) *Effect {
		j := b.answer("iran", to, statement.VerifyBody{Commitment: "lift-sanctions", Finding: "accepts", Reason: "", Documents: none})
		b.tick(instant("2021-03-02"))
		return b.f.Entry(j.Index).Effect
	}
	if e := find(signature); e.Verdict.Effect || !strings.Contains(e.Verdict.Reason, "made no claim") {
		t.Fatalf("a finding on the signature: %+v", e)
	}
	if e := find(lifting); !e.Verdict.Effect {
		t.Fatalf("a finding on the lifting: %+v", e)
	}
}

func TestReservedKindsAndWordsHaveNoEffect(t *testing.T) {
	b := begin(t)
	vote := b.say("iran", statement.WithdrawBody{Reason: "article X"})
	declare := b.say("iran", words)
	b.tick(instant("2021-03-01"))
	for _, j := range []*Judged{vote, declare} {
		e := b.f.Entry(j.Index).Effect
		if e == nil || e.Verdict.Effect || e.Verdict.Reason == "" {
			t.Errorf("entry %d: %+v", j.Index, e)
		}
	}
}
