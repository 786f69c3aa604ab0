package machine

import (
	"fmt"
	"slices"
	"strings"

	"detente/agreement"
)

// ballotWords writes a report of votes as the grammar of assumptions has it.
func ballotWords(of []Ballot) string {
	var parts []string
	for _, choice := range voteWords {
		var names []string
		for _, b := range of {
			if b.Choice == choice {
				names = append(names, string(b.By))
			}
		}
		if len(names) > 0 {
			parts = append(parts, choice+" "+strings.Join(names, ", "))
		}
	}
	return strings.Join(parts, " ")
}

// parseBallot reads `yes NAMES no NAMES abstain NAMES`.
func parseBallot(a *Act, rest []string) error {
	choice := ""
	for _, w := range rest {
		if slices.Contains(voteWords, w) {
			choice = w
			continue
		}
		for name := range strings.SplitSeq(w, ",") {
			switch {
			case name == "":
			case choice == "":
				return fmt.Errorf("expected yes, no, abstain or none before the names of those who voted so on %s", a.Subject)
			default:
				a.Ballot = append(a.Ballot, Ballot{agreement.Name(name), choice})
			}
		}
	}
	if len(a.Ballot) == 0 {
		return fmt.Errorf("expected votes after `counts %s`, such as `yes uk, us no russia`", a.Subject)
	}
	return nil
}

// parseUntil reads `until INSTANT`, or `not`: consent is taken back.
func (m *Machine) parseUntil(a *Act, rest []string) error {
	if len(rest) == 1 && rest[0] == "not" {
		a.Until = Withdrawn
		return nil
	}
	if len(rest) != 2 || rest[0] != "until" {
		return fmt.Errorf("expected `until INSTANT` after `extends %s`, or `not` to take the consent back", a.Subject)
	}
	var err error
	a.Until, err = parseInstant(rest[1], m.zone())
	return err
}

// ballots adds the votes worth trying: of each member yes and no, and of a
// reporter the fewest that would carry.
func (s *State) ballots(out []Act) []Act {
	for i := range s.m.decisions {
		d := &s.m.decisions[i]
		if s.values[d.status] != decisionOpen {
			continue
		}
		if len(d.Drafts) > 0 {
			for _, by := range s.people(d.DraftsBy) {
				out = append(out, Act{At: s.now, Entry: -1, By: by, Verb: Table, Subject: d.Name})
			}
			continue
		}
		for _, by := range d.body.Members {
			f, ok := s.slotOf(d, by)
			if !ok || !s.m.speaks(by) {
				continue
			}
			for _, choice := range []int64{voteYes, voteNo} {
				if s.values[f] != choice {
					out = append(out, Act{At: s.now, Entry: -1, By: by, Verb: Vote, Subject: d.Name, Choice: voteWords[choice]})
				}
			}
		}
		if b := s.fewest(d); b != nil {
			for _, by := range d.body.Report {
				out = append(out, Act{At: s.now, Entry: -1, By: by, Verb: Count, Subject: d.Name, Ballot: b})
			}
		}
	}
	return out
}

// fewest is a report that carries a decision: as few members as do vote yes, in
// the order of the text, the others abstain. Nil if no such report does.
func (s *State) fewest(d *decision) []Ballot {
	var b []Ballot
	for _, n := range d.body.Members {
		if _, ok := s.slotOf(d, n); ok && !s.m.speaks(n) {
			b = append(b, Ballot{n, voteWords[voteAbstain]})
		}
	}
	for i := range b {
		b[i].Choice = voteWords[voteYes]
		w := s.Clone()
		for _, x := range b {
			f, _ := s.slotOf(d, x.By)
			w.values[f] = int64(slices.Index(voteWords, x.Choice))
		}
		if w.settled(d) {
			return b
		}
	}
	return nil
}

func (s *State) decisionItem(d *decision) Item {
	it := itemOf(&d.Block)
	it.Noun, it.By = "decision", d.body.Members
	it.Status, it.Since = decisionWords[s.values[d.status]], moment(s.since[d.status])
	it.Due, it.DoneAt = moment(s.instant(d.closes)), moment(s.instant(d.decidedAt))
	it.Times = s.values[d.put.times]
	it.Case, it.Idle = d.Case, s.idle(d.Case) || d.Draft != "" && s.values[d.status] == decisionDormant
	if s.values[d.status] != decisionDormant && len(d.Drafts) == 0 {
		it.Value = s.tallyText(d)
	}
	return it
}

// tallyText is how the votes stand: `yes 2 (uk, us), no 1 (russia), 3 have not voted`.
func (s *State) tallyText(d *decision) string {
	var by [4][]string
	for _, n := range d.body.Members {
		if f, ok := s.slotOf(d, n); ok {
			by[s.values[f]] = append(by[s.values[f]], string(n))
		}
	}
	var parts []string
	for _, v := range []int{voteYes, voteNo, voteAbstain} {
		if n := len(by[v]); n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d (%s)", voteWords[v], n, strings.Join(by[v], ", ")))
		}
	}
	switch n := len(by[voteNone]); {
	case len(parts) == 0:
		return "nobody has voted"
	case n == 1:
		parts = append(parts, by[voteNone][0]+" has not voted")
	case n > 1:
		parts = append(parts, fmt.Sprintf("%d have not voted", n))
	}
	return strings.Join(parts, ", ")
}

// thenAtVotesClose is what the close of the votes brings as they stand.
func (s *State) thenAtVotesClose(d *decision) string {
	name := string(d.Name)
	switch {
	case d.rule != nil && s.true(d.rule):
		return name + " is carried as the votes stand: " + s.tallyText(d)
	case d.stops == nil:
		return "silence: " + name + " is not carried unless " + say(d.Rule)
	case s.true(d.stops):
		return name + " is stopped as the votes stand: " + s.tallyText(d)
	}
	return "silence: " + name + " is carried unless " + say(d.Stops)
}
