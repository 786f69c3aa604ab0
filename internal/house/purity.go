package house

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// Pure names the packages whose results may depend on their arguments alone,
// so that two readers of one record can never differ. What they import of this
// module must be pure as well.
var Pure = []string{"agreement", "machine", "statement", "record", "vault", "audit"}

// impure lists what a pure package may not import; a name that ends in "/"
// stands for everything below it.
var impure = []string{
	"os", "os/", "net", "net/", "syscall", "golang.org/x/sys/", "runtime", "runtime/", "plugin", "unsafe",
	"math/rand", "math/rand/", "crypto/rand", "sync", "sync/", "log", "log/", "path/filepath", "time/tzdata", "math/cmplx", "hash/maphash",
}

// clocks lists what a pure package may not use of package time: the machine's
// clock, its zone, and its own copy of the zones of the world.
var clocks = []string{
	"Now", "Since", "Until", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer", "Sleep", "Local", "LoadLocation",
}

// floats lists the types that differ from machine to machine in what they hold.
var floats = []string{"float32", "float64", "complex64", "complex128"}

// PureSet is the pure packages and everything of this module that they import.
func PureSet(t *Tree) []string {
	set := slices.Clone(Pure)
	for i := 0; i < len(set); i++ {
		for _, f := range t.goFiles() {
			if f.Dir() != set[i] || f.Test() {
				continue
			}
			for _, target := range imported(f) {
				if !slices.Contains(set, target) {
					set = append(set, target)
				}
			}
		}
	}
	slices.Sort(set)
	return set
}

// Purity finds what a pure package does that does not follow from its
// arguments: forbidden imports, clocks, goroutines, channels and floats. An
// exception is "package name" with its reason, for example "vault sync".
func Purity(t *Tree, except map[string]string) []Finding {
	var out []Finding
	pure := PureSet(t)
	for _, f := range t.goFiles() {
		if f.Test() || !slices.Contains(pure, f.Dir()) {
			continue
		}
		report := func(n ast.Node, what string) {
			if _, ok := except[f.Dir()+" "+what]; !ok {
				out = append(out, Finding{t.at(n), f.Dir() + " is pure, but uses " + what + "; take it as an argument"})
			}
		}
		for _, s := range f.Go.Imports {
			if p, _ := strconv.Unquote(s.Path.Value); isImpure(p) {
				report(s, p)
			}
		}
		timeName := importName(f.Go, "time")
		ast.Inspect(f.Go, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.GoStmt:
				report(x, "go")
			case *ast.ChanType:
				report(x, "chan")
			case *ast.SelectStmt:
				report(x, "select")
			case *ast.BasicLit:
				if x.Kind == token.FLOAT || x.Kind == token.IMAG {
					report(x, "float")
				}
			case *ast.Ident:
				if slices.Contains(floats, x.Name) {
					report(x, "float")
				}
			case *ast.SelectorExpr:
				if id, ok := x.X.(*ast.Ident); ok && timeName != "" && id.Name == timeName && slices.Contains(clocks, x.Sel.Name) {
					report(x, "time."+x.Sel.Name)
				}
			}
			return true
		})
	}
	return out
}

func isImpure(p string) bool {
	for _, bad := range impure {
		if p == bad || (strings.HasSuffix(bad, "/") && strings.HasPrefix(p, bad)) {
			return true
		}
	}
	return false
}

// importName is the name that the file gives to an import, or "".
func importName(f *ast.File, want string) string {
	for _, s := range f.Imports {
		p, _ := strconv.Unquote(s.Path.Value)
		if p != want {
			continue
		}
		if s.Name != nil {
			return s.Name.Name
		}
		return want[strings.LastIndexByte(want, '/')+1:]
	}
	return ""
}

// unused lists the exceptions that no longer excuse anything, given the
// findings of a run without them.
func unused(except map[string]string, hit func(key string) bool) []Finding {
	var out []Finding
	for key, reason := range except {
		if !hit(key) {
			out = append(out, Finding{"internal/house/exceptions.go", fmt.Sprintf("%q excuses nothing any more; remove it", key)})
		}
		if strings.TrimSpace(reason) == "" {
			out = append(out, Finding{"internal/house/exceptions.go", fmt.Sprintf("%q gives no reason", key)})
		}
	}
	slices.SortFunc(out, func(a, b Finding) int { return strings.Compare(a.Text, b.Text) })
	return out
}
