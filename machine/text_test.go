package machine

import (
	"strings"
	"testing"
)

const whyErased = `footage: erase
  footage.outcome became erase on 2021-05-24T00:00:00Z, the condition is not true at the close: lift-sanctions.fulfilled: false
    lift-sanctions.status became breached on 2021-05-24T00:00:00Z, it is not done when due
      lift-sanctions.due is 2021-05-24T00:00:00Z, when it is due: footage.closes: 2021-05-24T00:00:00Z
        footage.closes is 2021-05-24T00:00:00Z, when it closes: 2021-05-24T00:00:00Z
`

const whyReleased = `footage: release
  footage.outcome became release on 2021-06-03T00:00:00Z, the finding makes the condition true
    lift-sanctions.status became fulfilled on 2021-06-03T00:00:00Z, silence decides the claim
      lift-sanctions.claimed_at became 2021-05-20T00:00:00Z on 2021-05-20T00:00:00Z, by entry 12, it is claimed to be done
`

const whyClaimed = `lift-sanctions: claimed
  lift-sanctions.status became claimed on 2021-05-20T00:00:00Z, by entry 12, it is claimed to be done
what would change it
  if nobody acts, it becomes fulfilled on 2021-06-03T00:00:00Z
  if iran verifies lift-sanctions accepts by 2021-06-03T00:00:00Z, it becomes fulfilled on 2021-05-20T00:00:00Z
  if iran verifies lift-sanctions refuses by 2021-05-24T00:00:00Z, it becomes active on 2021-05-20T00:00:00Z
`

const whyUnsigned = `lift-sanctions: dormant
  lift-sanctions.status is dormant, it has not begun
    cameras.status is unsigned, so from the start
      iran.signed is false, so from the start
      iaea.signed is false, so from the start
what would change it
  if iran signs and iaea signs, it becomes active
`

const planLifted = `from 2021-02-23T00:00:00Z until 2022-01-01T00:00:00Z
  + comes about
  ~ changes
  - is lost

assuming 2021-02-22T00:00:00Z: us lifts us-sanctions
  this has no effect: it lies before 2021-02-23T00:00:00Z, where the record already is
assuming 2021-05-20T00:00:00Z: iaea lifts us-sanctions
assuming 2021-05-20T00:00:00Z: iaea verifies lift-sanctions refuses
  this has no effect: only iran may find whether lift-sanctions is done

  + us-sanctions    in-force -> lifted              # 2021-06-03T00:00:00Z, its lifting is found true
  + lift-sanctions  active -> claimed -> fulfilled  # 2021-06-03T00:00:00Z, silence decides the claim
  + footage         open -> held -> release         # 2021-06-03T00:00:00Z, the finding makes the condition true

plan: 3 to come about, 0 to change, 0 to be lost; 2 assumed without effect
`

