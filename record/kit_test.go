package record

import (
	"crypto/sha256"
	"os"
	"slices"
	"testing"
	"time"

	"detente/agreement"
	"detente/statement"
)

// The instants of the tests are of 2021, as the text's dates are.
func instant(s string) agreement.Instant {
	for _, form := range []string{time.RFC3339, time.DateOnly, "2006-01-02T15:04"} {
		if t, err := time.Parse(form, s); err == nil {
			return agreement.Instant(t.Unix())
		}
	}
	panic("no instant: " + s)
}

const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)

var witnesses = []string{"vienna", "geneva", "muscat", "seoul"}

// signers of the vectors' text, by name.
var signers = map[string][]string{
	"iran": {"iran-1", "iran-2"}, "iaea": {"iaea-1"}, "us": {"us"}, "camera": {"camera"},
	"c1": {"c1"}, "c2": {"c2"}, "c3": {"c3"}, "host": {"host"},
}

// keyOf has the key whose seed is the digest of a sentence with its label.
func keyOf(name, label string) statement.Signer {
	seed := sha256.Sum256([]byte("detente example key " + label))
	s, err := statement.NewSigner(name, seed[:])
	if err != nil {
		panic(err)
	}
	return s
}

func mustRead(t testing.TB) (*agreement.Bundle, *agreement.Agreement) {
	t.Helper()
	const path = "freeze.agreement"
	data, err := os.ReadFile("../spec/vectors/record/bundle/" + path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := agreement.NewBundle([]agreement.File{{Path: path, Data: data}})
	if err != nil {
		t.Fatal(err)
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		t.Fatalf("%s: %v", path, diagnostics)
	}
	return b, a
}

// book is a record being written by all its parties at once.
type book struct {
	t       testing.TB
	a       *agreement.Agreement
	bundle  *agreement.Bundle
	f       *Fold
	entries [][]byte
}

// open starts a record with its opening.
func open(t testing.TB) *book {
	b := &book{t: t}
	b.bundle, b.a = mustRead(t)
	b.reopen()
	b.put(Opening(b.a))
	if test, is := t.(*testing.T); is {
		test.Cleanup(func() {
			if !test.Failed() && len(b.entries) <= heldToPlain {
				holdToPlain(test, b.a, b.entries)
			}
		})
	}
	return b
}

// heldToPlain is how long a record may be that is folded once more when its test ends.
const heldToPlain = 120

func (b *book) reopen() {
	b.t.Helper()
	f, err := NewFold(b.a)
	if err != nil {
		b.t.Fatal(err)
	}
	b.f, b.entries = f, nil
}

// like is another book with the first n entries of this one.
func (b *book) like(n int64) *book {
	b.t.Helper()
	o := &book{t: b.t, a: b.a, bundle: b.bundle}
	o.reopen()
	for _, e := range b.entries[:n] {
		o.put(e)
	}
	return o
}

// read reads an entry again.
func (b *book) read(i int64) *Judged {
	b.t.Helper()
	j, err := b.f.Read(i)
	if err != nil {
		b.t.Fatal(err)
	}
	return j
}

func (b *book) put(entry []byte) *Judged {
	b.entries = append(b.entries, entry)
	return b.f.Append(entry)
}

// draft is a statement under this record's agreement, citing its head.
func (b *book) draft(by agreement.Name, body statement.Body) *statement.Statement {
	return &statement.Statement{Agreement: b.a.ID, Bundle: b.f.InForce().ID, By: by, Seen: b.f.Head(), Body: body}
}

// signed signs a draft with all keys of its author, or with the labelled ones.
func (b *book) signed(s *statement.Statement, labels ...string) []byte {
	b.t.Helper()
	text, err := s.Text()
	if err != nil {
		b.t.Fatal(err)
	}
	if labels == nil {
		labels = signers[string(s.By)]
	}
	var keys []statement.Signer
	for _, l := range labels {
		keys = append(keys, keyOf(string(s.By), l))
	}
	note, err := statement.Sign(text, keys...)
	if err != nil {
		b.t.Fatal(err)
	}
	return note
}

// say appends a statement with nothing wrong.
func (b *book) say(by agreement.Name, body statement.Body) *Judged {
	b.t.Helper()
	return b.must(b.put(b.signed(b.draft(by, body))))
}

// answer appends a statement that answers another.
func (b *book) answer(by agreement.Name, to *Judged, body statement.Body) *Judged {
	b.t.Helper()
	s := b.draft(by, body)
	s.Answers = to.Statement.ID
	return b.must(b.put(b.signed(s)))
}

func (b *book) must(j *Judged) *Judged {
	b.t.Helper()
	if j.Fault != nil {
		b.t.Fatalf("entry %d: %v", j.Index, j.Fault)
	}
	return j
}

// checkpoint is the depositary's checkpoint of the first size entries.
func (b *book) checkpoint(size int64) []byte {
	b.t.Helper()
	root, err := b.f.RootAt(size)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.sign(statement.Checkpoint{Origin: Origin(b.a), Size: size, Root: root})
}

func (b *book) sign(c statement.Checkpoint) []byte {
	b.t.Helper()
	note, err := statement.SignCheckpoint(c, keyOf(c.Origin, "host"))
	if err != nil {
		b.t.Fatal(err)
	}
	return note
}

// line is a witness's cosignature of a note's text.
func line(t testing.TB, note []byte, witness string, at agreement.Instant) statement.Signature {
	t.Helper()
	n, err := statement.ParseNote(note)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := statement.Cosign(keyOf(witness, witness), n.Text, at)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// withLines adds lines to a note, whatever they are.
func withLines(t testing.TB, note []byte, lines ...statement.Signature) []byte {
	t.Helper()
	n, err := statement.ParseNote(note)
	if err != nil {
		t.Fatal(err)
	}
	n.Sigs = append(n.Sigs, lines...)
	return n.Bytes()
}

// cosign adds the cosignatures of the first len(at) witnesses, at these times;
// one time stands for the first three.
func (b *book) cosign(note []byte, at ...agreement.Instant) []byte {
	b.t.Helper()
	if len(at) == 1 {
		at = []agreement.Instant{at[0], at[0], at[0]}
	}
	var lines []statement.Signature
	for i, t := range at {
		lines = append(lines, line(b.t, note, witnesses[i], t))
	}
	return withLines(b.t, note, lines...)
}

// proof appends a proof of time of the first size entries.
func (b *book) proof(size int64, at ...agreement.Instant) *Judged {
	b.t.Helper()
	return b.must(b.put(ProofEntry(b.cosign(b.checkpoint(size), at...))))
}

// tick appends a proof of time of all entries.
func (b *book) tick(at ...agreement.Instant) *Judged {
	b.t.Helper()
	return b.proof(b.f.Size(), at...)
}

// decide lets a deadline at d be decided: shown passed, covered, and the
// window run.
func (b *book) decide(d agreement.Instant) {
	b.t.Helper()
	b.tick(d)
	b.tick(d + 1)
	b.tick(d + 1 + agreement.Instant(b.a.ProofWindow))
}

// begin is a record that is in force since 23 February.
func begin(t testing.TB) *book {
	b := open(t)
	b.say("iran", statement.SignBody{Findings: zeros})
	b.say("iaea", statement.SignBody{Findings: zeros})
	b.tick(instant("2021-02-23T08:00:00Z"))
	return b
}

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

// none is no documents: lists are never null.
var none = []statement.Document{}

func (b *book) wantFault(j *Judged, code, culprit string) {
	b.t.Helper()
	if j.Fault == nil {
		b.t.Fatalf("entry %d has no fault, want %s of %s", j.Index, code, culprit)
	}
	if j.Fault.Code != code || j.Fault.Culprit != culprit || j.Fault.Reason == "" {
		b.t.Fatalf("entry %d: fault %s of %s (%s), want %s of %s", j.Index, j.Fault.Code, j.Fault.Culprit, j.Fault.Reason, code, culprit)
	}
	if j.Statement != nil || j.Proof != nil || j.Effect != nil {
		b.t.Fatalf("entry %d is inert and has a statement, proof or effect", j.Index)
	}
}

func (b *book) wantWaiting(want ...int64) {
	b.t.Helper()
	if got := b.f.Waiting(); !slices.Equal(got, want) {
		b.t.Fatalf("waiting: %v, want %v", got, want)
	}
}
