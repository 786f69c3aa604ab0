package agreement

import (
	"strings"
	"time"
)

// maxClockChanges bounds the clock changes looked at around one midnight, so
// that crafted zone data costs nothing. Real zones have had two.
const maxClockChanges = 8

// StartOfDay is the first instant of a calendar day in a zone: the one from
// which on the zone's clocks never again show an earlier day. It is midnight
// except where a clock change falls on it; a day that a zone skipped begins
// where the next one does.
func StartOfDay(year int, month time.Month, dayOfMonth int, zone *time.Location) Instant {
	// local is what the zone's clocks show at that midnight, read as if it
	// were UTC; a clock that is o seconds ahead shows it at local - o.
	local := time.Date(year, month, dayOfMonth, 0, 0, 0, 0, time.UTC).Unix()
	// No zone is more than 26 hours from UTC (TZif's own bound), so by then
	// the day has begun. From there back, one stretch of constant offset
	// after the other.
	at := time.Unix(local+26*3600, 0).In(zone)
	for steps := 0; ; steps++ {
		_, offset := at.Zone()
		begin, _ := at.ZoneBounds()
		start := local - int64(offset)
		if begin.IsZero() || start > begin.Unix() || steps == maxClockChanges {
			return Instant(start)
		}
		before := begin.Add(-time.Second)
		if _, o := before.Zone(); before.Unix()+int64(o) < local {
			return Instant(begin.Unix())
		}
		at = before
	}
}

// EndOfDay is the last second of the day of t in a zone: an act at it is
// still in time.
func EndOfDay(t Instant, zone *time.Location) Instant {
	y, m, d := time.Unix(int64(t), 0).In(zone).Date()
	return StartOfDay(y, m, d+1, zone) - 1
}

// zone loads a time zone from the bundle; never from the machine.
func (c *checker) zone(name string, at Range) *time.Location {
	if name == "UTC" {
		return time.UTC
	}
	path := zoneFolder + name
	reason := badPath(path)
	if reason == "" && !strings.Contains(name, "/") && name != strings.ToUpper(name) {
		reason = "a zone is named for a place" // "Local", "Iran": obsolete or the machine's own
	}
	if reason != "" {
		c.errorAt(CodeUnknownZone, at, "`"+clip(name)+"` is no IANA time zone: "+reason, "write for example \"Asia/Tehran\" or \"UTC\"")
		return nil
	}
	data, ok := c.bundle.File(path)
	if !ok {
		c.errorAt(CodeUnknownZone, at, "the bundle has no rules for the time zone `"+clip(name)+"`", "write an IANA name such as \"Asia/Tehran\"; the rules travel with the text")
		return nil
	}
	c.named[path] = true
	loc, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		c.errorAt(CodeUnknownZone, at, "the bundle's file "+path+" is not time zone data", "load the folder again with `detente`")
		return nil
	}
	return loc
}
