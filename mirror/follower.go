package mirror

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"

	"detente/agreement"
	"detente/internal/durable"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// A Follower keeps a verified copy of one record in a folder and folds it. Its
// methods may be called at the same time.
type Follower struct {
	dir    string
	fs     durable.FS
	client *Client // nil: only what is in the folder
	lock   io.Closer

	agreement *agreement.Agreement
	bundle    *agreement.Bundle
	archive   []byte // the bundle's
	origin    string

	limits   Limits
	progress func(have, size int64)

	moving   sync.Mutex   // held while the copy advances, before mu
	heard    atomic.Int64 // when fetching last went well, Unix milliseconds; 0: never
	said     atomic.Int64 // when a divergence was last said, Unix milliseconds
	log      *slog.Logger // nil: nothing is said
	mu       sync.RWMutex
	fold     *record.Fold
	head     statement.Checkpoint // the largest seen; the fold has it, or is on its way to a larger one
	headNote []byte
	final    final
	changed  chan struct{} // closed at the next change; nil if nobody waits
	trials   trials        // of heads whose signers were not known, under moving
}

// A final is the newest checkpoint cosigned by a quorum.
type final struct {
	note  []byte
	proof *record.Proof
}

// Config is what a follower is given.
type Config struct {
	Dir string // its folder, made if missing; of this record alone
	// Client is where the record is fetched; nil to open what is there.
	Client *Client
	FS     durable.FS // durable.OS if nil
	Limits Limits     // DefaultLimits if zero
	// Progress is told, while much is fetched, how many entries of how many are
	// here and verified. May be nil.
	Progress func(have, size int64)
	// Log is told when the host shows an older record, which ends no wait. May
	// be nil.
	Log *slog.Logger
}

// Limits are the most that a mirror takes of one record, whatever its
// depositary signs.
type Limits struct {
	Entries int64
	Bytes   int64 // of the entries that one update brings
	// Trial and TrialBytes are the most that is fetched on trial, of a head that
	// nobody signed whom the copy knows to host the record, until somebody it
	// knows vouches for it.
	Trial, TrialBytes int64
}

// DefaultLimits are far above what an agreement needs, and below what fills a
// machine: a fold keeps some hundred bytes of every entry in memory.
var DefaultLimits = Limits{Entries: 1 << 24, Bytes: 8 << 30, Trial: 1 << 16, TrialBytes: 64 << 20}

// Open opens or begins a mirror. The first time it fetches the agreement;
// later it needs no network until Update.
func Open(ctx context.Context, cfg Config) (*Follower, error) {
	f := &Follower{dir: cfg.Dir, fs: cfg.FS, client: cfg.Client, limits: cfg.Limits, progress: cfg.Progress, log: cfg.Log}
	if f.limits == (Limits{}) {
		f.limits = DefaultLimits
	}
	f.limits.Trial = cmp.Or(f.limits.Trial, DefaultLimits.Trial)
	f.limits.TrialBytes = cmp.Or(f.limits.TrialBytes, DefaultLimits.TrialBytes)
	if f.progress == nil {
		f.progress = func(int64, int64) {}
	}
	if f.fs == nil {
		f.fs = durable.OS
	}
	if err := durable.MkdirAll(f.fs, f.dir); err != nil {
		return nil, fmt.Errorf("opening mirror: %w", err)
	}
	var err error
	if f.lock, err = f.fs.Lock(filepath.Join(f.dir, "lock")); err != nil {
		return nil, fmt.Errorf("opening mirror: %w", err)
	}
	err = f.loadBundle(ctx)
	if err == nil {
		err = f.load()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening mirror %s: %w", f.dir, err), f.lock.Close())
	}
	if f.client != nil {
		f.client.follows(f)
	}
	return f, nil
}

// Close gives the folder up.
func (f *Follower) Close() error { return f.lock.Close() }

// loadBundle reads the agreement from the folder, or fetches it.
func (f *Follower) loadBundle(ctx context.Context) error {
	name := filepath.Join(f.dir, "bundle")
	archive, err := durable.ReadFile(f.fs, name, record.MaxBundle)
	switch {
	case errors.Is(err, fs.ErrNotExist) && f.client != nil:
		b, err := f.client.Bundle(ctx)
		if err != nil {
			return err
		}
		if archive, err = record.EncodeBundle(b); err != nil {
			return err
		}
		if err := durable.WriteFile(f.fs, name, archive); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	b, err := record.DecodeBundle(archive)
	if err != nil {
		return &durable.DamagedError{Name: name, Why: err, Mend: "delete it: it is fetched again"}
	}
	id := b.Digest()
	if f.client != nil {
		id = f.client.id
	}
	if f.agreement, err = readAgreement(b, id); err != nil {
		return fmt.Errorf("%s: %w; a mirror's folder holds one record", name, err)
	}
	f.bundle, f.archive = b, archive
	f.origin = record.Origin(f.agreement)
	if f.client != nil {
		f.client.remember(b, f.agreement)
	}
	return nil
}

// remember spares the client from fetching what its caller has.
func (c *Client) remember(b *agreement.Bundle, a *agreement.Agreement) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.text == nil {
		c.bundle, c.text = b, a
	}
}

