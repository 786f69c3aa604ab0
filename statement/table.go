package statement

import (
	"reflect"
	"slices"

	"detente/agreement"
)

// Force is what a kind of statement can bring about.
type Force string

// The forces.
const (
	ForceMachine  Force = "machine"  // an event of the agreement's machine
	ForceRecord   Force = "record"   // changes how the record itself is judged: keys, an agreed outcome, the text
	ForceEvidence Force = "evidence" // folded into a vault's ledger
	ForceWords    Force = "words"    // shown, no effect
	ForceReserved Force = "reserved" // specified, read and kept; this version gives it no effect
)

// A rule is what version 1 says of one kind.
type rule struct {
	force   Force
	signers []agreement.Noun
	answers bool                                // must name the statement it answers; every other kind may
	quick   func(line string) (b Body, ok bool) // of the canonical encoding; false decides nothing
	decode  func(line []byte) (Body, error)
	check   func(c *checker, b Body)
}

// The nouns of blocks that can sign. A witness is none of them: its key makes
// cosignatures only (C2SP tlog-cosignature).
const (
	party      agreement.Noun = "party"
	device     agreement.Noun = "device"
	custodian  agreement.Noun = "custodian"
	depositary agreement.Noun = "depositary"
)

// ruleOf ties a kind to the struct B of its body.
func ruleOf[B Body](force Force, check func(*checker, B), signers ...agreement.Noun) rule {
	shape := shapeOf(reflect.TypeFor[B]())
	return rule{
		force:   force,
		signers: signers,
		quick: func(line string) (Body, bool) {
			var b B
			ok := shape.line(line, reflect.ValueOf(&b).Elem())
			return b, ok
		},
		decode: func(line []byte) (Body, error) {
			var b B
			err := decodeJSON(line, &b)
			return b, err
		},
		check: func(c *checker, body Body) {
			b, ok := body.(B)
			if !ok {
				c.fail(ErrBody, "", "the body as a value of the struct of its kind, not a pointer or another type")
				return
			}
			check(c, b)
		},
	}
}

func answering(r rule) rule {
	r.answers = true
	return r
}

