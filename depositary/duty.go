package depositary

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"detente/agreement"
	"detente/mirror"
	"detente/record"
	"detente/statement"
)

// work is the state of one record's duties.
type work struct {
	mu      sync.Mutex
	running bool
	again   bool // it was poked while running

	nudged atomic.Int64 // when somebody last had to be told to wait, in seconds of real time

	// Of the running worker alone:
	last  time.Time     // when a proof was appended last, in real time
	pause time.Duration // before the next try; 0 if the last one worked

	introduced map[agreement.Name]time.Time // when a witness was given the record last, in real time
}

// claim takes the work on a record, unless somebody has it; then they look once
// more.
func (w *work) claim() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.running {
		w.again = true
		return false
	}
	w.running = true
	return true
}

// release gives the work up, unless somebody has asked for another look.
func (w *work) release(ending bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.again && !ending {
		w.again = false
		return false
	}
	w.running = false
	return true
}

// attendWhile works on a record that was claimed, as long as somebody asks for it.
func (d *Depositary) attendWhile(ctx context.Context, h *hosted) {
	for {
		d.attendTo(ctx, h)
		if h.work.release(ctx.Err() != nil) {
			return
		}
	}
}

// start works on a record, in a round of its own, unless somebody does.
func (d *Depositary) start(ctx context.Context, h *hosted) {
	if !h.work.claim() {
		return
	}
	select {
	case d.rounds <- struct{}{}:
	case <-ctx.Done():
		h.work.release(true)
		return
	}
	d.workers.Go(func() {
		defer func() { <-d.rounds }()
		d.attendWhile(ctx, h)
	})
}

// attendTo does what a record needs now and puts it on the agenda for what
// comes next.
func (d *Depositary) attendTo(ctx context.Context, h *hosted) {
	if err := d.want(ctx, h); err != nil {
		if ctx.Err() == nil && !damage(err) { // it could not be read now
			d.retry(ctx, h, retryMost)
		}
		return
	}
	defer d.done(h)
	for ctx.Err() == nil {
		t, next := h.task(d.now())
		if t.what == nothing {
			if next != record.Never {
				d.agenda.set(h, next)
			}
			return
		}
		if wait := d.cfg.Batch - time.Since(h.work.last); t.what == prove && t.batched && wait > 0 {
			d.later(ctx, h, wait)
			return
		}
		if err := d.do(ctx, h, t); err != nil {
			if ctx.Err() != nil || h.halted.Load() != nil {
				return
			}
			d.retry(ctx, h, d.patience(t))
			d.cfg.Log.Warn("a round of witnesses failed", "origin", h.origin, "duty", t.why, "again in", h.work.pause, "error", err)
			return
		}
		h.work.pause = 0
	}
}

// patience is the longest pause between two rounds that fail. Of many records
// that only want to be confirmed each waits the longer, so that witnesses who
// are away are not asked a thousand times a second; whoever submits to one has
// it asked at once.
func (d *Depositary) patience(t task) time.Duration {
	if t.what != publish {
		return retryMost
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return max(retryMost, time.Duration(len(d.records))*retryShare)
}

// retry pokes a record after a pause that grows, up to most.
func (d *Depositary) retry(ctx context.Context, h *hosted, most time.Duration) {
	h.work.pause = min(max(2*h.work.pause, retryFirst), most)
	d.later(ctx, h, h.work.pause)
}

// nudge has a record looked at that somebody waits for, now and then.
func (d *Depositary) nudge(h *hosted) {
	now := time.Now().Unix()
	if last := h.work.nudged.Load(); now > last && h.work.nudged.CompareAndSwap(last, now) {
		d.poke(h)
	}
}

// later pokes a record after some real time.
func (d *Depositary) later(ctx context.Context, h *hosted, wait time.Duration) {
	time.AfterFunc(wait, func() {
		if ctx.Err() == nil {
			d.poke(h)
		}
	})
}

// A task is what a record needs now.
type task struct {
	what    what
	why     string
	batched bool              // it can wait a moment for more to share it
	after   agreement.Instant // prove: the proof must show at least this clock
}

type what int

const (
	nothing what = iota
	prove        // append a proof of time of the present head
	publish      // have the head cosigned, so that it is final, without an entry
)

// task decides what a record needs, and when it needs something next. After a
// proof the new head is cosigned as well, so that the proof itself is final;
// that makes no new duty.
func (h *hosted) task(now agreement.Instant) (task, agreement.Instant) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.halted.Load() != nil || !h.panel.Load().hosts(h.own) {
		return task{}, record.Never
	}
	duty := h.fold.Duty(now)
	switch {
	case duty.Due:
		return task{prove, duty.Why, duty.After == record.Beginning && duty.Behind > 0, duty.After}, duty.Next
	case !h.confirmed.Load():
		return task{what: publish, why: "a quorum has not confirmed the head since the start"}, duty.Next
	case headOf(h.log.Cosigned()).Size < h.fold.Size():
		return task{what: publish, why: "the head is not cosigned"}, duty.Next
	}
	return task{}, duty.Next
}

