package record

import (
	"sort"

	"detente/agreement"
	"detente/machine"
)

// course is what the clock rule drives: the machine of the agreement, or a
// small fake that tests can enumerate.
type course interface {
	Now() agreement.Instant
	Fired() bool // whether a deadline has fired at Now
	Next() (machine.Deadline, bool)
	Fire() machine.Deadline
	Deadlines() []machine.Deadline
}

// order is the clock rule: it says when each statement takes effect and when
// each deadline fires. It knows nothing of signatures; its input is the places
// of statements and of valid proofs. spec/record.md, "Order".
type order struct {
	window agreement.Duration
	course course
	apply  func(i int64, at agreement.Instant) // the statement at index i takes effect at at

	ub      bounds
	proofs  []placed // the valid proofs, in entry order
	waiting []int64  // statements not yet in effect, in entry order
	clock   agreement.Instant
	settled agreement.Instant
	ripe    int // how many of proofs have run their window: always a prefix
	now     agreement.Instant

	happened func(Event) // told of every effect and deadline, in their order; nil: nobody
}

// placed is a valid proof at its place.
type placed struct {
	index int64
	size  int64
	clock agreement.Instant // C: just after this proof
}

// Event is one thing that happened to the agreement: a statement took effect,
// or a deadline fired.
type Event struct {
	At       agreement.Instant
	Entry    int64            // index of the statement; -1 for a deadline
	Deadline machine.Deadline // zero for a statement
	Proof    int64            // index of the proof that made it so
}

func newOrder(window agreement.Duration, c course, apply func(int64, agreement.Instant)) *order {
	return &order{window: window, course: c, apply: apply, clock: Beginning, settled: Beginning, now: Beginning}
}

// statement puts the statement at index i in the queue.
func (o *order) statement(i int64) { o.waiting = append(o.waiting, i) }

// proof folds the valid proof at index i, of the first size entries, and runs
// what it makes possible. It says what the proof did.
func (o *order) proof(i, size int64, lo, hi agreement.Instant) What {
	improved := o.ub.lower(size, lo)
	moved := hi > o.clock
	if moved {
		o.clock = hi
	}
	o.proofs = append(o.proofs, placed{index: i, size: size, clock: o.clock})
	o.settle()
	o.run(i)
	switch {
	case moved:
		return Tick
	case improved:
		return Stamp
	}
	return Nothing
}

// settle moves settled time: C(a) of the last proof a that has existed for a
// whole window of the record's own clock. UB never falls with the index, nor
// does C, so the ripe proofs are a prefix and the last of them has the
// greatest C; neither is ever undone, since UB only falls and the clock only
// rises.
func (o *order) settle() {
	for o.ripe < len(o.proofs) {
		p := o.proofs[o.ripe]
		// The subtraction cannot overflow: a clock that a proof has moved is at
		// least 1. UB(a) + window could.
		if o.ub.of(p.index) > o.clock-agreement.Instant(o.window) {
			return
		}
		o.settled = p.clock
		o.ripe++
	}
}

// run applies the order of spec/record.md until nothing more can happen.
func (o *order) run(proof int64) {
	for {
		bound := Never
		if len(o.waiting) > 0 {
			bound = o.ub.of(o.waiting[0])
		}
		next, armed := o.course.Next()
		switch {
		case bound != Never && (!armed || next.At >= bound):
			i := o.waiting[0]
			o.waiting = o.waiting[1:]
			at := max(bound, o.floor())
			o.now = at
			o.tell(Event{At: at, Entry: i, Proof: proof})
			o.apply(i, at)
		case armed && next.At <= o.settled:
			fired := o.course.Fire()
			o.now = max(o.now, o.course.Now())
			o.tell(Event{At: o.now, Entry: -1, Deadline: fired, Proof: proof})
		default:
			return
		}
	}
}

func (o *order) tell(e Event) {
	if o.happened != nil {
		o.happened(e)
	}
}

// floor is the earliest instant at which a statement may take effect: now, but
// a second later if a deadline has fired at now, for what a deadline decided
// at an instant no statement may come before at that same instant.
func (o *order) floor() agreement.Instant {
	if o.course.Fired() && o.course.Now() == o.now {
		return o.now + 1
	}
	return o.now
}

// inEffect is whether the statement at index i has taken effect: the queue is
// in entry order and only its head is ever taken.
func (o *order) inEffect(i int64) bool { return len(o.waiting) == 0 || i < o.waiting[0] }

// proofAt is the valid proof at index i.
func (o *order) proofAt(i int64) placed {
	return o.proofs[sort.Search(len(o.proofs), func(k int) bool { return o.proofs[k].index >= i })]
}

// firstReaching is the first proof after which the clock had reached t, which
// it has.
func (o *order) firstReaching(t agreement.Instant) placed {
	k := sort.Search(len(o.proofs), func(k int) bool { return o.proofs[k].clock >= t })
	return o.proofs[k]
}

// settledWith is what settled time would be after one more valid proof.
func (o *order) settledWith(p *Proof) agreement.Instant {
	clock, settled := max(o.clock, p.Hi), o.settled
	for _, a := range o.proofs[o.ripe:] {
		ub := o.ub.of(a.index)
		if a.index < p.Head.Size {
			ub = min(ub, p.Lo)
		}
		if ub > clock-agreement.Instant(o.window) {
			break
		}
		settled = a.clock
	}
	return settled
}
