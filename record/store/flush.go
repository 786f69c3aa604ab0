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
}

// seal begins a new segment and hands the full one to the flusher.
func (s *Store) seal() error {
	if err := s.nextSegment(false); err != nil {
		return err
	}
	s.mu.Lock()
	job := flushJob{logs: s.dirty, oldest: s.seg.number}
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
	g := &segment{number: s.seg.number + 1, first: s.next, flushed: flushed}
	f, err := createSegment(s.fs, filepath.Join(s.dir, "wal"), g, s.opt.Rand)
	if err != nil {
		return fmt.Errorf("turning the write-ahead file: %w", err)
	}
	if s.active != nil {
		if err := s.active.Close(); err != nil {
			return fmt.Errorf("turning the write-ahead file: %w", err)
		}
	}
	s.active, s.seg, s.written = f, g, 0
	return nil
}

// turn flushes everything and begins a segment that says so. Only recovery and
// Close use it, when no other goroutine writes.
func (s *Store) turn(closing bool) error {
	if closing && s.written == 0 && len(s.dirty) == 0 {
		return nil
	}
	if err := s.flushLogs(s.dirty); err != nil {
		return err
	}
	if err := s.nextSegment(true); err != nil {
		return err
	}
	if err := s.flush(flushJob{oldest: s.seg.number}); err != nil {
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
	for _, name := range names {
		if n, ok := parseSegmentName(name); ok && n < job.oldest {
			if err := s.fs.Remove(filepath.Join(wal, name)); err != nil {
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
	workers := maxFlushers
	if s.opt.flushInline {
		workers = 1
	}
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	for range min(workers, len(list)) {
		wg.Go(func() {
			for failed.Load() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(list) {
					return
				}
				if err := s.flushLog(list[i]); err != nil {
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
	p := pending{head: l.head, flushed: l.flushed, rewrite: l.rewrite, notes: l.notes, notesFlushed: l.notesFlushed}
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

// flushLog writes a record's full tiles, then its cosigned checkpoints, then
// its tail file, which makes them count.
func (s *Store) flushLog(l *Log) error {
	p := l.pending()
	grown := p.head.Size > p.flushed
	if p.flushed == 0 {
		if err := durable.Mkdir(s.fs, l.dir); err != nil {
			return err
		}
	}
	if len(p.notes) > 0 {
		if err := s.mkdirs(l, "cosigned"); err != nil {
			return err
		}
	}
	for i := range p.notes {
		name := filepath.Join(l.dir, "cosigned", p.notes[i].name())
		if err := durable.WriteFile(s.fs, name, p.notes[i].note); err != nil {
			return err
		}
	}
	if grown || p.rewrite || len(p.notes) > 0 {
		t, err := s.flushTiles(l, &p)
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
	l.flushed = p.head.Size
	l.edge.trim(l.flushed)
	if l.edge.size == l.flushed {
		l.edge = nil
	}
}

// flushTiles writes the tiles that have become full and returns the new tail.
func (s *Store) flushTiles(l *Log, p *pending) (*tail, error) {
	var old *tail
	if p.flushed%tileWidth != 0 || p.hashes == nil {
		var err error
		if old, err = l.readTail(); err != nil {
			return nil, err
		}
	}
	if p.hashes == nil {
		return old, nil // to be written anew as it is
	}
	entries := p.entries
	if old != nil {
		first, err := old.checkedEntries()
		if err != nil {
			return nil, damaged(l.where(), "tail file: %v", err)
		}
		entries = append(first, entries...)
	}
	t := &tail{origin: l.origin, size: p.head.Size, root: p.head.Root}
	var err error
	for n := p.flushed / tileWidth; n < p.head.Size/tileWidth; n++ {
		var bundle []byte
		for _, e := range entries[:tileWidth] {
			bundle = appendEntry(bundle, e)
		}
		entries = entries[tileWidth:]
		if err = s.writeTile(l, entryLevel, n, bundle); err != nil {
			return nil, err
		}
	}
	for _, e := range entries {
		t.bundle = appendEntry(t.bundle, e)
	}
	for level, hashes := range p.hashes {
		n := p.base[level] / tileWidth
		for ; len(hashes) >= tileWidth; hashes = hashes[tileWidth:] {
			if err = s.writeTile(l, level, n, appendHashes(nil, hashes[:tileWidth])); err != nil {
				return nil, err
			}
			n++
		}
		t.partial = append(t.partial, hashes)
	}
	return t, nil
}

func (s *Store) writeTile(l *Log, level int, n int64, data []byte) error {
	t := tlog.Tile{H: tileHeight, L: level, N: n, W: tileWidth}
	name := filepath.FromSlash(tilePath(t))
	if err := s.mkdirs(l, filepath.Dir(name)); err != nil {
		return err
	}
	return durable.WriteFile(s.fs, filepath.Join(l.dir, name), data)
}

// mkdirs makes a folder in a record's. Each level is synced also if it exists,
// for it may be what an interrupted flush left.
func (s *Store) mkdirs(l *Log, name string) error {
	dir := l.dir
	for part := range strings.SplitSeq(filepath.ToSlash(name), "/") {
		dir = filepath.Join(dir, part)
		if err := durable.Mkdir(s.fs, dir); err != nil {
			return err
		}
	}
	return nil
}
