package depositary

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"detente/internal/clock"
	"detente/internal/durable"
	"detente/mirror"
	"detente/record"
	"detente/record/store"
	"detente/statement"
)

var (
	soakFor  = flag.Duration("soak", 2*time.Second, "how long TestSoak loads the depositary")
	soakMost = flag.Int("soak-entries", 300_000, "how many entries TestSoak writes at most: a record is held in memory")
)

// What may be held more at the end of a soak than after a fifth of it.
const (
	perEntry   = 8 << 10 // bytes of live heap for each entry written meanwhile
	slack      = 8 << 20 // bytes besides
	moreOthers = 32      // goroutines, and open files
)

// A brimming disk takes no byte more while it is full.
type brimming struct {
	durable.FS
	full atomic.Bool
}

type brimmingFile struct {
	durable.File
	disk *brimming
}

func (b *brimming) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := b.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return &brimmingFile{f, b}, nil
}

func (f *brimmingFile) Write(p []byte) (int, error) {
	if f.disk.full.Load() {
		return 0, syscall.ENOSPC
	}
	return f.File.Write(p)
}

func (f *brimmingFile) WriteAt(p []byte, off int64) (int, error) {
	if f.disk.full.Load() {
		return 0, syscall.ENOSPC
	}
	return f.File.WriteAt(p, off)
}

// A soak is a depositary under load by HTTP.
type soak struct {
	*world
	t      *testing.T
	disk   *brimming
	http   *http.Client
	client atomic.Pointer[mirror.Client]
	pace   atomic.Int64 // nanoseconds between two statements of one writer
	pause  sync.RWMutex // held for writing while nobody is to write

	mu    sync.Mutex
	acks  map[statement.ID]int64
	tries int
}

const soakWriters = 64

// TestSoak measures the peak rate, loads a depositary at 80 % of it while
// witnesses go, connections break, the disk fills and the depositary starts
// again, and looks at the end that all that was acknowledged is on the record
// once, and that nothing has grown but by what the record holds.
func TestSoak(t *testing.T) {
	s := &soak{t: t, disk: &brimming{FS: durable.OS}, acks: map[statement.ID]int64{}, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: soakWriters}}}
	s.world = newWorld(t)
	s.cfg.FS, s.cfg.Batch = s.disk, 0
	s.open()
	s.reach()
	ctx, end := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for w := range soakWriters {
		all.Go(func() { s.write(ctx, w) })
	}
	s.rest(*soakFor / 10) // as fast as it can
	peak := float64(s.count()) / (*soakFor / 10).Seconds()
	rate := min(0.8*peak, float64(*soakMost)/soakFor.Seconds())
	s.pace.Store(int64(soakWriters / rate * 1e9))
	faults := map[string]int{}
	s.trouble(*soakFor/10, faults)
	early := s.measure()
	s.trouble(*soakFor*8/10, faults)
	late := s.measure()
	end()
	all.Wait()
	entries := s.check()
	t.Logf("peak %.0f a second, then %.0f; %d acknowledged, %d tried again; faults %v; %d entries", peak, rate, len(s.acks), s.tries, faults, entries)
	t.Logf("after a fifth %v; at the end %v", early, late)
	if grown, allowed := late.heap-early.heap, int64(late.acks-early.acks)*perEntry+slack; grown > allowed {
		t.Errorf("the heap grew by %d bytes with %d entries: at most %d are allowed", grown, late.acks-early.acks, allowed)
	}
	if late.goroutines > early.goroutines+moreOthers || late.files > early.files+moreOthers {
		t.Errorf("goroutines or files grew: %v, then %v", early, late)
	}
}

// reach points the writers at the depositary as it runs now.
func (s *soak) reach() {
	c, err := mirror.NewClient(s.server.URL, s.a.ID, s.http)
	if err != nil {
		s.t.Fatal(err)
	}
	s.client.Store(c)
}

func (s *soak) rest(d time.Duration) {
	s.t.Helper()
	if err := (clock.Real{}).Sleep(s.t.Context(), d); err != nil {
		s.t.Fatal(err)
	}
}

func (s *soak) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.acks)
}

