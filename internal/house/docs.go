package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// minDoc is the least length of a package's documentation, in bytes: a
// sentence says what a package is; purpose, promise and non-promise take more.
const minDoc = 120

// PackageDocs finds packages without documentation, or with less than says
// anything.
func PackageDocs(t *Tree) []Finding {
	doc := map[string]int{}
	for _, f := range t.goFiles() {
		if !f.Test() && f.Go.Doc != nil {
			doc[f.Dir()] += len(f.Go.Doc.Text())
		}
	}
	var out []Finding
	for _, p := range t.Packages() {
		if doc[p] < minDoc {
			out = append(out, Finding{p, fmt.Sprintf("its package documentation has %d bytes; say purpose, promise and non-promise (at least %d)", doc[p], minDoc)})
		}
	}
	return out
}

// spoken are methods whose whole meaning is the standard library's; the
// comment on their type says what else there is.
var spoken = []string{"Error", "Unwrap"}

// ExportedDocs finds exported names of packages that others may use which
// have no comment.
func ExportedDocs(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.goFiles() {
		if f.Test() || strings.HasPrefix(f.Dir(), "internal/") || f.Go.Name.Name == "main" {
			continue
		}
		for _, d := range f.Go.Decls {
			switch x := d.(type) {
			case *ast.FuncDecl:
				r := receiver(x)
				if r != "" && (!ast.IsExported(r) || slices.Contains(spoken, x.Name.Name)) {
					continue
				}
				if x.Name.IsExported() && x.Doc == nil {
					out = append(out, Finding{t.at(x), funcName(x) + " is exported and has no comment"})
				}
			case *ast.GenDecl:
				out = append(out, groupDocs(t, x)...)
			}
		}
	}
	return out
}

// groupDocs: a comment on a group of constants or variables speaks for all of
// them; each type has its own.
func groupDocs(t *Tree, g *ast.GenDecl) []Finding {
	var out []Finding
	for _, s := range g.Specs {
		switch x := s.(type) {
		case *ast.TypeSpec:
			alone := !g.Lparen.IsValid()
			if x.Name.IsExported() && x.Doc == nil && x.Comment == nil && (!alone || g.Doc == nil) {
				out = append(out, Finding{t.at(x), x.Name.Name + " is exported and has no comment"})
			}
		case *ast.ValueSpec:
			if g.Tok == token.IMPORT || g.Doc != nil || x.Doc != nil || x.Comment != nil {
				continue
			}
			if i := slices.IndexFunc(x.Names, (*ast.Ident).IsExported); i >= 0 {
				out = append(out, Finding{t.at(x), x.Names[i].Name + " is exported and has no comment"})
			}
		}
	}
	return out
}
