package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"detente/statement"
)

// A request asks the committer for one change of one record.
type request struct {
	log     *Log
	create  bool
	entries [][]byte
	expect  int64 // size before, or -1
	note    *cosigned

	index int64
	head  statement.Head
	err   error
	done  chan struct{}
}

func (r *request) finish(err error) {
	r.err = err
	close(r.done)
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
func (s *Store) submit(ctx context.Context, r *request) error {
	for _, e := range r.entries {
		if len(e) > MaxEntry {
			return fmt.Errorf("entry of %d bytes: at most %d are allowed", len(e), MaxEntry)
		}
	}
	if size := r.bytes(); size > maxGroup {
		return fmt.Errorf("%d bytes at once: at most %d are allowed", size, maxGroup)
	}
	for i, e := range r.entries {
		r.entries[i] = bytes.Clone(e)
	}
	r.done = make(chan struct{})
	if s.opt.Inline {
		return s.commitHere(ctx, r)
	}
	s.mu.Lock()
	err := s.err
	if err == nil && s.closing {
		err = errors.New("store is closed")
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		s.queue = append(s.queue, r)
		s.wake.Signal()
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
	}
	if s.withdraw(r) {
		return ctx.Err()
	}
	<-r.done
	return r.err
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
	if err := s.commit([]*request{r}); err != nil {
		return s.stop(err)
	}
	return r.err
}

// withdraw takes a request back out of the queue.
func (s *Store) withdraw(r *request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, q := range s.queue {
		if q == r {
			s.queue = append(s.queue[:i:i], s.queue[i+1:]...)
			return true
		}
	}
	return false
}

// commitLoop is the committer: it alone stages, writes and publishes.
func (s *Store) commitLoop() {
	defer s.workers.Done()
	defer s.setDrained()
	for {
		group := s.nextGroup()
		if group == nil {
			return
		}
		if err := s.commit(group); err != nil {
			err = s.stop(err)
			for _, r := range group {
				r.finish(err)
			}
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

// nextGroup waits for requests and takes those that one frame holds. It
// returns nil when there is nothing more to come.
func (s *Store) nextGroup() []*request {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.err == nil && (len(s.jobs) >= maxSealed || len(s.queue) == 0 && !s.closing) {
		s.wake.Wait()
	}
	if s.err != nil {
		return nil
	}
	n, size := 0, 0
	for n < len(s.queue) && size < maxGroup {
		size += s.queue[n].bytes()
		n++
	}
	group := s.queue[:n:n]
	s.queue = s.queue[n:]
	if n == 0 {
		return nil
	}
	return group
}

// A group is one commit being made.
type group struct {
	requests []*request
	logs     []*Log // touched, in order of first touch
	sections map[*Log]*section
	created  map[string]*Log
}

// commit makes a group durable with one write and one sync, then signs and
// publishes a head for each record touched, then answers. An error means that
// nothing is known any more; requests that are merely refused are answered.
func (s *Store) commit(requests []*request) error {
	g := &group{requests: requests, sections: make(map[*Log]*section), created: make(map[string]*Log)}
	for _, r := range requests {
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
	for _, r := range requests {
		if conflict, ok := errors.AsType[*ConflictError](r.err); ok {
			conflict.Head = r.log.Head()
		}
		if sec := g.sections[r.log]; r.err == nil && sec != nil {
			r.head = statement.Head{Size: sec.first + int64(len(sec.entries)), Root: sec.root}
		}
	}
	for _, r := range requests {
		close(r.done)
	}
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
	if r.note != nil {
		sec.notes = append(sec.notes, *r.note)
	}
	return nil
}

// write appends the group's frame and syncs it.
func (s *Store) write(g *group) error {
	var head [frameHeadSize]byte
	s.buf = append(s.buf[:0], head[:]...)
	for _, l := range g.logs {
		sec := g.sections[l]
		sec.root = l.stagedRoot()
		s.buf = appendSection(s.buf, sec)
	}
	sealFrame(s.buf, s.active.key, s.next)
	if err := s.active.append(s.buf); err != nil {
		return err
	}
	s.next++
	if cap(s.buf) > maxGroup {
		s.buf = nil
	}
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
		l.publish(heads[i], signed[i], g.sections[l].notes)
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
	for _, entry := range r.entries {
		e.add(tlog.RecordHash(entry))
	}
	l.fresh = append(l.fresh, r.entries...)
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
func (l *Log) publish(head statement.Head, checkpoint []byte, notes []cosigned) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if checkpoint != nil {
		l.head, l.checkpoint = head, checkpoint
	}
	l.publishNotes(notes)
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}
