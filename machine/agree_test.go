package machine

import (
	"bytes"
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"detente/agreement"
)

// project is everything that attributes show, and the deadlines, as the naive
// evaluator writes them.
func project(s *State) []string {
	m := s.m
	var out []string
	each := func(noun agreement.Noun, x agreement.Name) {
		for _, attr := range attributesOf(noun) {
			if attr == "value" || attr == "maximum" {
				continue
			}
			e := m.expr(ref(noun, string(x), attr))
			v := eval(s, e)
			text := "<nil>"
			switch {
			case !v.set:
			case e.kind == agreement.TypeBool:
				text = fmt.Sprint(v.n == 1)
			case e.kind == agreement.TypeNumber:
				text = sayNumber(v.exact())
			default:
				text = fmt.Sprint(agreement.Instant(v.n))
			}
			out = append(out, fmt.Sprintf("%s.%s=%s", x, attr, text))
		}
	}
	each("agreement", m.agreement.Name)
	for _, x := range m.measures {
		each("measure", x.Name)
	}
	for _, x := range m.commitments {
		each("commitment", x.Name)
	}
	for _, x := range m.acts {
		each("act", x.Name)
	}
	for _, x := range m.readings {
		each("reading", x.Name)
		out = append(out, fmt.Sprint(s.numbers[x.value], s.numbers[x.maximum], x.Unit == "" && s.values[x.fact] == 1))
	}
	for _, x := range m.milestones {
		each("milestone", x.Name)
	}
	for _, x := range m.vaults {
		each("vault", x.Name)
	}
	for _, d := range s.Deadlines() {
		out = append(out, fmt.Sprint(d.At, d.Subject, d.What))
	}
	return out
}

func difference(got, want []string) string {
	text := ""
	for i := range max(len(got), len(want)) {
		g, w := "-", "-"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			text += fmt.Sprintf("  machine %s, naive %s\n", g, w)
		}
	}
	return text
}

// play runs one drawn agreement through drawn acts and deadlines.
func play(t *testing.T, seed int64, amending bool, reached map[string]bool) {
	g := &maker{r: rand.New(rand.NewSource(seed))}
	a := g.agreement()
	if amending {
		a.Amended.NeverShorten = g.one(6)
	}
	m := Compile(a)
	s, n, again := m.Start(), newNaive(a), m.Start()
	again.KeepCauses(false)
	log := ""
	check := func() {
		t.Helper()
		if got, want := project(s), n.project(); !slices.Equal(got, want) {
			t.Fatalf("seed %d: after\n%sthey differ:\n%s", seed, log, difference(got, want))
		}
		if !bytes.Equal(s.Bytes(), again.Bytes()) {
			t.Fatalf("seed %d: after\n%sa replay without causes has other bytes", seed, log)
		}
		for i := range m.commitments {
			reached[commitmentWords[s.values[m.commitments[i].status]]] = true
		}
	}
	check()
	if !g.one(4) {
		for _, p := range drawnParties[:2] {
			act := Act{At: 0, Entry: -1, By: p, Verb: Sign}
			s.Apply(act)
			again.Apply(act)
			n.apply(act)
		}
		check()
	}
	outcomes := map[agreement.Name]int64{}
	for step := range 40 {
		now := s.now
		kept, before := s.Clone(), s.Bytes()
		if amending && g.one(6) {
			if after := amendBoth(t, g, seed, &log, s, again, n, reached); after != nil {
				outcomes = calledNow(outcomes, after.carried)
				s, again, n, m = after.s, after.again, after.n, after.s.m
				check()
			}
			if !bytes.Equal(kept.Bytes(), before) {
				t.Fatalf("seed %d: an amendment changed the state that it amends:\n%s", seed, log)
			}
			continue
		}
		if next, ok := s.Next(); ok && g.one(3) {
			log += fmt.Sprintf("  fire %v\n", next)
			s.Fire()
			again.Fire()
			n.fire()
		} else {
			actBoth(t, g, seed, step, &log, s, again, n)
		}
		check()
		if s.now < now {
			t.Fatalf("seed %d: now went back from %s to %s", seed, now, s.now)
		}
		if !bytes.Equal(kept.Bytes(), before) {
			t.Fatalf("seed %d: a clone changed with its original:\n%s", seed, log)
		}
		if fault := monotone(s, outcomes); fault != "" {
			t.Fatalf("seed %d: %s", seed, fault)
		}
	}
}

