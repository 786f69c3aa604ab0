package record

import (
	"slices"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

// A Preview is what a statement would do if it took effect now, with everything
// else as the record stands.
type Preview struct {
	At      agreement.Instant
	Effect  bool
	Reason  string             // why it has none
	Changes []machine.PlanLine // of an act of the machine
}

// Preview says what a statement would do, before anybody has signed it, and
// changes nothing. A *Fault says that it would stand on the record as inert.
func (f *Fold) Preview(s *statement.Statement) (Preview, error) {
	p := Preview{At: max(f.Now(), f.Clock())}
	who, known := f.signers[s.By]
	switch {
	case s.Agreement != f.agreement.ID:
		return p, fault(FaultWrongAgreement, s.By, "made for agreement %s, this is the record of %s", s.Agreement, f.agreement.ID)
	case !known:
		return p, fault(FaultUnknownSigner, s.By, "%s is no name with keys in this agreement", s.By)
	}
	signed := &statement.Signed{Statement: *s}
	if broken := f.judgeSigned(signed, who); broken != nil {
		return p, broken
	}
	switch s.Body.Kind().Force() {
	case statement.ForceWords:
		p.Reason = wordsOnly.Reason
		return p, nil
	case statement.ForceReserved:
		p.Reason = reserved(s.Body.Kind()).Reason
		return p, nil
	case statement.ForceMachine:
		f.previewAct(signed, &p)
		return p, nil
	}
	p.Effect = true
	return p, nil
}

// previewAct lets a copy of the machine's state live through the act, and
// through the same time without it: what differs is what the act does.
func (f *Fold) previewAct(s *statement.Signed, p *Preview) {
	a := actOf(s, -1, p.At)
	if p.Reason = f.bringUpToDate(&a, s.Bundle); p.Reason != "" {
		return
	}
	if a.Verb == machine.Verify {
		if p.Reason = f.staleFinding(a.Subject, s.Answers); p.Reason != "" {
			return
		}
	}
	acted := machine.Plan(f.state, []machine.Act{a}, p.At)
	silent := machine.Plan(f.state, nil, p.At)
	p.Effect, p.Reason = acted.Assumed[0].Effect, acted.Assumed[0].Reason
	for _, l := range acted.Lines {
		same := func(o machine.PlanLine) bool { return o.Subject == l.Subject && slices.Equal(o.Values, l.Values) }
		if !slices.ContainsFunc(silent.Lines, same) {
			p.Changes = append(p.Changes, l)
		}
	}
}
