package prepared

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"detente/agreement"
	"detente/statement"
)

func signerOf(t testing.TB, name string, n byte) statement.Signer {
	t.Helper()
	s, err := statement.NewSigner(name, bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// iran's three keys, two of which must sign.
func keysOf(t testing.TB) (statement.KeySet, []statement.Signer) {
	t.Helper()
	signers := []statement.Signer{signerOf(t, "iran", 1), signerOf(t, "iran", 2), signerOf(t, "iran", 3)}
	var texts []string
	for _, s := range signers {
		texts = append(texts, s.Public().String())
	}
	set, err := statement.NewKeySet("iran", texts, 2)
	if err != nil {
		t.Fatal(err)
	}
	return set, signers
}

func verification() *statement.Statement {
	return &statement.Statement{
		Agreement: agreement.Digest{1}, Bundle: agreement.Digest{1}, By: "iran", Answers: statement.ID{7},
		Seen: statement.Head{Size: 5, Root: [32]byte{9}},
		Body: statement.VerifyBody{Commitment: "lift-sanctions", Finding: "accepts", Reason: "two lines:\nالثانية", Documents: []statement.Document{}},
	}
}

func prepared(t testing.TB, s *statement.Statement) (*Prepared, []statement.Signer) {
	t.Helper()
	keys, signers := keysOf(t)
	p, err := New(s, keys, []string{"lift-sanctions: claimed -> fulfilled", "release can follow"})
	if err != nil {
		t.Fatal(err)
	}
	return p, signers
}

func again(t testing.TB, p *Prepared) *Prepared {
	t.Helper()
	back, err := Parse(p.Bytes())
	if err != nil {
		t.Fatalf("%v:\n%s", err, p.Bytes())
	}
	return back
}

func TestForm(t *testing.T) {
	p, signers := prepared(t, verification())
	if err := p.Sign(signers[2]); err != nil {
		t.Fatal(err)
	}
	got := string(p.Bytes())
	text, err := verification().Text()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`detente/prepared/1
check %s
need 2
key %s
key %s
key %s
says iran finds on the claim that it answers
says under agreement %s
says in answer to statement %s
says commitment: lift-sanctions
says finding: accepts
says reason: two lines:
says reason| الثانية
says documents: []
effect lift-sanctions: claimed -> fulfilled
effect release can follow

%s
%s
`, strings.Fields(got)[2], signers[0].Public(), signers[1].Public(), signers[2].Public(),
		verification().Agreement, verification().Answers, text, p.sigs[2].String())
	if got != want {
		t.Errorf("the file is\n%s\nwant\n%s", got, want)
	}
}

// Whoever signs first, and however copies travel, the same file comes out.
func TestOrderOfSignaturesIsIrrelevant(t *testing.T) {
	p, signers := prepared(t, verification())
	one, two := again(t, p), again(t, p)
	for _, err := range []error{one.Sign(signers[0]), one.Sign(signers[0]), two.Sign(signers[2])} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if one.Complete() || two.Complete() {
		t.Fatal("one of two is taken for complete")
	}
	merged, other := again(t, one), again(t, two)
	if err := errors.Join(merged.Merge(two), other.Merge(one), other.Merge(one)); err != nil {
		t.Fatal(err)
	}
	chain := again(t, two)
	if err := chain.Sign(signers[0]); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(merged.Bytes(), other.Bytes()) || !bytes.Equal(merged.Bytes(), chain.Bytes()) {
		t.Error("the order of signatures shows in the file")
	}
	signed, missing := again(t, merged).Signed()
	if !merged.Complete() || len(signed) != 2 || len(missing) != 1 || missing[0] != signers[1].Public() {
		t.Errorf("signed by %v, missing %v", signed, missing)
	}
	note, err := merged.Note()
	if err != nil {
		t.Fatal(err)
	}
	s, err := statement.Parse(note)
	if err != nil {
		t.Fatal(err)
	}
	keys, _ := keysOf(t)
	if err := keys.Verify(s); err != nil {
		t.Error(err)
	}
	if _, err := p.Note(); !errors.Is(err, ErrSigned) {
		t.Errorf("a note without signatures: %v", err)
	}
}

func TestWhoMaySign(t *testing.T) {
	p, _ := prepared(t, verification())
	for _, s := range []statement.Signer{signerOf(t, "iran", 4), signerOf(t, "iaea", 1)} {
		if err := p.Sign(s); !errors.Is(err, ErrStanding) {
			t.Errorf("%s: %v", s.Name(), err)
		}
	}
	other := verification()
	other.Seen.Size++
	q, signers := prepared(t, other)
	if err := q.Sign(signers[0]); err != nil {
		t.Fatal(err)
	}
	if err := p.Merge(q); !errors.Is(err, ErrOther) {
		t.Errorf("another statement's signatures: %v", err)
	}
	keys, _ := keysOf(t)
	if q, err := New(verification(), keys, []string{"nothing happens"}); err != nil || !errors.Is(p.Merge(q), ErrOther) {
		t.Errorf("merged with a copy that names another effect: %v", err)
	}
	foreign, err := statement.NewKeySet("iaea", []string{signers[0].Public().String()}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(verification(), foreign, []string{"x"}); !errors.Is(err, ErrStanding) {
		t.Errorf("another's keys: %v", err)
	}
}

// Every bit of the file matters.
func TestAnyFlipIsRefused(t *testing.T) {
	p, signers := prepared(t, verification())
	for _, s := range signers[:2] {
		if err := p.Sign(s); err != nil {
			t.Fatal(err)
		}
	}
	file := p.Bytes()
	for i := range file {
		for bit := range 8 {
			file[i] ^= 1 << bit
			if _, err := Parse(file); err == nil {
				t.Fatalf("bit %d of byte %d flipped: accepted\n%s", bit, i, file)
			}
			file[i] ^= 1 << bit
		}
	}
	for n := range file {
		if q, err := Parse(file[:n]); err == nil && n != bytes.LastIndex(file, []byte("\n—"))+1 && len(q.sigs) > 0 {
			t.Fatalf("cut after %d bytes: accepted with %d signatures", n, len(q.sigs))
		}
	}
}

func TestRefusedFiles(t *testing.T) {
	p, signers := prepared(t, verification())
	if err := errors.Join(p.Sign(signers[0]), p.Sign(signers[1])); err != nil {
		t.Fatal(err)
	}
	file := string(p.Bytes())
	head, sigs, _ := strings.Cut(file, "— ")
	lines := strings.SplitAfter(strings.TrimSuffix("— "+sigs, "\n"), "\n")
	for what, f := range map[string]string{
		"signatures in another order": head + lines[1] + "\n" + strings.TrimSuffix(lines[0], "\n") + "\n",
		"a signature twice":           file + lines[1] + "\n",
		"a line after the end":        file + "x\n",
		"a newer form":                strings.Replace(file, "prepared/1", "prepared/2", 1),
		"no signature after a line":   head,
		"past the size":               file + strings.Repeat("x", MaxFile),
		"empty":                       "",
	} {
		if _, err := Parse([]byte(f)); err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	// Whoever makes the digest anew still cannot say other words than the statement.
	rewrite := func(from, to string) []byte {
		q := strings.Replace(head, from, to, 1)
		rest := strings.SplitN(q, "\n", 3)[2]
		covered := strings.TrimSuffix(rest, "\n")
		return []byte(firstLine + checkWord + check([]byte(covered)) + "\n" + covered)
	}
	if _, err := Parse(rewrite("\x00", "")); err != nil {
		t.Fatalf("nothing changed: %v", err)
	}
	for from, to := range map[string]string{
		"says finding: accepts\n": "says finding: refuses\n", "says documents: []\n": "", "need 2": "need 4", "need 2\n": "need 02\n",
		"need 2\nkey": "key", "effect release can follow": "effect release\u202ecan follow", "effect release can follow\n": "effect \n",
		"effect release": "cause release", "says under": "says  under",
	} {
		if _, err := Parse(rewrite(from, to)); !errors.Is(err, ErrForm) {
			t.Errorf("%q for %q: %v", to, from, err)
		}
	}
}

func TestLimitsOfTheEffect(t *testing.T) {
	keys, _ := keysOf(t)
	many := func(n int, line string) []string {
		var out []string
		for range n {
			out = append(out, line)
		}
		return out
	}
	for _, c := range []struct {
		effect []string
		ok     bool
	}{
		{many(MaxEffect, "x"), true}, {many(MaxEffect+1, "x"), false}, {nil, false},
		{many(1, strings.Repeat("x", MaxLine)), true}, {many(1, strings.Repeat("x", MaxLine+1)), false}, {many(1, ""), false},
		{many(1, "two\nlines"), false},
	} {
		if _, err := New(verification(), keys, c.effect); (err == nil) != c.ok {
			t.Errorf("%d lines, the first of %d bytes: %v", len(c.effect), len(strings.Join(c.effect[:min(1, len(c.effect))], "")), err)
		}
	}
}

// The largest statement that there is can be prepared.
func TestLargestStatement(t *testing.T) {
	s := verification()
	s.Answers = statement.ID{}
	s.Body = statement.DeclareBody{Text: strings.Repeat("\n", statement.MaxText), Documents: []statement.Document{}}
	keys, _ := keysOf(t)
	if _, err := New(s, keys, []string{"words"}); err != nil {
		t.Error(err)
	}
}

func TestSaysEveryKind(t *testing.T) {
	for kind := range openings {
		if !kind.Known() {
			t.Errorf("%s is no kind", kind)
		}
	}
	s := verification()
	s.Body = statement.HeartbeatBody{Vault: "footage", Note: ""}
	if got := strings.Join(Says(s), "\n"); !strings.Contains(got, "iran makes a statement of kind heartbeat") || !strings.Contains(got, "\nvault: footage\nnote:") {
		t.Error(got)
	}
}

func FuzzParse(f *testing.F) {
	p, signers := prepared(f, verification())
	f.Add(p.Bytes())
	if err := p.Sign(signers[1]); err != nil {
		f.Fatal(err)
	}
	f.Add(p.Bytes())
	f.Add([]byte(firstLine + checkWord))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := Parse(b); err == nil && !bytes.Equal(p.Bytes(), b) {
			t.Fatalf("%q is read but written as %q", b, p.Bytes())
		}
	})
}
