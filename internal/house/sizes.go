package house

import (
	"fmt"
	"go/ast"
)

const (
	// MaxFile is the longest Go file, in lines: beyond it a reader cannot hold
	// the file's one concept in mind. 80 to 400 is usual.
	MaxFile = 600
	// MaxFunc is the longest function, in lines from its first to its closing
	// brace: a screen and a half.
	MaxFunc = 70
)

// Sizes finds files and functions that are too long. An exception is
// "folder.Func" or "folder.Type.Method" with its reason.
func Sizes(t *Tree, except map[string]string) []Finding {
	var out []Finding
	for _, f := range t.goFiles() {
		if n := f.Lines(); n > MaxFile {
			out = append(out, Finding{f.Path, fmt.Sprintf("has %d lines; at most %d: split it by concept", n, MaxFile)})
		}
		for _, d := range f.Go.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			n := t.Fset.Position(fn.End()).Line - t.Fset.Position(fn.Pos()).Line + 1
			if _, excused := except[f.Dir()+"."+funcName(fn)]; n > MaxFunc && !excused {
				out = append(out, Finding{t.at(fn), fmt.Sprintf("%s has %d lines; at most %d: split it, or list it with its reason", funcName(fn), n, MaxFunc)})
			}
		}
	}
	return out
}
