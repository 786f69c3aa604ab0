package witness

import (
	"time"

	"detente/statement"
)

const (
	// maxProof is the most consistency proof lines: C2SP says 63, as a tree has
	// at most 2^63 leaves.
	maxProof = 63
	// maxRequest is the largest add-checkpoint body, in bytes: the old size,
	// 63 lines of 44 characters, an empty line and a note.
	maxRequest = len("old 9223372036854775807\n") + maxProof*45 + 1 + statement.MaxNote
	// The limits of a bundle's files are those of package agreement; maxBundle
	// is the largest archive of them, each with a header and padding.
	bundleFiles = 64
	bundleFile  = 4 << 20
	bundleTotal = 8 << 20
	maxBundle   = bundleTotal + bundleFiles*2*512 + 1024
	// maxLogs is the largest number of records of one witness: each takes a
	// kilobyte of memory, and anybody may register while registration is open.
	maxLogs = 100_000
	// maxEvidence is the largest number of proven forks kept per record. One
	// proves it; a log that signs more wants to fill the disk. maxSuspects is
	// that of contradictions which prove nothing by themselves.
	maxEvidence = 16
	maxSuspects = 4
	// maxEvidenceFile is the largest file of evidence, in bytes: two notes and a
	// proof, with every newline escaped.
	maxEvidenceFile = 4*statement.MaxNote + maxProof*48
	// maxPolicy is the largest policy file, in bytes: ten thousand ids.
	maxPolicy = 1 << 20
	// maxAddresses is how many addresses' requests are counted in an hour; those
	// beyond are refused. Each takes about a hundred bytes.
	maxAddresses = 100_000
	// maxStepBack is how far the clock may be behind the last cosignature of a
	// record. Up to here the last time is stated again (clocks are slewed);
	// beyond, the clock or the folder is wrong and the witness refuses.
	maxStepBack = time.Minute
)
