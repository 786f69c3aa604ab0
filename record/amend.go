package record

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

// A word is what somebody said last of a bundle in place of the text in force:
// the one that cites the largest head, not the one that stands last. The
// depositary says where a statement stands, and by keeping one back could make
// a consent count again that its author had taken back.
type consent struct {
	to   agreement.Digest // zero: to none, for it said two things under one head
	seen int64
}

// consents are the last words of all by name.
type consents map[agreement.Name]consent

// say adds a word; it gives the reason if that is not its author's last.
func (c consents) say(by agreement.Name, seen int64, to agreement.Digest) (reason string) {
	last, said := c[by]
	switch {
	case said && seen < last.seen:
		return "its author has said otherwise since, citing a larger head"
	case said && seen == last.seen && to != last.to:
		c[by] = consent{seen: last.seen}
		return "its author said something else under the same head: neither counts"
	}
	c[by] = consent{to, seen}
	return ""
}

// without is who of these has not consented to a bundle.
func (c consents) without(names []agreement.Name, to agreement.Digest) []agreement.Name {
	return slices.DeleteFunc(slices.Clone(names), func(n agreement.Name) bool { return c[n].to == to })
}

// judgeAmend judges a consent at its place, as far as that can be said there:
// what it consents to must be readable by all before, and be such that it can
// take the place of the text that it was made under.
func (f *Fold) judgeAmend(s *statement.Signed, b statement.AmendBody) *Fault {
	if b.Bundle == s.Bundle.String() {
		return nil
	}
	t, broken := f.textOf(b.Bundle, s.By)
	if broken != nil {
		return broken
	}
	if _, err := Amends(f.versions[f.version(s.Bundle)].Agreement, t.agreement); err != nil {
		return fault(FaultMayNotAmend, s.By, "bundle %s cannot take the place of %s: %v", b.Bundle, s.Bundle, err)
	}
	return nil
}

