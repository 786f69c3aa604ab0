package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"detente/internal/durable"
	"detente/statement"
)

// open brings a folder into the state from which commits go on.
//
// What it reads may be only in the page cache, left by a process whose sync
// failed, and a second sync would not tell. So nothing that the write-ahead
// file mentions is signed again before it has been written anew, to other
// files: every such record is flushed, and a new segment begun.
func (s *Store) open() error {
	if err := durable.MkdirAll(s.fs, s.dir); err != nil {
		return err
	}
	for _, name := range []string{"wal", "log", "object"} {
		if err := durable.Mkdir(s.fs, filepath.Join(s.dir, name)); err != nil {
			return err
		}
	}
	var err error
	if s.lock, err = s.fs.Lock(filepath.Join(s.dir, "lock")); err != nil {
		return err
	}
	for _, name := range []string{"", "wal"} {
		if err := durable.RemoveTemps(s.fs, filepath.Join(s.dir, name)); err != nil {
			return err
		}
	}
	if err := s.loadLogs(); err != nil {
		return err
	}
	if err := s.replay(); err != nil {
		return err
	}
	for origin, l := range s.logs {
		if l.head.Size == 0 {
			// A folder made for a first entry that was never acknowledged.
			delete(s.logs, origin)
			continue
		}
		if l.latest.note == nil {
			continue
		}
		if err := l.matches(l.latest.head); err != nil {
			return err
		}
	}
	if err := s.turn(false); err != nil {
		return err
	}
	for _, origin := range s.Origins() {
		l := s.logs[origin]
		if l.checkpoint, err = s.signHead(origin, l.head); err != nil {
			return err
		}
	}
	return nil
}

const storeMagic = "detente/store/1\n"

// encodeStoreFile is the content of the file "store": the number of the oldest
// segment that holds anything not flushed, and how many records have a tail
// file at least, so that one that is gone is missed.
func encodeStoreFile(oldest uint64, records int64) []byte {
	return fmt.Appendf(nil, "%ssegment %d\nrecords %d\n", storeMagic, oldest, records)
}

func parseStoreFile(b []byte) (oldest uint64, records int64, err error) {
	n, err := fmt.Sscanf(string(b), storeMagic+"segment %d\nrecords %d\n", &oldest, &records)
	if err != nil || n != 2 || records < 0 || string(encodeStoreFile(oldest, records)) != string(b) {
		return 0, 0, fmt.Errorf("%.100q is not its one spelling", b)
	}
	return oldest, records, nil
}

// loadLogs reads the state of every record that has been flushed.
func (s *Store) loadLogs() error {
	names, err := s.fs.ReadDir(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	for _, name := range names {
		origin, err := folderOrigin(name)
		if err != nil {
			return damaged("folder log", "%v", err)
		}
		l := s.newLog(origin)
		if err := s.loadLog(l); err != nil {
			return err
		}
		s.logs[origin] = l
	}
	return nil
}

// loadLog reads a record's tail file without its entries, and the names of its
// cosigned checkpoints. Without a tail file the record is of size 0 until the
// write-ahead file says more.
func (s *Store) loadLog(l *Log) error {
	if err := durable.RemoveTemps(s.fs, l.dir); err != nil {
		return err
	}
	t, err := s.readTailState(filepath.Join(l.dir, "tail"))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return damaged(l.where(), "tail file: %v", err)
	}
	if t.origin != l.origin {
		return damaged(l.where(), "its tail file is that of %.200q", t.origin)
	}
	l.head = statement.Head{Size: t.size, Root: t.root}
	l.flushed, l.packs = t.size, t.packs
	s.tails.Add(1)
	if err := s.loadCosigned(l); err != nil {
		return err
	}
	if l.notesFlushed < t.notes {
		return damaged(l.where(), "of %d cosigned checkpoints there are %d", t.notes, l.notesFlushed)
	}
	return nil
}

func (s *Store) readTailState(name string) (*tail, error) {
	f, err := s.fs.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	b := make([]byte, min(size, maxTailState))
	if n, err := f.ReadAt(b, 0); n < len(b) {
		return nil, err
	}
	return parseTail(b)
}

func (s *Store) loadCosigned(l *Log) error {
	dir := filepath.Join(l.dir, "cosigned")
	err := durable.RemoveTemps(s.fs, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // none was ever put
	}
	if err != nil {
		return err
	}
	names, err := s.fs.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		c, ok := parseCosignedName(name)
		if !ok {
			return damaged(l.where(), "cosigned/%s is not a name of this store", name)
		}
		l.notesFlushed = max(l.notesFlushed, c.ordinal+1)
		l.latest = c // names are sorted by size, then ordinal
	}
	if int(l.notesFlushed) != len(names) {
		return damaged(l.where(), "of %d cosigned checkpoints there are %d", l.notesFlushed, len(names))
	}
	l.noteNext = l.notesFlushed
	if len(names) == 0 {
		return nil
	}
	latest := &l.latest
	latest.note, err = l.readFile("cosigned/"+latest.name(), MaxNote)
	if err != nil {
		return err
	}
	head, err := parseCheckpoint(l.origin, latest.note)
	if err != nil || head.Size != latest.head.Size {
		return damaged(l.where(), "cosigned/%s: is of size %d: %v", latest.name(), head.Size, err)
	}
	latest.head = head
	return nil
}

