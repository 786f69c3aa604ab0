package record

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"detente/agreement"
	"detente/machine"
)

// world is a machine small enough to enumerate: timers, and a log of all that
// happened. Everything about it is in its log, which tests compare.
type world struct {
	now    agreement.Instant
	fired  bool
	timers []timer // by instant, then by number
	log    []string
	again  agreement.Instant // a timer that fires arms another this much later, if not zero
	seq    int
}

type timer struct {
	at agreement.Instant
	n  int
}

// act is what a statement does to a world.
type act struct {
	arm    agreement.Instant // arms a timer this long after its effect (may be negative), if armed
	arms   bool
	disarm bool               // disarms the earliest timer
	idle   bool               // is nothing to the world: words, or evidence
	window agreement.Duration // an amendment: the proof window from here on, if not zero
}

func newWorld(again agreement.Instant, timers ...agreement.Instant) *world {
	w := &world{now: Beginning, again: again}
	for _, at := range timers {
		w.add(at)
	}
	return w
}

func (w *world) add(at agreement.Instant) {
	w.timers = append(w.timers, timer{at, w.seq})
	w.seq++
	slices.SortFunc(w.timers, func(a, b timer) int {
		if a.at != b.at {
			return int(a.at - b.at)
		}
		return a.n - b.n
	})
}

func (w *world) Now() agreement.Instant { return w.now }
func (w *world) Fired() bool            { return w.fired }
func (w *world) Next() (machine.Deadline, bool) {
	if len(w.timers) == 0 {
		return machine.Deadline{}, false
	}
	return machine.Deadline{At: w.timers[0].at, What: fmt.Sprint(w.timers[0].n)}, true
}
func (w *world) Deadlines() []machine.Deadline {
	var all []machine.Deadline
	for _, t := range w.timers {
		all = append(all, machine.Deadline{At: t.at, What: fmt.Sprint(t.n)})
	}
	return all
}

func (w *world) Fire() machine.Deadline {
	d, _ := w.Next()
	w.fire()
	return d
}

func (w *world) fire() {
	t := w.timers[0]
	w.timers = w.timers[1:]
	w.now, w.fired = max(w.now, t.at), true
	w.log = append(w.log, fmt.Sprintf("timer %d of %d fires at %d", t.n, t.at, w.now))
	if w.again != 0 && w.seq < 8 {
		w.arm(w.now + w.again)
	}
}

// arm arms a timer; one at or before now fires at once.
func (w *world) arm(at agreement.Instant) {
	n := w.seq
	w.add(at)
	if at > w.now {
		return
	}
	k := slices.Index(w.timers, timer{at, n})
	w.timers = slices.Delete(w.timers, k, k+1)
	w.fired = true
	w.log = append(w.log, fmt.Sprintf("timer %d of %d fires at once at %d", n, at, w.now))
}

func (w *world) apply(i int64, at agreement.Instant, a act) {
	if a.idle {
		w.log = append(w.log, fmt.Sprintf("entry %d at %d, idle", i, at))
		return
	}
	if at < w.now {
		panic(fmt.Sprintf("entry %d at %d, but it is %d", i, at, w.now))
	}
	if at > w.now {
		w.fired = false
	}
	w.now = at
	w.log = append(w.log, fmt.Sprintf("entry %d at %d", i, at))
	if a.disarm && len(w.timers) > 0 {
		w.timers = w.timers[1:]
	}
	if a.arms {
		w.arm(at + a.arm)
	}
}

// tiny is a tiny record: entries are acts or proofs.
type tiny struct {
	window  agreement.Duration
	again   agreement.Instant
	timers  []agreement.Instant
	entries []tinyEntry
}

type tinyEntry struct {
	act    *act // a statement; otherwise a proof
	size   int64
	lo, hi agreement.Instant
}

func (r tiny) String() string {
	s := fmt.Sprintf("window %d, again %d, timers %v", r.window, r.again, r.timers)
	for i, e := range r.entries {
		if e.act != nil {
			s += fmt.Sprintf("\n%3d act %+v", i, *e.act)
		} else {
			s += fmt.Sprintf("\n%3d proof of %d: %d..%d", i, e.size, e.lo, e.hi)
		}
	}
	return s
}

// trace is everything that must agree after a prefix.
type trace struct {
	clock, settled agreement.Instant
	ub             []agreement.Instant
	log            []string
	now            agreement.Instant
}

func (t trace) equal(o trace) bool {
	return t.clock == o.clock && t.settled == o.settled && t.now == o.now && slices.Equal(t.ub, o.ub) && slices.Equal(t.log, o.log)
}

