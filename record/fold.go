package record

import (
	"bytes"
	"fmt"
	"strings"

	"detente/agreement"
	"detente/machine"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// engine is the machine as a fold uses it.
type engine interface {
	course
	Apply(machine.Act) machine.Verdict
	Outcome(vault agreement.Name) (machine.Outcome, agreement.Instant)
	Closes(vault agreement.Name) (agreement.Instant, bool)
}

// A Fold is a record read so far: every entry judged, the agreement's state
// after them, and the tree over them. It is a pure function of the agreement
// and the entries' bytes. It is not safe for use by several goroutines while
// one of them appends.
//
// Of each entry it keeps some hundred bytes, whatever the entry holds: its
// judgement, its identity, its place in the tree. What was said is kept besides
// where later entries are judged by it: acts that wait for a proof of time, the
// parts of a text that is not whole yet. Read reads an entry again from a Source,
// and holds it to the tree; a fold that was given none keeps all entries.
type Fold struct {
	*host
	agreement *agreement.Agreement // the first text: the record's identity
	versions  []*Version           // the texts that were in force; never empty

	tree    tree
	column  *column
	source  Source
	kept    *memory // the source, if no other was given
	opened  bool
	byID    map[statement.ID]uint32
	proofs  map[tlog.Hash]uint32 // leaf hashes of valid proofs
	signers map[agreement.Name]*signer
	held    map[int64]held // statements that wait, as far as their effect asks for them
	claims  claims
	named   named
	vaults  []*vaultHistory

	texts     texts
	consents  consents // in effect
	placed    consents // by their place, whether or not in effect
	renounced map[agreement.Name]agreement.Digest
	ignored   map[int64]string // statements that change nothing at their place, and why
	hosts     []Hosting
	redacted  map[attached]int64 // by which entry

	machine engine
	state   *machine.State
	order   *order
}

// A Judgement is what an entry is and what came of it.
type Judgement struct {
	Index   int64
	Kind    statement.Kind    // of a valid statement; "" of anything else
	By      agreement.Name    // who made the statement
	Answers int64             // the entry of the statement that it answers; 0 if none on this record
	What    What              // of a valid proof of time; "" of anything else
	Covers  int64             // of a proof: the entries below have existed
	Clock   agreement.Instant // of a proof: the record's clock after it
	Fault   *Fault            // the entry is inert: the rule that it breaks
	UB      agreement.Instant // the entry existed by then, if Covered
	Covered bool              // by a valid proof; false: provisional
	Effect  *Effect           // of a statement; nil while it is provisional or waits
}

// Judged is an entry with its judgement: exactly one of Statement, Proof and
// Fault is set, or none for the opening. A statement with a fault is not set:
// nothing in it may be relied on.
type Judged struct {
	Judgement
	Bytes     []byte
	Statement *statement.Signed
	Proof     *Proof
}

// NewFold starts the fold of an agreement's record, with no entry yet. It
// fails if the agreement's quorum or keys are not such as a record needs.
func NewFold(a *agreement.Agreement) (*Fold, error) {
	start := machine.Compile(a).Start()
	f, err := newFold(a, start)
	if err != nil {
		return nil, err
	}
	f.state = start
	return f, nil
}

func newFold(a *agreement.Agreement, m engine) (*Fold, error) {
	h, err := newHost(a)
	if err != nil {
		return nil, err
	}
	f := &Fold{
		host: h, agreement: a, machine: m,
		byID: map[statement.ID]uint32{}, proofs: map[tlog.Hash]uint32{}, held: map[int64]held{}, claims: newClaims(),
		column: newColumn(), kept: &memory{}, versions: []*Version{{Agreement: a, At: Beginning}},
		texts:    texts{parts: map[partsOf]*parts{}, whole: map[agreement.Digest]*text{}},
		consents: consents{}, placed: consents{}, renounced: map[agreement.Name]agreement.Digest{}, ignored: map[int64]string{}, redacted: map[attached]int64{},
	}
	if f.signers, err = firstKeys(a); err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	for _, v := range a.Vaults {
		f.vaults = append(f.vaults, newVaultHistory(v))
	}
	f.source = f.kept
	f.order = newOrder(a.ProofWindow, m, f.takeEffect)
	f.order.happened = f.column.happened
	f.noteVaults()
	return f, nil
}

// FoldTo folds the first n of these entries: the record as of entry n.
func FoldTo(a *agreement.Agreement, entries [][]byte, n int64) (*Fold, error) {
	if n < 0 || n > int64(len(entries)) {
		return nil, fmt.Errorf("record: as of %d entries: there are %d", n, len(entries))
	}
	f, err := NewFold(a)
	if err != nil {
		return nil, err
	}
	for _, e := range entries[:n] {
		f.Append(e)
	}
	return f, nil
}

// Append folds one entry at index Size and says what it is. It is total: bytes
// that are no entry stand on the record as inert, with the rule they break. The
// result is the judgement as of now, with what was read; Entry gives later ones.
func (f *Fold) Append(entry []byte) *Judged { return f.AppendLook(newLook(entry)) }

// AppendLook is Append of an entry that was looked at ahead.
func (f *Fold) AppendLook(look *Look) *Judged {
	leaf := look.leaf
	j := f.judged(look)
	to := int64(0)
	switch {
	case j.Index == 0:
		f.opened = j.Fault == nil
	case j.Fault != nil && f.opened:
		// It need not have taken the entry in: whoever else is to blame, it is too.
		if j.Fault.Culprit == string(f.depositary) {
			j.Fault.Reason += "; the depositary is at fault for admitting it"
		} else {
			j.Fault.Reason += "; the depositary is also at fault for admitting it"
		}
	case j.Statement != nil:
		to = int64(f.byID[j.Statement.Answers])
		f.byID[j.Statement.ID] = uint32(j.Index)
	case j.Proof != nil:
		f.proofs[leaf] = uint32(j.Index)
	}
	f.column.add(j, to)
	if f.kept != nil {
		f.kept.all.add(j.Bytes)
	}
	switch {
	case j.Statement != nil:
		f.hold(j)
		f.named.note(j)
		f.atItsPlace(j)
		f.order.statement(j.Index)
	case j.Proof != nil:
		j.Proof.What = f.order.proof(j.Index, j.Proof.Head.Size, j.Proof.Lo, j.Proof.Hi)
		f.column.proved(j)
		j.Clock = f.order.clock
		f.joined(j.Index, j.Proof.Head.Size)
	}
	f.tree.add(leaf)
	if j.Proof != nil {
		f.noteProof(j.Proof)
		f.noteVaults()
	}
	f.column.say(j, to)
	return j
}

// atItsPlace does what a statement does whether or not a proof ever covers it.
func (f *Fold) atItsPlace(j *Judged) {
	switch b := j.Statement.Body.(type) {
	case statement.KeyBody:
		f.changeKeys(j.Statement, b)
	case statement.OutcomeBody:
		f.noteOutcome(j, b)
	case statement.TextBody:
		f.gather(j, b)
	case statement.HostBody:
		f.host.depositary = f.column.name(j.Statement.By)
		f.hosts = append(f.hosts, Hosting{j.Index, f.column.name(j.Statement.By), strings.Clone(b.Address)})
	case statement.AmendBody, statement.RenounceBody:
		f.noteTakeover(j)
	case statement.RedactBody:
		f.noteRedaction(j, b)
	}
}

// Judge says what an entry would be if it were appended now, and changes
// nothing: whoever takes entries in asks before it appends.
func (f *Fold) Judge(entry []byte) *Judged { return f.JudgeLook(newLook(entry)) }

// JudgeLook is Judge of an entry that was looked at ahead.
func (f *Fold) JudgeLook(look *Look) *Judged {
	return f.judged(look)
}

func (f *Fold) judged(look *Look) *Judged {
	j := &Judged{Judgement: Judgement{Index: f.Size(), UB: Never}, Bytes: look.entry}
	if fault := f.judge(j, look); fault != nil {
		j.Statement, j.Proof, j.Fault = nil, nil, fault
	}
	return j
}

// judge fills in what the entry is, or names the rule it breaks.
func (f *Fold) judge(j *Judged, look *Look) *Fault {
	host := f.depositary
	if len(j.Bytes) > statement.MaxEntry {
		return fault(FaultOversized, host, "an entry has at most %d bytes, this one has %d", statement.MaxEntry, len(j.Bytes))
	}
	if j.Index == 0 {
		if !bytes.Equal(j.Bytes, Opening(f.agreement)) {
			return fault(FaultOpening, host, "entry 0 is not the opening of the record of agreement %s; it is another record, or none", f.agreement.ID)
		}
		return nil
	}
	if !f.opened {
		return fault(FaultNoRecord, host, "entry 0 is not the opening of this agreement's record, so nothing after it counts")
	}
	switch form := formOf(j.Bytes); form {
	case statement.PurposeStatement:
		return f.judgeStatement(j, look)
	case statement.PurposeProof:
		if at, ok := f.proofs[look.leaf]; ok {
			return fault(FaultDuplicate, host, "the same bytes as the proof at entry %d", at)
		}
		note, err := ParseProof(j.Bytes)
		if err != nil {
			return fault(FaultNote, host, "%v", err)
		}
		if j.Proof, err = f.checkProof(look.good, note, j.Index); err != nil {
			return asFault(err)
		}
		return nil
	case statement.PurposeRecord:
		return fault(FaultOpening, host, "an opening stands only at entry 0")
	case "":
		return fault(FaultUnknownForm, host, "neither a statement nor a proof of time: want a first line %q or %q", statement.PurposeStatement, statement.PurposeProof)
	default:
		return fault(FaultVersion, host, "a version of an entry that this program does not know; a newer program may")
	}
}

// formOf gives the purpose of an entry's first line if it is one of an entry;
// "" if it is nothing of ours; "?" if it is one of ours in an unknown version.
func formOf(entry []byte) statement.Purpose {
	first, _, _ := bytes.Cut(entry, []byte("\n"))
	for _, p := range []statement.Purpose{statement.PurposeStatement, statement.PurposeProof, statement.PurposeRecord} {
		if string(first) == string(p) {
			return p
		}
		if stem := p[:len(p)-1]; bytes.HasPrefix(first, []byte(stem)) {
			return "?"
		}
	}
	return ""
}

func asFault(err error) *Fault {
	f, ok := err.(*Fault)
	if !ok {
		panic("record: an error of a proof that is no fault: " + err.Error())
	}
	return f
}
