package agreement

import (
	"fmt"
	"strings"
)

// An Amendment is what becomes of one text when another takes its place.
type Amendment struct {
	From, To *Agreement
	Kept     []Continued // every block that goes on, in the order of the new text; the agreement itself first
	Added    []Block     // in the order of the new text
	Ended    []Block     // in the order of the old text
	Changes  []Difference

	// By must all sign: those whom the old text names, and the parties that
	// sign in the new text and did not in the old, by their new names.
	By, Joins []Name

	was map[Name]Name // by new name
	now map[Name]Name // by old name
}

// Continued is a block that goes on, perhaps under another name.
type Continued struct {
	Noun     Noun
	Was, Now Name
}

// Was gives the name that a block of the new text had in the old one; not ok
// for a block that is new.
func (m *Amendment) Was(now Name) (Name, bool) { n, ok := m.was[now]; return n, ok }

// Now gives the name that a block of the old text has in the new one; not ok
// for a block that has ended.
func (m *Amendment) Now(was Name) (Name, bool) { n, ok := m.now[was]; return n, ok }

// A Difference is one change of meaning. Clause, range and name are the new
// text's, or the old one's for what ended.
type Difference struct {
	Noun      Noun
	Name      Name
	Clause    string
	Attribute string // as in the table of the language; empty: the block as a whole
	Was, Is   string // as the text would write it; empty: none
	Text      string // in words, one line
	Range     Range
}

// Amends compares two texts, the second of which is to take the place of the
// first. The amendment is nil if a diagnostic is an error: then this text
// cannot amend that one. Ranges are those of the new text.
func Amends(old, new *Agreement) (*Amendment, []Diagnostic) {
	x := &amender{
		m:    &Amendment{From: old, To: new, By: old.Amended.By, was: make(map[Name]Name), now: make(map[Name]Name)},
		olds: listOf(old), news: listOf(new), byOld: make(map[Name]*entry),
	}
	for i := range x.olds {
		x.byOld[x.olds[i].Name] = &x.olds[i]
	}
	x.whole(old, new)
	x.match()
	x.ended()
	if len(x.diags) > 0 {
		return nil, x.diags
	}
	x.joins()
	x.differences()
	return x.m, nil
}

// An entry is a block in the list of all of a text.
type entry struct {
	Block
	form  string // what of it an amendment cannot change: the form of a commitment, the unit of a reading
	whole any    // the block itself
}

