package depositary

import (
	"time"

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
	// maxObjects is how many new objects are stored in objectsDay of real time: they
	// come before the statement that names them, so anybody may send one.
	maxObjects = 100_000
	// maxObjectsOf is how many of them one address may send: a stranger must not
	// use up the room for what recorders have sealed. A recorder may send a batch
	// every nine seconds for ever.
	maxObjectsOf = maxObjects / 10
	objectsDay   = 24 * time.Hour
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
