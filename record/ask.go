package record

import (
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

// Entry is the entry at index i, judged as of now; nil if there is none. The
// caller must not change what it points to.
func (f *Fold) Entry(i int64) *Judged {
	if i < 0 || i >= int64(len(f.entries)) {
		return nil
	}
	j := *f.entries[i]
	j.UB = f.order.ub.of(i)
	j.Covered = j.UB != Never
	return &j
}

// ByID finds a valid statement on the record.
func (f *Fold) ByID(id statement.ID) (*Judged, bool) {
	i, ok := f.byID[id]
	if !ok {
		return nil, false
	}
	return f.Entry(i), true
}

// Waiting are the indexes of the statements that are not in effect yet, in
// entry order: what they will do is provisional.
func (f *Fold) Waiting() []int64 { return append([]int64(nil), f.order.waiting...) }

// Events are the effects and deadlines so far, in the order in which they
// happened. The caller must not change them.
func (f *Fold) Events() []Event { return f.order.events }

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
