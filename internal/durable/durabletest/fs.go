// Package durabletest has a file system in memory that fails on demand, for
// tests of everything that writes through package durable.
//
// It keeps apart what programs read (the page cache) and what a power cut
// leaves (the disk). Only Sync moves a file's bytes to the disk, and only
// SyncDir a directory's names. A [FS.Fault] function decides the outcome of
// every operation that changes anything: it fails with or without effect, or in
// part, or the machine stops. [FS.Crash] is then the machine started again,
// [FS.Kill] the same machine after only the process died.
//
// As on Linux, a failed Sync marks the pages clean: what it did not write stays
// readable until the next power cut, and a later Sync does not write it either.
//
// Non-promise: names of one directory reach the disk in the order of their
// changes, as journals do it; hard links to directories and renaming
// directories are not there.
package durabletest

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"detente/internal/durable"
)

// ErrCrashed is the answer of a machine that has stopped.
var ErrCrashed = errors.New("machine has stopped")

// ErrInjected is the error of a fault that names no other.
var ErrInjected = fmt.Errorf("injected: %w", syscall.EIO)

// An Op is one operation that changes something.
type Op struct {
	N    int    // counted from 0
	Kind string // create, write, sync, rename, link, remove, mkdir, syncdir
	Name string
}

// An Effect is what a faulty operation does besides returning an error.
type Effect int

// Effects.
const (
	None  Effect = iota // no fault
	Lost                // nothing happens
	Kept                // all of it happens
	Torn                // part of it happens; Lost for what has no parts
	Crash               // it happens, and the machine stops
)

// A Fault is the outcome of one operation. Err is ErrInjected if nil.
type Fault struct {
	Effect Effect
	Err    error
}

// An FS is a machine's file system. It implements durable.FS.
type FS struct {
	// Fault decides the outcome of each operation; nil means no faults. It is
	// called with the file system locked, and must not use it.
	Fault func(Op) Fault
	// ReadFault, if set, gives the error of reading a file, or nil. It is called
	// as Fault is.
	ReadFault func(name string) error

	mu    sync.Mutex
	root  *node
	ops   int
	dead  bool
	loss  Loss
	locks map[string]bool
}

// A Loss is what a power cut did to the sectors that were not synced.
type Loss struct {
	Lost      int
	Kept      int
	Reordered int // kept, though an earlier one of its file was lost
}

// Loss is what the power cut did from which this machine started.
func (f *FS) Loss() Loss {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.loss
}

// Dead says whether the machine has stopped.
func (f *FS) Dead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

// Copy is another machine with what programs read on this one now, all of it
// durable: what a backup restores.
func (f *FS) Copy() *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	g := New()
	g.root = f.root.copied(make(map[*node]*node))
	return g
}

func (n *node) copied(done map[*node]*node) *node {
	if m := done[n]; m != nil {
		return m
	}
	if n.names == nil {
		m := &node{data: slices.Clone(n.data), disk: slices.Clone(n.data)}
		done[n] = m
		return m
	}
	m := newDir()
	done[n] = m
	for name, child := range n.names {
		m.names[name] = child.copied(done)
	}
	apply(m.onDisk, m.names)
	return m
}

var _ durable.FS = (*FS)(nil)

// A span is a range of bytes of a file.
type span struct{ lo, hi int }

// A change gives names of a directory other nodes, nil for none, all at once.
type change map[string]*node

type node struct {
	// Of a file.
	data  []byte // as read
	disk  []byte // as a power cut leaves it
	dirty []span // of data, to be written by the next sync

	// Of a directory; nil for a file.
	names   map[string]*node
	onDisk  map[string]*node
	pending []change
}

func newDir() *node {
	return &node{names: make(map[string]*node), onDisk: make(map[string]*node)}
}

// New returns an empty machine.
func New() *FS {
	return &FS{root: newDir(), locks: make(map[string]bool)}
}

