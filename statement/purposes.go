package statement

// A Purpose is the string that starts everything the project signs or hashes
// with a meaning, so that no input of one purpose is an input of another.
type Purpose string

// The purposes. A purpose is never reused with another meaning: a change of
// form is a new number.
const (
	PurposeStatement Purpose = "detente/statement/1" // first line of a statement
	PurposeBundle    Purpose = "detente/bundle/1"    // first line of a bundle's digest
	PurposeRecord    Purpose = "detente/record/1"    // first line of entry 0
	PurposeProof     Purpose = "detente/proof/1"     // first line of a proof of time
	PurposeExport    Purpose = "detente/export/1"    // first line of an export
	PurposeDocument  Purpose = "detente/document/1"  // first line of a salted document's digest
	PurposeFindings  Purpose = "detente/findings/1"  // first line of a findings' digest
	PurposeState     Purpose = "detente/state/1"     // first line of a machine state's bytes
	PurposeRead      Purpose = "detente/read/1"      // first line of what a request for a private record signs
	PurposeReceipt   Purpose = "detente/receipt/1"   // first line of a receipt outside the record
	PurposeEvidence  Purpose = "detente/evidence/1"  // first line of evidence of two histories
	PurposeCustody   Purpose = "detente/custody/1"   // what an agent's key signs to open a custodian's folder
	PurposePrepared  Purpose = "detente/prepared/1"  // first line of a statement on its way to its signers
	PurposeBatch     Purpose = "detente/batch/1"     // digest of signatures that were verified together
	PurposeSample    Purpose = "detente/sample/1"    // first line of what draws the segments that an audit asks for
	PurposeVerified  Purpose = "detente/verified/1"  // first line of what an auditor keeps of an audit that was interrupted

	PurposeStore    Purpose = "detente/store/1"    // first line of a store's own file
	PurposeTail     Purpose = "detente/tail/2"     // first line of a record's tail in the store
	PurposeTail1    Purpose = "detente/tail/1"     // the same, as written before
	PurposeWAL      Purpose = "detente/wal/2"      // first line of a segment of the write-ahead file
	PurposeWAL1     Purpose = "detente/wal/1"      // the same, as written before
	PurposeWALBody  Purpose = "detente/wal/body/2" // check of a payload there
	PurposeWALBody1 Purpose = "detente/wal/body/1" // the same, as written before
	PurposeWALFrame Purpose = "detente/wal/head/1" // check of a head there

	PurposeVaultName      Purpose = "detente/vault/vault/1"     // identity of a vault
	PurposeVaultCustodian Purpose = "detente/vault/custodian/1" // identity of a custodian
	PurposeVaultNonce     Purpose = "detente/vault/nonce/1"     // nonce of a proof of knowledge
	PurposeVaultHalf      Purpose = "detente/vault/half/1"      // the X25519 half of a hybrid key
	PurposeVaultKey       Purpose = "detente/vault/key/1"       // digest of a custodian's HPKE key
	PurposeVaultCore      Purpose = "detente/vault/core/1"      // digest of a dealing without its ciphertexts
	PurposeVaultShare     Purpose = "detente/vault/share/1"     // HPKE info of a dealt share
	PurposeVaultEpoch     Purpose = "detente/vault/epoch/1"     // digest of a dealing
	PurposeVaultSeed      Purpose = "detente/vault/seed/1"      // HKDF from an epoch's scalar
	PurposeVaultBase      Purpose = "detente/vault/base/1"      // hash to group: the second base H
	PurposeVaultAck       Purpose = "detente/vault/ack/1"       // challenge of an acknowledgement
	PurposeVaultPossess   Purpose = "detente/vault/possess/1"   // coefficients and challenge of a proof of possession
	PurposeVaultComplain  Purpose = "detente/vault/complain/1"  // reserved: the statement itself is signed
	PurposeVaultHandOver  Purpose = "detente/vault/hand-over/1" // HPKE info of a handed-over share
	PurposeVaultDispute   Purpose = "detente/vault/dispute/1"   // reserved: the statement itself is signed
	PurposeVaultMismatch  Purpose = "detente/vault/mismatch/1"  // reserved: the statement itself is signed
	PurposeVaultManifest  Purpose = "detente/vault/manifest/1"  // signed manifest of a segment
	PurposeVaultBatch     Purpose = "detente/vault/batch/1"     // digest of a batch of manifests
	PurposeVaultSegment   Purpose = "detente/vault/segment/1"   // leaves and nodes of a segment's tree
	PurposeVaultStore     Purpose = "detente/vault/store/1"     // a custodian's shares at rest

	// PurposeCosignature starts what a witness signs. It belongs to C2SP
	// (https://c2sp.org/tlog-cosignature) and stands here so that nobody
	// takes it for something else.
	PurposeCosignature Purpose = "cosignature/v1"
	// PurposeSubtree starts what a witness with an ML-DSA key signs. It is
	// C2SP's as well, and a zero byte follows its line.
	PurposeSubtree Purpose = "subtree/v1"
)

// Purposes are all of them. A checkpoint has none: what is signed starts with
// its origin, "<name>/<64 hex digits>", and no purpose has that form.
var Purposes = []Purpose{
	PurposeStatement, PurposeBundle, PurposeRecord, PurposeProof, PurposeExport, PurposeDocument, PurposeFindings,
	PurposeState, PurposeRead, PurposeReceipt, PurposeEvidence, PurposePrepared, PurposeCustody, PurposeBatch, PurposeSample, PurposeVerified,
	PurposeStore, PurposeTail, PurposeTail1, PurposeWAL, PurposeWAL1, PurposeWALBody, PurposeWALBody1, PurposeWALFrame,
	PurposeVaultName, PurposeVaultCustodian, PurposeVaultNonce, PurposeVaultHalf,
	PurposeVaultKey, PurposeVaultCore, PurposeVaultShare, PurposeVaultEpoch, PurposeVaultSeed, PurposeVaultBase,
	PurposeVaultAck, PurposeVaultPossess, PurposeVaultComplain, PurposeVaultHandOver, PurposeVaultDispute, PurposeVaultMismatch,
	PurposeVaultManifest, PurposeVaultBatch, PurposeVaultSegment, PurposeVaultStore,
	PurposeCosignature, PurposeSubtree,
}

// Line is the purpose as the first line of a text.
func (p Purpose) Line() string { return string(p) + "\n" }
