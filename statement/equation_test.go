package statement

import (
	"fmt"
	"testing"

	"filippo.io/edwards25519"
	"github.com/hdevalence/ed25519consensus"
)

// TestManyKeysManySignatures puts signatures by some keys, in every order of
// them, into one equation, and then each of their bits that was changed alone.
func TestManyKeysManySignatures(t *testing.T) {
	var all []batched
	var numbers []int
	for i := range 24 {
		s := testSigner(t, "k", fmt.Sprint("many ", i%5))
		msg := fmt.Appendf(nil, "text %d", i)
		sig, err := s.Sign(msg)
		if err != nil {
			t.Fatal(err)
		}
		key := s.Public()
		all = append(all, batched{key[:], msg, sig, pointOf(key[:])})
		numbers = append(numbers, i)
	}
	if !oneEquation(all, numbers) {
		t.Fatal("good signatures are refused together")
	}
	for i := range all {
		for bit := i % 3; bit < 512; bit += 37 {
			all[i].sig[bit/8] ^= 1 << (bit % 8)
			if oneEquation(all, numbers) {
				t.Errorf("signature %d with bit %d changed is taken", i, bit)
			}
			all[i].sig[bit/8] ^= 1 << (bit % 8)
		}
		all[i].msg[0] ^= 1
		if oneEquation(all, numbers) {
			t.Errorf("text %d changed is taken", i)
		}
		all[i].msg[0] ^= 1
	}
	// Two signatures whose faults cancel out without coefficients: S of the one
	// is the other's.
	for i := range all[:4] {
		a, b := &all[i], &all[i+5] // of one key
		sa, sb := append([]byte{}, a.sig...), append([]byte{}, b.sig...)
		copy(a.sig[32:], sb[32:])
		copy(b.sig[32:], sa[32:])
		if oneEquation(all, numbers) {
			t.Errorf("signatures %d and %d with each other's S are taken", i, i+5)
		}
		copy(a.sig, sa)
		copy(b.sig, sb)
	}
}

// TestCoefficients draws some: none is zero, none comes twice, and another
// seed gives others.
func TestCoefficients(t *testing.T) {
	seen := map[string]bool{}
	for _, seed := range []string{"a", "b"} {
		c := newCoefficients([]byte(seed))
		for range 1000 {
			var z edwards25519.Scalar
			c.next(&z)
			seen[string(z.Bytes())] = true
		}
	}
	if len(seen) != 2000 || seen[string(make([]byte, 32))] {
		t.Errorf("%d of 2000 coefficients differ", len(seen))
	}
}

// BenchmarkBatch compares the equation with that of the library, on 256
// signatures of 1 KiB by 4 keys, and by as many keys as signatures.
func BenchmarkBatch(b *testing.B) {
	for _, keys := range []int{4, 256} {
		var all []batched
		for i := range 256 {
			s := testSigner(b, "k", fmt.Sprint("bench ", i%keys))
			msg := make([]byte, 1024)
			msg[0] = byte(i)
			sig, err := s.Sign(msg)
			if err != nil {
				b.Fatal(err)
			}
			key := s.Public()
			all = append(all, batched{pub: key[:], msg: msg, sig: sig})
		}
		b.Run(fmt.Sprintf("ours/keys=%d", keys), func(b *testing.B) {
			for b.Loop() {
				var batch Batch
				for _, e := range all {
					batch.Add(e.pub, e.msg, e.sig)
				}
				batch.Verify()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(256*b.N), "us/signature")
		})
		b.Run(fmt.Sprintf("ed25519consensus/keys=%d", keys), func(b *testing.B) {
			for b.Loop() {
				batch := ed25519consensus.NewPreallocatedBatchVerifier(len(all))
				for _, e := range all {
					batch.Add(e.pub, e.msg, e.sig)
				}
				batch.Verify()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(256*b.N), "us/signature")
		})
	}
}
