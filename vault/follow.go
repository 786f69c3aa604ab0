package vault

import (
	"detente/agreement"
	"detente/record"
)

// A Reader folds a record into the ledger of one vault.
type Reader struct {
	*Ledger
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

// Read folds the entries up to size that it has not folded yet. Whoever acts
// on the ledger reads only what is final.
func (r *Reader) Read(f *record.Fold, size int64) error {
	for i := r.Size(); i < min(size, f.Size()); i++ {
		e, err := EntryOf(f, i)
		if err != nil {
			return err
		}
		if _, err := r.Append(e); err != nil {
			return err
		}
	}
	return nil
}

// EntryOf gives an entry of a record to a ledger. One that the record holds
// faulty counts for nothing but the tree.
func EntryOf(f *record.Fold, i int64) (Entry, error) {
	root, err := f.RootAt(i + 1)
	if err != nil {
		return Entry{}, err
	}
	j, e := f.Entry(i), Entry{Index: i, Root: root}
	if j.Fault != nil {
		return e, nil
	}
	if j.Proof != nil {
		e.Clock = j.Proof.Hi
	}
	if j.Statement != nil {
		e.ID, e.Statement = j.Statement.ID, &j.Statement.Statement
	}
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
