package depositary

import (
	"container/list"
	"context"
	"sync"
)

// A shelf holds the readings of records. One that somebody uses stays. One that
// nobody uses stays until there is no room, and goes when it was used longest
// ago: a record that is asked for again is read again.
type shelf struct {
	room    room
	openers chan struct{} // holds one for each record that is being read

	mu     sync.Mutex
	idle   list.List // of *hosted that are read and not used, the last used first
	weight int64     // of those
	read   int       // how many are read, used or not
}

// A room is how much is kept of what nobody uses.
type room struct {
	records int
	weight  int64 // bytes, about; one record is kept whatever it weighs
}

// A place is a record's on the shelf, guarded by its mutex.
type place struct {
	users   int
	opening *opening // somebody reads it now
	idle    *list.Element
	weight  int64
}

// An opening is a record being read by one for all who want it.
type opening struct {
	done chan struct{}
	err  error // once done is closed
}

func newShelf(r room) *shelf {
	return &shelf{room: r, openers: make(chan struct{}, maxOpening)}
}

// use has the record read, by one of all who want it at once. Each use is to be
// ended by done.
func (d *Depositary) use(ctx context.Context, h *hosted) error {
	s := d.shelf
	for {
		s.mu.Lock()
		if h.reading != nil {
			s.hold(h)
			s.mu.Unlock()
			return nil
		}
		if o := h.place.opening; o != nil {
			s.mu.Unlock()
			select {
			case <-o.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			if o.err != nil {
				return o.err
			}
			continue
		}
		o := &opening{done: make(chan struct{})}
		h.place.opening = o
		s.mu.Unlock()
		r, err := d.readInTurn(ctx, h)
		s.mu.Lock()
		h.place.opening = nil
		if o.err = err; err == nil {
			s.put(h, r)
		}
		s.mu.Unlock()
		close(o.done)
		return err
	}
}

// readInTurn reads a record when not too many others are being read.
func (d *Depositary) readInTurn(ctx context.Context, h *hosted) (*reading, error) {
	select {
	case d.shelf.openers <- struct{}{}:
		defer func() { <-d.shelf.openers }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return d.read(ctx, h)
}

// put puts a new reading on the shelf, in use; with s locked.
func (s *shelf) put(h *hosted, r *reading) {
	h.reading, h.place.users = r, 1
	h.seen.Store(true)
	h.about.CompareAndSwap(nil, aboutOf(r.agreement))
	s.read++
}

// adopt puts the reading of a record on the shelf that is new here, in use.
func (d *Depositary) adopt(h *hosted, r *reading) {
	d.shelf.mu.Lock()
	defer d.shelf.mu.Unlock()
	d.shelf.put(h, r)
}

// hold adds a user to what is read, with s locked.
func (s *shelf) hold(h *hosted) {
	h.place.users++
	if h.place.idle != nil {
		s.idle.Remove(h.place.idle)
		h.place.idle = nil
		s.weight -= h.place.weight
	}
}

// useIfRead is use of a record that is read already; false if it is not.
func (d *Depositary) useIfRead(h *hosted) bool {
	d.shelf.mu.Lock()
	defer d.shelf.mu.Unlock()
	if h.reading == nil {
		return false
	}
	d.shelf.hold(h)
	return true
}

// done ends a use. What nobody uses is given up when there is no room for it.
func (d *Depositary) done(h *hosted) {
	s := d.shelf
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.place.users--; h.place.users > 0 {
		return
	}
	h.place.weight = weightOf(h.reading)
	h.place.idle = s.idle.PushFront(h)
	s.weight += h.place.weight
	for s.idle.Len() > 1 && (s.idle.Len() > s.room.records || s.weight > s.room.weight) {
		last := s.idle.Remove(s.idle.Back()).(*hosted)
		s.weight -= last.place.weight
		last.last.Store(standingOf(last.fold, d.now()))
		last.place.idle, last.reading = nil, nil
		s.read--
	}
}

// weightOf is about how many bytes a reading holds.
func weightOf(r *reading) int64 {
	return textWeight + 2*int64(len(r.archive)) + entryWeight*r.fold.Size()
}

// want is use for whoever cannot go on without: a record that turns out to be
// damaged is stopped, and ends Run.
func (d *Depositary) want(ctx context.Context, h *hosted) error {
	err := d.use(ctx, h)
	switch {
	case err == nil || ctx.Err() != nil:
	case damage(err):
		return d.stop(h, err)
	default:
		d.cfg.Log.Warn("a record could not be read", "origin", h.origin, "error", err)
	}
	return err
}
