package house

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"strings"
)

// namedTest is a test as documents name it: `folder.TestName`.
var namedTest = regexp.MustCompile("`([a-z][a-z/0-9-]*)\\.((?:Test|Fuzz)[A-Za-z0-9_]*)`")

// Claims finds tests that a document names and that do not exist, and rows of
// its tables, one threat each, that name none. A row may instead say in its
// last cell, in these words, that it is "not shown by a test:" and why.
func Claims(t *Tree, name string) []Finding {
	doc, ok := t.File(name)
	if !ok {
		return []Finding{{name, "does not exist"}}
	}
	have := map[string]bool{}
	for _, f := range t.goFiles() {
		for _, d := range f.Go.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && f.Test() && fn.Recv == nil {
				have[f.Dir()+"."+fn.Name.Name] = true
			}
		}
	}
	var out []Finding
	for i, line := range strings.Split(string(doc.Data), "\n") {
		where := fmt.Sprintf("%s:%d", name, i+1)
		found := namedTest.FindAllStringSubmatch(line, -1)
		for _, m := range found {
			if !have[m[1]+"."+m[2]] {
				out = append(out, Finding{where, "names " + m[1] + "." + m[2] + ", and there is no such test"})
			}
		}
		row := strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| threat |")
		if row && len(found) == 0 && !strings.Contains(line, "not shown by a test:") {
			out = append(out, Finding{where, "makes a claim and names no test that shows it"})
		}
	}
	return out
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// Links finds relative links between documents that lead nowhere.
func Links(t *Tree) []Finding {
	exists := map[string]bool{}
	for _, f := range t.Files {
		for p := f.Path; p != "."; p = path.Dir(p) {
			exists[p] = true
		}
	}
	var out []Finding
	for _, f := range t.Files {
		if path.Ext(f.Path) != ".md" {
			continue
		}
		for i, line := range strings.Split(string(f.Data), "\n") {
			for _, m := range link.FindAllStringSubmatch(line, -1) {
				target, _, _ := strings.Cut(m[1], "#")
				if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
					continue
				}
				if !exists[path.Join(f.Dir(), target)] {
					out = append(out, Finding{fmt.Sprintf("%s:%d", f.Path, i+1), "links to " + target + ", which does not exist"})
				}
			}
		}
	}
	return out
}

var makeTarget = regexp.MustCompile("(?:^|`)make ([a-z-]+)")

// MakeTargets finds `make x` in documents for an x that the Makefile has not.
func MakeTargets(t *Tree) []Finding {
	mk, ok := t.File("Makefile")
	if !ok {
		return []Finding{{"Makefile", "does not exist"}}
	}
	var out []Finding
	for _, f := range t.Files {
		if path.Ext(f.Path) != ".md" {
			continue
		}
		for i, line := range strings.Split(string(f.Data), "\n") {
			for _, m := range makeTarget.FindAllStringSubmatch(strings.TrimSpace(line), -1) {
				if !strings.Contains("\n"+string(mk.Data), "\n"+m[1]+":") {
					out = append(out, Finding{fmt.Sprintf("%s:%d", f.Path, i+1), "says make " + m[1] + ", and the Makefile has no such target"})
				}
			}
		}
	}
	return out
}
