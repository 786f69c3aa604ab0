package vault

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"detente/agreement"
)

// BenchmarkCoverageWhole is the coverage of three months as they are: 16
// cameras, 90 days, segments of ten seconds, a batch of all cameras every five
// minutes, every manifest signed and in its chain: 12.4 million. The batches,
// about 7 GB, lie in a file, as an auditor's do; the live memory is read at
// every thousandth. Making them takes longer than the coverage: -benchtime 1x.
func BenchmarkCoverageWhole(b *testing.B) {
	const cameras, days, each = 16, 90, 30
	const slots = days * 24 * 3600 / 10
	f, kept := newFilm(b), newShelf(b)
	f.ledger.Terms.Epoch = 1 << 30
	f.ledger.Terms.Cameras, f.cams = nil, map[string]*filmCamera{}
	for i := range cameras {
		name := fmt.Sprintf("hall-%02d", i+1)
		f.ledger.Terms.Cameras = append(f.ledger.Terms.Cameras, name)
		f.cams[name] = &filmCamera{next: 1}
	}
	for first := int64(0); first < slots; first += each {
		f.seal(first+each-1, f.shootAll(first, first+each)...)
		kept.put(f.objects)
	}
	for b.Loop() {
		var before, most int64
		calls := 0
		begun := time.Now()
		c, err := f.ledger.Coverage(CoverageInput{
			Opens: worldOpens, Closes: worldOpens + slots*10, AsOf: worldOpens + slots*10 + commitWithin,
			ExistedBy: func(entry int64) (agreement.Instant, bool) { return f.entries[entry].Clock, true },
			Batch: func(d Digest) ([]byte, error) {
				if calls++; calls == 2 {
					before = liveBytes()
				} else if calls%1000 == 0 {
					most = max(most, liveBytes())
				}
				return kept.get(d)
			},
		})
		if err != nil {
			b.Fatal(err)
		}
		took := time.Since(begun)
		for _, camera := range c.Cameras {
			if camera.Seconds.Covered != slots*10 {
				b.Fatalf("%s: %v", camera.Camera, c.Summary())
			}
		}
		b.ReportMetric(took.Seconds(), "s")
		b.ReportMetric(took.Seconds()*1e6/(cameras*slots), "s/million")
		b.ReportMetric(float64(most-before)/1e6, "MB-live")
	}
}

// shootAll makes the manifests of slots [first, end) of every camera, each in
// the order of its camera.
func (f *film) shootAll(first, end int64) []*SignedManifest {
	made := make([][]*SignedManifest, len(f.ledger.Terms.Cameras))
	var wait sync.WaitGroup
	for i, name := range f.ledger.Terms.Cameras {
		wait.Go(func() {
			for slot := first; slot < end; slot++ {
				made[i] = append(made[i], f.shoot(name, slot, nil))
			}
		})
	}
	wait.Wait()
	var all []*SignedManifest
	for _, ms := range made {
		all = append(all, ms...)
	}
	return all
}

// A shelf keeps batches in one file.
type shelf struct {
	t     testing.TB
	file  *os.File
	size  int64
	where map[Digest][2]int64 // offset, length
}

func newShelf(t testing.TB) *shelf {
	file, err := os.CreateTemp(t.TempDir(), "batches")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return &shelf{t: t, file: file, where: map[Digest][2]int64{}}
}

// put moves the objects to the shelf.
func (s *shelf) put(objects map[Digest][]byte) {
	for d, object := range objects {
		if _, err := s.file.WriteAt(object, s.size); err != nil {
			s.t.Fatal(err)
		}
		s.where[d] = [2]int64{s.size, int64(len(object))}
		s.size += int64(len(object))
		delete(objects, d)
	}
}

func (s *shelf) get(d Digest) ([]byte, error) {
	at, ok := s.where[d]
	if !ok {
		return nil, fmt.Errorf("no batch %s", d)
	}
	object := make([]byte, at[1])
	_, err := s.file.ReadAt(object, at[0])
	return object, err
}

func liveBytes() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
