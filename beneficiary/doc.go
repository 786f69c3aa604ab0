// Package beneficiary is who may open a released vault: it asks the custodians
// for their shares, checks every one of them, recovers the key of each epoch
// and opens the segments that the record describes.
//
// # Promise
//
// Nothing is opened that the record does not describe: a segment whose bytes
// are not those of its signed manifest is reported, never decrypted. A wrong
// share is found when it arrives, its custodian is named and the proof goes on
// the record; enough right ones open the vault all the same. The delivery keys
// are durable before they are published, so that a crash loses no share.
//
// # No promise
//
// Whether the footage shows what happened is beyond it, and so is a vault whose
// custodians do not answer: then it says who did not.
//
// # Folder
//
//	delivery/<request>  the 32-byte seeds of a request's keys, seat 1 first; zeros for a seat not asked
package beneficiary
