package statement

import (
	"fmt"
	"slices"
	"testing"

	"detente/agreement"
)

// keysOf are the text forms of the test keys with these labels.
func keysOf(t testing.TB, labels ...string) []string {
	t.Helper()
	list := []string{}
	for _, l := range labels {
		list = append(list, testSigner(t, "any", l).Public().String())
	}
	return list
}

func mustKeySet(t testing.TB, by agreement.Name, need int, labels ...string) KeySet {
	t.Helper()
	k, err := NewKeySet(by, keysOf(t, labels...), need)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// signedBy is a statement by iran signed by the test keys with these labels.
func signedBy(t testing.TB, labels ...string) *Signed {
	t.Helper()
	var signers []Signer
	for _, l := range labels {
		signers = append(signers, testSigner(t, "iran", l))
	}
	note, err := Sign(mustText(t, perform("iran")), signers...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(note)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestVerify(t *testing.T) {
	keys := mustKeySet(t, "iran", 2, "a", "b", "c")
	for _, labels := range [][]string{{"a", "b"}, {"c", "a"}, {"a", "b", "c"}, {"x", "a", "y", "b"}} {
		if err := keys.Verify(signedBy(t, labels...)); err != nil {
			t.Errorf("signed by %v: %v", labels, err)
		}
	}
	for _, labels := range [][]string{{"a"}, {"x", "y"}, {"a", "x"}} {
		wantRule(t, keys.Verify(signedBy(t, labels...)), ErrUnsigned)
	}

	// One key twice is one key.
	s := signedBy(t, "a")
	s.Sigs = append(s.Sigs, s.Sigs[0])
	wantRule(t, keys.Verify(s), ErrUnsigned)

	// One bad line of a known key spoils enough good ones, wherever it stands.
	for at := range 3 {
		s := signedBy(t, "a", "b", "c")
		s.Sigs[at].Sig = slices.Clone(s.Sigs[(at+1)%3].Sig)
		wantRule(t, keys.Verify(s), ErrSignature)
	}
	// A bad line of an unknown key does not.
	s = signedBy(t, "a", "b", "x")
	s.Sigs[2].Sig[0] ^= 1
	if err := keys.Verify(s); err != nil {
		t.Fatal(err)
	}
	// The right key under another name is unknown.
	s = signedBy(t, "a", "b")
	s.Sigs[1].Name = "iaea"
	wantRule(t, keys.Verify(s), ErrUnsigned)
	s.Sigs[1].Hash = testSigner(t, "iaea", "b").Public().Hash("iaea")
	wantRule(t, keys.Verify(s), ErrUnsigned)

	// The signature covers every byte of the text.
	s = signedBy(t, "a", "b")
	for i := range s.Text {
		s.Text[i] ^= 1
		if err := keys.Verify(s); err == nil {
			t.Fatalf("byte %d of the text altered: verifies", i)
		}
		s.Text[i] ^= 1
	}

	wantRule(t, mustKeySet(t, "us", 1, "a").Verify(signedBy(t, "a")), ErrNotSigner)
	wantRule(t, KeySet{}.Verify(signedBy(t, "a")), ErrNotSigner)
}

func TestNewKeySet(t *testing.T) {
	var many []string
	for i := range MaxKeys + 1 {
		many = append(many, keysOf(t, fmt.Sprint("key ", i))...)
	}
	if _, err := NewKeySet("iran", many[:MaxKeys], MaxKeys); err != nil {
		t.Fatalf("at the limit: %v", err)
	}
	for _, c := range []struct {
		by   agreement.Name
		keys []string
		need int
		rule Rule
	}{
		{"iran", many, 1, ErrTooLarge},
		{"iran", many[:2], 0, ErrKeyChange},
		{"iran", many[:2], -1, ErrKeyChange},
		{"iran", many[:2], 3, ErrKeyChange},
		{"iran", nil, 0, ErrKeyChange},
		{"iran", []string{many[0], many[1], many[0]}, 1, ErrDuplicate},
		{"iran", []string{"ed25519 x"}, 1, ErrPublicKey},
		{"Iran", many[:1], 1, ErrHeader},
	} {
		_, err := NewKeySet(c.by, c.keys, c.need)
		wantRule(t, err, c.rule)
	}
}

func TestApply(t *testing.T) {
	keys := mustKeySet(t, "iran", 2, "a", "b", "c")
	for _, c := range []struct {
		name        string
		add, revoke []string
		need        int
		want        []string
		rule        Rule
	}{
		{"add", []string{"d"}, nil, 2, []string{"a", "b", "c", "d"}, ""},
		{"revoke", nil, []string{"a"}, 2, []string{"b", "c"}, ""},
		{"replace all", []string{"d", "e"}, []string{"c", "a", "b"}, 1, []string{"d", "e"}, ""},
		{"need alone", nil, nil, 3, []string{"a", "b", "c"}, ""},
		{"fewer than needed", nil, []string{"a", "b"}, 2, nil, ErrKeyChange},
		{"none left", nil, []string{"a", "b", "c"}, 1, nil, ErrKeyChange},
		{"need zero", nil, nil, 0, nil, ErrKeyChange},
		{"need past the keys", nil, nil, 4, nil, ErrKeyChange},
		{"add one that is there", []string{"a"}, nil, 2, nil, ErrKeyChange},
		{"add one twice", []string{"d", "d"}, nil, 2, nil, ErrKeyChange},
		{"revoke one that is not", nil, []string{"x"}, 1, nil, ErrKeyChange},
		{"revoke one twice", nil, []string{"a", "a"}, 1, nil, ErrKeyChange},
		{"revoke and add again", []string{"a"}, []string{"a"}, 2, nil, ErrKeyChange},
	} {
		t.Run(c.name, func(t *testing.T) {
			next, err := keys.Apply(KeyBody{Add: keysOf(t, c.add...), Revoke: keysOf(t, c.revoke...), Need: c.need})
			if c.rule != "" {
				wantRule(t, err, c.rule)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, k := range next.Keys() {
				got = append(got, k.String())
			}
			if want := keysOf(t, c.want...); !slices.Equal(got, want) || next.Need() != c.need || next.By() != "iran" {
				t.Fatalf("got %v, need %d of %s", got, next.Need(), next.By())
			}
		})
	}
	// The old set is as it was: it still judges what stands before the change.
	if !slices.Equal(keys.Keys(), mustKeySet(t, "iran", 2, "a", "b", "c").Keys()) || keys.Need() != 2 {
		t.Fatal("Apply changed the set it was called on")
	}
	next, err := keys.Apply(KeyBody{Revoke: keysOf(t, "b"), Need: 2})
	if err != nil {
		t.Fatal(err)
	}
	wantRule(t, next.Verify(signedBy(t, "a", "b")), ErrUnsigned)
	if err := keys.Verify(signedBy(t, "a", "b")); err != nil {
		t.Fatal(err)
	}
	var many []string
	for i := range MaxKeys - 2 {
		many = append(many, fmt.Sprint("key ", i))
	}
	_, err = keys.Apply(KeyBody{Add: keysOf(t, many...), Need: 1})
	wantRule(t, err, ErrTooLarge)
	if next, err := keys.Apply(KeyBody{Add: keysOf(t, many[1:]...), Need: 1}); err != nil || len(next.Keys()) != MaxKeys {
		t.Fatalf("at the limit: %v", err)
	}
}

// faultySigner signs something else.
type faultySigner struct{ Signer }

func (f faultySigner) Sign(message []byte) ([]byte, error) { return f.Signer.Sign(message[1:]) }

// brokenSigner cannot sign.
type brokenSigner struct{ Signer }

func (brokenSigner) Sign([]byte) ([]byte, error) { return nil, fmt.Errorf("device unplugged") }

func TestSignerFaults(t *testing.T) {
	good := testSigner(t, "iran", "a")
	text := mustText(t, perform("iran"))
	_, err := Sign(text, faultySigner{good})
	wantRule(t, err, ErrSignature)
	if _, err = Sign(text, brokenSigner{good}); err == nil || err.Error() != "device unplugged" {
		t.Fatalf("got %v", err)
	}
	_, err = Sign(text)
	wantRule(t, err, ErrUnsigned)
	_, err = Sign(text[:len(text)-1], good)
	wantRule(t, err, ErrHeader)
	_, err = NewSigner("two words", make([]byte, 32))
	wantRule(t, err, ErrNote)
	_, err = NewSigner("a", make([]byte, 31))
	wantRule(t, err, ErrPublicKey)
}
