package statement

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"math/big"
	"testing"

	"filippo.io/edwards25519"
)

// prime is 2^255 - 19.
func prime() *big.Int {
	p := new(big.Int).Lsh(big.NewInt(1), 255)
	return p.Sub(p, big.NewInt(19))
}

// encoding is the 32 bytes of y with this sign bit, not reduced.
func encoding(y *big.Int, sign byte) []byte {
	b := make([]byte, 32)
	y.FillBytes(b)
	for i := range 16 {
		b[i], b[31-i] = b[31-i], b[i]
	}
	b[31] |= sign << 7
	return b
}

// torsion are the eight points of small order: multiples of one of order 8.
func torsion(t testing.TB) []*edwards25519.Point {
	t.Helper()
	// Multiplying a point by the order L of the base point leaves its torsion.
	// No Scalar holds L, so it is L-1 times and once more.
	minusOne := edwards25519.NewScalar().Subtract(edwards25519.NewScalar(), scalar(t, 1))
	for y := int64(2); ; y++ {
		p, err := new(edwards25519.Point).SetBytes(encoding(big.NewInt(y), 0))
		if err != nil {
			continue
		}
		q := new(edwards25519.Point).ScalarMult(minusOne, p)
		q.Add(q, p)
		four := new(edwards25519.Point).Add(q, q)
		four.Add(four, four)
		if four.Equal(edwards25519.NewIdentityPoint()) == 1 {
			continue // of order 4 or less
		}
		points := []*edwards25519.Point{edwards25519.NewIdentityPoint()}
		for range 7 {
			points = append(points, new(edwards25519.Point).Add(points[len(points)-1], q))
		}
		return points
	}
}

