package depositary

import (
	"context"
	"errors"
	"fmt"

	"detente/agreement"
	"detente/mirror"
	"detente/record"
	"detente/record/store"
	"detente/statement"
)

// A View is one record as pages see it: read only, live.
type View interface {
	Agreement() *agreement.Agreement
	Bundle() *agreement.Bundle
	// With calls read with the fold while nothing changes it. The fold and
	// what it gives out may not be kept, except entries.
	With(read func(*record.Fold))
	// Head is the newest head, and the signed checkpoint that shows it.
	Head() (statement.Head, []byte)
	// Final is how many entries a quorum has cosigned, and the checkpoint.
	Final() (size int64, note []byte)
	// Changed is closed at the next change of either.
	Changed() <-chan struct{}
	// Object is an object that the record names by digest.
	Object(ctx context.Context, d agreement.Digest) ([]byte, error)
	// Now is the depositary's clock: only for "in 3 days", never for judging.
	Now() agreement.Instant
}

// View is a record's view; false if it is not open here, or cannot be read. The
// record stays read as long as the depositary lives: it is for commands, not
// for requests.
func (d *Depositary) View(id agreement.Digest) (View, bool) {
	h := d.record(id)
	if h == nil || d.want(d.life, h) != nil {
		return nil, false
	}
	return view{d, h}, true
}

// A view is of a record that somebody keeps read meanwhile.
type view struct {
	d *Depositary
	h *hosted
}

func (v view) Agreement() *agreement.Agreement { return v.h.agreement }
func (v view) Bundle() *agreement.Bundle       { return v.h.bundle }
func (v view) Changed() <-chan struct{}        { return v.h.log.Changed() }
func (v view) Now() agreement.Instant          { return v.d.now() }

func (v view) With(read func(*record.Fold)) {
	v.h.mu.RLock()
	defer v.h.mu.RUnlock()
	if v.h.fold.Size() < v.h.log.Head().Size {
		// What is in the store is about to be folded: who has seen the head finds
		// its entries in the fold.
		v.h.mu.RUnlock()
		v.h.appended()
		v.h.mu.RLock()
	}
	read(v.h.fold)
}

// appended waits for whoever appends now.
func (h *hosted) appended() {
	h.appending.Lock()
	defer h.appending.Unlock()
}

func (v view) Head() (statement.Head, []byte) {
	note := v.h.log.Checkpoint()
	return headOf(note), note
}

func (v view) Final() (int64, []byte) {
	note := v.h.log.Cosigned()
	return headOf(note).Size, note
}

func (v view) Object(_ context.Context, digest agreement.Digest) ([]byte, error) {
	// Objects of all records lie together: one that only another record names,
	// which may be private, is none of this one's.
	if !v.d.named(v.h, digest) {
		return nil, fmt.Errorf("object %s: %w in a statement of this record", digest, mirror.ErrNotFound)
	}
	return v.d.object(v.h.id, digest)
}

// headOf is the head that a checkpoint of this depositary states; zero for nil.
func headOf(note []byte) statement.Head {
	n, err := statement.ParseNote(note)
	if err != nil {
		return statement.Head{}
	}
	c, err := statement.ParseCheckpoint(n.Text)
	if err != nil {
		return statement.Head{}
	}
	return c.Head()
}

// served is a record as package mirror serves it.
type served struct{ view }

// Head is the cosigned checkpoint when it is of the newest size: cosignatures
// do no harm to who wants the head.
func (s served) Head() ([]byte, int64) {
	head, note := s.view.Head()
	if size, cosigned := s.view.Final(); size == head.Size && cosigned != nil {
		note = cosigned
	}
	return note, head.Size
}

func (s served) Final() ([]byte, int64) {
	if size, note := s.view.Final(); note != nil {
		return note, size
	}
	head, note := s.view.Head()
	return note, head.Size
}

func (s served) Bundle() []byte { return s.h.archive }

func (s served) Tile(path string) ([]byte, error) {
	b, err := s.h.log.Tile(path)
	if errors.Is(err, store.ErrNotFound) {
		return nil, mirror.ErrNotFound
	}
	return b, err
}
