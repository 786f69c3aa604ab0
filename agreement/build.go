package agreement

import (
	"fmt"
	"strings"

	"detente/agreement/syntax"
)

// build makes the model from the decoded blocks, in the order of the text.
func (c *checker) build() {
	c.buildAgreement()
	if c.a.Zone == nil {
		return // dates have no meaning
	}
	for _, d := range c.decls {
		if d.noun == nounBody && !d.damaged { // rules read who votes
			c.file = d.file
			c.buildBody(d, d.head())
		}
	}
	for _, d := range c.decls {
		if d.damaged {
			continue
		}
		c.file, c.env = d.file, d.env
		b := d.head()
		switch d.noun {
		case nounProcedure:
			c.buildCase(d, b)
		case nounStage:
			c.buildStage(d, b)
		case nounQuestion:
			c.buildQuestion(d, b)
		case nounDepositary:
			c.a.Depositaries = append(c.a.Depositaries, &Depositary{Block: b, Key: d.text("key"), Address: d.text("address"), Successors: d.names("successors")})
		case nounParty:
			c.buildParty(d, b)
		case nounGroup:
			c.a.Groups = append(c.a.Groups, &Group{Block: b, Members: c.members(d), Base: d.text("base")})
		case nounWitness:
			c.a.Witnesses = append(c.a.Witnesses, &Witness{Block: b, Key: d.text("key"), Address: d.text("address")})
		case nounCustodian:
			c.a.Custodians = append(c.a.Custodians, &Custodian{Block: b, Key: d.text("key"), NamedBy: d.name1("named_by"), Recipient: d.text("recipient")})
		case nounDevice:
			c.a.Devices = append(c.a.Devices, &Device{Block: b, Operators: d.names("operators"), Key: d.text("key")})
		case nounReader:
			c.a.Readers = append(c.a.Readers, &Reader{Block: b, Full: d.values.textOr("name", string(b.Name)), Key: d.text("key"), Recipient: d.text("recipient")})
		case nounMeasure:
			c.a.Measures = append(c.a.Measures, &Measure{Block: b, By: d.name1("by"), Against: d.names("against"), InForce: d.text("starts") == "in-force",
				Lifted: c.whenOf(d, "lifted"), Returns: c.whenOf(d, "returns")})
		case nounCommitment:
			c.buildCommitment(d, b)
		case nounAct:
			c.buildAct(d, b)
		case nounReading:
			due := d.values.get("due").fields
			c.a.Readings = append(c.a.Readings, &Reading{Block: b, Unit: d.text("unit"), Reporter: d.names("reporter"), Every: due.duration("every", 0), Grace: due.duration("grace", 0)})
		case nounMilestone:
			c.buildMilestone(d, b)
		case nounVault:
			c.buildVault(d, b)
		case nounDecision:
			c.buildDecision(d, b)
		}
	}
	c.env = nil
	c.checkCosignatures()
	c.buildAmended()
	c.checkWas()
	if !c.declares(nounDepositary) {
		c.errorAt(CodeMissingBlock, c.a.Range, "no depositary is declared, so nobody keeps the record", "add a block `depositary NAME { key = \"...\" }`")
	}
	if !c.declares(nounParty) {
		c.errorAt(CodeMissingBlock, c.a.Range, "no party is declared", "add a block `party NAME { ... }` for each")
	}
}

func (c *checker) declares(noun Noun) bool {
	for _, d := range c.decls {
		if d.noun == noun {
			return true
		}
	}
	return false
}

// head is what every block has.
func (d *decl) head() Block {
	was, of := Name(d.text("was")), Name("")
	if d.env != nil {
		of = d.env.name
		if was != "" {
			was += d.env.suffix
		}
	}
	return Block{
		Noun: d.noun, Name: d.name, Was: was, Case: of, Clause: d.text("clause"), Words: d.text("text"),
		Range: Range{d.file, d.block.Start, d.block.End}, Title: Range{d.file, d.block.Name.Start, d.block.Name.End},
	}
}

