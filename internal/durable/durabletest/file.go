package durabletest

import (
	"bytes"
	"io/fs"
	"os"
)

// A file is an open file. Writes go to its end, or one behind the other.
type file struct {
	fs   *FS
	name string
	n    *node
	flag int
	at   int
}

func (f *file) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.dead {
		return 0, ErrCrashed
	}
	return int64(len(f.n.data)), nil
}

func (f *file) ReadAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.dead {
		return 0, ErrCrashed
	}
	if f.fs.ReadFault != nil {
		if err := f.fs.ReadFault(f.name); err != nil {
			return 0, &fs.PathError{Op: "read", Path: f.name, Err: err}
		}
	}
	return bytes.NewReader(f.n.data).ReadAt(b, off)
}

func (f *file) Write(b []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.flag&os.O_APPEND != 0 {
		f.at = len(f.n.data)
	}
	n, err := f.write(b, f.at)
	f.at += n
	return n, err
}

func (f *file) WriteAt(b []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.flag&os.O_APPEND != 0 {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: fs.ErrInvalid}
	}
	return f.write(b, int(off))
}

// write is called with f.fs.mu held.
func (f *file) write(b []byte, at int) (int, error) {
	if f.flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: fs.ErrPermission}
	}
	written := 0
	write := func(b []byte) {
		f.n.data = put(f.n.data, at, b)
		f.n.dirty = append(f.n.dirty, span{at, at + len(b)})
		written = len(b)
	}
	err := f.fs.do("write", f.name, func() { write(b) }, func() { write(b[:len(b)/2]) })
	if err != nil {
		return written, &fs.PathError{Op: "write", Path: f.name, Err: err}
	}
	return written, nil
}

// Sync writes what is dirty. If it fails, what it did not write is clean all
// the same.
func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	dirty := f.n.dirty
	sync := func(spans []span) {
		for _, s := range spans {
			f.n.disk = put(f.n.disk, s.lo, f.n.data[s.lo:s.hi])
		}
	}
	err := f.fs.do("sync", f.name,
		func() { sync(dirty) },
		func() {
			sync(dirty[:len(dirty)/2])
			for _, s := range dirty[len(dirty)/2:] {
				sync([]span{{s.lo, (s.lo + s.hi) / 2}})
			}
		})
	if f.fs.dead {
		return &fs.PathError{Op: "sync", Path: f.name, Err: err}
	}
	f.n.dirty = nil
	if err != nil {
		return &fs.PathError{Op: "sync", Path: f.name, Err: err}
	}
	return nil
}

func (f *file) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.dead {
		return ErrCrashed
	}
	return nil
}