// Recall has the client know its agreement from a mirror's folder, so that
// whoever has followed the record before can start while nobody answers. A
// folder that has no agreement yet is no error.
func (c *Client) Recall(dir string) error {
	name := filepath.Join(dir, "bundle")
	archive, err := durable.ReadFile(durable.OS, name, record.MaxBundle)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	b, err := record.DecodeBundle(archive)
	if err != nil {
		return &durable.DamagedError{Name: name, Why: err, Mend: "delete it: it is fetched again"}
	}
	a, err := readAgreement(b, c.id)
	if err != nil {
		return fmt.Errorf("%s: %w; a mirror's folder holds one record", name, err)
	}
	c.remember(b, a)
	return nil
}

// load folds what is in the folder. The head there is believed, and only what
// gives its root is: entries that do not are fetched again.
func (f *Follower) load() error {
	var err error
	if f.fold, err = record.NewFold(f.agreement); err != nil {
		return err
	}
	f.fold.ReadFrom(&kept{f: f})
	f.head = statement.Checkpoint{Origin: f.origin, Root: f.fold.Root()}
	name := filepath.Join(f.dir, "head")
	note, err := durable.ReadFile(f.fs, name, statement.MaxNote)
	if errors.Is(err, fs.ErrNotExist) {
		return f.headless(name)
	}
	if err != nil {
		return err
	}
	if f.head, err = f.unsigned(note); err != nil {
		return damagedHead(name, err)
	}
	f.headNote = note
	var tree record.Frontier
	err = f.eachTile(f.head.Size, func(entries [][]byte) {
		for _, e := range entries {
			tree.Add(tlog.RecordHash(e))
		}
	})
	if err != nil {
		return err
	}
	whole := tree.Size() == f.head.Size && tree.Root() == f.head.Root
	if whole { // otherwise Update fetches them anew and compares them with the head
		if err := f.refold(f.fold, f.head.Size); err != nil {
			return err
		}
	}
	if err := f.signed(note, f.head.Size); err != nil {
		return damagedHead(name, err)
	}
	if whole {
		f.loadFinal()
	}
	return nil
}

// rootWith is the root of a fold with more entries, which it does not append.
func rootWith(f *record.Fold, entries [][]byte) (tlog.Hash, error) {
	old := f.HashReader()
	first := tlog.StoredHashCount(f.Size())
	var fresh []tlog.Hash
	both := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for k, i := range indexes {
			if i >= first {
				if i-first >= int64(len(fresh)) {
					return nil, fmt.Errorf("hash %d is past the tree", i)
				}
				out[k] = fresh[i-first]
				continue
			}
			h, err := old.ReadHashes([]int64{i})
			if err != nil {
				return nil, err
			}
			out[k] = h[0]
		}
		return out, nil
	})
	size := f.Size()
	for _, e := range entries {
		more, err := tlog.StoredHashes(size, e, both)
		if err != nil {
			return tlog.Hash{}, err
		}
		fresh = append(fresh, more...)
		size++
	}
	return tlog.TreeHash(size, both)
}

// Agreement is the agreement whose record this is.
func (f *Follower) Agreement() *agreement.Agreement { return f.agreement }

// InForce is the text in force, by the bundle of which statements are made.
func (f *Follower) InForce() *agreement.Agreement {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.fold.InForce()
}

// Bundle is the agreement's bundle.
func (f *Follower) Bundle() *agreement.Bundle { return f.bundle }

// Client is where the record is fetched; nil if nowhere.
func (f *Follower) Client() *Client { return f.client }

// Fold is the record as of the last Update. It is live, and another one may take
// its place: ask again after an Update, and use With if another goroutine may
// call that.
func (f *Follower) Fold() *record.Fold { return f.fold }

// With calls read with the fold while nothing changes it.
func (f *Follower) With(read func(*record.Fold)) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	read(f.fold)
}

// Head is the largest head seen, and the signed checkpoint that shows it; nil
// before the first Update.
func (f *Follower) Head() (statement.Head, []byte) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.head.Head(), f.headNote
}

// Final is the newest checkpoint cosigned by a quorum: entries below the size
// are final. The note is nil while there is none.
func (f *Follower) Final() (size int64, note []byte) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.final.proof == nil {
		return 0, nil
	}
	return f.final.proof.Head.Size, f.final.note
}

// Changed is closed at the next change of the head or the final checkpoint.
// Take it before looking at them.
func (f *Follower) Changed() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	return f.changed
}

// news wakes those who wait, with f.mu held.
func (f *Follower) news() {
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}
