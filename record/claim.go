package record

import (
	"slices"

	"detente/agreement"
	"detente/statement"
)

// Claim is the latest statement by which a commitment came to be claimed, as a
// finding on it must name it: one that had effect, or, if none that waits for a
// proof of time is later, one that waits and would claim it. False if there is
// none. The commitment is named as in the text in force.
func (f *Fold) Claim(commitment agreement.Name) (statement.ID, bool) {
	i := slices.IndexFunc(f.InForce().Commitments, func(c *agreement.Commitment) bool { return c.Name == commitment })
	if i < 0 {
		return statement.ID{}, false
	}
	about, _ := f.InForce().Commitments[i].What.(*agreement.Ref)
	for k := f.Size() - 1; k > 0; k-- {
		j := f.entries[k]
		if j.Statement == nil || j.Effect != nil && !j.Effect.Verdict.Effect {
			continue
		}
		if f.claimedBy(j.Statement, commitment, about) {
			return j.Statement.ID, true
		}
	}
	return statement.ID{}, false
}

// claimedBy is whether a statement says that a commitment is done: by its name,
// or by what it is about.
func (f *Fold) claimedBy(s *statement.Signed, commitment agreement.Name, about *agreement.Ref) bool {
	name := func(n string) agreement.Name { return f.renamed(s.Bundle, agreement.Name(n)) }
	if b, ok := s.Body.(statement.PerformBody); ok {
		return name(b.Commitment) == commitment
	}
	if about == nil {
		return f.made[finding{commitment, s.ID}]
	}
	switch b := s.Body.(type) {
	case statement.LiftBody:
		return about.Noun == "measure" && name(b.Measure) == about.Name
	case statement.InvokeBody:
		return about.Noun == "act" && name(b.Act) == about.Name
	case statement.ReportBody:
		return about.Noun == "reading" && name(b.Reading) == about.Name
	}
	return f.made[finding{commitment, s.ID}]
}
