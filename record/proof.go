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
	Cosignatures []Cosignature
	Lo, Hi       agreement.Instant // entries below Head.Size existed by Lo; the clock had reached Hi
	What         What              // what it did; Nothing when it is only shown
	Outliers     []agreement.Name  // whose time lies far outside Lo to Hi: reported, not judged
	lines        []int             // of Note, those that count: the depositary's first, then one for each of Cosignatures
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
	return f.checkProof(bytes.Clone(note), index)
}

// checkProof is CheckProof of a note that nobody will change: the proof keeps it.
func (f *Fold) checkProof(note []byte, index int64) (*Proof, error) {
	host := f.depositary
	if !f.opened {
		return nil, fault(FaultNoRecord, host, "entry 0 is not the opening of this agreement's record, so no checkpoint of it counts")
	}
	p, err := f.cosigned(note)
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

// cosigned judges a checkpoint by itself: signed by the depositary and
// cosigned by a quorum, of whatever history. The proof keeps the note.
func (l *host) cosigned(note []byte) (*Proof, error) {
	c, n, err := statement.OpenCheckpoint(note, l.origin, l.logKeys...)
	if err != nil {
		return nil, fault(noteFault(err), l.depositary, "%v", err)
	}
	if c.Size < 1 {
		return nil, fault(FaultSize, l.depositary, "checkpoint of size 0: want at least 1")
	}
	p := &Proof{Head: c.Head(), Note: note, What: Nothing}
	q := l.listAt(c.Size)
	line, key, _ := statement.LogLine(n, l.origin, l.logKeys...)
	p.Signer, p.lines = key, []int{line}
	if err := p.count(q, n); err != nil {
		return nil, fault(FaultCosignature, l.depositary, "checkpoint of size %d: %v", c.Size, err)
	}
	if len(p.Cosignatures) < q.need {
		return nil, fault(FaultTooFew, l.depositary, "checkpoint of size %d: want cosignatures of %d of the %d witnesses in force at that size, has %d", c.Size, q.need, len(q.keys), len(p.Cosignatures))
	}
	p.date(q.faulty)
	return p, nil
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

// count finds the cosignatures that count, in the order of their lines.
func (p *Proof) count(q *quorum, n *statement.Note) error {
	for i, line := range n.Sigs {
		w := slices.IndexFunc(q.keys, func(k statement.WitnessKey) bool { return k.Made(line) })
		if w < 0 {
			continue
		}
		at, err := q.keys[w].VerifyCosignature(n.Text, line)
		if errors.Is(err, statement.ErrTime) {
			continue
		}
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(p.Cosignatures, func(c Cosignature) bool { return c.Witness == q.names[w] }) {
			p.Cosignatures = append(p.Cosignatures, Cosignature{Witness: q.names[w], Time: at})
			p.lines = append(p.lines, i)
		}
	}
	return nil
}

// date works out Lo and Hi, the f+1-th smallest and f+1-th largest times. Of at
// least 2f+1 times at most f are lies, so each of the two lies between the
// times of two honest witnesses, whatever the liars say.
func (p *Proof) date(faulty int) {
	times := make([]agreement.Instant, len(p.Cosignatures))
	for i, c := range p.Cosignatures {
		times[i] = c.Time
	}
	slices.Sort(times)
	p.Lo, p.Hi = times[faulty], times[len(times)-1-faulty]
	for _, c := range p.Cosignatures {
		if c.Time < p.Lo-outlying || c.Time > p.Hi+outlying {
			p.Outliers = append(p.Outliers, c.Witness)
		}
	}
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
