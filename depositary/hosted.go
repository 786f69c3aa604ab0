package depositary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"detente/agreement"
	"detente/internal/ahead"
	"detente/internal/durable"
	"detente/mirror"
	"detente/record"
	"detente/record/store"
	"detente/statement"
)

// A hosted is one record: what is held of it always, and, while somebody uses
// it or lately did, its reading.
type hosted struct {
	id     agreement.Digest
	origin string
	log    *store.Log

	// The reading may be touched only between use and done.
	*reading
	place place

	// appending is held by who appends, from judging an entry until it is folded;
	// mu, taken after it, for writing only while the fold changes. So whoever
	// appends reads the fold without mu, and readers do not wait for the disk.
	appending sync.Mutex
	mu        sync.RWMutex
	intake    intake
	confirmed atomic.Bool          // a quorum accepted the head since the start
	halted    atomic.Pointer[stop] // set: nothing is taken in any more
	seen      atomic.Bool          // it was read since the start
	about     atomic.Pointer[about]
	last      atomic.Pointer[standing] // when its reading was given up last
	work      work
	alarm     alarm
	answers   answers
}

// A reading is a record's text compiled and its entries folded: what costs time
// and memory, and can be had again at any time.
type reading struct {
	agreement *agreement.Agreement
	bundle    *agreement.Bundle
	archive   []byte
	own       statement.PublicKey // this depositary's key
	roster    *mirror.Roster
	panel     atomic.Pointer[panel] // after the entries folded
	within    time.Duration         // for a witness to answer
	fold      *record.Fold
	ring      atomic.Pointer[record.Ring] // of the fold, or of some entries before

	serve     http.Handler
	serveOnce sync.Once
}

// A stop is why a record takes nothing in any more.
type stop struct{ err error }

// An about is what lists say of a record.
type about struct {
	name, title string
	private     bool
}

// aboutOf copies: a list does not hold the text.
func aboutOf(a *agreement.Agreement) *about {
	return &about{strings.Clone(string(a.Name)), strings.Clone(a.Title), a.Private}
}

// list says what lists say of a record, and reads no more than the text for it.
func (d *Depositary) list(h *hosted) (*about, error) {
	if a := h.about.Load(); a != nil {
		return a, nil
	}
	r, err := d.readText(h)
	if err != nil {
		return nil, err
	}
	h.about.CompareAndSwap(nil, aboutOf(r.agreement))
	return h.about.Load(), nil
}

// load finds the records of the store, and reads the first of them: those that
// have something unfinished go first.
func (d *Depositary) load() error {
	names, err := d.cfg.FS.ReadDir(filepath.Join(d.cfg.Dir, "bundle"))
	if err != nil {
		return err
	}
	for _, origin := range d.store.Origins() {
		_, hex, _ := strings.Cut(origin, "/")
		id, err := agreement.ParseDigest(hex)
		if err != nil {
			return fmt.Errorf("record %q in the store: its origin does not end in an agreement's id", origin)
		}
		if _, found := slices.BinarySearch(names, hex); !found {
			name := d.bundleFile(id)
			return fmt.Errorf("record %s: its bundle: %w", origin, damagedBundle(name, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}))
		}
		h := newHosted(id, origin)
		h.log, _ = d.store.Log(origin)
		h.confirmed.Store(d.cfg.Unconfirmed)
		d.records[id] = h
	}
	unread := d.unread()
	for _, h := range unread[:min(len(unread), d.cfg.room.records)] {
		if err := d.use(d.life, h); err != nil {
			return err
		}
		d.done(h)
	}
	return nil
}

func newHosted(id agreement.Digest, origin string) *hosted {
	return &hosted{id: id, origin: origin, intake: newIntake()}
}

// read reads the record of the store: its bundle, and all its entries.
func (d *Depositary) read(ctx context.Context, h *hosted) (*reading, error) {
	r, err := d.readText(h)
	if err != nil {
		return nil, err
	}
	if err := d.replay(ctx, r, h.log); err != nil {
		return nil, fmt.Errorf("record %s: %w", h.origin, err)
	}
	// An import that was interrupted may end before the entry that names this
	// depositary: then nothing is taken in, and the import is called for again.
	if err := d.mayHost(r.fold); err != nil && !d.made(h.log.Checkpoint(), h.origin) {
		return nil, fmt.Errorf("record %s: %w", h.origin, err)
	}
	return r, nil
}

