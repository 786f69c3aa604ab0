package statement

import (
	"crypto/ed25519"

	"filippo.io/edwards25519"
	"github.com/hdevalence/ed25519consensus"
)

// A Batch verifies many Ed25519 signatures for less than one after the other: if
// few keys made them, for half the price of a batch of as many keys. Its verdict on each is that of VerifyEd25519: ZIP 215 is the
// rule on which batch and single verification agree, whatever the signature. The
// zero Batch is empty. A Batch belongs to one goroutine.
type Batch struct {
	all  []batched
	keys map[string]*edwards25519.Point // those seen; nil is none: finding a point costs a tenth of a signature

	singles, batched int // the work done: signatures verified alone, and in equations
}

type batched struct {
	pub, msg, sig []byte
	key           *edwards25519.Point // nil: the key is none, or the signature not as long as one
}

// smallBatch is the number of signatures below which a batch saves nothing.
const smallBatch = 3

// Add puts a signature into the batch and gives its number, from 0. The bytes
// must not change until Verify.
func (b *Batch) Add(pub, msg, sig []byte) int {
	key, seen := b.keys[string(pub)]
	if !seen {
		if b.keys == nil {
			b.keys = map[string]*edwards25519.Point{}
		}
		key = pointOf(pub)
		b.keys[string(pub)] = key
	}
	if len(sig) != ed25519.SignatureSize {
		key = nil
	}
	b.all = append(b.all, batched{pub, msg, sig, key})
	return len(b.all) - 1
}

// Len is the number of signatures in the batch.
func (b *Batch) Len() int { return len(b.all) }

// Verify gives the verdict on each signature, by number, and empties the
// batch. If all are good, as nearly always, one equation says so.
func (b *Batch) Verify() []bool {
	verdicts := make([]bool, len(b.all))
	var open []int
	for i, e := range b.all {
		if e.key != nil {
			open = append(open, i)
		}
	}
	b.settle(open, verdicts)
	b.all, b.keys = nil, nil
	return verdicts
}

// settle finds the verdicts on the signatures with these numbers. Where some are
// bad, halves are looked at until the bad half is small or both are bad: then
// one by one. So no batch costs more than twice what one by one would.
func (b *Batch) settle(numbers []int, verdicts []bool) {
	bad := !b.together(numbers, verdicts)
	for bad && len(numbers) >= smallBatch {
		left, right := numbers[:len(numbers)/2], numbers[len(numbers)/2:]
		badLeft, badRight := !b.together(left, verdicts), !b.together(right, verdicts)
		if badLeft && badRight {
			break
		}
		if bad = badLeft || badRight; badLeft {
			numbers = left
		} else {
			numbers = right
		}
	}
	if bad {
		b.singles += len(numbers)
		for _, i := range numbers {
			e := b.all[i]
			verdicts[i] = ed25519consensus.Verify(e.pub, e.msg, e.sig)
		}
	}
}

// together verifies signatures by one equation, if they are enough for that to
// pay: true and their verdicts if all are good.
func (b *Batch) together(numbers []int, verdicts []bool) bool {
	if len(numbers) < smallBatch {
		return len(numbers) == 0
	}
	b.batched += len(numbers)
	if !oneEquation(b.all, numbers) {
		return false
	}
	for _, i := range numbers {
		verdicts[i] = true
	}
	return true
}