func (d *decl) text(attr string) string     { return d.values.get(attr).text }
func (d *decl) names(attr string) []Name    { return d.values.get(attr).names }
func (d *decl) name1(attr string) Name      { return d.values.get(attr).name1() }
func (d *decl) nameSpan() syntax.Span       { return d.block.Name.Span }
func (v values) whole(attr string) int      { return int(v.get(attr).number) }
func (v *value) node1() (syntax.Node, bool) { return v.node, v.node != nil }

func (v *value) name1() Name {
	if len(v.names) > 0 {
		return v.names[0]
	}
	return ""
}

func (v values) duration(attr string, otherwise Duration) Duration {
	if x := v[attr]; x != nil {
		return Duration(x.number)
	}
	return otherwise
}

func (v values) textOr(attr, otherwise string) string {
	if x := v[attr]; x != nil {
		return x.text
	}
	return otherwise
}

func (c *checker) buildAgreement() {
	var d *decl
	for _, x := range c.decls {
		if x.noun != nounAgreement {
			continue
		}
		c.file = x.file
		if d != nil {
			c.error(CodeSecondAgreement, x.nameSpan(), "a second agreement in one bundle", "the files of a folder are one agreement; keep the other in a folder of its own")
			continue
		}
		d = x
	}
	if d == nil {
		at := Range{}
		for _, f := range c.bundle.Files {
			if isText(f.Path) && at.File == "" {
				at.File = f.Path
			}
		}
		c.errorAt(CodeMissingBlock, at, "no agreement block", "add `agreement NAME { title = \"...\" witnesses = ... }`")
		c.a.Zone = nil
		return
	}
	c.file = d.file
	a := c.a
	a.Name, a.Range = d.name, Range{d.file, d.block.Start, d.block.Name.End}
	a.Title, a.Text, a.Was = d.text("title"), d.text("text"), Name(d.text("was"))
	a.Prevails = d.values.textOr("prevails", "clauses")
	if d.damaged {
		a.Zone = nil // unknown
		return
	}
	if a.Text != "" && !d.values.has("prevails") {
		c.error(CodeMissingAttribute, d.nameSpan(), "the agreement names a text and does not say which prevails", "add `prevails = text` or `prevails = clauses`")
	}
	if !d.given("text") && a.Prevails == "text" {
		c.errorAt(CodeConflict, d.values.get("prevails").at, "there is no text that could prevail", "name it with `text = \"...\"`, or write `prevails = clauses`")
	}
	a.Private = d.text("record") == "private"
	a.Timezone = d.values.textOr("timezone", "UTC")
	a.Zone = c.zone(a.Timezone, d.values.get("timezone").at)
	a.MonthEnd = d.text("month_end")
	a.Simulated = d.text("clock") == "simulated"
	a.ProofWindow = d.values.duration("proof_window", hour)
	if w := d.values["witnesses"]; w != nil {
		a.Quorum = Quorum{Of: w.fields.get("of").names, Need: w.fields.whole("quorum"), Faulty: w.fields.whole("faulty"), Range: w.at}
		c.checkQuorum(w)
	}
}

// buildAmended is the amendment rule, once the parties are known.
func (c *checker) buildAmended() {
	c.a.Amended = Amended{Range: c.a.Range}
	m := &c.a.Amended
	for _, d := range c.decls {
		v := d.values["amended"]
		if d.noun != nounAgreement || v == nil {
			continue
		}
		c.file = d.file
		m.Range = v.at
		m.NeverShorten = v.fields.has("never")
		by := v.fields.get("by")
		m.By = by.names
		for i, n := range by.names {
			for _, p := range c.a.Parties {
				if p.Name == n && !p.Signs {
					c.errorAt(CodeAmendedBy, by.places[i], fmt.Sprintf("`%s` does not sign the agreement, so it cannot sign an amendment", n), "name parties that sign, or leave `by` out: then every party that signs must sign the amendment")
				}
			}
		}
	}
	if len(m.By) > 0 {
		return
	}
	for _, p := range c.a.Parties {
		if p.Signs {
			m.By = append(m.By, p.Name)
		}
	}
}

