package web

import (
	"slices"
	"strings"

	"detente/agreement"
	"detente/machine"
	"detente/record"
)

// A history is every change of standing, oldest first.
type history struct {
	changes []change
	of      map[agreement.Name][]int // indexes into changes, of status alone; by the block's name today
	entry   map[int64][]int          // by the entry that brought them about
}

// A change is one step of one block from one status to another.
type change struct {
	At       agreement.Instant
	Entry    int64          // -1: a deadline
	Subject  agreement.Name // as it was called then
	Block    agreement.Name // as it is called in the text in force; empty if it ended
	Attr     string         // status, outcome, signed, reported_at ...
	From, To string
	Words    string // of the rule
	Rule     agreement.Range
}

// shown are the attributes whose changes a reader follows; instants and marks
// beside them say nothing new.
var shown = map[string]bool{
	"status": true, "outcome": true, "signed": true, "reached": true,
	"late": true, "value": true, "times": true, "contested": true,
}

// newHistory reads the history through all texts that were in force.
func newHistory(s *machine.State, texts []*record.Version) *history {
	h := &history{of: map[agreement.Name][]int{}, entry: map[int64][]int{}}
	for _, c := range s.Causes() {
		path := c.Machine.FluentName(c.Fluent)
		i := strings.LastIndexByte(path, '.')
		if i < 0 || !shown[path[i+1:]] {
			continue
		}
		x := change{
			At: c.At, Entry: c.Entry, Subject: agreement.Name(path[:i]), Attr: path[i+1:], From: c.From, To: c.To,
			Words: c.Machine.RuleWords(c.Rule), Rule: c.Machine.RuleRange(c.Rule),
		}
		x.Block = today(texts, c.Machine.Agreement(), x.Subject)
		name := x.Block
		if name == "" {
			name = x.Subject
		}
		h.of[name] = append(h.of[name], len(h.changes))
		if x.Entry >= 0 {
			h.entry[x.Entry] = append(h.entry[x.Entry], len(h.changes))
		}
		h.changes = append(h.changes, x)
	}
	return h
}

// today is what a block of one of the texts is called in the last; empty if it
// has ended.
func today(texts []*record.Version, of *agreement.Agreement, name agreement.Name) agreement.Name {
	at := slices.IndexFunc(texts, func(v *record.Version) bool { return v.Agreement == of })
	for _, v := range texts[at+1:] {
		now, kept := v.Amendment.Now(name)
		if !kept {
			return ""
		}
		name = now
	}
	return name
}

// becomes is what a change leads to, in words.
func (c change) becomes() string {
	switch c.Attr {
	case "signed":
		return "signed"
	case "reached":
		return "reached"
	case "late":
		if c.To == "true" {
			return "late"
		}
		return "no longer late"
	case "contested":
		if c.To == "true" {
			return "contested"
		}
		return "no longer contested"
	case "times":
		if c.To == "1" {
			return "done"
		}
		return "done " + c.To + " times"
	}
	return c.To
}
