package record

import (
	"bytes"
	"fmt"
	"slices"
	"sort"

	"detente/agreement"
	"detente/statement"
)

// host is what the agreement says of its log at each size: under which name it
// is kept, who may sign its checkpoints, and who witnesses them.
type host struct {
	depositary agreement.Name // who hosts it now, and answers for what it takes in
	origin     string         // of the first text, for ever
	eras       []*era         // by size, rising; never empty
}

// An era is what holds for checkpoints of at least a size, until the next era.
type era struct {
	from    int64
	names   []agreement.Name      // of those who may host the record
	logKeys []statement.PublicKey // theirs, in that order
	lists   []list                // of witnesses: each must cosign, so more than one only while they change
}

// A list is a quorum that came into force with the proof at index since, so
// that it judges checkpoints larger than that; -1 for the first.
type list struct {
	*quorum
	since int64
}

func newHost(a *agreement.Agreement) (*host, error) {
	e, err := newEra(a)
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return &host{depositary: a.Depositaries[0].Name, origin: Origin(a), eras: []*era{e}}, nil
}

// newEra is what one text says, for checkpoints of every size.
func newEra(a *agreement.Agreement) (*era, error) {
	if len(a.Depositaries) == 0 {
		return nil, fmt.Errorf("the agreement has no depositary")
	}
	q, err := newQuorum(a)
	if err != nil {
		return nil, err
	}
	e := &era{lists: []list{{q, -1}}}
	if e.logKeys, err = LogKeys(a); err != nil {
		return nil, err
	}
	for _, d := range Hosts(a) {
		e.names = append(e.names, d.Name)
	}
	return e, nil
}

// eraAt is the era after the first size entries: all that judges a checkpoint
// asks here. A proof that was made before the one that changes the witnesses
// is so judged by the witnesses it was made by.
func (l *host) eraAt(size int64) *era {
	n := sort.Search(len(l.eras), func(i int) bool { return l.eras[i].from > size })
	return l.eras[max(0, n-1)]
}

// last is the era of the next checkpoint.
func (l *host) last() *era { return l.eras[len(l.eras)-1] }

// turn starts an era with the checkpoints that cover the entry at index i.
func (l *host) turn(i int64, e era) {
	e.from = i + 1
	if l.last().from == e.from {
		l.eras = l.eras[:len(l.eras)-1]
	}
	l.eras = append(l.eras, &e)
}

// amended turns to the hosts and witnesses of a text that comes into force with
// the proof at index i. Those who witnessed so far must cosign together with
// the new ones until one proof by both is on the record.
func (l *host) amended(i int64, text *era) {
	e := *text
	e.lists = slices.Clone(l.last().lists)
	if now := e.lists[len(e.lists)-1]; !now.same(text.lists[0].quorum) {
		e.lists = append(e.lists, list{text.lists[0].quorum, i})
	}
	l.turn(i, e)
	if !slices.Contains(e.names, l.depositary) {
		l.depositary = e.names[0]
	}
}

// joined ends what a proof at index i, of the first size entries, ends: the
// lists from before a change that it covers, for it has a quorum of each.
func (l *host) joined(i, size int64) {
	lists, keep := l.last().lists, 0
	for k, q := range lists {
		if q.since < size {
			keep = k
		}
	}
	if keep > 0 {
		e := *l.last()
		e.lists = lists[keep:]
		l.turn(i, e)
	}
}

// same is whether two lists are of the same witnesses under the same rule.
func (q *quorum) same(o *quorum) bool {
	if len(q.names) != len(o.names) || q.need != o.need || q.faulty != o.faulty {
		return false
	}
	for i, name := range q.names {
		k := slices.Index(o.names, name)
		if k < 0 || o.keys[k] != q.keys[i] {
			return false
		}
	}
	return true
}

// LogKeys are the keys that may sign the record's next checkpoint, and Hosts
// whose they are, the depositary's first.
func (f *Fold) LogKeys() []statement.PublicKey { return slices.Clone(f.last().logKeys) }

// Hosts are who may host the record as it stands: the depositary and its
// declared successors.
func (f *Fold) Hosts() []agreement.Name { return slices.Clone(f.last().names) }

// Witnesses are who must cosign the record's next checkpoint, and how many of
// them: one list, or two while a change of witnesses waits for the proof by
// both.
func (f *Fold) Witnesses() []agreement.Quorum {
	var all []agreement.Quorum
	for _, q := range f.last().lists {
		all = append(all, agreement.Quorum{Of: slices.Clone(q.names), Need: q.need, Faulty: q.faulty})
	}
	return all
}

// An Era is who signs the checkpoints of a record from some size on: those who
// may host it, and the witnesses.
type Era struct {
	From  int64                 // the smallest size
	Hosts []agreement.Name      // the depositary and its declared successors
	Keys  []statement.PublicKey // theirs, in that order
	Lists []List                // each must cosign; more than one only while the witnesses change
}

// A List is one list of witnesses.
type List struct {
	Names  []agreement.Name
	Keys   []statement.WitnessKey // theirs, in that order
	Need   int                    // so many make a quorum
	Faulty int                    // so many of them may lie
}

// EraAt is the era of checkpoints of a size: what is in force after the first
// size entries, as far as this copy has them.
func (f *Fold) EraAt(size int64) Era { return f.eraAt(size).public() }

// Eras are all that there have been, the first first.
func (f *Fold) Eras() []Era {
	var all []Era
	for _, e := range f.eras {
		all = append(all, e.public())
	}
	return all
}

// EraOf is what a text says by itself. Where the record of its agreement has been
// amended, it holds for the checkpoints that were made before.
func EraOf(a *agreement.Agreement) (Era, error) {
	e, err := newEra(a)
	if err != nil {
		return Era{}, err
	}
	return e.public(), nil
}

func (e *era) public() Era {
	p := Era{From: e.from, Hosts: slices.Clone(e.names), Keys: slices.Clone(e.logKeys)}
	for _, l := range e.lists {
		p.Lists = append(p.Lists, List{Names: slices.Clone(l.names), Keys: slices.Clone(l.keys), Need: l.need, Faulty: l.faulty})
	}
	return p
}

// CosignedAt judges a checkpoint by itself, of whatever history of this record,
// by those who were in force after the first size entries. The error is a *Fault.
func (f *Fold) CosignedAt(size int64, note []byte) (*Proof, error) {
	l := *f.host
	l.eras = []*era{f.eraAt(size)}
	return l.cosigned(bytes.Clone(note))
}
