package house

import (
	"go/importer"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// sample loads a small tree from a txtar archive.
func sample(t *testing.T, archive string) *Tree {
	t.Helper()
	files, err := txtar.FS(txtar.Parse([]byte(archive)))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := Load(files)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// expect holds the findings to exactly the wanted ones, each by a part of it.
func expect(t *testing.T, got []Finding, want ...string) {
	t.Helper()
	for i, f := range got {
		if i >= len(want) || !strings.Contains(f.String(), want[i]) {
			t.Errorf("finding %d: %s", i, f)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d findings, want %d: %q", len(got), len(want), want)
	}
}

func TestCanaryBroken(t *testing.T) {
	expect(t, Broken(sample(t, "-- a/a.go --\npackage a\nfunc {\n")), "a/a.go: does not parse")
}

const architecture = `
| package | may import | its tests also | what |
|---|---|---|---|
| ` + "`low` | - | `testkit`" + ` | bottom |
| ` + "`high` | `low`, `internal/*`" + ` | - | top |
| ` + "`testkit` | -" + ` | - | fakes |
| ` + "`gone` | -" + ` | - | deleted |

after the table
`

func TestCanaryImports(t *testing.T) {
	table, err := ParseTable(architecture)
	if err != nil {
		t.Fatal(err)
	}
	tree := sample(t, `
-- low/low.go --
package low
import _ "detente/high"
-- low/low_test.go --
package low
import _ "detente/testkit"
-- high/high.go --
package high
import (
	_ "detente/low"
	_ "detente/internal/x"
	_ "detente/testkit"
)
-- high/high_test.go --
package high
import _ "detente/testkit"
-- testkit/t.go --
package testkit
-- extra/e.go --
package extra
`)
	expect(t, Imports(tree, table),
		"high/high.go: imports testkit",
		"high/high_test.go: imports testkit",
		"low/low.go: imports high",
		"extra: has no row",
		"has a row for gone")
	table["low"] = Row{Imports: []string{"high"}}
	expect(t, cycles(table), "lets high be imported", "lets low be imported")
}

func TestCanaryImportTable(t *testing.T) {
	for name, doc := range map[string]string{
		"no table":        "nothing here",
		"two rows":        strings.Replace(architecture, "`gone`", "`low`", 1),
		"no back quotes":  strings.Replace(architecture, "`gone`", "gone", 1),
		"two names in it": strings.Replace(architecture, "`gone`", "`gone` `away`", 1),
	} {
		if _, err := ParseTable(doc); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestCanaryPurity(t *testing.T) {
	tree := sample(t, `
-- record/r.go --
package record
import (
	"os"
	clock "time"
	"detente/internal/helper"
)
var start = clock.Now()
func f() { go f(); _ = 0.5 }
type t struct { x float64; c chan int }
-- record/r_test.go --
package record
import "os"
-- record/store/s.go --
package store
import "os"
-- internal/helper/h.go --
package helper
import "math/rand/v2"
-- internal/other/o.go --
package other
import "sync"
`)
	expect(t, Purity(tree, nil),
		"internal/helper/h.go:2: internal/helper is pure, but uses math/rand/v2",
		"record/r.go:3: record is pure, but uses os",
		"uses time.Now", "uses go", "uses float", "uses float", "uses chan")
	expect(t, Purity(tree, map[string]string{"record os": "r", "record float": "r", "record go": "r", "record chan": "r", "internal/helper math/rand/v2": "r"}), "uses time.Now")
	expect(t, unused(map[string]string{"a b": "reason", "c d": " "}, func(key string) bool { return key == "c d" }),
		`"a b" excuses nothing`, `"c d" gives no reason`)
}

func TestCanaryMapRanges(t *testing.T) {
	tree := sample(t, `
-- machine/m.go --
package machine
type set map[string]int
func bad(m set) (out []string) { for k := range m { out = append(out, k) }; return out }
func sum(m set) (n int) { for _, v := range m { n += v }; return n }
func sorted(m set) (out []string) { for k := range m { out = append(out, k) }; sort.Strings(out); return out }
func some(m set) (out []string) { for k := range m { if k == "" { continue }; out = append(out, k) }; sort.Strings(out); return out }
func first(m set) set { c := set{}; for k := range m { c[k] = 1; break }; return c }
func copied(m set) set { c := set{}; for k, v := range m { c[k] = v }; return c }
func cleared(m set) { for k := range m { delete(m, k) } }
func list(l []string) { for _, s := range l { println(s) } }
func walk(m set) { for range slices.Sorted(maps.Keys(m)) {}; for range maps.Values(m) {} }
type T struct{}
func (T) excused(m set) { for range m { println() } }
`)
	var got []Finding
	for _, f := range MapRanges(tree, importer.Default(), map[string]string{"machine.T.excused": "prints blank lines"}) {
		if !strings.Contains(f.Text, "undefined: s") && !strings.Contains(f.Text, "undefined: maps") {
			got = append(got, f)
		}
	}
	expect(t, got, "bad ranges over a map", "sum ranges over a map", "first ranges over a map", "walk walks a map")
}

func TestCanarySizes(t *testing.T) {
	long := func(lines int) string { return "{\n" + strings.Repeat("\n", lines-2) + "}\n" }
	tree := sample(t, "-- a/fits.go --\npackage a\nfunc fits() "+long(MaxFunc)+
		"-- a/long.go --\npackage a\ntype t int\nfunc (*t) long() "+long(MaxFunc+1)+"func listed() "+long(MaxFunc+1)+
		"-- a/full.go --\npackage a\n"+strings.Repeat("//\n", MaxFile-1)+
		"-- a/over.go --\npackage a\n"+strings.Repeat("//\n", MaxFile))
	expect(t, Sizes(tree, map[string]string{"a.listed": "one switch"}),
		"a/long.go:3: t.long has 71 lines", "a/over.go: has 601 lines")
}

func TestCanaryDocs(t *testing.T) {
	said := "// Package a does one thing and promises it; it does not do the other thing, which somebody else does.\n" +
		"// It has a second line, since one sentence is not enough to say a promise.\n"
	tree := sample(t, "-- a/a.go --\n"+said+`package a
func Bare() {}
// Said is said.
func Said() {}
func quiet() {}
type T struct{}
// M is said.
func (t T) M() {}
func (t *T) N() {}
func (t *T) Error() string { return "" }
func Error() {}
type hidden int
func (hidden) Shown() {}
const C = 1
// Both are said.
const (
	D = 1
	E = 2
)
var (
	V = 1
	W = 2 // said
)
// Types.
type (
	Each int
	Own int // said
)
-- b/b.go --
// Package b is short.
package b
-- internal/c/c.go --
package c
func Free() {}
`)
	expect(t, PackageDocs(tree), "b: its package documentation has 20 bytes", "internal/c: its package documentation has 0 bytes")
	expect(t, ExportedDocs(tree), "Bare is", "T is", "T.N is", "Error is", "C is", "V is", "Each is")
}

func TestCanaryTests(t *testing.T) {
	tree := sample(t, `
-- a/a_test.go --
package a
import ("testing"; "time"; "testing/synctest")
func TestEmpty(t *testing.T) {}
func TestLogs(t *testing.T) { t.Log("fine") }
func TestFails(t *testing.T) { t.Error("bad") }
func TestHelped(t *testing.T) { check(t) }
func TestSkips(t *testing.T) { if testing.Short() { t.Skip() }; t.Skipf("x"); t.Fail() }
func TestSleeps(t *testing.T) { time.Sleep(1); synctest.Test(t, func(t *testing.T) { time.Sleep(1) }) }
func TestSelf(t *testing.T) { if x == x || bytes.Equal(a[1], a[1]) || f() == f() { t.Fail() } }
func helper(t *testing.T) { t.SkipNow() }
func FuzzBare(f *testing.F) { f.Fuzz(func(t *testing.T, b []byte) { parse(b) }) }
func FuzzFound(f *testing.F) { for _, s := range glob() { f.Add(s) }; f.Fuzz(func(t *testing.T, b []byte) {}) }
func FuzzSeeded(f *testing.F) { f.Add(1); f.Fuzz(func(t *testing.T, b []byte) {}) }
func FuzzHelped(f *testing.F) { seeds(f); f.Fuzz(func(t *testing.T, b []byte) {}) }
func FuzzFiles(f *testing.F) { f.Fuzz(func(t *testing.T, b []byte) {}) }
func FuzzIdle(f *testing.F) { f.Add(1) }
-- a/testdata/fuzz/FuzzFiles/one --
go test fuzz v1
-- a/testdata/script/story.txt --
[!exec:age] skip 'no age'
exec detente
-- file --
skip is a word here
-- a/testdata/script/fine.txt --
exec detente skip
`)
	expect(t, Tests(tree), "TestEmpty cannot fail", "TestLogs cannot fail",
		"skips", "skips", "sleeps",
		"compares x with itself", "compares a[1] with itself", "skips",
		"FuzzBare has no seed", "FuzzFound has no seed", "FuzzIdle cannot fail",
		"a/testdata/script/story.txt:1: skips")
}

func TestCanaryWords(t *testing.T) {
	note, place, ticket, sitting := "TO"+"DO", "/wor"+"k/main", "issue "+"#2", "Ses"+"sion"
	tree := sample(t, "-- a.go --\npackage a // "+note+" later\n// see "+place+"\n"+
		"-- b.md --\nAs "+ticket+" says. https://example.org"+place+" is fine. TODOS are fine.\n"+
		"-- Makefile --\n# this "+sitting+"\n-- c.md --\nA "+sitting+" of parliament.\n")
	expect(t, Words(tree, map[string]string{"c.md " + sitting: "parliaments have them"}),
		"Makefile:1", "a.go:1", "a.go:2", "b.md:1")
}

func TestCanaryDependencies(t *testing.T) {
	mod := `module detente
go 1.26
require (
	example.org/good v1.0.0
	example.org/old v1.1.0
	example.org/bare v1.0.0
	example.org/unsaid v1.0.0
	example.org/far v1.0.0 // indirect
	example.org/tool v1.0.0 // indirect
)
tool example.org/tool/cmd/x
replace example.org/good => ../good
`
	doc := "| module | version | reason | refused |\n|---|---|---|---|\n" +
		"| `example.org/good` | v1.0.0 | does the thing that we need | another one |\n" +
		"| `example.org/old` | v1.0.0 | does the thing that we need | another one |\n" +
		"| `example.org/bare` | v1.0.0 | | |\n" +
		"| `example.org/far` | v1.0.0 | does the thing that we need | another one |\n"
	expect(t, Dependencies(mod, doc), "replaces example.org/good", "old is v1.1.0 in go.mod",
		"bare needs a reason", "far is no direct dependency", "no row for example.org/tool", "no row for example.org/unsaid")
}

func TestCanaryClaims(t *testing.T) {
	tree := sample(t, "-- docs/security.md --\n| threat | test |\n|---|---|\n"+
		"| fork | `a/b.TestFork` |\n| lost | `a/b.TestGone` |\n| none | said |\n| film | not shown by a test: no cryptography helps |\n"+
		"-- a/b/b_test.go --\npackage b\nfunc TestFork(t *testing.T) {}\n")
	expect(t, Claims(tree, "docs/security.md"), "names a/b.TestGone", "names no test")
	expect(t, Claims(tree, "docs/missing.md"), "does not exist")
}

func TestCanaryLinks(t *testing.T) {
	tree := sample(t, "-- docs/a.md --\n[b](b.md#part) [up](../README.md) [web](https://example.org) [here](#x) [folder](../docs)\n"+
		"-- docs/b.md --\n[gone](gone.md)\n-- README.md --\n[a](docs/a.md)\n")
	expect(t, Links(tree), "docs/b.md:1: links to gone.md")
}

func TestCanaryMakeTargets(t *testing.T) {
	tree := sample(t, "-- Makefile --\ndemo: build\n\tgo run\n-- README.md --\nRun `make demo`, not `make tea`.\n    make coffee\nmake demo KEEP=1\n")
	expect(t, MakeTargets(tree), "says make tea", "says make coffee")
	expect(t, MakeTargets(sample(t, "-- README.md --\n")), "Makefile: does not exist")
}
