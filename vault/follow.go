package vault

import (
	"detente/agreement"
	"detente/record"
)

// A Reader folds a record into the ledger of one vault.
type Reader struct {
	*Ledger
	clock agreement.Instant
}

// NewReader starts the ledger of a vault of the fold's agreement.
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
		j := f.Entry(i)
		if j.Proof != nil {
			r.clock = max(r.clock, j.Proof.Hi)
		}
		root, err := f.RootAt(i + 1)
		if err != nil {
			return err
		}
		e := Entry{Index: i, Clock: r.clock, Root: root}
		if j.Statement != nil && j.Fault == nil {
			e.ID, e.Statement = j.Statement.ID, &j.Statement.Statement
		}
		if _, err := r.Append(e); err != nil {
			return err
		}
	}
	return nil
}
