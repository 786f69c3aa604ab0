package storm

import (
	"container/heap"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"detente/agreement"
	"detente/internal/clock"
	"detente/mirror"
	"detente/record"
)

// A Role is one kind of those who take part.
type Role string

// The roles.
const (
	depositaryRole  Role = "depositary"
	witnessRole     Role = "witness"
	custodianRole   Role = "custodian"
	recorderRole    Role = "recorder"
	mirrorRole      Role = "mirror"
	beneficiaryRole Role = "beneficiary"
)

var roles = []Role{depositaryRole, witnessRole, custodianRole, recorderRole, mirrorRole, beneficiaryRole}

// A life is one life of a role's process.
type life interface {
	step(context.Context) error
	handler() http.Handler
	close() error
}

// An actor is somebody with a machine: a name, a disk, a clock and a line.
type actor struct {
	name  string
	role  Role
	disk  *disk
	mount *mount
	clock *roleClock
	line  *line
	life  life // nil while its process is down
	open  func(*actor) (life, error)

	route   func(*message) *actor // who answers in its place; nil: itself
	refuses func(*message) bool   // what it does not answer
	crook   Kind                  // what it does that it should not; empty if it is honest
	cut     time.Duration         // until when it is cut off
	gone    time.Duration         // from when it is gone for good; 0: never
	idle    time.Duration         // between two steps when nothing happens
	last    uint64                // message delivered last
	turn    uint64                // of its next step
	next    time.Duration         // when that is
	newest  *diskState            // what was there before an old copy was restored
	woken   bool
	err     error // why it did not start, or ended
	backed  bool  // it runs, or ran, from an old copy
}

// A World is one history while it happens.
type World struct {
	plan      Plan
	keys      keys
	rng       *rand.Rand
	ctx       context.Context
	log       *slog.Logger
	out       io.Writer // the trace in words, if somebody wants it
	agreement *agreement.Agreement
	bundle    *agreement.Bundle
	archive   []byte

	queue  events
	queued uint64
	sent   uint64
	step   int // events so far
	trace  hash.Hash
	stormy bool
	over   bool

	actors  []*actor
	byName  map[string]*actor
	answers map[string]*answer
	counts  Counts
	faults  int
	script  *script
	book    *book
	canary  Canary
	failure *Violation
}

// A Violation is an invariant that does not hold.
type Violation struct {
	Seed      uint64
	Step      int
	At        time.Duration
	Invariant int // by its number in docs/simulation.md
	Reason    string
}

func (v *Violation) Error() string {
	return fmt.Sprintf("seed %d, step %d, %s after the start: invariant %d: %s", v.Seed, v.Step, v.At, v.Invariant, v.Reason)
}

// A Result is what came of a seed.
type Result struct {
	Seed      uint64
	Steps     int
	Trace     [sha256.Size]byte
	Counts    Counts
	Entries   int64
	Outcome   string
	Opened    int
	Violation *Violation // nil if all held
}

// An event is something that happens at an instant.
type event struct {
	at   time.Duration
	seq  uint64
	what string
	do   func()
}

type events []event

func (q events) Len() int { return len(q) }
func (q events) Less(i, j int) bool {
	return q[i].at < q[j].at || q[i].at == q[j].at && q[i].seq < q[j].seq
}
func (q events) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *events) Push(x any)   { *q = append(*q, x.(event)) }
func (q *events) Pop() any {
	old := *q
	x := old[len(old)-1]
	*q = old[:len(old)-1]
	return x
}

// now is how long after the start it is.
func (w *World) now() time.Duration { return time.Since(begin) }

func (w *World) after(d time.Duration, what string, do func()) {
	w.queued++
	heap.Push(&w.queue, event{w.now() + d, w.queued, what, do})
}

func (w *World) at(t time.Duration, what string, do func()) { w.after(max(0, t-w.now()), what, do) }

func (w *World) chance(p float64) bool { return p > 0 && w.rng.Float64() < p }

func (w *World) between(lo, hi time.Duration) time.Duration {
	return lo + time.Duration(w.rng.Int64N(int64(hi-lo)))
}

func (w *World) count(k Kind) {
	w.counts[k]++
	w.faults++
	w.note("fault", string(k))
}

// note adds to the trace.
func (w *World) note(words ...string) {
	fmt.Fprintf(w.trace, "%d %d", w.step, w.now())
	for _, s := range words {
		fmt.Fprintf(w.trace, " %q", s)
	}
	if w.out != nil {
		fmt.Fprintf(w.out, "%d %s", w.step, w.now())
		for _, s := range words {
			if len(s) == sha256.Size && strings.ContainsFunc(s, func(r rune) bool { return r > 126 || r < 32 }) {
				s = fmt.Sprintf("%x", s[:6])
			}
			fmt.Fprintf(w.out, " %s", s)
		}
		fmt.Fprintln(w.out)
	}
}

