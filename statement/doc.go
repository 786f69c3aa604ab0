// Package statement is the only way anything is said on a record: the kinds of
// statement, their one exact encoding, signing and verification, and the
// checkpoints and cosignatures that witness a record.
//
// # Promise
//
// Every value has one encoding: whatever Parse, ParseNote, ParseCheckpoint,
// ParsePublicKey or ParseWitnessKey accepts is given back byte for byte by the
// matching writer. Kinds, versions and fields this version does not know are
// refused by name. Every Ed25519 signature, of whatever kind, is judged by
// VerifyEd25519 and by nothing else, so that any two readers agree also on
// crafted signatures. The package is pure: no clock, files, network or
// randomness; the same bytes give the same answer for ever.
//
// # No promise
//
// It does not know the agreement: whether a name is declared, which keys are
// in force at a place of the record, whether what is said is true, permitted,
// or has an effect. Package record judges that. A signature says that a key
// signed, not who held the key.
//
// # Wire form
//
// A statement is a C2SP signed note (https://c2sp.org/signed-note) whose text
// has exactly eight lines:
//
//	detente/statement/1
//	agreement 46a81739c6ee7c1d5ed084e7de843a7ed79435cd445513e4dd5c4e5ac395fb4b
//	bundle 1e6ed65d77d6364eeaed5a745ba5c4985ae2b700dd85d7cf7f027bdf294a33fc
//	by iran
//	answers -
//	seen 0 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
//	kind perform
//	{"commitment":"stop-enrichment","documents":[]}
//
//	— iran n9vhbgJG2pFRA/DmKg/WphyAFpBVkfwxaCu6YhMHZ8XT8ltJgMmfgIntjH2CQMWzX/jrA2nbSDNm/fD9QUIZpl6NtAg=
//
// The agreement's id; the version of the bundle the author signs under; the
// declared name of the author; the ID of the statement it answers, or "-"; a
// head of the record its author had seen; the kind; the body as one line of
// JSON. The ID of a statement is the SHA-256 of those eight lines and never
// depends on its signatures. A signature line is an em dash, a space, the
// author's declared name, a space and the standard base64 of four bytes of
// key hash and 64 bytes of Ed25519 signature over the eight lines. This one is
// by the key
//
//	ed25519 6uHIeTtVl8Sz9JDnasMRcsQ5aQ+O4UFCu4UaYfmknw4=
//
// spec/statement.md is normative; spec/vectors/statement has examples of every
// kind and of every refusal.
package statement