// Amends compares two texts, and says why the second cannot take the place of
// the first on a record: to what agreement.Amends asks of them, a record adds
// what its vaults need.
func Amends(from, to *agreement.Agreement) (*agreement.Amendment, error) {
	m, diagnostics := agreement.Amends(from, to)
	if m == nil {
		for _, d := range diagnostics {
			if !d.Warning {
				return nil, fmt.Errorf("%s: %s", d.Code, d.Message)
			}
		}
		return nil, fmt.Errorf("it is the text of another agreement")
	}
	if from.Private != to.Private {
		// Whoever spoke did so before these readers.
		return nil, fmt.Errorf("whether the record is private cannot change: open another record for what others are to read, or are not")
	}
	for _, v := range from.Vaults {
		// Its name is in everything that was ever encrypted for it.
		if now, kept := m.Now(v.Name); !kept || now != v.Name {
			return nil, fmt.Errorf("vault %s must keep its name", v.Name)
		}
		if err := sameRecording(v, to.Vaults[slices.IndexFunc(to.Vaults, func(o *agreement.Vault) bool { return o.Name == v.Name })]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// sameRecording refuses to change by what measure a vault was recorded and what
// it covers is judged: another measure is another vault.
func sameRecording(was, is *agreement.Vault) error {
	for _, of := range []struct {
		what string
		same bool
	}{
		{"the length of an epoch", was.Epoch == is.Epoch},
		{"the length of a segment", was.Segment == is.Segment},
		{"the cadence", was.Cadence == is.Cadence},
		{"the size of a segment", was.SegmentBytes == is.SegmentBytes},
		{"the cameras", slices.Equal(was.Cameras, is.Cameras)},
	} {
		if !of.same {
			return fmt.Errorf("vault %s: %s cannot change: declare another vault and let this one close", was.Name, of.what)
		}
	}
	return nil
}

// joining is the signer of a party that begins to sign with the text that it
// consents to, which alone declares its keys.
func (f *Fold) joining(s *statement.Signed) (*signer, bool) {
	b, ok := s.Body.(statement.AmendBody)
	if !ok || f.version(s.Bundle) < 0 {
		return nil, false
	}
	t, broken := f.textOf(b.Bundle, s.By)
	if broken != nil {
		return nil, false
	}
	m, err := Amends(f.versions[f.version(s.Bundle)].Agreement, t.agreement)
	if err != nil || !slices.Contains(m.Joins, s.By) {
		return nil, false
	}
	keys, err := firstKeys(t.agreement)
	if err != nil {
		panic("record: the keys of a text that was read: " + err.Error())
	}
	return keys[s.By], true
}

// consent is the effect of an `amend`: with the last one that is required the
// new text comes into force.
func (f *Fold) consent(h held, i int64, at agreement.Instant) machine.Verdict {
	if h.bundle != f.InForce().ID {
		return machine.Verdict{Reason: fmt.Sprintf("made to amend the text %s, in whose place another has come", h.bundle)}
	}
	to := h.to
	if reason := f.stale(h.seen); reason != "" {
		return machine.Verdict{Reason: reason}
	}
	if reason := f.consents.say(h.by, h.seen, to); reason != "" {
		return machine.Verdict{Reason: reason}
	}
	if to == h.bundle {
		return machine.Verdict{Effect: true}
	}
	t := f.texts.whole[to]
	m, err := Amends(f.InForce(), t.agreement)
	if err != nil {
		panic("record: a consent that was judged valid: " + err.Error())
	}
	if len(f.consents.without(append(slices.Clone(m.By), m.Joins...), to)) > 0 {
		return machine.Verdict{Effect: true}
	}
	err = f.seatsSuffice(m)
	if err == nil {
		err = f.amend(m, t, i, at)
	}
	if err != nil {
		return machine.Verdict{Reason: fmt.Sprintf("all have consented, but it cannot come into force as things stand: %v", err)}
	}
	return machine.Verdict{Effect: true}
}

// stale is why a consent cannot count for being too old; "" if it is not. A text
// may come into force a second time, and with it everybody's word begins anew: a
// consent of the first time, which its author may have taken back then, must not
// come out of somebody's drawer.
func (f *Fold) stale(seen int64) string {
	if from := f.versions[len(f.versions)-1].From; seen < from && len(f.versions) > 1 {
		return fmt.Sprintf("it cites a head of %d entries, from before the text in force came into force at %d: say it again", seen, from)
	}
	return ""
}

// seatsSuffice refuses an amendment with which a vault would have had more
// custodians, over its whole life, than shares have numbers: a seat that one
// had is never another's.
func (f *Fold) seatsSuffice(m *agreement.Amendment) error {
	for _, v := range m.To.Vaults {
		h, err := f.vaultHistory(v.Name)
		if err != nil {
			continue
		}
		ever := append(h.seats(), v.Seats...)
		slices.Sort(ever)
		if n := len(slices.Compact(ever)); n > statement.MaxSeats {
			return fmt.Errorf("vault %s would have had %d custodians in all, want at most %d", v.Name, n, statement.MaxSeats)
		}
	}
	return nil
}

// amend brings a text into force.
func (f *Fold) amend(m *agreement.Amendment, t *text, i int64, at agreement.Instant) error {
	state, carried, err := machine.Compile(m.To).Carry(f.state, at, i)
	if err != nil {
		return err
	}
	v := &Version{Agreement: m.To, Amendment: m, Carried: carried, Bundle: t.bundle, From: f.Size() + 1, Entry: i, At: at, changed: map[subject]bool{}}
	for _, d := range m.Changes {
		v.changed[subject{d.Noun, d.Name}] = true
	}
	f.versions = append(f.versions, v)
	f.state, f.machine, f.order.course, f.order.window = state, state, state, m.To.ProofWindow
	f.consents, f.placed = consents{}, consents{}
	f.carrySigners(m)
	f.claims.carry(m)
	text, err := newEra(m.To)
	if err != nil {
		panic("record: a text that was read: " + err.Error())
	}
	lists := f.last().lists
	f.amended(f.Size(), text)
	f.amendVaults(v, lists)
	return nil
}

// carrySigners gives every name its keys under a new text. Keys that both texts
// declare alike stay as the record has changed them; others are those of the
// new text, and those before them are revoked. Devices and custodians that the
// text no longer has keep theirs: they still owe what they hold.
func (f *Fold) carrySigners(m *agreement.Amendment) {
	old, err := firstKeys(m.From)
	if err == nil {
		var next map[agreement.Name]*signer
		if next, err = firstKeys(m.To); err == nil {
			f.replaceSigners(m, old, next)
		}
	}
	if err != nil {
		panic("record: the keys of a text that was read: " + err.Error())
	}
}

func (f *Fold) replaceSigners(m *agreement.Amendment, old, next map[agreement.Name]*signer) {
	for _, name := range slices.Sorted(maps.Keys(next)) {
		w := next[name]
		was, kept := m.Was(name)
		before := f.signers[was]
		if !kept || before == nil || old[was] == nil {
			continue
		}
		if was == name && slices.Equal(old[was].keys.Keys(), w.keys.Keys()) && old[was].keys.Need() == w.keys.Need() {
			next[name] = before
			continue
		}
		if was == name {
			w.revoked = before.revoked
			w.revoke(string(name), before.keys.Keys())
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.signers)) {
		w := f.signers[name]
		if next[name] == nil && (w.noun == "custodian" || w.noun == "device") {
			next[name] = w
		}
	}
	f.signers = next
}

// Pending are the bundles to which somebody has consented in place of the text
// in force, and who is still asked for each, in the order of the names that
// consented.
func (f *Fold) Pending() []Pending {
	var all []Pending
	var names []agreement.Name
	for name := range f.consents {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		to := f.consents[name].to
		t := f.texts.whole[to]
		if t == nil || to == f.InForce().ID || slices.ContainsFunc(all, func(p Pending) bool { return p.Amendment.To.ID == to }) {
			continue
		}
		m, err := Amends(f.InForce(), t.agreement)
		if err != nil {
			continue
		}
		p := Pending{Amendment: m, Missing: f.consents.without(append(slices.Clone(m.By), m.Joins...), to)}
		for _, by := range names {
			if f.consents[by].to == to {
				p.Consented = append(p.Consented, by)
			}
		}
		all = append(all, p)
	}
	return all
}

// Pending is an amendment that some have consented to.
type Pending struct {
	Amendment          *agreement.Amendment
	Consented, Missing []agreement.Name
}

// list is names as a sentence has them.
func listed(names []agreement.Name) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = string(n)
	}
	return strings.Join(words, ", ")
}
