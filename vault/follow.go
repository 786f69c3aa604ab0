package vault

import (
	"errors"
	"fmt"
	"slices"

	"detente/agreement"
	"detente/record"
	"detente/statement"
)

// A Reader folds a record into the ledger of one vault.
type Reader struct {
	*Ledger
	version *record.Version // whose terms the ledger has; nil: the first that has the vault
}

// NewReader starts the ledger of a vault of the agreement.
func NewReader(a *agreement.Agreement, vault agreement.Name) (*Reader, error) {
	t, err := TermsOf(a, vault)
	if err != nil {
		return nil, err
	}
	l, err := NewLedger(t)
	if err != nil {
		return nil, err
	}
	return &Reader{Ledger: l}, nil
}

// ReaderOf starts the ledger of a vault of any text that has been in force on a
// record: of one that an amendment added, under the text that first has it.
func ReaderOf(f *record.Fold, vault agreement.Name) (*Reader, error) {
	for _, v := range f.Versions() {
		if !slices.ContainsFunc(v.Agreement.Vaults, func(o *agreement.Vault) bool { return o.Name == vault }) {
			continue
		}
		t, err := TermsOf(v.Agreement, vault)
		if err != nil {
			return nil, err
		}
		t.Agreement = f.Agreement().ID
		l, err := NewLedger(t)
		if err != nil {
			return nil, err
		}
		return &Reader{Ledger: l, version: v}, nil
	}
	return nil, fmt.Errorf("no text of agreement %s that has been in force has vault %s", f.Agreement().Name, vault)
}

// Read folds the entries up to size that it has not folded yet. Whoever acts
// on the ledger reads only what is final.
func (r *Reader) Read(f *record.Fold, size int64) error {
	if err := r.follows(f); err != nil {
		return err
	}
	r.heads.rootAt = func(size int64) ([32]byte, error) { return f.RootAt(size) }
	err := r.read(f, min(size, f.Size()))
	if err == nil && (len(r.Attempts) > 0 || len(r.Seals) > 0) {
		err = r.heads.fill(r.Size())
	}
	r.heads.rootAt = nil
	if r.Size() > 0 {
		root, failed := f.RootAt(r.Size())
		err, r.root = errors.Join(err, failed), root
	}
	return err
}

func (r *Reader) read(f *record.Fold, size int64) error {
	for i := r.Size(); i < size; i++ {
		if err := r.amend(f, i); err != nil {
			return err
		}
		e, err := entryOf(f, i)
		if err != nil {
			return err
		}
		// Before the text that added the vault, nothing could be said of it.
		if r.version != nil && i < r.version.From && e.Statement != nil && e.Statement.Body.Kind() != statement.KindKey {
			e.Statement = nil
		}
		if _, err := r.Append(e); err != nil {
			return err
		}
	}
	// What the last entry brought into force holds now, not only once another
	// comes: who has a seat by it is to take it.
	return r.amend(f, r.Size())
}

// amend gives the ledger the terms in force before the entry at index i.
func (r *Reader) amend(f *record.Fold, i int64) error {
	v := f.VersionAt(i)
	if v.Amendment == nil || r.version != nil && v.From <= r.version.From {
		return nil
	}
	t, err := TermsOf(v.Agreement, r.Terms.Vault)
	if err != nil {
		return err
	}
	t.Agreement = f.Agreement().ID // which is in everything that was ever encrypted
	r.version = v
	return r.Ledger.Amend(t, func(c agreement.Name) bool { return v.Changed("custodian", c) })
}

// follows refuses a fold of another history than was read so far: halves of
// two records would give a ledger of neither.
func (r *Reader) follows(f *record.Fold) error {
	if r.Size() == 0 {
		return nil
	}
	if r.Size() > f.Size() {
		return fmt.Errorf("vault %s: %w: %d entries were read, it has %d", r.Terms.Vault, ErrOtherRecord, r.Size(), f.Size())
	}
	root, err := f.RootAt(r.Size())
	if err != nil {
		return err
	}
	if root != r.root {
		return fmt.Errorf("vault %s: %w: its first %d entries are others", r.Terms.Vault, ErrOtherRecord, r.Size())
	}
	return nil
}

// entryOf gives an entry of a record to a ledger, but for the root after it. One
// that the record holds faulty counts for nothing but the tree.
func entryOf(f *record.Fold, i int64) (Entry, error) {
	j, e := f.Entry(i), Entry{Index: i}
	if j.Fault != nil {
		return e, nil
	}
	if j.What != "" {
		e.Clock = j.Clock
	}
	if j.Kind != statement.KindKey && j.Kind.Force() != statement.ForceEvidence {
		return e, nil // of what else was said a ledger takes no notice
	}
	said, err := f.Read(i)
	if err != nil {
		return Entry{}, err
	}
	e.ID, e.Statement = said.Statement.ID, &said.Statement.Statement
	return e, nil
}

// ExistedBy gives by when entries existed, for a coverage.
func ExistedBy(f *record.Fold) func(entry int64) (agreement.Instant, bool) {
	return func(entry int64) (agreement.Instant, bool) {
		if entry < 0 || entry >= f.Size() {
			return 0, false
		}
		j := f.Entry(entry)
		return j.UB, j.Covered
	}
}

// Cover computes the coverage of the vault from the record: its schedule as
// the fold dates it, the clock of what was read, and by when each entry existed.
// So a reader that has not read all knows of no gap in the rest. batch gives a
// batch's object. It fails while it is not known when the recording starts.
func (r *Reader) Cover(f *record.Fold, batch func(Digest) ([]byte, error)) (*Coverage, error) {
	if err := r.follows(f); err != nil {
		return nil, err
	}
	asOf := min(f.Clock(), r.Clock())
	opens, ok := f.State().Opens(r.Terms.Vault)
	if !ok {
		return nil, fmt.Errorf("vault %s: %w", r.Terms.Vault, ErrNotOpen)
	}
	closes, ok := f.State().Closes(r.Terms.Vault)
	if !ok {
		closes = asOf
	}
	return r.Coverage(CoverageInput{
		Opens: opens, Closes: max(opens, closes), AsOf: asOf, ExistedBy: ExistedBy(f), Batch: batch,
	})
}

// ErrNotOpen says that there is no coverage to compute yet; ErrOtherRecord, that
// a fold is not of the record that was read.
var (
	ErrNotOpen     = errors.New("it is not known yet when the recording starts")
	ErrOtherRecord = errors.New("not the record that was read before")
)
