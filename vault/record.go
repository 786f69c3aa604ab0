package vault

import (
	"detente/agreement"
	"detente/record"
)

// Follow folds every entry of the record that the ledger has not seen yet. It
// gives the verdicts on statements about this vault.
func (l *Ledger) Follow(f *record.Fold) ([]Verdict, error) {
	var out []Verdict
	for l.size < f.Size() {
		e, err := EntryOf(f, l.size)
		if err != nil {
			return out, err
		}
		v, err := l.Append(e)
		if err != nil {
			return out, err
		}
		if v != nil {
			out = append(out, *v)
		}
	}
	return out, nil
}

// EntryOf gives an entry of a record to the ledger. Entries that the record
// holds faulty count for nothing but the tree and the clock.
func EntryOf(f *record.Fold, i int64) (Entry, error) {
	j := f.Entry(i)
	root, err := f.RootAt(i + 1)
	if err != nil {
		return Entry{}, err
	}
	e := Entry{Index: i, Root: root}
	if j.Fault != nil {
		return e, nil
	}
	if j.Statement != nil {
		e.ID, e.Statement = j.Statement.ID, &j.Statement.Statement
	}
	if j.Proof != nil {
		e.Clock = j.Proof.Hi
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
