package vault

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"detente/agreement"
	"detente/statement"
)

// naiveServices is the rule of the spec slot by slot, statement by statement,
// pair by pair.
func naiveServices(s *schedule, all []Service, classes []Class) (out []Class, entries []int64) {
	out, entries = slices.Clone(classes), make([]int64, len(classes))
	for slot := range out {
		entries[slot] = -1
		from := s.start(int64(slot))
		until := from + agreement.Instant(s.segment)
		touches := func(b statement.ServiceBody) bool {
			f, u := agreement.Instant(b.From), agreement.Instant(b.Until)
			return f < until && u > from || f == u && from <= f && f < until
		}
		holds := func(b statement.ServiceBody) bool {
			return agreement.Instant(b.From) <= from && until <= agreement.Instant(b.Until)
		}
		set := func(c Class, e int64) { out[slot], entries[slot] = c, e }
		joined := func(i int, same func(statement.ServiceBody) bool) bool {
			for _, y := range all[:i] {
				if y.Body.Event == all[i].Body.Event && y.By != all[i].By && same(y.Body) {
					return true
				}
			}
			return false
		}
		for i, x := range all {
			explains := x.Body.Event == "outage" || (x.Body.Event == "visit" || x.Body.Event == "removal") && joined(i, holds)
			if explains && holds(x.Body) && out[slot] == UnexplainedGap {
				set(ExplainedGap, x.Entry)
			}
		}
		for i, x := range all {
			if c := out[slot]; x.Body.Event == "loss" && touches(x.Body) && joined(i, touches) && (c == Covered || c == Degraded || c == Unsealed) {
				set(Lost, x.Entry)
			}
		}
		for _, x := range all {
			if x.Body.Event == "tamper" && touches(x.Body) && out[slot] != Tampered {
				set(Tampered, x.Entry)
			}
		}
	}
	return out, entries
}

func TestServicesAgainstTheRuleSlotBySlot(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	terms := worldTerms(4, 2, 1)
	for round := range 3000 {
		terms.Cadence = []agreement.Duration{10, 10, 13}[round%3]
		s, err := newSchedule(&terms, 1000, 1000+400, 100_000)
		if err != nil {
			t.Fatal(err)
		}
		var all []Service
		for i := range random.IntN(14) {
			from := 950 + random.Int64N(500)
			x := Service{Entry: int64(i), By: agreement.Name([]string{"host", "agency", "recorder"}[random.IntN(3)]), Body: statement.ServiceBody{
				Event: []string{"visit", "visit", "removal", "outage", "tamper", "loss", "loss"}[random.IntN(7)], From: from, Until: from + random.Int64N(1+[]int64{0, 15, 150}[random.IntN(3)]),
			}}
			all = append(all, x)
		}
		classes := make([]Class, s.slots)
		cam := &camera{}
		for i := range classes {
			classes[i] = []Class{UnexplainedGap, UnexplainedGap, Covered, Degraded, Unsealed, Tampered, Lost}[random.IntN(7)]
			cam.runs.add(run{int64(i), int64(i) + 1, classes[i], "", -1})
		}
		c := &survey{ledger: &Ledger{Services: all}, schedule: s, events: all}
		c.services(cam)
		want, entries := naiveServices(&s, all, classes)
		at := int64(0)
		for k, r := range cam.runs {
			if r.first != at || k > 0 && r.class == cam.runs[k-1].class && r.reason == cam.runs[k-1].reason && r.entry == cam.runs[k-1].entry {
				t.Fatalf("round %d: run %+v after %+v", round, r, cam.runs[max(k-1, 0)])
			}
			for ; at < r.end; at++ {
				if r.class != want[at] || r.entry != entries[at] {
					t.Fatalf("round %d, slot %d: %s by entry %d, want %s by %d\n%s", round, at, r.class, r.entry, want[at], entries[at], fmt.Sprint(all))
				}
			}
		}
		if at != s.slots {
			t.Fatalf("round %d: %d slots of %d", round, at, s.slots)
		}
	}
}

func TestStretches(t *testing.T) {
	var all []Service
	for _, x := range [][2]int64{{50, 60}, {10, 20}, {15, 40}, {16, 17}, {40, 41}, {70, 70}} {
		all = append(all, Service{Body: statement.ServiceBody{Event: "reboot", From: x[0], Until: x[1]}})
	}
	all = append(all, Service{Body: statement.ServiceBody{Event: "reboot", Camera: "west", From: 0, Until: 100}}, Service{Body: statement.ServiceBody{Event: "visit", From: 0, Until: 100}})
	s := stretchesOf(all, "east", "reboot", "outage")
	if fmt.Sprint(s) != "[{10 41} {50 60} {70 70}]" {
		t.Errorf("%v", s)
	}
	for _, tc := range []struct {
		from, until Milliseconds
		want        bool
	}{{0, 9999, false}, {0, 10_000, true}, {41_000, 42_000, true}, {41_001, 49_999, false}, {41_001, 50_000, true}, {70_000, 70_000, true}, {70_001, 90_000, false}, {0, 90_000, true}} {
		if got := s.touch(tc.from, tc.until); got != tc.want {
			t.Errorf("touch %d to %d: %v, want %v", tc.from, tc.until, got, tc.want)
		}
	}
}
