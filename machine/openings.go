package machine

import (
	"fmt"
	"slices"
	"strings"

	"detente/agreement"
)

// openings adds what may be opened and withdrawn: cases by those who may open
// them, against each who may have the roles, and stages.
func (s *State) openings(out []Act) []Act {
	add := func(by agreement.Name, verb Verb, subject agreement.Name) *Act {
		out = append(out, Act{At: s.now, Entry: -1, By: by, Verb: verb, Subject: subject})
		return &out[len(out)-1]
	}
	for i := range s.m.runs {
		r := &s.m.runs[i]
		for _, by := range s.people(r.By) {
			if status := s.values[r.status]; status == caseOpen || status == caseExhausted {
				add(by, Close, r.Name)
				continue
			}
			a := add(by, Opens, r.Name)
			a.States = r.States
			for _, x := range r.Roles {
				if len(x.Of) > 1 {
					a.Against = append(a.Against, x.Of[0])
				}
			}
		}
	}
	for i := range s.m.questions {
		q := &s.m.questions[i]
		if s.values[q.status] != questionOpen {
			continue
		}
		for _, by := range q.Answered {
			for _, y := range q.Interpretations {
				add(by, Answer, q.Name).Choice = string(y.Name)
			}
		}
	}
	for i := range s.m.stages {
		if x := &s.m.stages[i]; s.values[x.status] == stageReady {
			for _, by := range s.people(x.By) {
				add(by, Opens, x.Name)
			}
		}
	}
	return out
}

// idle says whether a case has not been opened.
func (s *State) idle(of agreement.Name) bool {
	return of != "" && s.values[s.m.runs[s.m.byName[of].i].status] == caseIdle
}

func joined(names []agreement.Name) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = string(n)
	}
	return strings.Join(parts, ", ")
}

// parseOpening reads `against NAMES states WORDS`, each of them optional.
func parseOpening(a *Act, rest []string) error {
	word := ""
	var words []string
	for _, w := range rest {
		switch {
		case w == "against" || w == "states":
			word = w
		case word == "against":
			for n := range strings.SplitSeq(w, ",") {
				if n != "" {
					a.Against = append(a.Against, agreement.Name(n))
				}
			}
		case word == "states":
			words = append(words, w)
		default:
			return fmt.Errorf("expected `against NAMES` or `states WORDS` after `opens %s`, found %q", a.Subject, clip(w))
		}
	}
	for w := range strings.SplitSeq(strings.Join(words, " "), ",") {
		if w = strings.TrimSpace(w); w != "" {
			a.States = append(a.States, w)
		}
	}
	return nil
}

func (s *State) caseItem(r *run) Item {
	it := itemOf(&r.Block)
	it.Noun, it.By, it.Case = "procedure", s.people(r.By), r.Name
	it.Status, it.Since = caseWords[s.values[r.status]], moment(s.since[r.status])
	it.Idle = s.values[r.status] == caseIdle
	for _, x := range r.Roles {
		for _, n := range s.holders(x.Name) {
			if !slices.Contains(it.To, n) {
				it.To = append(it.To, n)
			}
		}
	}
	return it
}

func (s *State) stageItem(x *stage) Item {
	it := itemOf(&x.Block)
	it.Noun, it.By, it.Case = "stage", s.people(x.By), x.Case
	it.Status, it.Since, it.Due = stageWords[s.values[x.status]], moment(s.since[x.status]), moment(s.instant(x.closes))
	it.DoneAt, it.Times = moment(s.instant(x.endedAt)), s.values[x.put.times]
	it.Idle = s.idle(x.Case)
	return it
}

// thenAtStage is what the end of a stage brings.
func (s *State) thenAtStage(x *stage) string {
	if x.Advises {
		return string(x.Name) + " ends; what comes of it binds nobody"
	}
	return string(x.Name) + " has failed unless it is settled"
}
