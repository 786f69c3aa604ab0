package vault

import (
	"sort"

	"detente/agreement"
	"detente/statement"
)

// heads are the heads that the record had, as far as it was read. Statements
// cite them by size and root, manifests by their root alone: only for these is
// there an index, and only once anything was dealt or sealed, for it takes more
// memory than all else that is kept of an entry.
type heads struct {
	sizes  map[[32]byte]uint32
	filled int64       // sizes has the roots up to here
	clocks []clockStep // where the clock moved
	// rootAt gives the roots while a record is read. Without it whoever appends
	// to the ledger gives each.
	rootAt func(size int64) ([32]byte, error)
}

// clockStep says: from this size on the clock stood there.
type clockStep struct {
	size  int64
	clock agreement.Instant
}

type head struct {
	size  int64
	clock agreement.Instant
}

func (h *heads) tick(size int64, clock agreement.Instant) {
	if n := len(h.clocks); n == 0 || h.clocks[n-1].clock != clock {
		h.clocks = append(h.clocks, clockStep{size, clock})
	}
}

// at is the head of a size that was read.
func (h *heads) at(size int64) head {
	k := sort.Search(len(h.clocks), func(k int) bool { return h.clocks[k].size > size })
	return head{size, h.clocks[k-1].clock}
}

// of is the head with a root.
func (h *heads) of(root [32]byte) (head, bool) {
	size, ok := h.sizes[root]
	if !ok {
		return head{}, false
	}
	return h.at(int64(size)), true
}

// cited is the head that a statement names.
func (h *heads) cited(s statement.Head, read int64) (head, bool) {
	if h.rootAt == nil {
		return h.of(s.Root)
	}
	if s.Size < 1 || s.Size > read {
		return head{}, false
	}
	if root, err := h.rootAt(s.Size); err != nil || root != s.Root {
		return head{}, false
	}
	return h.at(s.Size), true
}

// fill completes the index up to a size.
func (h *heads) fill(size int64) error {
	for ; h.filled < size; h.filled++ {
		root, err := h.rootAt(h.filled + 1)
		if err != nil {
			return err
		}
		h.sizes[root] = uint32(h.filled + 1)
	}
	return nil
}
