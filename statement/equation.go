package statement

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"

	"filippo.io/edwards25519"
)

// oneEquation asks one equation whether all these signatures are good:
//
//	8 (sum(z_i R_i) + sum over keys A (sum(z_i k_i) A) - sum(z_i s_i) B) = 0
//
// where k_i is the hash of R_i, the key and the text, and z_i are coefficients of
// 128 bits that nobody can choose. It is that of ed25519consensus, but each key
// stands in it once, however many signatures it made: a record has few keys,
// and half of the work of a batch is theirs. The coefficients come from a hash of
// everything that is verified, so the verdict follows from the bytes alone;
// who looks for bad signatures that it takes finds them as he would find
// 128 bits of a hash. The keys of all must be points.
func oneEquation(all []batched, numbers []int) bool {
	n := len(numbers)
	keys := make(map[*edwards25519.Point]int, 4) // each key's place among the points
	terms := newTerms(n)
	digests := make([][sha512.Size]byte, n)
	transcript := sha512.New()
	hash := sha512.New()
	for j, i := range numbers {
		e := &all[i]
		hash.Reset()
		hash.Write(e.sig[:32])
		hash.Write(e.pub)
		hash.Write(e.msg)
		hash.Sum(digests[j][:0])
		transcript.Write(e.sig)
		transcript.Write(digests[j][:])
	}
	z := newCoefficients(transcript.Sum(nil))

	base := terms.add(edwards25519.NewGeneratorPoint())
	var s, k, zk edwards25519.Scalar
	for j, i := range numbers {
		e := &all[i]
		r := terms.next()
		if _, err := terms.points[r].SetBytes(e.sig[:32]); err != nil {
			return false
		}
		if _, err := s.SetCanonicalBytes(e.sig[32:]); err != nil {
			return false
		}
		k.SetUniformBytes(digests[j][:]) // 64 bytes: no error
		coefficient := terms.scalars[r]
		z.next(coefficient)
		key, seen := keys[e.key]
		if !seen {
			key = terms.add(e.key)
			keys[e.key] = key
		}
		terms.scalars[base].MultiplyAdd(coefficient, &s, terms.scalars[base])
		terms.scalars[key].Add(terms.scalars[key], zk.Multiply(coefficient, &k))
	}
	terms.scalars[base].Negate(terms.scalars[base])
	sum := new(edwards25519.Point).VarTimeMultiScalarMult(terms.scalars, terms.points)
	return sum.MultByCofactor(sum).Equal(edwards25519.NewIdentityPoint()) == 1
}

// terms are the scalars and points of a sum, in memory made at once.
type terms struct {
	scalars   []*edwards25519.Scalar
	points    []*edwards25519.Point
	scalarMem []edwards25519.Scalar
	pointMem  []edwards25519.Point
}

func newTerms(signatures int) *terms {
	most := 2*signatures + 1
	return &terms{
		scalars:   make([]*edwards25519.Scalar, 0, most),
		points:    make([]*edwards25519.Point, 0, most),
		scalarMem: make([]edwards25519.Scalar, most),
		pointMem:  make([]edwards25519.Point, signatures+1),
	}
}

// next gives the place of a new term: the scalar 0, and a point to be set.
func (t *terms) next() int {
	at := t.add(&t.pointMem[0])
	t.pointMem = t.pointMem[1:]
	return at
}

// add gives the place of a new term with a point that stays as it is.
func (t *terms) add(p *edwards25519.Point) int {
	t.scalars = append(t.scalars, &t.scalarMem[len(t.scalars)])
	t.points = append(t.points, p)
	return len(t.points) - 1
}

// coefficients are numbers of 128 bits, two from each hash of a seed and a count.
type coefficients struct {
	input [sha512.Size + 8]byte
	count uint64
	block [sha256.Size]byte
	half  int
}

func newCoefficients(seed []byte) *coefficients {
	c := &coefficients{}
	copy(c.input[:], seed)
	return c
}

func (c *coefficients) next(z *edwards25519.Scalar) {
	if c.half == 0 {
		binary.BigEndian.PutUint64(c.input[sha512.Size:], c.count)
		c.count++
		c.block = sha256.Sum256(c.input[:])
	}
	var raw [32]byte
	copy(raw[:16], c.block[16*c.half:])
	z.SetCanonicalBytes(raw[:]) // below 2^128: no error
	c.half = 1 - c.half
}
