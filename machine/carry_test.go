package machine

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"detente/agreement"
)

// closing is the cameras' text with another close.
func closing(when string, change ...func(*agreement.Agreement)) *Machine {
	a := rewrite(cameras(), nil)
	a.Amended = agreement.Amended{By: []agreement.Name{"iran", "iaea"}}
	a.Vaults[0].Closes = date(at(when))
	for _, f := range change {
		f(a)
	}
	return Compile(a)
}

func mustCarry(t *testing.T, to *Machine, s *State, when string) *State {
	t.Helper()
	after, _, err := s.Amend(to, at(when), 57)
	if err != nil {
		t.Fatal(err)
	}
	return after
}

// TestExtended: the close and what is due at it move, and why says by what.
func TestExtended(t *testing.T) {
	s := signed(t, cameras())
	after, carried, err := s.Amend(closing("2021-06-24"), at("2021-05-20"), 57)
	if err != nil {
		t.Fatal(err)
	}
	want := "due of lift-sanctions moves from 2021-05-24T00:00:00Z to 2021-06-24T00:00:00Z\n" +
		"closes of footage moves from 2021-05-24T00:00:00Z to 2021-06-24T00:00:00Z\n"
	if carried.Text() != want || carried.Entry != 57 || carried.At != at("2021-05-20") {
		t.Errorf("got %s", carried.Text())
	}
	x, err := after.Why("footage.closes")
	if err != nil || !strings.Contains(x.Text(), "footage.closes became 2021-06-24T00:00:00Z on 2021-05-20T00:00:00Z, by the amendment of entry 57, when it closes: 2021-06-24T00:00:00Z") {
		t.Errorf("%v\n%s", err, x.Text())
	}
	if x, err := after.Why("lift-sanctions.active"); err != nil || !strings.Contains(x.Text(), "became active on 2021-02-23") {
		t.Errorf("what was before: %v\n%s", err, x.Text())
	}
	after.Drive(at("2021-06-23"))
	if o, _ := after.Outcome("footage"); o != Open {
		t.Errorf("footage is %s before the close", o)
	}
	after.Drive(at("2021-06-24"))
	if o, since := after.Outcome("footage"); o != Erased || since != at("2021-06-24") {
		t.Errorf("footage is %s since %s", o, since)
	}
	if o, _ := s.Outcome("footage"); o != Open || s.Machine().Agreement() == after.Machine().Agreement() {
		t.Error("the state before has changed")
	}
	causes := after.Causes()
	moved := slices.IndexFunc(causes, func(c Cause) bool { return c.Amends })
	breach := slices.IndexFunc(causes, func(c Cause) bool { return c.To == "breached" })
	if moved < 0 || breach < moved || causes[moved].Entry != 57 || causes[breach].Previous >= moved || causes[causes[breach].Previous].To != "active" {
		t.Errorf("the log does not go on through the amendment: %v", causes)
	}
}

