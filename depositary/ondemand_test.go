package depositary

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"detente/internal/durable"
	"detente/record"
	"detente/record/store"
	"detente/statement"
)

// many is a world whose folder holds n idle records, of which few are kept read.
func many(t testing.TB, n int, r room) *world {
	t.Helper()
	w := newWorld(t)
	w.cfg.room = r
	w.idle(t, n)
	return w
}

// of is the world of another of its records.
func (w *world) of(i int) *world {
	w.t.Helper()
	other := *w
	other.a, other.archive = bundle(w.t, fmt.Sprintf("pledge-%d", i))
	return &other
}

// isRead is whether the record is held in memory.
func (w *world) isRead() bool {
	w.d.shelf.mu.Lock()
	defer w.d.shelf.mu.Unlock()
	return w.d.record(w.a.ID).reading != nil
}

// surveyed waits until every record was read once.
func (w *world) surveyed() {
	w.t.Helper()
	for w.d.unseen() > 0 {
		w.rest(time.Millisecond)
	}
}

// quiet waits until no more records are in memory than are kept: what the start
// asks of the witnesses for each is over.
func (w *world) quiet() {
	w.t.Helper()
	w.surveyed()
	for _, h := range w.d.records {
		for !h.confirmed.Load() {
			w.rest(time.Millisecond)
		}
	}
	read := func() int {
		w.d.shelf.mu.Lock()
		defer w.d.shelf.mu.Unlock()
		return w.d.shelf.read
	}
	for read() > w.cfg.room.records {
		w.rest(time.Millisecond)
	}
}

// rest waits a while of real time.
func (w *world) rest(d time.Duration) {
	w.t.Helper()
	rest(w.t.Context(), d)
}

// fetch asks for JSON at a path of the server.
func (w *world) fetch(path string, into any) {
	w.t.Helper()
	resp, body := w.ask("GET", path, nil, nil)
	if err := json.Unmarshal(body, into); err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %d %.200q: %v", path, resp.StatusCode, body, err)
	}
}

// grown waits until a record that nobody reads has so many entries, all of them
// cosigned, without asking for it.
func (w *world) grown(what string, size int64) {
	w.t.Helper()
	h, ctx := w.d.record(w.a.ID), w.ctx()
	for changed := h.log.Changed(); h.log.Head().Size < size || headOf(h.log.Cosigned()).Size < h.log.Head().Size; changed = h.log.Changed() {
		select {
		case <-changed:
		case <-ctx.Done():
			w.t.Fatalf("%s: the record has %d entries, %d cosigned; want %d", what, h.log.Head().Size, headOf(h.log.Cosigned()).Size, size)
		}
	}
}

// TestManyRecords: of many records some are in memory, all are served, take
// statements in and have them dated, and no more files are open than for a few.
func TestManyRecords(t *testing.T) {
	const n, kept = 40, 3
	w := many(t, n, room{records: kept, weight: 1 << 30})
	w.start()
	w.surveyed()
	for i := 1; i <= n; i++ {
		r := w.of(i)
		var s status
		r.fetch("/"+r.a.ID.String()+"/status.json", &s)
		if s.Size != 2 || s.Name != string(r.a.Name) {
			t.Errorf("record %d: %+v", i, s)
		}
		if i%8 == 0 {
			r.effect(r.follower(), r.retry(r.brio(declare("still here"))).ID)
		}
	}
	w.d.shelf.mu.Lock()
	if read, idle := w.d.shelf.read, w.d.shelf.idle.Len(); idle > kept || read > idle+maxRounds {
		t.Errorf("%d records are in memory, %d of them unused; at most %d are to be kept", read, idle, kept)
	}
	w.d.shelf.mu.Unlock()
	if open := filesIn(t, w.cfg.Dir); len(open) > 5 {
		t.Errorf("%d files are open for %d records: %v", len(open), n, open)
	}
	var home struct {
		Records []struct{ Name, Title string }
	}
	w.fetch("/", &home)
	if len(home.Records) != n || home.Records[0].Title != "A pledge" {
		t.Errorf("the list: %+v", home)
	}
}

// filesIn are the files below a folder that this process has open.
func filesIn(t *testing.T, dir string) (open []string) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range list {
		// One that was closed meanwhile is not open.
		if name, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(name, dir) {
			open = append(open, name)
		}
	}
	return open
}

// A counting disk counts how often each file is opened for reading, and fails
// as it is told.
type counting struct {
	durable.FS
	opened sync.Map // *atomic.Int64 by name
	fail   func(name string) error
}

