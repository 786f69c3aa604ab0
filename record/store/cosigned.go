package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"detente/internal/durable"
	"detente/statement"
)

// A cosigned is a cosigned checkpoint kept beside its record, in the file
// cosigned/<size>-<ordinal>. Ordinals count from 0 without holes.
type cosigned struct {
	ordinal uint32
	head    statement.Head
	note    []byte
}

func (c *cosigned) name() string { return fmt.Sprintf("%016d-%08d", c.head.Size, c.ordinal) }

func parseCosignedName(name string) (c cosigned, ok bool) {
	if len(name) != 16+1+8 {
		return c, false
	}
	size, err := strconv.ParseInt(name[:16], 10, 64)
	ordinal, err2 := strconv.ParseUint(name[17:], 10, 32)
	c.head.Size, c.ordinal = size, uint32(ordinal)
	return c, err == nil && err2 == nil && c.name() == name
}

// PutCosigned keeps a cosigned checkpoint of this record, durably. The caller
// has verified its signatures. A checkpoint that this record's entries
// contradict, or that covers more of them than there are, fails with
// ErrRollback, and the record takes nothing more until the store is opened
// again: what was acknowledged has been lost.
func (l *Log) PutCosigned(ctx context.Context, note []byte) error {
	head, err := parseCheckpoint(l.origin, note)
	if err == nil && head.Size == 0 {
		err = errors.New("it is of size 0, which shows nothing")
	}
	if err != nil {
		return fmt.Errorf("keeping a cosigned checkpoint: %w", err)
	}
	if err := l.matches(head); err != nil {
		return fmt.Errorf("keeping a cosigned checkpoint: %w", err)
	}
	r := &request{log: l, expect: -1, note: &cosigned{head: head, note: bytes.Clone(note)}}
	return l.s.submit(ctx, r)
}

// matches compares a checkpoint with the entries. A difference breaks the
// record; failing to find out does not.
func (l *Log) matches(head statement.Head) error {
	have := l.Head()
	if head.Size > have.Size {
		return l.breakOff(rollback("record "+l.origin, "size %d was cosigned, there are %d entries", head.Size, have.Size))
	}
	root, err := l.RootAt(head.Size)
	if err != nil {
		return err
	}
	if root != head.Root {
		return l.breakOff(rollback("record "+l.origin, "root %v was cosigned for size %d, its entries give %v", head.Root, head.Size, root))
	}
	return nil
}

// breakOff makes the record refuse everything from now on.
func (l *Log) breakOff(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken == nil {
		l.broken = err
	}
	return err
}

// Cosigned returns the kept cosigned checkpoint of the largest size, the last
// put of several; nil if there is none.
func (l *Log) Cosigned() []byte {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.latest.note
}

// AllCosigned returns every cosigned checkpoint kept, in the order of their
// sizes and then of their being put.
func (l *Log) AllCosigned() ([][]byte, error) {
	l.files.RLock()
	defer l.files.RUnlock()
	l.mu.RLock()
	fresh := make(map[string][]byte, len(l.notes))
	for _, c := range l.notes {
		fresh[c.name()] = c.note
	}
	flushed := l.notesFlushed
	l.mu.RUnlock()
	names := make([]string, 0, len(fresh))
	if flushed > 0 {
		list, err := l.s.fs.ReadDir(filepath.Join(l.dir, "cosigned"))
		if err != nil {
			return nil, fmt.Errorf("listing cosigned checkpoints: %w", err)
		}
		for _, name := range list {
			if c, ok := parseCosignedName(name); ok && c.ordinal < flushed {
				names = append(names, name)
			}
		}
	}
	for name := range fresh {
		names = append(names, name)
	}
	return l.readCosigned(names, fresh)
}

func (l *Log) readCosigned(names []string, fresh map[string][]byte) ([][]byte, error) {
	slices.Sort(names)
	notes := make([][]byte, 0, len(names))
	for _, name := range names {
		note, ok := fresh[name]
		if !ok {
			var err error
			note, err = durable.ReadFile(l.s.fs, filepath.Join(l.dir, "cosigned", name), MaxNote)
			if err != nil {
				return nil, damaged("record "+l.origin, "cosigned checkpoint %s: %v", name, err)
			}
		}
		notes = append(notes, note)
	}
	return notes, nil
}

// hasCosigned says that this very note was the last put of its size.
func (l *Log) hasCosigned(c *cosigned) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return c.head == l.latest.head && bytes.Equal(c.note, l.latest.note)
}

// stageNote gives a note its ordinal.
func (l *Log) stageNote(c *cosigned) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.ordinal = l.noteNext
	l.noteNext++
	return nil
}

// publishNotes is called with l.mu held.
func (l *Log) publishNotes(notes []cosigned) {
	for _, c := range notes {
		l.notes = append(l.notes, c)
		if c.head.Size >= l.latest.head.Size {
			l.latest = c
		}
	}
}