func TestWhyText(t *testing.T) {
	lift := Act{At: at("2021-05-20"), Entry: 12, By: "iaea", Verb: Lift, Subject: "us-sanctions"}
	for _, c := range []struct {
		name, subject, until, want string
		lifted, unsigned           bool
	}{
		{"erased", "footage", "2021-12-01", whyErased, false, false},
		{"released", "footage", "2021-12-01", whyReleased, true, false},
		{"claimed", "lift-sanctions", "2021-05-20", whyClaimed, true, false},
		{"unsigned", "lift-sanctions", "2021-02-22", whyUnsigned, false, true},
	} {
		s := Compile(cameras()).Start()
		if !c.unsigned {
			s = signed(t, cameras())
		}
		if c.lifted {
			apply(t, s, lift)
		}
		s.Drive(at(c.until))
		e, err := s.Why(c.subject)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Text(); got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestWhyErrors(t *testing.T) {
	s := signed(t, cameras())
	for subject, want := range map[string]string{
		"lift-sanction":              "did you mean `lift-sanctions`?",
		"lift-sanctions.fulfiled":    "did you mean `fulfilled`?",
		"iran.status":                "write `iran`",
		"":                           "expected one of agreement, cameras, iran, iaea, us",
		"footage.":                   "expected one of",
		strings.Repeat("x", 1000000): "expected one of",
	} {
		_, err := s.Why(subject)
		if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 300 {
			t.Errorf("why %.40q: %v, want %q", subject, err, want)
		}
	}
	s.KeepCauses(false)
	if _, err := s.Why("footage"); err == nil || !strings.Contains(err.Error(), "not kept") {
		t.Errorf("without causes: %v", err)
	}
}

func TestPlanText(t *testing.T) {
	s := signed(t, cameras())
	var acts []Act
	for _, text := range []string{
		"2021-05-20 iaea lifts us-sanctions",
		"2021-05-20T00:00:00Z iaea verify lift-sanctions refuses",
		"2021-02-22 us lifts us-sanctions",
	} {
		a, quiet, err := s.m.ParseAssume(text)
		if err != nil || quiet {
			t.Fatalf("%s: quiet %v, %v", text, quiet, err)
		}
		acts = append(acts, a)
	}
	if got := Plan(s, acts, at("2022-01-01")).Text(); got != planLifted {
		t.Errorf("got\n%s\nwant\n%s", got, planLifted)
	}
	if got := Plan(s, nil, s.Now()).Text(); !strings.Contains(got, "  nothing changes\n\nplan: 0 to come about, 0 to change, 0 to be lost\n") {
		t.Errorf("nothing assumed: got\n%s", got)
	}
}

func TestParseAssume(t *testing.T) {
	a := cameras()
	m := Compile(a)
	if q, quiet, err := m.ParseAssume("silence until 2021-06-01"); err != nil || !quiet || q.At != at("2021-06-01") {
		t.Errorf("silence: %v %v %v", q, quiet, err)
	}
	for text, want := range map[string]string{
		"":                                                "expected INSTANT BY VERB SUBJECT",
		"silence":                                         "expected `silence until INSTANT`",
		"silence until tomorrow":                          `"tomorrow" is no instant`,
		"2021-02-30 iran signs":                           `"2021-02-30" is no instant`,
		"2021-05-01T00:00:00 iran signs":                  "2021-05-24T00:00:00Z in UTC",
		"2021-05-01T00:00:00+03:30 iran signs":            "is no instant",
		"2021-05-01 irn signs":                            "did you mean `iran`?",
		"2021-05-01 footage signs":                        "no party is named",
		"2021-05-01 iran sings":                           "did you mean `signs`?",
		"2021-05-01 iran signs it":                        "a party signs the agreement as a whole",
		"2021-05-01 iran lifts":                           "expected the name of a measure",
		"2021-05-01 iran lifts us-sanction":               "did you mean `us-sanctions`?",
		"2021-05-01 iran performs us-sanctions":           "no commitment is named",
		"2021-05-01 iran lifts us-sanctions today":        `"today" after us-sanctions`,
		"2021-05-01 iran verifies lift-sanctions":         "expected `accepts` or `refuses`",
		"2021-05-01 iran verifies lift-sanctions maybe":   "expected `accepts` or `refuses`",
		"2021-05-01 iran reports footage 3 kg":            "no reading is named",
		"2021-05-01 " + strings.Repeat("x", 4090) + " si": "an assumption has at most 4096 bytes",
	} {
		if _, _, err := m.ParseAssume(text); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 300 {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
	}
	exact := "2021-05-01 iran signs" + strings.Repeat(" ", maxLine-len("2021-05-01 iran signs"))
	if _, _, err := m.ParseAssume(exact); err != nil {
		t.Errorf("at the limit of %d bytes: %v", maxLine, err)
	}
}

func TestParseNumber(t *testing.T) {
	for s, want := range map[string]string{"300": "300", "3.67": "3.67", "3/4": "0.75", "-1.50": "-1.5", "1/3": "1/3", "0.001": "0.001",
		strings.Repeat("9", 40): strings.Repeat("9", 40)} {
		if q, err := parseNumber(s); err != nil || sayNumber(q) != want {
			t.Errorf("%s: %v, %v, want %s", s, q, err, want)
		}
	}
	for _, s := range []string{"", "-", "1e9", "0x10", "1.2.3", "1/2/3", "1/0", ".5", "5.", "1_000", "+1", "1/-2", strings.Repeat("9", 41)} {
		if q, err := parseNumber(s); err == nil {
			t.Errorf("%q was read as %s", s, q)
		}
	}
}

func TestScenarioErrors(t *testing.T) {
	for src, want := range map[string]string{
		"\nwhen 2021-01-01 iran signs":              "line 2: a line begins with at, refused, disputed or expect",
		"expct 2021-01-01 footage open":             "did you mean `expect`?",
		"at 2021-01-01":                             "expected `at INSTANT BY VERB SUBJECT`",
		"expect 2021-01-01 footage":                 "expected `expect INSTANT SUBJECT STATUS`",
		"at 2021-13-01 iran signs":                  "is no instant",
		"at 2021-01-01 iran sings":                  "did you mean `signs`?",
		strings.Repeat("\n", maxLines) + "at":       "at most 10000 lines",
		"at " + strings.Repeat("x", maxLine):        "at most 4096 bytes",
		strings.Repeat("#", maxScenario) + "\n":     "at most 1048576 bytes",
		"# a\n\nat 2021-01-01 iran signs\nat x y z": "line 4",
	} {
		sc, errs := ParseScenario([]byte(src))
		if sc != nil || len(errs) != 1 || !strings.Contains(errs[0].Error(), want) {
			t.Errorf("%.60q: %v, want %q", src, errs, want)
		}
	}
	edge := strings.Repeat("\n", maxLines-1)
	if sc, errs := ParseScenario([]byte(edge)); sc == nil {
		t.Errorf("at the limit of lines: %v", errs)
	}
}

// TestScenarioFails: a line that is not so fails with what is so and why.
func TestScenarioFails(t *testing.T) {
	for line, want := range map[string]string{
		"expect 2021-05-24 footage release":           "footage is erase, expected release\n      footage: erase\n        footage.outcome became erase",
		"expect 2021-05-24 vault footage.closes 2021": `"2021" is no instant`,
		"expect 2021-05-24 footage relese":            "did you mean `release`?",
		"expect 2021-05-24 footge release":            "did you mean `footage`?",
		"expect 2021-05-24 us-sanctions.lifted yes":   "expected one of true, false",
		"at 2021-05-24 iaea performs lift-sanction":   "did you mean `lift-sanctions`?",
		"at 2021-05-25 iaea lifts us-sanctions":       "it had no effect: lift-sanctions is in breach since 2021-05-24T00:00:00Z and the text gives no time to make it good",
		"refused 2021-05-01 iaea lifts us-sanctions":  "it had an effect",
	} {
		sc, errs := ParseScenario([]byte("at 2021-02-23 iran signs\nat 2021-02-23 iaea signs\n" + line))
		if errs != nil {
			t.Fatal(errs)
		}
		rep := sc.Run(Compile(cameras()), nil)
		if rep.Passed != 2 || rep.Failed != 1 || !strings.Contains(rep.Text(), want) {
			t.Errorf("%s: got\n%swant %q", line, rep.Text(), want)
		}
	}
}