func scalar(t testing.TB, n byte) *edwards25519.Scalar {
	t.Helper()
	s, err := edwards25519.NewScalar().SetCanonicalBytes(append([]byte{n}, make([]byte, 31)...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSmallOrderKeys(t *testing.T) {
	// Every encoding, also those that are not canonical, of the points of
	// small order: y as such and y + p where that fits, with both signs.
	seen := map[string]bool{}
	for _, p := range torsion(t) {
		y := new(big.Int).SetBytes(reversed(p.Bytes()))
		y.SetBit(y, 255, 0)
		for _, y := range []*big.Int{y, new(big.Int).Add(y, prime())} {
			for sign := byte(0); sign < 2 && y.BitLen() <= 255; sign++ {
				seen[string(encoding(y, sign))] = true
			}
		}
	}
	if len(seen) != 14 {
		t.Fatalf("%d encodings, want the 14 known ones", len(seen))
	}
	for raw := range seen {
		if _, err := NewPublicKey([]byte(raw)); err == nil {
			t.Errorf("small-order key %x is accepted", raw)
		}
		// With s = 0 and R the key itself ZIP 215 alone would accept.
		if VerifyEd25519([]byte(raw), []byte("anything"), append([]byte(raw), make([]byte, 32)...)) {
			t.Errorf("a signature under small-order key %x verifies", raw)
		}
	}
}

func TestNonCanonicalKeys(t *testing.T) {
	onCurve := 0
	for i := range int64(19) {
		for sign := byte(0); sign < 2; sign++ {
			raw := encoding(new(big.Int).Add(prime(), big.NewInt(i)), sign)
			if _, err := new(edwards25519.Point).SetBytes(raw); err == nil {
				onCurve++
			}
			if _, err := NewPublicKey(raw); err == nil {
				t.Errorf("y = p + %d, sign %d is accepted", i, sign)
			}
		}
	}
	if onCurve == 0 {
		t.Fatal("the curve library refuses all of them itself: the test shows nothing")
	}
}

// TestCofactor crafts signatures on which cofactored and cofactorless
// verification disagree and holds us to ZIP 215.
func TestCofactor(t *testing.T) {
	small := torsion(t)
	a, r := scalar(t, 77), scalar(t, 99)
	disagree := 0
	for i := range small {
		for j := range small {
			for _, nonce := range []*edwards25519.Scalar{r, edwards25519.NewScalar()} {
				pub, sig := crafted(t, a, nonce, small[i], small[j].Bytes(), small[j])
				msg := []byte("crafted")
				if !VerifyEd25519(pub, msg, sig) {
					t.Fatalf("key of torsion %d, R of torsion %d: refused, ZIP 215 accepts", i, j)
				}
				if !ed25519.Verify(pub, msg, sig) {
					disagree++
				}
				if VerifyEd25519(pub, []byte("Crafted"), sig) {
					t.Fatal("the signature fits another message")
				}
			}
		}
	}
	if disagree == 0 {
		t.Fatal("cofactorless verification accepts all of them: the test shows nothing")
	}
	// R in an encoding that is not canonical: y = 1 + p is the identity.
	one := encoding(new(big.Int).Add(prime(), big.NewInt(1)), 0)
	pub, sig := crafted(t, a, edwards25519.NewScalar(), small[0], one, nil)
	if !VerifyEd25519(pub, []byte("crafted"), sig) || ed25519.Verify(pub, []byte("crafted"), sig) {
		t.Fatal("R that is not canonical: want ZIP 215 to accept it and the cofactorless rule not to")
	}
}

// crafted signs "crafted" with key a·B + t and R = nonce·B + rt, or with R as
// the bytes encodedR if rt is nil.
func crafted(t testing.TB, a, nonce *edwards25519.Scalar, kt *edwards25519.Point, encodedR []byte, rt *edwards25519.Point) (pub, sig []byte) {
	t.Helper()
	key := new(edwards25519.Point).ScalarBaseMult(a)
	pub = key.Add(key, kt).Bytes()
	if rt != nil {
		p := new(edwards25519.Point).ScalarBaseMult(nonce)
		encodedR = p.Add(p, rt).Bytes()
	}
	h := sha512.New()
	h.Write(encodedR)
	h.Write(pub)
	h.Write([]byte("crafted"))
	k, err := edwards25519.NewScalar().SetUniformBytes(h.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	s := edwards25519.NewScalar().MultiplyAdd(k, a, nonce)
	return pub, append(bytes.Clone(encodedR), s.Bytes()...)
}

func reversed(b []byte) []byte {
	r := bytes.Clone(b)
	for i := range len(r) / 2 {
		r[i], r[len(r)-1-i] = r[len(r)-1-i], r[i]
	}
	return r
}

func TestVerifyRefuses(t *testing.T) {
	s := testSigner(t, "a", "a")
	pub, msg := s.Public(), []byte("message")
	sig, err := s.Sign(msg)
	if err != nil {
		t.Fatal(err)
	}
	if !VerifyEd25519(pub[:], msg, sig) {
		t.Fatal("a good signature is refused")
	}
	for i := range sig {
		bad := bytes.Clone(sig)
		bad[i] ^= 1
		if VerifyEd25519(pub[:], msg, bad) {
			t.Fatalf("a signature with byte %d altered verifies", i)
		}
	}
	// s + L signs the same message again in a library that does not check.
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	sPlusL := order.Add(order, new(big.Int).SetBytes(reversed(sig[32:])))
	if VerifyEd25519(pub[:], msg, append(bytes.Clone(sig[:32]), encoding(sPlusL, 0)...)) {
		t.Fatal("a signature with s past the order verifies")
	}
	if VerifyEd25519(pub[:31], msg, sig) || VerifyEd25519(nil, msg, sig) || VerifyEd25519(pub[:], msg, sig[:63]) || VerifyEd25519(pub[:], msg, nil) {
		t.Fatal("a wrong length verifies")
	}
	var zero PublicKey
	if VerifyEd25519(zero[:], msg, make([]byte, 64)) {
		t.Fatal("the zero key verifies")
	}
}

func TestParsePublicKey(t *testing.T) {
	good := testSigner(t, "a", "a").Public()
	if back, err := ParsePublicKey(good.String()); err != nil || back != good {
		t.Fatalf("%v, %v", back, err)
	}
	b64 := base64.StdEncoding.EncodeToString(good[:])
	for name, s := range map[string]string{
		"empty": "", "no prefix": b64, "no space": "ed25519" + b64, "capital": "Ed25519 " + b64, "two spaces": "ed25519  " + b64,
		"newline": "ed25519 " + b64 + "\n", "newline within": "ed25519 " + b64[:10] + "\n" + b64[10:43], "no padding": "ed25519 " + b64[:43],
		"unused bits": "ed25519 " + b64[:42] + string(b64[42]+1) + "=", "short": "ed25519 AAAA",
		"not a point": "ed25519 " + base64.StdEncoding.EncodeToString(encoding(big.NewInt(2), 0)),
		"identity":    "ed25519 AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	} {
		_, err := ParsePublicKey(s)
		t.Run(name, func(t *testing.T) { wantRule(t, err, ErrPublicKey) })
	}
}

func BenchmarkVerifyEd25519(b *testing.B) {
	s := testSigner(b, "a", "a")
	pub, msg := s.Public(), bytes.Repeat([]byte("m"), 500)
	sig, err := s.Sign(msg)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if !VerifyEd25519(pub[:], msg, sig) {
			b.Fatal(fmt.Errorf("refused"))
		}
	}
}

// TestKeyFileExample: the key that internal/keyfile shows as its example has
// the same public forms here.
func TestKeyFileExample(t *testing.T) {
	s, err := NewSigner("witness.example/w1", bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWitnessKey(s.Name(), s.Public())
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Public().String(), "ed25519 iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w="; got != want {
		t.Errorf("public key %s, want %s", got, want)
	}
	if got, want := w.String(), "witness.example/w1+0ad7d35e+BIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"; got != want {
		t.Errorf("verifier key %s, want %s", got, want)
	}
}
