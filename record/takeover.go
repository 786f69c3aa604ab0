package record

import (
	"slices"

	"detente/agreement"
	"detente/statement"
)

// The way out when the witnesses are dead. No proof then covers anything, so no
// amendment takes effect that would replace them, and what is said counts by
// its place: once every signatory consents to a text with other witnesses, and
// of every vault that has no certificate so many custodians renounced those of
// the old witnesses that the others alone can neither open nor end it, the new
// witnesses alone cosign whatever covers all this. Their first proof covers the
// consents, and so brings the text into force.

// noteTakeover folds a consent or a renunciation, at its place.
func (f *Fold) noteTakeover(j *Judged) {
	s := j.Statement
	if s.Bundle != f.InForce().ID {
		if s.Body.Kind() == statement.KindRenounce {
			f.ignored[j.Index] = "made under the text " + s.Bundle.String() + ", in whose place another has come"
		}
		return
	}
	if reason := f.stale(s.Seen.Size); reason != "" {
		if s.Body.Kind() == statement.KindRenounce {
			f.ignored[j.Index] = reason
		}
		return
	}
	var to agreement.Digest
	switch b := s.Body.(type) {
	case statement.AmendBody:
		to, _ = agreement.ParseDigest(b.Bundle) // judged before
		f.placed.say(f.column.name(s.By), s.Seen.Size, to)
	case statement.RenounceBody:
		to, _ = agreement.ParseDigest(b.Bundle)
		f.renounced[f.column.name(s.By)] = to
	}
	t := f.texts.whole[to]
	if to == s.Bundle || t == nil || t.agreement == nil {
		return
	}
	if m, err := Amends(f.InForce(), t.agreement); err == nil && f.takesOver(m) {
		f.takeOver(j.Index, t.agreement)
	}
}

// takesOver is whether all have said what makes the witnesses of a new text
// take over from those in force.
func (f *Fold) takesOver(m *agreement.Amendment) bool {
	names := slices.Clone(m.Joins)
	for _, p := range m.From.Parties {
		if p.Signs {
			names = append(names, p.Name)
		}
	}
	if len(f.placed.without(names, m.To.ID)) > 0 {
		return false
	}
	text, err := newEra(m.To)
	if err != nil {
		panic("record: a text that was read: " + err.Error())
	}
	lists := f.last().lists
	if len(lists) == 1 && lists[0].same(text.lists[0].quorum) {
		return false
	}
	for _, h := range f.vaults {
		if f.undecided(h) && !f.renouncedBy(h, m.To.ID) {
			return false
		}
	}
	return true
}

// undecided is whether the record has no certificate of a vault.
func (f *Fold) undecided(h *vaultHistory) bool {
	_, _, err := f.certificates(h.vault.Name)
	return err != nil
}

// renouncedBy is whether enough custodians of a vault, of each of its rosters,
// renounced the witnesses whom a bundle replaces.
func (f *Fold) renouncedBy(h *vaultHistory, to agreement.Digest) bool {
	for _, r := range h.rosters {
		n := 0
		for _, c := range r.seats {
			if f.renounced[c] == to {
				n++
			}
		}
		if n < r.enough() {
			return false
		}
	}
	return true
}

// takeOver makes the witnesses of a text the only ones, for checkpoints that
// cover the entry at index i. Who may host is added, not replaced: the text
// comes into force only when a proof covers it.
func (f *Fold) takeOver(i int64, to *agreement.Agreement) {
	text, err := newEra(to)
	if err != nil {
		panic("record: a text that was read: " + err.Error())
	}
	e := *f.last()
	e.lists = []list{{text.lists[0].quorum, i}}
	e.names, e.logKeys = slices.Clone(e.names), slices.Clone(e.logKeys)
	for k, key := range text.logKeys {
		if !slices.Contains(e.logKeys, key) {
			e.names, e.logKeys = append(e.names, text.names[k]), append(e.logKeys, key)
		}
	}
	for _, h := range f.vaults {
		if f.undecided(h) {
			h.renounced = i + 1
		}
	}
	f.turn(i, e)
}

// Renounced is the bundle for which a custodian renounced every certificate of
// the witnesses that it replaces; false if it did not. Such a custodian acts on
// none of a smaller size than the first that the new witnesses cosign.
func (f *Fold) Renounced(custodian agreement.Name) (agreement.Digest, bool) {
	to, ok := f.renounced[custodian]
	return to, ok
}

// MayActOn is whether a custodian is free to act on a certificate of a size:
// whoever renounced the witnesses of then acts on none but those of at least the
// first size that others must cosign.
func (f *Fold) MayActOn(custodian agreement.Name, size int64) bool {
	if _, ok := f.Renounced(custodian); !ok {
		return true
	}
	at := f.Size() - 1
	for ; at > 0; at-- {
		if f.column.kind(at) == statement.KindRenounce && f.column.names[f.column.marks.at(at).by] == custodian && f.ignored[at] == "" {
			break
		}
	}
	// The list that stood when it renounced, before what it may have brought about.
	old := f.eraAt(at).lists
	for _, e := range f.eras {
		if e.from <= at {
			continue
		}
		for _, l := range e.lists {
			if !slices.ContainsFunc(old, func(o list) bool { return o.same(l.quorum) }) {
				return size >= e.from
			}
		}
	}
	return false
}

// A Hosting is a depositary's word that it hosts the record.
type Hosting struct {
	Entry   int64
	By      agreement.Name
	Address string
}

// Host is who hosts the record now and answers for what it takes in. The
// address is what it said, "" if it said none: then that of the text is a hint.
func (f *Fold) Host() (name agreement.Name, address string) {
	if n := len(f.hosts); n > 0 && f.hosts[n-1].By == f.host.depositary {
		address = f.hosts[n-1].Address
	}
	return f.host.depositary, address
}
