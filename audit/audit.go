package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"detente/agreement"
	"detente/machine"
	"detente/record"
	"detente/vault"
)

// Verdict is the answer of an audit.
type Verdict string

// The verdicts. They are about the file, not about anybody's conduct.
const (
	Holds   Verdict = "holds"   // everything that can be checked was, and holds
	Broken  Verdict = "broken"  // something is not what it says it is
	Unknown Verdict = "unknown" // nothing is wrong, but something could not be found out
)

// A Report is what an audit found.
type Report struct {
	Verdict   Verdict           `json:"verdict"`
	Broken    []Fault           `json:"broken"`
	Checked   []Count           `json:"checked"`
	Unchecked []string          `json:"unchecked"` // what no audit of a record can check
	Unknown   []string          `json:"unknown"`   // what could not be found out from this file
	Conduct   []Conduct         `json:"conduct"`   // who broke a rule, by the record
	Agreement *Agreement        `json:"agreement,omitempty"`
	Record    *Record           `json:"record,omitempty"`
	Vaults    []Vault           `json:"vaults"`
	Standing  *machine.Standing `json:"standing,omitempty"`
}

// A Fault is a part of the file that is not what it says it is.
type Fault struct {
	Part   string `json:"part"`
	Reason string `json:"reason"`
}

// A Count is how many things of one kind were checked.
type Count struct {
	N    int    `json:"n"`
	What string `json:"what"`
}

// Conduct is a broken rule and who broke it.
type Conduct struct {
	Entry   int64  `json:"entry"` // -1: not on the record
	Culprit string `json:"culprit"`
	Reason  string `json:"reason"`
}

// Agreement is the text that the record is of.
type Agreement struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Title     string `json:"title"`
	Simulated bool   `json:"simulated"`
}

// Record is how far the record goes.
type Record struct {
	Size        int64          `json:"size"`
	Root        string         `json:"root"`
	Clock       machine.Moment `json:"clock"`     // at least so late it is
	Settled     machine.Moment `json:"settled"`   // deadlines up to here are decided
	Witnessed   machine.Moment `json:"witnessed"` // the clock of the checkpoint that ends the file
	Provisional int            `json:"provisional"`
}

// Vault is what became of a vault.
type Vault struct {
	Name     agreement.Name  `json:"name"`
	Outcome  machine.Outcome `json:"outcome"`
	Since    machine.Moment  `json:"since"`
	Ground   record.Ground   `json:"ground"`   // decided or halted; empty: no certificate
	Epochs   int             `json:"epochs"`   // sealed
	Void     int             `json:"void"`     // attempts at an epoch that came to nothing
	Seats    int             `json:"seats"`    // of the roster
	Handed   int             `json:"handed"`   // seats that handed over
	Attested int             `json:"attested"` // seats that say they erased
	Coverage *vault.Coverage `json:"coverage,omitempty"`
}

// Run audits the bytes of an exported record. It is total: whatever the bytes
// are, there is a report.
func Run(file []byte) *Report {
	r, err := RunFile(bytes.NewReader(file), int64(len(file)), oneByOne)
	if err != nil {
		panic("audit: memory that cannot be read: " + err.Error())
	}
	return r
}

