package house

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Row says what one package may import of this module.
type Row struct {
	Imports []string // by the package itself
	Tests   []string // by its tests, besides
}

// A Table is the table of allowed imports, by package folder.
type Table map[string]Row

var quoted = regexp.MustCompile("`([^`]+)`")

// ParseTable reads the table of allowed imports from a Markdown document: the
// first table whose header begins "| package | may import | its tests also |".
// A cell holds folders in back quotes; `internal/*` stands for every folder
// below internal.
func ParseTable(doc string) (Table, error) {
	table := Table{}
	in := false
	for _, line := range strings.Split(doc, "\n") {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case len(cells) >= 3 && cells[0] == "package" && cells[1] == "may import" && cells[2] == "its tests also":
			in = true
		case in && !strings.HasPrefix(strings.TrimSpace(line), "|"):
			return table, nil
		case in && !strings.HasPrefix(cells[0], "-"):
			name := names(cells[0])
			if len(name) != 1 || len(cells) < 3 {
				return nil, fmt.Errorf("table of imports: row %q: want one package in back quotes and three cells", line)
			}
			if _, twice := table[name[0]]; twice {
				return nil, fmt.Errorf("table of imports: %s has two rows", name[0])
			}
			table[name[0]] = Row{Imports: names(cells[1]), Tests: names(cells[2])}
		}
	}
	if !in {
		return nil, fmt.Errorf("no table of imports: want a header | package | may import | its tests also |")
	}
	return table, nil
}

func names(cell string) []string {
	var out []string
	for _, m := range quoted.FindAllStringSubmatch(cell, -1) {
		out = append(out, m[1])
	}
	return out
}

func allowed(list []string, target string) bool {
	for _, a := range list {
		if a == target || (a == "internal/*" && strings.HasPrefix(target, "internal/")) {
			return true
		}
	}
	return false
}

// imported lists the folders of this module that a file imports.
func imported(f *File) []string {
	var out []string
	for _, s := range f.Go.Imports {
		p, _ := strconv.Unquote(s.Path.Value)
		if rest, ok := strings.CutPrefix(p, Module+"/"); ok {
			out = append(out, rest)
		}
	}
	return out
}

// Imports finds every edge of the import graph that the table does not have,
// every package without a row, and every row without a package. What nothing
// may import, internal/house and the commands, no row may list.
func Imports(t *Tree, table Table) []Finding {
	var out []Finding
	packages := t.Packages()
	for _, f := range t.goFiles() {
		row, ok := table[f.Dir()]
		if !ok {
			continue
		}
		for _, target := range imported(f) {
			switch {
			case target == f.Dir() || allowed(row.Imports, target):
			case f.Test() && allowed(row.Tests, target):
			default:
				out = append(out, Finding{f.Path, fmt.Sprintf("imports %s, which the table in docs/architecture.md does not allow to %s", target, f.Dir())})
			}
		}
	}
	for _, p := range packages {
		if _, ok := table[p]; !ok {
			out = append(out, Finding{p, "has no row in the table of docs/architecture.md"})
		}
	}
	for _, p := range slices.Sorted(maps.Keys(table)) {
		if !slices.Contains(packages, p) {
			out = append(out, Finding{"docs/architecture.md", "has a row for " + p + ", which is no package"})
		}
	}
	return append(out, cycles(table)...)
}

// cycles finds packages that the table lets import each other, in any number
// of steps: then "imports run one way" would be an empty sentence.
func cycles(table Table) []Finding {
	var out []Finding
	for _, from := range slices.Sorted(maps.Keys(table)) {
		seen := map[string]bool{}
		todo := slices.Clone(table[from].Imports)
		for len(todo) > 0 {
			p := todo[0]
			todo = todo[1:]
			if p == from {
				out = append(out, Finding{"docs/architecture.md", "the table lets " + from + " be imported by what it may import"})
				break
			}
			if !seen[p] {
				seen[p] = true
				todo = append(todo, table[p].Imports...)
			}
		}
	}
	return out
}