// Ops is the number of operations so far.
func (f *FS) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ops
}

// Kill ends the processes of this machine, which fail from now on, and returns
// it for new ones. What was not synced is still in the page cache.
func (f *FS) Kill() *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
	return &FS{root: f.root, locks: make(map[string]bool)}
}

// Keep says how much that was not synced survives a power cut.
type Keep func() bool

// KeepNothing loses everything that was not synced.
func KeepNothing() bool { return false }

// KeepAll loses nothing that could still be written.
func KeepAll() bool { return true }

// KeepSome decides for each sector and each change of a directory.
func KeepSome(seed uint64) Keep {
	r := rand.New(rand.NewPCG(seed, 1))
	return func() bool { return r.Uint32()&1 == 0 }
}

// Crash cuts the power, and returns the machine started again.
func (f *FS) Crash(keep Keep) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
	g := New()
	g.root = f.root.afterCrash(keep, make(map[*node]*node), &g.loss)
	return g
}

const sector = 512

func (n *node) afterCrash(keep Keep, done map[*node]*node, loss *Loss) *node {
	if m := done[n]; m != nil {
		return m // a file with two names
	}
	if n.names == nil {
		m := &node{disk: slices.Clone(n.disk)}
		done[n] = m
		before := loss.Lost
		for _, s := range n.dirty {
			for lo := s.lo; lo < s.hi; lo += sector {
				if !keep() {
					loss.Lost++
				} else {
					loss.Kept++
					if loss.Lost > before {
						loss.Reordered++
					}
					m.disk = put(m.disk, lo, n.data[lo:min(lo+sector, s.hi)])
				}
			}
		}
		m.data = slices.Clone(m.disk)
		return m
	}
	names := make(map[string]*node)
	apply(names, n.onDisk)
	for _, c := range n.pending {
		if !keep() {
			break
		}
		apply(names, c)
	}
	m := newDir()
	done[n] = m
	for _, name := range sortedNames(names) { // keep is asked in one order
		m.names[name] = names[name].afterCrash(keep, done, loss)
	}
	apply(m.onDisk, m.names)
	return m
}

func sortedNames(names map[string]*node) []string {
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func apply(names map[string]*node, c change) {
	for name, n := range c {
		if n == nil {
			delete(names, name)
		} else {
			names[name] = n
		}
	}
}

// put writes b at an offset, with zeroes before it if need be.
func put(data []byte, at int, b []byte) []byte {
	if end := at + len(b); len(data) < end {
		data = append(data, make([]byte, end-len(data))...)
	}
	copy(data[at:], b)
	return data
}

// do runs an operation under its fault. part is the operation done in part, or
// nil. The caller holds f.mu.
func (f *FS) do(kind, name string, whole, part func()) error {
	if f.dead {
		return ErrCrashed
	}
	var fault Fault
	if f.Fault != nil {
		fault = f.Fault(Op{f.ops, kind, name})
	}
	f.ops++
	switch fault.Effect {
	case None:
		whole()
		return nil
	case Kept:
		whole()
	case Torn:
		if part != nil {
			part()
		}
	case Crash:
		if kind != "sync" && kind != "syncdir" {
			whole() // in the page cache
		}
		f.dead = true
		return ErrCrashed
	}
	if fault.Err != nil {
		return fault.Err
	}
	return ErrInjected
}

func split(name string) []string {
	name = strings.Trim(filepath.ToSlash(filepath.Clean(name)), "/")
	if name == "" || name == "." {
		return nil
	}
	return strings.Split(name, "/")
}

// find returns the directory of a name, and what has the name, or nil.
func (f *FS) find(op, name string) (dir *node, base string, n *node, err error) {
	if f.dead {
		return nil, "", nil, ErrCrashed
	}
	n = f.root
	for _, part := range split(name) {
		if n == nil || n.names == nil {
			return nil, "", nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
		}
		dir, base, n = n, part, n.names[part]
	}
	return dir, base, n, nil
}

// need is find for what must exist.
func (f *FS) need(op, name string) (dir *node, base string, n *node, err error) {
	dir, base, n, err = f.find(op, name)
	if err == nil && n == nil {
		err = &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return dir, base, n, err
}

func (n *node) change(c change) {
	apply(n.names, c)
	n.pending = append(n.pending, c)
}

// OpenFile implements durable.FS.
func (f *FS) OpenFile(name string, flag int, _ fs.FileMode) (durable.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, base, n, err := f.find("open", name)
	if err != nil {
		return nil, err
	}
	switch {
	case n != nil && flag&os.O_EXCL != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrExist}
	case n != nil && n.names != nil:
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("is a directory")}
	case n == nil && flag&os.O_CREATE == 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case flag&os.O_TRUNC != 0:
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.ErrUnsupported}
	case n == nil:
		n = new(node)
		if err := f.do("create", name, func() { dir.change(change{base: n}) }, nil); err != nil {
			return nil, &fs.PathError{Op: "create", Path: name, Err: err}
		}
	}
	return &file{fs: f, name: name, n: n, flag: flag}, nil
}

