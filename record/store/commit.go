package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"detente/statement"
)

// A request asks the committer for one change of one record.
type request struct {
	log     *Log
	create  bool
	entries [][]byte    // the caller's, who waits for the outcome
	leaves  []tlog.Hash // of the entries
	expect  int64       // size before, or -1
	note    *cosigned

	index int64
	head  statement.Head
	err   error
}

// A batch is requests that one frame holds. All are answered at once, by
// closing one channel: a channel for each would cost more than the entries.
type batch struct {
	requests []*request
	bytes    int
	done     chan struct{}
}

// finish fails all requests.
func (b *batch) finish(err error) {
	for _, r := range b.requests {
		r.err = err
	}
	close(b.done)
}

func (r *request) bytes() int {
	n := 256
	if r.note != nil {
		n += len(r.note.note)
	}
	for _, e := range r.entries {
		n += 2 + len(e)
	}
	return n
}

// submit queues a request and waits for its outcome. The context ends the wait
// only until the committer has taken the request; from then on the outcome is
// about to be known.
//
// Entries are hashed here, by whoever appends them, while the committer waits
// for the disk.
func (s *Store) submit(ctx context.Context, r *request) error {
	for _, e := range r.entries {
		if len(e) > MaxEntry {
			return fmt.Errorf("entry of %d bytes: at most %d are allowed", len(e), MaxEntry)
		}
	}
	size := r.bytes()
	if size > maxGroup {
		return fmt.Errorf("%d bytes at once: at most %d are allowed", size, maxGroup)
	}
	r.leaves = leavesOf(r.entries)
	if s.opt.Inline {
		return s.commitHere(ctx, r)
	}
	b, err := s.enqueue(ctx, r, size)
	if err != nil {
		return err
	}
	select {
	case <-b.done:
		return r.err
	case <-ctx.Done():
	}
	if s.withdraw(b, r) {
		return ctx.Err()
	}
	<-b.done
	return r.err
}

// enqueue puts a request into the last batch that is waiting, or the next.
func (s *Store) enqueue(ctx context.Context, r *request, size int) (*batch, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err != nil:
		return nil, s.err
	case s.closing:
		return nil, errors.New("store is closed")
	}
	if n := len(s.queue); n == 0 || s.queue[n-1].bytes >= maxGroup {
		s.queue = append(s.queue, &batch{done: make(chan struct{})})
		s.wake.Signal()
	}
	b := s.queue[len(s.queue)-1]
	b.requests = append(b.requests, r)
	b.bytes += size
	return b, nil
}

// commitHere is submit without a committer.
func (s *Store) commitHere(ctx context.Context, r *request) error {
	s.inline.Lock()
	defer s.inline.Unlock()
	s.mu.Lock()
	err, closing := s.err, s.closing
	s.mu.Unlock()
	switch {
	case err != nil:
		return err
	case closing:
		return errors.New("store is closed")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	if err := s.commit(&batch{requests: []*request{r}, done: make(chan struct{})}); err != nil {
		return s.stop(err)
	}
	return r.err
}

// withdraw takes a request back out of a batch that still waits.
func (s *Store) withdraw(b *batch, r *request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.queue, b) {
		return false
	}
	b.requests = slices.DeleteFunc(b.requests, func(q *request) bool { return q == r })
	return true
}

// commitLoop is the committer: it alone stages, writes and publishes.
func (s *Store) commitLoop() {
	defer s.workers.Done()
	defer s.setDrained()
	for {
		b := s.nextBatch()
		if b == nil {
			return
		}
		if err := s.commit(b); err != nil {
			b.finish(s.stop(err))
		}
	}
}

// setDrained tells the flusher that no more jobs come.
func (s *Store) setDrained() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drained = true
	s.flushes.Signal()
}

// nextBatch waits for requests. It returns nil when there is nothing more to
// come.
func (s *Store) nextBatch() *batch {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && (len(s.jobs) >= maxSealed || len(s.queue) == 0 && !s.closing) {
		s.wake.Wait()
	}
	s.gather()
	if s.err != nil || len(s.queue) == 0 {
		return nil
	}
	b := s.queue[0]
	s.queue = slices.Delete(s.queue, 0, 1)
	return b
}

// gather lets others run while more requests come, so that those whose requests
// were just answered have their next ones in this group and not in that after
// it: with two groups in turn, each half as large, everybody waits for both. It
// ends as soon as there are as many as were expected, or when none came in some
// turns. It counts turns and not time, which may stand still.
func (s *Store) gather() {
	for idle := 0; idle < maxTurns && len(s.queue) == 1 && len(s.queue[0].requests) < s.expected; idle++ {
		n := len(s.queue[0].requests)
		s.mu.Unlock()
		runtime.Gosched()
		s.mu.Lock()
		if len(s.queue) == 1 && len(s.queue[0].requests) > n {
			idle = 0
		}
	}
}

// A group is one commit being made.
type group struct {
	logs     []*Log // touched, in order of first touch
	sections map[*Log]*section
	created  map[string]*Log
}

