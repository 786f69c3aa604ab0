package statement

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"detente/agreement"

	"filippo.io/mldsa"
)

func testCosigner(t testing.TB, name, label string) Cosigner {
	t.Helper()
	seed := sha256.Sum256([]byte(label))
	c, err := NewMLDSACosigner(name, seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestMLDSAAccumulated makes the public known-answer test of C2SP/CCTV,
// ML-DSA/accumulated, of 100 keys and deterministic signatures.
func TestMLDSAAccumulated(t *testing.T) {
	const want = "d51148e1f9f4fa1a723a6cf42e25f2a99eb5c1b378b3d2dbbd561b1203beeae4"
	seeds, all := sha3.NewSHAKE128(), sha3.NewSHAKE128()
	for range 100 {
		seed := make([]byte, 32)
		seeds.Read(seed)
		c, err := NewMLDSACosigner("w", seed)
		if err != nil {
			t.Fatal(err)
		}
		sig, err := c.Sign(nil)
		if err != nil {
			t.Fatal(err)
		}
		all.Write([]byte(c.Key().key))
		all.Write(sig)
		key, err := mldsa.NewPublicKey(mldsa.MLDSA44(), []byte(c.Key().key))
		if err != nil || mldsa.Verify(key, nil, sig, nil) != nil {
			t.Fatalf("its own signature is refused: %v", err)
		}
	}
	got := make([]byte, 32)
	all.Read(got)
	if hex.EncodeToString(got) != want {
		t.Errorf("%x, want %s", got, want)
	}
}

// TestMLDSACosignature holds the signed message to the letter of C2SP
// tlog-cosignature, and finds every altered byte of the line and of the text.
func TestMLDSACosignature(t *testing.T) {
	checkpoint := testCheckpoint()
	text := checkpoint.Text()
	const name, at = "witness.example/w1", agreement.Instant(1_700_000_000)
	c := testCosigner(t, name, "witness")
	sig, err := CosignWith(c, text, at)
	if err != nil {
		t.Fatal(err)
	}
	w := c.Key()
	if got, err := w.VerifyCosignature(text, sig); err != nil || got != at {
		t.Fatalf("%d, %v", got, err)
	}
	if len(sig.String())+1 != w.LineSize() {
		t.Errorf("a line of %d bytes, LineSize says %d", len(sig.String())+1, w.LineSize())
	}
	message := "subtree/v1\n\x00" + "\x12" + name + string(binary.BigEndian.AppendUint64(nil, uint64(at))) +
		string([]byte{byte(len(checkpoint.Origin))}) + checkpoint.Origin + strings.Repeat("\x00", 8) +
		string(binary.BigEndian.AppendUint64(nil, uint64(checkpoint.Size))) + string(checkpoint.Root[:])
	key, err := mldsa.NewPublicKey(mldsa.MLDSA44(), []byte(w.key))
	if err != nil || mldsa.Verify(key, []byte(message), sig.Sig[8:], nil) != nil {
		t.Errorf("not what C2SP says: %v", err)
	}
	for i := range sig.Sig {
		bad := sig
		bad.Sig = bytes.Clone(sig.Sig)
		bad.Sig[i] ^= 1
		if _, err := w.VerifyCosignature(text, bad); err == nil {
			t.Fatalf("byte %d altered: verifies", i)
		}
	}
	for i := range text {
		bad := bytes.Clone(text)
		bad[i] ^= 1
		if _, err := w.VerifyCosignature(bad, sig); err == nil {
			t.Fatalf("byte %d of the text altered: verifies", i)
		}
	}
	// The signature does not cover extension lines, so none may be there.
	if _, err := w.VerifyCosignature(append(bytes.Clone(text), "extension\n"...), sig); err == nil {
		t.Error("verifies with an extension line, which it does not cover")
	}
	// It commits to the witness's name, as one of Ed25519 does not.
	other := testCosigner(t, "witness.example/w2", "witness").Key()
	if _, err := other.VerifyCosignature(text, Signature{Name: other.Name(), Hash: other.Hash(), Sig: sig.Sig}); err == nil {
		t.Error("verifies under another name")
	}
	for _, at := range []agreement.Instant{0, -1, MaxInstant + 1} {
		_, err := CosignWith(c, text, at)
		wantRule(t, err, ErrTime)
	}
	_, err = CosignWith(c, []byte("not a checkpoint\n"), 1)
	wantRule(t, err, ErrCheckpoint)
	_, err = NewMLDSACosigner("w", make([]byte, 31))
	wantRule(t, err, ErrPublicKey)
	_, err = NewMLDSACosigner("a b", make([]byte, 32))
	wantRule(t, err, ErrPublicKey)
}

// TestMLDSAWitnessKey: the verifier key of a post-quantum witness, and what is none.
func TestMLDSAWitnessKey(t *testing.T) {
	w := testCosigner(t, "vienna", "vienna").Key()
	back, err := ParseWitnessKey(w.String())
	if err != nil || back != w || !back.PostQuantum() {
		t.Fatalf("%v, %v", back, err)
	}
	if _, ok := back.Ed25519(); ok {
		t.Error("an ML-DSA key is one of Ed25519")
	}
	if renamed := testCosigner(t, "geneva", "vienna").Key(); !renamed.SameKey(w) || renamed == w {
		t.Error("one key under two names is not told")
	}
	if ed, err := NewWitnessKey("vienna", testSigner(t, "vienna", "vienna").Public()); err != nil || ed.SameKey(w) || ed.Hash() == w.Hash() {
		t.Error("keys of two types are one", err)
	}
	long := strings.Repeat("n", MaxKeyName)
	if _, err := ParseWitnessKey(testCosigner(t, long, "vienna").Key().String()); err != nil {
		t.Errorf("the longest verifier key: %v", err)
	}
	name, hash, b64 := cutVKey(w.String())
	for what, bad := range map[string]string{
		"another hash": name + "+00000000+" + b64, "longer": w.String() + "AAAA", "shorter": name + "+" + hash + "+" + b64[:len(b64)-4],
		"32 bytes of this type": vkey("w", algMLDSA, make([]byte, 32)), "1312 bytes of the other": vkey("w", algCosignature, []byte(w.key)),
		"another parameter set": vkey("w", algMLDSA, make([]byte, mldsa.MLDSA65PublicKeySize)), "name too long": long + w.String(),
	} {
		_, err := ParseWitnessKey(bad)
		t.Run(what, func(t *testing.T) { wantRule(t, err, ErrPublicKey) })
	}
}

// TestFullNotes: a checkpoint with 16 post-quantum lines, which every C2SP
// verifier must read, fits a note, and an entry of a record.
func TestFullNotes(t *testing.T) {
	depositary := testSigner(t, testOrigin, "depositary")
	signed, err := SignCheckpoint(testCheckpoint(), depositary)
	if err != nil {
		t.Fatal(err)
	}
	n, err := ParseNote(signed)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 15 {
		sig, err := CosignWith(testCosigner(t, "witness-"+string(rune('a'+i)), "w"), n.Text, 1_700_000_000)
		if err != nil {
			t.Fatal(err)
		}
		n.Sigs = append(n.Sigs, sig)
	}
	note, err := NewNote(n.Text, n.Sigs...)
	if err != nil {
		t.Fatal(err)
	}
	if entry := len(PurposeProof.Line()) + len(note); entry > MaxEntry {
		t.Errorf("a proof of time with 15 post-quantum cosignatures has %d bytes, an entry at most %d", entry, MaxEntry)
	}
	if _, _, err := OpenCheckpoint(note, testOrigin, depositary.Public()); err != nil {
		t.Error(err)
	}
}

// TestMixedVectors: checkpoints with cosignatures of both kinds.
func TestMixedVectors(t *testing.T) {
	c := testCheckpoint()
	depositary := testSigner(t, c.Origin, "depositary")
	v := checkpointVector{Origin: c.Origin, Depositary: depositary.Public().String(), Size: c.Size, Text: string(c.Text())}
	signed, err := SignCheckpoint(c, depositary)
	if err != nil {
		t.Fatal(err)
	}
	n, err := ParseNote(signed)
	if err != nil {
		t.Fatal(err)
	}
	ed, err := NewEd25519Cosigner(testSigner(t, "vienna", "vienna"))
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range []Cosigner{ed, testCosigner(t, "witness.example/geneva", "geneva")} {
		at := agreement.Instant(1621857600 + int64(i))
		sig, err := CosignWith(w, n.Text, at)
		if err != nil {
			t.Fatal(err)
		}
		n.Sigs = append(n.Sigs, sig)
		v.Witnesses, v.Times = append(v.Witnesses, w.Key().String()), append(v.Times, int64(at))
	}
	v.Note = string(n.Bytes())
	for _, v := range stored(t, "mixed.json", []checkpointVector{v}) {
		n, err := ParseNote([]byte(v.Note))
		if err != nil || len(v.Witnesses) != 2 {
			t.Fatal(v.Witnesses, err)
		}
		for i, vkey := range v.Witnesses {
			w, err := ParseWitnessKey(vkey)
			if err != nil {
				t.Fatal(err)
			}
			if at, err := w.VerifyCosignature(n.Text, n.Sigs[1+i]); err != nil || int64(at) != v.Times[i] {
				t.Errorf("%s: time %d, %v", w.Name(), at, err)
			}
		}
	}
}