// Rename implements durable.FS, within one directory.
func (f *FS) Rename(oldname, newname string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, base, n, err := f.need("rename", oldname)
	if err != nil {
		return err
	}
	dir2, base2, _, err := f.find("rename", newname)
	if err != nil {
		return err
	}
	if dir != dir2 || n.names != nil {
		return &fs.PathError{Op: "rename", Path: oldname, Err: errors.ErrUnsupported}
	}
	return f.do("rename", newname, func() { dir.change(change{base: nil, base2: n}) }, nil)
}

// Link implements durable.FS.
func (f *FS) Link(oldname, newname string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, _, n, err := f.need("link", oldname)
	if err != nil {
		return err
	}
	dir, base, taken, err := f.find("link", newname)
	if err == nil && taken != nil {
		err = &fs.PathError{Op: "link", Path: newname, Err: fs.ErrExist}
	}
	if err != nil {
		return err
	}
	return f.do("link", newname, func() { dir.change(change{base: n}) }, nil)
}

// Remove implements durable.FS.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, base, n, err := f.need("remove", name)
	if err != nil {
		return err
	}
	if len(n.names) > 0 {
		return &fs.PathError{Op: "remove", Path: name, Err: errors.New("directory not empty")}
	}
	return f.do("remove", name, func() { dir.change(change{base: nil}) }, nil)
}

// Mkdir implements durable.FS.
func (f *FS) Mkdir(name string, _ fs.FileMode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir, base, n, err := f.find("mkdir", name)
	if err != nil {
		return err
	}
	if n != nil {
		return &fs.PathError{Op: "mkdir", Path: name, Err: fs.ErrExist}
	}
	return f.do("mkdir", name, func() { dir.change(change{base: newDir()}) }, nil)
}

// ReadDir implements durable.FS.
func (f *FS) ReadDir(name string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, _, n, err := f.need("readdir", name)
	if err != nil {
		return nil, err
	}
	return sortedNames(n.names), nil
}

// SyncDir implements durable.FS. A failed one may be tried again: no journal
// forgets the order of names.
func (f *FS) SyncDir(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, _, n, err := f.need("syncdir", name)
	if err != nil {
		return err
	}
	return f.do("syncdir", name, func() {
		for _, c := range n.pending {
			apply(n.onDisk, c)
		}
		n.pending = nil
	}, nil)
}

// Lock implements durable.FS. It is not an operation that can be made to fail.
func (f *FS) Lock(name string) (io.Closer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return nil, ErrCrashed
	}
	if f.locks[name] {
		return nil, &durable.LockedError{Name: name, PID: os.Getpid()}
	}
	f.locks[name] = true
	return unlocker(func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.locks, name)
	}), nil
}

type unlocker func()

func (u unlocker) Close() error { u(); return nil }
