package mirror

import (
	"detente/record"
	"detente/statement"
)

// Compare looks whether two copies are of one record: nil if the shorter is
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
