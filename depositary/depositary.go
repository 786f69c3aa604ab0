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
	"sync"
	"time"

	"detente/agreement"
	"detente/internal/clock"
	"detente/internal/durable"
	"detente/mirror"
	"detente/mirror/access"
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
	// Names are this host's own, as readers of private records may address it,
	// besides those that the records have for it: "records.example".
	Names []string
	Batch time.Duration // least time between two proofs for new statements; 0: 50 ms
	FS    durable.FS    // durable.OS if nil
	// Inline makes every change of the store in the goroutine that asks for it;
	// Segment is when its write-ahead file is turned. Both are for simulations,
	// which want one order of operations and much of each kind.
	Inline  bool
	Segment int64

	within time.Duration // tests: how long a witness has to answer
	room   room          // tests: how many records are kept read
}

// A Depositary hosts records. Its methods may be called at the same time.
type Depositary struct {
	cfg   Config
	store *store.Store

	mu      sync.Mutex
	records map[agreement.Digest]*hosted
	opening sync.Mutex // one record is opened at a time
	shelf   *shelf     // which records are read, and for how long
	life    context.Context
	end     context.CancelFunc // of life

	agenda  agenda
	rounds  chan struct{}
	workers sync.WaitGroup
	halt    chan error // a record whose store shows less than was cosigned
	objects objects
	waiters mirror.Waiters
	seen    *access.Seen
}

// Open reads the folder: of each record its length, its head and the largest
// checkpoint that was kept of it, and all of the first few records. The others
// are read when somebody asks for them or they need something; Run reads all of
// them once. It fails, and says what to restore, if the store shows less of any
// record than a checkpoint it kept, or one of those that it read is damaged.
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
	if cfg.room == (room{}) {
		cfg.room = defaultRoom
	}
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: maxRounds, IdleConnTimeout: time.Minute}}
	}
	d := &Depositary{
		cfg: cfg, records: map[agreement.Digest]*hosted{}, rounds: make(chan struct{}, maxRounds),
		halt: make(chan error, 1), waiters: mirror.NewWaiters(maxWaiters), seen: access.NewSeen(), objects: newObjects(), shelf: newShelf(cfg.room),
	}
	d.life, d.end = context.WithCancel(context.Background())
	d.agenda.wake = make(chan struct{}, 1)
	if err := durable.MkdirAll(cfg.FS, filepath.Join(cfg.Dir, "bundle")); err != nil {
		return nil, fmt.Errorf("opening depositary: %w", err)
	}
	var err error
	if d.store, err = store.Open(filepath.Join(cfg.Dir, "store"), store.Options{Sign: d.sign, FS: cfg.FS, Inline: cfg.Inline, SegmentSize: cfg.Segment}); err != nil {
		return nil, fmt.Errorf("opening depositary: %w", err)
	}
	err = d.load()
	if err == nil {
		err = d.loadObjects()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening depositary: %w", err), d.store.Close())
	}
	return d, nil
}

// Close gives the folder up; call it after Run has returned.
func (d *Depositary) Close() error {
	d.end()
	return d.store.Close()
}

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
	unread := d.wake()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var all sync.WaitGroup
		all.Go(func() { d.survey(ctx, unread) })
		d.attend(ctx)
		all.Wait()
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
