package main

import (
	"detente/agreement"
	"detente/record"
	"detente/statement"
)

// openClaim is the latest statement that claims the commitment and was not
// refused by the text: a perform, or the statement that did what the
// commitment is about, such as the lifting of a measure.
func openClaim(f *record.Fold, commitment string) (statement.ID, bool) {
	about := agreement.Ref{}
	for _, c := range f.Agreement().Commitments {
		if ref, ok := c.What.(*agreement.Ref); ok && string(c.Name) == commitment {
			about = *ref
		}
	}
	for i := f.Size() - 1; i >= 0; i-- {
		e := f.Entry(i)
		if e.Statement == nil || e.Fault != nil || e.Effect != nil && !e.Effect.Verdict.Effect {
			continue
		}
		if claims(e.Statement.Body, commitment, about) {
			return e.Statement.ID, true
		}
	}
	return statement.ID{}, false
}

// claims is whether a statement with this body says that the commitment, which
// is about what the text names so, is done.
func claims(body statement.Body, commitment string, about agreement.Ref) bool {
	switch b := body.(type) {
	case statement.PerformBody:
		return b.Commitment == commitment
	case statement.LiftBody:
		return about.Noun == "measure" && b.Measure == string(about.Name)
	case statement.InvokeBody:
		return about.Noun == "act" && b.Act == string(about.Name)
	case statement.ReportBody:
		return about.Noun == "reading" && b.Reading == string(about.Name)
	}
	return false
}
