package machine

import (
	"fmt"
	"strings"
)

// Text is the standing for people to read: what is in force, the status of
// everything, the next deadlines, and how each party stands.
func (st Standing) Text() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	switch st.Status {
	case "unsigned":
		line("not in force: waiting for %s to sign", list(st.Missing, "and"))
	case "ended":
		line("ended on %s", st.Since)
	default:
		line("in force since %s", st.InForce)
	}
	width := 0
	for _, it := range st.Items {
		width = max(width, len(it.Name))
	}
	for _, it := range st.Items {
		line("  %-10s %-*s  %s", it.Noun, width, it.Name, it.status())
	}
	if len(st.Deadlines) > 0 {
		line("next")
	}
	for _, d := range st.Deadlines {
		line("  %s  %s of %s: %s", d.At, d.What, d.Subject, d.Then)
	}
	for _, p := range st.Parties {
		line("%s", p.Party)
		for _, d := range p.Must {
			line("  must  %s: %s%s", d.Subject, d.Words, d.until())
		}
		for _, d := range p.May {
			line("  may   %s%s", d.Words, d.until())
		}
		for _, d := range p.Owed {
			line("  owed  %s: %s%s", d.Subject, d.Words, d.until())
		}
		for _, w := range p.WaitsFor {
			line("  waits for %s", strings.TrimPrefix(w.Sentence, string(p.Party)+" waits for "))
		}
	}
	return b.String()
}

func (d Duty) until() string {
	if !d.By.Set {
		return ""
	}
	return ", by " + d.By.String()
}

// status is the item's status with what belongs to it.
func (it Item) status() string {
	parts := []string{it.Status}
	if it.Since.Set {
		parts[0] += " since " + it.Since.String()
	}
	if it.Value != "" {
		parts = append(parts, it.Value)
	}
	if it.Contested {
		parts = append(parts, "contested")
	}
	if it.Due.Set {
		word := "due"
		switch {
		case it.Noun == "vault" && it.Status == "open":
			word = "closes"
		case it.Noun == "vault" && it.Status == "held":
			word = "at most until"
		case it.Noun == "vault":
			word = "closed"
		case it.Noun == "milestone":
			word = "at"
		case it.Noun == "act":
			word = "takes effect"
		case it.Form == "keep" || it.Form == "never":
			word = "until"
		}
		parts = append(parts, word+" "+it.Due.String())
	}
	return strings.Join(parts, ", ")
}