// fail records the first violation; the history ends there.
func (w *World) fail(invariant int, reason string, args ...any) {
	if w.failure == nil {
		w.failure = &Violation{w.plan.Seed, w.step, w.now(), invariant, fmt.Sprintf(reason, args...)}
		w.note("violation", w.failure.Reason)
	}
}

// Options are what Run may be told besides the plan.
type Options struct {
	Trace  io.Writer // the trace in words; nil: nobody wants it
	Log    *slog.Logger
	Canary Canary // somebody broken on purpose
}

// Run lives a plan through. It needs the time of a bubble of testing/synctest
// at its start, and the randomness of testing/cryptotest.
func Run(ctx context.Context, p Plan, opt Options) (*Result, error) {
	w := &World{
		plan: p, keys: keys{p.Seed}, rng: rand.New(rand.NewPCG(p.Seed, 2)), ctx: mirror.InTurn(ctx), log: opt.Log, out: opt.Trace,
		trace: sha256.New(), byName: map[string]*actor{}, answers: map[string]*answer{}, counts: Counts{}, canary: opt.Canary,
	}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	var err error
	if w.bundle, w.agreement, err = p.Terms.bundle(w.keys); err != nil {
		return nil, err
	}
	if w.archive, err = record.EncodeBundle(w.bundle); err != nil {
		return nil, err
	}
	verdicts.forget()
	w.book = newBook(w)
	w.script = newScript(w)
	w.cast()
	w.weather()
	for len(w.queue) > 0 && w.failure == nil && !w.over {
		e := heap.Pop(&w.queue).(event)
		if d := e.at - w.now(); d > 0 {
			if err := (clock.Real{}).Sleep(ctx, d); err != nil {
				return nil, err
			}
		}
		w.step++
		w.note("event", e.what)
		e.do()
	}
	if w.failure == nil {
		w.book.last()
	}
	r := &Result{Seed: p.Seed, Steps: w.step, Counts: w.counts, Violation: w.failure, Entries: w.book.size(), Outcome: w.book.outcome(), Opened: len(w.book.clips)}
	w.trace.Sum(r.Trace[:0])
	return r, nil
}

// wake has an actor take a step within d; an earlier one stays.
func (w *World) wake(a *actor, d time.Duration) {
	if at := w.now() + d; a.woken && a.next <= at {
		return
	}
	a.turn++
	a.woken, a.next = true, w.now()+d
	turn := a.turn
	w.after(d, a.name, func() {
		if a.turn == turn {
			a.woken = false
			w.turn(a)
		}
	})
}

// turn is an actor's step, or its start.
func (w *World) turn(a *actor) {
	if a.gone > 0 && w.now() >= a.gone {
		if a.life != nil {
			a.life = nil
			a.disk.kill()
		}
		return
	}
	if a.life == nil {
		w.start(a)
		return
	}
	faults := w.faults
	err := a.life.step(w.ctx)
	switch {
	case a.life == nil: // it crashed under its own call
	case a.mount.fs.Dead():
		w.down(a, true)
	case err != nil:
		a.err = err
		w.note("ended", a.name, err.Error())
		w.log.Info("ended", "who", a.name, "why", err)
		w.down(a, false)
		w.putBack(a, faults)
	default:
		w.book.stepped(a)
		w.wake(a, w.between(a.idle/2, a.idle))
	}
}

// start begins a life of an actor's process.
func (w *World) start(a *actor) {
	faults := w.faults
	a.mount = a.disk.mount()
	l, err := a.open(a)
	switch {
	case a.mount.fs.Dead():
		w.down(a, true)
	case err != nil:
		a.err = err
		w.note("not started", a.name, err.Error())
		w.log.Info("not started", "who", a.name, "why", err)
		w.down(a, false)
		w.putBack(a, faults)
	default:
		a.life, a.err = l, nil
		w.book.started(a)
		w.wake(a, w.between(0, 2*time.Second))
	}
}

// down is the end of a life, by a power cut or of the process alone. It starts
// again after a while.
func (w *World) down(a *actor, power bool) {
	a.life = nil
	if power {
		a.disk.powerCut()
	} else {
		a.disk.kill()
	}
	a.turn++
	a.woken = false
	w.wake(a, w.between(time.Second, 90*time.Second))
}
