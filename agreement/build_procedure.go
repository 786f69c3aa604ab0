package agreement

import "fmt"

func (c *checker) buildCase(d *decl, b Block) {
	opens := d.values.get("opens").fields
	x := &Case{Block: b, Procedure: d.env.procedure.name, By: opens.get("by").names, States: opens.get("states").list,
		Settled: c.optional(d, "settled", TypeBool), Exhausted: c.optional(d, "exhausted", TypeBool)}
	x.When = c.whenOf(d, "opens")
	for _, word := range sortedOf(d.env.chosen) {
		x.Roles = append(x.Roles, &Role{Name: d.name + "/" + Name(word), Word: word, Of: d.env.chosen[word]})
	}
	if len(d.env.procedure.stages) == 0 {
		c.error(CodeMissingBlock, d.nameSpan(), fmt.Sprintf("procedure %s has no stage", d.env.procedure.name), "add a block `stage NAME { lasts = ... }` inside it")
	}
	c.a.Cases = append(c.a.Cases, x)
}

func (c *checker) buildStage(d *decl, b Block) {
	x := &Stage{Block: b, After: c.optional(d, "after", TypeBool), By: d.values.get("opens").fields.get("by").names,
		Lasts: d.values.duration("lasts", 0), Settled: c.optional(d, "settled", TypeBool), Advises: d.text("binds") == "no"}
	if e := d.values["extends"]; e != nil {
		x.Extends = c.extension(e)
	}
	c.a.Stages = append(c.a.Stages, x)
}

func (c *checker) buildDrafts(d *decl, x *Decision) {
	v := d.values["drafts"]
	if v == nil {
		return
	}
	x.DraftsBy = v.fields.get("by").names
	for k := 1; k <= max(v.fields.whole("at_most"), 1); k++ {
		draft := *x
		draft.Name = Name(fmt.Sprintf("%s/%d", x.Name, k))
		draft.Draft, draft.DraftsBy, draft.Extends, draft.Drafts = x.Name, nil, nil, nil
		draft.Closes, draft.Within = &Ref{Noun: nounDecision, Name: x.Name, Attr: "closes", Kind: TypeInstant, Range: v.at}, 0
		x.Drafts = append(x.Drafts, draft.Name)
		c.a.Decisions = append(c.a.Decisions, &draft)
	}
	if x.Stops != nil {
		c.errorAt(CodeConflict, v.label, "what goes ahead unless it is stopped has no drafts", "leave out `drafts` or `stops`")
	}
}

func sortedOf(m map[string][]Name) []string {
	keys := make(map[string]Name, len(m))
	for k := range m {
		keys[k] = ""
	}
	return sortedRoles(keys)
}

// soundProcedure finds steps that nobody can take.
func (c *checker) soundProcedure(x *index, d *decl) {
	by := d.values.get("opens").fields["by"]
	if by != nil && !anyName(by.names, x.speaks) {
		c.errorAt(CodeNoKeys, by.at, fmt.Sprintf("nobody can open `%s`: it is opened by a statement, and %s has no keys", d.name, list(by.names)), "give the party keys, or name one that has them")
	}
}
