package vault

import (
	"fmt"

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

// A schedule is the segments of a camera: slots of one segment each, a cadence
// apart, from opens; those that have ended by now. The first of them, which are
// due, must be on the record; of the rest one counts once it, or one after it,
// is there.
type schedule struct {
	opens   agreement.Instant
	cadence int64 // seconds
	segment int64 // seconds
	slots   int64
	due     int64
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
	end := min(closes, max(asOf, opens)) // the least instant is no clock at all
	s.slots = s.whole(int64(end - opens))
	s.due = min(s.slots, s.whole(int64(max(asOf, opens)-opens)-s.commit))
	if s.slots > maxSlots {
		return s, fmt.Errorf("vault %s: %d segments are expected, want at most %d", t.Vault, s.slots, maxSlots)
	}
	return s, nil
}

// whole gives how many slots end within a time from opens.
func (s *schedule) whole(seconds int64) int64 {
	if seconds < s.segment {
		return 0
	}
	return (seconds-s.segment)/s.cadence + 1
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

// touched gives the slots that [from, until) touches; an event without length
// touches the slot in which it lies.
func (s *schedule) touched(from, until agreement.Instant) (first, end int64) {
	until = max(until, from+1)
	first = floorDiv(int64(from)-int64(s.opens)-s.segment, s.cadence) + 1
	end = floorDiv(int64(until)-1-int64(s.opens), s.cadence) + 1
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
