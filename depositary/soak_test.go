package depositary

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"detente/internal/ahead"
	"detente/internal/clock"
	"detente/internal/durable"
	"detente/mirror"
	"detente/record"
	"detente/record/store"
	"detente/statement"
)

var soakFor = flag.Duration("soak", 2*time.Second, "how long TestSoak loads the depositary")

// What may be held more at the end of a soak than after a fifth of it.
const (
	perEntry   = 200     // bytes of live heap for each entry written meanwhile: the fold's indexes
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
	t       *testing.T
	disk    *brimming
	http    *http.Client
	of      []*world // of each record
	clients atomic.Pointer[[]*mirror.Client]
	pace    atomic.Int64  // nanoseconds between two statements of one writer
	pause   sync.RWMutex  // held for writing while nobody is to write
	down    time.Duration // while it started again

	mu    sync.Mutex
	acks  *os.File // not in memory, whose growth is measured
	count int
	tries int
}

// soakWriters write to one record, and a few others to soakOthers records in
// turn, more than are kept in memory.
const (
	soakWriters   = 60
	soakWanderers = 4
	soakOthers    = 12
)

// An ack is what was acknowledged, as it is kept in a file.
type ack struct {
	Record int32
	Index  int64
	ID     statement.ID
}

// TestSoak measures the peak rate, loads a depositary at 80 % of it while
// witnesses go, connections break, the disk fills and the depositary starts
// again, and looks at the end that all that was acknowledged is on the record
// once, and that nothing has grown but by what the record holds. It runs in this
// process, where the disk can be filled and memory be measured to the byte;
// processes are killed by simulation/processes.
func TestSoak(t *testing.T) {
	s := &soak{t: t, disk: &brimming{FS: durable.OS}, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: soakWriters}}}
	var err error
	if s.acks, err = os.Create(filepath.Join(t.TempDir(), "acks")); err != nil {
		t.Fatal(err)
	}
	defer s.acks.Close()
	s.world = newWorld(t)
	s.cfg.FS, s.cfg.Batch, s.cfg.room = s.disk, 0, room{records: soakOthers / 3, weight: 1 << 40}
	s.cfg.HTTP = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: maxRounds}} // of all its lives
	s.open()
	s.of = append(s.of, s.world)
	for i := 1; i <= soakOthers; i++ {
		other := s.world.of(i)
		if _, err := s.d.OpenRecord(s.ctx(), other.archive); err != nil {
			t.Fatal(err)
		}
		s.of = append(s.of, other)
	}
	s.reach()
	ctx, end := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for w := range soakWriters + soakWanderers {
		all.Go(func() { s.write(ctx, w) })
	}
	s.rest(*soakFor / 10) // as fast as it can
	peak := float64(s.acknowledged()) / (*soakFor / 10).Seconds()
	s.pace.Store(int64(float64(soakWriters+soakWanderers) / max(0.8*peak, soakWriters) * 1e9)) // a second at most
	faults := map[string]int{}
	s.trouble(*soakFor/10, faults)
	early := s.measure(held{goroutines: 1 << 20, files: 1 << 20})
	s.trouble(*soakFor*8/10, faults)
	late := s.measure(early)
	end()
	all.Wait()
	up := *soakFor*9/10 - s.down
	entries := s.check()
	t.Logf("peak %.0f a second, then %.0f of the %.0f meant, while it was up, %s; %d acknowledged, %d tried again; faults %v; %d entries", peak,
		(float64(s.count)-peak*soakFor.Seconds()/10)/up.Seconds(), 0.8*peak, up.Round(time.Second), s.count, s.tries, faults, entries)
	t.Logf("after a fifth %v; at the end %v; %d bytes for each", early, late, (late.heap-early.heap)/int64(max(1, late.acks-early.acks)))
	if grown, allowed := late.heap-early.heap, int64(late.acks-early.acks)*perEntry+slack; grown > allowed {
		t.Errorf("the heap grew by %d bytes with %d entries: at most %d are allowed", grown, late.acks-early.acks, allowed)
	}
	if late.goroutines > early.goroutines+moreOthers || late.files > early.files+moreOthers {
		t.Errorf("goroutines or files grew: %v, then %v", early, late)
	}
}

// reach points the writers at the depositary as it runs now.
func (s *soak) reach() {
	var all []*mirror.Client
	for _, w := range s.of {
		c, err := mirror.NewClient(s.server.URL, w.a.ID, s.http)
		if err != nil {
			s.t.Fatal(err)
		}
		all = append(all, c)
	}
	s.clients.Store(&all)
}

func (s *soak) rest(d time.Duration) {
	s.t.Helper()
	if err := (clock.Real{}).Sleep(s.t.Context(), d); err != nil {
		s.t.Fatal(err)
	}
}

func (s *soak) acknowledged() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// acknowledge keeps what was acknowledged.
func (s *soak) acknowledge(of int, r *mirror.Receipt) {
	if err := binary.Write(s.acks, binary.BigEndian, ack{int32(of), r.Index, r.ID}); err != nil {
		s.t.Error(err)
	}
	s.count++
}

