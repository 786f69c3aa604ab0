package record

import (
	"testing"

	"detente/agreement"
	"detente/statement"
)

// Only its author, or a depositary, has a document deleted; nobody deletes what
// somebody else named by the same digest; and it is deleted once.
func TestRedactions(t *testing.T) {
	b := open(t)
	doc := statement.NameDocument("list.txt", statement.Salt{1}, []byte("forty crates"))
	say := func(by agreement.Name, body statement.Body, answers statement.ID) *Judged {
		t.Helper()
		s := b.draft(by, body)
		s.Answers = answers
		return b.must(b.put(b.signed(s)))
	}
	named := say("iran", statement.DeclareBody{Documents: []statement.Document{doc}}, statement.ID{})
	copied := say("iaea", statement.DeclareBody{Documents: []statement.Document{doc}}, statement.ID{})
	redact := func(by agreement.Name, digest string, of *Judged) *Judged {
		t.Helper()
		return say(by, statement.RedactBody{Document: digest, Reason: "x"}, of.Statement.ID)
	}
	state := func(want ...int64) {
		t.Helper()
		for i, of := range []*Judged{named, copied} {
			if a, ok, err := b.f.Attachment(of.Index, doc.Digest); err != nil || !ok || a.Redacted != want[i] {
				t.Errorf("document of entry %d: %v, redacted by %d, want %d", of.Index, ok, a.Redacted, want[i])
			}
		}
	}
	for _, j := range []*Judged{
		redact("iaea", doc.Digest, named),                                        // of another author
		redact("iaea", zeros, copied),                                            // of no document
		say("iaea", statement.RedactBody{Document: doc.Digest}, statement.ID{7}), // of no statement
	} {
		if _, ok, err := b.f.Redacts(j.Index); ok || err != nil {
			t.Errorf("entry %d redacts", j.Index)
		}
	}
	state(0, 0)
	own := redact("iaea", doc.Digest, copied)
	state(0, own.Index)
	if a, ok, err := b.f.Redacts(own.Index); err != nil || !ok || a.Entry != copied.Index {
		t.Errorf("entry %d redacts %+v, %v", own.Index, a, ok)
	}
	redact("iaea", doc.Digest, copied)
	state(0, own.Index)
	host := redact("host", doc.Digest, named)
	state(host.Index, own.Index)
	b.tick(1000, 1000, 1000)
	if e := b.f.Entry(own.Index).Effect; e == nil || !e.Verdict.Effect {
		t.Errorf("the redaction: %+v", e)
	}
	if e := b.f.Entry(own.Index - 1).Effect; e == nil || e.Verdict.Effect || e.Verdict.Reason == "" {
		t.Errorf("what redacts nothing: %+v", e)
	}
	_, named99, err := b.f.Attachment(99, doc.Digest)
	if all, e := b.f.Attachments(-1); named99 || len(all) > 0 || err != nil || e != nil {
		t.Error("entries that are not there name documents")
	}
}