// commit makes a batch durable with one write and one sync, then signs and
// publishes a head for each record touched, then answers. An error means that
// nothing is known any more; requests that are merely refused are answered.
func (s *Store) commit(b *batch) error {
	g := &group{sections: make(map[*Log]*section), created: make(map[string]*Log)}
	for _, r := range b.requests {
		r.err = s.stage(g, r)
	}
	if len(g.logs) > 0 {
		if err := s.write(g); err != nil {
			return err
		}
		if err := s.publish(g); err != nil {
			return err
		}
	}
	for _, r := range b.requests {
		if conflict, ok := errors.AsType[*ConflictError](r.err); ok {
			conflict.Head = r.log.Head()
		}
		if sec := g.sections[r.log]; r.err == nil && sec != nil {
			r.head = statement.Head{Size: sec.first + int64(len(sec.entries)), Root: sec.root}
		}
	}
	s.mu.Lock()
	s.expected = len(b.requests)
	if len(s.queue) > 0 {
		s.expected += len(s.queue[0].requests)
	}
	s.mu.Unlock()
	close(b.done)
	if s.active.written() >= s.opt.SegmentSize {
		if err := s.seal(); err != nil {
			s.stop(err) // what was answered is durable
		}
	}
	return nil
}

// stage applies a request to the state that the committer sees, which nobody
// else reads beyond the published head.
func (s *Store) stage(g *group, r *request) error {
	l := r.log
	if r.create {
		s.mu.Lock()
		_, taken := s.logs[l.origin]
		s.mu.Unlock()
		if taken || g.created[l.origin] != nil {
			return ErrExists
		}
	}
	if r.note != nil && l.hasCosigned(r.note) {
		return nil
	}
	first, err := l.stage(r)
	if err != nil {
		return err
	}
	r.index = first
	if r.create {
		g.created[l.origin] = l
	}
	sec := g.sections[l]
	if sec == nil {
		sec = &section{origin: l.origin, first: first}
		g.sections[l] = sec
		g.logs = append(g.logs, l)
	}
	sec.entries = append(sec.entries, r.entries...)
	sec.leaves = append(sec.leaves, r.leaves...)
	if r.note != nil {
		sec.notes = append(sec.notes, *r.note)
	}
	return nil
}

// write appends the group's frame and syncs it. From then on the entries are
// where the frame has them, and the callers' own are needed no more.
func (s *Store) write(g *group) error {
	size := frameHeadSize
	sections := make([]*section, len(g.logs))
	for i, l := range g.logs {
		sections[i] = g.sections[l]
		sections[i].root = l.stagedRoot()
		size += sections[i].encodedSize()
	}
	frame := make([]byte, frameHeadSize, size)
	for _, sec := range sections {
		frame = appendSection(frame, sec)
	}
	sealFrame(frame, s.active.key, s.next, sections)
	if err := s.active.append(frame); err != nil {
		return err
	}
	s.next++
	return nil
}

// publish signs the heads of a durable group and shows them.
func (s *Store) publish(g *group) error {
	signed := make([][]byte, len(g.logs))
	heads := make([]statement.Head, len(g.logs))
	for i, l := range g.logs {
		sec := g.sections[l]
		heads[i] = statement.Head{Size: sec.first + int64(len(sec.entries)), Root: sec.root}
		if len(sec.entries) == 0 {
			continue
		}
		var err error
		if signed[i], err = s.signHead(l.origin, heads[i]); err != nil {
			return err
		}
	}
	for i, l := range g.logs {
		l.publish(heads[i], signed[i], g.sections[l])
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range g.logs {
		s.dirty[l] = struct{}{}
	}
	for origin, l := range g.created {
		s.logs[origin] = l
	}
	return nil
}

// signHead has a head signed and looks that this head is what was signed.
func (s *Store) signHead(origin string, head statement.Head) ([]byte, error) {
	note, err := s.sign(origin, head)
	if err != nil {
		return nil, fmt.Errorf("signing the checkpoint of %s: %w", origin, err)
	}
	if got, err := parseCheckpoint(origin, note); err != nil || got != head {
		return nil, fmt.Errorf("signing the checkpoint of %s: the signer did not return a note of size %d: %v", origin, head.Size, err)
	}
	return note, nil
}

// stage applies one request to the record.
func (l *Log) stage(r *request) (first int64, err error) {
	l.mu.Lock()
	size, broken, e := l.head.Size, l.broken, l.edge
	if e != nil {
		size = e.size
	}
	l.mu.Unlock()
	switch {
	case broken != nil:
		return 0, broken
	case r.expect >= 0 && r.expect != size:
		return 0, &ConflictError{Origin: l.origin, Expected: r.expect}
	case len(r.entries) == 0 && r.note != nil:
		return size, l.stageNote(r.note)
	}
	// The flusher may drop the edge meanwhile, if it is no further than the
	// head; this one then still is that of the head, and is put back.
	if e == nil {
		l.files.RLock()
		defer l.files.RUnlock()
		if e, err = l.loadEdge(); err != nil {
			return 0, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.edge = e
	for _, leaf := range r.leaves {
		e.add(leaf)
	}
	return size, nil
}

func (l *Log) stagedRoot() tlog.Hash {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.edge == nil {
		return l.head.Root
	}
	return l.edge.root()
}

// publish shows a head to readers and wakes those who wait for a change.
func (l *Log) publish(head statement.Head, checkpoint []byte, sec *section) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if checkpoint != nil {
		l.head, l.checkpoint = head, checkpoint
	}
	l.fresh = append(l.fresh, sec.entries...)
	l.publishNotes(sec.notes)
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}
