package record

import (
	"bytes"
	"testing"

	"detente/agreement"
	"detente/statement"
)

// A party that does not sign the agreement speaks if the text gives it keys:
// what the text lets it do has force, and to sign is not among it.
func TestPartyThatDoesNotSignSpeaksWithItsKeys(t *testing.T) {
	b := open(t)
	bundle := *b.bundle
	bundle.Files = append([]agreement.File{}, bundle.Files...)
	for i, f := range bundle.Files {
		key := "party us {\n  signs = no\n  keys = { of = [\"" + keyOf("us", "us").Public().String() + "\"], need = 1 }\n}"
		bundle.Files[i].Data = bytes.Replace(f.Data, []byte("party us { signs = no }"), []byte(key), 1)
	}
	whole, err := agreement.NewBundle(bundle.Files)
	if err != nil {
		t.Fatal(err)
	}
	a, diagnostics := agreement.Read(whole)
	if a == nil {
		t.Fatal(diagnostics)
	}
	b.a, b.bundle = a, whole
	b.reopen()
	b.put(Opening(a))
	if j := b.put(b.signed(b.draft("us", statement.DeclareBody{Text: "we are here", Documents: []statement.Document{}}))); j.Fault != nil {
		t.Fatalf("its words: %+v", j.Fault)
	}
	if got := b.f.ReadKeys("us"); len(got) != 1 || got[0] != keyOf("us", "us").Public() {
		t.Errorf("it reads with %v", got)
	}
	sign := b.put(b.signed(b.draft("us", statement.SignBody{Findings: agreement.FindingsDigest(a).String()})))
	if sign.Fault != nil {
		t.Fatalf("its signature: %+v", sign.Fault)
	}
	b.tick(1000, 1000, 1000)
	if e := b.f.Entry(sign.Index).Effect; e == nil || e.Verdict.Effect {
		t.Errorf("it signed, with the effect %+v", e)
	}
}
