package vault

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"detente/agreement"
)

// services lays service statements over the slots. Only a gap is explained; a
// loss takes footage away; tampering overrides everything. Of several
// statements the first gives the reason; the class does not depend on order.
func (c *survey) services(cam *camera) {
	all := c.events
	var tampered, lost, explained []span
	var visits []signedSpan
	for i, s := range all {
		if s.Body.Camera != "" && s.Body.Camera != cam.out.Camera {
			continue
		}
		from, until := agreement.Instant(s.Body.From), agreement.Instant(s.Body.Until)
		touched, within := span{claim: i}, span{claim: i}
		touched.first, touched.end = c.schedule.touched(from, until)
		within.first, within.end = c.schedule.within(from, until)
		switch s.Body.Event {
		case "tamper":
			tampered = append(tampered, touched)
		case "loss":
			lost = append(lost, touched)
		case "visit":
			visits = append(visits, signedSpan{within, s.By})
		default:
			explained = append(explained, within)
		}
	}
	to := func(class Class, claim int) run {
		return run{class: class, reason: all[claim].reason(), entry: all[claim].Entry}
	}
	cam.runs.overlay(paint(append(explained, agreed(visits)...)), func(r run, claim int) (run, bool) {
		return to(ExplainedGap, claim), r.class == UnexplainedGap
	})
	cam.runs.overlay(paint(lost), func(r run, claim int) (run, bool) {
		return to(Lost, claim), r.class == Covered || r.class == Degraded || r.class == Unsealed
	})
	cam.runs.overlay(paint(tampered), func(r run, claim int) (run, bool) {
		return to(Tampered, claim), r.class != Tampered
	})
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
