package record

import (
	"maps"
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
func (f *Fold) noteOutcome(j *Judged, b statement.OutcomeBody) {
	h, err := f.vaultHistory(agreement.Name(b.Vault))
	if err != nil || h.agreed.size > 0 {
		return
	}
	who := f.column.name(j.Statement.By)
	by, reason := f.today(j.Statement.Bundle, subject{name: who})
	if slices.Contains(h.seats(), who) {
		by, reason = who, "" // a seat that an amendment gave to another still has its keys
	}
	if reason == "" {
		_, reason = f.today(j.Statement.Bundle, subject{"vault", h.vault.Name})
	}
	if reason != "" {
		f.ignored[j.Index] = reason
		return
	}
	if h.agreed.said == nil {
		h.agreed.said = map[agreement.Name]word{}
	}
	outcome := machine.Outcome(b.Outcome)
	switch last, seen := h.agreed.said[by], j.Statement.Seen.Size; {
	case last.outcome == "" || seen > last.seen:
		h.agreed.said[by] = word{outcome, seen}
	case seen == last.seen && outcome != last.outcome:
		h.agreed.said[by] = word{machine.Held, seen}
	}
	f.agreeNow(h, j.Index+1)
}

// agreeNow notes an outcome that all have said who must, as of a size: after a
// word, or after an amendment that asks fewer.
func (f *Fold) agreeNow(h *vaultHistory, size int64) {
	for _, o := range []machine.Outcome{machine.Released, machine.Erased} {
		if h.agreed.size == 0 && len(f.unagreed(h, o)) == 0 {
			h.agreed.size, h.agreed.outcome = size, o
		}
	}
}

// carry takes what was said to a new text: nothing of a vault whose terms
// change, for its authors never saw these.
func (a *agreed) carry(m *agreement.Amendment, changed bool) {
	if a.size > 0 {
		return
	}
	said := map[agreement.Name]word{}
	for _, name := range slices.Sorted(maps.Keys(a.said)) {
		w := a.said[name]
		now, kept := m.Now(name)
		if !kept {
			now = name // a custodian that the new text does without
		}
		if !changed {
			said[now] = w
		}
	}
	a.said = said
}

// enough is how many of a roster, by refusing or by keeping what they hold,
// prevent both that the others open and that the others' erasing is the end.
func (r roster) enough() int { return max(r.need, len(r.seats)-r.need+1) }

// seats are all that hold or held a seat of the vault.
func (h *vaultHistory) seats() []agreement.Name {
	var all []agreement.Name
	for _, r := range h.rosters {
		all = append(all, r.seats...)
	}
	return all
}

// unagreed is whose word is missing from an outcome: every signatory's, every
// custodian's of the vault, and, of custodians whom an amendment replaced, those
// of so many that the others cannot bring about another outcome.
func (f *Fold) unagreed(h *vaultHistory, outcome machine.Outcome) []agreement.Name {
	var names []agreement.Name
	for _, p := range f.InForce().Parties {
		if p.Signs {
			names = append(names, p.Name)
		}
	}
	says := func(n agreement.Name) bool { return h.agreed.said[n].outcome == outcome }
	last := len(h.rosters) - 1
	names = slices.DeleteFunc(append(names, h.rosters[last].seats...), says)
	for _, r := range h.rosters[:last] {
		missing := slices.DeleteFunc(slices.Clone(r.seats), says)
		if len(r.seats)-len(missing) >= r.enough() {
			continue
		}
		for _, n := range missing {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// Unagreed is who has not signed this outcome of a vault; nobody once it is
// agreed.
func (f *Fold) Unagreed(vault agreement.Name, outcome machine.Outcome) []agreement.Name {
	h, err := f.vaultHistory(vault)
	if err != nil || h.agreed.size > 0 && h.agreed.outcome == outcome {
		return nil
	}
	return f.unagreed(h, outcome)
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