// checkWas holds the old names that blocks give: each a name, of one block
// only, and not the block's own.
func (c *checker) checkWas() {
	taken := make(map[Name]Name)
	for _, d := range c.decls {
		v := d.values["was"]
		if v == nil {
			continue
		}
		c.file = d.file
		was := d.head().Was
		other, twice := taken[was]
		switch {
		case !syntax.IsName(v.text) || v.text != strings.ToLower(v.text):
			c.errorAt(CodeWas, v.at, fmt.Sprintf("%q is no name", clip(v.text)), "write the name that the block had, as in `was = \"old-name\"`")
		case was == d.name:
			c.errorAt(CodeWas, v.at, fmt.Sprintf("`%s` has that name now", d.name), "leave `was` out: a block keeps what it stands at if its name stays")
		case twice:
			c.errorAt(CodeWas, v.at, fmt.Sprintf("`%s` was `%s` too", other, was), "one of them continues it; the other is new")
		}
		taken[was] = d.name
	}
}

func (c *checker) buildParty(d *decl, b Block) {
	p := &Party{Block: b, Full: d.values.textOr("name", string(d.name)), Signs: d.text("signs") != "no", Recipient: d.text("recipient")}
	k := d.values["keys"]
	switch {
	case k == nil && p.Signs && !d.given("keys"):
		c.error(CodeMissingAttribute, d.nameSpan(), "party "+string(d.name)+" lacks `keys`", "add `keys = { of = [\"ed25519 ...\"], need = 1 }`, or `signs = no` if it is only acted for")
	case k != nil:
		p.Keys = Keys{Of: k.fields.get("of").list, Need: k.fields.whole("need"), Range: k.at}
		if n := k.fields.get("need"); p.Keys.Need > len(p.Keys.Of) {
			c.errorAt(CodeKeyCount, n.at, fmt.Sprintf("%d must sign together and only %d can: so many keys are listed", p.Keys.Need, len(p.Keys.Of)), "")
		}
	}
	c.a.Parties = append(c.a.Parties, p)
}

// given says whether the text has the attribute, well shaped or not.
func (d *decl) given(attr string) bool {
	for _, f := range d.block.Fields {
		if f.Name.Text == attr {
			return true
		}
	}
	return false
}

func (c *checker) buildMilestone(d *decl, b Block) {
	m := &Milestone{Block: b, At: c.optional(d, "at", TypeInstant), When: c.optional(d, "when", TypeBool)}
	c.exactlyOne(d, "at", "when")
	if m.Unless = c.optional(d, "unless", TypeBool); d.given("unless") && d.given("when") {
		c.errorAt(CodeConflict, d.values.get("unless").label, "`unless` goes with `at`", "write `when = ... and not ...`")
	}
	c.a.Milestones = append(c.a.Milestones, m)
}

// optional types an attribute if the block has it.
func (c *checker) optional(d *decl, attr string, want ValueType) Expr {
	n, ok := d.values.get(attr).node1()
	if !ok {
		return nil
	}
	return c.expr(n, want)
}

// whenOf types the condition in an object such as `returns = { when = ... }`.
func (c *checker) whenOf(d *decl, attr string) Expr {
	n, ok := d.values.get(attr).fields.get("when").node1()
	if !ok {
		return nil
	}
	return c.expr(n, TypeBool)
}

// exactlyOne reports none or several of some attributes of which a block has one.
func (c *checker) exactlyOne(d *decl, attrs ...string) {
	var found []string
	for _, a := range attrs {
		if d.given(a) {
			found = append(found, a)
		}
	}
	list := "`" + attrs[0] + "`"
	for _, a := range attrs[1:] {
		list += " or `" + a + "`"
	}
	switch {
	case len(found) == 0:
		c.error(CodeMissingAttribute, d.nameSpan(), string(d.noun)+" "+string(d.name)+" lacks "+list, "")
	case len(found) > 1:
		for _, f := range d.block.Fields {
			if f.Name.Text == found[1] {
				c.error(CodeConflict, f.Name.Span, withArticle(string(d.noun))+" has only one of "+list, "remove `"+found[0]+"` or `"+found[1]+"`")
				return
			}
		}
	}
}
