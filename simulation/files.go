package simulation

import (
	"io/fs"

	"detente/internal/durable"
)

// unsynced is the machine's file system without waiting for its disk: nobody
// cuts the power of a simulated role. A role whose machine is to crash is given
// a file system of package durabletest.
type unsynced struct{ durable.FS }

type unsyncedFile struct{ durable.File }

// OpenFile opens a file that is not synced.
func (u unsynced) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := u.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return unsyncedFile{f}, nil
}

// SyncDir does nothing.
func (unsynced) SyncDir(string) error { return nil }

// Sync does nothing.
func (unsyncedFile) Sync() error { return nil }

// files is the file system of every role that has no other.
var files = unsynced{durable.OS}
