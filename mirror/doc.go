// Package mirror is the client's side of a record: it fetches, verifies,
// follows, submits, and remembers the largest head it ever saw.
//
// Promise. What a Follower gives out was checked against the agreement that
// the caller named by its id: the depositary's signature, the root over every
// entry, the witnesses' cosignatures, and that the record extends what this
// mirror saw before, also before a restart. A depositary that shows a shorter
// or another record is refused (*DivergenceError) and what it showed is kept
// as evidence. A Client's Submit returns only when the statement is proved to
// be on the record. A copy kept here serves others as the depositary does.
//
// Not promised: that the depositary shows this mirror everything. A record
// that somebody else was shown is found by comparing (Compare) or by asking
// the witnesses (Witness.Latest). Nothing here keeps secrets.
//
// A mirror's folder holds the bundle (canonical ustar), the entries as C2SP
// tlog-tiles entry bundles under tile/entries (each also while it is not full,
// in a file named without the .p/<width> ending), the largest head seen, the
// newest checkpoint cosigned by a quorum, objects by digest, and evidence.
// Entries and objects can be fetched again; the head cannot, and it is written
// before anybody is told what it covers.
package mirror
