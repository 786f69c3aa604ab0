package statement

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"detente/agreement"

	"filippo.io/edwards25519"
)

var update = flag.Bool("update", false, "write the vectors of spec/vectors/statement anew")

const vectorFolder = "../spec/vectors/statement"

type (
	statementVector struct {
		Kind    Kind     `json:"kind"`
		Force   Force    `json:"force"`
		Signers []string `json:"signers"`
		Keys    []string `json:"keys"`
		Need    int      `json:"need"`
		ID      string   `json:"id"`
		Text    string   `json:"text"`
		Note    string   `json:"note"`
	}
	refusedVector struct {
		Name    string   `json:"name"`
		What    string   `json:"what"` // note, statement, verify, checkpoint, depositary, cosignature, public-key, witness-key
		Input   string   `json:"input,omitempty"`
		Hex     string   `json:"hex,omitempty"` // instead of input, if that is not UTF-8
		Keys    []string `json:"keys,omitempty"`
		Need    int      `json:"need,omitempty"`
		Origin  string   `json:"origin,omitempty"`
		Witness string   `json:"witness,omitempty"`
		Error   Rule     `json:"error"`
	}
	checkpointVector struct {
		Origin     string   `json:"origin"`
		Depositary string   `json:"depositary"`
		Size       int64    `json:"size"`
		Text       string   `json:"text"`
		Witnesses  []string `json:"witnesses"`
		Times      []int64  `json:"times"`
		Note       string   `json:"note"`
	}
	ed25519Vector struct {
		Name      string `json:"name"`
		Public    string `json:"public"`
		Message   string `json:"message"`
		Signature string `json:"signature"`
		Valid     bool   `json:"valid"`
	}
)

