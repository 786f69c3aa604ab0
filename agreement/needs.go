package agreement

import (
	"detente/agreement/syntax"
)

// Needs says which further files a bundle of these .agreement files must
// hold: the texts and the time zones that they name, each once, in the order
// of the text. It reads what it can of a faulty text.
func Needs(files []File) (texts, zones []string) {
	add := func(list []string, s string) []string {
		for _, x := range list {
			if x == s {
				return list
			}
		}
		return append(list, s)
	}
	for _, f := range files {
		if !isText(f.Path) {
			continue
		}
		tree, _ := syntax.Parse(f.Data)
		for _, b := range tree.Blocks {
			for _, field := range b.Fields {
				s, isString := field.Value.(*syntax.String)
				switch {
				case isString && Noun(b.Noun.Text) == nounAgreement && field.Name.Text == "text":
					texts = add(texts, s.Value)
				case isString && Noun(b.Noun.Text) == nounAgreement && field.Name.Text == "timezone":
					if s.Value != "UTC" {
						zones = add(zones, s.Value)
					}
				default:
					walk(field.Value, func(n syntax.Node) {
						call, ok := n.(*syntax.Call)
						if !ok || call.Func.Text != "end_of_day" || len(call.Args) != 2 {
							return
						}
						if s, ok := call.Args[1].(*syntax.String); ok && s.Value != "UTC" {
							zones = add(zones, s.Value)
						}
					})
				}
			}
		}
	}
	return texts, zones
}

// walk visits a tree, parents first.
func walk(n syntax.Node, visit func(syntax.Node)) {
	if n == nil {
		return
	}
	visit(n)
	switch n := n.(type) {
	case *syntax.Paren:
		walk(n.X, visit)
	case *syntax.Not:
		walk(n.X, visit)
	case *syntax.Binary:
		walk(n.X, visit)
		walk(n.Y, visit)
	case *syntax.If:
		walk(n.Cond, visit)
		walk(n.Then, visit)
		walk(n.Else, visit)
	case *syntax.Call:
		for _, a := range n.Args {
			walk(a, visit)
		}
	case *syntax.List:
		for _, e := range n.Elems {
			walk(e, visit)
		}
	case *syntax.Object:
		for _, f := range n.Fields {
			walk(f.Value, visit)
		}
	}
}