// write submits one statement after the other, each until it is acknowledged.
func (s *soak) write(ctx context.Context, w int) {
	for i := 0; ctx.Err() == nil; i++ {
		note := s.brio(declare(fmt.Sprintf("writer %d says %d", w, i)))
		began := time.Now()
		for done := false; !done && ctx.Err() == nil; {
			s.pause.RLock()
			r, err := s.client.Load().Submit(ctx, note)
			s.pause.RUnlock()
			s.mu.Lock()
			if done = err == nil; done {
				s.acks[r.ID] = r.Index
			} else {
				s.tries++
			}
			s.mu.Unlock()
			if !done {
				_ = clock.Real{}.Sleep(ctx, 20*time.Millisecond) // cut short, the loop ends
			}
		}
		_ = clock.Real{}.Sleep(ctx, time.Duration(s.pace.Load())-time.Since(began)) // likewise
	}
}

// trouble does one thing after the other to the depositary, for so long.
func (s *soak) trouble(d time.Duration, faults map[string]int) {
	s.t.Helper()
	end := time.Now().Add(d)
	for k := 0; time.Now().Before(end) || k < 4; k++ {
		s.rest(min(d/8, 5*time.Second))
		s.clock.add(time.Second)
		switch k % 4 {
		case 0:
			faults["witness down"]++
			s.posts[k/4%len(s.posts)].dead.Store(true)
			s.rest(min(d/8, 2*time.Second))
			s.posts[k/4%len(s.posts)].dead.Store(false)
		case 1:
			faults["connections dropped"]++
			s.server.CloseClientConnections()
		case 2:
			faults["started again"]++
			s.restart()
			s.reach()
		case 3:
			faults["disk full"]++
			s.disk.full.Store(true)
			for s.d.store.Err() == nil { // until somebody wants to write
				s.rest(5 * time.Millisecond)
			}
			if err := s.end(); err == nil {
				s.t.Error("the depositary went on with a full disk")
			}
			s.disk.full.Store(false)
			s.start()
			s.reach()
		}
	}
}

// A held is what the process holds.
type held struct {
	heap, rss         int64
	goroutines, files int
	acks              int
}

func (h held) String() string {
	return fmt.Sprintf("%d MB live, %d MB resident, %d goroutines, %d files, %d acknowledged", h.heap>>20, h.rss>>20, h.goroutines, h.files, h.acks)
}

// measure waits for the writers and looks.
func (s *soak) measure() held {
	s.t.Helper()
	s.pause.Lock()
	defer s.pause.Unlock()
	s.http.CloseIdleConnections()
	s.rest(min(*soakFor/20, time.Second))
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		s.t.Fatal(err)
	}
	var pages, resident int64
	statm, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		_, err = fmt.Sscan(string(statm), &pages, &resident)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return held{liveHeap(), resident * int64(os.Getpagesize()), runtime.NumGoroutine(), len(files), s.count()}
}

// check opens the folder again and folds it from its bytes, one by one.
func (s *soak) check() int64 {
	s.t.Helper()
	if err := s.end(); err != nil {
		s.t.Fatal(err)
	}
	d := &Depositary{cfg: s.cfg}
	st, err := store.Open(d.cfg.Dir+"/store", store.Options{Sign: d.sign})
	if err != nil {
		s.t.Fatal(err)
	}
	defer st.Close()
	l, _ := st.Log(record.Origin(s.a))
	fold, err := record.NewFold(s.a)
	if err != nil {
		s.t.Fatal(err)
	}
	for fold.Size() < l.Head().Size {
		entries, err := l.Entries(fold.Size(), store.MaxRead)
		if err != nil || len(entries) == 0 {
			s.t.Fatalf("entry %d: %v", fold.Size(), err)
		}
		for _, e := range entries {
			if j := fold.Append(e); j.Fault != nil { // one that stands twice is one
				s.t.Errorf("entry %d: %v", j.Index, j.Fault)
			}
		}
	}
	if fold.Head() != l.Head() {
		s.t.Errorf("the entries give %s, the head is %s", fold.Head(), l.Head())
	}
	for id, at := range s.acks {
		if j, ok := fold.ByID(id); !ok || j.Index != at {
			s.t.Errorf("statement %s was acknowledged as entry %d, and is not there", id, at)
		}
	}
	if len(s.acks) == 0 {
		s.t.Error("nothing was acknowledged")
	}
	return fold.Size()
}
