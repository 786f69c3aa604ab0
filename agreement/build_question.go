package agreement

import (
	"fmt"

	"detente/agreement/syntax"
)

// readInterpretations decodes the blocks inside a question.
func (c *checker) readInterpretations(d *decl) {
	for _, b := range d.block.Blocks {
		if Noun(b.Noun.Text) != nounInterpretation {
			c.innerBlock(d, b)
			continue
		}
		x := &decl{noun: nounInterpretation, local: Name(b.Name.Text), name: d.name + "." + Name(b.Name.Text), file: d.file, block: b, spec: &interpretationSpec}
		for _, s := range d.stages {
			if s.local == x.local {
				c.error(CodeDuplicateName, b.Name.Span, fmt.Sprintf("the interpretation `%s` is given twice", x.local), "")
			}
		}
		if _, taken := Attributes[nounQuestion][string(x.local)]; taken || syntax.IsKeyword(string(x.local)) {
			c.error(CodeReservedName, b.Name.Span, fmt.Sprintf("`%s` is a word of the language and cannot be a name", x.local), "choose another name")
		}
		for _, inner := range b.Blocks {
			c.innerBlock(x, inner)
		}
		x.values = c.fields(b.Fields, interpretationSpec.Attributes, b.Name.Span, fmt.Sprintf("interpretation %s", x.local))
		d.stages = append(d.stages, x)
	}
	if len(d.stages) < 2 {
		c.error(CodeMissingBlock, d.nameSpan(), fmt.Sprintf("question %s has fewer than two interpretations", d.name), "add a block `interpretation NAME { held_by = ... }` for each reading")
	}
}

func (c *checker) buildQuestion(d *decl, b Block) {
	q := &Question{Block: b, When: c.optional(d, "when", TypeBool)}
	for i, n := range d.names("answered") {
		if n != nobody {
			q.Answered = append(q.Answered, n)
		} else if len(d.names("answered")) > 1 {
			c.errorAt(CodeConflict, d.values.get("answered").places[i], "`nobody` stands alone", "name those who may answer, or write `answered = nobody`")
		}
	}
	for _, x := range d.stages {
		q.Interpretations = append(q.Interpretations, &Interpretation{Name: x.local, HeldBy: x.names("held_by"), Because: x.text("because"),
			Adopted: c.optional(x, "adopted", TypeBool), Range: Range{x.file, x.block.Start, x.block.End}})
	}
	c.a.Questions = append(c.a.Questions, q)
	ways := 1
	for _, q := range c.a.Questions {
		ways *= len(q.Interpretations) + 1
	}
	if ways > maxWorlds {
		c.error(CodeTooManyBlocks, d.nameSpan(), fmt.Sprintf("the questions of the text can be read in %d ways together, counting that each may stay open; at most %d are worked out", ways, maxWorlds), "fewer questions, or fewer interpretations")
	}
}

// soundQuestions refuses a vault whose outcome would hang on a reading: whoever
// holds a key must be able to tell what is to become of it.
func (c *checker) soundQuestions(x *index) {
	for _, v := range c.a.Vaults {
		for _, q := range append(x.coneOf(v.OpensIf).questions, x.coneOf(v.Closes).questions...) {
			c.errorAt(CodeOpenQuestion, v.OpensIf.Where(), fmt.Sprintf("what becomes of `%s` would hang on how `%s` is read", v.Name, q), "a vault is opened or erased once and for ever: let its condition depend on what is read in one way")
		}
	}
}
