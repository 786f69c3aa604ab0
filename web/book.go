package web

import (
	"context"
	"slices"
	"sync"

	"detente/agreement"
	"detente/machine"
	"detente/record"
	"detente/statement"
)

// The classes of entries that a reader may choose between.
const (
	classWords    = "words"    // what parties say and do
	classEvidence = "evidence" // custody, dealings, seals
	classTime     = "time"     // proofs
	classInert    = "inert"    // entries with a fault
)

var classes = []string{classWords, classEvidence, classTime, classInert}

// A book is what pages need of one record besides the fold: indexes that grow
// with it, the standing of its newest size, the ledgers of its vaults. All of it
// may be thrown away and read again.
type book struct {
	with   func(func(*record.Fold))
	object func(context.Context, agreement.Digest) ([]byte, error)
	fixed  int64 // the size, of an earlier one; 0 for the live record

	mu      sync.Mutex
	read    int64
	index   index
	current *standing
	vaults  map[agreement.Name]*vaultBook // of those asked for
}

// An index grows only at its ends: a copy of it stays true for its size.
type index struct {
	classes map[string][]int64
	signed  map[agreement.Name]int64   // where each party consented to be bound
	said    map[agreement.Name][]int64 // entries of parties, words only
	replies map[int64][]int64          // entries that answer an entry
	proofs  []int64                    // valid proofs of time
}

// A standing is everything about one size of the record that costs something
// to find out. It is never changed.
type standing struct {
	head    statement.Head
	clock   agreement.Instant
	settled agreement.Instant
	now     agreement.Instant
	version *record.Version   // the text in force
	texts   []*record.Version // up to it
	state   *machine.State    // of this standing alone: only its reading methods may be used
	machine.Standing
	history func() *history // made when first asked for
	events  int
	waiting []int64
	index
}

func newBook(with func(func(*record.Fold)), object func(context.Context, agreement.Digest) ([]byte, error)) *book {
	b := &book{with: with, object: object, vaults: map[agreement.Name]*vaultBook{}}
	b.index = index{classes: map[string][]int64{}, signed: map[agreement.Name]int64{}, said: map[agreement.Name][]int64{}, replies: map[int64][]int64{}}
	return b
}

// vault is the book of a vault that a text in force has or had.
func (b *book) vault(name agreement.Name) *vaultBook {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.vaults[name] == nil {
		b.vaults[name] = &vaultBook{book: b, name: name}
	}
	return b.vaults[name]
}

// standing gives the standing of the newest size, read up in short pieces.
func (b *book) standing() *standing {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		var st *standing
		b.with(func(f *record.Fold) {
			end := min(f.Size(), b.read+readAtOnce)
			for ; b.read < end; b.read++ {
				b.note(f.Entry(b.read))
			}
			if b.read == f.Size() && (b.current == nil || b.current.head.Size != b.read) {
				st = b.take(f)
			}
		})
		switch {
		case st != nil:
			if last := b.current; last != nil && last.events == st.events && last.now == st.now {
				st.Standing, st.history = last.Standing, last.history // nothing took effect since
			} else {
				st.Standing = st.state.Standing()
				st.history = sync.OnceValue(func() *history { return newHistory(st.state, st.texts) })
			}
			b.current = st
			return st
		case b.current != nil && b.current.head.Size == b.read:
			return b.current
		}
	}
}

// take copies what may not be kept. It is short: a state shares its past.
func (b *book) take(f *record.Fold) *standing {
	st := &standing{
		head: f.Head(), clock: f.Clock(), settled: f.Settled(), now: f.Now(),
		state: f.State().Clone(), waiting: f.Waiting(), index: b.index.copied(),
	}
	st.events = f.EventCount()
	st.texts = f.Versions()
	st.version = st.texts[len(st.texts)-1]
	return st
}

func (x index) copied() index {
	c := index{classes: map[string][]int64{}, signed: map[agreement.Name]int64{}, said: map[agreement.Name][]int64{}, proofs: slices.Clip(x.proofs)}
	for _, k := range classes {
		c.classes[k] = slices.Clip(x.classes[k])
	}
	for k, v := range x.signed {
		c.signed[k] = v
	}
	for k, v := range x.said {
		c.said[k] = slices.Clip(v)
	}
	return c // replies are asked of the book
}

func (b *book) note(j *record.Judgement) {
	add := func(class string) { b.index.classes[class] = append(b.index.classes[class], j.Index) }
	switch {
	case j.Fault != nil:
		add(classInert)
	case j.What != "":
		add(classTime)
		b.index.proofs = append(b.index.proofs, j.Index)
	case j.Kind != "":
		class := classOf(j.Kind)
		add(class)
		if class == classWords {
			b.index.said[j.By] = append(b.index.said[j.By], j.Index)
		}
		if _, ok := b.index.signed[j.By]; !ok && j.Kind == statement.KindSign {
			b.index.signed[j.By] = j.Index
		}
		if j.Answers > 0 && class == classWords {
			b.index.replies[j.Answers] = append(b.index.replies[j.Answers], j.Index)
		}
	}
}

func classOf(k statement.Kind) string {
	if k.Force() == statement.ForceEvidence {
		return classEvidence
	}
	return classWords
}

// answers are the entries that answer an entry.
func (b *book) answers(to int64) []int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.index.replies[to])
}

// entries reads some entries, as they are judged now, in the order asked for.
func (b *book) entries(which []int64) (out []*record.Judged, err error) {
	b.with(func(f *record.Fold) {
		for _, i := range which {
			var j *record.Judged
			if j, err = f.Read(i); err != nil {
				return
			}
			out = append(out, j)
		}
	})
	return out, err
}

// coverer is the entry of the first valid proof of time over an entry, -1 if
// none is among those known to a standing.
func (st *standing) coverer(entry int64, b *book) int64 {
	// Proofs need not come in the order of their sizes, so the search begins at
	// the first that stands after the entry and looks at a few.
	at, _ := slices.BinarySearch(st.proofs, entry)
	for found := int64(-1); at < len(st.proofs); at += readAtOnce {
		b.with(func(f *record.Fold) {
			for _, i := range st.proofs[at:min(len(st.proofs), at+readAtOnce)] {
				if f.Entry(i).Covers > entry {
					found = i
					return
				}
			}
		})
		if found >= 0 {
			return found
		}
	}
	return -1
}
