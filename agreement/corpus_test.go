package agreement_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"detente/agreement"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected answers in testdata")

// TestCorpus reads every archive in testdata. Its files make a bundle, except
// `want`, which holds the diagnostics as they are printed. A file whose name
// begins with piece- is completed by the plain agreement of codes_test.go.
func TestCorpus(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) < 10 {
		t.Fatalf("%d archives found (%v); the corpus is elsewhere", len(paths), err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var files []agreement.File
			want := -1
			for i, f := range ar.Files {
				switch {
				case f.Name == "want":
					want = i
				case strings.HasPrefix(f.Name, "piece-"):
					files = append(files, agreement.File{Path: f.Name, Data: []byte(whole(string(f.Data), true))})
				default:
					files = append(files, agreement.File{Path: f.Name, Data: f.Data})
				}
			}
			b := bundle(t, files...)
			a, ds := agreement.Read(b)
			if agreement.HasErrors(ds) != (a == nil) {
				t.Errorf("agreement: %v, errors: %v", a != nil, agreement.HasErrors(ds))
			}
			for _, d := range ds {
				if _, ok := agreement.Explain(d.Code); !ok {
					t.Errorf("the code %q is not in the catalogue", d.Code)
				}
			}
			got := show(b, ds)
			if *update {
				ar.Files = append(ar.Files[:want:want], txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(path, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(ar.Files[want].Data) {
				t.Errorf("got:\n%s\nwant:\n%s", got, ar.Files[want].Data)
			}
		})
	}
}
