package witness

import (
	"errors"
	"fmt"
	"slices"

	"detente/record"
)

// ErrNotNamed says that a witness has nothing to do with a record.
var ErrNotNamed = errors.New("no text of the record that has been in force names this witness's key in its quorum")

// Observe takes from a copy of a record what amendments have changed, for the
// witness's operator: that this witness is among those of a text in force, and
// who hosts the record now. Checkpoints of the record are cosigned from here on
// whichever of its hosts signs them, those of today and before; nothing that was
// cosigned changes, and only what extends the head cosigned last is cosigned.
// The copy must have been verified from the agreement's id on. It gives the
// record's origin.
func (w *Witness) Observe(f *record.Fold) (string, error) {
	origin, eras := record.Origin(f.Agreement()), f.Eras()
	named := slices.ContainsFunc(eras, func(e record.Era) bool {
		return slices.ContainsFunc(e.Lists, func(l record.List) bool { return slices.Contains(l.Keys, w.key) })
	})
	if !named {
		return "", fmt.Errorf("%w: %s in its %d entries; the key is %s", ErrNotNamed, origin, f.Size(), w.key)
	}
	if err := w.Add(origin, eras[0].Keys...); err != nil {
		return "", err
	}
	for _, e := range eras[1:] {
		for _, key := range e.Keys {
			if err := w.Follow(origin, key); err != nil {
				return "", err
			}
		}
	}
	return origin, nil
}