// RunFile audits an exported record in a file of some size, of which it holds a
// few tiles in memory at a time. feed must append every entry of the exported
// record to its fold, in their order; however it does so, the report is the same.
// An error says that the file could not be read, or that feed has ended: then
// there is no report.
func RunFile(file io.ReaderAt, size int64, feed func(*record.Fold, *record.ExportFile) error) (*Report, error) {
	r := &Report{Broken: []Fault{}, Checked: []Count{}, Unknown: []string{}, Conduct: []Conduct{}, Vaults: []Vault{}, Unchecked: beyond}
	err := r.run(file, size, feed)
	if broken, ok := errors.AsType[*record.ExportError](err); ok {
		r = &Report{Checked: []Count{}, Unknown: []string{}, Conduct: []Conduct{}, Vaults: []Vault{}, Unchecked: beyond}
		r.Verdict, r.Broken = Broken, []Fault{{Part: broken.Part, Reason: broken.Reason}}
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

func oneByOne(f *record.Fold, x *record.ExportFile) error {
	for n := range x.Tiles() {
		entries, err := x.Tile(n)
		if err != nil {
			return err
		}
		for _, e := range entries {
			f.Append(e)
		}
	}
	return nil
}

func (r *Report) run(file io.ReaderAt, size int64, feed func(*record.Fold, *record.ExportFile) error) error {
	e, err := record.OpenExport(file, size, record.DefaultLimits)
	if err != nil {
		return err
	}
	f, err := e.NewFold()
	if err != nil {
		return err
	}
	if err := feed(f, e); err != nil {
		return err
	}
	f.ReadFrom(e.Near())
	if err := e.Check(f); err != nil {
		return err
	}
	r.entries(f)
	r.text(e, f)
	for _, v := range f.InForce().Vaults {
		if err := r.vault(e, f, v); err != nil {
			if _, unread := errors.AsType[*record.ReadError](err); unread {
				return err
			}
			return &record.ExportError{Part: "record", Reason: fmt.Sprintf("vault %s: %v", v.Name, err)}
		}
	}
	r.undecided(f, max(f.Clock(), witnessed(e, f)))
	if r.Verdict = Holds; len(r.Unknown) > 0 {
		r.Verdict = Unknown
	}
	return nil
}

// beyond is what no audit of a record can check.
var beyond = []string{
	"whether this is the whole record: others may hold a longer one, or another; compare heads with the witnesses and with other copies",
	"whether what was said is true: a signature shows who said it",
	"for whom a segment is sealed, and what it shows: that is seen only after release",
	"whether a custodian kept a copy of its share, or showed it to others",
}

func (r *Report) checked(n int, what string) {
	if n > 0 {
		r.Checked = append(r.Checked, Count{n, what})
	}
}

// entries counts what the fold has checked, and lists the entries that break a
// rule: they have no effect, and the depositary should not have taken them in.
func (r *Report) entries(f *record.Fold) {
	for _, i := range f.Inert() {
		broken := f.Entry(i).Fault
		r.Conduct = append(r.Conduct, Conduct{i, broken.Culprit, broken.Error()})
	}
	n := f.Tally()
	r.checked(int(f.Size()), "entries: each hashed into the root that the witnesses cosigned")
	r.checked(int(n.Statements), "signed statements: form, signer, keys at their place, agreement, and the head they cite")
	r.checked(int(n.Proofs), "proofs of time: root, depositary's signature, quorum")
	r.checked(int(n.Cosignatures), "cosignatures of witnesses in them")
	r.checked(f.EventCount(), "effects and deadlines: dated by the rules of time")
	r.checked(int(n.Inert), "entries without force: each named below")
}

func (r *Report) text(e *record.ExportFile, f *record.Fold) {
	a := f.Agreement()
	r.Agreement = &Agreement{ID: a.ID.String(), Name: string(a.Name), Title: a.Title, Simulated: a.Simulated}
	root := f.Root()
	r.Record = &Record{
		Size: f.Size(), Root: root.String(), Clock: moment(f.Clock()), Settled: moment(f.Settled()),
		Witnessed: moment(witnessed(e, f)), Provisional: len(f.Waiting()),
	}
	st := f.State().Standing()
	r.Standing = &st
	r.checked(len(e.Bundle.Files), "files of the text: their digest is the agreement's id, and the text is sound")
}

// moment is an instant that may be before all time: not known.
func moment(t agreement.Instant) machine.Moment {
	if t <= 0 {
		return machine.Moment{}
	}
	return machine.Moment{At: t, Set: true}
}

// witnessed is the clock of the checkpoint that ends the file, which is proof of
// it though it is no entry.
func witnessed(e *record.ExportFile, f *record.Fold) agreement.Instant {
	p, err := f.CheckProof(e.Checkpoint, f.Size())
	if err != nil {
		return record.Beginning // Check has refused such a file
	}
	return p.Hi
}

// undecided lists what is shown to be due by now and is not decided: the
// entries that decide it came later, or were cut off.
func (r *Report) undecided(f *record.Fold, now agreement.Instant) {
	for _, d := range f.State().Deadlines() {
		if d.At > now {
			continue
		}
		r.Unknown = append(r.Unknown, fmt.Sprintf("%s of %s passed at %s, by the witnesses' clocks, but no proof of time on this record decides it: it is decided up to %s",
			d.What, d.Subject, d.At, moment(f.Settled())))
	}
	for _, i := range f.Waiting() {
		j := f.Entry(i)
		r.Unknown = append(r.Unknown, fmt.Sprintf("entry %d (%s by %s) waits: no proof of time in this file lets it take effect", i, j.Kind, j.By))
	}
}

// noCertificate says why a vault that the fold decides has no certificate.
func noCertificate(err error) string {
	switch {
	case errors.Is(err, record.ErrExclusion), errors.Is(err, record.ErrFork):
		return err.Error()
	case errors.Is(err, record.ErrUndecided):
		return "no certificate that a custodian could act on is in this file"
	}
	return err.Error()
}
