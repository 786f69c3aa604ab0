package statement

import (
	"bytes"
	"crypto/sha512"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"filippo.io/edwards25519"
)

// An edge is a signature at the edges of what Ed25519 verifiers accept.
type edge struct {
	name          string
	pub, msg, sig []byte
}

// An edgePoint is a point in some encoding: n·B plus a point of small order.
type edgePoint struct {
	name    string
	n       *edwards25519.Scalar
	encoded []byte
}

// edgePoints are all points of small order in each of their 14 encodings, and
// an ordinary point with every part of small order.
func edgePoints(t testing.TB, n *edwards25519.Scalar) []edgePoint {
	var all []edgePoint
	for i, p := range torsion(t) {
		all = append(all, edgePoint{fmt.Sprintf("small %d", i), edwards25519.NewScalar(), p.Bytes()})
		q := new(edwards25519.Point).ScalarBaseMult(n)
		all = append(all, edgePoint{fmt.Sprintf("mixed %d", i), n, q.Add(q, p).Bytes()})
	}
	minusOne := new(big.Int).Sub(prime(), big.NewInt(1))
	for _, y := range []*big.Int{big.NewInt(0), big.NewInt(1), minusOne} {
		for _, sign := range []byte{0, 1} {
			for _, wraps := range []bool{false, true} {
				v := y
				if wraps {
					v = new(big.Int).Add(y, prime())
				}
				if v.BitLen() > 255 {
					continue
				}
				e := encoding(v, sign)
				if _, err := new(edwards25519.Point).SetBytes(e); err != nil {
					t.Fatalf("%x is no point", e)
				}
				if !slices.ContainsFunc(all, func(p edgePoint) bool { return bytes.Equal(p.encoded, e) }) {
					all = append(all, edgePoint{fmt.Sprintf("%x", e), edwards25519.NewScalar(), e})
				}
			}
		}
	}
	return all
}

// edges are signatures with every such point as the key and as R, and beside
// each one that no rule accepts.
func edges(t testing.TB) []edge {
	t.Helper()
	var all []edge
	for _, key := range edgePoints(t, scalar(t, 77)) {
		for _, r := range edgePoints(t, scalar(t, 99)) {
			msg := fmt.Appendf(nil, "key %s, R %s", key.name, r.name)
			h := sha512.New()
			h.Write(r.encoded)
			h.Write(key.encoded)
			h.Write(msg)
			k, err := edwards25519.NewScalar().SetUniformBytes(h.Sum(nil))
			if err != nil {
				t.Fatal(err)
			}
			s := edwards25519.NewScalar().MultiplyAdd(k, key.n, r.n)
			sig := append(bytes.Clone(r.encoded), s.Bytes()...)
			all = append(all, edge{string(msg), key.encoded, msg, sig})
			high := bytes.Clone(sig) // S not reduced
			high[63] |= 0xe0
			all = append(all, edge{string(msg) + ", S too large", key.encoded, msg, high},
				edge{string(msg) + ", other message", key.encoded, msg[1:], sig})
		}
	}
	return all
}

// TestBatchAgrees puts the edges through batches of several sizes and mixtures:
// the verdict on each is always that of single verification.
func TestBatchAgrees(t *testing.T) {
	all := edges(t)
	single := make([]bool, len(all))
	accepted := 0
	for i, e := range all {
		single[i] = VerifyEd25519(e.pub, e.msg, e.sig)
		if single[i] {
			accepted++
		}
	}
	// 8 keys that are not of small order, each with 22 kinds of R.
	if points := len(edgePoints(t, scalar(t, 77))); points != 22 || accepted != 8*points {
		t.Fatalf("%d points, %d of %d accepted: want 22, and 176", points, accepted, len(all))
	}
	for _, size := range []int{1, 2, 3, 7, 256, len(all)} {
		var b Batch
		for start := 0; start < len(all); start += size {
			part := all[start:min(start+size, len(all))]
			for i, e := range part {
				if n := b.Add(e.pub, e.msg, e.sig); n != i {
					t.Fatalf("number %d for signature %d", n, i)
				}
			}
			if b.Len() != len(part) {
				t.Fatalf("a batch of %d holds %d", len(part), b.Len())
			}
			for i, ok := range b.Verify() {
				if ok != single[start+i] {
					t.Errorf("batches of %d: %s: %v, single %v", size, all[start+i].name, ok, single[start+i])
				}
			}
		}
	}
	// The accepted ones together, where one equation says yes to all.
	var b Batch
	for i, e := range all {
		if single[i] {
			b.Add(e.pub, e.msg, e.sig)
		}
	}
	if verdicts := b.Verify(); slices.Contains(verdicts, false) || len(verdicts) != accepted {
		t.Errorf("%d accepted signatures together: %v", accepted, verdicts)
	}
	if verdicts := b.Verify(); len(verdicts) != 0 {
		t.Errorf("an empty batch has %d verdicts", len(verdicts))
	}
}