// replay applies the write-ahead file to the records.
func (s *Store) replay() error {
	segments, err := s.liveSegments()
	if err != nil {
		return err
	}
	s.last, s.next = 0, 1
	for i, number := range segments {
		name := segmentName(number)
		data, err := durable.ReadFile(s.fs, filepath.Join(s.dir, "wal", name), maxSegmentFile)
		if err != nil {
			return err
		}
		g, err := parseSegmentHead(data)
		if err == nil && g.number != number {
			err = fmt.Errorf("it is number %d", g.number)
		}
		if err == nil && i > 0 && !g.flushed && g.first != s.next {
			err = fmt.Errorf("it begins at frame %d where %d was expected: the segment before it lacks acknowledged frames", g.first, s.next)
		}
		if err != nil {
			return damaged("write-ahead file "+name, "%v", err)
		}
		s.last, s.next = number, g.first
		s.next, err = g.scanFrames(data[segmentHeadSize:], s.replayFrame)
		if err != nil {
			return damaged("write-ahead file "+name, "%v", err)
		}
	}
	return nil
}

// liveSegments lists the segments to replay, in order. The store file names
// the oldest that is needed; it is written after the first segment, so a store
// without one must be empty.
func (s *Store) liveSegments() ([]uint64, error) {
	names, err := s.fs.ReadDir(filepath.Join(s.dir, "wal"))
	if err != nil {
		return nil, err
	}
	var list []uint64
	for _, name := range names {
		n, ok := parseSegmentName(name)
		if !ok {
			return nil, damaged("folder wal", "%q is not a name of this store", name)
		}
		list = append(list, n)
	}
	data, err := durable.ReadFile(s.fs, filepath.Join(s.dir, "store"), 1<<10)
	if errors.Is(err, fs.ErrNotExist) {
		if len(s.logs) > 0 || len(list) > 0 && list[0] != 1 {
			return nil, damaged("file store", "it is missing")
		}
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	oldest, records, err := parseStoreFile(data)
	if err != nil {
		return nil, damaged("file store", "%v", err)
	}
	if have := s.tails.Load(); have < records {
		return nil, damaged("folder log", "of %d records there are %d with a tail file", records, have)
	}
	list = slices.DeleteFunc(list, func(n uint64) bool { return n < oldest })
	if len(list) == 0 || list[0] != oldest || list[len(list)-1]-oldest != uint64(len(list)-1) {
		return nil, damaged("folder wal", "segments %v are there, all from %d on are needed", list, oldest)
	}
	return list, nil
}

func (s *Store) replayFrame(sections []*section) error {
	for _, sec := range sections {
		if err := s.replaySection(sec); err != nil {
			return fmt.Errorf("record %s: %w", sec.origin, err)
		}
	}
	return nil
}

// replaySection applies what a record lacks, and checks what it has.
func (s *Store) replaySection(sec *section) error {
	l := s.logs[sec.origin]
	if l == nil {
		l = s.newLog(sec.origin)
		s.logs[sec.origin] = l
	}
	l.rewrite = true
	s.dirty[l] = struct{}{}
	end := sec.first + int64(len(sec.entries))
	switch {
	case end <= l.flushed:
		if end == l.flushed && sec.root != l.head.Root && l.edge == nil {
			return fmt.Errorf("root %v of size %d is not that of the tail file, %v", sec.root, end, l.head.Root)
		}
	case sec.first != l.head.Size:
		return fmt.Errorf("entries %d to %d do not follow the %d entries there are: its folder is older than the write-ahead file", sec.first, end, l.head.Size)
	default:
		if err := l.replayEntries(sec); err != nil {
			return err
		}
	}
	for _, c := range sec.notes {
		if err := l.replayNote(c); err != nil {
			return err
		}
	}
	return nil
}

func (l *Log) replayEntries(sec *section) error {
	if l.edge == nil {
		e, err := l.loadEdge()
		if err != nil {
			return err
		}
		l.edge = e
	}
	for _, leaf := range sec.leaves {
		l.edge.add(leaf)
	}
	l.fresh = append(l.fresh, sec.entries...)
	if root := l.edge.root(); root != sec.root {
		return fmt.Errorf("its entries give root %v for size %d, %v was signed", root, l.edge.size, sec.root)
	}
	l.head = statement.Head{Size: l.edge.size, Root: sec.root}
	return nil
}

// replayNote takes a note to be written anew, also if a file has it.
func (l *Log) replayNote(c cosigned) error {
	head, err := parseCheckpoint(l.origin, c.note)
	if err != nil {
		return err
	}
	if c.ordinal > l.noteNext {
		return fmt.Errorf("cosigned checkpoint %d does not follow the %d there are", c.ordinal, l.noteNext)
	}
	c.head, c.note = head, bytes.Clone(c.note) // not to hold the whole segment
	l.noteNext = max(l.noteNext, c.ordinal+1)
	l.publishNotes([]cosigned{c})
	return nil
}
