package machine

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"detente/agreement"
)

// manyClaims is the cameras with n claims open at the close, of which the vault
// opens if all in need are accepted.
func manyClaims(t *testing.T, n int, need []int) *State {
	t.Helper()
	a := cameras()
	a.Commitments = nil
	var cond agreement.Expr
	for i := range n {
		x := fmt.Sprint("x", i)
		a.Commitments = append(a.Commitments, &agreement.Commitment{Block: named("commitment", x), By: "iran", Form: agreement.Do, Deed: "it",
			Due: date(at("2021-05-24")), Verify: &agreement.Verify{By: []agreement.Name{"iaea"}, Within: 60 * day}})
	}
	for i := range n {
		e := agreement.Expr(ref("commitment", fmt.Sprint("x", i), "fulfilled"))
		in := false
		for _, k := range need {
			in = in || k == i
		}
		if !in {
			e = not(e)
		}
		if cond == nil {
			cond = e
		} else {
			cond = op(cond, "and", e)
		}
	}
	a.Vaults[0].OpensIf = cond
	s := signed(t, a)
	for _, c := range a.Commitments {
		apply(t, s, Act{At: at("2021-05-20"), By: "iran", Verb: Perform, Subject: c.Name})
	}
	s.Drive(at("2021-05-24"))
	return s
}

// TestSubsets: of up to maxClaims claims every set counts; of more, each alone and
// all together.
func TestSubsets(t *testing.T) {
	all := make([]int, maxClaims+1)
	for i := range all {
		all[i] = i
	}
	for _, c := range []struct {
		claims int
		need   []int
		want   Outcome
	}{
		{maxClaims, []int{2, 5}, Held},
		{maxClaims, all[:maxClaims], Held},
		{maxClaims + 1, []int{3}, Held},
		{maxClaims + 1, all, Held},
		{maxClaims + 1, []int{2, 5}, Erased},
	} {
		if got, _ := manyClaims(t, c.claims, c.need).Outcome("footage"); got != c.want {
			t.Errorf("%d claims, %v of them needed: %s, want %s", c.claims, c.need, got, c.want)
		}
	}
}

// TestLifts: a commitment lifts up to maxLifts measures by being performed; of
// more, the rest have to be lifted one by one.
func TestLifts(t *testing.T) {
	for _, n := range []int{maxLifts, maxLifts + 1} {
		a := cameras()
		count := &agreement.Count{Func: "all"}
		for i := range n {
			x := fmt.Sprint("m", i)
			a.Measures = append(a.Measures, &agreement.Measure{Block: named("measure", x), By: "us", InForce: true})
			count.Of = append(count.Of, ref("measure", x, "lifted"))
		}
		a.Commitments[0].What = count
		s := signed(t, a)
		apply(t, s, Act{At: at("2021-03-01"), By: "iran", Verb: Perform, Subject: "lift-sanctions"})
		if got, want := status(s, "lift-sanctions") == "claimed", n == maxLifts; got != want {
			t.Errorf("%d measures: claimed is %v, want %v", n, got, want)
		}
	}
}

// TestExplained: of many failures the first are explained.
func TestExplained(t *testing.T) {
	line := "expect 2021-05-24 footage release\n"
	for n, want := range map[int]int{maxExplained: maxExplained, maxExplained + 1: maxExplained} {
		sc, errs := ParseScenario([]byte(strings.Repeat(line, n)))
		if errs != nil {
			t.Fatal(errs)
		}
		got := 0
		for _, r := range sc.Run(Compile(cameras()), nil).Results {
			if r.Why != "" {
				got++
			}
		}
		if got != want {
			t.Errorf("%d failures: %d explained, want %d", n, got, want)
		}
	}
}

// TestContest: any party may contest; it is shown and changes nothing else.
func TestContest(t *testing.T) {
	s := signed(t, cameras())
	before := project(s)
	for _, by := range []agreement.Name{"vienna", "footage"} {
		if v := s.Apply(Act{At: s.now, By: by, Verb: Contest, Subject: "lift-sanctions"}); v.Effect {
			t.Errorf("%s, who is no party, contests", by)
		}
	}
	apply(t, s, Act{At: s.now, By: "us", Verb: Contest, Subject: "lift-sanctions"})
	if got := difference(project(s), before); got != "" {
		t.Errorf("contesting changed\n%s", got)
	}
	for _, it := range s.Standing().Items {
		if it.Contested != (it.Name == "lift-sanctions") {
			t.Errorf("%s contested: %v", it.Name, it.Contested)
		}
	}
}

// TestBytes: equal states have equal bytes, and every act that has an effect
// changes them.
func TestBytes(t *testing.T) {
	s, w := signed(t, cameras()), signed(t, cameras())
	for _, a := range []Act{
		{At: at("2021-05-20"), By: "us", Verb: Contest, Subject: "lift-sanctions"},
		{At: at("2021-05-20"), By: "iaea", Verb: Lift, Subject: "us-sanctions"},
		{At: at("2021-05-25"), By: "iran", Verb: Verify, Subject: "lift-sanctions", Accept: true},
	} {
		before := s.Bytes()
		apply(t, s, a)
		if bytes.Equal(before, s.Bytes()) {
			t.Errorf("%s: the bytes are as before", a)
		}
		apply(t, w, a)
		if !bytes.Equal(w.Bytes(), s.Bytes()) {
			t.Errorf("%s: two readers differ", a)
		}
	}
	if !bytes.HasPrefix(s.Bytes(), []byte("detente/state/1\n")) {
		t.Error("the bytes do not begin with their purpose")
	}
}

// TestPast: an act before now is the caller's fault.
func TestPast(t *testing.T) {
	s := signed(t, cameras())
	defer func() {
		if recover() == nil {
			t.Error("an act before now was applied")
		}
	}()
	s.Apply(Act{At: s.now - 1, By: "us", Verb: Lift, Subject: "us-sanctions"})
}