// write submits one statement after the other, each until it is acknowledged.
func (s *soak) write(ctx context.Context, w int) {
	due := time.Now()
	for i := 0; ctx.Err() == nil; i++ {
		of := 0
		if w >= soakWriters {
			of = 1 + (w+i)%soakOthers
		}
		note := s.of[of].brio(declare(fmt.Sprintf("writer %d says %d", w, i)))
		for done := false; !done && ctx.Err() == nil; {
			s.pause.RLock()
			r, err := (*s.clients.Load())[of].Submit(ctx, note)
			s.pause.RUnlock()
			s.mu.Lock()
			if done = err == nil; done {
				s.acknowledge(of, r)
			} else {
				s.tries++
			}
			s.mu.Unlock()
			if !done {
				_ = clock.Real{}.Sleep(ctx, 20*time.Millisecond) // cut short, the loop ends
			}
		}
		due = due.Add(time.Duration(s.pace.Load()))
		if late := time.Since(due); late > 2*time.Second { // what was not said while it was down is not made up for
			due = time.Now()
		} else {
			_ = clock.Real{}.Sleep(ctx, -late) // likewise
		}
	}
}

// trouble does one thing after the other to the depositary, for so long. It
// starts again a few times, for that takes longer with every entry.
func (s *soak) trouble(d time.Duration, faults map[string]int) {
	s.t.Helper()
	began, starts := time.Now(), 0
	for k := 0; time.Since(began) < d || k < 4; k++ {
		s.rest(min(d/8, 5*time.Second))
		s.clock.add(time.Second)
		if p := s.posts[k%len(s.posts)]; k%4 == 0 {
			faults["witness down"]++
			p.dead.Store(true)
			s.rest(min(d/8, 2*time.Second))
			p.dead.Store(false)
		}
		if k%4 == 1 {
			faults["connections dropped"]++
			s.server.CloseClientConnections()
		}
		if k%4 < 2 || time.Since(began) < d*time.Duration(starts)/8 && k >= 4 {
			continue
		}
		starts++
		stopped := time.Now()
		if k%4 == 2 {
			faults["started again"]++
			s.restart()
		} else {
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
		}
		s.reach()
		s.down += time.Since(stopped)
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

// measure waits for the writers and looks, also how it compares with before.
func (s *soak) measure(before held) held {
	s.t.Helper()
	s.pause.Lock()
	defer s.pause.Unlock()
	h := s.hosted() // the large record is in memory at every measurement
	defer s.d.done(h)
	goroutines, open := runtime.NumGoroutine(), files(s.t)
	// Rounds of witnesses under way end, and leave connections; what has leaked
	// is there after any time.
	for look := 0; look < 10 || look < 1000 && (goroutines > before.goroutines+moreOthers || open > before.files+moreOthers); look++ {
		s.http.CloseIdleConnections()
		s.cfg.HTTP.CloseIdleConnections()
		s.rest(min(*soakFor/50, 100*time.Millisecond))
		goroutines, open = min(goroutines, runtime.NumGoroutine()), min(open, files(s.t))
	}
	var pages, resident int64
	statm, err := os.ReadFile("/proc/self/statm")
	if err == nil {
		_, err = fmt.Sscan(string(statm), &pages, &resident)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return held{liveHeap(), resident * int64(os.Getpagesize()), goroutines, open, s.acknowledged()}
}

// check opens the folder again and folds each record from its bytes.
func (s *soak) check() (entries int64) {
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
	if s.count == 0 {
		s.t.Error("nothing was acknowledged")
	}
	for i, w := range s.of {
		l, _ := st.Log(record.Origin(w.a))
		fold := s.fold(l, w)
		entries += fold.Size()
		if _, err := s.acks.Seek(0, io.SeekStart); err != nil {
			s.t.Fatal(err)
		}
		said := bufio.NewReader(s.acks)
		for range s.count {
			var a ack
			if err := binary.Read(said, binary.BigEndian, &a); err != nil {
				s.t.Fatal(err)
			}
			if j, ok := fold.ByID(a.ID); int(a.Record) == i && (!ok || j.Index != a.Index) {
				s.t.Errorf("statement %s was acknowledged as entry %d of record %d, and is not there", a.ID, a.Index, i)
			}
		}
	}
	return entries
}

// fold reads a record of the store.
func (s *soak) fold(l *store.Log, w *world) *record.Fold {
	s.t.Helper()
	fold, err := record.NewFold(w.a)
	if err != nil {
		s.t.Fatal(err)
	}
	for fold.Size() < l.Head().Size {
		entries, err := l.Entries(fold.Size(), store.MaxRead)
		if err != nil || len(entries) == 0 {
			s.t.Fatalf("entry %d: %v", fold.Size(), err)
		}
		for _, look := range ahead.Look(fold.Ring(), entries) {
			if j := fold.AppendLook(look); j.Fault != nil { // one that stands twice is one
				s.t.Errorf("entry %d: %v", j.Index, j.Fault)
			}
		}
	}
	if fold.Head() != l.Head() {
		s.t.Errorf("the entries give %s, the head is %s", fold.Head(), l.Head())
	}
	return fold
}
