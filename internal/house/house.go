// Package house holds the rules of this repository as checks that can fail.
//
// Promise: each rule that the documents state about the source (which package
// may import which, what a pure package may not touch, how long a file or a
// function may be, what must be documented, what a test may not do, which
// words do not appear, which claims name which test) is a function over a tree
// of files; the tests of this package run every one over the repository, and
// run each once over a small tree that breaks it.
//
// Non-promise: the rules read syntax, and types only where a rule needs them.
// They catch the honest mistake; they do not stop somebody who means to get
// past them, and that a rule holds says nothing about whether the code works.
//
// The lists of exceptions, each with its reason, are in exceptions.go.
package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// Module is the module's path, the first word of every import of its own.
const Module = "detente"

// A Finding is one place that breaks a rule.
type Finding struct {
	Where string // "file", "file:line" or a package's folder
	Text  string // what is wrong, and what to do instead
}

// String is the finding in one line.
func (f Finding) String() string { return f.Where + ": " + f.Text }

// A File is one file of the repository.
type File struct {
	Path string // slash-separated, from the repository's root
	Data []byte
	Go   *ast.File // nil if it is no Go source, or does not parse
}

// Test reports whether the file holds tests.
func (f *File) Test() bool { return strings.HasSuffix(f.Path, "_test.go") }

// Dir is the folder that the file is in, "." for the root.
func (f *File) Dir() string { return path.Dir(f.Path) }

// Lines is the number of lines.
func (f *File) Lines() int {
	n := strings.Count(string(f.Data), "\n")
	if len(f.Data) > 0 && f.Data[len(f.Data)-1] != '\n' {
		n++
	}
	return n
}

// A Tree is the repository's files in path order, its Go source parsed.
type Tree struct {
	Fset  *token.FileSet
	Files []*File
	bad   []Finding
}

// maxRead bounds one file; what is larger is footage or an archive, and no
// rule reads it.
const maxRead = 2 << 20

// outside names folders that are not source: git's own, and what is built.
var outside = []string{".git", "bin", "out", "node_modules"}

// Load reads a tree. A Go file that does not parse is a finding of Broken.
func Load(root fs.FS) (*Tree, error) {
	t := &Tree{Fset: token.NewFileSet()}
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(outside, name) {
				return fs.SkipDir
			}
			return nil
		}
		info, err := d.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() > maxRead {
			return err
		}
		data, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		t.add(&File{Path: name, Data: data})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the tree: %w", err)
	}
	return t, nil
}

func (t *Tree) add(f *File) {
	if strings.HasSuffix(f.Path, ".go") && !strings.Contains(f.Path, "testdata/") {
		parsed, err := parser.ParseFile(t.Fset, f.Path, f.Data, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.bad = append(t.bad, Finding{f.Path, "does not parse: " + err.Error()})
		} else {
			f.Go = parsed
		}
	}
	t.Files = append(t.Files, f)
}

// Broken lists the Go files that do not parse.
func Broken(t *Tree) []Finding { return t.bad }

// File finds a file by its path.
func (t *Tree) File(name string) (*File, bool) {
	for _, f := range t.Files {
		if f.Path == name {
			return f, true
		}
	}
	return nil, false
}

// goFiles yields the parsed Go files.
func (t *Tree) goFiles() []*File {
	var out []*File
	for _, f := range t.Files {
		if f.Go != nil {
			out = append(out, f)
		}
	}
	return out
}

// Packages are the folders with Go source that is not only tests, in order.
func (t *Tree) Packages() []string {
	var out []string
	for _, f := range t.goFiles() {
		if !f.Test() && !slices.Contains(out, f.Dir()) {
			out = append(out, f.Dir())
		}
	}
	slices.Sort(out)
	return out
}

// at is the finding's place for a node.
func (t *Tree) at(n ast.Node) string {
	p := t.Fset.Position(n.Pos())
	return fmt.Sprintf("%s:%d", p.Filename, p.Line)
}

// funcName is "Name" of a function, "Type.Name" of a method.
func funcName(d *ast.FuncDecl) string {
	if r := receiver(d); r != "" {
		return r + "." + d.Name.Name
	}
	return d.Name.Name
}

// receiver is the name of the method's type, or "".
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return ""
	}
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.IndexListExpr:
			e = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}
