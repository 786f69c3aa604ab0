package storm

import (
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"fmt"

	"detente/internal/durable"
	"detente/internal/durable/durabletest"
)

// A disk is the disk of one role's machine. Each life of the role has a mount
// of it, which fails once the life is over.
type disk struct {
	w       *World
	owner   string
	fs      *durabletest.FS
	temps   int
	faults  int // in this life
	backups []*durabletest.FS
	deaf    bool // canary: syncs do nothing
}

func newDisk(w *World, owner string) *disk { return &disk{w: w, owner: owner, fs: durabletest.New()} }

// mount begins a life.
func (d *disk) mount() *mount {
	d.faults = 0
	d.fs.Fault, d.fs.ReadFault = d.fault, d.readFault
	return &mount{d: d, fs: d.fs, temps: map[string]string{}}
}

// fault decides one operation.
func (d *disk) fault(op durabletest.Op) durabletest.Fault {
	w := d.w
	w.note("disk", d.owner, op.Kind, op.Name)
	if !w.stormy || !w.chance(w.plan.DiskRate) {
		return durabletest.Fault{}
	}
	d.faults++
	switch w.rng.IntN(5) {
	case 0:
		w.count(WriteLost)
		return durabletest.Fault{Effect: durabletest.Lost}
	case 1:
		w.count(WriteKept)
		return durabletest.Fault{Effect: durabletest.Kept}
	case 2:
		w.count(WriteTorn)
		return durabletest.Fault{Effect: durabletest.Torn}
	case 3:
		w.count(DiskFull)
		return durabletest.Fault{Effect: durabletest.Torn, Err: syscall.ENOSPC}
	}
	w.count(PowerCut)
	return durabletest.Fault{Effect: durabletest.Crash}
}

func (d *disk) readFault(name string) error {
	w := d.w
	if !w.stormy || !w.chance(w.plan.ReadRate) {
		return nil
	}
	d.faults++
	w.note("disk", d.owner, "read error", name)
	w.count(ReadError)
	return durabletest.ErrInjected
}

// powerCut is the machine switched off and on again.
func (d *disk) powerCut() {
	w := d.w
	keep := func() bool { return w.rng.Uint32()&1 == 0 }
	switch w.rng.IntN(4) {
	case 0:
		keep = durabletest.KeepNothing
	case 1:
		keep = durabletest.KeepAll
	}
	d.fs = d.fs.Crash(keep)
	loss := d.fs.Loss()
	w.counts[SectorLost] += int64(loss.Lost)
	w.counts[SectorKept] += int64(loss.Kept)
	w.counts[SectorReversed] += int64(loss.Reordered)
	w.faults += loss.Lost + loss.Kept
}

// kill ends the process alone.
func (d *disk) kill() { d.fs = d.fs.Kill() }

// A mount is the file system of one life. It gives temporary files names that
// do not depend on the process that runs the simulation.
type mount struct {
	d     *disk
	fs    *durabletest.FS
	temps map[string]string
}

func (m *mount) name(name string) string {
	base := filepath.Base(name)
	rest, ok := strings.CutSuffix(base, ".tmp")
	dot := strings.LastIndexByte(rest, '.')
	if !ok || dot < 0 || !strings.Contains(rest[dot:], "-") {
		return name
	}
	to := m.temps[name]
	if to == "" {
		m.d.temps++
		to = filepath.Join(filepath.Dir(name), fmt.Sprintf("%s.%06d.tmp", rest[:dot], m.d.temps))
		m.temps[name] = to
	}
	return to
}

// OpenFile implements durable.FS, as the others do.
func (m *mount) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := m.fs.OpenFile(m.name(name), flag, perm)
	if err == nil && m.d.deaf {
		return deafFile{f}, nil
	}
	return f, err
}

func (m *mount) Rename(from, to string) error { return m.fs.Rename(m.name(from), m.name(to)) }

func (m *mount) Link(from, to string) error { return m.fs.Link(m.name(from), m.name(to)) }

func (m *mount) Remove(name string) error { return m.fs.Remove(m.name(name)) }

func (m *mount) Mkdir(name string, perm fs.FileMode) error { return m.fs.Mkdir(name, perm) }

func (m *mount) ReadDir(name string) ([]string, error) { return m.fs.ReadDir(name) }

func (m *mount) SyncDir(name string) error { return m.fs.SyncDir(name) }

func (m *mount) Lock(name string) (io.Closer, error) { return m.fs.Lock(name) }

// A deafFile says that it synced.
type deafFile struct{ durable.File }

func (deafFile) Sync() error { return nil }