// actBoth draws an act and holds both evaluators to one verdict.
func actBoth(t *testing.T, g *maker, seed int64, step int, log *string, s, again *State, n *naive) {
	t.Helper()
	at := g.time(s)
	act := g.act(at)
	if step < 8 && g.one(3) {
		act = Act{At: at, Entry: -1, By: pick(g, drawnParties[:2]), Verb: Sign}
	}
	*log += fmt.Sprintf("  %d %s", at, act)
	v := s.Apply(act)
	*log += fmt.Sprintln(" ", v.Effect, v.Reason)
	if again.Apply(act); n.apply(act) != v.Effect {
		t.Fatalf("seed %d: after\n%sthe machine says effect = %v (%s), the naive evaluator the opposite", seed, *log, v.Effect, v.Reason)
	}
	if !v.Effect && v.Reason == "" {
		t.Fatalf("seed %d: refused without a reason:\n%s", seed, *log)
	}
}

// amendedBoth is what both evaluators make of an amendment.
type amendedBoth struct {
	s, again *State
	n        *naive
	carried  *Carried
}

// amendBoth draws an amendment; nil if both refuse it.
func amendBoth(t *testing.T, g *maker, seed int64, log *string, s, again *State, n *naive, reached map[string]bool) *amendedBoth {
	t.Helper()
	at := g.time(s)
	b := g.amendment(s.m.agreement)
	*log += fmt.Sprintf("  %d amended: ", at)
	to := Compile(b)
	after, carried, err := to.Carry(s, at, -1)
	other := n.amend(b, at)
	if (err == nil) != (other != nil) {
		t.Fatalf("seed %d: after\n%sthe machine says %v, the naive evaluator the opposite\n%s", seed, *log, err, amendmentText(s.m.agreement, b))
	}
	if err != nil {
		*log += fmt.Sprintln("refused:", err)
		reached["refused amendment"] = true
		g.a = s.m.agreement
		return nil
	}
	*log += carried.Text()
	reached["amendment"] = true
	if again, _, err = to.Carry(again, at, -1); err != nil {
		t.Fatalf("seed %d: without causes it is refused: %v", seed, err)
	}
	return &amendedBoth{after, again, other, carried}
}

// calledNow are the outcomes noted, by the names after an amendment.
func calledNow(outcomes map[agreement.Name]int64, carried *Carried) map[agreement.Name]int64 {
	out := map[agreement.Name]int64{}
	for _, c := range carried.Amendment.Kept {
		if o, ok := outcomes[c.Was]; ok {
			out[c.Now] = o
		}
	}
	return out
}

// time draws an instant at which a statement may take effect: not after the next
// deadline, nor at an instant at which one has fired.
func (g *maker) time(s *State) agreement.Instant {
	at := max(s.now, 0) + agreement.Instant(g.r.Intn(2)*g.r.Intn(5))
	if next, ok := s.Next(); ok {
		at = min(at, next.At)
	}
	if at <= s.now {
		at = max(s.now, -5)
		if s.fired {
			at++
		}
	}
	return at
}

// monotone notes the outcomes and says which went back.
func monotone(s *State, outcomes map[agreement.Name]int64) string {
	for i := range s.m.vaults {
		was, is := outcomes[s.m.vaults[i].Name], s.values[s.m.vaults[i].outcome]
		if was >= outcomeReleased && is != was || was == outcomeHeld && is == outcomeOpen {
			return fmt.Sprintf("the outcome of %s went from %s to %s", s.m.vaults[i].Name, outcomeWords[was], outcomeWords[is])
		}
		outcomes[s.m.vaults[i].Name] = is
	}
	return ""
}

// TestAgainstNaive holds the machine to the second evaluator on drawn
// agreements and acts, with the invariants of every state.
func TestAgainstNaive(t *testing.T) {
	reached := map[string]bool{}
	for seed := range int64(300) {
		play(t, seed, false, reached)
	}
	for _, w := range commitmentWords {
		if !reached[w] {
			t.Errorf("no drawn commitment was ever %s", w)
		}
	}
}

func amendmentText(old, a *agreement.Agreement) string {
	how, ds := agreement.Amends(old, a)
	if how == nil {
		return fmt.Sprint(ds)
	}
	return how.Text()
}

// TestAmendedAgainstNaive amends drawn agreements at drawn instants.
func TestAmendedAgainstNaive(t *testing.T) {
	reached := map[string]bool{}
	for seed := range int64(300) {
		play(t, seed, true, reached)
	}
	for _, w := range append(slices.Clone(commitmentWords), "amendment", "refused amendment") {
		if !reached[w] {
			t.Errorf("nothing drawn was ever %s", w)
		}
	}
}
