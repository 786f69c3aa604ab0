package depositary

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"

	"detente/internal/ahead"
	"detente/mirror"
	"detente/record"
	"detente/statement"
)

// A submission is an entry that waits to be taken in, and what became of it.
type submission struct {
	entry   []byte
	expect  int64
	look    *record.Look
	receipt *mirror.Receipt
	err     error
	done    chan struct{}
}

// An intake is the submissions that wait. Whoever submits waits for its own to
// be done or for its turn to take in all that wait: their signatures are
// verified together and outside the lock, and they become durable by one write,
// so that a record takes in as many as come, at the price of a few.
type intake struct {
	mu      sync.Mutex
	waiting []*submission
	turn    chan struct{} // holds one while a group is being looked at
}

// What one group takes in at most: its verification bounds the wait of the
// first in it, its bytes what one write of the store carries.
const (
	maxGroup      = 512
	maxGroupBytes = 2 << 20
)

func (in *intake) add(s *submission) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.waiting = append(in.waiting, s)
}

// group takes the submissions that have waited longest.
func (in *intake) group() []*submission {
	in.mu.Lock()
	defer in.mu.Unlock()
	n, bytes := 0, 0
	for n < len(in.waiting) && n < maxGroup && bytes < maxGroupBytes {
		bytes += len(in.waiting[n].entry)
		n++
	}
	g := in.waiting[:n:n]
	in.waiting = in.waiting[n:]
	return g
}

// submit is Submit for a record that is here.
func (d *Depositary) submit(h *hosted, entry []byte, expect int64) (*mirror.Receipt, error) {
	s := &submission{entry: bytes.Clone(entry), expect: expect, done: make(chan struct{})}
	h.intake.add(s)
	for {
		select {
		case <-s.done:
			return s.receipt, s.err
		case h.intake.turn <- struct{}{}:
			d.takeGroup(h)
		}
	}
}

// takeGroup takes in a group. The turn ends when its signatures are verified: the
// next group's are while this one is written.
func (d *Depositary) takeGroup(h *hosted) {
	g := h.intake.group()
	if len(g) == 0 {
		<-h.intake.turn
		return
	}
	h.mu.RLock()
	ring := h.fold.Ring()
	h.mu.RUnlock()
	entries := make([][]byte, len(g))
	for i, s := range g {
		entries[i] = s.entry
	}
	for i, l := range ahead.Look(ring, entries) {
		g[i].look = l
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	<-h.intake.turn
	h.takeIn(d, g)
	for _, s := range g {
		close(s.done)
	}
}

// takeIn judges a group and appends what is in order, with h locked. Entries
// that change nothing by which others are judged go together; any other has its
// own place.
func (h *hosted) takeIn(d *Depositary, g []*submission) {
	var run []*submission
	ids := map[statement.ID]bool{}
	flush := func() {
		h.appendRun(d, run)
		run, ids = nil, map[statement.ID]bool{}
	}
	for _, s := range g {
		said := s.look.Statement()
		alone := s.expect >= 0 || said == nil || !plain(said.Body)
		if alone || ids[said.ID] {
			flush()
		}
		if !h.admit(d, s) {
			continue
		}
		run = append(run, s)
		if alone {
			flush()
		} else {
			ids[said.ID] = true
		}
	}
	flush()
}

// plain is whether a statement of this kind changes nothing at its place by
// which the next is judged. What is not listed counts as one that does.
func plain(b statement.Body) bool {
	switch b.(type) {
	case statement.DeclareBody, statement.ReportBody, statement.PerformBody, statement.LiftBody, statement.VerifyBody, statement.SealBody:
		return true
	}
	return false
}

// admit is whether a submission may be appended now; if not, it is answered.
func (h *hosted) admit(d *Depositary, s *submission) bool {
	v := h.judgeLook(s.look)
	switch {
	case v.known != nil:
		s.receipt, s.err = h.receipt(v.known) // it is there: asking again is no fault
	case v.fault != nil:
		s.err = refuseFault(v.fault)
	case h.halted.Load() != nil:
		s.err = &Refusal{http.StatusServiceUnavailable, codeStopped, "the depositary has stopped this record: its store shows less than witnesses cosigned, or could not be written", "hand the statement to a mirror or custodian"}
	case !h.confirmed.Load():
		d.nudge(h)
		s.err = &Refusal{http.StatusServiceUnavailable, codeUnconfirmed, "since its start the depositary has not heard from a quorum of witnesses that this is the whole record", "send it again in a moment"}
	case s.expect >= 0 && s.expect != h.fold.Size():
		s.err = &Refusal{http.StatusConflict, codeMoved, fmt.Sprintf("the record has %d entries, not %d", h.fold.Size(), s.expect), "read on and decide again"}
	case v.s == nil:
		if must, why, err := h.owed(s.entry); err != nil || !must {
			s.err = &Refusal{http.StatusUnprocessableEntity, codeUseless, "a valid proof of time, but " + why, "nothing: the record needs no other"}
		}
	}
	return s.receipt == nil && s.err == nil
}

// appendRun makes admitted submissions durable, in their order, and answers them.
func (h *hosted) appendRun(d *Depositary, run []*submission) {
	if len(run) == 0 {
		return
	}
	looks := make([]*record.Look, len(run))
	for i, s := range run {
		looks[i] = s.look
	}
	first := h.fold.Size()
	if err := h.appendLooks(looks...); err != nil {
		err = d.stop(h, err)
		for _, s := range run {
			s.err = err
		}
		return
	}
	for i, s := range run {
		at := first + int64(i)
		j := h.fold.Entry(at)
		d.redact(h.reading, j)
		if j.Fault != nil { // admit said otherwise
			s.err = refuseFault(j.Fault)
		} else {
			s.receipt, s.err = h.receipt(j)
		}
	}
	d.poke(h)
}
