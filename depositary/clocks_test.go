package depositary

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"detente/record"
	"detente/statement"
)

// A host whose clock is ahead of the witnesses' sees a deadline passed that they
// do not. It must not append their proofs: each would meet no duty, ask to be
// covered, and the record would grow for ever.
func TestHostAheadOfItsWitnesses(t *testing.T) {
	w := newWorld(t)
	behind := int64(2 * time.Hour / time.Second)
	for _, p := range w.posts {
		p.clock.by.Store(-behind)
	}
	w.still()
	for _, note := range [][]byte{w.alba(statement.SignBody{Findings: statement.ID{}.String()}), w.brio(statement.SignBody{Findings: statement.ID{}.String()})} {
		if _, err := w.d.Submit(w.a.ID, note, -1); err != nil {
			t.Fatal(err)
		}
	}
	h := w.hosted()
	work := func() error {
		task, _ := h.task(w.d.now())
		if task.what != prove {
			t.Fatalf("no proof is due: %+v", task)
		}
		return w.d.do(w.ctx(), h, task)
	}
	if err := work(); err != nil {
		t.Fatal(err)
	}
	w.clock.add(time.Date(2021, 3, 23, 0, 1, 0, 0, time.UTC).Sub(w.clock.Now()))
	size := h.fold.Size()
	for range 3 {
		if err := work(); err == nil || !strings.Contains(err.Error(), "the witnesses' clocks show") {
			t.Errorf("a proof from before the deadline: %v", err)
		}
	}
	if h.fold.Size() != size {
		t.Fatalf("%d entries, then %d: the host goes on by its own clock", size, h.fold.Size())
	}
	for _, p := range w.posts {
		p.clock.by.Store(0)
	}
	if err := work(); err != nil || h.fold.Size() != size+1 {
		t.Errorf("when the witnesses are there: %v, %d entries after %d", err, h.fold.Size(), size)
	}
}

// What is taken in is published at once: the receipt has a signed checkpoint
// above it, and a reader sees it, though no witness answers and no time passes.
func TestReceiptWaitsForNobody(t *testing.T) {
	w := newWorld(t).open()
	f := w.follower()
	w.until(f, "the opening is dated", func(fold *record.Fold) bool { return fold.Size() >= 2 && fold.Entry(0).Covered })
	for _, p := range w.posts {
		p.dead.Store(true)
	}
	r := w.submit(w.brio(declare("now")))
	head, err := r.Verify(record.Origin(w.a), key("host", "host").Public())
	if err != nil || head.Size <= r.Index {
		t.Fatalf("entry %d below a head of %d: %v", r.Index, head.Size, err)
	}
	if err := f.Update(w.ctx()); err != nil {
		t.Fatal(err)
	}
	if j, ok := f.Fold().ByID(r.ID); !ok || j.Index != r.Index || j.Covered {
		t.Errorf("a reader sees %+v, %v; want it there, and provisional", j, ok)
	}
}

// What an entry costs on the disk: itself, its hashes and a frame, and not a
// multiple of it. Room that a new record takes at once is not counted.
func TestDiskOfEachEntry(t *testing.T) {
	w := newWorld(t).still()
	disk := func() (n int64) {
		t.Helper()
		err := filepath.WalkDir(w.cfg.Dir, func(_ string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() {
				info, bad := e.Info()
				if bad != nil {
					return bad
				}
				n += info.Size()
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	var said int64
	before := disk()
	for i := range 600 {
		note := w.brio(declare(strings.Repeat("word ", 150) + time.Duration(i).String()))
		said += int64(len(note))
		if _, err := w.d.Submit(w.a.ID, note, -1); err != nil {
			t.Fatal(err)
		}
	}
	w.d.Close()
	if grown := disk() - before; grown > said+said/4 {
		t.Errorf("%d bytes of entries take %d on the disk", said, grown)
	}
}
