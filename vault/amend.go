package vault

import (
	"fmt"
	"slices"

	"detente/agreement"
)

// Seats are numbered for ever, in the order in which the texts named their
// custodians: the number of one whom an amendment replaced is nobody else's, so
// that a share, a request and a word are always of the same seat. A dealing
// names them all; those that the text in force does without have no key in it.

// seat gives a custodian its seat, now if it has none.
func (l *Ledger) seat(name agreement.Name) *Custody {
	if c := l.custody(name); c != nil {
		return c
	}
	c := &Custody{Seat: len(l.Custodies) + 1, Custodian: name, Accepted: -1, Barred: -1, Replaced: -1, Alive: Alive{Entry: -1}}
	l.Custodies = append(l.Custodies, c)
	return c
}

// Amend folds an amendment: the terms that hold from the next entry on, and
// whether it changed the declaration of a custodian. What was dealt stays as it
// was dealt; who was replaced keeps what it holds until the outcome. A custodian
// that was barred has a seat again if the amendment says who holds the seats, or
// says something new of it.
func (l *Ledger) Amend(t Terms, changed func(custodian agreement.Name) bool) error {
	if err := t.check(); err != nil {
		return err
	}
	if t.Agreement != l.Terms.Agreement || t.Vault != l.Terms.Vault {
		return fmt.Errorf("ledger of vault %s: amended by the terms of vault %s of agreement %s", l.Terms.Vault, t.Vault, t.Agreement)
	}
	reseats := !slices.Equal(t.Seats, l.Terms.Seats) || t.Need != l.Terms.Need || t.Absent != l.Terms.Absent
	for _, name := range t.Seats {
		l.seat(name)
	}
	for _, c := range l.Custodies {
		seated := slices.Contains(t.Seats, c.Custodian)
		switch {
		case !seated && c.Replaced < 0:
			c.Replaced = l.size
		case seated:
			c.Replaced = -1
			if reseats || changed(c.Custodian) {
				c.Barred = -1
			}
		}
	}
	if t.RecorderKey != l.Terms.RecorderKey || t.Recorder != l.Terms.Recorder {
		for i := range l.deviceKeys {
			if k := &l.deviceKeys[i]; k.until < 0 {
				k.until = l.size
			}
		}
		l.deviceKeys = append(l.deviceKeys, deviceKey{key: t.RecorderKey, from: l.size, until: -1})
	}
	l.Terms, l.amended, l.counts = t, l.size, append(l.counts, len(l.Custodies))
	return nil
}

// amendedMeanwhile excuses whoever dealt by the text before an amendment that he
// had not seen in force.
func (l *Ledger) amendedMeanwhile(err error) error {
	if l.amended == 0 {
		return err
	}
	return &meanwhile{err, l.amended - 1}
}
