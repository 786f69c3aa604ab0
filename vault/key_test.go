package vault

import (
	"bytes"
	"crypto/hpke"
	"encoding/hex"
	"errors"
	"testing"

	"filippo.io/edwards25519"
)

// withX25519 gives a key whose X25519 half is replaced.
func withX25519(k *PrivateKey, u []byte) []byte {
	b := k.Public().Bytes()
	copy(b[mlkemSize:], u)
	return b
}

// crypto/hpke reads low-order and non-canonical X25519 halves; one registered
// key of low order would stop every dealing.
func TestLowOrderAndNonCanonicalKeysAreRefused(t *testing.T) {
	good := key(t, 1)
	for name, u := range map[string]string{
		"zero":                  "0000000000000000000000000000000000000000000000000000000000000000",
		"one":                   "0100000000000000000000000000000000000000000000000000000000000000",
		"order 8":               "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"order 8, other":        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"order 4":               "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"the prime":             "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"the prime and nine":    "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"nine with the top bit": "0900000000000000000000000000000000000000000000000000000000000080",
	} {
		raw, err := hex.DecodeString(u)
		if err != nil {
			t.Fatal(err)
		}
		b := withX25519(good, raw)
		if _, err := hpke.MLKEM768X25519().NewPublicKey(b); err != nil {
			t.Errorf("%s: crypto/hpke refuses it now (%v): the check here may go", name, err)
		}
		if _, err := ParsePublicKey(b); !errors.Is(err, ErrKey) {
			t.Errorf("%s: got %v, want %v", name, err, ErrKey)
		}
	}
	nine := make([]byte, 32)
	nine[0] = 9
	if _, err := ParsePublicKey(withX25519(good, nine)); err != nil {
		t.Errorf("the base point was refused: %v", err)
	}
}

func TestKeySizesAndNonCanonicalMLKEM(t *testing.T) {
	b := key(t, 1).Public().Bytes()
	for _, bad := range [][]byte{nil, b[:KeySize-1], append(bytes.Clone(b), 0)} {
		if _, err := ParsePublicKey(bad); !errors.Is(err, ErrKey) {
			t.Errorf("%d bytes: got %v, want %v", len(bad), err, ErrKey)
		}
	}
	b[0], b[1] = 0xff, 0xff // a coefficient of 4095, the modulus is 3329
	if _, err := ParsePublicKey(b); !errors.Is(err, ErrKey) {
		t.Errorf("coefficient past the modulus: got %v, want %v", err, ErrKey)
	}
	if _, err := NewPrivateKey(make([]byte, SeedSize-1)); !errors.Is(err, ErrKey) {
		t.Errorf("short seed: got %v, want %v", err, ErrKey)
	}
}

func TestKeysThatShareAHalf(t *testing.T) {
	a, b := key(t, 1), key(t, 2)
	if a.Public().SharesHalf(b.Public()) {
		t.Fatal("two random keys share a half")
	}
	mixed, err := ParsePublicKey(withX25519(a, b.Public().Bytes()[mlkemSize:]))
	if err != nil {
		t.Fatal(err)
	}
	if !mixed.SharesHalf(a.Public()) || !mixed.SharesHalf(b.Public()) {
		t.Error("a key made of two others' halves is not recognised")
	}
}

// Adding a point of small order changes an X25519 key's bytes and none of the
// secrets agreed with it.
func TestKeyHiddenByTorsionSharesAHalf(t *testing.T) {
	k := key(t, 3)
	raw, err := hex.DecodeString("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05") // order 8
	if err != nil {
		t.Fatal(err)
	}
	torsion, err := new(edwards25519.Point).SetBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	s, err := new(edwards25519.Scalar).SetBytesWithClamping(k.Seed())
	if err != nil {
		t.Fatal(err)
	}
	p := new(edwards25519.Point).ScalarBaseMult(s)
	plain, err := ParsePublicKey(withX25519(k, p.BytesMontgomery()))
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := ParsePublicKey(withX25519(key(t, 4), p.Add(p, torsion).BytesMontgomery()))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(plain.Bytes()[mlkemSize:], hidden.Bytes()[mlkemSize:]) {
		t.Fatal("the test altered nothing")
	}
	if !plain.SharesHalf(hidden) {
		t.Error("the same X25519 key under other bytes is not recognised")
	}
}

func TestMessageIsBoundToItsContext(t *testing.T) {
	k, plain := key(t, 1), make([]byte, ShareSize)
	ct, err := k.Public().seal([]byte("info"), []byte("aad"), plain)
	if err != nil {
		t.Fatal(err)
	}
	if len(ct) != CiphertextSize {
		t.Fatalf("ciphertext has %d bytes, want %d", len(ct), CiphertextSize)
	}
	if _, err := k.open([]byte("info"), []byte("aad"), ct); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"other info": func() ([]byte, error) { return k.open([]byte("Info"), []byte("aad"), ct) },
		"other aad":  func() ([]byte, error) { return k.open([]byte("info"), []byte("Aad"), ct) },
		"other key":  func() ([]byte, error) { return key(t, 2).open([]byte("info"), []byte("aad"), ct) },
		"short":      func() ([]byte, error) { return k.open([]byte("info"), []byte("aad"), ct[1:]) },
		"altered": func() ([]byte, error) {
			c := bytes.Clone(ct)
			c[0] ^= 1
			return k.open([]byte("info"), []byte("aad"), c)
		},
	} {
		if _, err := open(); !errors.Is(err, ErrCiphertext) {
			t.Errorf("%s: got %v, want %v", name, err, ErrCiphertext)
		}
	}
}
