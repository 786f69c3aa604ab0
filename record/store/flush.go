package store

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"

	"detente/internal/durable"
	"detente/statement"
)

// A flushJob moves what sealed segments hold into the records' folders.
type flushJob struct {
	logs   map[*Log]struct{}
	oldest uint64 // the segment that is the oldest needed afterwards

	recycle bool // those before are full, and one may be used again
}

// seal begins a new segment and hands the full one to the flusher.
func (s *Store) seal() error {
	if err := s.nextSegment(false); err != nil {
		return err
	}
	s.mu.Lock()
	job := flushJob{logs: s.dirty, oldest: s.active.number, recycle: true}
	s.dirty = make(map[*Log]struct{})
	if !s.opt.flushInline {
		s.jobs = append(s.jobs, job)
		s.flushes.Signal()
	}
	s.mu.Unlock()
	if s.opt.flushInline {
		return s.flush(job)
	}
	return nil
}

// nextSegment makes a new segment the active one.
func (s *Store) nextSegment(flushed bool) error {
	g := segment{format: 2, number: s.last + 1, first: s.next, flushed: flushed}
	a, err := createSegment(s.fs, filepath.Join(s.dir, "wal"), g, s.opt.SegmentSize, s.opt.Rand, s.takeSpare())
	if err != nil {
		return fmt.Errorf("turning the write-ahead file: %w", err)
	}
	if s.active != nil {
		if err := s.active.file.Close(); err != nil {
			return fmt.Errorf("turning the write-ahead file: %w", err)
		}
	}
	s.active, s.last = a, g.number
	return nil
}

// turn flushes everything and begins a segment that says so. Only recovery and
// Close use it, when no other goroutine writes.
func (s *Store) turn(closing bool) error {
	if closing && s.active.written() == 0 && len(s.dirty) == 0 {
		return nil
	}
	if err := s.flushLogs(s.dirty); err != nil {
		return err
	}
	if err := s.nextSegment(true); err != nil {
		return err
	}
	if err := s.flush(flushJob{oldest: s.active.number}); err != nil {
		return err
	}
	s.mu.Lock()
	s.dirty = make(map[*Log]struct{})
	s.mu.Unlock()
	return nil
}

// flushLoop is the flusher.
func (s *Store) flushLoop() {
	defer s.workers.Done()
	for {
		s.mu.Lock()
		for s.err == nil && len(s.jobs) == 0 && !s.drained {
			s.flushes.Wait()
		}
		if s.err != nil || len(s.jobs) == 0 {
			s.mu.Unlock()
			return
		}
		job := s.jobs[0]
		s.mu.Unlock()

		if err := s.flush(job); err != nil {
			s.stop(err)
			return
		}
		s.mu.Lock()
		s.jobs = s.jobs[1:]
		s.wake.Signal()
		s.mu.Unlock()
	}
}

// flush writes the records of a job, then notes in the store file that older
// segments are not needed, then removes these.
func (s *Store) flush(job flushJob) error {
	if err := s.flushLogs(job.logs); err != nil {
		return err
	}
	if err := durable.WriteFile(s.fs, filepath.Join(s.dir, "store"), encodeStoreFile(job.oldest, s.tails.Load())); err != nil {
		return err
	}
	wal := filepath.Join(s.dir, "wal")
	names, err := s.fs.ReadDir(wal)
	if err != nil {
		return fmt.Errorf("listing the write-ahead files: %w", err)
	}
	end := s.letGo
	if job.recycle {
		end = s.recycle
	}
	for _, name := range names {
		if n, ok := parseSegmentName(name); ok && n < job.oldest {
			if err := end(filepath.Join(wal, name)); err != nil {
				return fmt.Errorf("removing a flushed write-ahead file: %w", err)
			}
		}
	}
	return nil
}

