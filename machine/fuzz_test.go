package machine

import (
	"testing"
)

func FuzzAssume(f *testing.F) {
	for _, s := range []string{
		"2021-05-01 iran lifts us-sanctions", "2021-05-10T00:00:00Z iran verifies lift-sanctions accepts", "silence until 2021-06-01",
		"2021-06-01 iaea reports stock 299.5 kg", "2021-06-01 iran invokes cease states deems, significant", "2021-02-23 iran signs",
		"9999-12-31 us imposes us-sanctions", "0000-01-01 iaea contests lift-sanctions", "2021-05-01 iran reports stock 1/0 kg",
	} {
		f.Add(s)
	}
	m := Compile(cameras())
	f.Fuzz(func(t *testing.T, text string) {
		a, quiet, err := m.ParseAssume(text)
		if err != nil {
			if len(err.Error()) > 400 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if quiet {
			return
		}
		b, _, err := m.ParseAssume(a.At.String() + " " + a.String())
		if err != nil || a.String() != b.String() || a.At != b.At {
			t.Errorf("%q was read as %v, written and read again as %v, %v", text, a, b, err)
		}
		Plan(m.Start(), []Act{a}, a.At).Text()
	})
}

func FuzzScenario(f *testing.F) {
	for _, s := range []string{
		"", "# nothing\n", "at 2021-02-23 iran signs\nat 2021-02-23 iaea signs\nat 2021-05-01 iran lifts us-sanctions\nexpect 2021-05-24 vault footage release\n",
		"expect 2021-05-24 footage.decided_at 2021-05-24\nrefused 2021-01-01 us signs", "expect 2021-05-24 lift-sanctions.due not known", "at 2021-02-23 iran signs\nat 2021-02-23 iaea signs\nat 2021-05-01 amended \"same\"\nexpect 2021-05-24 footage erase", "expect 2021-01-01 iran true",
	} {
		f.Add([]byte(s))
	}
	m := Compile(cameras())
	same := func(string) (*Machine, error) { return m, nil }
	f.Fuzz(func(t *testing.T, src []byte) {
		sc, errs := ParseScenario(src)
		if (sc == nil) != (len(errs) > 0) {
			t.Fatalf("a scenario or errors, not %v and %v", sc, errs)
		}
		if sc != nil {
			if rep := sc.Run(m, same); rep.Passed+rep.Failed != len(rep.Results) || rep.Text() != sc.Run(m, same).Text() {
				t.Error("two runs differ, or lines are missing")
			}
		}
	})
}

// FuzzMachine lets the fuzzer choose the agreement and the acts.
func FuzzMachine(f *testing.F) {
	f.Add(int64(1_000_000))
	f.Add(int64(1_000_001))
	f.Add(int64(-1))
	f.Fuzz(func(t *testing.T, seed int64) { play(t, seed, seed%2 == 0, map[string]bool{}) })
}
