// Package custodian is who holds one seat's share of a vault's epoch keys: it
// publishes keys, checks and acknowledges its shares or complains, and when the
// record has decided hands them over or destroys them.
//
// # Promise
//
// It acts only on what a quorum of witnesses has cosigned, and on an outcome
// only with a certificate (spec/record.md, "The cut of a vault"), which it
// carries in what it says. It never acts on both outcomes of one vault: the
// outcome it acts on is durable before it acts, and it reads the record before
// it does anything after a restart, so that one restored from a backup after an
// erasure erases again and says so. A share is durable before it is
// acknowledged; the key by which it came is destroyed once the epoch is sealed
// and final.
//
// # No promise
//
// Destroying a file does not reach the copies that a disk, a snapshot or an
// operator may hold: an erasure is attested, never proved. A custodian whose
// folder is copied can be made to say anything in its name.
//
// # Folder
//
//	mirror/             the verified copy of the record
//	<vault>/key/<hex>   the 32-byte seed of a published HPKE key, by digest
//	<vault>/share/<hex> a share, 64 bytes, by epoch digest
//	<vault>/outcome     "release" or "erase" and a newline, then the certificate;
//	                    or the word given on it: "signed release" or "signed erase", and a newline
//
// Every file is readable by its owner only. Keep the folder out of backups.
package custodian
