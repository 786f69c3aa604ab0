package depositary

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"detente/agreement"
	"detente/internal/ahead"
	"detente/internal/clock"
	"detente/internal/durable"
	"detente/mirror"
	"detente/record"
	"detente/record/store"
	"detente/statement"
)

// Config is what a depositary is given.
type Config struct {
	Dir    string
	Signer statement.Signer // its key; under which name does not matter
	Clock  clock.Clock
	Log    *slog.Logger
	// Witnesses are addresses by witness name, for example
	// "http://127.0.0.1:7101"; they go before the hints in the texts.
	Witnesses map[agreement.Name]string
	HTTP      *http.Client // to the witnesses; nil for a client of its own
	// Pages renders the pages of a record, served below its address wherever
	// nothing else is; nil for none.
	Pages func(View) http.Handler
	Home  http.Handler // the page "/"; nil for a list of records
	// Closed refuses to open records over HTTP; OpenRecord still does.
	Closed bool
	// Unconfirmed takes statements in after a restart before a quorum of
	// witnesses confirmed the head. Only for a record whose witnesses are gone
	// for good: with a restored backup this signs a second history.
	Unconfirmed bool
	Batch       time.Duration // least time between two proofs for new statements; 0: 50 ms
	FS          durable.FS    // durable.OS if nil
	// Inline makes every change of the store in the goroutine that asks for it;
	// Segment is when its write-ahead file is turned. Both are for simulations,
	// which want one order of operations and much of each kind.
	Inline  bool
	Segment int64

	within time.Duration // tests: how long a witness has to answer
}

// A Depositary hosts records. Its methods may be called at the same time.
type Depositary struct {
	cfg   Config
	store *store.Store

	mu      sync.Mutex
	records map[agreement.Digest]*hosted
	opening sync.Mutex // one record is opened at a time

	agenda  agenda
	rounds  chan struct{}
	workers sync.WaitGroup
	halt    chan error // a record whose store shows less than was cosigned
	objects objects
	waiters mirror.Waiters
}

// Open reads the folder and folds every record in it. It fails, and says what
// to restore, if the store shows less than a checkpoint it kept.
func Open(cfg Config) (*Depositary, error) {
	if cfg.FS == nil {
		cfg.FS = durable.OS
	}
	if cfg.Batch == 0 {
		cfg.Batch = defaultBatch
	}
	if cfg.within == 0 {
		cfg.within = roundWithin
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: maxRounds, IdleConnTimeout: time.Minute}}
	}
	d := &Depositary{
		cfg: cfg, records: map[agreement.Digest]*hosted{}, rounds: make(chan struct{}, maxRounds),
		halt: make(chan error, 1), waiters: mirror.NewWaiters(maxWaiters),
	}
	d.agenda.wake = make(chan struct{}, 1)
	if err := durable.MkdirAll(cfg.FS, filepath.Join(cfg.Dir, "bundle")); err != nil {
		return nil, fmt.Errorf("opening depositary: %w", err)
	}
	var err error
	if d.store, err = store.Open(filepath.Join(cfg.Dir, "store"), store.Options{Sign: d.sign, FS: cfg.FS, Inline: cfg.Inline, SegmentSize: cfg.Segment}); err != nil {
		return nil, fmt.Errorf("opening depositary: %w", err)
	}
	if err := d.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening depositary: %w", err), d.store.Close())
	}
	return d, nil
}

// Close gives the folder up; call it after Run has returned.
func (d *Depositary) Close() error { return d.store.Close() }

// sign makes the checkpoint of a head of any record.
func (d *Depositary) sign(origin string, head statement.Head) ([]byte, error) {
	return statement.SignCheckpoint(statement.Checkpoint{Origin: origin, Size: head.Size, Root: head.Root}, logSigner{d.cfg.Signer, origin})
}

// A logSigner signs under a record's origin, the key name of its checkpoints.
type logSigner struct {
	statement.Signer
	origin string
}

func (s logSigner) Name() string { return s.origin }

// load folds the records of the store.
func (d *Depositary) load() error {
	for _, origin := range d.store.Origins() {
		_, hex, _ := strings.Cut(origin, "/")
		id, err := agreement.ParseDigest(hex)
		if err != nil {
			return fmt.Errorf("record %q in the store: its origin does not end in an agreement's id", origin)
		}
		name := d.bundleFile(id)
		archive, err := durable.ReadFile(d.cfg.FS, name, record.MaxBundle)
		if err != nil {
			return fmt.Errorf("record %s: its bundle: %w", origin, damagedBundle(name, err))
		}
		b, err := record.DecodeBundle(archive)
		if err == nil && b.Digest() != id {
			err = fmt.Errorf("it is the bundle of agreement %s", b.Digest())
		}
		if err != nil {
			return fmt.Errorf("record %s: its bundle: %w", origin, damagedBundle(name, err))
		}
		h, err := d.newHosted(archive)
		if err != nil {
			return fmt.Errorf("record %s: %s: %w", origin, name, err)
		}
		if h.origin != origin {
			return fmt.Errorf("record %s: %s is the bundle of %s", origin, name, h.origin)
		}
		h.log, _ = d.store.Log(origin)
		if err := h.replay(); err != nil {
			return fmt.Errorf("record %s: %w", origin, err)
		}
		for i := range h.fold.Size() { // what a crash left between the entry and the deletion
			d.redact(h, i)
		}
		h.confirmed = d.cfg.Unconfirmed
		d.records[id] = h
	}
	return nil
}

