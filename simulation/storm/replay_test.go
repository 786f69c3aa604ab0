package storm_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"detente/simulation/storm"
)

// A seed is one history: lived twice, in this process and in another, it
// leaves the same trace.
func TestASeedReplaysExactly(t *testing.T) {
	if *once {
		r := live(t, storm.NewPlan(*first), storm.Options{})
		fmt.Printf("trace %x of %d steps\n", r.Trace, r.Steps)
		if r.Violation != nil {
			t.Error(r.Violation)
		}
		return
	}
	for s := range uint64(6) {
		s = s*7 + 1
		a, b := live(t, storm.NewPlan(s), storm.Options{}), live(t, storm.NewPlan(s), storm.Options{})
		if a.Trace != b.Trace || a.Steps != b.Steps {
			t.Errorf("seed %d: the traces are %x of %d steps and %x of %d", s, a.Trace, a.Steps, b.Trace, b.Steps)
		}
		if s > 1 {
			continue
		}
		out, err := exec.Command(os.Args[0], "-test.run", "TestASeedReplaysExactly$", "-once", "-first", fmt.Sprint(s)).CombinedOutput()
		if want := fmt.Sprintf("trace %x of %d steps", a.Trace, a.Steps); err != nil || !strings.Contains(string(out), want) {
			t.Errorf("seed %d in another process: %v, want %s in:\n%s", s, err, want, out)
		}
	}
}
