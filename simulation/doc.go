// Package simulation is the whole system in one process: a depositary, its
// witnesses, custodians, a recorder with its cameras, the parties and the
// beneficiary, each with its own folder, key and connection, as it would be
// in a process of its own.
//
// It lives the camera understanding: two parties and a third whose act is the
// condition, a vault with a deadline, both outcomes. A World is made with New;
// its roles are started, stopped, started again, cut off, shown something
// else, or replaced by whoever has their key and folder.
//
// Promise: roles share no memory, only HTTP on 127.0.0.1 and a Clock; nothing
// in them knows that it is simulated. Time stands still until somebody moves
// it, so that a deadline is met or missed to the second. Cameras film when
// they are told to. What is waited for is a condition on the record, never a
// while.
//
// Not promised: the same bytes twice. Keys come from a seed, but the system's
// generator encapsulates, and the order in which roles speak is theirs.
//
// The package holds no checks: whoever lives a story through says what must
// be true of it, with package audit or by reading the record.
package simulation
