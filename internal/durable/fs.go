package durable

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
)

// An FS is the part of a file system that durable state needs. Names are as in
// package os. [OS] is the real one; package durabletest has one that fails.
type FS interface {
	// OpenFile opens a file as os.OpenFile does.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Rename moves a file over another, atomically.
	Rename(oldname, newname string) error
	// Link gives a file a second name; it fails if that name is taken.
	Link(oldname, newname string) error
	Remove(name string) error
	Mkdir(name string, perm fs.FileMode) error
	// ReadDir returns the sorted names in a directory.
	ReadDir(name string) ([]string, error)
	// SyncDir makes creations, renames and removals in a directory durable.
	SyncDir(name string) error
	// Lock takes the lock file for this process until it is closed, or fails
	// with a *LockedError that names the holder.
	Lock(name string) (io.Closer, error)
}

// A File is an open file.
type File interface {
	io.ReaderAt
	io.Writer
	// WriteAt is not for files opened to append.
	io.WriterAt
	Size() (int64, error)
	// Sync makes what was written durable, and the size if it grew; not the
	// times, so that writing over what is there costs no change of metadata.
	Sync() error
	Close() error
}

// Modes of everything written here: records may be private, and shares and
// witness states always are, so nobody but the owner reads them.
const (
	fileMode fs.FileMode = 0o600
	dirMode  fs.FileMode = 0o700
)

const tempSuffix = ".tmp"

// temps numbers temporary files, so that two writers of one name in this
// process never share one.
var temps atomic.Uint64

// WriteFile replaces the file name by data, durably and atomically. The
// directory must exist.
func WriteFile(fsys FS, name string, data []byte) error {
	if err := PutFile(fsys, name, data); err != nil {
		return err
	}
	if err := fsys.SyncDir(filepath.Dir(name)); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// PutFile is WriteFile without the last step: the content is durable, its name
// only when the directory has been synced. It is for many files of one
// directory, which one sync then serves.
func PutFile(fsys FS, name string, data []byte) error {
	if err := place(fsys, name, data, fsys.Rename); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// CreateFile is WriteFile for a name that must not exist yet: of several
// creators one wins, the others get an error that is fs.ErrExist.
func CreateFile(fsys FS, name string, data []byte) error {
	err := place(fsys, name, data, func(temp, name string) error {
		if err := fsys.Link(temp, name); err != nil {
			return err
		}
		return fsys.Remove(temp)
	})
	if err == nil {
		err = fsys.SyncDir(filepath.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("creating %s: %w", name, err)
	}
	return nil
}

func place(fsys FS, name string, data []byte, move func(temp, name string) error) error {
	temp := fmt.Sprintf("%s.%d-%d%s", name, os.Getpid(), temps.Add(1), tempSuffix)
	if err := writeSynced(fsys, temp, data); err != nil {
		fsys.Remove(temp) // best effort: it is never read
		return err
	}
	if err := move(temp, name); err != nil {
		fsys.Remove(temp)
		return err
	}
	return nil
}

func writeSynced(fsys FS, name string, data []byte) error {
	f, err := fsys.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// Mkdir makes a directory in an existing one, durably. If it exists its name is
// synced all the same: a crash may have come before that.
func Mkdir(fsys FS, name string) error {
	if err := PutDir(fsys, name); err != nil {
		return err
	}
	if err := fsys.SyncDir(filepath.Dir(name)); err != nil {
		return fmt.Errorf("making directory %s: %w", name, err)
	}
	return nil
}

// PutDir is Mkdir without the sync, which is the caller's to do.
func PutDir(fsys FS, name string) error {
	if err := fsys.Mkdir(name, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("making directory: %w", err)
	}
	return nil
}

// MkdirAll makes a directory and its missing parents, durably. It syncs every
// directory up to the root, so it is for starting, not for each write.
func MkdirAll(fsys FS, name string) error {
	name = filepath.Clean(name)
	err := fsys.Mkdir(name, dirMode)
	existed := errors.Is(err, fs.ErrExist)
	parent := filepath.Dir(name)
	if parent == name {
		return nil // the root
	}
	if up := MkdirAll(fsys, parent); up != nil {
		return up
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = fsys.Mkdir(name, dirMode)
	}
	if err != nil && !existed {
		return fmt.Errorf("making directory: %w", err)
	}
	if err := fsys.SyncDir(parent); err != nil && !(existed && cannotSync(err)) {
		return fmt.Errorf("making directory %s: %w", name, err)
	}
	return nil
}

// cannotSync says that a directory above ours is not ours to sync: we may not
// open it, or its file system is read-only or knows no sync.
func cannotSync(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) ||
		errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported)
}

// ReadFile reads a whole file of at most limit bytes.
func ReadFile(fsys FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("reading %s: %d bytes, at most %d are expected", name, size, limit)
	}
	data := make([]byte, size)
	if n, err := f.ReadAt(data, 0); err != nil && !(err == io.EOF && int64(n) == size) {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return data, nil
}

// RemoveTemps deletes what writers that died left in a directory. The caller
// holds the lock that keeps other writers out of it.
func RemoveTemps(fsys FS, dir string) error {
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasSuffix(name, tempSuffix) {
			continue
		}
		if err := fsys.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// A LockedError says that another process, or another user of the folder in
// this one, holds a lock.
type LockedError struct {
	Name string
	PID  int // 0 if the holder did not say
}

// Error names the holder, and says what to do.
func (e *LockedError) Error() string {
	holder := "another process"
	if e.PID != 0 {
		holder = fmt.Sprintf("process %d", e.PID)
	}
	return fmt.Sprintf("%s is held by %s: stop it first, or use another folder", e.Name, holder)
}

// A DamagedError says that a file is not what was once written there: bytes
// that were altered, are missing, or belong elsewhere.
type DamagedError struct {
	Name string // of the file
	Why  error
	Mend string // what to do about it
}

// Error says what is wrong with which file, and what to do.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged: %v: %s", e.Name, e.Why, e.Mend)
}

// Unwrap gives what is wrong.
func (e *DamagedError) Unwrap() error { return e.Why }
