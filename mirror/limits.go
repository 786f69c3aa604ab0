package mirror

import (
	"time"

	"detente/statement"
)

// The limits on what a client takes from a depositary or witness.
const (
	// MaxObject is the largest object, in bytes: that of package record/store.
	MaxObject = 16 << 20
	// A document's payload, encrypted to all who may read it: a hybrid stanza
	// takes under 2 KiB, and there are fewer than 1,024 readers.
	MaxDocument = statement.MaxPayload + statement.MaxPayload/1024 + 2<<20
	// maxEntryTile is the largest entry bundle: 256 entries and their lengths.
	maxEntryTile = tileWidth * (2 + statement.MaxEntry)
	// maxReceipt is the largest answer to a submission: an entry and a
	// checkpoint in base64, and 63 hashes.
	maxReceipt = 256 << 10
	// maxRefusal is the most of a refusal that is read: three short texts.
	maxRefusal = 8 << 10
	// maxEvidence is the most divergences kept. One is enough to prove it; a
	// depositary that shows many must not fill the disk.
	maxEvidence = 16
	// maxOlder is how many of them may be of heads that are only older: a host
	// must not fill the place with them before it forks.
	maxOlder = 8
	// atOnce is the most new entries taken in one piece, in memory: they lie in
	// at most two bundles. More are fetched and verified bundle by bundle.
	atOnce = tileWidth
	// keptTiles is the most hash tiles kept while many are read, of 8 KiB each:
	// far more than the four levels of the largest record need at once.
	keptTiles = 64
	// maxHeldOf and maxHeld are the most entries that a second intake holds, of
	// one maker and in all: one party must not keep the others out, and 1024
	// entries of 64 KiB fit any disk.
	maxHeldOf = 64
	maxHeld   = 1024
	// maxWaiters is how many readers a mirror keeps waiting for news at once.
	maxWaiters = 1024
	// submitFirst and submitMost are the pauses before what was handed in is
	// submitted again.
	submitFirst = 500 * time.Millisecond
	submitMost  = time.Minute
	// fetchWithin bounds one request besides long polls.
	fetchWithin = 60 * time.Second
	// askWithin is how long a witness has to answer.
	askWithin = 5 * time.Second
	// quorumWithin is how long a follower waits for the quorum of a head before
	// it looks for a newer head.
	quorumWithin = time.Second
	// pollEvery is the pause between two looks at a depositary that does not
	// keep readers waiting, or cannot be reached.
	pollEvery = 50 * time.Millisecond
	// sayAgain is the least time between two complaints about a host that shows
	// an older record: it may show one twenty times a second.
	sayAgain = 10 * time.Second
	// keepAgain is the pause after a look that failed.
	keepAgain = 500 * time.Millisecond
	// papersAtOnce is how many documents are asked for between two looks at the
	// record, and maxPapers how many bytes of them a copy fetches in one life: an
	// author may name what fills a disk.
	papersAtOnce = 64
	maxPapers    = 8 << 30
	// papersFirst and papersMost are the pauses until documents that nobody had
	// brought are asked for again.
	papersFirst = 2 * time.Second
	papersMost  = time.Minute
	// trialFirst and trialMost are the pauses after a head was followed on trial
	// that nobody vouched for: each costs a fold of the record.
	trialFirst = 2 * time.Second
	trialMost  = time.Minute
	// objectAgain is how long until batches that could not be had are asked for
	// again although nothing new came.
	objectAgain = 10 * time.Second
)
