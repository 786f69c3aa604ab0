package record

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

// A column is what a fold keeps of every entry for good, a few bytes of each:
// what it is, who made it, what came of it. The entry itself is read again from
// where it is stored when somebody asks for it.
type column struct {
	marks    chunks[mark]
	names    []agreement.Name
	numbers  map[agreement.Name]uint32 // into names
	answers  []link                    // of the statements that answer one on the record, in entry order
	faults   map[int64]*Fault
	verdicts map[int64]uint32 // those that a state does not say, into reasons
	reasons  []machine.Verdict
	reason   map[machine.Verdict]uint32 // into reasons: many refusals are alike
	runs     []run
	fired    []firing
	done     int // how many statements are in effect
	tally    Tally
}

// A mark is one entry.
type mark struct {
	by    uint32 // of a statement, into names
	is    uint8
	state uint8
}

// What an entry is: one of these, or a statement: isStatement and the place of
// its kind among all kinds.
const (
	isOpening uint8 = iota
	isInert
	isProof
	isStatement
)

// What came of a statement. Of a proof it is the place of what it did in whats.
const (
	stateWaits   uint8 = iota
	stateEffect        // it had effect
	stateKind          // it had none, by its kind
	stateVerdict       // verdicts says
)

var whats = []What{Nothing, Stamp, Tick}

var allKinds = statement.Kinds()

// kindNumber is the place of each kind among all.
var kindNumber = func() map[statement.Kind]uint8 {
	all := map[statement.Kind]uint8{}
	for i, k := range allKinds {
		all[k] = uint8(i)
	}
	return all
}()

// A link is that an entry answers another.
type link struct{ entry, to uint32 }

// A run is statements, one after the other, that took effect at one instant
// by one proof: most do so together.
type run struct {
	first, proof int64
	at           agreement.Instant
}

// A firing is a deadline among the effects: how many statements were in effect
// before it.
type firing struct {
	after int
	Event
}

// MaxEntries is how many entries a fold takes in, for their indexes are kept in
// 32 bits: far above what mirrors and audits accept.
const MaxEntries = 1<<32 - 1

func newColumn() *column {
	return &column{numbers: map[agreement.Name]uint32{}, faults: map[int64]*Fault{}, verdicts: map[int64]uint32{}, reason: map[machine.Verdict]uint32{}}
}

// add keeps what an entry is, as it is judged at its place. to is the entry that
// a statement answers, 0 if none on the record.
func (c *column) add(j *Judged, to int64) {
	if j.Index >= MaxEntries {
		panic("record: more entries than a fold takes in")
	}
	m := mark{}
	switch {
	case j.Fault != nil:
		m.is = isInert
		// A name cut out of the entry would keep all of it.
		c.faults[j.Index] = &Fault{Code: j.Fault.Code, Culprit: strings.Clone(j.Fault.Culprit), Reason: j.Fault.Reason}
		c.tally.Inert++
	case j.Proof != nil:
		m.is = isProof
		c.tally.Proofs++
		c.tally.Cosignatures += int64(len(j.Proof.Cosignatures))
	case j.Statement != nil:
		m.is, m.by = isStatement+kindNumber[j.Statement.Body.Kind()], c.number(j.Statement.By)
		if to > 0 {
			c.answers = append(c.answers, link{uint32(j.Index), uint32(to)})
		}
		c.tally.Statements++
	}
	c.marks.add(m)
}

// say gives an entry that was just folded the judgement that it has from now on,
// until a proof covers it.
func (c *column) say(j *Judged, to int64) {
	switch {
	case j.Statement != nil:
		j.Kind, j.By, j.Answers = j.Statement.Body.Kind(), c.names[c.marks.at(j.Index).by], to
	case j.Proof != nil:
		j.What, j.Covers = j.Proof.What, j.Proof.Head.Size
	}
}

// proved notes what a valid proof did.
func (c *column) proved(j *Judged) {
	c.marks.at(j.Index).state = uint8(slices.Index(whats, j.Proof.What))
}

func (c *column) number(n agreement.Name) uint32 {
	if i, ok := c.numbers[n]; ok {
		return i
	}
	n = agreement.Name(strings.Clone(string(n)))
	c.names = append(c.names, n)
	c.numbers[n] = uint32(len(c.names) - 1)
	return c.numbers[n]
}

// name is a name of which a fold keeps one copy, and not the entry that it was
// read from.
func (c *column) name(n agreement.Name) agreement.Name { return c.names[c.number(n)] }

// kind is the kind of a statement; "" of anything else.
func (c *column) kind(i int64) statement.Kind {
	if m := c.marks.at(i); m.is >= isStatement {
		return allKinds[m.is-isStatement]
	}
	return ""
}

