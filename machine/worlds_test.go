package machine_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"detente/agreement"
	"detente/agreement/dir"
	"detente/machine"
)

func ladder(t *testing.T, change ...string) *machine.Machine {
	t.Helper()
	b, err := dir.Load("../examples/ladder")
	if err != nil {
		t.Fatal(err)
	}
	for i := range b.Files {
		b.Files[i].Data = []byte(strings.NewReplacer(change...).Replace(string(b.Files[i].Data)))
	}
	a, ds := agreement.Read(b)
	if a == nil {
		t.Fatalf("%v", ds)
	}
	return machine.Compile(a)
}

func instant(t *testing.T, s string) agreement.Instant {
	t.Helper()
	x, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return agreement.Instant(x.Unix())
}

// climbed is the ladder's state on a day of its scenario.
func climbed(t *testing.T, m *machine.Machine, day string) *machine.State {
	t.Helper()
	src, err := os.ReadFile("../examples/ladder/ladder.scenario")
	if err != nil {
		t.Fatal(err)
	}
	sc, faults := machine.ParseScenario(src)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	s, err := sc.History(m, instant(t, day), false, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// stands is the status of a block.
func stands(t *testing.T, s *machine.State, name string) string {
	t.Helper()
	for _, it := range s.Standing().Items {
		if string(it.Name) == name {
			return it.Status
		}
	}
	t.Fatalf("no block %s", name)
	return ""
}

func under(t *testing.T, s *machine.State, reading string) *machine.State {
	t.Helper()
	w, ok := s.Under(reading)
	if !ok {
		t.Fatalf("no world reads %s", reading)
	}
	return w
}

// TestWorldsAreCarried: an amendment while a question is open leaves each world
// where it stood, and an answer afterwards still tells which it was.
func TestWorldsAreCarried(t *testing.T) {
	s := climbed(t, ladder(t), "2026-03-25")
	to := ladder(t, `"Supply pact with`, `"The supply pact with`, "lasts = 5 days", "lasts = 6 days")
	after, _, err := s.Amend(to, instant(t, "2026-03-26"), -1)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{{"who-counts.it-may", "open"}, {"who-counts.it-may-not", "dormant"}} {
		if got := stands(t, under(t, after, c[0]), "keep-lifted/east"); got != c[1] {
			t.Errorf("if %s, keep-lifted/east is %s after the amendment, want %s", c[0], got, c[1])
		}
	}
	if v := after.Enact(machine.Act{At: instant(t, "2026-03-28"), Entry: -1, By: "chair", Verb: machine.Answer, Subject: "who-counts", Choice: "it-may"}); !v.Effect {
		t.Fatal(v.Reason)
	}
	if got := stands(t, after, "keep-lifted/east"); got != "open" {
		t.Errorf("after the answer keep-lifted/east is %s", got)
	}
	if _, ok := after.Under("who-counts.it-may-not"); ok {
		t.Error("the other reading goes on after the answer")
	}
	after.Drive(instant(t, "2026-05-01"))
	if got := stands(t, after, "limits"); got != "in-force" {
		t.Errorf("nothing was decided by the close, and limits is %s", got)
	}
}

// TestWorldsAreTheirOwn: what is tried on a copy changes no world of the state
// that it was copied from, and two readers of one history have the same bytes.
func TestWorldsAreTheirOwn(t *testing.T) {
	s, other := climbed(t, ladder(t), "2026-03-25"), climbed(t, ladder(t), "2026-03-25")
	was := s.Bytes()
	if !bytes.Equal(was, other.Bytes()) {
		t.Error("two readers of one history differ")
	}
	c := s.Clone()
	c.Drive(instant(t, "2027-01-01"))
	if bytes.Equal(c.Bytes(), was) || !bytes.Equal(s.Bytes(), was) {
		t.Error("a copy shares its worlds")
	}
	s.Standing()
	if _, err := s.Why("limits"); err != nil || !bytes.Equal(s.Bytes(), was) {
		t.Errorf("to ask changes the state: %v", err)
	}
	if got := stands(t, under(t, c, "who-counts.it-may"), "limits"); got != "in-force" {
		t.Errorf("if it may, limits is %s after the close", got)
	}
	if got := stands(t, c, "limits"); got != "lifted" {
		t.Errorf("with the question open limits is %s", got)
	}
}

// TestPlanOfAnAnswer shows what the answer changes, and nothing of before.
func TestPlanOfAnAnswer(t *testing.T) {
	s := climbed(t, ladder(t), "2026-03-25")
	f := machine.Plan(s, []machine.Act{{At: instant(t, "2026-03-28"), Entry: -1, By: "chair", Verb: machine.Answer, Subject: "who-counts", Choice: "it-may"}}, instant(t, "2026-03-29"))
	text := f.Text()
	for _, want := range []string{"who-counts ", "keep-lifted/east "} {
		if !strings.Contains(text, want) {
			t.Errorf("the plan does not speak of %s:\n%s", want, text)
		}
	}
	for _, not := range []string{"dispute/north", "opening", "settlement/"} {
		if strings.Contains(text, not) {
			t.Errorf("the plan speaks of %s, which the answer does not change:\n%s", not, text)
		}
	}
}
