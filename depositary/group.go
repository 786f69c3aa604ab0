package depositary

import (
	"fmt"
	"net/http"
	"runtime"
	"sync"

	"detente/mirror"
	"detente/record"
	"detente/statement"
)

// A submission is an entry that waits to be taken in, and what became of it: it
// stands on the record, or err says why not.
type submission struct {
	entry  []byte
	expect int64
	look   *record.Look
	stands *record.Judgement
	again  bool // it stood there before
	under  under
	err    error
	done   chan struct{}
}

// answered is whether a submission is done, by somebody else.
func (s *submission) answered() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// An under is the signed head that receipts are of.
type under struct {
	*edge
	note []byte
}

// under is the present head, with h.appending held.
func (h *hosted) under() (under, error) {
	e, err := newEdge(h.fold.Size(), h.fold.HashReader())
	return under{e, h.log.Checkpoint()}, err
}

// An intake is the submissions that wait. Whoever submits waits for its own to
// be done, or for a core on which to look at a share of all that wait: their
// signatures are verified together, while what was looked at before becomes
// durable by one write. So a record takes in as many as come, at the price of a
// few: the longer a write takes, the more share the next. Of what is submitted at
// the same time any may come first.
type intake struct {
	mu      sync.Mutex
	waiting []*submission
	looked  []*submission
	turns   chan struct{} // holds one for each group that is being looked at
}

func newIntake() intake { return intake{turns: make(chan struct{}, runtime.GOMAXPROCS(0))} }

// What is looked at together, and what is appended by one write. More in a group
// save little, for a signature among fifty costs about what it does among a
// thousand; fewer leave a core to others while the queue is short.
const (
	leastGroup    = 32
	mostGroup     = 256
	worthAWrite   = 512
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
	share := min(max(len(in.waiting)/cap(in.turns), leastGroup), mostGroup)
	for n < len(in.waiting) && n < share && bytes < maxGroupBytes {
		bytes += len(in.waiting[n].entry)
		n++
	}
	g := in.waiting[:n:n]
	in.waiting = in.waiting[n:]
	return g
}

// hand hands on a group that was looked at, and says whether to look at more
// before the next write: while others wait a write of a few is dear.
func (in *intake) hand(g []*submission) (more bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.looked = append(in.looked, g...)
	return len(in.waiting) >= leastGroup && len(in.looked) < worthAWrite
}

// take takes what was looked at.
func (in *intake) take() []*submission {
	in.mu.Lock()
	defer in.mu.Unlock()
	g := in.looked
	in.looked = nil
	return g
}

// submit is Submit for a record that is here.
func (d *Depositary) submit(h *hosted, entry []byte, expect int64) (*mirror.Receipt, error) {
	s := &submission{entry: entry, expect: expect, done: make(chan struct{})}
	h.intake.add(s)
	for {
		select {
		case <-s.done:
			if s.err != nil {
				return nil, s.err
			}
			return h.receipt(s)
		case h.intake.turns <- struct{}{}:
			d.takeGroup(h, s)
		}
	}
}

// takeGroup looks at a group, and at more of them while a write is not worth it
// and mine is not answered by somebody else, and takes in what was looked at. The
// turn ends before the write: others are looked at while this group waits for
// one before to be written, and then shares the next write.
func (d *Depositary) takeGroup(h *hosted, mine *submission) {
	for more := true; more && !mine.answered(); {
		runtime.Gosched() // who is ready to submit is in this group
		g := h.intake.group()
		ring := h.ring.Load() // of some entries ago, perhaps: a wrong guess costs time
		entries := make([][]byte, len(g))
		for i, s := range g {
			entries[i] = s.entry
		}
		for i, l := range ring.Look(entries...) {
			g[i].look = l
		}
		more = h.intake.hand(g)
	}
	<-h.intake.turns
	h.appending.Lock()
	defer h.appending.Unlock()
	g := h.intake.take()
	h.takeIn(d, g)
	for _, s := range g {
		close(s.done)
	}
}

// takeIn judges a group and appends what is in order, with h.appending held. Entries
// that change nothing by which others are judged go together; any other has its
// own place.
func (h *hosted) takeIn(d *Depositary, g []*submission) {
	var run []*submission
	bytes, ids := 0, map[statement.ID]bool{}
	flush := func() {
		h.appendRun(d, run)
		run, bytes = nil, 0
		clear(ids)
	}
	for _, s := range g {
		said := s.look.Statement()
		alone := s.expect >= 0 || said == nil || !plain(said.Body)
		if alone || ids[said.ID] || bytes > maxGroupBytes {
			flush()
		}
		if !h.admit(d, s) {
			continue
		}
		run, bytes = append(run, s), bytes+len(s.entry)
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
		s.stands, s.again = v.known, true // it is there: asking again is no fault
		s.under, s.err = h.under()
	case v.fault != nil:
		s.err = refuseFault(v.fault)
	case h.halted.Load() != nil:
		s.err = &Refusal{http.StatusServiceUnavailable, codeStopped, "the depositary has stopped this record: its store shows less than witnesses cosigned, or could not be written", "hand the statement to a mirror or custodian"}
	case !h.panel.Load().hosts(h.own):
		s.err = h.ended()
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
	return s.stands == nil && s.err == nil
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
	under, err := h.under()
	for i, s := range run {
		at := first + int64(i)
		j := h.fold.Entry(at)
		d.redact(h.reading, at)
		if j.Fault != nil { // admit said otherwise
			s.err = refuseFault(j.Fault)
		} else {
			s.stands, s.under, s.err = j, under, err
		}
	}
	d.poke(h)
}
