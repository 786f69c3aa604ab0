package audit_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"detente/agreement"
	"detente/audit"
	"detente/internal/ahead"
	"detente/record"
	"detente/statement"
)

var figureEntries = flag.Int("entries", 20_000, "how many entries BenchmarkAudit audits")

// TestRunFile: folded ahead on all cores or one by one, the report is the same;
// also of a file that is not what it says.
func TestRunFile(t *testing.T) {
	file := export(t, "released")
	for _, at := range []int{-1, len(file) / 2, len(file) - 3000} {
		f := slices.Clone(file)
		if at >= 0 {
			f[at] ^= 1
		}
		r, err := audit.RunFile(bytes.NewReader(f), int64(len(f)), func(f *record.Fold, x *record.ExportFile) error {
			return ahead.File(t.Context(), f, x, ahead.Verified{}, nil)
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := audit.Run(f); !reflect.DeepEqual(r, want) {
			t.Errorf("with byte %d changed: %s, one by one %s", at, r.Text(), want.Text())
		}
	}
}

func exampleKey(t testing.TB, name, label string) statement.Signer {
	seed := sha256.Sum256([]byte("detente example key " + label))
	s, err := statement.NewSigner(name, seed[:])
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// long is an exported record of n statements of 1 KiB, and each of its statements.
func long(b *testing.B, n int) ([]byte, []*statement.Signed) {
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	data, err := os.ReadFile("../spec/vectors/record/bundle/freeze.agreement")
	must(err)
	text, err := agreement.NewBundle([]agreement.File{{Path: "freeze.agreement", Data: data}})
	must(err)
	a, _ := agreement.Read(text)
	f, err := record.NewFold(a)
	must(err)
	f.Append(record.Opening(a))
	notes, signed := make([][]byte, n), make([]*statement.Signed, n)
	key := exampleKey(b, "iaea", "iaea-1")
	var all sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				words := fmt.Sprint("entry ", i)
				s := &statement.Statement{Agreement: a.ID, Bundle: a.ID, By: "iaea", Body: statement.DeclareBody{Text: words + strings.Repeat("x", 480-len(words)), Documents: []statement.Document{}}}
				text, err := s.Text()
				if err == nil {
					notes[i], err = statement.Sign(text, key)
				}
				if err == nil {
					signed[i], err = statement.Parse(notes[i])
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	must(ahead.Fold(b.Context(), f, notes, nil))
	origin := record.Origin(a)
	head := f.Head()
	note, err := statement.SignCheckpoint(statement.Checkpoint{Origin: origin, Size: head.Size, Root: head.Root}, exampleKey(b, origin, "host"))
	must(err)
	parsed, err := statement.ParseNote(note)
	must(err)
	for _, w := range []string{"vienna", "geneva", "muscat"} {
		line, err := statement.Cosign(exampleKey(b, w, w), parsed.Text, 1_614_124_800)
		must(err)
		parsed.Sigs = append(parsed.Sigs, line)
	}
	e, err := f.Export(text, parsed.Bytes())
	must(err)
	file, err := e.Bytes()
	must(err)
	return file, signed
}

// BenchmarkAudit audits a long record, in turns with the verification of its
// signatures alone, in batches of 256 on all cores. heap-B is what is live at
// the end for each entry, besides the file.
func BenchmarkAudit(b *testing.B) {
	n := *figureEntries
	file, signed := long(b, n)
	key := exampleKey(b, "iaea", "iaea-1").Public()
	var ours, limit, live float64
	for b.Loop() {
		began := time.Now()
		var all sync.WaitGroup
		var next atomic.Int64
		for range runtime.GOMAXPROCS(0) {
			all.Go(func() {
				var batch statement.Batch
				for i := int(next.Add(256)) - 256; i < n; i = int(next.Add(256)) - 256 {
					for _, s := range signed[i:min(i+256, n)] {
						batch.Add(key[:], s.Text, s.Sigs[0].Sig)
					}
					if slices.Contains(batch.Verify(), false) {
						b.Error("a signature is bad")
					}
				}
			})
		}
		all.Wait()
		limit += time.Since(began).Seconds() / float64(n)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began = time.Now()
		r, err := audit.RunFile(bytes.NewReader(file), int64(len(file)), func(f *record.Fold, x *record.ExportFile) error {
			err := ahead.File(b.Context(), f, x, ahead.Verified{}, nil)
			b.StopTimer()
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.StartTimer()
			return err
		})
		ours += time.Since(began).Seconds() / float64(n)
		if err != nil || r.Verdict == audit.Broken || r.Record.Size != int64(n)+1 {
			b.Fatalf("%v: %s", err, r.Text())
		}
		live += float64(after.HeapAlloc-before.HeapAlloc) / float64(n)
	}
	b.ReportMetric(float64(b.N)/ours, "entries/s")
	b.ReportMetric(float64(b.N)/limit, "limit/s")
	b.ReportMetric(live/float64(b.N), "heap-B")
}
