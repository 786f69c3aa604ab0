package record

import (
	"bytes"
	"errors"
	"slices"

	"detente/agreement"
	"detente/statement"
)

// A Proof is a proof of time: an earlier checkpoint of this same record with
// the cosignatures that count.
type Proof struct {
	Head         statement.Head
	Note         []byte              // the cosigned checkpoint, verbatim
	Signer       statement.PublicKey // of the depositary that signed it: the first or a successor
	Cosignatures []Cosignature       // in the order of their lines
	Lo, Hi       agreement.Instant   // entries below Head.Size existed by Lo; the clock had reached Hi
	What         What                // what it did; Nothing when it is only shown
	Outliers     []agreement.Name    // whose time lies far outside Lo to Hi: reported, not judged
	lines        []int               // of Note, those that count: the depositary's first, then one for each of Cosignatures
	counts       []count             // for each list that had to cosign
}

// A count is the times that count for one list of witnesses.
type count struct {
	list  *quorum
	times []agreement.Instant // sorted
}

// A Cosignature is a witness's word that a checkpoint was there at Time.
type Cosignature struct {
	Witness agreement.Name
	Time    agreement.Instant
}

// What says in one word what a valid proof of time did.
type What string

// What a proof can do.
const (
	Tick    What = "tick"    // moved the clock
	Stamp   What = "stamp"   // moved no clock, but showed that something existed earlier than known
	Nothing What = "nothing" // neither
)

// outlying is how far from Lo to Hi a witness's time must lie to be reported:
// well-kept clocks are seconds apart, and a round of all witnesses takes less
// than minutes.
const outlying = 10 * 60

// ProofEntry is the entry that carries a cosigned checkpoint.
func ProofEntry(note []byte) []byte {
	return append([]byte(statement.PurposeProof.Line()), note...)
}

// ParseProof gives the note that an entry carries as a proof of time, unjudged.
func ParseProof(entry []byte) (note []byte, err error) {
	note, ok := bytes.CutPrefix(entry, []byte(statement.PurposeProof.Line()))
	if !ok {
		return nil, &Fault{Code: FaultUnknownForm, Reason: "want a first line " + string(statement.PurposeProof)}
	}
	if len(entry) > statement.MaxEntry {
		return nil, &Fault{Code: FaultOversized, Reason: "a proof of time does not fit an entry of 65535 bytes"}
	}
	return note, nil
}

// CheckProof judges a cosigned checkpoint as if it stood at index on this
// record: index is at most Size. The error is a *Fault.
//
// Lines of keys that are not the depositary's or a witness's are ignored, and
// so are those of witnesses that state no time; of several lines of one witness
// the first counts. A line that claims a known key and does not verify rejects
// the whole note.
func (f *Fold) CheckProof(note []byte, index int64) (*Proof, error) {
	return f.checkProof(nil, bytes.Clone(note), index)
}

// checkProof is CheckProof of a note that nobody will change: the proof keeps it.
func (f *Fold) checkProof(v *statement.Verified, note []byte, index int64) (*Proof, error) {
	host := f.depositary
	if !f.opened {
		return nil, fault(FaultNoRecord, host, "entry 0 is not the opening of this agreement's record, so no checkpoint of it counts")
	}
	p, err := f.cosignedBy(v, note)
	if err != nil {
		return nil, err
	}
	size := p.Head.Size
	if size > min(index, f.Size()) {
		return nil, fault(FaultSize, host, "checkpoint of size %d at entry %d: want at most the entries before it", size, index)
	}
	if !f.had(p.Head) {
		return nil, fault(FaultFork, host, "checkpoint of size %d: its root is not that of this record's first entries; a quorum cosigned another history", size)
	}
	return p, nil
}

// cosigned judges a checkpoint by itself: signed by one who may host the record
// and cosigned by a quorum of each list in force at its size, of whatever
// history. The proof keeps the note.
func (l *host) cosigned(note []byte) (*Proof, error) { return l.cosignedBy(nil, note) }

func (l *host) cosignedBy(v *statement.Verified, note []byte) (*Proof, error) {
	e := l.eras[0]
	if len(l.eras) > 1 {
		e = l.eraAt(sizeOf(note))
	}
	c, n, err := statement.OpenCheckpointBy(v, note, l.origin, e.logKeys...)
	if err != nil {
		return nil, fault(noteFault(err), l.depositary, "%v", err)
	}
	if c.Size < 1 {
		return nil, fault(FaultSize, l.depositary, "checkpoint of size 0: want at least 1")
	}
	p := &Proof{Head: c.Head(), Note: note, What: Nothing}
	line, key, _ := statement.LogLineBy(v, n, l.origin, e.logKeys...)
	p.Signer, p.lines = key, []int{line}
	if err := p.count(v, e.lists, n); err != nil {
		return nil, fault(FaultCosignature, l.depositary, "checkpoint of size %d: %v", c.Size, err)
	}
	for _, k := range p.counts {
		if q := k.list; len(k.times) < q.need {
			return nil, fault(FaultTooFew, l.depositary, "checkpoint of size %d: want cosignatures of %d of the %d witnesses in force at that size, has %d", c.Size, q.need, len(q.keys), len(k.times))
		}
	}
	p.date()
	return p, nil
}

