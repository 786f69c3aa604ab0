package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// MapRanges finds loops over maps in pure packages, where the order of the
// walk, which differs from run to run, could reach a result. Three shapes
// cannot carry the order out and are allowed: collecting keys or values that
// the function then sorts, filling another map, and deleting. Any other loop
// is listed with its reason, as "folder.Func".
func MapRanges(t *Tree, imports types.Importer, except map[string]string) []Finding {
	var out []Finding
	for _, p := range PureSet(t) {
		var files []*File
		for _, f := range t.goFiles() {
			if f.Dir() == p && !f.Test() {
				files = append(files, f)
			}
		}
		info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
		conf := types.Config{Importer: imports, Error: func(err error) {
			out = append(out, Finding{p, "does not type-check: " + err.Error()})
		}}
		parsed := make([]*ast.File, len(files))
		for i, f := range files {
			parsed[i] = f.Go
		}
		_, _ = conf.Check(Module+"/"+p, t.Fset, parsed, info) // its errors were reported one by one
		for _, f := range files {
			for _, d := range f.Go.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Body == nil || except[p+"."+funcName(fn)] != "" {
					continue
				}
				out = append(out, walks(t, info, fn)...)
			}
		}
	}
	return out
}

// walks finds the loops over maps in one function.
func walks(t *Tree, info *types.Info, fn *ast.FuncDecl) []Finding {
	var out []Finding
	sorted := map[ast.Expr]bool{}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.CallExpr:
			if isCall(x, "slices", "Sorted", "SortedFunc", "SortedStableFunc") && len(x.Args) > 0 {
				sorted[x.Args[0]] = true
			}
			if isCall(x, "maps", "Keys", "Values", "All") && !sorted[x] {
				out = append(out, Finding{t.at(x), funcName(fn) + " walks a map in no order: use slices.Sorted(maps.Keys(m))"})
			}
		case *ast.RangeStmt:
			typ := info.Types[x.X].Type
			if typ == nil {
				break
			}
			if _, isMap := typ.Underlying().(*types.Map); isMap && !orderless(fn, x, x.Body.List) {
				out = append(out, Finding{t.at(x), fmt.Sprintf("%s ranges over a map; sort the keys, or list it with the reason why order cannot matter", funcName(fn))})
			}
		}
		return true
	})
	return out
}

func isCall(c *ast.CallExpr, pkg string, funcs ...string) bool {
	sel, ok := c.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	id, ok := sel.X.(*ast.Ident)
	return ok && id.Name == pkg && slices.Contains(funcs, sel.Sel.Name)
}

// orderless: each statement of the loop adds to a slice that is sorted after
// the loop, sets an element of another map, or deletes; or chooses whether to.
func orderless(fn *ast.FuncDecl, loop *ast.RangeStmt, body []ast.Stmt) bool {
	for _, s := range body {
		switch x := s.(type) {
		case *ast.AssignStmt:
			if len(x.Lhs) != 1 || !(setsElement(x) || sortedLater(fn, loop, x)) {
				return false
			}
		case *ast.ExprStmt:
			call, ok := x.X.(*ast.CallExpr)
			if !ok || !isIdent(call.Fun, "delete") {
				return false
			}
		case *ast.IfStmt:
			if x.Else != nil || !orderless(fn, loop, x.Body.List) {
				return false
			}
		case *ast.BranchStmt:
			if x.Tok != token.CONTINUE {
				return false // which turn breaks off depends on the order
			}
		default:
			return false
		}
	}
	return true
}

// setsElement: m[key] = value with the loop's own key, which no other turn of
// the loop sets.
func setsElement(a *ast.AssignStmt) bool {
	_, ok := a.Lhs[0].(*ast.IndexExpr)
	return ok && a.Tok == token.ASSIGN
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// sortedLater: x = append(x, ...) where x is given to slices.Sort* or sort.*
// after the loop.
func sortedLater(fn *ast.FuncDecl, loop *ast.RangeStmt, a *ast.AssignStmt) bool {
	target, ok := a.Lhs[0].(*ast.Ident)
	call, isAppend := a.Rhs[0].(*ast.CallExpr)
	if !ok || !isAppend || !isIdent(call.Fun, "append") || !isIdent(call.Args[0], target.Name) {
		return false
	}
	found := false
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok || c.Pos() < loop.End() || len(c.Args) == 0 || !isIdent(c.Args[0], target.Name) {
			return true
		}
		found = found || isCall(c, "slices", "Sort", "SortFunc", "SortStableFunc") || isCall(c, "sort", "Strings", "Slice", "Sort", "SliceStable", "Ints")
		return true
	})
	return found
}
