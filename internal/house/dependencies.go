package house

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// Dependencies compares go.mod with docs/dependencies.md: each direct
// requirement, and the module of each tool, has one row
// "| `module` | version | reason | alternative refused |" with the version
// that go.mod pins, and nothing else has one. It also refuses replace.
func Dependencies(mod, doc string) []Finding {
	m, err := modfile.Parse("go.mod", []byte(mod), nil)
	if err != nil {
		return []Finding{{"go.mod", err.Error()}}
	}
	var out []Finding
	for _, r := range m.Replace {
		out = append(out, Finding{"go.mod", "replaces " + r.Old.Path + "; a checkout elsewhere would not build"})
	}
	want := map[string]string{}
	for _, r := range m.Require {
		tool := slices.ContainsFunc(m.Tool, func(t *modfile.Tool) bool { return strings.HasPrefix(t.Path, r.Mod.Path+"/") })
		if !r.Indirect || tool {
			want[r.Mod.Path] = r.Mod.Version
		}
	}
	for i, line := range strings.Split(doc, "\n") {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "| `") || len(cells) < 2 {
			continue
		}
		where := fmt.Sprintf("docs/dependencies.md:%d", i+1)
		name, version := strings.Trim(cells[0], " `"), strings.TrimSpace(cells[1])
		switch {
		case want[name] == "":
			out = append(out, Finding{where, name + " is no direct dependency, or has two rows"})
		case want[name] != version:
			out = append(out, Finding{where, fmt.Sprintf("%s is %s in go.mod, not %s", name, want[name], version)})
		case len(cells) != 4 || len(strings.TrimSpace(cells[2])) < 20 || len(strings.TrimSpace(cells[3])) < 10:
			out = append(out, Finding{where, name + " needs a reason and the alternative refused"})
		}
		delete(want, name)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		out = append(out, Finding{"docs/dependencies.md", "has no row for " + name})
	}
	return out
}
