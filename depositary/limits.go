package depositary

import (
	"time"

	"detente/mirror"
	"detente/statement"
)

const (
	// maxSubmit is the largest submission, in bytes: one entry.
	maxSubmit = statement.MaxEntry
	// roundWithin is how long a witness has to answer, in real time. Witnesses
	// answer in milliseconds; one that does not is as good as dead.
	roundWithin = 5 * time.Second
	// roundGrace is how long a round goes on once a quorum answered, so that
	// all live witnesses' times count towards the bounds.
	roundGrace = 25 * time.Millisecond
	// defaultBatch is the least real time between two proofs that only cover
	// new statements: what arrives meanwhile shares one.
	defaultBatch = 50 * time.Millisecond
	// The pauses before a failed round is tried again, in real time.
	retryFirst = 100 * time.Millisecond
	retryMost  = 10 * time.Second
	// retryShare times the number of records is the longest pause for one that
	// only wants to be confirmed: fifty rounds a second, of all together.
	retryShare = 20 * time.Millisecond
	// introduceEvery is how often a witness that does not know a record is given
	// it, in real time: its operator may have to be asked.
	introduceEvery = time.Minute
	// maxRounds is how many records are worked on at once: each asks every
	// witness at the same time.
	maxRounds = 32
	// maxSleep keeps waits within what a time.Duration holds.
	maxSleep = 24 * time.Hour
	// maxWaiters is how many readers may be kept waiting for news at once.
	maxWaiters = 1024
	// maxWaiting is how many bytes of objects wait for a statement that names them,
	// maxWaitingOf how many at one record: sixteen of the largest, or batches of a
	// day and more of a recorder that seals every nine seconds. Each counts
	// objectOverhead besides, so there are at most 65,536 files.
	maxWaiting     = 4 * maxWaitingOf
	maxWaitingOf   = 16 * (mirror.MaxObject + objectOverhead)
	objectOverhead = 16 << 10
	// maxOpening is how many records are read at once: each is read on all cores.
	maxOpening = 4
	// textWeight is about what the compiled text, the machine and the indexes of a
	// small record hold, in bytes; entryWeight what each entry adds.
	textWeight  = 32 << 10
	entryWeight = 200
	// The survey pauses after each record surveyShare times as long as it took to
	// read it, within these bounds, so that it leaves most of a core to others and
	// ten thousand small records take some twenty seconds. What could not be read is
	// tried again after surveyRetry, then later and later.
	surveyShare = 2
	surveyLeast = 100 * time.Microsecond
	surveyMost  = time.Second
	surveyRetry = time.Second
)

// defaultRoom is how many records are kept read while nobody uses them: enough
// that a host of some dozens never reads one twice, little enough that ten
// thousand fit into a small machine.
var defaultRoom = room{records: 64, weight: 256 << 20}
