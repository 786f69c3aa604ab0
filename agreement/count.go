package agreement

import (
	"fmt"

	"detente/agreement/syntax"
)

// count expands all, any and count: over the commitments that the members of
// a group owe, or over a list of blocks, of one attribute that is a condition.
func (c *checker) count(n *syntax.Call) Expr {
	f := n.Func.Text
	if c.expanded++; c.expanded > maxExpanded {
		c.error(CodeTooManyBlocks, n.Span, fmt.Sprintf("all, any and count expand to more than %d conditions", maxExpanded), "")
		return nil
	}
	if len(n.Args) != 2 {
		c.error(CodeArguments, n.Span, fmt.Sprintf("`%s` takes a group or a list, and an attribute", f), fmt.Sprintf("write for example `%s(e3, fulfilled)`", f))
		return nil
	}
	attr, ok := n.Args[1].(*syntax.Word)
	if !ok {
		c.error(CodeArguments, n.Args[1].Pos(), fmt.Sprintf("expected an attribute such as `fulfilled`, found %s", describe(n.Args[1])), "")
		return nil
	}
	over := c.counted(n.Args[0])
	if over == nil {
		return nil
	}
	if c.expanded += len(over); c.expanded > maxExpanded {
		c.error(CodeTooManyBlocks, n.Span, fmt.Sprintf("all, any and count expand to more than %d conditions", maxExpanded), "")
		return nil
	}
	out := &Count{Func: f, Range: c.at(n.Span)}
	for _, d := range over {
		r := c.ref(d, attr.Text, n.Span, attr.Span)
		if r == nil {
			return nil
		}
		if r.Type() != TypeBool {
			c.error(CodeWrongType, attr.Span, fmt.Sprintf("expected a condition, found %s", r.Type().a()), "")
			return nil
		}
		out.Of = append(out.Of, r)
	}
	return out
}

// counted resolves what is counted; nil after an error.
func (c *checker) counted(n syntax.Node) []*decl {
	switch n := n.(type) {
	case *syntax.List:
		var out []*decl
		for _, e := range n.Elems {
			w, ok := e.(*syntax.Word)
			if !ok {
				c.error(CodeArguments, e.Pos(), fmt.Sprintf("expected a name, found %s", describe(e)), "")
				return nil
			}
			d := c.resolve(w, nil)
			if d == nil {
				return nil
			}
			out = append(out, d)
		}
		if len(out) == 0 {
			c.error(CodeListLength, n.Span, "an empty list counts nothing", "")
			return nil
		}
		return out
	case *syntax.Word:
		if d := c.byName[Name(n.Text)]; d != nil && d.of != nil && c.inCase(n, nil) == nil {
			if d.env != nil {
				return []*decl{d} // the only one
			}
			return d.cases
		}
		d := c.resolve(n, partyNouns)
		if d == nil {
			return nil
		}
		return c.owed(d, n)
	}
	c.error(CodeArguments, n.Pos(), fmt.Sprintf("expected a group, a party or a list of names, found %s", describe(n)), "")
	return nil
}

// owed gives the commitments of a party or of a group's members.
func (c *checker) owed(d *decl, w *syntax.Word) []*decl {
	member := map[Name]bool{d.name: true}
	if d.noun == nounGroup {
		if !d.values.has("base") {
			c.error(CodeNoBase, w.Span, fmt.Sprintf("the group `%s` is counted but does not say of which membership", d.name), "add `base = frozen` (that of the signing) or `base = follows` to the group")
			return nil
		}
		for _, m := range c.members(d) {
			member[m] = true
		}
	}
	var out []*decl
	for _, x := range c.decls {
		if by := x.values.get("by"); x.noun == nounCommitment && len(by.names) == 1 && member[by.names[0]] {
			out = append(out, x)
		}
	}
	if len(out) == 0 {
		c.error(CodeEmptyCount, w.Span, fmt.Sprintf("nobody in `%s` owes a commitment, so there is nothing to count", d.name), "")
	}
	return out
}
