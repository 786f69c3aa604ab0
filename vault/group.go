package vault

import (
	"encoding/binary"
	"fmt"
	"io"

	"detente/statement"

	"github.com/gtank/ristretto255"
)

type (
	scalar = ristretto255.Scalar
	point  = ristretto255.Element
)

// generatorH is the second generator of Pedersen's commitments, by hash to
// group: nobody knows its logarithm to the first.
var generatorH = hashToGroup(newTranscript(statement.PurposeVaultBase))

var identity = ristretto255.NewIdentityElement()

func hashToGroup(t transcript) *point {
	h := t.uniform()
	p, err := ristretto255.NewIdentityElement().SetUniformBytes(h[:])
	if err != nil {
		panic("vault: 64 bytes are always a point: " + err.Error())
	}
	return p
}

func randomScalar(random io.Reader) (*scalar, error) {
	var b [64]byte
	defer clear(b[:])
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return nil, fmt.Errorf("drawing a scalar: %w", err)
	}
	return ristretto255.NewScalar().SetUniformBytes(b[:])
}

func seatScalar(seat int) *scalar {
	var b [32]byte
	binary.LittleEndian.PutUint16(b[:], uint16(seat))
	s, err := ristretto255.NewScalar().SetCanonicalBytes(b[:])
	if err != nil {
		panic("vault: a seat's number is always a scalar: " + err.Error())
	}
	return s
}

// evaluate gives the polynomial's value at a seat; the constant term is first.
func evaluate(coefficients []*scalar, seat int) *scalar {
	x, acc := seatScalar(seat), ristretto255.NewScalar()
	for i := len(coefficients) - 1; i >= 0; i-- {
		acc.Multiply(acc, x)
		acc.Add(acc, coefficients[i])
	}
	return acc
}

// evaluateCommitments gives the commitment to a seat's share. All of it is public.
func evaluateCommitments(commitments []*point, seat int) *point {
	x := seatScalar(seat)
	powers := make([]*scalar, len(commitments))
	power := seatScalar(1)
	for i := range powers {
		powers[i] = ristretto255.NewScalar().Set(power)
		power.Multiply(power, x)
	}
	return ristretto255.NewIdentityElement().VarTimeMultiScalarMult(powers, commitments)
}

// commit gives s*G + t*H in constant time.
func commit(s, t *scalar) *point {
	g := ristretto255.NewIdentityElement().ScalarBaseMult(s)
	h := ristretto255.NewIdentityElement().ScalarMult(t, generatorH)
	return g.Add(g, h)
}

// interpolate gives the value at zero of the polynomial through the points
// (seats[i], values[i]). Seats are distinct and not zero: the caller has
// checked, because both ristretto libraries invert zero to zero in silence.
func interpolate(seats []int, values []*scalar) *scalar {
	sum := ristretto255.NewScalar()
	for i, seat := range seats {
		num, den := seatScalar(1), seatScalar(1)
		x := seatScalar(seat)
		for j, other := range seats {
			if i == j {
				continue
			}
			y := seatScalar(other)
			num.Multiply(num, y)
			den.Multiply(den, ristretto255.NewScalar().Subtract(y, x))
		}
		term := ristretto255.NewScalar().Invert(den)
		term.Multiply(term, num)
		term.Multiply(term, values[i])
		sum.Add(sum, term)
	}
	return sum
}

// wipe overwrites secrets. It reaches these copies only, not those a runtime
// may have made: that is why a dealing happens in a process that exits.
func wipe(secrets ...*scalar) {
	zero := ristretto255.NewScalar()
	for _, s := range secrets {
		s.Set(zero)
	}
}
