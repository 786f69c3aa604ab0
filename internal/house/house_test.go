package house

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// repository is the tree that holds this package, read once.
var repository = sync.OnceValues(func() (*Tree, error) { return Load(os.DirFS("../..")) })

func load(t *testing.T) *Tree {
	t.Helper()
	tree, err := repository()
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.Files) < 20 {
		t.Fatalf("the repository has %d files: this is not its root", len(tree.Files))
	}
	return tree
}

func want(t *testing.T, findings []Finding) {
	t.Helper()
	for _, f := range findings {
		t.Error(f)
	}
}

func document(t *testing.T, tree *Tree, name string) string {
	t.Helper()
	f, ok := tree.File(name)
	if !ok {
		t.Fatalf("%s does not exist", name)
	}
	return string(f.Data)
}

func TestSourceParses(t *testing.T) { want(t, Broken(load(t))) }

func TestImportsGoOneWay(t *testing.T) {
	tree := load(t)
	table, err := ParseTable(document(t, tree, "docs/architecture.md"))
	if err != nil {
		t.Fatal(err)
	}
	want(t, Imports(tree, table))
	for _, p := range Pure {
		if _, ok := table[p]; !ok {
			t.Errorf("%s is called pure and has no row", p)
		}
	}
}

func TestPurePackagesArePure(t *testing.T) {
	tree := load(t)
	want(t, Purity(tree, impurities))
	all := Purity(tree, nil)
	want(t, unused(impurities, func(key string) bool {
		pkg, thing, _ := strings.Cut(key, " ")
		for _, f := range all {
			if strings.HasPrefix(f.Text, pkg+" is pure, but uses "+thing+";") {
				return true
			}
		}
		return false
	}))
}

func TestNoMapOrderInResults(t *testing.T) {
	want(t, MapRanges(load(t), exports(t), mapRanges))
}

// exports imports packages from what the compiler left in its cache.
func exports(t *testing.T) types.Importer {
	t.Helper()
	args := []string{"list", "-e", "-export", "-deps", "-json=ImportPath,Export"}
	for _, p := range PureSet(load(t)) {
		args = append(args, Module+"/"+p)
	}
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for dec := json.NewDecoder(strings.NewReader(string(stdout))); ; {
		var p struct{ ImportPath, Export string }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		files[p.ImportPath] = p.Export
	}
	return importer.ForCompiler(load(t).Fset, "gc", func(path string) (io.ReadCloser, error) {
		if files[path] == "" {
			return nil, fmt.Errorf("no compiled package %s", path)
		}
		return os.Open(files[path])
	})
}

func TestFilesAndFunctionsAreShort(t *testing.T) {
	tree := load(t)
	want(t, Sizes(tree, longFuncs))
	all := Sizes(tree, nil)
	want(t, unused(longFuncs, func(key string) bool {
		for _, f := range all {
			dir, name, _ := strings.Cut(key, ".")
			if strings.HasPrefix(f.Where, dir+"/") && strings.HasPrefix(f.Text, name+" has ") {
				return true
			}
		}
		return false
	}))
}

func TestPackagesAreDocumented(t *testing.T) { want(t, PackageDocs(load(t))) }

func TestExportedNamesAreDocumented(t *testing.T) { want(t, ExportedDocs(load(t))) }

func TestTestsCanFail(t *testing.T) { want(t, Tests(load(t))) }

func TestWordsOfTheWorkplaceStayThere(t *testing.T) { want(t, Words(load(t), saidWords)) }

func TestDependenciesAreExplained(t *testing.T) {
	tree := load(t)
	want(t, Dependencies(document(t, tree, "go.mod"), document(t, tree, "docs/dependencies.md")))
}

func TestClaimsNameTheirTest(t *testing.T) { want(t, Claims(load(t), "docs/security.md")) }

func TestLinksLeadSomewhere(t *testing.T) { want(t, Links(load(t))) }

func TestDocumentsNameRealTargets(t *testing.T) { want(t, MakeTargets(load(t))) }
