package statement

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"detente/agreement"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var testOrigin = "secretariat/" + strings.Repeat("0a", 32)

func testCheckpoint() Checkpoint {
	return Checkpoint{Origin: testOrigin, Size: 12, Root: tlog.RecordHash([]byte("root"))}
}

func TestCheckpointText(t *testing.T) {
	for _, c := range []Checkpoint{testCheckpoint(), {Origin: "o"}, {Origin: strings.Repeat("o", MaxKeyName), Size: MaxInteger}} {
		back, err := ParseCheckpoint(c.Text())
		if err != nil || back != c {
			t.Errorf("%q comes back as %v, %v", c.Text(), back, err)
		}
	}
	if got := (Checkpoint{Origin: "o", Root: tlog.Hash{1}}).Head(); got != (Head{}) {
		t.Errorf("the head of size 0 is %v", got)
	}
	good := string(testCheckpoint().Text())
	for name, text := range map[string]string{
		"empty": "", "extension line": good + "extra\n", "empty extension": good + "\n", "no last newline": strings.TrimSuffix(good, "\n"),
		"no origin": good[len(testOrigin):], "space in the origin": "a b\n" + good[len(testOrigin)+1:],
		"origin past the limit": strings.Repeat("o", MaxKeyName+1) + good[len(testOrigin):],
		"leading zero":          strings.Replace(good, "\n12\n", "\n012\n", 1), "plus": strings.Replace(good, "\n12\n", "\n+12\n", 1),
		"minus": strings.Replace(good, "\n12\n", "\n-12\n", 1), "minus zero": strings.Replace(good, "\n12\n", "\n-0\n", 1),
		"hex": strings.Replace(good, "\n12\n", "\n0xc\n", 1), "underscore": strings.Replace(good, "\n12\n", "\n1_2\n", 1),
		"size past the limit": strings.Replace(good, "\n12\n", fmt.Sprintf("\n%d\n", int64(MaxInteger)+1), 1),
		"short root":          strings.Replace(good, "=\n", "\n", 1), "carriage return": strings.Replace(good, "=\n", "=\r\n", 1),
		"no size": strings.Replace(good, "\n12\n", "\n\n", 1),
	} {
		_, err := ParseCheckpoint([]byte(text))
		t.Run(name, func(t *testing.T) { wantRule(t, err, ErrCheckpoint) })
	}
}

func TestOpenCheckpoint(t *testing.T) {
	s := testSigner(t, testOrigin, "depositary")
	signed, err := SignCheckpoint(testCheckpoint(), s)
	if err != nil {
		t.Fatal(err)
	}
	got, n, err := OpenCheckpoint(signed, testOrigin, s.Public())
	if err != nil || got != testCheckpoint() || len(n.Sigs) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	_, _, err = OpenCheckpoint(signed, "secretariat/other", s.Public())
	wantRule(t, err, ErrOrigin)
	_, _, err = OpenCheckpoint(signed, testOrigin, testSigner(t, testOrigin, "another").Public())
	wantRule(t, err, ErrUnsigned)
	bad := n.Sigs[0]
	bad.Sig = bytes.Clone(bad.Sig)
	bad.Sig[3] ^= 1
	both, err := NewNote(n.Text, n.Sigs[0], bad)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = OpenCheckpoint(both, testOrigin, s.Public())
	wantRule(t, err, ErrSignature)
	_, err = SignCheckpoint(testCheckpoint(), testSigner(t, "secretariat", "depositary"))
	wantRule(t, err, ErrOrigin)
	c := testCheckpoint()
	c.Size = -1
	_, err = SignCheckpoint(c, s)
	wantRule(t, err, ErrCheckpoint)
}

