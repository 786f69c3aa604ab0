package depositary

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"detente/agreement"
	"detente/internal/clock"
	"detente/record"
	"detente/record/store"
	"detente/statement"

	"github.com/hdevalence/ed25519consensus"
)

// The figures of docs/benchmarks.md that are the depositary's: scripts/bench.sh
// reads the metrics.

var idleRecords = flag.Int("records", 10_000, "how many idle records BenchmarkIdle opens")

// said are n statements of 1 KiB with one signature each, none of them equal.
func (w *world) said(n int, label string) [][]byte {
	notes := make([][]byte, n)
	var all sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				words := fmt.Sprintf("%s %d ", label, i)
				notes[i] = w.brio(declare(words + strings.Repeat("x", 480-len(words))))
			}
		})
	}
	all.Wait()
	return notes
}

// verified is how many statements a second all cores verify in batches of 256
// and do nothing else, by the library that has the rule.
func verified(b *testing.B, notes [][]byte) float64 {
	key := key("brio", "brio").Public()
	var signed []*statement.Signed
	for _, note := range notes {
		s, err := statement.Parse(note)
		if err != nil {
			b.Fatal(err)
		}
		signed = append(signed, s)
	}
	began := time.Now()
	var all sync.WaitGroup
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for i := int(next.Add(256)) - 256; i < len(signed); i = int(next.Add(256)) - 256 {
				batch := ed25519consensus.NewPreallocatedBatchVerifier(256)
				for _, s := range signed[i:min(i+256, len(signed))] {
					batch.Add(key[:], s.Text, s.Sigs[0].Sig)
				}
				if !batch.Verify() {
					b.Error("a signature is bad")
				}
			}
		})
	}
	all.Wait()
	return float64(len(notes)) / time.Since(began).Seconds()
}

