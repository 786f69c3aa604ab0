package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"detente/internal/durable"
)

// Options are what a store needs besides its folder.
type Options struct {
	// Sign signs the head of every commit. It is called by one goroutine at a
	// time, only for heads whose entries are durable. Required.
	Sign CheckpointSigner

	FS          durable.FS // nil: durable.OS
	Rand        io.Reader  // salts of the write-ahead file; nil: crypto/rand
	SegmentSize int64      // bytes after which the write-ahead file is turned; 0: 32 MiB
	// Inline makes every change in the goroutine that asks for it, one after the
	// other, so that a simulation sees one order of operations. It has no group
	// commit.
	Inline bool

	flushInline bool // tests: no flusher goroutine, so that operations come in one order
}

// A Store is a folder of records. Its methods may be called concurrently. It
// has two goroutines, however many records it holds.
type Store struct {
	dir  string
	fs   durable.FS
	sign CheckpointSigner
	opt  Options
	lock io.Closer

	mu      sync.Mutex
	wake    sync.Cond // of the committer: queue, jobs, closing or err changed
	flushes sync.Cond // of the flusher: jobs, drained or err changed
	logs    map[string]*Log
	queue   []*batch
	jobs    []flushJob
	spare   *spare            // nil: none
	dirty   map[*Log]struct{} // with entries or notes in the active segment
	closing bool
	drained bool  // the committer has ended
	err     error // the store has stopped; sticky
	workers sync.WaitGroup

	// expected is how many requests there are when all that were answered last
	// have come back, beside those that waited then.
	expected int

	// The committer's own.
	active *active
	last   uint64 // number of the last segment there is
	next   uint64 // number of the next frame

	tails   atomic.Int64 // records with a tail file
	recent  recent
	objects sync.Mutex
	inline  sync.Mutex
}

// Open opens the store in a folder, making it if it does not exist. It fails
// if another process has it, if it is damaged, or if it shows less than a
// cosigned checkpoint kept in it.
func Open(dir string, opt Options) (*Store, error) {
	if opt.Sign == nil {
		return nil, errors.New("opening store: no signer of checkpoints is given")
	}
	if opt.FS == nil {
		opt.FS = durable.OS
	}
	if opt.Rand == nil {
		opt.Rand = rand.Reader
	}
	if opt.SegmentSize <= 0 {
		opt.SegmentSize = defaultSegment
	}
	s := &Store{
		dir: dir, fs: opt.FS, sign: opt.Sign, opt: opt,
		logs: make(map[string]*Log), dirty: make(map[*Log]struct{}),
	}
	s.opt.flushInline = opt.flushInline || opt.Inline
	s.wake.L, s.flushes.L = &s.mu, &s.mu
	if err := s.open(); err != nil {
		if s.active != nil {
			err = errors.Join(err, s.active.file.Close())
		}
		if s.lock != nil {
			err = errors.Join(err, s.lock.Close())
		}
		return nil, fmt.Errorf("opening store %s: %w", dir, err)
	}
	if !opt.Inline {
		s.workers.Add(1)
		go s.commitLoop()
	}
	if !s.opt.flushInline {
		s.workers.Add(1)
		go s.flushLoop()
	}
	return s, nil
}

// Close finishes what was queued, moves everything out of the write-ahead file
// and gives the folder free. After a stop it only gives it free.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return nil
	}
	s.closing = true
	s.wake.Signal()
	s.mu.Unlock()
	s.workers.Wait()

	err := s.Err()
	err = errors.Join(err, s.dropSpare(err != nil))
	if err == nil {
		err = s.turn(true)
	}
	s.objects.Lock() // an object may be on its way
	defer s.objects.Unlock()
	if s.active != nil {
		err = errors.Join(err, s.active.file.Close())
	}
	return errors.Join(err, s.lock.Close())
}

// Err is nil while the store accepts entries, and then the reason why it does
// not.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// stop ends all writing. Nothing is retried: after a failed write or sync the
// state of the file is unknown until it is read back by Open.
func (s *Store) stop(cause error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = fmt.Errorf("%w: %w: open it again to find out what was kept", ErrStopped, cause)
	}
	for _, b := range s.queue {
		b.finish(s.err)
	}
	s.queue = nil
	s.wake.Signal()
	s.flushes.Signal()
	return s.err
}

// Create begins a record with its first entry. It is durable, and its
// checkpoint signed, before Create returns.
func (s *Store) Create(ctx context.Context, origin string, first []byte) (*Log, error) {
	if err := checkOrigin(origin); err != nil {
		return nil, fmt.Errorf("creating record: %w", err)
	}
	l := s.newLog(origin)
	r := &request{log: l, create: true, expect: 0, entries: [][]byte{first}}
	if err := s.submit(ctx, r); err != nil {
		return nil, fmt.Errorf("creating record %s: %w", origin, err)
	}
	return l, nil
}

// Log returns the record of an origin.
func (s *Store) Log(origin string) (*Log, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.logs[origin]
	return l, ok
}

// Origins lists the records, sorted.
func (s *Store) Origins() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]string, 0, len(s.logs))
	for origin := range s.logs {
		list = append(list, origin)
	}
	slices.Sort(list)
	return list
}

func (s *Store) newLog(origin string) *Log {
	return &Log{s: s, origin: origin, dir: filepath.Join(s.dir, "log", folderName(origin))}
}