// byKind is the verdict on every statement of a kind that has no effect.
func byKind(k statement.Kind) machine.Verdict {
	switch k.Force() {
	case statement.ForceWords:
		return wordsOnly
	case statement.ForceReserved:
		return reserved(k)
	}
	return machine.Verdict{}
}

// effect notes what came of the statement at index i.
func (c *column) effect(i int64, v machine.Verdict) {
	m := c.marks.at(i)
	switch {
	case v == machine.Verdict{Effect: true}:
		m.state = stateEffect
	case v == byKind(c.kind(i)):
		m.state = stateKind
	default:
		m.state = stateVerdict
		k, ok := c.reason[v]
		if !ok {
			k = uint32(len(c.reasons))
			c.reasons, c.reason[v] = append(c.reasons, v), k
		}
		c.verdicts[i] = k
	}
}

// hadEffect is whether the statement at index i is in effect and had one.
func (c *column) hadEffect(i int64) bool {
	m := c.marks.at(i)
	return m.state == stateEffect || m.state == stateVerdict && c.reasons[c.verdicts[i]].Effect
}

// effectOf is what came of the statement at index i; nil while it waits.
func (c *column) effectOf(i int64) *Effect {
	var v machine.Verdict
	switch c.marks.at(i).state {
	case stateWaits:
		return nil
	case stateEffect:
		v.Effect = true
	case stateKind:
		v = byKind(c.kind(i))
	default:
		v = c.reasons[c.verdicts[i]]
	}
	r := c.runs[sort.Search(len(c.runs), func(k int) bool { return c.runs[k].first > i })-1]
	return &Effect{At: r.at, Verdict: v, Proof: r.proof}
}

// happened notes an event.
func (c *column) happened(e Event) {
	if e.Entry < 0 {
		c.fired = append(c.fired, firing{c.done, e})
		return
	}
	c.done++
	if n := len(c.runs); n == 0 || c.runs[n-1].at != e.At || c.runs[n-1].proof != e.Proof {
		c.runs = append(c.runs, run{e.Entry, e.Proof, e.At})
	}
}

// events gives back what happened: statements take effect in entry order.
func (c *column) events(size int64) []Event {
	all := make([]Event, 0, c.done+len(c.fired))
	fired, done, k := c.fired, 0, 0
	deadlines := func() {
		for ; len(fired) > 0 && fired[0].after == done; fired = fired[1:] {
			all = append(all, fired[0].Event)
		}
	}
	deadlines()
	for i := int64(0); i < size && done < c.done; i++ {
		if c.marks.at(i).is < isStatement {
			continue
		}
		for k+1 < len(c.runs) && c.runs[k+1].first <= i {
			k++
		}
		all = append(all, Event{At: c.runs[k].at, Entry: i, Proof: c.runs[k].proof})
		done++
		deadlines()
	}
	return all
}

// answered is the entry that the statement at index i answers; 0 if none.
func (c *column) answered(i int64) int64 {
	k, ok := slices.BinarySearchFunc(c.answers, uint32(i), func(l link, i uint32) int { return int(int64(l.entry) - int64(i)) })
	if !ok {
		return 0
	}
	return int64(c.answers[k].to)
}

// A Tally is how many entries of each sort there are.
type Tally struct {
	Statements, Proofs, Inert int64
	Cosignatures              int64 // that count, in the proofs
}

// Inert are the entries without force, in their order.
func (f *Fold) Inert() []int64 { return slices.Sorted(maps.Keys(f.column.faults)) }

// Tally is how many entries of each sort there are.
func (f *Fold) Tally() Tally { return f.column.tally }

// A Source gives the bytes of entries that were folded, from where they are
// stored. Its error is one of storage. Several may ask it at the same time.
type Source interface {
	Entry(i int64) ([]byte, error)
}

// memory is a source for those who have none: it keeps every entry.
type memory struct{ all chunks[[]byte] }

func (m *memory) Entry(i int64) ([]byte, error) { return *m.all.at(i), nil }

// A ReadError says that an entry which was folded cannot be read again. What the
// fold says of it holds; whoever needs the entry itself cannot go on.
type ReadError struct {
	Index int64
	Err   error // of the source, or ErrAltered
}

func (e *ReadError) Error() string {
	return fmt.Sprintf("reading entry %d again, which was read before: %v", e.Index, e.Err)
}

// Unwrap gives what the source said.
func (e *ReadError) Unwrap() error { return e.Err }

// ErrAltered says that an entry was folded as one thing, and is now read as
// another.
var ErrAltered = errors.New("it is not what it was: the file that it is read from was changed or damaged since; restore it from a copy")
