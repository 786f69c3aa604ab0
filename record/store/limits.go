package store

// Limits of this package, each with its reason. Tests stand at each and one
// past it.
const (
	// MaxEntry is the largest entry: tlog-tiles gives its length 16 bits.
	MaxEntry = 1<<16 - 1

	// MaxOrigin bounds an origin in its escaped form, which names a folder:
	// file systems allow 255 bytes.
	MaxOrigin = 255

	// MaxNote is the largest cosigned checkpoint, that of a proof of time.
	MaxNote = 64 << 10

	// MaxObject is the largest object: a batch of manifests is held in memory
	// whole by whoever checks its digest.
	MaxObject = 16 << 20

	// MaxRead is the most entries that one call of Entries returns: four
	// bundles, at most 64 MiB.
	MaxRead = 1024

	// maxRecent and maxRecentBytes bound the bundles kept in memory after they
	// were read: as many as there may be readers going through records at once,
	// and nothing beside the memory of a process that does so. One is kept
	// whatever its size.
	maxRecent      = 16
	maxRecentBytes = 8 << 20

	// maxGroup ends a group commit: what it writes bounds the wait of the
	// first in it, and what one request may carry (AppendAll).
	maxGroup = 4 << 20

	// maxTurns is how many turns of others without a further request end the
	// wait of a group for more: some microseconds, small against a sync.
	maxTurns = 100

	// maxPayload is the largest frame of the write-ahead file. A group stops
	// growing at maxGroup; its last request may take it just past twice that.
	maxPayload = 16 << 20

	// maxSealed is how many full segments may wait for the flusher before
	// commits wait for it too: it bounds memory and the time of a restart.
	maxSealed = 4

	// minAhead and maxAhead bound the zeroes written ahead in the write-ahead
	// file at once: enough that most commits find some, and no more than one
	// commit can wait for.
	minAhead = 64 << 10
	maxAhead = 1 << 20

	// maxFlushers is how many records are flushed at once: a flush mostly waits
	// for the disk, which takes several syncs as one.
	maxFlushers = 16

	// defaultSegment is the size at which a segment is full: large enough to
	// share one flush among many commits, small enough to replay in a second.
	defaultSegment = 32 << 20
)