// flushLogs flushes records, several at once: their syncs then share the file
// system's journal. The first error ends it.
func (s *Store) flushLogs(logs map[*Log]struct{}) error {
	// Sorted, so that faults injected by tests come at the same places.
	byOrigin := func(a, b *Log) int { return strings.Compare(a.origin, b.origin) }
	list := slices.SortedFunc(maps.Keys(logs), byOrigin)
	atOnce := maxFlushers
	if s.opt.flushInline {
		atOnce = 1
	}
	// Those of one record's tiles may be many and those of many records few:
	// together they are no more than atOnce.
	return each(len(list), atOnce, func(i int) error {
		return s.flushLog(list[i], max(1, atOnce/len(list)))
	})
}

// each calls fn for 0 to n-1, at most so many at once. The first error ends it.
func each(n, atOnce int, fn func(i int) error) error {
	if atOnce = min(atOnce, n); atOnce <= 1 {
		for i := range n {
			if err := fn(i); err != nil {
				return err
			}
		}
		return nil
	}
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range atOnce {
		wg.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				if err := fn(i); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// A pending is what of a record is published and not yet flushed.
type pending struct {
	head    statement.Head
	flushed int64
	packs   packs
	rewrite bool
	entries [][]byte      // from flushed to the head
	base    []int64       // as in edge
	hashes  [][]tlog.Hash // as in edge, up to the head
	notes   []cosigned

	notesFlushed uint32
}

func (l *Log) pending() pending {
	l.mu.RLock()
	defer l.mu.RUnlock()
	p := pending{head: l.head, flushed: l.flushed, packs: l.packs, rewrite: l.rewrite, notes: l.notes, notesFlushed: l.notesFlushed}
	p.entries = l.fresh[:l.head.Size-l.flushed]
	if l.edge != nil {
		for level := range levels(l.head.Size) {
			base := l.edge.base[level]
			p.base = append(p.base, base)
			p.hashes = append(p.hashes, l.edge.hashes[level][:levelCount(l.head.Size, level)-base])
		}
	}
	return p
}

// flushLog writes a record's full bundles and tiles, then its cosigned checkpoints, then
// its tail file, which makes them count. atOnce tiles are written at once.
func (s *Store) flushLog(l *Log, atOnce int) error {
	p := l.pending()
	grown := p.head.Size > p.flushed
	if p.flushed == 0 {
		if err := durable.Mkdir(s.fs, l.dir); err != nil {
			return err
		}
	}
	if err := s.flushNotes(l, p.notes); err != nil {
		return err
	}
	if grown || p.rewrite || len(p.notes) > 0 {
		t, err := s.flushTiles(l, &p, atOnce)
		if err != nil {
			return err
		}
		t.notes = max(t.notes, p.notesFlushed)
		for i := range p.notes {
			t.notes = max(t.notes, p.notes[i].ordinal+1)
		}
		l.files.Lock()
		defer l.files.Unlock()
		if err := durable.WriteFile(s.fs, filepath.Join(l.dir, "tail"), t.encode()); err != nil {
			return err
		}
		p.packs = t.packs
	}
	l.settle(&p)
	return nil
}

// settle forgets what has been flushed. If there is nothing beyond it the
// record is idle, and its edge goes too.
func (l *Log) settle(p *pending) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rewrite = false
	l.notes = append([]cosigned(nil), l.notes[len(p.notes):]...)
	for _, c := range p.notes {
		l.notesFlushed = max(l.notesFlushed, c.ordinal+1)
	}
	if p.head.Size == l.flushed {
		return
	}
	if l.flushed == 0 {
		l.s.tails.Add(1)
	}
	l.fresh = append([][]byte(nil), l.fresh[p.head.Size-l.flushed:]...)
	l.flushed, l.packs = p.head.Size, p.packs
	l.edge.trim(l.flushed)
	if l.edge.size == l.flushed {
		l.edge = nil
	}
}

// flushNotes writes cosigned checkpoints.
func (s *Store) flushNotes(l *Log, notes []cosigned) error {
	if len(notes) == 0 {
		return nil
	}
	dir := filepath.Join(l.dir, "cosigned")
	if err := durable.Mkdir(s.fs, dir); err != nil {
		return err
	}
	for i := range notes {
		if err := durable.PutFile(s.fs, filepath.Join(dir, notes[i].name()), notes[i].note); err != nil {
			return err
		}
	}
	return s.fs.SyncDir(dir)
}
