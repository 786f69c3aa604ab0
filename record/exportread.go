package record

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"detente/agreement"
)

// Fold folds the exported record and judges what ReadExport leaves: that the
// bundle is a sound text, that the checkpoint is final for it, and that every
// object is named by a statement on the record. Entries with faults are no
// error: they are in the fold.
func (e *Export) Fold() (*Fold, error) {
	return e.FoldWith(func(f *Fold, entries [][]byte) error {
		for _, entry := range entries {
			f.Append(entry)
		}
		return nil
	})
}

// FoldWith is Fold by a caller who has the means to fold all entries faster, or
// to say how far it is: feed must append each entry, in order, and its error
// ends the fold.
func (e *Export) FoldWith(feed func(f *Fold, entries [][]byte) error) (*Fold, error) {
	f, err := foldOf(e.Bundle)
	if err != nil {
		return nil, err
	}
	if err := feed(f, e.Entries); err != nil {
		return nil, err
	}
	if f.Size() != int64(len(e.Entries)) {
		return nil, fmt.Errorf("record: %d of %d entries were folded", f.Size(), len(e.Entries))
	}
	return f, e.Check(f)
}

// foldOf begins the fold of the record of a bundle.
func foldOf(b *agreement.Bundle) (*Fold, error) {
	a, diagnostics := agreement.Read(b)
	if a == nil {
		for _, d := range diagnostics {
			if !d.Warning {
				return nil, badExport(folderBundle+d.Range.File, "the text is not sound: %s: %s", d.Code, d.Message)
			}
		}
		return nil, badExport(folderBundle, "the text is not sound")
	}
	f, err := NewFold(a)
	if err != nil {
		return nil, badExport(folderBundle, "%v", err)
	}
	return f, nil
}

// checkFold holds a fold to the checkpoint that ends the export.
func checkFold(f *Fold, checkpoint []byte, first string) error {
	if j := f.Entry(0); j == nil || j.Fault != nil {
		return badExport(first, "entry 0 is not the opening of the record of this bundle, %s", f.agreement.ID)
	}
	size, err := f.Final(checkpoint)
	if err != nil {
		return badExport(fileCheckpoint, "%v", err)
	}
	if size != f.Size() {
		return badExport(fileCheckpoint, "of size %d, with %d entries: want it to cover exactly the entries", size, f.Size())
	}
	return nil
}

// Check holds a fold of exactly this export's entries to the rest of it.
func (e *Export) Check(f *Fold) error {
	if err := checkFold(f, e.Checkpoint, tilePath(0, min(tileWidth, len(e.Entries)))); err != nil {
		return err
	}
	named := f.batches(f.Size())
	for _, o := range e.Objects {
		if d := sha256.Sum256(o); !named[d] {
			return badExport(fmt.Sprintf("%s%x", folderObjects, d), "no statement on the record names it")
		}
	}
	return nil
}

// batches are the digests of the objects that statements among the first size
// entries name.
func (f *Fold) batches(size int64) map[agreement.Digest]bool {
	all := map[agreement.Digest]bool{}
	for _, d := range f.Batches(0, size) {
		all[d] = true
	}
	return all
}

// Object finds an object by its SHA-256.
func (e *Export) Object(digest [32]byte) ([]byte, bool) {
	i, ok := slices.BinarySearchFunc(e.Objects, digest, func(o []byte, d [32]byte) int {
		got := sha256.Sum256(o)
		return bytes.Compare(got[:], d[:])
	})
	if !ok {
		return nil, false
	}
	return e.Objects[i], true
}
