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
	b.WriteString(st.local.legend())
	switch st.Status {
	case "unsigned":
		line("not in force: waiting for %s to sign", list(st.Missing, "and"))
	case "ended":
		line("ended on %s", st.local.text(st.Since))
	default:
		line("in force since %s", st.local.text(st.InForce))
	}
	width := 0
	for _, it := range st.Items {
		if !it.Idle {
			width = max(width, len(it.Name))
		}
	}
	for _, it := range st.Items {
		if it.Idle {
			continue // a case that nobody has opened
		}
		line("  %-10s %-*s  %s", it.Noun, width, it.Name, it.status(st.local))
	}
	for _, q := range st.Questions {
		q.tell(line)
	}
	for _, g := range st.Gone {
		line("  %-10s %s  ended by an amendment on %s%s", g.Noun, g.Name, st.local.text(g.EndedAt), g.was(st.local))
	}
	if len(st.Deadlines) > 0 {
		line("next")
	}
	for _, d := range st.Deadlines {
		line("  %s  %s", st.local.text(moment(d.At)), d.sentence())
	}
	for _, p := range st.Parties {
		line("%s", p.Party)
		for _, d := range p.Must {
			line("  must  %s: %s%s", d.Subject, d.Words, d.until(st.local))
		}
		for _, d := range p.May {
			line("  may   %s%s", d.Words, d.until(st.local))
		}
		for _, d := range p.Owed {
			line("  owed  %s: %s%s", d.Subject, d.Words, d.until(st.local))
		}
		for _, w := range p.WaitsFor {
			line("  waits for %s", strings.TrimPrefix(w.Sentence, string(p.Party)+" waits for "))
		}
		if len(p.Must)+len(p.May)+len(p.Owed)+len(p.WaitsFor) == 0 {
			line("  has nothing to do, to expect or to wait for")
		}
	}
	return b.String()
}

// sentence is what happens at the deadline, with what it happens to.
func (d Deadline) sentence() string {
	switch {
	case d.What == "closes":
		return string(d.Subject) + " closes: " + d.Then
	case d.What == "long-stop":
		return string(d.Subject) + ": " + d.Then
	case d.What == "due" && strings.HasPrefix(d.Then, string(d.Subject)):
		return "if not done before, " + d.Then
	case d.What == "due":
		return string(d.Subject) + " is due: " + d.Then
	}
	return d.Then
}

func (d Duty) until(l local) string {
	if !d.By.Set {
		return ""
	}
	return ", by " + l.text(d.By)
}

// status is the item's status with what belongs to it.
func (it Item) status(l local) string {
	parts := []string{it.Status}
	if it.Since.Set {
		parts[0] += " since " + l.text(it.Since)
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
		case it.Noun == "decision" || it.Noun == "stage":
			word = "closes"
			if it.DoneAt.Set {
				word = "close was"
			}
		case it.Noun == "milestone":
			word = "at"
		case it.Noun == "act":
			word = "takes effect"
		case it.Form == "keep" || it.Form == "never":
			word = "until"
		}
		parts = append(parts, word+" "+l.text(it.Due))
	}
	return strings.Join(parts, ", ")
}