func (v refusedVector) input(t *testing.T) []byte {
	if v.Hex == "" {
		return []byte(v.Input)
	}
	b, err := hex.DecodeString(v.Hex)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// stored gives the vectors of a file after comparing it with what this
// package makes, or after writing it with -update.
func stored[V any](t *testing.T, name string, made []V) []V {
	t.Helper()
	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(made); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(vectorFolder, name)
	if *update {
		if err := os.MkdirAll(vectorFolder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not what this package makes; if that is meant, it is a new version: go test ./statement -run Vectors -update", path)
	}
	var list []V
	if err := json.Unmarshal(got, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatalf("%s has no vectors", path)
	}
	return list
}

func TestStatementVectors(t *testing.T) {
	var made []statementVector
	for i, s := range samples() {
		v := statementVector{Kind: s.body.Kind(), Force: s.body.Kind().Force(), Need: 1 + i%2}
		for _, noun := range s.body.Kind().Signers() {
			v.Signers = append(v.Signers, string(noun))
		}
		var signers []Signer
		for _, label := range []string{"a", "b"}[:v.Need] {
			signers = append(signers, testSigner(t, s.by, label))
			v.Keys = append(v.Keys, sampleKey(label))
		}
		text := mustText(t, s.statement())
		note, err := Sign(text, signers...)
		if err != nil {
			t.Fatal(err)
		}
		v.Text, v.Note, v.ID = string(text), string(note), IDOf(text).String()
		made = append(made, v)
	}
	for _, v := range stored(t, "statements.json", made) {
		s, err := Parse([]byte(v.Note))
		if err != nil {
			t.Errorf("%s: %v", v.Kind, err)
			continue
		}
		if s.Body.Kind() != v.Kind || v.Kind.Force() != v.Force || s.ID.String() != v.ID || string(s.Text) != v.Text {
			t.Errorf("%s: read as %s with ID %s", v.Kind, s.Body.Kind(), s.ID)
		}
		keys, err := NewKeySet(s.By, v.Keys, v.Need)
		if err != nil {
			t.Fatal(err)
		}
		if err := keys.Verify(s); err != nil {
			t.Errorf("%s: %v", v.Kind, err)
		}
		for _, noun := range v.Signers {
			if err := MaySign(v.Kind, agreement.Noun(noun)); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestCheckpointVectors(t *testing.T) {
	var made []checkpointVector
	for _, size := range []int64{0, 1, 12, MaxInteger} {
		c := testCheckpoint()
		c.Size = size
		depositary := testSigner(t, c.Origin, "depositary")
		v := checkpointVector{Origin: c.Origin, Depositary: depositary.Public().String(), Size: size, Text: string(c.Text())}
		signed, err := SignCheckpoint(c, depositary)
		if err != nil {
			t.Fatal(err)
		}
		n, err := ParseNote(signed)
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"vienna", "witness.example/geneva"} {
			s := testSigner(t, name, name)
			w, err := NewWitnessKey(name, s.Public())
			if err != nil {
				t.Fatal(err)
			}
			at := agreement.Instant(1621857600 + int64(i))
			sig, err := Cosign(s, n.Text, at)
			if err != nil {
				t.Fatal(err)
			}
			n.Sigs = append(n.Sigs, sig)
			v.Witnesses, v.Times = append(v.Witnesses, w.String()), append(v.Times, int64(at))
		}
		v.Note = string(n.Bytes())
		made = append(made, v)
	}
	for _, v := range stored(t, "checkpoints.json", made) {
		key, err := ParsePublicKey(v.Depositary)
		if err != nil {
			t.Fatal(err)
		}
		c, n, err := OpenCheckpoint([]byte(v.Note), v.Origin, key)
		if err != nil || c.Size != v.Size || string(n.Text) != v.Text || len(n.Sigs) != 1+len(v.Witnesses) {
			t.Errorf("size %d: %v, %v", v.Size, c, err)
			continue
		}
		for i, vkey := range v.Witnesses {
			w, err := ParseWitnessKey(vkey)
			if err != nil {
				t.Fatal(err)
			}
			if at, err := w.VerifyCosignature(n.Text, n.Sigs[1+i]); err != nil || int64(at) != v.Times[i] {
				t.Errorf("size %d, %s: time %d, %v", v.Size, vkey, at, err)
			}
		}
	}
}

func TestEd25519Vectors(t *testing.T) {
	small := torsion(t)
	a, r, zero := scalar(t, 77), scalar(t, 99), edwards25519.NewScalar()
	one := encoding(new(big.Int).Add(prime(), big.NewInt(1)), 0)
	var made []ed25519Vector
	add := func(name string, pub, sig []byte, valid bool) {
		made = append(made, ed25519Vector{name, hex.EncodeToString(pub), "crafted", hex.EncodeToString(sig), valid})
	}
	pub, sig := crafted(t, a, r, small[0], nil, small[0])
	add("ordinary", pub, sig, true)
	altered := bytes.Clone(sig)
	altered[40] ^= 1
	add("altered", pub, altered, false)
	pub, sig = crafted(t, a, r, small[1], nil, small[0])
	add("key with a part of order 8", pub, sig, true)
	pub, sig = crafted(t, a, r, small[0], nil, small[3])
	add("R with a part of order 8", pub, sig, true)
	pub, sig = crafted(t, a, r, small[4], nil, small[2])
	add("key and R with parts of small order that do not cancel", pub, sig, true)
	pub, sig = crafted(t, a, zero, small[0], nil, small[5])
	add("R of order 8", pub, sig, true)
	pub, sig = crafted(t, a, zero, small[0], one, nil)
	add("R in an encoding that is not canonical", pub, sig, true)
	for i, p := range small {
		add("key of small order "+string(rune('0'+i)), p.Bytes(), append(p.Bytes(), make([]byte, 32)...), false)
	}
	add("key in an encoding that is not canonical", one, append(bytes.Clone(one), make([]byte, 32)...), false)
	for _, v := range stored(t, "ed25519.json", made) {
		pub, err1 := hex.DecodeString(v.Public)
		sig, err2 := hex.DecodeString(v.Signature)
		if err1 != nil || err2 != nil || VerifyEd25519(pub, []byte(v.Message), sig) != v.Valid {
			t.Errorf("%s: want %v", v.Name, v.Valid)
		}
	}
}

func TestRefusedVectors(t *testing.T) {
	for _, v := range stored(t, "refused.json", refusedVectors(t)) {
		err := judge(t, v)
		var rule Rule
		if !errors.As(err, &rule) || rule != v.Error {
			t.Errorf("%s: got %v, want %s", v.Name, err, v.Error)
		}
	}
}

// judge runs what a vector says on its input.
func judge(t *testing.T, v refusedVector) error {
	in := v.input(t)
	switch v.What {
	case "note":
		_, err := ParseNote(in)
		return err
	case "statement":
		_, err := Parse(in)
		return err
	case "checkpoint":
		_, err := ParseCheckpoint(in)
		return err
	case "public-key":
		_, err := ParsePublicKey(string(in))
		return err
	case "witness-key":
		_, err := ParseWitnessKey(string(in))
		return err
	case "verify":
		s, err := Parse(in)
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		keys, err := NewKeySet(s.By, v.Keys, v.Need)
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		return keys.Verify(s)
	case "depositary":
		key, err := ParsePublicKey(v.Keys[0])
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = OpenCheckpoint(in, v.Origin, key)
		return err
	case "cosignature":
		w, err := ParseWitnessKey(v.Witness)
		if err != nil {
			t.Fatal(err)
		}
		n, err := ParseNote(in)
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		_, err = w.VerifyCosignature(n.Text, n.Sigs[0])
		return err
	}
	t.Fatalf("%s: nothing is known of %q", v.Name, v.What)
	return nil
}

// textVector puts the input where JSON can hold it.
func textVector(name, what, input string, rule Rule) refusedVector {
	v := refusedVector{Name: name, What: what, Error: rule}
	if utf8.ValidString(input) {
		v.Input = input
	} else {
		v.Hex = hex.EncodeToString([]byte(input))
	}
	return v
}

func refusedVectors(t *testing.T) []refusedVector {
	t.Helper()
	a, b := testSigner(t, "iran", "a"), testSigner(t, "iran", "b")
	st := perform("iran")
	note, err := Sign(mustText(t, st), a)
	if err != nil {
		t.Fatal(err)
	}
	good := string(note)
	st.Answers = ID(sampleBytes("answered", 32))
	st.Body = VerifyBody{"stop-enrichment", "accepts", "", []Document{}}
	note, err = Sign(mustText(t, st), a)
	if err != nil {
		t.Fatal(err)
	}
	verify := string(note)
	var list []refusedVector
	change := func(name, from, before, after string, rule Rule) {
		if !strings.Contains(from, before) {
			t.Fatalf("%s: nothing to change", name)
		}
		list = append(list, textVector(name, "statement", strings.Replace(from, before, after, 1), rule))
	}
	change("a newer version", good, "statement/1", "statement/2", ErrVersion)
	change("a line more", good, "by iran\n", "by iran\nfor us\n", ErrHeader)
	change("lines in another order", good, "by iran\nanswers -\n", "answers -\nby iran\n", ErrHeader)
	change("a name with a capital", good, "by iran", "by Iran", ErrHeader)
	change("zero as an ID", good, "answers -", "answers "+strings.Repeat("0", 64), ErrHeader)
	change("a size with a leading zero", good, "seen 0", "seen 00", ErrHeader)
	change("a root of size 0 that is not zero", good, "seen 0 A", "seen 0 B", ErrHeader)
	change("a verification that answers nothing", verify, "answers "+st.Answers.String(), "answers -", ErrHeader)
	change("an unknown kind", good, "kind perform", "kind bless", ErrUnknownKind)
	change("an unknown field", good, `"documents":[]`, `"documents":[],"note":""`, ErrUnknownField)
	change("a missing field", good, `,"documents":[]`, ``, ErrNotCanonical)
	change("null for a list", good, `"documents":[]`, `"documents":null`, ErrValue)
	change("a number for a string", good, `"stop-enrichment"`, `3`, ErrBody)
	change("two values", good, `[]}`, `[]}{}`, ErrBody)
	change("white space", good, `":"`, `": "`, ErrNotCanonical)
	change("fields in another order", good, `"commitment":"stop-enrichment","documents":[]`, `"documents":[],"commitment":"stop-enrichment"`, ErrNotCanonical)
	change("a field twice", good, `"documents":[]`, `"documents":[],"documents":[]`, ErrNotCanonical)
	change("a needless escape", good, `stop-`, `stop\u002d`, ErrNotCanonical)
	change("a field in capitals", good, `"commitment"`, `"Commitment"`, ErrNotCanonical)
	change("a word that is not known", verify, `"accepts"`, `"perhaps"`, ErrValue)
	change("a character that turns the text around", verify, `"reason":""`, "\"reason\":\"\u202eon\"", ErrCharacter)
	change("an escaped control character", verify, `"reason":""`, `"reason":"\u0007"`, ErrCharacter)
	change("a carriage return", good, "by iran\n", "by iran\r\n", ErrCharacter)
	change("not UTF-8", good, "stop-", "stop\xff", ErrCharacter)
	change("no empty line", good, "}\n\n", "}\n", ErrNote)
	end := len(good) - len("x=\n")
	list = append(list, textVector("unused bits in a signature", "statement", good[:end]+string(good[end]+1)+"=\n", ErrNotCanonical))
	list = append(list, textVector("a text without signatures", "statement", strings.SplitAfter(good, "}\n")[0]+"\n", ErrNote))

	add := func(v refusedVector) { list = append(list, v) }
	two := []string{a.Public().String(), b.Public().String()}
	add(refusedVector{Name: "one signature where two are needed", What: "verify", Input: good, Keys: two, Need: 2, Error: ErrUnsigned})
	add(refusedVector{Name: "a signature over another text", What: "verify", Input: strings.Replace(good, "stop-", "start-", 1), Keys: two, Need: 1, Error: ErrSignature})
	sigLine := good[strings.LastIndex(good, "—"):]
	add(refusedVector{Name: "one key twice", What: "verify", Input: good + sigLine, Keys: two, Need: 2, Error: ErrUnsigned})
	add(refusedVector{Name: "a key under another name", What: "verify", Input: strings.Replace(good, "— iran", "— iaea", 1), Keys: two, Need: 1, Error: ErrUnsigned})
	return append(list, refusedCheckpoints(t)...)
}

func refusedCheckpoints(t *testing.T) []refusedVector {
	t.Helper()
	good := string(testCheckpoint().Text())
	list := []refusedVector{
		textVector("an extension line", "checkpoint", good+"time 7\n", ErrCheckpoint),
		textVector("a checkpoint's size with a leading zero", "checkpoint", strings.Replace(good, "\n12", "\n012", 1), ErrCheckpoint),
		textVector("an origin with a space", "checkpoint", strings.Replace(good, "secretariat", "the secretariat", 1), ErrCheckpoint),
		textVector("a root without padding", "checkpoint", strings.Replace(good, "=", "", 1), ErrCheckpoint),
		textVector("a key of small order", "public-key", "ed25519 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", ErrPublicKey),
		textVector("a key in an encoding that is not canonical", "public-key", "ed25519 7v///////////////////////////////////////38=", ErrPublicKey),
		textVector("a key of another type", "public-key", "rsa AAAA", ErrPublicKey),
	}
	s := testSigner(t, "vienna", "vienna")
	list = append(list, textVector("a plain key for a witness", "witness-key", s.Public().VKey("vienna"), ErrPublicKey))
	w, err := NewWitnessKey("vienna", s.Public())
	if err != nil {
		t.Fatal(err)
	}
	list = append(list, textVector("a key hash that is not its own", "witness-key", strings.Replace(w.String(), "vienna", "geneva", 1), ErrPublicKey))

	depositary := testSigner(t, testOrigin, "depositary")
	signed, err := SignCheckpoint(testCheckpoint(), depositary)
	if err != nil {
		t.Fatal(err)
	}
	key := []string{depositary.Public().String()}
	list = append(list,
		refusedVector{Name: "a checkpoint of another log", What: "depositary", Input: string(signed), Keys: key, Origin: "secretariat/other", Error: ErrOrigin},
		refusedVector{Name: "a checkpoint signed by another", What: "depositary", Input: string(signed), Keys: []string{sampleKey("x")}, Origin: testOrigin, Error: ErrUnsigned},
		refusedVector{Name: "an altered checkpoint", What: "depositary", Input: strings.Replace(string(signed), "\n12\n", "\n13\n", 1), Keys: key, Origin: testOrigin, Error: ErrSignature})

	sig, err := Cosign(s, []byte(good), 1621857600)
	if err != nil {
		t.Fatal(err)
	}
	cosigned := func(name string, change func(*Signature), rule Rule) {
		altered := sig
		altered.Sig = bytes.Clone(sig.Sig)
		change(&altered)
		note, err := NewNote([]byte(good), altered)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, refusedVector{Name: name, What: "cosignature", Input: string(note), Witness: w.String(), Error: rule})
	}
	cosigned("a cosignature without a time", func(s *Signature) { copy(s.Sig, make([]byte, 8)) }, ErrTime)
	cosigned("a cosignature with another time", func(s *Signature) { s.Sig[7]++ }, ErrSignature)
	cosigned("a cosignature of another witness", func(s *Signature) { s.Name = "geneva" }, ErrUnknownKey)
	cosigned("a cosignature that is too short", func(s *Signature) { s.Sig = s.Sig[:64] }, ErrSignature)
	return list
}
