package house

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/printer"
	"regexp"
	"slices"
	"strings"
)

// Tests finds tests that say nothing: one that cannot fail, one that skips,
// one that waits for the machine's clock, one that compares a value with
// itself, a fuzz target that starts from nothing.
func Tests(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.goFiles() {
		if !f.Test() {
			continue
		}
		for _, d := range f.Go.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			out = append(out, waits(t, f, fn)...)
			out = append(out, selfCompare(t, fn)...)
			if arg, kind := testKind(fn); kind != "" {
				out = append(out, cannotFail(t, fn, arg, kind)...)
				if kind == "F" {
					out = append(out, noSeeds(t, f, fn, arg)...)
				}
			}
		}
	}
	return append(out, skippedScripts(t)...)
}

// testKind gives the argument's name and "T" or "F" of a test or fuzz target.
func testKind(fn *ast.FuncDecl) (arg, kind string) {
	p := fn.Type.Params.List
	if fn.Recv != nil || len(p) != 1 || len(p[0].Names) != 1 {
		return "", ""
	}
	star, ok := p[0].Type.(*ast.StarExpr)
	if !ok {
		return "", ""
	}
	sel, ok := star.X.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	switch {
	case strings.HasPrefix(fn.Name.Name, "Test") && sel.Sel.Name == "T":
		return p[0].Names[0].Name, "T"
	case strings.HasPrefix(fn.Name.Name, "Fuzz") && sel.Sel.Name == "F":
		return p[0].Names[0].Name, "F"
	}
	return "", ""
}

// cannotFail: some way to fail must be reachable, by a method that fails or by
// handing the test to something that may.
func cannotFail(t *Tree, fn *ast.FuncDecl, arg, kind string) []Finding {
	fails := []string{"Error", "Errorf", "Fatal", "Fatalf", "Fail", "FailNow"}
	can := false
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok && slices.Contains(fails, sel.Sel.Name) {
			can = true
		}
		for _, a := range call.Args {
			if id, ok := a.(*ast.Ident); ok && (id.Name == arg || id.Name == "t" || id.Name == "b") {
				can = true
			}
		}
		return true
	})
	if can || (kind == "F" && mentions(fn.Body, arg, "Fuzz")) {
		return nil
	}
	return []Finding{{t.at(fn), fn.Name.Name + " cannot fail"}}
}

// waits finds skipping and sleeping. Inside synctest.Test time is not real,
// and sleeping there waits for nothing. Asking testing.Short is no fault: a
// long search may take fewer steps under the race detector.
func waits(t *Tree, f *File, fn *ast.FuncDecl) []Finding {
	var out []Finding
	sleeper := importName(f.Go, "time")
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		id, _ := sel.X.(*ast.Ident)
		switch {
		case id != nil && id.Name == "synctest" && sel.Sel.Name == "Test":
			return false
		case id != nil && id.Name == sleeper && sel.Sel.Name == "Sleep":
			out = append(out, Finding{t.at(call), "sleeps; wait for the thing itself, or use testing/synctest"})
		case sel.Sel.Name == "SkipNow" || sel.Sel.Name == "Skipf":
			out = append(out, Finding{t.at(call), "skips; a test runs or fails with what is missing"})
		case id != nil && sel.Sel.Name == "Skip" && slices.Contains([]string{"t", "f", "b", "tb", "c"}, id.Name):
			out = append(out, Finding{t.at(call), "skips; a test runs or fails with what is missing"})
		}
		return true
	})
	return out
}

// selfCompare finds x == x in its usual clothes.
func selfCompare(t *Tree, fn *ast.FuncDecl) []Finding {
	var out []Finding
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		var x, y ast.Expr
		switch e := n.(type) {
		case *ast.BinaryExpr:
			if op := e.Op.String(); op == "==" || op == "!=" {
				x, y = e.X, e.Y
			}
		case *ast.CallExpr:
			if sel, ok := e.Fun.(*ast.SelectorExpr); ok && len(e.Args) == 2 && slices.Contains([]string{"Equal", "DeepEqual", "Compare"}, sel.Sel.Name) {
				x, y = e.Args[0], e.Args[1]
			}
		}
		// Two calls of one function may differ: that is what a test of
		// determinism compares.
		if x != nil && !hasCall(x) && text(t, x) == text(t, y) {
			out = append(out, Finding{t.at(n), "compares " + text(t, x) + " with itself"})
		}
		return true
	})
	return out
}

func hasCall(e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if _, ok := n.(*ast.CallExpr); ok {
			found = true
		}
		return !found
	})
	return found
}

func text(t *Tree, e ast.Expr) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, t.Fset, e); err != nil {
		return fmt.Sprintf("%p", e)
	}
	return b.String()
}

// mentions reports whether x.name is called anywhere in the body.
func mentions(body ast.Node, x, name string) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == name {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == x {
				found = true
			}
		}
		return !found
	})
	return found
}

// noSeeds: a fuzz target adds a seed itself, hands itself to a helper that
// does, or has committed files. Seeds added only in a loop over what a call
// found on disk may be none at all, unless the target fails for want of them.
func noSeeds(t *Tree, f *File, fn *ast.FuncDecl, arg string) []Finding {
	folder := f.Dir() + "/testdata/fuzz/" + fn.Name.Name + "/"
	for _, other := range t.Files {
		if strings.HasPrefix(other.Path, folder) {
			return nil
		}
	}
	if adds(fn.Body, arg) || mentions(fn.Body, arg, "Fatal") {
		return nil
	}
	return []Finding{{t.at(fn), fn.Name.Name + " has no seed: f.Add one, or commit files in " + folder}}
}

// adds looks for arg.Add, or a helper given arg, that always runs.
func adds(n ast.Node, arg string) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.RangeStmt:
			if _, isCall := x.X.(*ast.CallExpr); isCall {
				return false
			}
		case *ast.CallExpr:
			if sel, ok := x.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Add" {
				if id, ok := sel.X.(*ast.Ident); ok && id.Name == arg {
					found = true
				}
			}
			for _, a := range x.Args {
				if id, ok := a.(*ast.Ident); ok && id.Name == arg {
					found = true
				}
			}
		}
		return !found
	})
	return found
}

var scriptSkip = regexp.MustCompile(`^(\[[^\]]*\] *)*(skip|stop)\b`)

// skippedScripts finds skip and stop in the command stories, which would pass
// without a word.
func skippedScripts(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.Files {
		if !strings.Contains(f.Path, "testdata/script/") {
			continue
		}
		for i, line := range strings.Split(string(f.Data), "\n") {
			if strings.HasPrefix(line, "-- ") {
				break
			}
			if scriptSkip.MatchString(line) {
				out = append(out, Finding{fmt.Sprintf("%s:%d", f.Path, i+1), "skips; a story runs to its end or fails"})
			}
		}
	}
	return out
}
