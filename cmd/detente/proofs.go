package main

import (
	"fmt"

	"detente/agreement"
	"detente/machine"
	"detente/vault"
)

// A proofReport is when a custodian last proved that it holds its shares.
type proofReport struct {
	Custodian agreement.Name `json:"custodian"`
	Seat      int            `json:"seat"`
	Entry     int64          `json:"entry"`   // -1: it never did
	Since     machine.Moment `json:"since"`   // the last proof, or the first seal
	Days      int64          `json:"days"`    // from then to the record's clock
	Every     int64          `json:"every"`   // seconds that the text gives it
	Overdue   bool           `json:"overdue"` // more than that has passed
}

// proofsOf are the proofs of who holds a share; none if the text asks for none.
func proofsOf(l *vault.Ledger) []proofReport {
	out := []proofReport{}
	if l.Terms.Proves == 0 {
		return out
	}
	for _, c := range l.Custodies {
		last, since, _, late := l.Proved(c.Seat)
		if since == 0 {
			continue // it holds none, or erased
		}
		r := proofReport{c.Custodian, c.Seat, -1, momentOf(since), int64(l.Clock()-since) / (24 * 60 * 60), int64(l.Terms.Proves), late}
		if last != nil {
			r.Entry = last.Entry
		}
		out = append(out, r)
	}
	return out
}

func (r proofReport) String() string {
	s := fmt.Sprintf("%s never proved that it holds its shares, first sealed %s", r.Custodian, ago(r.Days))
	if r.Entry >= 0 {
		s = fmt.Sprintf("%s last proved %s that it holds its shares (entry %d)", r.Custodian, ago(r.Days), r.Entry)
	}
	if r.Overdue {
		s += fmt.Sprintf(": OVERDUE, the text wants it every %s", every(r.Every))
	}
	return s
}

func ago(days int64) string {
	if days == 0 {
		return "less than a day ago"
	}
	return count(int(days), "day") + " ago"
}

func every(seconds int64) string {
	const hour = 60 * 60
	switch {
	case seconds%(24*hour) == 0:
		return count(int(seconds/(24*hour)), "day")
	case seconds%hour == 0:
		return count(int(seconds/hour), "hour")
	}
	return count(int(seconds), "second")
}