// TestSumdbNote: what we sign, Go's own note package opens, and the reverse.
func TestSumdbNote(t *testing.T) {
	s := testSigner(t, testOrigin, "depositary")
	ours, err := SignCheckpoint(testCheckpoint(), s)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(s.Public().VKey(testOrigin))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(ours, note.VerifierList(v))
	if err != nil || opened.Text != string(testCheckpoint().Text()) || len(opened.Sigs) != 1 {
		t.Fatalf("golang.org/x/mod/sumdb/note: %v", err)
	}

	skey, vkey, err := note.GenerateKey(strings.NewReader(strings.Repeat("seed", 8)), testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := note.Sign(&note.Note{Text: string(testCheckpoint().Text())}, signer)
	if err != nil {
		t.Fatal(err)
	}
	seeded, err := NewSigner(testOrigin, []byte(strings.Repeat("seed", 8)))
	if err != nil || seeded.Public().VKey(testOrigin) != vkey {
		t.Fatalf("verifier keys differ: %v", err)
	}
	if _, _, err := OpenCheckpoint(theirs, testOrigin, seeded.Public()); err != nil {
		t.Fatal(err)
	}

	// A statement is a note like any other.
	st, err := Sign(mustText(t, perform("iran")), testSigner(t, "iran", "a"))
	if err != nil {
		t.Fatal(err)
	}
	v, err = note.NewVerifier(testSigner(t, "iran", "a").Public().VKey("iran"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(st, note.VerifierList(v)); err != nil {
		t.Fatal(err)
	}
}

func TestCosignature(t *testing.T) {
	text := testCheckpoint().Text()
	s := testSigner(t, "witness.example/w1", "witness")
	w, err := NewWitnessKey(s.Name(), s.Public())
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []agreement.Instant{1, 1_700_000_000, MaxInstant} {
		sig, err := Cosign(s, text, at)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.VerifyCosignature(text, sig); err != nil || got != at {
			t.Fatalf("time %d comes back as %d, %v", at, got, err)
		}
		// By the letter of C2SP tlog-cosignature.
		message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", at, text)
		pub := s.Public()
		if !VerifyEd25519(pub[:], []byte(message), sig.Sig[8:]) || binary.BigEndian.Uint64(sig.Sig) != uint64(at) {
			t.Fatal("not what C2SP says")
		}
		for i := range sig.Sig {
			bad := sig
			bad.Sig = bytes.Clone(sig.Sig)
			bad.Sig[i] ^= 1
			if _, err := w.VerifyCosignature(text, bad); err == nil {
				t.Fatalf("byte %d altered: verifies", i)
			}
		}
		if _, err := w.VerifyCosignature([]byte("other\n"), sig); err == nil {
			t.Fatal("verifies over another text")
		}
	}
	for _, at := range []agreement.Instant{0, -1, MaxInstant + 1} {
		_, err := Cosign(s, text, at)
		wantRule(t, err, ErrTime)
		// A witness that signs such a time all the same.
		raw, err := s.Sign(cosigned(text, int64(at)))
		if err != nil {
			t.Fatal(err)
		}
		line := Signature{Name: w.Name(), Hash: w.Hash(), Sig: append(binary.BigEndian.AppendUint64(nil, uint64(at)), raw...)}
		_, err = w.VerifyCosignature(text, line)
		wantRule(t, err, ErrTime)
	}
	_, err = Cosign(s, []byte("not a checkpoint\n"), 1)
	wantRule(t, err, ErrCheckpoint)
	_, err = Cosign(faultySigner{s}, text, 1)
	wantRule(t, err, ErrSignature)

	// Plain signatures, and lines of others, are no cosignatures.
	plain, err := signature(text, s)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.VerifyCosignature(text, plain)
	wantRule(t, err, ErrUnknownKey)
	plain.Hash = w.Hash()
	_, err = w.VerifyCosignature(text, plain)
	wantRule(t, err, ErrSignature)
}

// TestC2SPCosignature reads the note that https://c2sp.org/tlog-cosignature
// prints. Its signatures cannot be verified: the page does not print the keys.
func TestC2SPCosignature(t *testing.T) {
	const printed = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n" +
		"— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n" +
		"— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
	n, err := ParseNote([]byte(printed))
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseCheckpoint(n.Text)
	if err != nil || c.Size != 20852163 || string(n.Bytes()) != printed {
		t.Fatalf("%v, %v", c, err)
	}
	if sig := n.Sigs[1]; len(sig.Sig) != 8+64 || binary.BigEndian.Uint64(sig.Sig) != 1679315147 {
		t.Fatalf("the time is %x, the page says 1679315147", sig.Sig[:8])
	}
}

func TestParseWitnessKey(t *testing.T) {
	s := testSigner(t, "witness.example/w1", "witness")
	w, err := NewWitnessKey(s.Name(), s.Public())
	if err != nil {
		t.Fatal(err)
	}
	good := w.String()
	if back, err := ParseWitnessKey(good); err != nil || back != w || back.Name() != s.Name() {
		t.Fatalf("%v, %v", back, err)
	} else if key, ok := back.Ed25519(); !ok || key != s.Public() || back.PostQuantum() {
		t.Fatalf("%v, %v", key, ok)
	}
	name, hash, b64 := cutVKey(good)
	identity := append([]byte{4, 1}, make([]byte, 31)...)
	for what, vkey := range map[string]string{
		"empty": "", "two parts": name + "+" + hash, "no name": "+" + hash + "+" + b64, "space in name": "a b+" + hash + "+" + b64,
		"wrong hash": name + "+00000000+" + b64, "hash of another name": "x" + good, "upper case hash": name + "+" + strings.ToUpper(hash) + "+" + b64,
		"short hash": name + "+" + hash[1:] + "+" + b64, "newline": good + "\n", "plain ed25519 key": s.Public().VKey(s.Name()),
		"short key": name + "+" + hash + "+BAAA", "small order": vkey("w", 4, identity[1:]), "four parts": good + "+",
	} {
		_, err := ParseWitnessKey(vkey)
		t.Run(what, func(t *testing.T) { wantRule(t, err, ErrPublicKey) })
	}
	if _, err := ParseWitnessKey(s.Public().VKey(s.Name())); err == nil || !strings.Contains(err.Error(), "is 0x01") {
		t.Errorf("a plain Ed25519 key for a witness: %v, want the type named", err)
	}
	// A key whose base64 holds a plus.
	for i := range 200 {
		s := testSigner(t, "w", fmt.Sprint("plus ", i))
		w, err := NewWitnessKey("w", s.Public())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(w.String(), "+") > 2 {
			if back, err := ParseWitnessKey(w.String()); err != nil || back != w {
				t.Fatalf("%s: %v", w, err)
			}
			return
		}
	}
	t.Fatal("none of 200 keys has a plus in its base64")
}

func cutVKey(s string) (name, hash, b64 string) {
	p := strings.SplitN(s, "+", 3)
	return p[0], p[1], p[2]
}
