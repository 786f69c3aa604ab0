// Package locked keeps secrets in memory that is never written to a swap file
// or a core dump, and is wiped when it is given up.
//
// Promise, on Linux: a Buffer lies outside of the heap, in pages of its own
// that are locked (mlock), left out of core dumps (MADV_DONTDUMP), not given to
// child processes (MADV_DONTFORK), and between two pages that nothing may
// touch, so that reading past its ends ends the process instead of showing it.
// The garbage collector never copies it. Free overwrites it. Harden forbids
// core dumps of the process, and other processes of the same user to look into
// its memory.
//
// Elsewhere a Buffer is ordinary memory that Free overwrites, and Locked says so.
//
// Not promised: anything about copies that are not in a Buffer. Go's
// cryptography works on its own copies, in the heap and on stacks, for as long as an
// operation takes and until they are overwritten by chance; hibernation writes
// all memory to the disk; whoever is root reads everything.
package locked