// product runs the rule as the package has it and calls after with each prefix.
func product(r tiny, after func(n int, o *logged, w *world)) {
	w := newWorld(r.again, r.timers...)
	var o *logged
	o = newLogged(r.window, w, func(i int64, at agreement.Instant) {
		w.apply(i, at, *r.entries[i].act)
		if amended := r.entries[i].act.window; amended != 0 {
			o.window = amended
		}
	})
	for i, e := range r.entries {
		if e.act != nil {
			o.statement(int64(i))
		} else {
			o.proof(int64(i), e.size, e.lo, e.hi)
		}
		after(i+1, o, w)
	}
}

func traceOf(n int, o *logged, w *world) trace {
	t := trace{clock: o.clock, settled: o.settled, log: w.log, now: o.now}
	for i := range n {
		t.ub = append(t.ub, o.ub.of(int64(i)))
	}
	return t
}

// naive is the second calculator, written from the text and nothing else: for
// every proof it works everything out again from all the proofs so far.
func naive(r tiny) trace {
	w := newWorld(r.again, r.timers...)
	clock, settled, now := Beginning, Beginning, Beginning
	var ub []agreement.Instant
	window := r.window
	done := make([]bool, len(r.entries))
	after := make([]agreement.Instant, len(r.entries)) // C(a)
	for n, e := range r.entries {
		ub = append(ub, Never)
		if e.act != nil {
			continue
		}
		clock = max(clock, e.hi)
		after[n] = clock
		for i := range n {
			if int64(i) < e.size {
				ub[i] = min(ub[i], e.lo)
			}
		}
		for a := range n + 1 {
			if r.entries[a].act == nil && ub[a] != Never && ub[a]+agreement.Instant(window) <= clock {
				settled = max(settled, after[a])
			}
		}
		for {
			first := -1
			for i := range n + 1 {
				if r.entries[i].act != nil && !done[i] {
					first = i
					break
				}
			}
			var d agreement.Instant = Never
			if len(w.timers) > 0 {
				d = w.timers[0].at
			}
			if first >= 0 && ub[first] != Never && !(d < ub[first]) {
				at := max(ub[first], now)
				if w.fired && w.now == now {
					at = max(at, now+1)
				}
				now, done[first] = at, true
				w.apply(int64(first), at, *r.entries[first].act)
				if amended := r.entries[first].act.window; amended != 0 {
					window = amended
				}
				continue
			}
			if d != Never && d <= settled {
				w.fire()
				now = max(now, w.now)
				continue
			}
			break
		}
	}
	return trace{clock, settled, ub, w.log, now}
}

// hold runs a record through both and checks what must always hold.
func hold(r tiny) error {
	past := trace{clock: Beginning, settled: Beginning, now: Beginning}
	var failure error
	events := 0
	product(r, func(n int, o *logged, w *world) {
		if failure != nil {
			return
		}
		t := traceOf(n, o, w)
		prefix := r
		prefix.entries = r.entries[:n]
		if want := naive(prefix); !t.equal(want) {
			failure = fmt.Errorf("after %d entries:\n got %+v\nwant %+v", n, t, want)
		}
		switch {
		case t.clock < past.clock || t.settled < past.settled || t.now < past.now:
			failure = fmt.Errorf("after %d entries time went back: %+v, then %+v", n, past, t)
		case !slices.Equal(t.log[:len(past.log)], past.log):
			failure = fmt.Errorf("after %d entries the past changed: %q, then %q", n, past.log, t.log)
		case !slices.IsSorted(t.ub):
			failure = fmt.Errorf("after %d entries a later entry existed earlier: %v", n, t.ub)
		}
		for _, e := range o.events[events:] {
			if err := justly(r, o, e, n); err != nil && failure == nil {
				failure = err
			}
		}
		events = len(o.events)
		past = t
		past.log = slices.Clone(t.log)
	})
	return failure
}

// justly checks an event against the promise: nothing proved to exist by a
// deadline's instant is judged after it, and nothing else before.
func justly(r tiny, o *logged, e Event, n int) error {
	if e.Entry >= 0 {
		if bound := o.ub.of(e.Entry); e.At < bound {
			return fmt.Errorf("entry %d took effect at %d, before the %d it is known to have existed by", e.Entry, e.At, bound)
		}
		return nil
	}
	if e.Deadline.At > o.settled {
		return fmt.Errorf("deadline %d fired in settled time %d", e.Deadline.At, o.settled)
	}
	// Every statement before entry n proved by the deadline's instant is in
	// effect by now: it was applied before the deadline, or an earlier one waits.
	for i := range n {
		if r.entries[i].act != nil && o.ub.of(int64(i)) <= e.Deadline.At && !o.inEffect(int64(i)) {
			return fmt.Errorf("deadline %d fired before entry %d, proved by %d", e.Deadline.At, i, o.ub.of(int64(i)))
		}
	}
	return nil
}

