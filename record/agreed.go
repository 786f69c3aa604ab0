package record

import (
	"slices"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

// An agreed outcome is one that all signatories of the agreement and all
// custodians of the vault have signed: the way out when neither certificate
// can be had. The latest word of each counts until all agree; then it stands.
//
// The latest is the one that cites the largest head, not the one that stands
// last: the depositary says where a statement stands, and by keeping one back
// could make a word count again that its author had replaced and, being a
// custodian, acted against.
type agreed struct {
	said    map[agreement.Name]word
	size    int64 // least size with every signature; 0 while some are missing
	outcome machine.Outcome
}

// word is the latest word of a name; Held if it said both under one head, which
// agrees to neither.
type word struct {
	outcome machine.Outcome
	seen    int64
}

// noteOutcome folds a signed outcome, at its place.
func (f *Fold) noteOutcome(j *Judged) {
	b, ok := j.Statement.Body.(statement.OutcomeBody)
	if !ok {
		return
	}
	h, err := f.vaultHistory(agreement.Name(b.Vault))
	if err != nil || h.agreed.size > 0 {
		return
	}
	if h.agreed.said == nil {
		h.agreed.said = map[agreement.Name]word{}
	}
	by, outcome := j.Statement.By, machine.Outcome(b.Outcome)
	switch last, seen := h.agreed.said[by], j.Statement.Seen.Size; {
	case last.outcome == "" || seen > last.seen:
		h.agreed.said[by] = word{outcome, seen}
	case seen == last.seen && outcome != last.outcome:
		h.agreed.said[by] = word{machine.Held, seen}
	}
	for _, name := range f.mustAgree(h.vault) {
		if h.agreed.said[name].outcome != outcome {
			return
		}
	}
	h.agreed.size, h.agreed.outcome = j.Index+1, outcome
}

// mustAgree is everybody whose signature an agreed outcome of a vault needs.
func (f *Fold) mustAgree(v *agreement.Vault) []agreement.Name {
	var names []agreement.Name
	for _, p := range f.agreement.Parties {
		if p.Signs {
			names = append(names, p.Name)
		}
	}
	return append(names, v.Seats...)
}

// Unagreed is who has not signed this outcome of a vault; nobody once it is
// agreed.
func (f *Fold) Unagreed(vault agreement.Name, outcome machine.Outcome) []agreement.Name {
	h, err := f.vaultHistory(vault)
	if err != nil || h.agreed.size > 0 && h.agreed.outcome == outcome {
		return nil
	}
	return slices.DeleteFunc(f.mustAgree(h.vault), func(n agreement.Name) bool { return h.agreed.said[n].outcome == outcome })
}

// Signed is the latest word of a name on the outcome of a vault: "" if it said
// none, Held if it contradicted itself. Whoever signed one acts on no
// certificate of another.
func (f *Fold) Signed(vault, name agreement.Name) machine.Outcome {
	h, err := f.vaultHistory(vault)
	if err != nil {
		return ""
	}
	return h.agreed.said[name].outcome
}
