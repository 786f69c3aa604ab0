package vault

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"detente/agreement"
)

// twoPersons are the events that count only where two different signers state
// the same: one alone could otherwise explain away, or take away, what the
// other relies on. Whoever is alone is shown, as an anomaly.
var twoPersons = []string{"visit", "media-swap", "removal", "rekey", "loss"}

// services lays service statements over the slots. Only a gap is explained; a
// loss takes footage away; tampering overrides everything. Of several
// statements the first gives the reason; the class does not depend on order.
func (c *survey) services(cam *camera) {
	var tampered, lost, explained []span
	stated := make([][]signedSpan, len(twoPersons))
	for i, s := range c.events {
		if s.Body.Camera != "" && s.Body.Camera != cam.out.Camera {
			continue
		}
		from, until := agreement.Instant(s.Body.From), agreement.Instant(s.Body.Until)
		touched, within := span{claim: i}, span{claim: i}
		touched.first, touched.end = c.schedule.touched(from, until)
		within.first, within.end = c.schedule.within(from, until)
		found := i >= len(c.ledger.Services) // by the reader, who needs nobody's word
		switch kind := slices.Index(twoPersons, s.Body.Event); {
		case s.Body.Event == "tamper":
			tampered = append(tampered, touched)
		case s.Body.Event == "loss" && found:
			lost = append(lost, touched)
		case s.Body.Event == "loss":
			stated[kind] = append(stated[kind], signedSpan{touched, s.By})
		case kind >= 0:
			stated[kind] = append(stated[kind], signedSpan{within, s.By})
		default:
			explained = append(explained, within)
		}
	}
	for kind, claims := range stated {
		both := agreed(claims)
		c.alone(cam, claims, both)
		if twoPersons[kind] == "loss" {
			lost = append(lost, both...)
		} else {
			explained = append(explained, both...)
		}
	}
	c.lay(cam, explained, lost, tampered)
}

// lay overlays the claims by rank.
func (c *survey) lay(cam *camera, explained, lost, tampered []span) {
	to := func(class Class, claim int) run {
		return run{class: class, reason: c.events[claim].reason(), entry: c.events[claim].Entry}
	}
	cam.runs.overlay(paint(explained), func(r run, claim int) (run, bool) {
		return to(ExplainedGap, claim), r.class == UnexplainedGap
	})
	cam.runs.overlay(paint(lost), func(r run, claim int) (run, bool) {
		return to(Lost, claim), r.class == Covered || r.class == Degraded || r.class == Unsealed
	})
	cam.runs.overlay(paint(tampered), func(r run, claim int) (run, bool) {
		return to(Tampered, claim), r.class != Tampered
	})
}

// alone shows the claims that nobody joined for all of their slots.
func (c *survey) alone(cam *camera, claims []signedSpan, both []span) {
	for _, s := range claims {
		first, end := max(s.first, 0), min(s.end, c.schedule.slots)
		i := sort.Search(len(both), func(i int) bool { return both[i].end > first })
		for ; i < len(both) && both[i].first <= first && first < end; i++ {
			first = both[i].end
		}
		if first < end {
			e := &c.events[s.claim]
			cam.anomaly(e.Entry, 0, "%s; nobody else says so of all of that time", e.reason())
		}
	}
}

func (s *Service) reason() string {
	return fmt.Sprintf("%s, stated by %s: %s", s.Body.Event, s.By, s.Body.Reason)
}

// stretches are times in order of which no two touch, both ends included.
type stretches []struct{ from, until agreement.Instant }

// stretchesOf gives the times of a camera's events of some kinds, in seconds.
func stretchesOf(services []Service, camera string, events ...string) stretches {
	var all stretches
	for _, s := range services {
		if (s.Body.Camera == "" || s.Body.Camera == camera) && slices.Contains(events, s.Body.Event) {
			all = append(all, struct{ from, until agreement.Instant }{agreement.Instant(s.Body.From), agreement.Instant(s.Body.Until)})
		}
	}
	slices.SortFunc(all, func(a, b struct{ from, until agreement.Instant }) int { return cmp.Compare(a.from, b.from) })
	var out stretches
	for _, s := range all {
		if k := len(out); k > 0 && s.from <= out[k-1].until {
			out[k-1].until = max(out[k-1].until, s.until)
			continue
		}
		out = append(out, s)
	}
	return out
}

// touch says whether one of the stretches touches a time.
func (s stretches) touch(from, until Milliseconds) bool {
	i := sort.Search(len(s), func(i int) bool { return from <= Milliseconds(s[i].until)*1000 })
	return i < len(s) && Milliseconds(s[i].from)*1000 <= until
}