// TestNotAmended: what refuses an amendment names it, and nothing has changed.
func TestNotAmended(t *testing.T) {
	open := func(s *State) {
		apply(t, s, Act{At: at("2021-05-20"), By: "iran", Verb: Lift, Subject: "us-sanctions"})
	}
	for name, c := range map[string]struct {
		before func(*State)
		to     *Machine
		when   string
		want   string
	}{
		"into the past":                  {nil, closing("2021-05-19"), "2021-05-20", "would be 2021-05-19T00:00:00Z, which is not after the amendment on 2021-05-20T00:00:00Z"},
		"to its own effect":              {nil, closing("2021-05-20"), "2021-05-20", "would be 2021-05-20T00:00:00Z, which is not after"},
		"an unsigned text":               {func(s *State) { *s = *s.m.Start() }, closing("2021-06-24"), "2021-05-20", "not in force: iran and iaea have yet to sign"},
		"an open claim without a finder": {open, closing("2021-06-24", func(a *agreement.Agreement) { a.Commitments[0].Verify = nil }), "2021-05-21", "somebody must remain who finds"},
		"an open claim that ends": {open, closing("2021-06-24", func(a *agreement.Agreement) {
			a.Commitments[0].Name, a.Vaults[0].OpensIf = "other", ref("commitment", "other", "fulfilled")
		}), "2021-05-21", "lift-sanctions has an open claim: it cannot end before"},
		"a shorter hold than has passed": {func(s *State) { open(s); s.Drive(at("2021-06-01")) },
			closing("2021-05-24", func(a *agreement.Agreement) { a.Vaults[0].HoldAtMost = 3 * day }), "2021-06-01T00:00:01Z", "long-stop of footage would be 2021-05-27"},
		"no vault": {nil, closing("2021-06-24", func(a *agreement.Agreement) { a.Vaults = nil; a.Commitments[0].Due = date(at("2022-01-01")) }), "2021-05-20", "vault footage is not in this text"},
		"late for what began": {nil, closing("2021-06-24", func(a *agreement.Agreement) {
			c := *a.Commitments[0]
			c.Name, c.Due = "new", date(at("2021-03-01"))
			a.Commitments = append(a.Commitments, &c)
		}), "2021-05-20", "due of new would be 2021-03-01"},
	} {
		t.Run(name, func(t *testing.T) {
			s := signed(t, cameras())
			if c.before != nil {
				c.before(s)
			}
			bytesBefore := s.Bytes()
			_, _, err := s.Amend(c.to, at(c.when), 57)
			if no, ok := errors.AsType[*NotAmended](err); !ok || !strings.Contains(no.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if !bytes.Equal(s.Bytes(), bytesBefore) {
				t.Error("the state has changed")
			}
		})
	}
}

// TestAmendedAtTheClose: at its very instant the close may be moved; when it has
// come it may not, and one who tries takes nothing back.
func TestAmendedAtTheClose(t *testing.T) {
	s := signed(t, cameras())
	if o, _ := mustCarry(t, closing("2021-06-24"), s.Clone(), "2021-05-24").Outcome("footage"); o != Open {
		t.Errorf("extended at the instant of the close: %s", o)
	}
	if d, _ := mustCarry(t, closing("2021-05-24"), s.Clone(), "2021-05-24").Next(); d.At != at("2021-05-24") {
		t.Errorf("amended at the instant of the close, which stays: next is %v", d)
	}
	for _, when := range []string{"2021-06-24", "2021-05-01", "2021-05-24"} {
		late := s.Clone()
		late.Drive(at("2021-05-24"))
		after := mustCarry(t, closing(when), late, "2021-05-24")
		if o, since := after.Outcome("footage"); o != Erased || since != at("2021-05-24") || after.Now() != at("2021-05-24T00:00:01Z") {
			t.Errorf("a close moved to %s after it: %s since %s, at %s", when, o, since, after.Now())
		}
		after.Drive(at("2022-01-01"))
		if o, since := after.Outcome("footage"); o != Erased || since != at("2021-05-24") {
			t.Errorf("later %s since %s", o, since)
		}
	}
}

// TestHeldAmended: what is held is asked what the text of the close asked, by
// whatever name its commitment goes now; `else` and the long-stop are the new text's.
func TestHeldAmended(t *testing.T) {
	held := func() *State {
		s := signed(t, cameras())
		apply(t, s, Act{At: at("2021-05-20"), By: "iran", Verb: Lift, Subject: "us-sanctions"})
		s.Drive(at("2021-05-24"))
		return s
	}
	renamed := func(a *agreement.Agreement) {
		*a = *rewrite(a, map[name]name{"lift-sanctions": "lifting", "footage": "tapes"})
		a.Vaults[0].OpensIf = ref("agreement", "cameras", "ended") // never asked
		a.Vaults[0].Else, a.Vaults[0].HoldAtMost = "release", 60*day
	}
	for accept, want := range map[bool]struct {
		rule string
		o    Outcome
	}{true: {"finding", Released}, false: {"else", Released}} {
		s := mustCarry(t, closing("2021-05-24", renamed), held(), "2021-05-25")
		if d := s.Deadlines(); len(d) != 3 && len(d) != 2 || d[len(d)-1].At != at("2021-07-23") || d[len(d)-1].What != "long-stop" {
			t.Errorf("deadlines %v", d)
		}
		apply(t, s, Act{At: at("2021-05-26"), By: "iran", Verb: Verify, Subject: "lifting", Accept: accept})
		if o, since := s.Outcome("tapes"); o != want.o || since != at("2021-05-26") {
			t.Errorf("by %s: %s since %s", want.rule, o, since)
		}
	}
	s := mustCarry(t, closing("2021-05-24"), held(), "2021-05-25")
	apply(t, s, Act{At: at("2021-05-26"), By: "iran", Verb: Verify, Subject: "lift-sanctions"})
	if o, _ := s.Outcome("footage"); o != Erased {
		t.Errorf("refused: %s", o)
	}
}

// TestNeverShorten: the old text's promise binds, the new one's does not yet.
func TestNeverShorten(t *testing.T) {
	promise := func(a *agreement.Agreement) { a.Amended.NeverShorten = true }
	s := signed(t, cameras())
	s = mustCarry(t, closing("2021-05-23", promise), s, "2021-05-01")
	if _, _, err := s.Amend(closing("2021-05-22T23:59:59Z"), at("2021-05-02"), 58); err == nil || !strings.Contains(err.Error(), "may bring no deadline forward") {
		t.Errorf("one second earlier: %v", err)
	}
	s = mustCarry(t, closing("2021-05-23"), s, "2021-05-02")
	mustCarry(t, closing("2021-05-22"), s, "2021-05-03")
}

// TestEnded: what an amendment takes out is still told, with its breach, and
// nothing new takes its name.
func TestEnded(t *testing.T) {
	alone := func(a *agreement.Agreement) {
		a.Vaults[0].OpensIf = &agreement.Not{X: ref("measure", "us-sanctions", "in_force")}
	}
	s := signed(t, closing("2021-06-24", alone, func(a *agreement.Agreement) { a.Commitments[0].Due = date(at("2021-03-01")) }).agreement)
	s.Drive(at("2021-03-01"))
	without := closing("2021-06-24", alone, func(a *agreement.Agreement) { a.Commitments = nil })
	s = mustCarry(t, without, s, "2021-04-01")
	if st := s.Standing(); len(st.Gone) != 1 || st.Gone[0].Status != "breached" || !strings.Contains(st.Text(), "lift-sanctions  ended by an amendment on 2021-04-01T00:00:00Z; it was breached since 2021-03-01T00:00:00Z") {
		t.Errorf("%s", st.Text())
	}
	if _, _, err := s.Amend(closing("2021-06-24", alone), at("2021-04-02"), 58); err == nil || !strings.Contains(err.Error(), "what is new takes another name") {
		t.Errorf("the name again: %v", err)
	}
	if again := mustCarry(t, without, s, "2021-04-02"); !bytes.Equal(again.Bytes()[64:], mustCarry(t, without, again, "2021-04-02").Bytes()[64:]) {
		t.Error("what is gone is gone once")
	}
}

// TestSameTextAgain: to amend to the same text, or to rename everything and back,
// changes nothing, byte for byte, then and in all later steps.
func TestSameTextAgain(t *testing.T) {
	for seed := range int64(150) {
		g := &maker{r: rand.New(rand.NewSource(seed))}
		a := g.agreement()
		plain, again, back := Compile(a).Start(), Compile(a).Start(), Compile(a).Start()
		there := map[name]name{}
		for _, b := range blocksOf(a)[len(a.Parties):] {
			there[b.Name] = b.Name + "x"
		}
		for _, p := range drawnParties[:2] {
			for _, s := range []*State{plain, again, back} {
				s.Apply(Act{At: 0, Entry: -1, By: p, Verb: Sign})
			}
		}
		for range 25 {
			if _, ok := plain.Next(); ok && g.one(3) {
				for _, s := range []*State{plain, again, back} {
					s.Fire()
				}
			} else {
				act := g.act(g.time(plain))
				for _, s := range []*State{plain, again, back} {
					s.Apply(act)
				}
			}
			if g.one(3) && plain.values[plain.m.status] == agreementInForce {
				again, back = sameAgain(t, seed, again, back, there)
			}
			for _, s := range []*State{again, back} {
				if !bytes.Equal(s.Bytes(), plain.Bytes()) {
					t.Fatalf("seed %d: other bytes\n%s", seed, difference(project(s), project(plain)))
				}
				if got, want := s.Standing().Text(), plain.Standing().Text(); got != want {
					t.Fatalf("seed %d: another standing:\n%s\nwant\n%s", seed, got, want)
				}
			}
		}
	}
}

func sameAgain(t *testing.T, seed int64, again, back *State, there map[name]name) (*State, *State) {
	t.Helper()
	same, carried, err := Compile(rewrite(again.m.agreement, nil)).Carry(again, again.now, -1)
	if err != nil || carried.Text() != "" {
		t.Fatalf("seed %d: the same text: %v %v", seed, err, carried)
	}
	here := map[name]name{}
	for x, y := range there {
		here[y] = x
	}
	other := rewrite(back.m.agreement, there)
	away, _, err := Compile(other).Carry(back, back.now, -1)
	if err != nil {
		t.Fatalf("seed %d: renamed: %v", seed, err)
	}
	home, _, err := Compile(rewrite(other, here)).Carry(away, away.now, -1)
	if err != nil {
		t.Fatalf("seed %d: renamed back: %v", seed, err)
	}
	return same, home
}

// TestChain: a hundred amendments, each a day later; the first cause is still found.
func TestChain(t *testing.T) {
	s := signed(t, cameras())
	for i := range 100 {
		as := map[name]name{"footage": name(fmt.Sprint("tapes-", i))}
		if i > 0 {
			as = map[name]name{name(fmt.Sprint("tapes-", i-1)): name(fmt.Sprint("tapes-", i))}
		}
		a := rewrite(s.m.agreement, as)
		a.Vaults[0].Closes = date(at("2021-05-24") + agreement.Instant(i+1)*agreement.Instant(day))
		s = mustCarry(t, Compile(a), s, "2021-03-01")
	}
	x, err := s.Why("agreement.in_force")
	if err != nil || !strings.Contains(x.Text(), "became in-force on 2021-02-23T00:00:00Z") {
		t.Errorf("%v\n%s", err, x.Text())
	}
	s.Drive(at("2022-01-01"))
	if o, since := s.Outcome("tapes-99"); o != Erased || since != at("2021-09-01") {
		t.Errorf("%s since %s", o, since)
	}
}

// TestReportedLiftings: of a party that does not sign, what is noted as lifted
// stays noted for that measure, in whatever order the new text promises them.
func TestReportedLiftings(t *testing.T) {
	text := func(first, second string) *agreement.Agreement {
		a := rewrite(cameras(), nil)
		a.Measures = append(a.Measures, &agreement.Measure{Block: named("measure", "oil-ban"), By: "us", InForce: true})
		a.Commitments[0].What = op(ref("measure", first, "lifted"), "and", ref("measure", second, "lifted"))
		return a
	}
	s := signed(t, text("us-sanctions", "oil-ban"))
	apply(t, s, Act{At: at("2021-05-01"), By: "iaea", Verb: Lift, Subject: "oil-ban"})
	s = mustCarry(t, Compile(text("oil-ban", "us-sanctions")), s, "2021-05-02")
	if v := s.Clone().Apply(Act{At: at("2021-05-03"), By: "iaea", Verb: Lift, Subject: "oil-ban"}); v.Effect {
		t.Error("what was noted can be noted again")
	}
	apply(t, s, Act{At: at("2021-05-03"), By: "iaea", Verb: Lift, Subject: "us-sanctions"})
	if got := status(s, "lift-sanctions"); got != "claimed" {
		t.Errorf("both are noted, and it is %s", got)
	}
	apply(t, s, Act{At: at("2021-05-04"), By: "iran", Verb: Verify, Subject: "lift-sanctions", Accept: true})
	if status(s, "oil-ban") != "lifted" || status(s, "us-sanctions") != "lifted" {
		t.Error("the claim is accepted, and not both are lifted")
	}
}

// TestKeptApart: the state kept at a close belongs to its own vault, wherever
// the new text puts it, and to the state that was amended no longer.
func TestKeptApart(t *testing.T) {
	s := signed(t, cameras())
	apply(t, s, Act{At: at("2021-05-20"), By: "iran", Verb: Lift, Subject: "us-sanctions"})
	s.Drive(at("2021-05-24"))
	before := s.Bytes()
	to := closing("2021-05-24", func(a *agreement.Agreement) {
		v := *a.Vaults[0]
		v.Name, v.Closes, v.OpensIf = "second", date(at("2021-09-01")), ref("agreement", "cameras", "ended")
		a.Vaults = append([]*agreement.Vault{&v}, a.Vaults...)
		c := *a.Commitments[0]
		c.Name, c.What, c.Deed, c.Due = "another", nil, "a deed", date(at("2021-09-01"))
		a.Commitments = append([]*agreement.Commitment{&c}, a.Commitments...)
	})
	after := mustCarry(t, to, s, "2021-05-25")
	apply(t, after, Act{At: at("2021-05-26"), By: "iran", Verb: Verify, Subject: "lift-sanctions", Accept: true})
	if o, _ := after.Outcome("footage"); o != Released {
		t.Errorf("footage is %s", o)
	}
	if o, _ := after.Outcome("second"); o != Open {
		t.Errorf("second is %s", o)
	}
	if !bytes.Equal(s.Bytes(), before) {
		t.Error("a finding after the amendment is in the state before it")
	}
}

// TestJoined: who begins to sign has signed with the amendment; and a milestone
// whose time has passed is reached at it, as by a deadline of that instant.
func TestJoined(t *testing.T) {
	to := closing("2021-06-24", func(a *agreement.Agreement) {
		a.Parties[2].Signs = true
		a.Milestones = []*agreement.Milestone{{Block: named("milestone", "signature"), At: date(at("2021-02-21"))}}
	})
	s := mustCarry(t, to, signed(t, cameras()), "2021-05-01")
	if v := s.Clone().Apply(Act{At: at("2021-05-02"), By: "us", Verb: Sign}); v.Effect || !strings.Contains(v.Reason, "has signed already") {
		t.Errorf("us signs again: %v", v)
	}
	if st := s.Standing(); len(st.Missing) != 0 || status(s, "agreement") == "unsigned" {
		t.Errorf("missing %v", st.Missing)
	}
	x := s.Standing().Items
	i := slices.IndexFunc(x, func(it Item) bool { return it.Name == "signature" })
	if x[i].Status != "reached" || x[i].Since.At != at("2021-05-01") || x[i].Due.At != at("2021-02-21") || !s.Fired() {
		t.Errorf("the milestone is %v, fired: %v", x[i], s.Fired())
	}
}