func (c *counting) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	n, _ := c.opened.LoadOrStore(name, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
	if c.fail != nil && flag == os.O_RDONLY {
		if err := c.fail(name); err != nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
	}
	return c.FS.OpenFile(name, flag, perm)
}

func (c *counting) times(name string) int64 {
	n, ok := c.opened.Load(name)
	if !ok {
		return 0
	}
	return n.(*atomic.Int64).Load()
}

// TestReadOnce: many who want a record at the same time have it read once.
func TestReadOnce(t *testing.T) {
	disk := &counting{FS: durable.OS}
	w := many(t, 4, room{records: 1, weight: 1 << 30})
	w.cfg.FS = disk
	d, err := Open(w.cfg) // without Run, so nobody else reads
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for i := 1; i <= 4; i++ {
		h := d.record(w.of(i).a.ID)
		before := disk.times(d.bundleFile(h.id))
		held := int64(0)
		if h.seen.Load() {
			held = 1 // the first of all, read by Open
		}
		var all sync.WaitGroup
		var come atomic.Int32
		disk.fail = func(string) error {
			for come.Load() < 16 { // nobody is too late to want it
				rest(t.Context(), time.Millisecond)
			}
			rest(t.Context(), 20*time.Millisecond)
			return nil
		}
		for range 16 {
			all.Go(func() {
				come.Add(1)
				if err := d.want(t.Context(), h); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := disk.times(d.bundleFile(h.id)) - before; n != 1-held && n != 1 {
			t.Errorf("record %d was read %d times by 16 at once", i, n)
		}
		if h.place.users != 16 {
			t.Errorf("record %d has %d users, want 16", i, h.place.users)
		}
		for range 16 {
			d.done(h)
		}
	}
	if n := d.shelf.read; n != 1 {
		t.Errorf("%d records are kept, want 1", n)
	}
}

// TestRoom: what was used longest ago goes first, by number and by weight; what
// is used stays, and so does the last one, whatever it weighs.
func TestRoom(t *testing.T) {
	for name, r := range map[string]room{"number": {records: 2, weight: 1 << 40}, "weight": {records: 100, weight: 100 << 10}} {
		w := many(t, 5, r)
		d, err := Open(w.cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		h := make([]*hosted, 6)
		for i := 1; i <= 5; i++ {
			h[i] = d.record(w.of(i).a.ID)
			if err := d.use(t.Context(), h[i]); err != nil {
				t.Fatal(err)
			}
		}
		if d.shelf.read != 5 {
			t.Errorf("%s: %d of 5 records in use are in memory", name, d.shelf.read)
		}
		for _, i := range []int{2, 4, 1, 3} {
			d.done(h[i])
		}
		for i, want := range map[int]bool{1: true, 2: false, 3: true, 4: false, 5: true} {
			if got := h[i].reading != nil; got != want {
				t.Errorf("%s: record %d in memory: %v, want %v", name, i, got, want)
			}
		}
	}
	w := many(t, 1, room{records: 5, weight: 1})
	d, err := Open(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if d.shelf.read != 1 {
		t.Error("a record that weighs more than the room is not kept")
	}
}

// TestUnasked: whatever a depositary does by itself it does for records that
// nobody asks for, and that are not in memory.
func TestUnasked(t *testing.T) {
	w := newWorld(t)
	w.cfg.room = room{records: 1, weight: 1 << 30}
	w.idle(t, 6)
	d := &Depositary{cfg: w.cfg}
	st, err := store.Open(filepath.Join(w.cfg.Dir, "store"), store.Options{Sign: d.sign})
	if err != nil {
		t.Fatal(err)
	}
	for i, entry := range map[int]func(*store.Log, *world) []byte{
		// An entry that no proof covers: the depositary was interrupted.
		3: func(_ *store.Log, r *world) []byte { return r.brio(declare("and then it was killed")) },
		// A proof, the head after which nobody has cosigned.
		4: func(l *store.Log, _ *world) []byte {
			return record.ProofEntry(cosignedAt(t, l.Checkpoint(), 1_614_038_460))
		},
	} {
		r := w.of(i)
		l, _ := st.Log(record.Origin(r.a))
		if _, _, err := l.Append(t.Context(), entry(l, r), 2); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.surveyed()
	w.of(3).grown("an entry without a proof", 4)
	w.of(4).grown("a head that is not cosigned", 3)
	for i := 1; i <= 6; i++ {
		h, ctx := w.d.record(w.of(i).a.ID), w.ctx()
		for !h.confirmed.Load() {
			if ctx.Err() != nil {
				t.Fatalf("record %d is not confirmed", i)
			}
			w.rest(time.Millisecond)
		}
	}
	if err := w.end(); err != nil { // and whoever worked on them is done
		t.Fatal(err)
	}
	if n := w.d.shelf.read; n != 1 {
		t.Errorf("%d records are in memory, want 1", n)
	}
}

// TestUnaskedDeadline: a deadline of a record that was given up, and of one that
// was never asked for since the start, is shown to have passed when it has.
func TestUnaskedDeadline(t *testing.T) {
	w := many(t, 4, room{records: 1, weight: 1 << 30})
	w.start()
	r := w.of(2)
	f := r.follower()
	r.retry(r.alba(statement.SignBody{Findings: statement.ID{}.String()}))
	r.effect(f, r.submit(r.brio(statement.SignBody{Findings: statement.ID{}.String()})).ID)
	w.clock.add(time.Hour)
	claim := r.effect(f, r.submit(r.alba(statement.PerformBody{Commitment: "pledge", Documents: []statement.Document{}})).ID)
	if !claim.Verdict.Effect {
		t.Fatal(claim.Verdict.Reason)
	}
	gone := func() {
		t.Helper()
		for i := 1; r.isRead(); i = i%4 + 1 { // another is asked for
			if i != 2 {
				w.of(i).get("status.json")
			}
		}
	}
	r.grown("the claim", f.Fold().Size())
	gone()
	size := w.d.record(r.a.ID).log.Head().Size
	w.clock.add(7*day + time.Minute) // the silence of seven days accepts
	r.grown("the deadline shown, and that covered", size+2)
	size = w.d.record(r.a.ID).log.Head().Size
	w.end()
	w.clock.add(2 * time.Hour) // the window, while the depositary is down
	w.start()
	r.d, r.server = w.d, w.server
	w.surveyed()
	r.grown("the deadline decided", size+1)
	decided := false
	r.until(r.follower(), "it is decided", func(fold *record.Fold) bool {
		events := fold.Events()
		decided = len(events) > 0 && events[len(events)-1].Entry == -1
		return decided
	})
}

// TestUnaskedRedaction: what a crash left between a redaction and the deletion
// is deleted also of a record that nobody asks for.
func TestUnaskedRedaction(t *testing.T) {
	w := many(t, 3, room{records: 1, weight: 1 << 30})
	w.start()
	r := w.of(3)
	payload := statement.NewPayload(statement.Salt{1}, []byte("forty crates"))
	doc := statement.NameDocument("list.txt", statement.Salt{1}, []byte("forty crates"))
	said := r.retry(r.brio(statement.DeclareBody{Documents: []statement.Document{doc}}))
	s := r.draft("brio", statement.RedactBody{Document: doc.Digest, Reason: "it names a driver"})
	s.Answers = said.ID
	r.submit(sign(t, s, "brio"))
	name := w.d.documentFile(r.hosted().reading, record.Attachment{Entry: said.Index, Document: doc})
	w.end()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, payload, 0o600); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.surveyed()
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a document that was redacted is there: %v", err)
	}
}

// damageOf changes a byte of an entry in a record's tail file.
func (w *world) damageOf(i int) {
	w.t.Helper()
	names, err := filepath.Glob(filepath.Join(w.cfg.Dir, "store", "log", "*"+w.of(i).a.ID.String(), "tail"))
	if err != nil || len(names) != 1 {
		w.t.Fatal(names, err)
	}
	b, err := os.ReadFile(names[0])
	if err != nil {
		w.t.Fatal(err)
	}
	b[len(b)-9] ^= 1
	if err := os.WriteFile(names[0], b, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// TestDamagedRecord: a damaged record that nobody asks for is found and named,
// and ends the depositary, as it does when somebody asks for it, who is told.
func TestDamagedRecord(t *testing.T) {
	const n = 6
	for _, asked := range []bool{false, true} {
		w := many(t, n, room{records: 1, weight: 1 << 30})
		d, err := Open(w.cfg)
		if err != nil {
			t.Fatal(err)
		}
		last := 1 // one that is not read at the start
		for d.record(w.of(last).a.ID).seen.Load() {
			last++
		}
		d.Close()
		w.damageOf(last)
		if d, err = Open(w.cfg); err != nil {
			t.Fatalf("asked %v: %v", asked, err)
		}
		if asked {
			_, err := d.Submit(w.of(last).a.ID, w.of(last).brio(declare("x")), -1)
			if r, is := errors.AsType[*Refusal](err); !is || r.Code != codeStopped {
				t.Errorf("who asks is told %v", err)
			}
		}
		err = d.Run(w.ctx())
		if err == nil || !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), w.of(last).a.ID.String()) || !strings.Contains(err.Error(), "detente restore") {
			t.Errorf("asked %v: Run ended with %v", asked, err)
		}
		d.Close()
	}
}

// TestCosignedMore: a record whose kept checkpoint shows more than its entries
// is refused at the start, wherever it stands in the line.
func TestCosignedMore(t *testing.T) {
	for i := 1; i <= 5; i++ {
		w := many(t, 5, room{records: 1, weight: 1 << 30})
		names, err := filepath.Glob(filepath.Join(w.cfg.Dir, "store", "log", "*"+w.of(i).a.ID.String(), "cosigned", "*"))
		if err != nil || len(names) != 1 {
			t.Fatal(names, err)
		}
		d := &Depositary{cfg: w.cfg}
		note, err := d.sign(record.Origin(w.of(i).a), statement.Head{Size: 3, Root: [32]byte{3}})
		if err != nil {
			t.Fatal(err)
		}
		more := filepath.Join(filepath.Dir(names[0]), "0000000000000003-00000000")
		if err := errors.Join(os.WriteFile(names[0], note, 0o600), os.Rename(names[0], more)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(w.cfg); !errors.Is(err, store.ErrRollback) || !strings.Contains(err.Error(), w.of(i).a.ID.String()) {
			t.Errorf("record %d shows less than was cosigned: %v", i, err)
		}
	}
}

// TestUnreadable: a record that cannot be read for lack of files is no damaged
// one. Who asks is told to come again, and it is read when that is over.
func TestUnreadable(t *testing.T) {
	w := many(t, 3, room{records: 1, weight: 1 << 30})
	var short atomic.Bool
	w.cfg.FS = &counting{FS: durable.OS, fail: func(name string) error {
		if short.Load() && strings.Contains(name, "bundle") {
			return syscall.EMFILE
		}
		return nil
	}}
	short.Store(false)
	d, err := Open(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	short.Store(true)
	w.d = d
	w.run()
	var lacking *world
	for i := 1; i <= 3; i++ {
		if r := w.of(i); !d.record(r.a.ID).seen.Load() {
			lacking = r
		}
	}
	resp, _ := lacking.get("status.json")
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a record that cannot be read: %d", resp.StatusCode)
	}
	if resp, _ := lacking.get("checkpoint"); resp.StatusCode != http.StatusOK {
		t.Errorf("its checkpoint: %d", resp.StatusCode)
	}
	short.Store(false)
	w.surveyed() // it tries again
	if resp, _ := lacking.get("status.json"); resp.StatusCode != http.StatusOK {
		t.Errorf("a record that can be read again: %d", resp.StatusCode)
	}
}

// TestGivenUpUnderLoad: records are read and given up all the time while many
// write to them and read them, and the depositary is started again; everything
// acknowledged stands once.
func TestGivenUpUnderLoad(t *testing.T) {
	const n, rounds = 6, 3
	w := many(t, n, room{records: 1, weight: 1 << 30})
	acks := map[statement.ID]ack{}
	var mu sync.Mutex
	for round := range rounds {
		w.start()
		var all sync.WaitGroup
		for g := range 8 {
			rng := rand.New(rand.NewPCG(uint64(round), uint64(g)))
			all.Go(func() {
				for i := range 25 {
					at := 1 + rng.IntN(n)
					r := w.of(at)
					if rng.IntN(3) == 0 && round != 1 {
						r.get("tile/0/000.p/1")
						continue
					}
					receipt, err := w.d.Submit(r.a.ID, r.brio(declare(fmt.Sprint(round, g, i))), -1)
					if refused, is := errors.AsType[*Refusal](err); is && refused.Code == codeUnconfirmed {
						continue
					}
					if err != nil {
						if round != 1 || w.d.life.Err() == nil { // then it is ending
							t.Error(err)
						}
						return
					}
					mu.Lock()
					acks[receipt.ID] = ack{int32(at), receipt.Index, receipt.ID}
					mu.Unlock()
				}
			})
		}
		if round == 1 { // it ends while they write
			w.rest(20 * time.Millisecond)
			go w.end()
			all.Wait()
			w.end()
			continue
		}
		all.Wait()
		if err := w.end(); err != nil {
			t.Fatal(err)
		}
	}
	w.start()
	for id, a := range acks {
		r := w.of(int(a.Record))
		h := r.hosted()
		h.mu.RLock()
		j, ok := h.fold.ByID(id)
		h.mu.RUnlock()
		if !ok || j.Index != a.Index {
			t.Errorf("record %d: acknowledged as entry %d, and is not there", a.Record, a.Index)
		}
	}
	if len(acks) < 20 { // most are refused by who has just started
		t.Errorf("only %d were acknowledged", len(acks))
	}
}
