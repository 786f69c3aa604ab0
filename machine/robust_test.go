package machine

import (
	"encoding/json"
	"math/rand"
	"strings"
	"testing"

	"detente/agreement"
)

// TestQuestionsOnDrawnStates asks everything of drawn states: every question
// is answered, answers agree with the state, and asking changes nothing.
func TestQuestionsOnDrawnStates(t *testing.T) {
	changes := 0
	for seed := range int64(40) {
		g := &maker{r: rand.New(rand.NewSource(seed))}
		m := Compile(g.agreement())
		s := m.Start()
		for _, p := range drawnParties[:2] {
			s.Enact(Act{At: 1, Entry: 7, By: p, Verb: Sign})
		}
		for step := range 12 {
			s.Enact(g.act(s.now + agreement.Instant(g.r.Intn(4))))
			if step%4 != 3 {
				continue
			}
			before := string(s.Bytes())
			st := s.Standing()
			if _, err := json.Marshal(st); err != nil {
				t.Fatal(err)
			}
			if text := st.Text(); !strings.HasPrefix(text, "in force since ") && !strings.HasPrefix(text, "ended on ") {
				t.Fatalf("seed %d: standing begins %q", seed, text)
			}
			for _, x := range append(m.names(), everyAttribute(m)...) {
				e, err := s.Why(x)
				if err != nil {
					t.Fatalf("seed %d: why %s: %v", seed, x, err)
				}
				changes += len(e.Changes)
				agrees(t, s, x, e)
			}
			Plan(s, []Act{g.act(s.now + 3), g.act(s.now - 2), g.act(s.now)}, s.now+30).Text()
			if string(s.Bytes()) != before {
				t.Fatalf("seed %d: asking changed the state", seed)
			}
		}
	}
	if changes < 100 {
		t.Errorf("only %d changes were ever named", changes)
	}
}

func everyAttribute(m *Machine) []string {
	var out []string
	last := ""
	for i := range m.fluents {
		f := &m.fluents[i]
		if string(f.name) == last || f.block.noun == "party" || i%3 != 0 {
			continue
		}
		last = string(f.name)
		for _, attr := range attributesOf(f.block.noun) {
			out = append(out, last+"."+attr)
		}
	}
	return out
}

// agrees holds the explanation to the state: the chain begins with the value
// that the fluent has, the log ends in the state, and the first act that is
// said to change the answer at once does.
func agrees(t *testing.T, s *State, x string, e Explanation) {
	t.Helper()
	q, err := s.m.subject(x)
	if err != nil {
		t.Fatal(err)
	}
	if e.Answer != s.answer(q) {
		t.Fatalf("why %s answers %s, it is %s", x, e.Answer, s.answer(q))
	}
	if f := &s.m.fluents[q.fluent]; len(e.Steps) == 0 || e.Steps[0].Fluent != f.path() || e.Steps[0].To != beforeText(s, q.fluent) {
		t.Fatalf("why %s begins %+v, the fluent is %s", x, e.Steps, beforeText(s, q.fluent))
	}
	p := past{s, int32(len(s.causes))}
	for i := range s.m.fluents {
		if f := int32(i); s.m.fluents[i].kind != isHidden && p.slot(f) != s.values[i] {
			t.Fatalf("the log says %s is %d, it is %d", s.m.fluents[i].path(), p.slot(f), s.values[i])
		}
	}
	for i := range s.m.readings {
		r := &s.m.readings[i]
		if r.Unit != "" && s.values[r.reported] == 1 && (p.number(r.value).Cmp(s.numbers[r.value]) != 0 || p.number(r.maximum).Cmp(s.numbers[r.maximum]) != 0) {
			t.Fatalf("the log says %s is %s and %s at most", r.Name, p.number(r.value), p.number(r.maximum))
		}
	}
	for _, c := range e.Changes {
		w := s.Clone()
		for _, a := range c.Acts {
			if v := w.Enact(a); !v.Effect {
				t.Fatalf("why %s: %s has no effect: %s", x, a, v.Reason)
			}
		}
		if w.answer(q) != c.Answer && c.At.Set { // not at once, but by the deadlines up to then
			w.Drive(c.At.At)
		}
		if got := w.answer(q); !c.Stays && got != c.Answer {
			t.Fatalf("why %s: %s, but then it is %s", x, c.Text(), got)
		}
	}
}

// TestCyclesEnd: a text that Check refuses, whose rules chase each other, still
// ends, and the same for everyone.
func TestCyclesEnd(t *testing.T) {
	a := cameras()
	a.Commitments = append(a.Commitments,
		&agreement.Commitment{Block: named("commitment", "x"), By: "iran", Form: agreement.Do, Due: op(ref("commitment", "y", "due"), "+", span(1))},
		&agreement.Commitment{Block: named("commitment", "y"), By: "iran", Form: agreement.Do, Due: &agreement.Call{Func: "earliest", Kind: agreement.TypeInstant,
			Args: []agreement.Expr{date(at("2030-01-01")), op(ref("commitment", "x", "due"), "+", span(1))}}},
		&agreement.Commitment{Block: named("commitment", "k"), By: "iran", Form: agreement.Keep, Cure: &agreement.Cure{Within: day},
			What: not(ref("commitment", "l", "active"))},
		&agreement.Commitment{Block: named("commitment", "l"), By: "iran", Form: agreement.Keep, Cure: &agreement.Cure{Within: day},
			What: not(ref("commitment", "k", "breached"))})
	s, w := signed(t, a), signed(t, a)
	s.Drive(at("2031-01-01"))
	w.Drive(at("2031-01-01"))
	if string(s.Bytes()) != string(w.Bytes()) {
		t.Error("two runs of one text differ")
	}
	if _, ok := s.Next(); ok && s.now < at("2029-12-31") {
		t.Errorf("stopped at %s", s.now)
	}
}