// readText reads the bundle of a record of the store.
func (d *Depositary) readText(h *hosted) (*reading, error) {
	name := d.bundleFile(h.id)
	archive, err := durable.ReadFile(d.cfg.FS, name, record.MaxBundle)
	if err != nil {
		return nil, fmt.Errorf("record %s: its bundle: %w", h.origin, damagedBundle(name, err))
	}
	b, err := record.DecodeBundle(archive)
	if err == nil && b.Digest() != h.id {
		err = fmt.Errorf("it is the bundle of agreement %s", b.Digest())
	}
	if err != nil {
		return nil, fmt.Errorf("record %s: its bundle: %w", h.origin, damagedBundle(name, err))
	}
	r, err := d.newReading(archive)
	if err != nil {
		return nil, fmt.Errorf("record %s: %s: %w", h.origin, name, err)
	}
	if origin := record.Origin(r.agreement); origin != h.origin {
		return nil, fmt.Errorf("record %s: %s is the bundle of %s", h.origin, name, origin)
	}
	return r, nil
}

// newReading reads a bundle; its record is not folded yet.
func (d *Depositary) newReading(archive []byte) (*reading, error) {
	b, err := record.DecodeBundle(archive)
	if err != nil {
		return nil, err
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		return nil, &TextError{diagnostics}
	}
	r := &reading{agreement: a, bundle: b, archive: archive, within: d.cfg.within}
	if r.fold, err = record.NewFold(a); err != nil {
		return nil, err
	}
	r.own = d.cfg.Signer.Public()
	r.roster = mirror.NewRoster(d.cfg.Witnesses, d.cfg.HTTP)
	r.turn()
	return r, nil
}

// A TextError says that a bundle is no agreement.
type TextError struct{ Diagnostics []agreement.Diagnostic }

func (e *TextError) Error() string {
	var lines []string
	for _, d := range e.Diagnostics {
		if !d.Warning {
			lines = append(lines, fmt.Sprintf("%s, byte %d: %s", d.Range.File, d.Range.Start, d.Message))
		}
	}
	return "the text does not read: " + strings.Join(lines, "; ")
}

// replay folds what the store has.
func (d *Depositary) replay(ctx context.Context, r *reading, l *store.Log) error {
	r.fold.ReadFrom(l) // not to hold what the store has
	for size := l.Head().Size; r.fold.Size() < size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		entries, err := l.Entries(r.fold.Size(), store.MaxRead)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return fmt.Errorf("the store has no entry %d of %d", r.fold.Size(), size)
		}
		for _, look := range ahead.Look(r.fold.Ring(), entries) {
			j := r.fold.AppendLook(look)
			d.redact(r, j.Index) // what a crash left between the entry and the deletion
		}
	}
	r.turn()
	r.ring.Store(r.fold.Ring())
	if head := l.Head(); r.fold.Head() != head {
		return fmt.Errorf("the store's entries give %s, its head is %s", r.fold.Head(), head)
	}
	return nil
}

// damage is whether an error of reading a record says that it is not what was
// written, as against that it could not be read now.
func damage(err error) bool {
	if _, is := errors.AsType[*durable.DamagedError](err); is || errors.Is(err, store.ErrDamaged) || errors.Is(err, store.ErrRollback) {
		return true
	}
	_, disk := errors.AsType[*fs.PathError](err)
	return !disk && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// unread are the records that were not read yet. Those come first of which not
// all is cosigned: their depositary was interrupted.
func (d *Depositary) unread() []*hosted {
	d.mu.Lock()
	var all []*hosted
	for _, h := range d.records {
		if !h.seen.Load() {
			all = append(all, h)
		}
	}
	d.mu.Unlock()
	unfinished := make(map[*hosted]bool, len(all))
	for _, h := range all {
		if headOf(h.log.Cosigned()).Size < h.log.Head().Size {
			unfinished[h] = true
		}
	}
	slices.SortFunc(all, func(a, b *hosted) int {
		if unfinished[a] != unfinished[b] {
			if unfinished[a] {
				return -1
			}
			return 1
		}
		return bytes.Compare(a.id[:], b.id[:])
	})
	return all
}
