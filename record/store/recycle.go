package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"detente/internal/durable"
)

// A spare is the file of a segment that is not needed any more, full of zeroes:
// the next segment. Without it a busy store would write zeroes ahead while its
// writers wait, and have blocks given back to the disk and taken anew.
type spare struct {
	name string // of a temporary file, so that Open removes what it finds
	file durable.File
	size int64
}

// letGo removes a segment that has been flushed.
func (s *Store) letGo(name string) error { return s.fs.Remove(name) }

// recycle makes it the spare instead, if there is none. It runs beside the
// commits; the zeroes are synced in small parts, behind none of which a commit
// waits for long.
func (s *Store) recycle(name string) (err error) {
	s.mu.Lock()
	have := s.spare != nil
	s.mu.Unlock()
	if have {
		return s.letGo(name)
	}
	// Each has its own name: the one before may just be on its way to become
	// a segment.
	temp := name + ".spare.tmp"
	if err := s.fs.Rename(name, temp); err != nil {
		return err
	}
	f, err := s.fs.OpenFile(temp, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	size, err := f.Size()
	if err != nil {
		return err
	}
	for at := int64(0); at < size; at += maxAhead {
		if err := writeZeroes(f, at, min(at+maxAhead, size)); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spare = &spare{temp, f, size}
	return nil
}

// takeSpare returns the spare, if there is one, which is the caller's.
func (s *Store) takeSpare() *spare {
	s.mu.Lock()
	defer s.mu.Unlock()
	sp := s.spare
	s.spare = nil
	return sp
}

// dropSpare closes the spare; a store that has not stopped removes it as well.
func (s *Store) dropSpare(stopped bool) error {
	sp := s.takeSpare()
	if sp == nil {
		return nil
	}
	err := sp.file.Close()
	if !stopped {
		err = errors.Join(err, s.fs.Remove(sp.name))
	}
	return err
}

// become gives the spare the head and the name of a segment.
func (sp *spare) become(fsys durable.FS, name string, head []byte) error {
	_, err := sp.file.WriteAt(head, 0)
	if err == nil {
		err = sp.file.Sync()
	}
	if err == nil {
		err = fsys.Rename(sp.name, name)
	}
	if err == nil {
		err = fsys.SyncDir(filepath.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, errors.Join(err, sp.file.Close()))
	}
	return nil
}

var zeroes [256 << 10]byte

// writeZeroes writes zeroes from one offset to another.
func writeZeroes(f durable.File, from, to int64) error {
	for from < to {
		n, err := f.WriteAt(zeroes[:min(to-from, int64(len(zeroes)))], from)
		if err != nil {
			return err
		}
		from += int64(n)
	}
	return nil
}