func TestBatchRefusesLengths(t *testing.T) {
	s := testSigner(t, "w", "batch")
	key := s.Public()
	sig, err := s.Sign([]byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	var b Batch
	for range 4 { // a batch of which one equation is asked
		b.Add(key[:], []byte("m"), sig)
	}
	b.Add(key[:31], []byte("m"), sig)
	b.Add(key[:], []byte("m"), sig[:63])
	b.Add(nil, nil, nil)
	b.Add(key[:], []byte("m"), append(bytes.Clone(sig), 0))
	if got := b.Verify(); !slices.Equal(got, []bool{true, true, true, true, false, false, false, false}) {
		t.Error(got)
	}
}

// TestBadBatchesCostLittle: however many signatures are bad, and wherever, the
// verdicts are right and the work is at most that of verifying each alone, and
// as much again in equations at half that price, twice.
func TestBadBatchesCostLittle(t *testing.T) {
	const n = 256
	s := testSigner(t, "w", "batch")
	key := s.Public()
	sig, err := s.Sign([]byte("m"))
	if err != nil {
		t.Fatal(err)
	}
	wrong := bytes.Clone(sig)
	wrong[0] ^= 1
	for name, bad := range map[string]func(i int) bool{
		"none": func(int) bool { return false }, "all": func(int) bool { return true }, "the first": func(i int) bool { return i == 0 },
		"the last": func(i int) bool { return i == n-1 }, "every other": func(i int) bool { return i%2 == 0 }, "two": func(i int) bool { return i == 3 || i == 200 },
		"one in each quarter": func(i int) bool { return i%64 == 5 }, "the middle": func(i int) bool { return i == n/2-1 || i == n/2 },
	} {
		var b Batch
		for i := range n {
			if bad(i) {
				b.Add(key[:], []byte("m"), wrong)
			} else {
				b.Add(key[:], []byte("m"), sig)
			}
		}
		for i, good := range b.Verify() {
			if good == bad(i) {
				t.Fatalf("%s bad: the verdict on %d is %t", name, i, good)
			}
		}
		if b.singles > n || b.batched > 4*n || b.singles+b.batched/2 > 2*n {
			t.Errorf("%s bad: %d were verified alone, %d in equations", name, b.singles, b.batched)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	const n = 256
	type signed struct{ pub, msg, sig []byte }
	var all []signed
	for i := range n {
		s := testSigner(b, "w", fmt.Sprint(i%16))
		key := s.Public()
		msg := fmt.Appendf(nil, "message %d", i)
		sig, err := s.Sign(msg)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, signed{key[:], msg, sig})
	}
	b.Run("single", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if s := all[i%n]; !VerifyEd25519(s.pub, s.msg, s.sig) {
				b.Fatal("refused")
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "signatures/s")
	})
	b.Run("batch of 256", func(b *testing.B) {
		var batch Batch
		for b.Loop() {
			for _, s := range all {
				batch.Add(s.pub, s.msg, s.sig)
			}
			if slices.Contains(batch.Verify(), false) {
				b.Fatal("refused")
			}
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "signatures/s")
	})
}