// rules is the one table of kinds. kindOrder is its order on the page.
var rules = map[Kind]rule{
	KindSign:       ruleOf(ForceMachine, checkSign, party),
	KindReport:     ruleOf(ForceMachine, checkReport, party, device),
	KindPerform:    ruleOf(ForceMachine, checkPerform, party),
	KindLift:       ruleOf(ForceMachine, checkLift, party),
	KindImpose:     ruleOf(ForceMachine, checkImpose, party),
	KindVerify:     answering(ruleOf(ForceMachine, checkVerify, party)),
	KindContest:    ruleOf(ForceMachine, checkContest, party),
	KindInvoke:     ruleOf(ForceMachine, checkInvoke, party),
	KindVote:       ruleOf(ForceMachine, checkVote, party),
	KindCount:      ruleOf(ForceMachine, checkCount, party),
	KindAnswer:     ruleOf(ForceMachine, checkAnswer, party),
	KindExtend:     ruleOf(ForceMachine, checkExtend, party),
	KindOpen:       ruleOf(ForceMachine, checkOpen, party),
	KindClose:      ruleOf(ForceMachine, checkClose, party),
	KindTable:      ruleOf(ForceMachine, checkTable, party),
	KindKey:        ruleOf(ForceRecord, checkKey, party, device, custodian),
	KindOutcome:    ruleOf(ForceRecord, checkOutcome, party, custodian),
	KindText:       ruleOf(ForceRecord, checkTextPart, party),
	KindAmend:      ruleOf(ForceRecord, checkAmend, party),
	KindRenounce:   ruleOf(ForceRecord, checkRenounce, custodian),
	KindHost:       ruleOf(ForceRecord, checkHost, depositary),
	KindDeclare:    ruleOf(ForceWords, checkDeclare, party, device, custodian, depositary),
	KindAttributed: ruleOf(ForceWords, checkAttributed, party),
	KindRedact:     answering(ruleOf(ForceRecord, checkRedact, party, device, custodian, depositary)),
	KindReceipt:    answering(ruleOf(ForceWords, checkReceipt, party, custodian, depositary)),

	KindAcceptCustody: ruleOf(ForceEvidence, checkAcceptCustody, custodian),
	KindEpoch:         ruleOf(ForceEvidence, checkEpoch, device),
	KindShares:        answering(ruleOf(ForceEvidence, checkShares, device)),
	KindAcknowledge:   ruleOf(ForceEvidence, checkAcknowledge, custodian),
	KindPossess:       ruleOf(ForceEvidence, checkPossess, custodian),
	KindComplain:      ruleOf(ForceEvidence, checkComplain, custodian),
	KindSeal:          ruleOf(ForceEvidence, checkSeal, device),
	KindHeartbeat:     ruleOf(ForceEvidence, checkHeartbeat, device, custodian),
	KindService:       ruleOf(ForceEvidence, checkService, device, party, custodian),
	KindRequest:       ruleOf(ForceEvidence, checkRequest, party),
	KindHandOver:      answering(ruleOf(ForceEvidence, checkHandOver, custodian)),
	KindErased:        ruleOf(ForceEvidence, checkErased, custodian),
	KindDispute:       answering(ruleOf(ForceEvidence, checkDispute, party)),
	KindMismatch:      ruleOf(ForceEvidence, checkMismatch, party),

	KindTender:   ruleOf(ForceReserved, checkTender, party),
	KindInvite:   ruleOf(ForceReserved, checkInvite, party),
	KindReply:    answering(ruleOf(ForceReserved, checkReply, party)),
	KindWithdraw: ruleOf(ForceReserved, checkWithdraw, party),
	KindEnrol:    ruleOf(ForceReserved, checkEnrol, party),
}

var kindOrder = []Kind{
	KindSign, KindReport, KindPerform, KindLift, KindImpose, KindVerify, KindContest, KindInvoke,
	KindVote, KindCount, KindOpen, KindClose, KindTable, KindAnswer, KindExtend,
	KindKey, KindOutcome, KindText, KindAmend, KindRenounce, KindHost, KindRedact,
	KindDeclare, KindAttributed, KindReceipt,
	KindAcceptCustody, KindEpoch, KindShares, KindAcknowledge, KindPossess, KindComplain, KindSeal, KindHeartbeat, KindService,
	KindRequest, KindHandOver, KindErased, KindDispute, KindMismatch,
	KindTender, KindInvite, KindReply, KindWithdraw, KindEnrol,
}

// Kinds are all kinds, those with the same force together.
func Kinds() []Kind { return slices.Clone(kindOrder) }

// Known reports whether version 1 has this kind.
func (k Kind) Known() bool { return rules[k].decode != nil }

// Force is what the kind can bring about; "" for an unknown kind.
func (k Kind) Force() Force { return rules[k].force }

// Signers are the nouns of the blocks that may sign the kind.
func (k Kind) Signers() []agreement.Noun { return slices.Clone(rules[k].signers) }

// Answers reports whether a statement of the kind must name the statement that
// it answers.
func (k Kind) Answers() bool { return rules[k].answers }

// MaySign refuses a kind that a block of this noun may not sign. Whether this
// very party or custodian may say this very thing is for the machine or vault.
func MaySign(kind Kind, noun agreement.Noun) error {
	if !kind.Known() {
		return refuse(ErrUnknownKind, "kind "+shown(string(kind)), "a kind of version 1")
	}
	if !slices.Contains(rules[kind].signers, noun) {
		return refuse(ErrNotSigner, "kind "+string(kind), "a signer that is one of %v, is a %s", rules[kind].signers, noun)
	}
	return nil
}
