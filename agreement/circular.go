package agreement

import (
	"fmt"
	"strings"
)

// Definitions that need themselves cannot be given a value, or chase each
// other within one instant. A statement or a deadline between two of them
// breaks the circle: "you first" is a standoff for the analysis to show, not
// a circular definition.

// A place is one thing that is defined: a block's times, its start, or what
// becomes of it.
type place struct {
	name Name
	what string // "time", "start", "end", "deed"
}

func (p place) String() string {
	return map[string]string{"time": "the time of ", "start": "the start of ", "end": "the end of ", "deed": "what becomes of "}[p.what] + "`" + string(p.name) + "`"
}

// circles finds circular definitions by depth-first search.
type circles struct {
	c     *checker
	x     *index
	state map[place]int // 1 being visited, 2 done
	path  []place
	found map[place]bool
}

func (c *checker) circular(x *index) {
	s := &circles{c: c, x: x, state: make(map[place]int), found: make(map[place]bool)}
	for _, m := range x.a.Milestones {
		s.visit(place{m.Name, "time"}, m.Title)
	}
	for _, m := range x.a.Measures {
		s.visit(place{m.Name, "time"}, m.Title)
	}
	for _, m := range x.a.Commitments {
		for _, what := range []string{"time", "start", "end", "deed"} {
			s.visit(place{m.Name, what}, m.Title)
		}
	}
	for _, u := range x.a.Cases {
		s.visit(place{u.Name, "end"}, u.Title)
	}
	for _, u := range x.a.Questions {
		s.visit(place{u.Name, "time"}, u.Title)
	}
	for _, u := range x.a.Stages {
		s.visit(place{u.Name, "start"}, u.Title)
		s.visit(place{u.Name, "end"}, u.Title)
	}
	for _, d := range x.a.Decisions {
		s.visit(place{d.Name, "time"}, d.Title)
	}
	for _, v := range x.a.Vaults {
		s.visit(place{v.Name, "time"}, v.Title)
		s.visit(place{v.Name, "deed"}, v.Title)
	}
}

func (s *circles) visit(p place, from Range) {
	switch s.state[p] {
	case 2:
		return
	case 1:
		s.report(p, from)
		return
	}
	s.state[p] = 1
	s.path = append(s.path, p)
	for _, e := range s.definitions(p) {
		refs(e.expr, false, func(r *Ref, bent bool) {
			if bent || !e.onlyBent {
				s.visit(placeOf(r), r.Range)
			}
		})
	}
	s.path = s.path[:len(s.path)-1]
	s.state[p] = 2
}

func (s *circles) report(p place, from Range) {
	if s.found[p] {
		return
	}
	i := len(s.path) - 1
	for i > 0 && s.path[i] != p {
		i--
	}
	var names []string
	for _, q := range s.path[i:] {
		s.found[q] = true
		names = append(names, q.String())
	}
	names = append(names, p.String())
	if len(names) > 6 {
		names = append(names[:5], "...", names[len(names)-1])
	}
	s.c.errorAt(CodeCircular, from, "circular: "+strings.Join(names, " depends on "), "let one of them depend on an act, a report or a date instead")
}

// A definition is an expression that a place follows within the instant.
type definition struct {
	expr     Expr
	onlyBent bool // true follows it gladly; only a reversal can chase
}

func (s *circles) definitions(p place) []definition {
	if m := s.x.milestones[p.name]; m != nil {
		return []definition{{expr: m.At}, {expr: m.When}, {expr: m.Unless}}
	}
	if v := s.x.vaults[p.name]; v != nil {
		if p.what == "time" {
			return []definition{{expr: v.Opens}, {expr: v.Closes}}
		}
		return []definition{{expr: v.OpensIf}, {expr: v.Closes}}
	}
	if u := s.x.measures[p.name]; u != nil {
		return []definition{{expr: u.Lifted}, {expr: u.Returns}}
	}
	if u := s.x.cases[p.name]; u != nil {
		if p.what == "end" {
			return []definition{{expr: u.Settled}, {expr: u.Exhausted}}
		}
		return nil // it is opened by a statement
	}
	if u := s.x.questions[p.name]; u != nil {
		of := []definition{{expr: u.When}}
		for _, i := range u.Interpretations {
			of = append(of, definition{expr: i.Adopted})
		}
		return of
	}
	if u := s.x.stages[p.name]; u != nil {
		if p.what == "end" {
			return []definition{{expr: u.Settled}}
		}
		return []definition{{expr: u.After}}
	}
	if d := s.x.decisions[p.name]; d != nil {
		if p.what == "time" {
			return []definition{{expr: d.Closes}, {expr: d.Opens}}
		}
		return []definition{{expr: d.Opens}}
	}
	m := s.x.commitments[p.name]
	if m == nil {
		return nil // acts and readings change by statements alone
	}
	switch p.what {
	case "time":
		return []definition{{expr: m.Due}, {expr: m.From}, {expr: m.Until}}
	case "start":
		return []definition{{expr: m.When}, {expr: m.From}, {expr: m.Ends, onlyBent: true}}
	case "end":
		return []definition{{expr: m.Ends, onlyBent: true}}
	}
	return []definition{{expr: m.What}}
}

func placeOf(r *Ref) place {
	what := "time"
	switch r.Noun {
	case nounCommitment:
		switch r.Attr {
		case "due":
		case "dormant", "active", "suspended":
			what = "start"
		case "ended":
			what = "end"
		default:
			what = "deed"
		}
	case nounProcedure, nounStage:
		what = "start"
		switch r.Attr {
		case "settled", "settled_at", "exhausted", "exhausted_at", "failed", "ended", "ended_at", "closed":
			what = "end"
		}
	case nounDecision:
		if r.Attr != "closes" {
			what = "start"
		}
	case nounVault:
		if r.Attr != "closes" {
			what = "deed"
		}
	}
	return place{r.Name, what}
}

// selfReference refuses a block whose own times or condition read what becomes
// of it: it could never start, or never end.
func (c *checker) selfReference(x *index) {
	refuse := func(name Name, exprs ...Expr) {
		for _, e := range exprs {
			refs(e, false, func(r *Ref, _ bool) {
				if r.Name == name && r.Noun != nounAgreement {
					c.errorAt(CodeCircular, r.Range, fmt.Sprintf("`%s` is defined by what becomes of itself", name), "let it depend on something else")
				}
			})
		}
	}
	for _, m := range x.a.Commitments {
		if m.Form == Do {
			refuse(m.Name, m.When, m.Due, m.What)
		} else {
			refuse(m.Name, m.When, m.From, m.Until, m.What)
		}
	}
	for _, v := range x.a.Vaults {
		refuse(v.Name, v.Opens, v.Closes, v.OpensIf)
	}
}