// BenchmarkIntake submits statements by 2048 writers, each the next when the one
// before is durable and proven, in turns with the verification of the same
// statements in batches, which is the limit.
func BenchmarkIntake(b *testing.B) {
	w := newWorld(b).still()
	const n, writers = 8192, 2048
	var ours, limit, busy float64
	round := 0
	for b.Loop() {
		b.StopTimer()
		notes := w.said(n, fmt.Sprint("round ", round))
		round++
		b.StartTimer()
		limit += 1 / verified(b, notes)
		began, used := time.Now(), cpu(b)
		var all sync.WaitGroup
		var next atomic.Int64
		for range writers {
			all.Go(func() {
				for i := next.Add(1) - 1; i < n; i = next.Add(1) - 1 {
					if _, err := w.d.Submit(w.a.ID, notes[i], -1); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		ours += time.Since(began).Seconds() / n
		busy += (cpu(b) - used) / n
	}
	b.ReportMetric(float64(b.N)/ours, "entries/s")
	b.ReportMetric(busy/float64(b.N)*1e6, "cpu-us/entry")
	b.ReportMetric(float64(b.N)/limit, "limit/s")
}

// BenchmarkWitnessed submits to a record at rest and waits for the checkpoint
// that a quorum cosigned, in turns with asking the witnesses for the same alone.
func BenchmarkWitnessed(b *testing.B) {
	w := newWorld(b)
	w.cfg.Batch = 0 // the depositary's own choice
	w.open()
	h := w.hosted()
	var all, own []float64
	i := 0
	for b.Loop() {
		b.StopTimer()
		w.clock.add(time.Minute)
		if err := (clock.Real{}).Sleep(b.Context(), 2*defaultBatch); err != nil {
			b.Fatal(err)
		}
		note := w.brio(declare(fmt.Sprint("witnessed ", i)))
		i++
		b.StartTimer()
		began := time.Now()
		r, err := w.d.Submit(w.a.ID, note, -1)
		if err != nil {
			b.Fatal(err)
		}
		for changed := h.log.Changed(); headOf(h.log.Cosigned()).Size <= r.Index; changed = h.log.Changed() {
			<-changed
		}
		all = append(all, time.Since(began).Seconds()*1e3)
		// The depositary may ask for a larger head meanwhile, its proof's: then once more.
		var asked error
		for range 10 {
			began = time.Now()
			h.mu.RLock()
			round, point := h.round(), h.log.Checkpoint()
			h.mu.RUnlock()
			if _, asked = round.Gather(b.Context(), point, h.log.HashReader()); asked == nil {
				break
			}
		}
		if asked != nil {
			b.Fatal(asked)
		}
		own = append(own, time.Since(began).Seconds()*1e3)
	}
	b.ReportMetric(median(all), "witnessed-ms")
	b.ReportMetric(median(own), "witnesses-ms")
	b.ReportMetric(median(all)-median(own), "above-ms")
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// idle writes a depositary's folder with n records, as it would be after each
// was opened and cosigned.
func (w *world) idle(b testing.TB, n int) {
	d := &Depositary{cfg: w.cfg}
	s, err := store.Open(filepath.Join(w.cfg.Dir, "store"), store.Options{Sign: d.sign})
	if err != nil {
		b.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(w.cfg.Dir, "bundle"), 0o700); err != nil {
		b.Fatal(err)
	}
	var all sync.WaitGroup
	var next atomic.Int64
	for range 128 {
		all.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				a, archive := bundle(b, fmt.Sprintf("pledge-%d", i))
				l, err := s.Create(b.Context(), record.Origin(a), record.Opening(a))
				if err == nil {
					err = os.WriteFile(d.bundleFile(a.ID), archive, 0o600)
				}
				if err == nil { // with its first proof of time nothing is owed
					_, _, err = l.Append(b.Context(), record.ProofEntry(cosigned(b, l.Checkpoint())), 1)
				}
				if err == nil {
					err = l.PutCosigned(b.Context(), cosigned(b, l.Checkpoint()))
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkIdle opens many records in which nothing happens.
func BenchmarkIdle(b *testing.B) {
	w := newWorld(b)
	w.cfg.Unconfirmed = true
	w.idle(b, *idleRecords)
	for _, p := range w.posts {
		p.dead.Store(true) // nobody is to be asked
	}
	for b.Loop() {
		before := liveHeap()
		began := time.Now()
		w.start()
		b.ReportMetric(time.Since(began).Seconds(), "open-s")
		b.ReportMetric(float64(*idleRecords), "records")
		if n := len(w.d.Records()); n != *idleRecords {
			b.Fatalf("%d records", n)
		}
		used := cpu(b)
		for w.d.unseen() > 0 { // idle is what they are once each was read
			if err := (clock.Real{}).Sleep(b.Context(), 100*time.Millisecond); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(time.Since(began).Seconds(), "read-s")
		b.ReportMetric(cpu(b)-used, "read-cpu-s")
		if err := (clock.Real{}).Sleep(b.Context(), time.Second); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(liveHeap()-before)/1e6, "heap-MB")
		b.ReportMetric(float64(files(b)), "files")
		used = cpu(b)
		if err := (clock.Real{}).Sleep(b.Context(), 10*time.Second); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric((cpu(b)-used)/10*100, "cpu-%")
		if asked := w.posts[0].calls.Load(); asked > 0 {
			b.Fatalf("a witness was asked %d times: the records are not idle", asked)
		}
		if err := w.end(); err != nil {
			b.Fatal(err)
		}
	}
}

func liveHeap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// files is how many files this process has open.
func files(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// cpu is the seconds of processor that this process has used.
func cpu(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// cosigned adds the lines of three witnesses to a checkpoint.
func cosigned(t testing.TB, note []byte) []byte { return cosignedAt(t, note, 1_614_038_400) }

func cosignedAt(t testing.TB, note []byte, at agreement.Instant) []byte {
	t.Helper()
	n, err := statement.ParseNote(note)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range witnessNames[:3] {
		sig, err := statement.Cosign(key(name, name), n.Text, at)
		if err != nil {
			t.Fatal(err)
		}
		n.Sigs = append(n.Sigs, sig)
	}
	return n.Bytes()
}
