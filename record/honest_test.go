package record

import (
	"math/rand/v2"
	"slices"
	"testing"

	"detente/agreement"
)

// A life is a record in real time: entries are appended when they are made,
// three honest witnesses of four cosign with the true time, the fourth states
// any, and proofs are kept back for as long as whoever holds them likes.
type life struct {
	rng   *rand.Rand
	now   agreement.Instant
	o     *logged
	w     *world
	size  int64
	made  []agreement.Instant // real time of each entry
	held  []heldProof
	fails string
}

type heldProof struct {
	size   int64
	lo, hi agreement.Instant
}

const lifeWindow = 6

func (l *life) add() int64 {
	l.made = append(l.made, l.now)
	l.size++
	return l.size - 1
}

// cosign is what three or four witnesses make of the record as it stands.
func (l *life) cosign() {
	p := &Proof{}
	for range 1 + l.rng.IntN(2) { // two lists while the witnesses change, a liar in each
		times := []agreement.Instant{l.now, l.now, agreement.Instant(1 + l.rng.IntN(120))}
		if l.rng.IntN(2) == 0 {
			times = append(times, l.now)
		}
		slices.Sort(times)
		p.counts = append(p.counts, count{&quorum{need: 3, faulty: 1}, times})
	}
	p.date()
	l.held = append(l.held, heldProof{l.size, p.Lo, p.Hi})
}

func (l *life) append(k int) {
	p := l.held[k]
	fired := len(l.o.events)
	l.o.proof(l.add(), p.size, p.lo, p.hi)
	for _, e := range l.o.events[fired:] {
		if e.Entry >= 0 {
			continue
		}
		// Everybody had a window of real time, from the moment the record
		// first showed that the deadline had passed, to bring older proofs.
		first := l.o.firstReaching(e.Deadline.At)
		if l.now < l.made[first.index]+lifeWindow {
			l.fails = "a deadline was decided within a window of being shown passed"
		}
		if l.now < e.Deadline.At {
			l.fails = "a deadline was decided before it came"
		}
	}
	if l.o.clock > l.now {
		l.fails = "the clock is ahead of every honest one"
	}
	for i, made := range l.made {
		if l.o.ub.of(int64(i)) < made {
			l.fails = "an entry is dated before it was made"
		}
	}
}

func (l *life) live() {
	l.add() // the opening
	for range 40 {
		l.now += agreement.Instant(l.rng.IntN(5))
		switch l.rng.IntN(4) {
		case 0:
			l.o.statement(l.add())
		case 1, 2:
			l.cosign()
		case 3:
			if len(l.held) > 0 {
				l.append(l.rng.IntN(len(l.held)))
			}
		}
		if l.rng.IntN(2) == 0 && len(l.held) > 0 {
			l.append(len(l.held) - 1)
		}
		if l.fails != "" {
			return
		}
	}
}

// One liar of four cannot backdate, hurry the clock, or shorten the window.
func TestOneLiarOfFour(t *testing.T) {
	runs := 15_000
	if testing.Short() {
		runs = 2_000
	}
	decided := 0
	for seed := range runs {
		l := &life{rng: rand.New(rand.NewPCG(uint64(seed), 9)), now: 1}
		l.w = newWorld(agreement.Instant(l.rng.IntN(9)), agreement.Instant(10+l.rng.IntN(30)), agreement.Instant(10+l.rng.IntN(50)))
		l.o = newLogged(lifeWindow, l.w, func(i int64, at agreement.Instant) { l.w.apply(i, at, act{}) })
		if l.live(); l.fails != "" {
			t.Fatalf("seed %d: %s", seed, l.fails)
		}
		if l.o.settled != Beginning {
			decided++
		}
	}
	if decided < runs/10 {
		t.Fatalf("only %d of %d lives decided anything", decided, runs)
	}
}
