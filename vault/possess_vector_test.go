package vault

import (
	"encoding/hex"
	"flag"
	"testing"

	"detente/agreement"
	"detente/statement"

	"github.com/gtank/ristretto255"
)

var updatePossess = flag.Bool("update-possess", false, "make the vector of a proof of possession anew")

func randomScalarOf(t *testing.T, seed uint64) *scalar {
	t.Helper()
	s, err := randomScalar(seeded(seed))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkPossessVector reads a vector as somebody would who has nothing else.
func checkPossessVector(t *testing.T, id, vault, root, proof string, size int64, seat int, epochs, weights []string, commitments [][]string) {
	t.Helper()
	p := &possession{agreement.Digest(unhex(t, id)), agreement.Name(vault), seat, statement.Head{Size: size, Root: [32]byte(unhex(t, root))}, nil}
	for i, e := range epochs {
		c := &Core{}
		for _, text := range commitments[i] {
			point, err := ristretto255.NewIdentityElement().SetCanonicalBytes(unhex(t, text))
			if err != nil {
				t.Fatal(err)
			}
			c.points = append(c.points, point)
		}
		p.epochs = append(p.epochs, &Attempt{Core: c, Digest: Digest(unhex(t, e))})
	}
	for i, r := range p.coefficients() {
		if got := hex.EncodeToString(r.Bytes()); got != weights[i] {
			t.Errorf("weight %d is %s, the vector has %s", i, got, weights[i])
		}
	}
	if err := p.verify(unhex(t, proof)); err != nil {
		t.Error(err)
	}
	p.head.Size++
	if p.verify(unhex(t, proof)) == nil {
		t.Error("it verifies over another head: this shows nothing")
	}
}
