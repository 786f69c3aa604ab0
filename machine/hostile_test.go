package machine_test

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"detente/agreement"
	"detente/machine"
)

// hostileVault is a vault of the preamble's custodians with a condition.
func hostileVault(name, opensIf string) string {
	return fmt.Sprintf(`vault %s {
  records    = "r"
  recorder   = cam
  host       = a
  opens_to   = [b]
  opens_if   = %s
  closes     = 2021-03-01
  pending    = hold
  else       = erase
  hold       = { at_most = 60 days, then = erase }
  epochs     = { every = 1 day, segments = 30 seconds }
  custodians = { of = [k1, k2, k3], need = 2 }
}
`, name, opensIf)
}

// hostileTexts are texts at the language's limits, made to cost much.
func hostileTexts() map[string]string {
	var vaults, chain, acts, deeds, wide, far strings.Builder
	refused := make([]string, 6)
	for k := range refused {
		fmt.Fprintf(&vaults, "commitment c%cz {\n by = a\n to = b\n do = \"x\"\n due = 2021-02-28\n verified = { by = b, within = 30 days, silence = accepts }\n}\n", 'a'+k)
		refused[k] = fmt.Sprintf("c%cz.breached", 'a'+k)
	}
	for k := range 64 {
		vaults.WriteString(hostileVault(fmt.Sprintf("v%dz", k), strings.Join(refused, " and ")))
	}
	chain.WriteString("reading r { reporter = b }\nmilestone m900z { when = r }\n")
	acts.WriteString("reading r { reporter = b }\ncommitment dz {\n by = a\n to = b\n keep = r\n until = 2021-12-31\n}\n")
	wide.WriteString("reading r { reporter = b }\nmilestone m0z { when = r }\n")
	far.WriteString("milestone m0z { at = 2999-12-31 }\n")
	for k := range 900 {
		fmt.Fprintf(&chain, "milestone m%dz { when = m%dz.reached }\n", k, k+1) // each round reaches one
		fmt.Fprintf(&acts, "act x%dz {\n by = [a, b]\n when = r\n notice = %d seconds\n effect = { ends = dz }\n}\n", k, k+1)
		when := ""
		if k > 0 {
			when = fmt.Sprintf(" when = d%dz.fulfilled\n", k-1)
		}
		fmt.Fprintf(&deeds, "commitment d%dz {\n by = a\n to = b\n do = \"x\"\n%s due = 2021-12-31\n verified = { by = b, within = 1 day, silence = accepts }\n}\n", k, when)
	}
	for k := 1; k < 200; k++ {
		fmt.Fprintf(&wide, "milestone m%dz { when = not m0z.reached or (%s) }\n", k, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("m%dz.reached and ", k-1), 250), " and "))
		fmt.Fprintf(&far, "milestone m%dz { at = end_of_day(m%dz%s) }\n", k, k-1, strings.Repeat(" + 365000 days", 200))
	}
	return map[string]string{
		"vaults": vaults.String(), "chain": chain.String(), "acts": acts.String(), "deeds": deeds.String(), "wide": wide.String(),
		"far":  far.String() + strings.Replace(hostileVault("v0z", "not m0z.reached"), "2021-03-01", "m199z", 1) + "milestone past { at = 1970-01-01" + strings.Repeat(" - 365000 days", 500) + " }\n",
		"huge": "reading stock {\n reporter = b\n unit = kg\n}\nmilestone m0z { when = stock" + strings.Repeat(" + stock", 500) + " > " + strings.Repeat("9", 40) + " kg }\n",
	}
}

// TestHostileTexts runs such texts through everything that can be asked of
// them. It must end soon.
func TestHostileTexts(t *testing.T) {
	for name, text := range hostileTexts() {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			m := read(t, []byte(text))
			s := m.Start()
			const day = 86400
			at := agreement.Instant(1609459200) // 2021-01-01
			do := func(by agreement.Name, verb machine.Verb, subject string) {
				s.Enact(machine.Act{At: at, Entry: -1, By: by, Verb: verb, Subject: agreement.Name(subject), True: true})
			}
			do("a", machine.Sign, "")
			do("b", machine.Sign, "")
			do("b", machine.Report, "r")
			q, _ := new(big.Rat).SetString(strings.Repeat("9", 40))
			s.Enact(machine.Act{At: at, Entry: -1, By: "b", Verb: machine.Report, Subject: "stock", Value: q, Unit: "kg"})
			for k := range 900 {
				do("a", machine.Invoke, fmt.Sprintf("x%dz", k))
			}
			at += 50 * day
			for _, c := range m.Agreement().Commitments {
				do("a", machine.Perform, string(c.Name))
			}
			s.Drive(at + 9*day) // the close
			at += 9 * day
			if o, _ := s.Outcome("v0z"); name == "vaults" && o != machine.Held {
				t.Errorf("at the close: %s", o)
			}
			for _, c := range m.Agreement().Commitments {
				do("b", machine.Verify, string(c.Name))
			}
			if o, _ := s.Outcome("v63z"); name == "vaults" && o != machine.Released {
				t.Errorf("all claims refused: %s", o)
			}
			s.Clone().Bytes()
			_ = s.Standing().Text()
			for _, what := range []string{"agreement", "m0z", "m199z", "v0z", "dz", "d5z"} {
				if e, err := s.Why(what); err == nil && len(e.Text()) > 1<<20 {
					t.Errorf("why %s: %d bytes", what, len(e.Text()))
				}
			}
			machine.Plan(s, nil, math.MaxInt64-1)
			s.Drive(math.MaxInt64 - 1)
			if d := time.Since(start); d > 30*time.Second {
				t.Errorf("took %s", d)
			} else {
				t.Logf("%s", d)
			}
		})
	}
}
