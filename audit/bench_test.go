package audit_test

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"detente/audit"
	"detente/internal/ahead"
	"detente/record"
	"detente/statement"

	"github.com/hdevalence/ed25519consensus"
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

// A verifier takes signatures, and says whether all are good.
type verifier interface {
	add(key, text, sig []byte)
	good() bool
}

type library struct {
	*ed25519consensus.BatchVerifier
}

func (l library) add(key, text, sig []byte) { l.Add(key, text, sig) }
func (l library) good() bool                { return l.Verify() }

type grouped struct{ *statement.Batch }

func (g grouped) add(key, text, sig []byte) { g.Add(key, text, sig) }
func (g grouped) good() bool                { return !slices.Contains(g.Verify(), false) }

// verified is the seconds for each statement when all cores verify them in
// batches of 256 and do nothing else.
func verified(b *testing.B, signed []*statement.Signed, key []byte, batch func() verifier) float64 {
	began := time.Now()
	var all sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := int(next.Add(256)) - 256; i < len(signed); i = int(next.Add(256)) - 256 {
				v := batch()
				for _, s := range signed[i:min(i+256, len(signed))] {
					v.add(key, s.Text, s.Sigs[0].Sig)
				}
				if !v.good() {
					b.Error("a signature is bad")
				}
			}
		})
	}
	all.Wait()
	return time.Since(began).Seconds() / float64(len(signed))
}

// BenchmarkAudit audits a long record, in turns with the verification of its
// signatures alone, in batches of 256 on all cores: limit/s by the library that
// has the rule, grouped/s by ours. heap-B is what is live at
// the end for each entry, besides the file.
func BenchmarkAudit(b *testing.B) {
	n := *figureEntries
	file, signed := long(b, n, false)
	key := exampleKey(b, "iaea", "iaea-1").Public()
	var ours, limit, own, live float64
	for b.Loop() {
		limit += verified(b, signed, key[:], func() verifier {
			v := ed25519consensus.NewPreallocatedBatchVerifier(256)
			return library{&v}
		})
		own += verified(b, signed, key[:], func() verifier { return grouped{&statement.Batch{}} })
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		began := time.Now()
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
	b.ReportMetric(float64(b.N)/own, "grouped/s")
	b.ReportMetric(live/float64(b.N), "heap-B")
}

// BenchmarkAuditAgain audits a long record whose signatures are all known to be
// good: what an audit costs besides them.
func BenchmarkAuditAgain(b *testing.B) {
	n := *figureEntries
	file, _ := long(b, n, false)
	known := map[statement.Sum]bool{}
	run := func(note func(statement.Sum) error) {
		r, err := audit.RunFile(bytes.NewReader(file), int64(len(file)), func(f *record.Fold, x *record.ExportFile) error {
			return ahead.File(b.Context(), f, x, ahead.Verified{Known: known, Note: note}, nil)
		})
		if err != nil || r.Verdict == audit.Broken {
			b.Fatalf("%v: %s", err, r.Text())
		}
	}
	var noted []statement.Sum
	run(func(s statement.Sum) error {
		noted = append(noted, s)
		return nil
	})
	for _, s := range noted {
		known[s] = true
	}
	for b.Loop() {
		run(nil)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/entry")
}