// do has the head cosigned and, for a duty, appends the proof.
func (d *Depositary) do(ctx context.Context, h *hosted, t task) error {
	note := h.log.Checkpoint()
	g, err := h.round().Gather(ctx, note, h.log.HashReader())
	if g != nil {
		h.answers.note(h, g)
		d.introduce(ctx, h, g)
		if lost := d.lost(ctx, h, headOf(note).Size, g); lost != nil {
			return d.stop(h, lost)
		}
	}
	if err != nil {
		return err
	}
	if err := h.log.PutCosigned(context.Background(), g.Note); err != nil {
		return d.stop(h, err)
	}
	h.confirmed.Store(true)
	if t.what != prove {
		return nil
	}
	h.appending.Lock()
	defer h.appending.Unlock()
	return d.append(h, t, g.Note)
}

// append puts a proof of time on the record, with h.appending held. A proof that does
// not show the clock it should (the witnesses' clocks are behind this one's)
// is not appended: it would meet no duty, and the next one soon will.
func (d *Depositary) append(h *hosted, t task, note []byte) error {
	p, err := h.fold.CheckProof(note, h.fold.Size())
	if err != nil {
		return fmt.Errorf("the cosigned checkpoint is no proof of time: %w", err)
	}
	if p.Hi < t.after {
		return fmt.Errorf("the witnesses' clocks show %s, the duty is of %s", p.Hi, t.after)
	}
	entry := record.ProofEntry(note)
	if _, ok := h.fold.ProofOf(entry); ok {
		return errors.New("the same cosignatures are on the record already")
	}
	if err := h.append(entry); err != nil {
		return d.stop(h, err)
	}
	h.work.last = time.Now()
	return nil
}

// append makes an entry durable and folds it, with h.appending held. After an error
// nobody knows whether the entry is there, so the caller stops the record.
func (h *hosted) append(entry []byte) error {
	return h.appendLooks(h.fold.Ring().Look(entry)...)
}

// appendLooks is append of entries that were looked at ahead, all or none.
func (h *hosted) appendLooks(looks ...*record.Look) error {
	// The store refuses as well; this one says what to do about it.
	if cosigned := headOf(h.log.Cosigned()); cosigned.Size > h.fold.Size() {
		return &LostError{Origin: h.origin, Have: h.fold.Head(), Cosigned: cosigned}
	}
	// Not the request's context: who goes away cannot leave this undecided.
	entries := make([][]byte, len(looks))
	for i, l := range looks {
		entries[i] = l.Bytes()
	}
	if _, _, err := h.log.AppendAll(context.Background(), entries, h.fold.Size()); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range looks {
		h.fold.AppendLook(l)
	}
	h.turn()
	h.ring.Store(h.fold.Ring())
	return nil
}

// stop halts a record for good and ends Run with the reason.
func (d *Depositary) stop(h *hosted, err error) error {
	err = fmt.Errorf("record %s: stopped: %w", h.origin, err)
	h.halted.CompareAndSwap(nil, &stop{err})
	d.cfg.Log.Error("a record is stopped", "origin", h.origin, "error", err)
	select {
	case d.halt <- err:
	default:
	}
	return err
}

// lost looks whether witnesses show that the store has lost entries: a larger
// head, or another one of this size, signed by this depositary's own key; or,
// from witnesses that keep no signatures, the word of more of them than may lie.
func (d *Depositary) lost(ctx context.Context, h *hosted, asked int64, g *mirror.Gathered) error {
	head := h.log.Head() // entries may have come since the round began
	claims, most := 0, int64(0)
	for _, w := range h.panel.Load().witnesses {
		other, ok := errors.AsType[*mirror.SizeError](g.Failed[w.Name])
		if !ok || other.Size < asked && !other.Contradicts {
			continue
		}
		c, key, ok := h.signedBy(ctx, w)
		if ok && key != d.cfg.Signer.Public() && (c.Size > head.Size || !h.has(c)) {
			return &SucceededError{By: h.panel.Load().nameOf(key), Witness: w.Name, Held: c.Head(), Head: head}
		}
		if ok && (c.Size > head.Size || !h.has(c)) {
			return &LostError{Origin: h.origin, Dir: d.cfg.Dir, Have: head, Witness: w.Name, Cosigned: c.Head()}
		}
		if !ok && (other.Size > head.Size || other.Size == asked || other.Contradicts) {
			claims++
			most = max(most, other.Size)
		}
	}
	if claims > h.panel.Load().faulty() {
		return &LostError{Origin: h.origin, Dir: d.cfg.Dir, Have: head, Claims: claims, Cosigned: statement.Head{Size: most}}
	}
	return nil
}

// signedBy is the largest checkpoint that a witness cosigned, and by whose key,
// if it shows one that this depositary or another that may host the record signed.
func (h *hosted) signedBy(ctx context.Context, w *mirror.Witness) (statement.Checkpoint, statement.PublicKey, bool) {
	ctx, cancel := context.WithTimeout(ctx, h.within)
	defer cancel()
	note, err := w.Latest(ctx, h.origin)
	if err != nil {
		return statement.Checkpoint{}, statement.PublicKey{}, false
	}
	c, n, err := statement.OpenCheckpoint(note, h.origin, h.panel.Load().ever.Keys...)
	if err != nil {
		return statement.Checkpoint{}, statement.PublicKey{}, false
	}
	_, key, ok := statement.LogLine(n, h.origin, h.panel.Load().ever.Keys...)
	return c, key, ok
}

// has reports whether a checkpoint is of this record. What cannot be found out
// is no contradiction.
func (h *hosted) has(c statement.Checkpoint) bool {
	root, err := h.log.RootAt(c.Size)
	return err != nil || root == c.Root
}