func (d *Depositary) bundleFile(id agreement.Digest) string {
	return filepath.Join(d.cfg.Dir, "bundle", id.String())
}

// damagedBundle says what to do about a bundle that is not what was written; a
// disk that does not answer is another matter.
func damagedBundle(name string, err error) error {
	if _, why := errors.AsType[*fs.PathError](err); why && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return &durable.DamagedError{Name: name, Why: err, Mend: "restore this file from a copy, or from the file bundle of a mirror's folder"}
}

// now is the present instant.
func (d *Depositary) now() agreement.Instant { return agreement.Instant(d.cfg.Clock.Now().Unix()) }

// Records are the ids of the records hosted, in order.
func (d *Depositary) Records() []agreement.Digest {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []agreement.Digest
	for id := range d.records {
		all = append(all, id)
	}
	slices.SortFunc(all, func(a, b agreement.Digest) int { return slices.Compare(a[:], b[:]) })
	return all
}

// record finds a hosted record; nil if there is none.
func (d *Depositary) record(id agreement.Digest) *hosted {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.records[id]
}

// Run does the duties of all records until ctx is done. It returns early, with
// the reason, if a store turns out to show less than witnesses cosigned.
func (d *Depositary) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer d.workers.Wait()
	defer cancel()
	for _, id := range d.Records() {
		d.poke(d.record(id))
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.attend(ctx)
	}()
	select {
	case err := <-d.halt:
		cancel()
		<-ended
		return err
	case <-ended:
		return nil
	}
}

// A hosted is one record.
type hosted struct {
	origin    string
	agreement *agreement.Agreement
	bundle    *agreement.Bundle
	archive   []byte
	keys      []statement.PublicKey // that may sign its checkpoints
	witnesses []*mirror.Witness
	within    time.Duration // for a witness to answer
	log       *store.Log

	intake    intake
	mu        sync.RWMutex
	fold      *record.Fold
	proofs    map[string]int64 // valid proofs of time by their bytes
	confirmed bool             // a quorum accepted the head since the start

	halted    atomic.Pointer[stop] // set: nothing is taken in any more
	work      work
	alarm     alarm
	answers   answers
	serve     http.Handler
	serveOnce sync.Once
}

// A stop is why a record takes nothing in any more.
type stop struct{ err error }

// newHosted reads a bundle; its record is not folded yet.
func (d *Depositary) newHosted(archive []byte) (*hosted, error) {
	b, err := record.DecodeBundle(archive)
	if err != nil {
		return nil, err
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		return nil, &TextError{diagnostics}
	}
	h := &hosted{origin: record.Origin(a), agreement: a, bundle: b, archive: archive, within: d.cfg.within, proofs: map[string]int64{}, intake: intake{turn: make(chan struct{}, 1)}}
	if h.keys, err = record.LogKeys(a); err != nil {
		return nil, err
	}
	if !slices.Contains(h.keys, d.cfg.Signer.Public()) {
		var named string // those who may host, and go on with, the record
		for _, host := range record.Hosts(a) {
			named += fmt.Sprintf("\n  %s with the key %s", host.Name, host.Key)
		}
		return nil, fmt.Errorf("the key of this depositary is not one that the text names; it has %s; the text names%s\nuse a key that it names, or have this one written into the text",
			d.cfg.Signer.Public(), named)
	}
	if h.fold, err = record.NewFold(a); err != nil {
		return nil, err
	}
	if h.witnesses, err = mirror.Witnesses(a, d.cfg.Witnesses, d.cfg.HTTP); err != nil {
		return nil, err
	}
	return h, nil
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
func (h *hosted) replay() error {
	for size := h.log.Head().Size; h.fold.Size() < size; {
		entries, err := h.log.Entries(h.fold.Size(), store.MaxRead)
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return fmt.Errorf("the store has no entry %d of %d", h.fold.Size(), size)
		}
		for _, l := range ahead.Look(h.fold.Ring(), entries) {
			h.take(l)
		}
	}
	if head := h.log.Head(); h.fold.Head() != head {
		return fmt.Errorf("the store's entries give %s, its head is %s", h.fold.Head(), head)
	}
	return nil
}

// take folds an entry that is on the record.
func (h *hosted) take(l *record.Look) *record.Judged {
	j := h.fold.AppendLook(l)
	if j.Proof != nil {
		h.proofs[string(l.Bytes())] = j.Index
	}
	return j
}
