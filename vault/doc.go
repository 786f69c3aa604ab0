// Package vault is sealed evidence: the keys of its epochs and how they are
// shared, the sealed segments and their signed manifests, what was covered and
// what was not, and the acts that release or erase.
//
// For each epoch the recorder deals a fresh key (Deal): a random scalar, from
// which an ordinary age hybrid identity is derived, is shared among the
// custodians by Pedersen's verifiable sharing over ristretto255, each share
// encrypted to a key that its custodian drew for that one dealing. The core of
// the dealing and all ciphertexts are on the record, so every custodian checks
// its share (OpenShare) and acknowledges it with a proof of knowledge
// (Acknowledge), or publishes its key for that dealing, whereupon everybody
// opens the ciphertext and reaches one verdict (JudgeComplaint). A Ledger folds
// the record's statements for one vault: which epochs are dealt, void or
// sealed and by whose fault, which keys are used up, what was requested, handed
// over, disputed and erased. Coverage says from the record alone which
// intervals have footage and which do not.
//
// # Promise
//
// Every verification is a pure function of its arguments. Fewer than `need`
// shares of an honest dealing say nothing about its key, even to somebody who
// can compute discrete logarithms. A wrong share is always detected and its
// author named; a wrong key is never recovered. One dealing, request,
// segment or manifest cannot stand for another: every hash, signature and
// encryption names its purpose, agreement, vault and epoch.
//
// # No promise
//
// A recorder can deal a key that it keeps, use a polynomial of lower degree, or
// publish another recipient; the last is proved after release, the others never
// show. `need` custodians together can open at any time, without trace. That
// a custodian erased its shares is attested, never proved. What a segment
// shows, and for whom it is sealed, cannot be checked before release.
//
// # Wire form
//
// Every hash input is a list of fields, each preceded by its length as a
// big-endian u32, the purpose first; integers are big-endian. So the digest of
// a key whose 1216 bytes are k is
//
//	SHA-256(00000013 "detente/vault/key/1" 000004c0 k)
//
// with 0x13 = 19 characters and 0x4c0 = 1216 bytes. spec/vault.md has every
// message, spec/vectors/vault an example of each.
package vault
