package agreement

import (
	"fmt"
	"strings"

	"detente/agreement/syntax"
)

// namesValue resolves a name or list of names. A group stands for its
// members where parties are wanted.
func (c *checker) namesValue(v *value, spec *AttributeSpec) bool {
	before := c.errors
	if l, ok := v.node.(*syntax.List); ok && spec.Shape == ShapeNames {
		if !c.length(v, len(l.Elems), maxBlocks) {
			return false
		}
		for _, e := range l.Elems {
			c.oneName(v, e, spec)
		}
	} else {
		c.oneName(v, v.node, spec)
	}
	return c.errors == before
}

func (c *checker) oneName(v *value, n syntax.Node, spec *AttributeSpec) {
	if call, ok := n.(*syntax.Call); ok && call.Func.Text == "union" && spec.Shape == ShapeNames {
		for _, arg := range call.Args {
			elems := []syntax.Node{arg}
			if l, ok := arg.(*syntax.List); ok {
				elems = l.Elems
			}
			for _, e := range elems {
				if w, ok := e.(*syntax.Word); ok && c.unionKnows(v, w, spec) {
					continue
				}
				c.oneName(v, e, spec)
			}
		}
		return
	}
	w, ok := n.(*syntax.Word)
	if !ok {
		c.wrong(&value{node: n, at: c.at(n.Pos())}, "the name of "+withArticle(nounList(spec.Nouns)))
		return
	}
	for _, word := range spec.Words {
		if w.Text == word {
			c.addName(v, Name(w.Text), w.Span, false)
			return
		}
	}
	if name, ok := c.roleNamed(w.Text); ok && containsNoun(spec.Nouns, nounParty) {
		if _, given := c.env.chosen[w.Text]; given && spec.Shape != ShapeNames {
			c.error(CodeWrongNoun, w.Span, fmt.Sprintf("who is `%s` is said when the case is opened; expected a party", w.Text), "")
			return
		}
		c.addName(v, name, w.Span, false)
		return
	}
	d := c.resolve(w, spec.Nouns)
	if d == nil {
		return
	}
	if d.noun != nounGroup {
		c.addName(v, d.name, w.Span, false)
		return
	}
	for _, m := range c.members(d) {
		c.addName(v, m, w.Span, true)
	}
}

// unionKnows passes over a party that the union already holds: joining lists
// that overlap is what a union is for.
func (c *checker) unionKnows(v *value, w *syntax.Word, spec *AttributeSpec) bool {
	d := c.byName[Name(w.Text)]
	return d != nil && d.noun == nounParty && containsName(v.names, d.name) && containsNoun(spec.Nouns, nounParty)
}

func containsName(names []Name, n Name) bool {
	for _, x := range names {
		if x == n {
			return true
		}
	}
	return false
}

func containsNoun(nouns []Noun, n Noun) bool {
	for _, x := range nouns {
		if x == n {
			return true
		}
	}
	return false
}

// addName adds a name; one that stands there already is an error, unless a
// group brought it.
func (c *checker) addName(v *value, n Name, at syntax.Span, fromGroup bool) {
	if containsName(v.names, n) {
		if !fromGroup {
			c.error(CodeRepeatedItem, at, fmt.Sprintf("`%s` stands twice in the list", n), "")
		}
		return
	}
	v.names = append(v.names, n)
	v.places = append(v.places, c.at(at))
}

// members expands a group, whose members may be groups.
func (c *checker) members(d *decl) []Name {
	switch {
	case d.expanding:
		if !d.circular {
			d.circular = true
			c.errorAt(CodeCircular, Range{d.file, d.block.Name.Start, d.block.Name.End}, fmt.Sprintf("the group %s is a member of itself", d.name), "")
		}
		return nil
	case d.expanded:
		return d.members
	}
	d.expanding = true
	for _, f := range d.block.Fields {
		if f.Name.Text == "members" {
			c.addMembers(d, f.Value)
		}
	}
	d.expanding, d.expanded = false, true
	return d.members
}

// addMembers adds the parties a value names. What is wrong with the value is
// reported where the group's own attributes are decoded.
func (c *checker) addMembers(d *decl, n syntax.Node) {
	switch n := n.(type) {
	case *syntax.List:
		for _, e := range n.Elems {
			c.addMembers(d, e)
		}
	case *syntax.Call:
		for _, e := range n.Args {
			c.addMembers(d, e)
		}
	case *syntax.Word:
		m := c.byName[Name(n.Text)]
		var names []Name
		switch {
		case m == nil:
		case m.noun == nounParty:
			names = []Name{m.name}
		case m.noun == nounGroup:
			names = c.members(m)
		}
		for _, x := range names {
			if !containsName(d.members, x) {
				d.members = append(d.members, x)
			}
		}
	}
}

// resolve finds the block that a word names, which must be one of the nouns
// (any, if none is given).
func (c *checker) resolve(w *syntax.Word, nouns []Noun) *decl {
	if d := c.inCase(w, nouns); d != nil {
		return d
	}
	d := c.byName[Name(w.Text)]
	if d == nil {
		var known []string
		for _, x := range c.decls {
			if len(nouns) == 0 || containsNoun(nouns, x.noun) {
				known = append(known, string(x.name))
			}
		}
		what := "nothing"
		if len(nouns) > 0 {
			what = "no " + nounList(nouns)
		}
		general := "everything named is declared in a block"
		if c.tallies != nil {
			general = "a rule is `unanimity`, `consensus` or a condition over " + tallyList
		}
		c.error(CodeUnknownName, w.Span, fmt.Sprintf("%s is called `%s`", what, w.Text), c.suggest(w.Text, known, general))
		return nil
	}
	if d.of != nil && d.env == nil && !containsNoun(nouns, nounProcedure) && len(d.cases) > 0 {
		c.error(CodeWhichCase, w.Span, fmt.Sprintf("there is one `%s` for each case of `%s`", w.Text, d.of.name), fmt.Sprintf("say of all of them what is meant, as in `any(%s, ...)`, or put the block into the case with `of = %s`", w.Text, d.of.name))
		return nil
	}
	if d.spec.Later || d.damaged && len(nouns) == 0 {
		return nil // reported at its block
	}
	if len(nouns) > 0 && !containsNoun(nouns, d.noun) {
		c.error(CodeWrongNoun, w.Span, fmt.Sprintf("`%s` is %s; expected %s", w.Text, withArticle(string(d.noun)), withArticle(nounList(nouns))), "")
		return nil
	}
	return d
}

func nounList(nouns []Noun) string {
	var s []string
	for _, n := range nouns {
		s = append(s, string(n))
	}
	if len(s) == 0 {
		return "name"
	}
	return strings.Join(s, " or ")
}