// listOf gives every block but the agreement's own, nouns in the order of the
// table, and of one noun in the order of the text.
func listOf(a *Agreement) []entry {
	var out []entry
	for _, b := range a.Depositaries {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Parties {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Groups {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Witnesses {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Custodians {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Devices {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Readers {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Measures {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Commitments {
		out = append(out, entry{b.Block, "a promise to " + string(b.Form), b})
	}
	for _, b := range a.Acts {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Readings {
		form := "a fact"
		if b.Unit != "" {
			form = "a number of " + b.Unit
		}
		out = append(out, entry{b.Block, form, b})
	}
	for _, b := range a.Milestones {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Vaults {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Bodies {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Decisions {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Questions {
		out = append(out, entry{b.Block, "read as " + sentence(readings(b)), b})
	}
	for _, b := range a.Cases {
		out = append(out, entry{b.Block, "", b})
	}
	for _, b := range a.Stages {
		out = append(out, entry{b.Block, "", b})
	}
	return out
}

// readings are the names of a question's interpretations.
func readings(q *Question) (of []Name) {
	for _, i := range q.Interpretations {
		of = append(of, i.Name)
	}
	return of
}

type amender struct {
	m          *Amendment
	olds, news []entry
	byOld      map[Name]*entry
	diags      []Diagnostic
}

func (x *amender) error(code Code, at Range, message, hint string) {
	if len(x.diags) < maxDiagnostics {
		x.diags = append(x.diags, Diagnostic{Code: code, Range: at, Message: message, Hint: hint})
	}
}

func (x *amender) continues(noun Noun, was, now Name) {
	x.m.Kept = append(x.m.Kept, Continued{noun, was, now})
	x.m.was[now], x.m.now[was] = was, now
}

// whole compares what the agreement is as a whole.
func (x *amender) whole(old, new *Agreement) {
	if old.Simulated != new.Simulated {
		x.error(CodeAmendClock, titleOf(new), fmt.Sprintf("the clock is %s and was %s: an amendment cannot change it", clockWord(new), clockWord(old)), "a record with the other clock is another record")
	}
	if new.Name != old.Name && new.Was != old.Name {
		hint := fmt.Sprintf("if it is the same agreement under another name, add `was = \"%s\"`", old.Name)
		x.error(CodeAmendName, titleOf(new), fmt.Sprintf("the text amended is that of `%s`, this one that of `%s`", old.Name, new.Name), hint)
	}
	x.continues(nounAgreement, old.Name, new.Name)
}

// titleOf is the place of the agreement's name.
func titleOf(a *Agreement) Range {
	return Range{a.Range.File, a.Range.End - len(a.Name), a.Range.End}
}

func clockWord(a *Agreement) string {
	if a.Simulated {
		return "simulated"
	}
	return "real"
}

// match finds for every block of the new text the one that it continues.
func (x *amender) match() {
	for i := range x.news {
		b := &x.news[i]
		o := x.continuedBy(b)
		switch {
		case o == nil:
			if b.Was == "" {
				x.m.Added = append(x.m.Added, b.Block)
			}
			continue
		case o.Noun != b.Noun:
			x.error(CodeAmendKind, b.Title, fmt.Sprintf("`%s` was the name of %s; it cannot be that of %s", o.Name, withArticle(string(o.Noun)), withArticle(string(b.Noun))), "choose another name for what is new")
			continue
		case o.form != b.form:
			x.error(CodeAmendKind, b.Title, fmt.Sprintf("%s %s was %s and cannot become %s", b.Noun, o.Name, o.form, b.form), "let the old one end, and give the new one another name")
			continue
		}
		if other, twice := x.m.now[o.Name]; twice {
			x.error(CodeAmendWas, b.Title, fmt.Sprintf("`%s` and `%s` would both continue `%s`", other, b.Name, o.Name), "give the one that is new another name")
			continue
		}
		x.continues(b.Noun, o.Name, b.Name)
	}
}

// done says whether a former name is one of an earlier amendment, which the
// old text gives as well.
func (x *amender) done(b *entry) bool {
	o := x.byOld[b.Name]
	return o != nil && o.Noun == b.Noun && o.Was == b.Was
}

// continuedBy is the block of the old text that b continues; nil if it is new.
func (x *amender) continuedBy(b *entry) *entry {
	if b.Was == "" || x.done(b) {
		return x.byOld[b.Name]
	}
	o := x.byOld[b.Was]
	if o == nil {
		x.error(CodeAmendWas, b.Title, fmt.Sprintf("the text amended has no `%s`, which `%s` is said to have been", b.Was, b.Name), "a block that is new has no `was`")
	}
	return o
}

func (x *amender) ended() {
	for i := range x.olds {
		o := &x.olds[i]
		if _, kept := x.m.now[o.Name]; kept {
			continue
		}
		if o.Noun == nounVault {
			hint := fmt.Sprintf("keep the block; if it has another name now, add `was = \"%s\"` to it", o.Name)
			x.error(CodeAmendVault, titleOf(x.m.To), fmt.Sprintf("vault %s is not in this text: its outcome would have no rule", o.Name), hint)
		}
		x.m.Ended = append(x.m.Ended, o.Block)
	}
}

// joins finds the parties that begin to sign.
func (x *amender) joins() {
	signed := make(map[Name]bool)
	for _, p := range x.m.From.Parties {
		signed[p.Name] = p.Signs
	}
	for _, p := range x.m.To.Parties {
		if was, ok := x.m.was[p.Name]; p.Signs && !(ok && signed[was]) {
			x.m.Joins = append(x.m.Joins, p.Name)
		}
	}
}

// Text is the amendment for people to read: who must sign it, and what it
// changes, a line each.
func (m *Amendment) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "amendment of %s\n  from %s\n  to   %s\n", m.To.Name, m.From.ID, m.To.ID)
	fmt.Fprintf(&b, "to be signed by %s", sentence(m.By))
	if len(m.Joins) > 0 {
		fmt.Fprintf(&b, ", and by %s, who did not sign before", sentence(m.Joins))
	}
	b.WriteString("\n")
	if len(m.Changes) == 0 {
		b.WriteString("nothing changes in meaning\n")
	}
	for _, d := range m.Changes {
		fmt.Fprintf(&b, "- %s\n", d.Text)
	}
	return b.String()
}

// sentence writes names as a sentence has them: "a, b and c".
func sentence(names []Name) string {
	parts := make([]string, len(names))
	for i, n := range names {
		parts[i] = string(n)
	}
	if n := len(parts); n > 1 {
		return strings.Join(parts[:n-1], ", ") + " and " + parts[n-1]
	}
	return strings.Join(parts, "")
}