func TestRandomRecordsAgreeWithTheText(t *testing.T) {
	runs := 150_000
	if testing.Short() {
		runs = 20_000
	}
	began := time.Now()
	for seed := range runs {
		rng := rand.New(rand.NewPCG(uint64(seed), 5))
		if err := hold(randomRecord(rng)); err != nil {
			t.Fatalf("seed %d\n%v\n%v", seed, randomRecord(rand.New(rand.NewPCG(uint64(seed), 5))), err)
		}
	}
	t.Logf("%d records in %v", runs, time.Since(began))
}

// randomRecord is adversarial: any bounds in any order, stamps withheld, a
// clock that jumps.
func randomRecord(rng *rand.Rand) tiny {
	r := tiny{window: agreement.Duration(rng.IntN(4)), again: agreement.Instant(rng.IntN(4))}
	for range rng.IntN(4) {
		r.timers = append(r.timers, agreement.Instant(1+rng.IntN(12)))
	}
	for i := range 1 + rng.IntN(12) {
		if i == 0 || rng.IntN(2) == 0 {
			amended := agreement.Duration(0)
			if rng.IntN(5) == 0 {
				amended = agreement.Duration(1 + rng.IntN(6))
			}
			r.entries = append(r.entries, tinyEntry{act: &act{
				window: amended,
				arms:   rng.IntN(3) == 0, arm: agreement.Instant(rng.IntN(8) - 2), disarm: rng.IntN(4) == 0, idle: rng.IntN(4) == 0,
			}})
			continue
		}
		lo := agreement.Instant(1 + rng.IntN(14))
		r.entries = append(r.entries, tinyEntry{size: 1 + rng.Int64N(int64(i)), lo: lo, hi: lo + agreement.Instant(rng.IntN(5))})
	}
	return r
}

// The staircase of bounds against a plain list.
func TestBounds(t *testing.T) {
	for seed := range 3000 {
		rng := rand.New(rand.NewPCG(uint64(seed), 1))
		var b bounds
		plain := slices.Repeat([]agreement.Instant{Never}, 10)
		for range 8 {
			size, lo := 1+rng.Int64N(9), agreement.Instant(rng.IntN(9))
			improves := false
			for i := range size {
				improves = improves || lo < plain[i]
				plain[i] = min(plain[i], lo)
			}
			if b.lower(size, lo) != improves {
				t.Fatalf("seed %d: lowering %d to %d: want improved %v", seed, size, lo, improves)
			}
			covered := int64(0)
			for i, want := range plain {
				if got := b.of(int64(i)); got != want {
					t.Fatalf("seed %d: UB(%d) is %d, want %d", seed, i, got, want)
				}
				if want != Never {
					covered++
				}
			}
			if b.covered() != covered {
				t.Fatalf("seed %d: %d covered, want %d", seed, b.covered(), covered)
			}
			for k := 1; k < len(b.steps); k++ {
				if b.steps[k-1].size >= b.steps[k].size || b.steps[k-1].lo >= b.steps[k].lo {
					t.Fatalf("seed %d: steps %v do not rise", seed, b.steps)
				}
			}
		}
	}
}

// Every record of up to five entries over a small alphabet, one deadline.
func TestExhaustiveTinyRecords(t *testing.T) {
	acts := []*act{{}, {arms: true, arm: 1}, {disarm: true}, {idle: true}}
	length := 5
	if testing.Short() {
		length = 4
	}
	count := 0
	var grow func(r tiny)
	grow = func(r tiny) {
		if len(r.entries) > 1 {
			if err := hold(r); err != nil {
				t.Fatalf("%v\n%v", r, err)
			}
			count++
		}
		if len(r.entries) == length {
			return
		}
		next := func(e tinyEntry) {
			more := r
			more.entries = append(slices.Clone(r.entries), e)
			grow(more)
		}
		for _, a := range acts {
			next(tinyEntry{act: a})
		}
		if len(r.entries) == 0 {
			return
		}
		for _, at := range [][2]agreement.Instant{{1, 1}, {2, 2}, {3, 3}, {1, 3}} {
			next(tinyEntry{size: int64(len(r.entries)), lo: at[0], hi: at[1]})
			if len(r.entries) > 1 {
				next(tinyEntry{size: 1, lo: at[0], hi: at[1]})
			}
		}
	}
	grow(tiny{window: 1, timers: []agreement.Instant{2}})
	t.Logf("%d records", count)
}

// logged is a clock rule that remembers what happened.
type logged struct {
	*order
	events []Event
}

func newLogged(window agreement.Duration, c course, apply func(int64, agreement.Instant)) *logged {
	l := &logged{order: newOrder(window, c, apply)}
	l.happened = func(e Event) { l.events = append(l.events, e) }
	return l
}
