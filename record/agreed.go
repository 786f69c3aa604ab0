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
type agreed struct {
	said    map[agreement.Name]machine.Outcome
	size    int64 // least size with every signature; 0 while some are missing
	outcome machine.Outcome
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
		h.agreed.said = map[agreement.Name]machine.Outcome{}
	}
	outcome := machine.Outcome(b.Outcome)
	h.agreed.said[j.Statement.By] = outcome
	for _, name := range f.mustAgree(h.vault) {
		if h.agreed.said[name] != outcome {
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
	return slices.DeleteFunc(f.mustAgree(h.vault), func(n agreement.Name) bool { return h.agreed.said[n] == outcome })
}

// Signed is the outcome of a vault that a name has signed last, "" if none.
// Whoever signed one acts on no certificate of another.
func (f *Fold) Signed(vault, name agreement.Name) machine.Outcome {
	h, err := f.vaultHistory(vault)
	if err != nil {
		return ""
	}
	return h.agreed.said[name]
}