// sizeOf is the size that a note states as a checkpoint; 0 if it is none.
func sizeOf(note []byte) int64 {
	n, err := statement.ParseNote(note)
	if err != nil {
		return 0
	}
	c, err := statement.ParseCheckpoint(n.Text)
	if err != nil {
		return 0
	}
	return c.Size
}

// noteFault is the code for what package statement refuses.
func noteFault(err error) string {
	switch {
	case errors.Is(err, statement.ErrTooLarge):
		return FaultOversized
	case errors.Is(err, statement.ErrOrigin):
		return FaultOrigin
	case errors.Is(err, statement.ErrSignature), errors.Is(err, statement.ErrUnsigned):
		return FaultDepositary
	}
	return FaultNote
}

// count finds the cosignatures that count, in the order of their lines. A
// witness of several lists counts for each.
func (p *Proof) count(v *statement.Verified, lists []list, n *statement.Note) error {
	p.counts = make([]count, len(lists))
	seen := make([][]bool, len(lists))
	for k, q := range lists {
		p.counts[k].list, seen[k] = q.quorum, make([]bool, len(q.keys))
	}
	for i, line := range n.Sigs {
		counts := false
		var c Cosignature
		for k, q := range lists {
			w := slices.IndexFunc(q.keys, func(key statement.WitnessKey) bool { return key.Made(line) })
			if w < 0 {
				continue
			}
			at, err := q.keys[w].VerifyCosignatureBy(v, n.Text, line)
			if errors.Is(err, statement.ErrTime) {
				continue
			}
			if err != nil {
				return err
			}
			if !seen[k][w] {
				seen[k][w], counts, c = true, true, Cosignature{Witness: q.names[w], Time: at}
				p.counts[k].times = append(p.counts[k].times, at)
			}
		}
		if counts {
			p.Cosignatures = append(p.Cosignatures, c)
			p.lines = append(p.lines, i)
		}
	}
	for k := range p.counts {
		slices.Sort(p.counts[k].times)
	}
	return nil
}

// date works out Lo and Hi: of each list the f+1-th smallest and f+1-th largest
// time, and of several lists the later and the earlier of these, for which
// every one of the lists vouches. Of at least 2f+1 times at most f are lies,
// so each lies between the times of two honest witnesses, whatever the liars say.
func (p *Proof) date() {
	for k, c := range p.counts {
		lo, hi := c.times[c.list.faulty], c.times[len(c.times)-1-c.list.faulty]
		if k == 0 {
			p.Lo, p.Hi = lo, hi
		}
		p.Lo, p.Hi = max(p.Lo, lo), min(p.Hi, hi)
	}
	for _, c := range p.Cosignatures {
		if c.Time < min(p.Lo, p.Hi)-outlying || c.Time > max(p.Lo, p.Hi)+outlying {
			p.Outliers = append(p.Outliers, c.Witness)
		}
	}
}

// before is whether every list that had to cosign did so before t: a quorum of
// it, each at a time before t.
func (p *Proof) before(t agreement.Instant) bool {
	for _, c := range p.counts {
		if n, _ := slices.BinarySearch(c.times, t); n < c.list.need {
			return false
		}
	}
	return true
}

// notBefore is whether every list that had to cosign did so at or after t.
func (p *Proof) notBefore(t agreement.Instant) bool {
	for _, c := range p.counts {
		if n, _ := slices.BinarySearch(c.times, t); len(c.times)-n < c.list.need {
			return false
		}
	}
	return true
}

// by is whether a list had to cosign, and so did.
func (p *Proof) by(q *quorum) bool {
	return slices.ContainsFunc(p.counts, func(c count) bool { return c.list.same(q) })
}

// Final judges a cosigned checkpoint: entries below the size it gives are
// final. The error is a *Fault; FaultSize may mean only that this copy of the
// record is too short.
func (f *Fold) Final(cosigned []byte) (size int64, err error) {
	p, err := f.CheckProof(cosigned, f.Size())
	if err != nil {
		return 0, err
	}
	return p.Head.Size, nil
}
