package depositary

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"detente/agreement"
	"detente/internal/durable"
	"detente/internal/httpserve"
	"detente/mirror"
	"detente/record"
	"detente/record/store"
)

// objects are those that came before a statement that names them, as they do:
// so anybody whom the record lets write may send one, signed by nobody. They
// wait in a folder of each record, outside of the store, and take so much of the
// disk and no more. When there is no room for another, one leaves: to the store
// if a statement names it by now, else for good. It is the oldest of whoever
// holds most at the record in question, so that a stranger who floods drives out
// his own.
type objects struct {
	mu     sync.Mutex
	most   int64 // bytes in all
	mostOf int64 // of one record
	all    int64
	of     map[agreement.Digest]*waiting
}

// A waiting is what waits of one record: by who sent it, oldest first. What was
// found at the start is nobody's.
type waiting struct {
	bytes int64
	by    map[string]*sender
	from  map[agreement.Digest]string // who sent an object
}

type sender struct {
	bytes int64
	queue []waitingObject
}

type waitingObject struct {
	digest agreement.Digest
	bytes  int64 // as weightOfObject counts
}

// weightOfObject is what an object takes: its bytes, its file and its place here.
func weightOfObject(size int64) int64 { return size + objectOverhead }

func newObjects() objects {
	return objects{most: maxWaiting, mostOf: maxWaitingOf, of: map[agreement.Digest]*waiting{}}
}

// add counts an object that is kept; again for one that is sent again, which
// then is its sender's newest.
func (o *objects) add(id, digest agreement.Digest, from string, bytes int64) {
	if first, again := o.has(id, digest); again {
		from = first
		o.remove(id, digest)
	}
	w := o.of[id]
	if w == nil {
		w = &waiting{by: map[string]*sender{}, from: map[agreement.Digest]string{}}
		o.of[id] = w
	}
	s := w.by[from]
	if s == nil {
		s = &sender{}
		w.by[from] = s
	}
	s.queue = append(s.queue, waitingObject{digest, bytes})
	s.bytes, w.bytes, o.all = s.bytes+bytes, w.bytes+bytes, o.all+bytes
	w.from[digest] = from
}

// has is whether an object waits, and who sent it.
func (o *objects) has(id, digest agreement.Digest) (from string, ok bool) {
	if w := o.of[id]; w != nil {
		from, ok = w.from[digest]
	}
	return from, ok
}

// remove forgets an object.
func (o *objects) remove(id, digest agreement.Digest) {
	w := o.of[id]
	s := w.by[w.from[digest]]
	i := slices.IndexFunc(s.queue, func(x waitingObject) bool { return x.digest == digest })
	bytes := s.queue[i].bytes
	s.queue = slices.Delete(s.queue, i, i+1)
	s.bytes, w.bytes, o.all = s.bytes-bytes, w.bytes-bytes, o.all-bytes
	if len(s.queue) == 0 {
		delete(w.by, w.from[digest])
	}
	if delete(w.from, digest); len(w.from) == 0 {
		delete(o.of, id)
	}
}

// next is which object of which record leaves, so that there is room for so many
// more bytes of a record; false if there is room.
func (o *objects) next(id agreement.Digest, bytes int64) (from, digest agreement.Digest, full bool) {
	switch w := o.of[id]; {
	case w != nil && w.bytes+bytes > o.mostOf:
		return id, w.oldest(), true
	case o.all+bytes > o.most:
		var heaviest *waiting
		for other, w := range o.of {
			if heaviest == nil || w.bytes > heaviest.bytes {
				from, heaviest = other, w
			}
		}
		return from, heaviest.oldest(), true
	}
	return from, digest, false
}

// oldest is the oldest object of whoever has most.
func (w *waiting) oldest() agreement.Digest {
	var most *sender
	for _, s := range w.by {
		if most == nil || s.bytes > most.bytes {
			most = s
		}
	}
	return most.queue[0].digest
}

func (d *Depositary) waitingFolder(id agreement.Digest) string {
	return filepath.Join(d.cfg.Dir, "waiting", id.String())
}

