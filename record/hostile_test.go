package record

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"detente/agreement"
	"detente/statement"
)

// drawn is a key of a test that is none of the text's.
func drawn(name string, n int) statement.Signer {
	seed := sha256.Sum256(fmt.Appendf(nil, "hostile %d", n))
	s, err := statement.NewSigner(name, seed[:])
	if err != nil {
		panic(err)
	}
	return s
}

// turnKeys lets c1 replace its key n times by one statement each.
func turnKeys(b *book, n int) {
	b.t.Helper()
	have := keyOf("c1", "c1")
	for i := range n {
		next := drawn("c1", i)
		text, err := b.draft("c1", statement.KeyBody{Add: []string{next.Public().String()}, Revoke: []string{have.Public().String()}, Need: 1}).Text()
		if err != nil {
			b.t.Fatal(err)
		}
		note, err := statement.Sign(text, have)
		if err != nil {
			b.t.Fatal(err)
		}
		b.must(b.put(note))
		have = next
	}
}

// A custodian that has revoked many keys, and somebody who sends statements in
// its name with a hundred lines that are none: judging one must not look at
// each of the keys for each line. Key hashes are what that would allocate.
func TestUnsignedStatementsCostNoMoreAfterManyKeys(t *testing.T) {
	cost := func(keys int) float64 {
		b := begin(t)
		turnKeys(b, keys)
		text, err := b.draft("c1", words).Text()
		if err != nil {
			t.Fatal(err)
		}
		var lines []statement.Signature
		for i := range statement.MaxSignatures {
			lines = append(lines, statement.Signature{Name: "c1", Hash: uint32(i), Sig: make([]byte, 64)})
		}
		note, err := statement.NewNote(text, lines...)
		if err != nil {
			t.Fatal(err)
		}
		if j := b.f.Judge(note); j.Fault == nil || j.Fault.Code != FaultUnsigned {
			t.Fatalf("judged %+v", j)
		}
		return testing.AllocsPerRun(5, func() { b.f.Judge(note) })
	}
	few, many := cost(2), cost(300)
	if many > 1.5*few {
		t.Errorf("after 2 keys %.0f allocations, after 300 %.0f", few, many)
	}
}

// The first key is known as revoked after hundreds, and no more once it is in
// force again.
func TestRevokedKeysAreRememberedUntilTheyReturn(t *testing.T) {
	b := begin(t)
	turnKeys(b, 40)
	old := b.signed(b.draft("c1", words), "c1")
	b.wantFault(b.put(old), FaultRevokedKey, "c1")
	last := drawn("c1", 39)
	text, err := b.draft("c1", statement.KeyBody{Add: []string{keyOf("c1", "c1").Public().String()}, Revoke: []string{}, Need: 1}).Text()
	if err != nil {
		t.Fatal(err)
	}
	note, err := statement.Sign(text, last)
	if err != nil {
		t.Fatal(err)
	}
	b.must(b.put(note))
	b.must(b.put(b.signed(b.draft("c1", words), "c1")))
}

// What Judge says of any entry is what Append then finds, and asking changes
// nothing.
func TestJudgeForetellsAppend(t *testing.T) {
	b, _ := exported(t)
	entries := b.entries
	f, err := NewFold(b.a)
	if err != nil {
		t.Fatal(err)
	}
	extra := [][]byte{[]byte("nonsense\n"), Opening(b.a), entries[1], entries[3], make([]byte, statement.MaxEntry+1)}
	for i, e := range append(entries[:len(entries):len(entries)], extra...) {
		for _, other := range append(extra, entries...) {
			f.Judge(other)
		}
		want := f.Judge(e)
		got := f.Append(e)
		same := want.Index == got.Index && (want.Statement == nil) == (got.Statement == nil) && (want.Proof == nil) == (got.Proof == nil) && (want.Fault == nil) == (got.Fault == nil)
		// Once it is on the record the depositary is at fault for that, too.
		if !same || want.Fault != nil && (want.Fault.Code != got.Fault.Code || want.Fault.Culprit != got.Fault.Culprit || !strings.HasPrefix(got.Fault.Reason, want.Fault.Reason)) {
			t.Fatalf("entry %d: foretold %+v (%v), is %+v (%v)", i, want, want.Fault, got, got.Fault)
		}
	}
	if f.Root() != like(t, b.a, append(entries[:len(entries):len(entries)], extra...)).Root() {
		t.Error("asking changed the record")
	}
}

func like(t *testing.T, a *agreement.Agreement, entries [][]byte) *Fold {
	t.Helper()
	f, err := FoldTo(a, entries, int64(len(entries)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
