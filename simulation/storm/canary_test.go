package storm_test

import (
	"slices"
	"testing"

	"detente/simulation/storm"
)

// caughtBy is how many seeds a canary may live through, and which invariants
// catch it.
var caughtBy = map[storm.Canary]struct {
	seeds      uint64
	invariants []int
}{
	storm.DeafDisk:         {20, []int{2, 7, 8}},
	storm.HastyCustodian:   {20, []int{3}},
	storm.CredulousReader:  {20, []int{7}},
	storm.ForgetfulWitness: {20, []int{7}},
	storm.LaggingReader:    {20, []int{1}},
	storm.RetouchedClip:    {20, []int{4}},
	storm.IdleCustodian:    {20, []int{5}},
}

// Somebody broken on purpose is caught, and in the same seed nobody is who is
// whole.
func TestCanariesAreCaught(t *testing.T) {
	for _, c := range storm.Canaries() {
		want := caughtBy[c]
		caught := false
		for s := uint64(1); s <= want.seeds && !caught; s++ {
			p := c.Plan(s)
			r := live(t, p, storm.Options{Canary: c})
			if r.Violation == nil {
				continue
			}
			caught = true
			t.Logf("%s: after %d seeds: %v", c, s, r.Violation)
			if !slices.Contains(want.invariants, r.Violation.Invariant) {
				t.Errorf("%s was caught by invariant %d, want one of %v", c, r.Violation.Invariant, want.invariants)
			}
			if r := live(t, p, storm.Options{}); r.Violation != nil {
				t.Errorf("%s: in the same seed without it: %v", c, r.Violation)
			}
		}
		if !caught {
			t.Errorf("%s was not caught in %d seeds", c, want.seeds)
		}
	}
}
