// Package store keeps records durably: many append-only logs in one folder,
// each served as a C2SP tlog-tiles log (https://c2sp.org/tlog-tiles).
//
// Promise:
//   - When Append returns, the entry is on the disk, and the head that it
//     returns is signed. A checkpoint is signed only for entries on the disk,
//     one at each commit, and never two different ones of one size.
//   - After a crash at any write, Open shows every acknowledged entry, once, in
//     order. What was being written may be there or not, never in part.
//   - Compare-and-append has exactly one winner.
//   - Bytes that were damaged are an error, never an answer: what comes from a
//     file is compared with the tree.
//   - After a failed write or sync nothing more is accepted until Open has read
//     back, and written anew, what there is.
//   - A folder that is deleted or replaced while it is open is found out at the
//     next append, before that is acknowledged.
//   - Every cosigned checkpoint put is kept. Open refuses a folder that shows
//     less than the largest of them.
//
// Non-promise: a folder restored as a whole from an old copy is consistent, and
// only the witnesses know better: ask them for the largest size they cosigned
// and give it to PutCosigned, which then fails. A bit that flips in the very
// last frame of the write-ahead file, before anything is written behind it,
// cannot be told from a torn write, except by a cosigned checkpoint. The store
// verifies no signature and looks for no duplicates.
//
// # Folder
//
//	lock                          flock of the process that has the folder; its pid
//	store                         "detente/store/1\nsegment <n>\nrecords <m>\n": the oldest
//	                              segment needed, the records there are at least
//	wal/<n>                       segments of the write-ahead file, n in 16 digits
//	wal/<n>.spare.tmp             a segment that was flushed, to be used again
//	log/<origin, escaped>/tail    size, root and partial tiles as last flushed
//	log/.../entries/<k>           full entry bundles of tlog-tiles, 256 one after the other
//	log/.../leaves/<k>            for each its end in entries/<k> (64 bits), and its 256 leaf hashes
//	log/.../tile/<L>/<N>          full hash tiles of level 1 and above, as tlog-tiles has them
//	log/.../cosigned/<size>-<i>   cosigned checkpoints, i counts them
//	object/<2 hex>/<64 hex>       immutable blobs by SHA-256
//
// # Write-ahead file
//
// A segment begins with its head: "detente/wal/2\n", its number (64 bits), the
// number of its first frame (64), whether all before it is flushed (8), a random
// salt (16 bytes) and the SHA-256 of these. Integers are big endian. Frames
// follow, one for each commit, and behind the last of them zeroes, written ahead:
//
//	number of the frame       8 bytes
//	length of the payload     4
//	check of the payload     16   SHA-256("detente/wal/body/2\n" salt, the payload in brief)
//	check of the head         8   SHA-256("detente/wal/head/1\n" salt, the 28 bytes above)
//	payload                       one section for each record touched
//
// In brief, each entry, with its length, is replaced by its leaf hash. Folders
// written before have segments of "detente/wal/1\n", in which the check is
// SHA-256("detente/wal/body/1\n" salt payload); they are read, and not written.
//
// A section: length of the origin (16 bits), origin, index of the first entry
// (64), number of entries (32), the entries (each its length in 16 bits, then
// its bytes), the root that results, number of cosigned checkpoints (16), and
// of each its ordinal (32), length (32) and bytes. The entry "hi" as the first
// of record "d/1":
//
//	0003 642f31 0000000000000000 00000001 0002 6869 <32-byte root> 0000
//
// The salt is there so that nobody can submit an entry that looks like a frame.
package store
