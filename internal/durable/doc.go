// Package durable writes files that survive a crash, through a file system
// that tests can make fail.
//
// Promise: when [WriteFile], [CreateFile] or [MkdirAll] return nil, what they
// wrote is there after a power cut, whole; when they return an error, the old
// content or the new one is there, never a mixture. A file is written under a
// temporary name, synced, renamed, and its directory is synced, in this order.
//
// Non-promise: a disk that acknowledges a sync and forgets it is not detected
// here. After a failed sync nothing is known about the bytes: Linux marks the
// pages clean, so a second sync "succeeds" without writing them. Callers must
// write the data anew, to another file, as WriteFile does when called again.
//
// A process that dies may leave files named *.tmp behind. They are never read;
// [RemoveTemps] deletes them.
package durable
