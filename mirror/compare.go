package mirror

import (
	"fmt"
	"sort"

	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// Compare looks whether two followed copies are of one record: nil if the shorter is
// the beginning of the longer, otherwise a *DivergenceError that is a fork.
// Whoever kept the two proves it with their signed heads.
func Compare(a, b *Follower) error {
	headA, _ := a.Head()
	headB, _ := b.Head()
	if a.origin != b.origin {
		return &DivergenceError{Origin: a.origin, Seen: headA, Shown: headB, Fork: true}
	}
	long, short := a, headB
	if headB.Size > headA.Size {
		long, short = b, headA
	}
	if short.Size == 0 {
		return nil
	}
	same := false
	long.With(func(f *record.Fold) {
		root, err := f.RootAt(short.Size)
		same = err == nil && statement.Head{Size: short.Size, Root: root} == short
	})
	if same {
		return nil
	}
	return &DivergenceError{Origin: a.origin, Seen: headA, Shown: headB, Fork: true}
}

// A Finding is what two copies of a record show about each other.
type Finding string

// The findings.
const (
	Equal   Finding = "equal"   // the same entries
	Extends Finding = "extends" // the one is the beginning of the other
	Differ  Finding = "differ"  // two histories
)

// A Comparison is what was found, with the evidence if they differ.
type Comparison struct {
	Finding  Finding
	A, B     Copied
	Evidence *Evidence // nil unless they differ
}

// A Copied is a copy that was compared.
type Copied struct {
	Where string
	Head  statement.Head // of its entries
	Final int64          // so many of them are cosigned by a quorum
}

// Compare compares two copies of one agreement's record. The error says that it
// could not be found out.
func (c *Copy) Compare(other *Copy) (*Comparison, error) {
	if c.Agreement().ID != other.Agreement().ID {
		return nil, fmt.Errorf("%s is of agreement %s, %s of %s: two agreements, not two copies", c.Where, c.Agreement().ID, other.Where, other.Agreement().ID)
	}
	r := &Comparison{Finding: Extends, A: c.copied(), B: other.copied()}
	a, b := c.fold, other.fold
	n := min(a.Size(), b.Size())
	rootA, err := a.RootAt(n)
	if err != nil {
		return nil, err
	}
	rootB, err := b.RootAt(n)
	if err != nil {
		return nil, err
	}
	switch {
	case rootA == rootB && a.Size() == b.Size():
		r.Finding = Equal
		return r, nil
	case rootA == rootB:
		return r, nil
	}
	r.Finding = Differ
	first := FirstDifference(a, b)
	r.Evidence = &Evidence{archive: c.archive, agreement: c.Agreement(), Index: first}
	if r.Evidence.A, err = c.side(first); err == nil {
		r.Evidence.B, err = other.side(first)
	}
	if err == nil {
		err = r.Evidence.judge()
	}
	return r, err
}

// FirstDifference is the index of the first entry in which two records differ.
func FirstDifference(a, b *record.Fold) int64 {
	return int64(sort.Search(int(min(a.Size(), b.Size())), func(n int) bool {
		x, errX := a.RootAt(int64(n) + 1)
		y, errY := b.RootAt(int64(n) + 1)
		return errX != nil || errY != nil || x != y
	}))
}

func (c *Copy) copied() Copied {
	r := Copied{Where: c.Where, Head: c.fold.Head()}
	if _, final := c.Checkpoints(); final != nil {
		if n, err := c.fold.Final(final); err == nil {
			r.Final = n
		}
	}
	return r
}

// side is what a copy can prove of an entry: by the checkpoint of a quorum if
// one covers it, else by the signed head.
func (c *Copy) side(index int64) (Side, error) {
	head, final := c.Checkpoints()
	note, size := head, c.fold.Size()
	if at, err := checkpointOf(head); err == nil {
		size = min(size, at.Size) // a copy may have gone on past its head
	}
	if final != nil {
		if n, err := c.fold.Final(final); err == nil && n > index {
			note, size = final, n
		}
	}
	j, err := c.fold.Read(index)
	if err != nil {
		return Side{}, err
	}
	proof, err := tlog.ProveRecord(size, index, c.fold.HashReader())
	return Side{Checkpoint: note, Entry: j.Bytes, Proof: proof, By: c.fold}, err
}
