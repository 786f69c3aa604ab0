package audit

import (
	"fmt"
	"strings"

	"detente/record"
	"detente/vault"
)

// Text is the report for people: the answer first.
func (r *Report) Text() string {
	var b strings.Builder
	switch r.Verdict {
	case Broken:
		for _, f := range r.Broken {
			fmt.Fprintf(&b, "BROKEN: %s: %s\nNothing in this file may be relied on.\n", f.Part, f.Reason)
		}
		return b.String()
	case Unknown:
		fmt.Fprintf(&b, "NOT FOUND OUT: what is here holds, but %s could not be found out from it%s.\n", things(len(r.Unknown)), r.outcomes())
	default:
		fmt.Fprintf(&b, "HOLDS: everything that can be checked in this record was, and holds%s.\n", r.outcomes())
	}
	fmt.Fprintf(&b, "\n%s\nagreement %s (compare it with the one you signed)\n", r.Agreement.Title, r.Agreement.ID)
	if r.Agreement.Simulated {
		b.WriteString("THE TIME OF THIS RECORD IS SIMULATED: its text says so.\n")
	}
	fmt.Fprintf(&b, "record of %d entries, root %s\nclock %v, decided up to %v, witnessed at %v, %d provisional\n",
		r.Record.Size, r.Record.Root, r.Record.Clock, r.Record.Settled, r.Record.Witnessed, r.Record.Provisional)
	b.WriteString("\nChecked:\n")
	for _, c := range r.Checked {
		fmt.Fprintf(&b, "  %6d %s\n", c.N, c.What)
	}
	list(&b, "\nCould not be found out from this file:\n", r.Unknown)
	list(&b, "\nCannot be checked from any record:\n", r.Unchecked)
	if len(r.Conduct) > 0 {
		b.WriteString("\nRules broken, by the record:\n")
		for _, c := range r.Conduct {
			fmt.Fprintf(&b, "  entry %d, %s: %s\n", c.Entry, orNobody(c.Culprit), c.Reason)
		}
	}
	for i := range r.Vaults {
		r.Vaults[i].text(&b)
	}
	fmt.Fprintf(&b, "\nStanding\n%s", r.Standing.Text())
	return b.String()
}

// outcomes is the outcome of every vault, for the first line.
func (r *Report) outcomes() string {
	var s string
	for _, v := range r.Vaults {
		s += fmt.Sprintf("; vault %s: %s", v.Name, v.Outcome)
		if v.Ground != "" {
			s += fmt.Sprintf(" (%s)", v.Ground)
		}
	}
	return s
}

// grounds are what certificates say, in words.
var grounds = map[record.Ground]string{
	record.Decided: "the record decided it in time",
	record.Halted:  "the record halted undecided",
	record.Agreed:  "all signatories and custodians signed it",
}

func (v *Vault) text(b *strings.Builder) {
	fmt.Fprintf(b, "\nVault %s: %s", v.Name, v.Outcome)
	if v.Ground != "" {
		fmt.Fprintf(b, ", by a certificate: %s", grounds[v.Ground])
	}
	fmt.Fprintf(b, "\n  %d epochs sealed, %d attempts void; handed over by %d of %d custodians; erasure attested by %d of %d, never proved\n",
		v.Epochs, v.Void, v.Handed, v.Seats, v.Attested, v.Seats)
	if v.Coverage != nil {
		fmt.Fprintf(b, "  coverage: %s\n", v.Coverage.Summary())
		for _, c := range v.Coverage.Cameras {
			for _, x := range c.Intervals {
				if x.Class != vault.Covered {
					fmt.Fprintf(b, "    camera %s, %s to %s: %s: %s\n", c.Camera, x.From, x.Until, x.Class, x.Reason)
				}
			}
		}
	}
}

func list(b *strings.Builder, title string, items []string) {
	if len(items) == 0 {
		return
	}
	b.WriteString(title)
	for _, s := range items {
		fmt.Fprintf(b, "  %s\n", s)
	}
}

func things(n int) string {
	if n == 1 {
		return "one thing"
	}
	return fmt.Sprintf("%d things", n)
}

func orNobody(s string) string {
	if s == "" {
		return "nobody in particular"
	}
	return s
}
