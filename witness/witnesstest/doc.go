// Package witnesstest holds a witness, whoever wrote it, to C2SP tlog-witness
// (https://c2sp.org/tlog-witness): a table of requests with the answers that the
// specification prescribes, and a log that signs whatever it is asked to.
//
// Promise: each case cites what it rests on, uses a log of its own, and looks
// besides whether a refusal left the witness where it was. Where the
// specification leaves several answers open, all are allowed.
//
// Not promised: that a witness which passes keeps its state through a crash, or
// is quick; package witness's own tests look at that.
package witnesstest
