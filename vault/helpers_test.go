package vault

import (
	"crypto/ed25519"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"detente/agreement"
)

var update = flag.Bool("update", false, "write the vectors and the self-test's dealing again")

// seeded gives the same bytes for the same seed.
func seeded(seed uint64) io.Reader {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	return rand.NewChaCha8(key)
}

var testAgreement = agreement.Digest{0xa9, 0x2e}

// A roster is the custodians of a test and the keys they drew.
type roster struct {
	keys   []*PrivateKey
	params Params
}

func newRoster(t testing.TB, n, need, absent int) *roster {
	t.Helper()
	r := &roster{params: Params{Agreement: testAgreement, Vault: "cameras", Epoch: 1, Attempt: 1, Need: need, Absent: absent}}
	random := seeded(uint64(n))
	for i := range n {
		k, err := GenerateKey(random)
		if err != nil {
			t.Fatal(err)
		}
		r.keys = append(r.keys, k)
		r.params.Seats = append(r.params.Seats, SeatKey{Custodian: agreement.Name(fmt.Sprintf("custodian-%d", i+1)), Key: k.Public()})
	}
	return r
}

func (r *roster) deal(t testing.TB, seed uint64) *Dealing {
	t.Helper()
	d, err := Deal(seeded(seed), r.params)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// open gives the shares of seats first to last.
func (r *roster) open(t testing.TB, d *Dealing, first, last int) []*Share {
	t.Helper()
	var out []*Share
	for seat := first; seat <= last; seat++ {
		sh, err := d.OpenShare(seat, r.keys[seat-1])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, sh)
	}
	return out
}

// polynomials draws the coefficients of a dealing, for tests that alter them.
func polynomials(t testing.TB, need int, seed uint64) (as, bs []*scalar) {
	t.Helper()
	random := seeded(seed)
	for range need {
		a, err := randomScalar(random)
		if err != nil {
			t.Fatal(err)
		}
		b, err := randomScalar(random)
		if err != nil {
			t.Fatal(err)
		}
		as, bs = append(as, a), append(bs, b)
	}
	return as, bs
}

// redo gives the dealing the digest of its altered parts, as its dishonest
// author would.
func (d *Dealing) redo() *Dealing {
	d.Digest = d.EpochDigest(d.Ciphertexts)
	return d
}

func signingKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte("the seed of the test's own camera"[:32]))
}

func key(t testing.TB, seed uint64) *PrivateKey {
	t.Helper()
	k, err := GenerateKey(seeded(seed))
	if err != nil {
		t.Fatal(err)
	}
	return k
}
