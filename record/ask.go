package record

import (
	"fmt"
	"sort"

	"detente/agreement"
	"detente/machine"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// Agreement is the agreement whose record this is.
func (f *Fold) Agreement() *agreement.Agreement { return f.agreement }

// Size is how many entries have been folded.
func (f *Fold) Size() int64 { return f.tree.size }

// Root is the root of the tree over all entries.
func (f *Fold) Root() tlog.Hash {
	root, _ := f.tree.rootAt(f.Size()) // of its own size: cannot fail
	return root
}

// RootAt is the root of the first size entries; that of 0 entries is the
// SHA-256 of nothing.
func (f *Fold) RootAt(size int64) (tlog.Hash, error) { return f.tree.rootAt(size) }

// Head is the record's head, as statements cite it: zero for no entries.
func (f *Fold) Head() statement.Head {
	if f.Size() == 0 {
		return statement.Head{}
	}
	return statement.Head{Size: f.Size(), Root: f.Root()}
}

// Leaf is the hash of the entry at index i, which must be there.
func (f *Fold) Leaf(i int64) tlog.Hash { return f.tree.leaf(i) }

// HashReader gives the stored hashes of the tree, for proofs by package tlog.
func (f *Fold) HashReader() tlog.HashReader { return &f.tree }

// Clock is the greatest instant that the record shows to have been reached;
// Beginning before the first valid proof.
func (f *Fold) Clock() agreement.Instant { return f.order.clock }

// Settled is settled time: deadlines up to it are decided. Beginning if there
// is none yet.
func (f *Fold) Settled() agreement.Instant { return f.order.settled }

// Now is the instant of the last effect or deadline; Beginning before the first.
func (f *Fold) Now() agreement.Instant { return f.order.now }

// State is the agreement's state. It is live: Clone what is to be kept.
func (f *Fold) State() *machine.State { return f.state }

// Entry is the judgement of the entry at index i as of now; nil if there is
// none. The caller must not change what it points to.
func (f *Fold) Entry(i int64) *Judgement {
	if i < 0 || i >= f.Size() {
		return nil
	}
	j := &Judgement{Index: i, UB: f.order.ub.of(i)}
	j.Covered = j.UB != Never
	switch m := f.column.marks.at(i); {
	case m.is == isInert:
		j.Fault = f.column.faults[i]
	case m.is == isProof:
		p := f.order.proofAt(i)
		j.What, j.Covers, j.Clock = whats[m.state], p.size, p.clock
	case m.is >= isStatement:
		j.Kind, j.By = f.column.kind(i), f.column.names[m.by]
		j.Answers, j.Effect = f.column.answered(i), f.column.effectOf(i)
	}
	return j
}

// Read is Entry with the entry itself, read again. The error is a
// *ReadError: what is read must be what was folded.
func (f *Fold) Read(i int64) (*Judged, error) {
	judgement := f.Entry(i)
	if judgement == nil {
		return nil, fmt.Errorf("entry %d: this record has %d", i, f.Size())
	}
	b, err := f.Bytes(i)
	if err != nil {
		return nil, err
	}
	j := &Judged{Judgement: *judgement, Bytes: b}
	switch {
	case j.What != "":
		note, err := ParseProof(b)
		if err == nil {
			j.Proof, err = f.checkProof(nil, note, i)
		}
		if err != nil {
			panic("record: a proof that was judged valid: " + err.Error())
		}
		j.Proof.What = j.What
	case j.Kind != "":
		if j.Statement, err = statement.Parse(b); err != nil {
			panic("record: a statement that was judged valid: " + err.Error())
		}
	}
	return j, nil
}

// Must is for those who know that a read cannot fail, as from memory.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Bytes are those of the entry at index i, which must be there, read again. The
// error is that of Read.
func (f *Fold) Bytes(i int64) ([]byte, error) {
	b, err := f.source.Entry(i)
	if err != nil {
		return nil, &ReadError{i, err}
	}
	if tlog.RecordHash(b) != f.tree.leaf(i) {
		return nil, &ReadError{i, ErrAltered}
	}
	return b, nil
}

// ReadFrom has entries read again from a source from now on, those to come too,
// and forgets what the fold kept of them.
func (f *Fold) ReadFrom(s Source) { f.source, f.kept = s, nil }

// ByID finds a valid statement on the record.
func (f *Fold) ByID(id statement.ID) (*Judgement, bool) {
	i, ok := f.byID[id]
	if !ok {
		return nil, false
	}
	return f.Entry(int64(i)), true
}

// ProofOf finds a valid proof of time on the record by the bytes of its entry.
func (f *Fold) ProofOf(entry []byte) (*Judgement, bool) {
	i, ok := f.proofs[tlog.RecordHash(entry)]
	if !ok {
		return nil, false
	}
	return f.Entry(int64(i)), true
}

// Waiting are the indexes of the statements that are not in effect yet, in
// entry order: what they will do is provisional.
func (f *Fold) Waiting() []int64 { return append([]int64(nil), f.order.waiting...) }

// Events are the effects and deadlines so far, in the order in which they
// happened.
func (f *Fold) Events() []Event { return f.column.events(f.Size()) }

// EventCount is how many they are.
func (f *Fold) EventCount() int { return f.column.done + len(f.column.fired) }

// AsOf is the size of the record as it stood at an instant: the longest prefix
// whose clock is not past t.
func (f *Fold) AsOf(t agreement.Instant) int64 {
	proofs := f.order.proofs
	k := sort.Search(len(proofs), func(k int) bool { return proofs[k].clock > t })
	if k == len(proofs) {
		return f.Size()
	}
	return proofs[k].index
}

// Keys are the keys of a name at this place of the record, and how many must
// sign; false for a name that has none.
func (f *Fold) Keys(name agreement.Name) (statement.KeySet, bool) {
	s, ok := f.signers[name]
	if !ok {
		return statement.KeySet{}, false
	}
	return s.keys, true
}
