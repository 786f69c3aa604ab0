// Package witness is the role that sees a record grow and says when: it
// cosigns checkpoints of the records registered with it, after checking that
// each extends the one before, and states the time.
//
// It speaks C2SP tlog-witness (https://c2sp.org/tlog-witness) and makes
// cosignatures of Ed25519 or ML-DSA-44 (https://c2sp.org/tlog-cosignature), so it serves any
// log that speaks them, and any such witness serves Detente. Besides:
//
//	POST /register                  a canonical bundle; the record is accepted if the text names this witness's key
//	GET  /<hash>/checkpoint         the largest checkpoint cosigned; <hash> is SHA-256 of the origin, in hex
//	GET  /<hash>/evidence           pairs of checkpoints that contradict each other: see Evidence
//	GET  /                          who this is: {"name", "key", "time"}
//
// Promise: two checkpoints of one origin that this witness cosigned are
// consistent, and ordered by time as by size; both survive a crash, for the
// head is on disk before a cosignature leaves. Two processes cannot use one
// folder. Of two checkpoints signed by the log of which one does not follow from
// the other, both are kept: together they prove, or help to, that it forked.
//
// Not promised: that what was cosigned is available, or means anything. A
// witness whose folder was lost or restored from a copy cannot know what it
// cosigned since; it must be replaced by one with a new key, never restarted.
//
// The folder holds, for each origin, logs/<hash>/log (the origin and its key),
// logs/<hash>/head (the largest checkpoint with the log's signature and this
// witness's cosignature: a signed note that proves itself when read back) and
// evidence-* and suspect-* (an Evidence each).
package witness
