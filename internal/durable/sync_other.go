//go:build !linux

package durable

import "os"

// syncData is Go's own sync, which on some systems does more than fsync.
func syncData(f *os.File) error { return f.Sync() }
