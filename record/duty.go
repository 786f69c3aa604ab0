package record

import (
	"fmt"
	"sort"

	"detente/agreement"
)

// A Duty is whether the depositary owes the record a proof of time, and why.
type Duty struct {
	Due    bool
	Why    string            // in words; empty if nothing is due
	Size   int64             // the proof must cover this many entries; 0: any size will do
	After  agreement.Instant // the proof must show a clock of at least this; Beginning: any
	Since  agreement.Instant // the oldest unmet duty is not older than this: the maximum gap counts from it
	Next   agreement.Instant // when the next duty arises if nothing is appended; Never if none
	Behind int64             // entries that are not proofs and that no valid proof covers
}

// owe adds a reason; the oldest names the duty.
func (d *Duty) owe(since, after agreement.Instant, size int64, why string) {
	if !d.Due || since < d.Since {
		d.Since, d.Why = since, why
	}
	d.Due, d.Size, d.After = true, max(d.Size, size), max(d.After, after)
}

// Duty says what the depositary owes at an instant: a proof after entries that
// are not proofs, one when an armed deadline has passed, one more to cover
// that, and one when that has existed for the window. Proofs alone create no
// duty, so an idle record stays idle.
//
// An entry carries no time of its own: for a duty to cover entries Since is
// the clock before them, a lower bound; who saw them arrive knows better.
func (f *Fold) Duty(now agreement.Instant) Duty {
	o := f.order
	d := Duty{After: Beginning, Next: Never}
	if first, last, n := f.uncovered(); n > 0 {
		d.Behind = n
		d.owe(f.clockBefore(first), Beginning, last+1, fmt.Sprintf("entry %d is covered by no proof of time", first))
	}
	for _, armed := range o.course.Deadlines() {
		if armed.At > max(now, o.clock) {
			d.Next = min(d.Next, armed.At)
			break
		}
		what := fmt.Sprintf("deadline %s of %s, %s,", armed.What, armed.Subject, armed.At)
		if o.clock < armed.At {
			d.owe(armed.At, armed.At, 0, what+" has passed and no proof shows it")
			continue
		}
		first := o.firstReaching(armed.At)
		switch ub := o.ub.of(first.index); {
		case ub == Never:
			d.owe(first.clock, Beginning, first.index+1, fmt.Sprintf("%s is shown to have passed by entry %d, which no proof covers", what, first.index))
		case now-agreement.Instant(o.window) >= ub:
			ripe := ub + agreement.Instant(o.window)
			d.owe(ripe, ripe, 0, what+" can be decided: the window of the proof that showed it has run")
		default:
			d.Next = min(d.Next, ub+agreement.Instant(o.window))
		}
	}
	return d
}

// uncovered finds the entries that are not proofs and that no valid proof
// covers: the first, the last, and how many.
func (f *Fold) uncovered() (first, last, n int64) {
	for i := f.order.ub.covered(); i < f.Size(); i++ {
		if f.column.marks.at(i).is == isProof {
			continue
		}
		if n == 0 {
			first = i
		}
		last = i
		n++
	}
	return first, last, n
}

// clockBefore is the clock just before the entry at index i.
func (f *Fold) clockBefore(i int64) agreement.Instant {
	proofs := f.order.proofs
	k := sort.Search(len(proofs), func(k int) bool { return proofs[k].index >= i })
	if k == 0 {
		return Beginning
	}
	return proofs[k-1].clock
}

// Owed judges a cosigned checkpoint that stands nowhere on the record: whether
// the depositary must append it as a proof of time, and why. It must if the
// proof lowers the bound of a statement that is not yet in effect, or moves the
// clock past an armed deadline or settled time past one. It may refuse others.
// A mirror or custodian that holds one which it must append does not act, in
// either direction, and publishes it. The error is a *Fault.
func (f *Fold) Owed(note []byte) (must bool, why string, err error) {
	p, err := f.CheckProof(note, f.Size())
	if err != nil {
		return false, "", err
	}
	o := f.order
	for _, i := range o.waiting {
		if i < p.Head.Size && p.Lo < o.ub.of(i) {
			return true, fmt.Sprintf("it shows that the statement at entry %d, not yet in effect, existed by %s", i, p.Lo), nil
		}
	}
	next, armed := o.course.Next()
	if !armed {
		return false, "it changes nothing that is open", nil
	}
	for _, d := range o.course.Deadlines() {
		if o.clock < d.At && d.At <= p.Hi {
			return true, fmt.Sprintf("it shows that deadline %s of %s, %s, has passed", d.What, d.Subject, d.At), nil
		}
	}
	if settled := o.settledWith(p); settled >= next.At {
		return true, fmt.Sprintf("with it deadline %s of %s, %s, is decided", next.What, next.Subject, next.At), nil
	}
	return false, "it changes nothing that is open", nil
}
