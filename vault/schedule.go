package vault

import (
	"fmt"
	"slices"
	"sort"

	"detente/agreement"
)

// A Class is what became of an interval. Classes are never merged into one
// another and never reduced to a verdict on the whole.
type Class string

// The classes.
const (
	Covered        Class = "covered"         // a segment with everything in order
	Degraded       Class = "degraded"        // a segment with something wrong that the reason states
	ExplainedGap   Class = "explained gap"   // no segment; a statement on the record says why
	UnexplainedGap Class = "unexplained gap" // no segment and no word
	Tampered       Class = "tamper"          // the recorder contradicts itself, or somebody states tampering
	Lost           Class = "lost"            // there was a segment; it is gone
	Unsealed       Class = "unsealed"        // a segment under no sealed epoch
)

// Tolerances of the coverage, in seconds. They are generous to honest clocks
// and networks; what exceeds them is shown, not punished.
const (
	clockAllowance = 60      // between a recorder's clock and the witnesses'
	commitWithin   = 10 * 60 // from a segment's end to its seal, or four cadences
	staleAfter     = 60 * 60 // age of the checkpoint in a manifest, or eight cadences
)

// A schedule is the expected segments of a camera: slots of one segment each,
// a cadence apart, from opens; those that must be on the record by now.
type schedule struct {
	opens   agreement.Instant
	cadence int64 // seconds
	segment int64 // seconds
	slots   int64
	commit  int64 // seconds allowed from a slot's end to its seal
	stale   int64
}

// maxSlots bounds a schedule: 50 years of 10-second segments.
const maxSlots = 160_000_000

func newSchedule(t *Terms, opens, closes, asOf agreement.Instant) (schedule, error) {
	s := schedule{
		opens: opens, cadence: int64(t.Cadence), segment: int64(t.Segment),
		commit: max(commitWithin, 4*int64(t.Cadence)), stale: max(staleAfter, 8*int64(t.Cadence)),
	}
	if closes < opens {
		return s, fmt.Errorf("vault %s closes at %s before it opens at %s", t.Vault, closes, opens)
	}
	end := int64(closes)
	if due := int64(asOf) - s.commit; due < end { // the rest may still be on its way
		end = due
	}
	if n := end - int64(opens); n >= s.segment {
		s.slots = (n-s.segment)/s.cadence + 1
	}
	if s.slots > maxSlots {
		return s, fmt.Errorf("vault %s: %d segments are expected, want at most %d", t.Vault, s.slots, maxSlots)
	}
	return s, nil
}

func (s *schedule) start(slot int64) agreement.Instant {
	return s.opens + agreement.Instant(slot*s.cadence)
}

// slotOf gives the slot nearest to a wall time, and how far off it is.
func (s *schedule) slotOf(wall Milliseconds) (slot int64, off Milliseconds) {
	since, cadence := int64(wall)-int64(s.opens)*1000, s.cadence*1000
	slot = floorDiv(since+cadence/2, cadence)
	off = Milliseconds(since - slot*cadence)
	if off < 0 {
		off = -off
	}
	return slot, off
}

// within gives the slots that lie wholly in [from, until).
func (s *schedule) within(from, until agreement.Instant) (first, end int64) {
	first = -floorDiv(-(int64(from) - int64(s.opens)), s.cadence)
	end = floorDiv(int64(until)-int64(s.opens)-s.segment, s.cadence) + 1
	return clamp(first, s.slots), clamp(end, s.slots)
}

// touched gives the slots that [from, until] touches.
func (s *schedule) touched(from, until agreement.Instant) (first, end int64) {
	first = floorDiv(int64(from)-int64(s.opens)-s.segment, s.cadence) + 1
	end = floorDiv(int64(until)-int64(s.opens), s.cadence) + 1
	return clamp(first, s.slots), clamp(end, s.slots)
}

func clamp(v, most int64) int64 { return min(max(v, 0), most) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// A run is consecutive slots of one class for one reason.
type run struct {
	first, end int64 // slots [first, end)
	class      Class
	reason     string
	entry      int64 // that shows it, -1 if none
}

// A runs list is in order, without holes, from slot 0.
type runs struct {
	list    []run
	omitted []run // past MaxIntervals: one per class, of which only the length counts
	gaps    int   // unexplained ones among the omitted
}

func (r *runs) add(n run) {
	if n.first >= n.end {
		return
	}
	if k := len(r.list); k > 0 && len(r.omitted) == 0 {
		if last := &r.list[k-1]; last.end == n.first && last.class == n.class && last.reason == n.reason && (n.entry == last.entry || n.class == Covered) {
			last.end = n.end
			return
		}
	}
	if len(r.list) < MaxIntervals {
		r.list = append(r.list, n)
		return
	}
	if n.class == UnexplainedGap {
		r.gaps++
	}
	for i := range r.omitted {
		if o := &r.omitted[i]; o.class == n.class {
			o.end += n.end - n.first
			return
		}
	}
	r.omitted = append(r.omitted, run{end: n.end - n.first, class: n.class})
}

// overlay re-classes the slots [first, end) wherever change says so, splitting
// runs at the edges: nothing that lies beside them is touched.
func (r *runs) overlay(first, end int64, change func(run) (run, bool)) {
	from := sort.Search(len(r.list), func(i int) bool { return r.list[i].end > first })
	to := sort.Search(len(r.list), func(i int) bool { return r.list[i].first >= end })
	if first >= end || from >= to {
		return
	}
	var out []run
	changed := false
	for _, old := range r.list[from:to] {
		n, ok := change(old)
		if !ok {
			out = append(out, old)
			continue
		}
		changed = true
		lo, hi := max(old.first, first), min(old.end, end)
		for _, part := range []run{
			{old.first, lo, old.class, old.reason, old.entry},
			{lo, hi, n.class, n.reason, n.entry},
			{hi, old.end, old.class, old.reason, old.entry},
		} {
			if part.first < part.end {
				out = append(out, part)
			}
		}
	}
	if changed {
		r.list = slices.Replace(r.list, from, to, out...)
	}
}
