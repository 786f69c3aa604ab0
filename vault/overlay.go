package vault

import (
	"slices"
	"sort"

	"detente/agreement"
)

// A run is consecutive slots of one class for one reason.
type run struct {
	first, end int64 // slots [first, end)
	class      Class
	reason     string
	entry      int64 // that shows it, -1 if none
}

// A runs list is in order, without holes, from slot 0. It grows with what is
// irregular, not with the footage.
type runs []run

func (r *runs) add(n run) {
	if n.first >= n.end {
		return
	}
	if k := len(*r); k > 0 {
		if last := &(*r)[k-1]; last.class == n.class && last.reason == n.reason && (n.entry == last.entry || n.class == Covered) {
			last.end = n.end
			return
		}
	}
	*r = append(*r, n)
}

// A span is slots [first, end) and the number of the claim that holds them.
type span struct {
	first, end int64
	claim      int
}

// overlay re-classes the slots of spans, which are in order and disjoint,
// wherever change says so. Nothing that lies beside them is touched. One pass,
// however many there are.
func (r *runs) overlay(spans []span, change func(old run, claim int) (run, bool)) {
	if len(spans) == 0 {
		return
	}
	out := make(runs, 0, len(*r))
	for _, old := range *r {
		at := old.first
		for len(spans) > 0 && spans[0].first < old.end {
			s := spans[0]
			lo, hi := max(s.first, at), min(s.end, old.end)
			if n, ok := change(old, s.claim); ok {
				out.add(run{at, lo, old.class, old.reason, old.entry})
				out.add(run{lo, hi, n.class, n.reason, n.entry})
				at = hi
			}
			if s.end > old.end { // it reaches into the next run
				break
			}
			spans = spans[1:]
		}
		out.add(run{at, old.end, old.class, old.reason, old.entry})
	}
	*r = out
}

// paint says which claim holds each slot: of several, the one with the least
// number. The result is in order and disjoint. It takes time in proportion to
// the claims, up to sorting, however they overlap.
func paint(claims []span) []span {
	claims = slices.DeleteFunc(slices.Clone(claims), func(s span) bool { return s.first >= s.end })
	slices.SortStableFunc(claims, func(a, b span) int { return a.claim - b.claim })
	var edges []int64
	for _, s := range claims {
		edges = append(edges, s.first, s.end)
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	at := func(slot int64) int { return sort.Search(len(edges), func(i int) bool { return edges[i] >= slot }) }
	owner, free := make([]int, len(edges)), make([]int, len(edges)+1) // free: a cell at or after this one that nobody holds
	for i := range free {
		free[i] = i
	}
	next := func(i int) int {
		for free[i] != i {
			free[i] = free[free[i]]
			i = free[i]
		}
		return i
	}
	for i := range owner {
		owner[i] = -1
	}
	for _, s := range claims {
		for i, end := next(at(s.first)), at(s.end); i < end; i = next(i) {
			owner[i], free[i] = s.claim, i+1
		}
	}
	var out []span
	for i, o := range owner {
		if o < 0 {
			continue
		}
		if k := len(out); k > 0 && out[k-1].end == edges[i] && out[k-1].claim == o {
			out[k-1].end = edges[i+1]
			continue
		}
		out = append(out, span{edges[i], edges[i+1], o})
	}
	return out
}

// A signedSpan is the slots of which somebody states something.
type signedSpan struct {
	span
	by agreement.Name
}

// agreed gives the slots that two different signers state. The claim is the
// later one of the earliest two.
func agreed(claims []signedSpan) []span {
	var signers []agreement.Name
	of := map[agreement.Name][]span{}
	for _, c := range claims {
		if of[c.by] == nil {
			signers = append(signers, c.by)
		}
		of[c.by] = append(of[c.by], c.span)
	}
	type edge struct {
		at    int64
		claim int
		open  bool
	}
	var edges []edge
	for _, by := range signers {
		for _, s := range paint(of[by]) { // so that no signer agrees with itself
			edges = append(edges, edge{s.first, s.claim, true}, edge{s.end, s.claim, false})
		}
	}
	slices.SortStableFunc(edges, func(a, b edge) int { return int(min(max(a.at-b.at, -1), 1)) })
	var out []span
	var open []int // the claims that hold here, in order: at most one of each signer once all edges of a place are passed
	for i, e := range edges {
		if at, found := slices.BinarySearch(open, e.claim); e.open {
			open = slices.Insert(open, at, e.claim)
		} else if found {
			open = slices.Delete(open, at, at+1)
		}
		if i+1 < len(edges) && len(open) > 1 && e.at < edges[i+1].at {
			out = append(out, span{e.at, edges[i+1].at, open[1]})
		}
	}
	return out
}
