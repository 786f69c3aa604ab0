package machine

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"detente/agreement"
)

// thirdPerson is how a sentence, a scenario and an assumption write a verb.
var thirdPerson = map[Verb]string{Sign: "signs", Perform: "performs", Lift: "lifts", Impose: "imposes",
	Verify: "verifies", Contest: "contests", Invoke: "invokes", Report: "reports", Vote: "votes", Count: "counts", Extend: "extends", Opens: "opens", Close: "closes", Table: "tables", Answer: "answers"}

var baseForm = map[Verb]string{Sign: "sign", Perform: "perform", Lift: "lift", Impose: "impose",
	Verify: "verify", Contest: "contest", Invoke: "invoke", Report: "report", Vote: "vote", Count: "count", Extend: "extend", Opens: "open", Close: "close", Table: "table", Answer: "answer"}

// String is who does what, in the grammar of assumptions.
func (a Act) String() string { return string(a.By) + " " + a.words(thirdPerson) }

// words is what the act does, without who does it and when, with the verb in
// one of the two forms.
func (a Act) words(form map[Verb]string) string {
	parts := []string{form[a.Verb]}
	if a.Subject != "" {
		parts = append(parts, string(a.Subject))
	}
	switch {
	case a.Verb == Vote, a.Verb == Answer:
		parts = append(parts, a.Choice)
	case a.Verb == Count:
		parts = append(parts, ballotWords(a.Ballot))
	case a.Verb == Opens:
		if len(a.Against) > 0 {
			parts = append(parts, "against "+joined(a.Against))
		}
		if len(a.States) > 0 {
			parts = append(parts, "states "+strings.Join(a.States, ", "))
		}
	case a.Verb == Extend && a.Until == Withdrawn:
		parts = append(parts, "not")
	case a.Verb == Extend:
		parts = append(parts, "until", a.Until.String())
	case a.Verb == Verify && a.Accept:
		parts = append(parts, "accepts")
	case a.Verb == Verify:
		parts = append(parts, "refuses")
	case a.Verb == Report && a.Value == nil && a.Unit != "":
	case a.Verb == Report && a.Value != nil:
		parts = append(parts, sayNumber(a.Value), a.Unit)
	case a.Verb == Report:
		parts = append(parts, fmt.Sprint(a.True))
	case len(a.States) > 0:
		parts = append(parts, "states "+strings.Join(a.States, ", "))
	}
	return strings.Join(parts, " ")
}

// candidates are the acts worth trying now, of every author that the text gives
// any: all that could have an effect, except contests and, of the numbers that
// may be reported, those next to where a condition changes (with values) or
// none (without).
func (s *State) candidates(values bool) []Act {
	m := s.m
	var out []Act
	add := func(by agreement.Name, verb Verb, subject agreement.Name) *Act {
		out = append(out, Act{At: s.now, Entry: -1, By: by, Verb: verb, Subject: subject})
		return &out[len(out)-1]
	}
	for _, i := range m.signers {
		if s.values[m.signed[i]] == 0 {
			add(m.agreement.Parties[i].Name, Sign, "")
		}
	}
	for i := range m.commitments {
		c := &m.commitments[i]
		if s.values[c.status] == claimed {
			for _, by := range c.Verify.By {
				add(by, Verify, c.Name).Accept = true
				add(by, Verify, c.Name)
			}
		}
		if c.Form != agreement.Do || len(c.lifts) > 0 && len(s.inForce(c.lifts)) > 0 {
			continue // by lifting the measure
		}
		add(c.By, Perform, c.Name)
		if !c.signs {
			for _, by := range c.Report {
				add(by, Perform, c.Name)
			}
		}
	}
	for i := range m.measures {
		x := &m.measures[i]
		verb := Impose
		if s.values[x.status] == measureInForce {
			verb = Lift
		}
		for _, by := range m.mayTouch(i) {
			if m.byName[by].noun != "party" {
				continue
			}
			add(by, verb, x.Name)
		}
	}
	for i := range m.acts {
		if !s.runs(m.acts[i].Case) {
			continue
		}
		for _, by := range s.people(m.acts[i].By) {
			add(by, Invoke, m.acts[i].Name).States = m.acts[i].States
		}
	}
	return s.reports(s.openings(s.ballots(out)), values)
}

// reports adds the readings that may be reported.
func (s *State) reports(out []Act, values bool) []Act {
	m := s.m
	add := func(by agreement.Name, verb Verb, subject agreement.Name) *Act {
		out = append(out, Act{At: s.now, Entry: -1, By: by, Verb: verb, Subject: subject})
		return &out[len(out)-1]
	}
	for i := range m.readings {
		r := &m.readings[i]
		for _, by := range r.Reporter {
			switch {
			case r.Unit == "":
				add(by, Report, r.Name).True = true
				if values {
					add(by, Report, r.Name)
				}
			case !values:
				a := add(by, Report, r.Name)
				a.Value, a.Unit = new(big.Rat), r.Unit
			default:
				for _, q := range m.valuesNear(r) {
					a := add(by, Report, r.Name)
					a.Value, a.Unit = q, r.Unit
				}
			}
		}
	}
	return out
}

func (s *State) inForce(measures []int) []int {
	var out []int
	for _, i := range measures {
		if s.values[s.m.measures[i].status] == measureInForce {
			out = append(out, i)
		}
	}
	return out
}

// mayTouch is who may lift or impose a measure, or report that it was.
func (m *Machine) mayTouch(i int) []agreement.Name {
	x := &m.measures[i]
	who := []agreement.Name{x.By}
	for k := range m.commitments {
		c := &m.commitments[k]
		if x.signs || c.By != x.By || !slices.Contains(appendReads(nil, c.what), x.status) {
			continue
		}
		for _, by := range c.Report {
			if !slices.Contains(who, by) {
				who = append(who, by)
			}
		}
	}
	return who
}

// valuesNear are the numbers that the text compares the reading with, and one
// to either side of each.
func (m *Machine) valuesNear(r *reading) []*big.Rat {
	var found []*big.Rat
	add := func(q *big.Rat) {
		for _, f := range found {
			if f.Cmp(q) == 0 {
				return
			}
		}
		if len(found) < maxValues {
			found = append(found, q)
		}
	}
	one := big.NewRat(1, 1)
	var walk func(e *expr)
	walk = func(e *expr) {
		if e == nil {
			return
		}
		if e.op == opCompare {
			for k, x := range e.args {
				y := e.args[1-k]
				if x.op == opNumber && (x.slot == r.value || x.slot == r.maximum) && y.op == opConst {
					q := y.val.exact()
					add(q)
					add(new(big.Rat).Add(q, one))
					add(new(big.Rat).Sub(q, one))
				}
			}
		}
		for _, x := range e.args {
			walk(x)
		}
	}
	for i := range m.commitments {
		c := &m.commitments[i]
		for _, e := range []*expr{c.when, c.what, c.dueBy, c.from, c.until, c.ends} {
			walk(e)
		}
	}
	for i := range m.acts {
		walk(m.acts[i].when)
	}
	for i := range m.milestones {
		walk(m.milestones[i].when)
	}
	for i := range m.vaults {
		walk(m.vaults[i].opensIf)
	}
	return found
}
