package record

import (
	"math"
	"slices"
	"sort"

	"detente/agreement"
)

// The instants that are none: of what no proof of time has shown yet.
const (
	// Never is the bound of an entry that no valid proof covers.
	Never = agreement.Instant(math.MaxInt64)
	// Beginning is before every instant: a clock that no proof has moved.
	Beginning = agreement.Instant(math.MinInt64)
)

// bounds is UB: for each index the least t_lo of the valid proofs whose size
// is greater than it. UB never falls as the index grows, so it is a staircase,
// kept as its steps: sizes and times both strictly rising.
type bounds struct {
	steps []step
}

// step says: every index below size, and not below the step before, existed by lo.
type step struct {
	size int64
	lo   agreement.Instant
}

// of is UB(i), or Never.
func (b *bounds) of(i int64) agreement.Instant {
	k := sort.Search(len(b.steps), func(k int) bool { return b.steps[k].size > i })
	if k == len(b.steps) {
		return Never
	}
	return b.steps[k].lo
}

// covered is how many entries have a bound at all: they are a prefix.
func (b *bounds) covered() int64 {
	if len(b.steps) == 0 {
		return 0
	}
	return b.steps[len(b.steps)-1].size
}

// lower sets UB(i) to the lesser of itself and lo for every i below size, and
// reports whether any changed. Each step is added once and removed at most
// once; a late stamp moves the steps above it, 16 bytes each.
func (b *bounds) lower(size int64, lo agreement.Instant) bool {
	p := sort.Search(len(b.steps), func(k int) bool { return b.steps[k].size >= size })
	if p < len(b.steps) && b.steps[p].lo <= lo {
		return false
	}
	end := p
	if p < len(b.steps) && b.steps[p].size == size {
		end++
	}
	from := p
	for from > 0 && b.steps[from-1].lo >= lo {
		from--
	}
	b.steps = slices.Replace(b.steps, from, end, step{size: size, lo: lo})
	return true
}
