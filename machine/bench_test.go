package machine

import (
	"fmt"
	"testing"

	"detente/agreement"
)

// dutiful is a state in force of the cameras with n more commitments, each with
// a claim to be found; no causes are kept.
func dutiful(n int) *State {
	a := cameras()
	for i := range n {
		c := *a.Commitments[0]
		c.Name, c.What, c.Deed, c.By = agreement.Name(fmt.Sprint("duty-", i)), nil, "a deed", "iran"
		a.Commitments = append(a.Commitments, &c)
	}
	s := Compile(a).Start()
	for _, p := range a.Parties {
		if p.Signs {
			s.Apply(Act{At: at("2021-02-23"), By: p.Name, Verb: Sign})
		}
	}
	s.KeepCauses(false)
	return s
}

// BenchmarkApply: a claim and its refusal, again and again.
//
//	go test ./machine -bench Apply -benchmem
func BenchmarkApply(b *testing.B) {
	for _, n := range []int{10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := dutiful(n)
			acts := claimAndRefuse(s)
			b.ReportAllocs()
			for b.Loop() {
				s.Apply(acts[0])
				s.Apply(acts[1])
			}
		})
	}
}

func claimAndRefuse(s *State) [2]Act {
	x := s.m.commitments[1].Name
	return [2]Act{{At: s.now, By: "iran", Verb: Perform, Subject: x}, {At: s.now, By: "iran", Verb: Verify, Subject: x}}
}

// TestNoAllocation: a statement that changes statuses allocates nothing.
func TestNoAllocation(t *testing.T) {
	s := dutiful(10)
	acts := claimAndRefuse(s)
	n := testing.AllocsPerRun(100, func() {
		if !s.Apply(acts[0]).Effect || !s.Apply(acts[1]).Effect {
			t.Fatal("the acts have no effect")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for a claim and its refusal", n)
	}
}