// loadObjects counts what waits in the folder.
func (d *Depositary) loadObjects() error {
	ids, err := d.cfg.FS.ReadDir(filepath.Join(d.cfg.Dir, "waiting"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("objects that no statement names yet: %w", err)
	}
	for _, text := range ids {
		id, err := agreement.ParseDigest(text)
		if err != nil {
			continue // none of ours
		}
		if err := d.loadObjectsOf(id); err != nil {
			return fmt.Errorf("objects that no statement of %s names yet: %w", id, err)
		}
	}
	return nil
}

func (d *Depositary) loadObjectsOf(id agreement.Digest) error {
	dir := d.waitingFolder(id)
	if err := durable.RemoveTemps(d.cfg.FS, dir); err != nil {
		return err
	}
	names, err := d.cfg.FS.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		digest, err := agreement.ParseDigest(name)
		if err != nil {
			continue
		}
		f, err := d.cfg.FS.OpenFile(filepath.Join(dir, name), os.O_RDONLY, 0)
		if err != nil {
			return err
		}
		size, err := f.Size()
		f.Close()
		if err != nil {
			return err
		}
		d.objects.add(id, digest, "", weightOfObject(size))
	}
	return nil
}

// keepObject keeps an object for a record: in the store if a statement names it,
// and otherwise among those that wait.
func (d *Depositary) keepObject(ctx context.Context, h *hosted, from string, b []byte) (agreement.Digest, error) {
	digest := agreement.Digest(sha256.Sum256(b))
	if d.named(h, digest) {
		_, err := d.store.PutObject(b)
		return digest, err
	}
	o := &d.objects
	o.mu.Lock()
	defer o.mu.Unlock()
	bytes := weightOfObject(int64(len(b)))
	_, again := o.has(h.id, digest) // then it has its room
	for !again {
		id, old, full := o.next(h.id, bytes)
		if !full {
			break
		}
		if err := d.leave(ctx, id, old); err != nil {
			d.cfg.Log.Warn("no room for an object: one that waits for its statement could not be let go", "agreement", id, "object", old, "error", err)
			return digest, &Refusal{http.StatusInsufficientStorage, "full", "there is no room for an object that no statement names yet", "send it again later, or tell whoever runs this depositary"}
		}
	}
	if err := durable.MkdirAll(d.cfg.FS, d.waitingFolder(h.id)); err != nil {
		return digest, err
	}
	if err := durable.WriteFile(d.cfg.FS, filepath.Join(d.waitingFolder(h.id), digest.String()), b); err != nil {
		return digest, err
	}
	o.add(h.id, digest, from, bytes)
	return digest, nil
}

// named is whether a statement of a record that is in use names an object.
func (d *Depositary) named(h *hosted, digest agreement.Digest) (yes bool) {
	view{d, h}.With(func(f *record.Fold) { yes = f.NamesBatch(digest) })
	return yes
}

// leave takes an object out of those that wait; the caller has locked them.
func (d *Depositary) leave(ctx context.Context, id, digest agreement.Digest) error {
	named := false
	if h := d.record(id); h != nil {
		if !d.useIfRead(h) {
			httpserve.Charge(ctx, httpserve.CostOpening+httpserve.CostEntry*float64(h.log.Head().Size))
			if err := d.want(d.life, h); err != nil {
				return err
			}
		}
		named = d.named(h, digest)
		d.done(h)
	}
	if named {
		b, err := d.waitingObject(id, digest)
		if err == nil {
			_, err = d.store.PutObject(b)
		}
		if err != nil && !errors.Is(err, mirror.ErrNotFound) {
			return err
		}
	}
	err := d.cfg.FS.Remove(filepath.Join(d.waitingFolder(id), digest.String()))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	d.objects.remove(id, digest)
	return nil
}

// waitingObject is an object of a record among those that wait.
func (d *Depositary) waitingObject(id, digest agreement.Digest) ([]byte, error) {
	b, err := durable.ReadFile(d.cfg.FS, filepath.Join(d.waitingFolder(id), digest.String()), mirror.MaxObject)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, mirror.ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("object %s: %w", digest, err)
	case sha256.Sum256(b) != digest:
		return nil, fmt.Errorf("object %s: its bytes are others: put it again", digest)
	}
	return b, nil
}

// object is an object that a statement of a record names. Where it is changes
// once, from those that wait to the store, so the store is asked again.
func (d *Depositary) object(id, digest agreement.Digest) ([]byte, error) {
	b, err := d.fromStore(digest)
	if !errors.Is(err, mirror.ErrNotFound) {
		return b, err
	}
	if b, err := d.waitingObject(id, digest); !errors.Is(err, mirror.ErrNotFound) {
		return b, err
	}
	return d.fromStore(digest)
}

func (d *Depositary) fromStore(digest agreement.Digest) ([]byte, error) {
	b, err := d.store.GetObject(digest)
	if errors.Is(err, store.ErrNotFound) {
		return nil, mirror.ErrNotFound
	}
	return b, err
}
