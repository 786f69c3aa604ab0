// Package availability finds out whether the sealed segments that a record
// describes can still be had, before anybody may open them, and copies them.
//
// Promise: a segment is said to be there only if its bytes, fetched now, have
// the size, the header and the Merkle root of the manifest that the recorder
// signed and the record names. No key is needed, so anybody can ask. Which
// segments an audit asks for follows from a checkpoint that witnesses cosigned
// after they were sealed: the host could not know before which it may lose.
//
// Non-promise: that they are there tomorrow. Whoever must not depend on the host
// keeps a copy.
package availability
