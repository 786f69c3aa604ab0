package record

import (
	"fmt"

	"detente/agreement"
)

// A Fault is a broken rule. It is the verdict on an entry that stands on the
// record without force, or the error of a proof that was only shown.
type Fault struct {
	Code    string // one of the codes below
	Culprit string // the name of who broke the rule, as far as signatures show it
	Reason  string // lower case: what, where, what was expected
}

// Error gives the code and the reason.
func (f *Fault) Error() string { return f.Code + ": " + f.Reason }

// The codes. An entry that breaks several rules has the code of the first, in
// the order in which they stand here for its kind.
const (
	FaultOversized   = "oversized"    // more bytes than an entry may have
	FaultOpening     = "opening"      // entry 0 is not the opening of this agreement's record, or an opening stands later
	FaultUnknownForm = "unknown-form" // neither a statement nor a proof of time
	FaultVersion     = "version"      // a version of a form that this program does not know

	// Statements.
	FaultNotCanonical   = "not-canonical"   // not the one encoding of a statement
	FaultUnknownKind    = "unknown-kind"    // a kind that version 1 does not know
	FaultDuplicate      = "duplicate"       // the same statement, or the same bytes of a proof, again
	FaultWrongAgreement = "wrong-agreement" // made for another agreement
	FaultWrongBundle    = "wrong-bundle"    // made under a version of the text that is not in force here
	FaultUnknownSigner  = "unknown-signer"  // by a name that the agreement does not declare with keys
	FaultSignature      = "signature"       // a line that claims a key of the signer does not verify
	FaultRevokedKey     = "revoked-key"     // signed by a key revoked earlier on this record
	FaultUnsigned       = "unsigned"        // fewer valid signatures than needed
	FaultNotSigner      = "not-signer"      // this signer may not make statements of this kind
	FaultForeignHead    = "foreign-head"    // cites a head that this record never had
	FaultKeyChange      = "key-change"      // a change of keys that cannot be made
	FaultNoText         = "no-text"         // about a bundle that is not wholly on the record before it
	FaultUnsound        = "unsound-text"    // about a bundle that is no text of an agreement which a record can be kept of
	FaultMayNotAmend    = "may-not-amend"   // consents to a text that cannot take the place of the one it was made under

	// Proofs of time, and cosigned checkpoints anywhere.
	FaultNote        = "note"         // not a canonical note of a checkpoint without extension lines
	FaultOrigin      = "origin"       // a checkpoint of another record
	FaultDepositary  = "depositary"   // without a valid signature of the depositary's key
	FaultSize        = "size"         // of size 0, or of more entries than stand before it
	FaultCosignature = "cosignature"  // a line that claims a witness's key does not verify
	FaultTooFew      = "too-few"      // fewer cosignatures that count than the quorum needs
	FaultFork        = "fork"         // a quorum cosigned a root that is not that of this record's first entries
	FaultNoRecord    = "not-a-record" // stands on a record whose entry 0 is not its opening
)

func fault(code string, culprit agreement.Name, reason string, args ...any) *Fault {
	return &Fault{Code: code, Culprit: string(culprit), Reason: fmt.Sprintf(reason, args...)}
}
