package depositary

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"detente/internal/durable/durabletest"
	"detente/mirror"
	"detente/record"
	"detente/statement"
)

// TestSlowAndDeadWitness: one of four that does not answer, or never ends its
// answer, holds nothing up; with two gone the record waits, and goes on when
// one is back.
func TestSlowAndDeadWitness(t *testing.T) {
	w := newWorld(t)
	w.posts[0].hanging.Store(true)
	w.cfg.within = time.Second
	began := time.Now()
	w.open()
	f := w.follower()
	if e := w.effect(f, w.submit(w.brio(declare("with one hanging"))).ID); e == nil {
		t.Fatal("no effect")
	}
	if took := time.Since(began); took > w.cfg.within {
		t.Errorf("one hanging witness held the record up for %s", took)
	}
	w.posts[0].hanging.Store(false)
	w.posts[0].dead.Store(true)
	w.posts[1].dead.Store(true)
	r := w.submit(w.brio(declare("with two gone")))
	calls := w.posts[2].calls.Load()
	for w.posts[2].calls.Load() < calls+2 { // it was tried, and tried again
		if err := f.Update(w.ctx()); err != nil {
			t.Fatal(err)
		}
	}
	if j, _ := f.Fold().ByID(r.ID); j == nil || j.Covered {
		t.Fatalf("with two of four witnesses gone: %+v", j)
	}
	w.posts[1].dead.Store(false)
	w.effect(f, r.ID)
}

// TestWitnessAwayAtOpening: a witness that was away when the record was opened
// gets to know it, and cosigns.
func TestWitnessAwayAtOpening(t *testing.T) {
	w := newWorld(t)
	w.posts[2].dead.Store(true)
	w.open()
	w.posts[2].dead.Store(false)
	f := w.follower()
	for i := 0; ; i++ {
		w.effect(f, w.submit(w.brio(declare(fmt.Sprint(i)))).ID)
		var lines []record.Cosignature
		for i := range f.Fold().Size() {
			if p := record.Must(f.Fold().Read(i)).Proof; p != nil {
				lines = p.Cosignatures
			}
		}
		if len(lines) == 4 {
			return
		}
		if i == 100 {
			t.Fatalf("after %d statements the witness has not cosigned: %v", i, lines)
		}
	}
}

// TestLyingWitness: a witness whose clock is years off, in either direction,
// moves nothing: neither the record's clock nor the date of a statement.
func TestLyingWitness(t *testing.T) {
	for _, years := range []int64{-3, 3} {
		w := newWorld(t)
		w.posts[1].clock.by.Store(years * 365 * 86400)
		w.open()
		f := w.follower()
		e := w.effect(f, w.submit(w.brio(declare("when?"))).ID)
		now := w.clock.Now().Unix()
		if int64(e.At) != now || int64(f.Fold().Clock()) != now {
			t.Errorf("a witness %d years off: effect at %s, clock %s", years, e.At, f.Fold().Clock())
		}
	}
}

// TestOpeningNeedsAQuorum: what must be right before a record opens.
func TestOpeningNeedsAQuorum(t *testing.T) {
	w := newWorld(t).start()
	w.posts[0].dead.Store(true)
	w.posts[2].dead.Store(true)
	_, err := w.d.OpenRecord(w.ctx(), w.archive)
	if err == nil || !strings.Contains(err.Error(), "vienna") || !strings.Contains(err.Error(), "muscat") {
		t.Errorf("with two witnesses dead: %v", err)
	}
	if len(w.d.Records()) != 0 || len(w.d.store.Origins()) != 0 {
		t.Error("a record without a quorum is there")
	}
	if _, err := w.d.OpenRecord(w.ctx(), []byte("no archive")); err == nil {
		t.Error("opened a record of nothing")
	}
	w.posts[0].dead.Store(false)
	if _, err := w.d.OpenRecord(w.ctx(), w.archive); err != nil {
		t.Errorf("with one witness dead: %v", err)
	}
	if _, err := w.d.OpenRecord(w.ctx(), w.archive); err != nil {
		t.Errorf("opening again: %v", err)
	}
	cfg := w.cfg
	cfg.Dir, cfg.Signer = t.TempDir(), key("host", "impostor")
	d, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, err := d.OpenRecord(w.ctx(), w.archive); err == nil || !strings.Contains(err.Error(), "is not one that the text names") {
		t.Errorf("with another key than the text names: %v", err)
	}
}

// TestRestart: nothing is lost, and the checkpoint is the same to the byte.
func TestRestart(t *testing.T) {
	w := newWorld(t).open()
	f := w.follower()
	r := w.submit(w.brio(declare("before")))
	w.effect(f, r.ID)
	_, before := f.Head()
	_, final := f.Final()
	w.restart()
	h := w.hosted()
	if !bytes.Equal(h.log.Checkpoint(), before) || !bytes.Equal(h.log.Cosigned(), final) {
		t.Error("after a restart the checkpoint has other bytes")
	}
	f = w.follower() // at the new address
	w.effect(f, r.ID)
	if again := w.retry(w.brio(declare("before"))); again.Index != r.Index {
		t.Errorf("the same statement stands at %d, then at %d", r.Index, again.Index)
	}
	w.effect(f, w.retry(w.brio(declare("after"))).ID)
}

// retry submits until the depositary has confirmed its head.
func (w *world) retry(note []byte) *mirror.Receipt {
	w.t.Helper()
	client, ctx := w.client(), w.ctx()
	for {
		r, err := client.Submit(ctx, note)
		if refused, ok := errors.AsType[*mirror.RefusedError](err); ok && refused.Code == codeUnconfirmed {
			continue
		}
		if err != nil {
			w.t.Fatal(err)
		}
		return r
	}
}

// TestUnconfirmed: after a start nothing is taken in before a quorum has said
// that the store shows all that it cosigned.
func TestUnconfirmed(t *testing.T) {
	w := newWorld(t).open()
	f := w.follower()
	w.effect(f, w.submit(w.brio(declare("before"))).ID)
	w.posts[0].dead.Store(true)
	w.posts[1].dead.Store(true)
	w.restart()
	_, err := w.client().Submit(w.ctx(), w.brio(declare("unconfirmed")))
	if r, ok := errors.AsType[*mirror.RefusedError](err); !ok || r.Code != codeUnconfirmed {
		t.Errorf("with two of four witnesses gone: %v", err)
	}
	w.posts[0].dead.Store(false)
	w.retry(w.brio(declare("confirmed")))
}

// TestOldCopy: a folder restored from a copy is found out by what the
// witnesses hold, and stops the depositary before it takes anything in.
func TestOldCopy(t *testing.T) {
	w := newWorld(t).open()
	f := w.follower()
	w.effect(f, w.submit(w.brio(declare("in the copy"))).ID)
	if err := w.end(); err != nil {
		t.Fatal(err)
	}
	old := t.TempDir()
	if err := os.CopyFS(old, os.DirFS(w.cfg.Dir)); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.effect(w.follower(), w.retry(w.brio(declare("not in the copy"))).ID)
	if err := w.end(); err != nil {
		t.Fatal(err)
	}
	w.cfg.Dir = old
	d, err := Open(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.Run(w.ctx())
	if err == nil || !strings.Contains(err.Error(), "lost entries or is an old copy") {
		t.Fatalf("an old copy runs: %v", err)
	}
	_, err = d.Submit(w.a.ID, w.brio(declare("onto the old copy")), -1)
	if r, ok := errors.AsType[*Refusal](err); !ok || r.Code != codeStopped {
		t.Errorf("an old copy takes statements in: %v", err)
	}
}

// TestOldCopyShownToClient: a client that saw more refuses it, with evidence.
func TestOldCopyShownToClient(t *testing.T) {
	w := newWorld(t).open()
	dir := t.TempDir()
	f := w.followIn(dir)
	w.effect(f, w.submit(w.brio(declare("one"))).ID)
	if err := w.end(); err != nil {
		t.Fatal(err)
	}
	old := t.TempDir()
	if err := os.CopyFS(old, os.DirFS(w.cfg.Dir)); err != nil {
		t.Fatal(err)
	}
	w.start()
	f.Close()
	f = w.followIn(dir)
	w.effect(f, w.retry(w.brio(declare("two"))).ID)
	seen, _ := f.Head()
	f.Close()
	w.end()
	w.cfg.Dir, w.cfg.Unconfirmed = old, true
	for _, p := range w.posts {
		p.dead.Store(true) // nobody tells the depositary
	}
	w.start()
	f = w.followIn(dir)
	err := f.Update(w.ctx())
	var e *mirror.DivergenceError
	if !errors.As(err, &e) || e.Seen != seen || e.Shown.Size >= seen.Size || e.Fork {
		t.Fatalf("an older record is shown: %v", err)
	}
	evidence(t, e, w)
	// It signs a second history, and the client proves it.
	for i := range 2 * seen.Size {
		w.submit(w.brio(declare("other " + string(rune('a'+i)))))
	}
	err = f.Update(w.ctx())
	if !errors.As(err, &e) || !e.Fork {
		t.Fatalf("a forked record is shown: %v", err)
	}
	evidence(t, e, w)
	if head, _ := f.Head(); head != seen {
		t.Error("the mirror moved to a fork")
	}
}

// evidence checks that both checkpoints are kept and signed by the depositary.
func evidence(t *testing.T, e *mirror.DivergenceError, w *world) {
	t.Helper()
	var heads []statement.Head
	for _, name := range []string{"seen", "shown"} {
		note, err := os.ReadFile(filepath.Join(e.Evidence, name))
		if err != nil {
			t.Fatal(err)
		}
		c, _, err := statement.OpenCheckpoint(note, record.Origin(w.a), key("x", "host").Public())
		if err != nil {
			t.Fatal(err)
		}
		heads = append(heads, c.Head())
	}
	if heads[0] != e.Seen || heads[1] != e.Shown {
		t.Errorf("kept %v, want %v and %v", heads, e.Seen, e.Shown)
	}
	if reason, err := os.ReadFile(filepath.Join(e.Evidence, "reason.txt")); err != nil || len(reason) == 0 {
		t.Error(err)
	}
}

// TestIdle: a record with nothing to do is on no agenda, and asks nobody.
func TestIdle(t *testing.T) {
	w := newWorld(t).open()
	f := w.follower()
	w.effect(f, w.submit(w.brio(declare("x"))).ID)
	w.end() // Run has returned: whatever was under way is done
	if task, next := w.hosted().task(w.d.now()); task.what != nothing || next != record.Never {
		t.Errorf("an idle record needs %+v at %s", task, next)
	}
	if calls := w.posts[0].calls.Load(); calls > 12 {
		t.Errorf("dating an opening and a statement took %d requests of a witness", calls)
	}
}

// TestDiskFails: every write of an intake fails once, in each way. Whatever was
// acknowledged is there when the folder is opened again, and the statement can
// be sent again without harm.
func TestDiskFails(t *testing.T) {
	for _, effect := range []durabletest.Effect{durabletest.Lost, durabletest.Kept, durabletest.Torn} {
		for n := 0; ; n++ {
			disk := durabletest.New()
			w := newWorld(t)
			w.cfg.Dir, w.cfg.FS = "/depositary", disk
			w.still()
			first := disk.Ops()
			failed := false
			disk.Fault = func(op durabletest.Op) durabletest.Fault {
				if op.N != first+n {
					return durabletest.Fault{}
				}
				failed = true
				return durabletest.Fault{Effect: effect}
			}
			note := w.brio(declare("through a failing disk"))
			receipt, err := w.d.Submit(w.a.ID, note, -1)
			if !failed {
				break
			}
			if err == nil {
				t.Fatalf("operation %d, effect %d: acknowledged at %d", n, effect, receipt.Index)
			}
			if _, err := w.d.Submit(w.a.ID, w.brio(declare("after it")), -1); err == nil {
				t.Errorf("operation %d, effect %d: taken in after a failed write", n, effect)
			}
			w.d.Close()
			disk.Fault = nil
			w.cfg.FS, w.cfg.Unconfirmed = disk.Kill(), true
			d, err := Open(w.cfg)
			if err != nil {
				t.Fatalf("operation %d, effect %d: %v", n, effect, err)
			}
			if r, err := d.Submit(w.a.ID, note, -1); err != nil || r.Index != 1 {
				t.Errorf("operation %d, effect %d: sent again: %+v, %v", n, effect, r, err)
			}
			d.Close()
		}
	}
}

// TestDiskFailsAtTheOpening: a store that stopped while a record was opened
// ends the depositary. One that went on could open nothing any more, and say so
// to nobody but who asks.
func TestDiskFailsAtTheOpening(t *testing.T) {
	disk := durabletest.New()
	w := newWorld(t)
	w.cfg.Dir, w.cfg.FS = "/depositary", disk
	d, err := Open(w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	disk.Fault = func(op durabletest.Op) (f durabletest.Fault) {
		if op.Kind == "write" && strings.Contains(op.Name, "/wal/") {
			f.Effect = durabletest.Lost
		}
		return f
	}
	ctx, cancel := context.WithTimeout(w.ctx(), 10*time.Second)
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- d.Run(ctx) }()
	if _, err := d.OpenRecord(ctx, w.archive); err == nil {
		t.Fatal("opened on a disk that fails")
	}
	if err := <-ran; err == nil {
		t.Error("the depositary goes on with a store that has stopped")
	}
	d.Close()
	disk.Fault = nil
	w.cfg.FS = disk.Kill()
	w.start()
	if _, err := w.d.OpenRecord(w.ctx(), w.archive); err != nil {
		t.Errorf("started again: %v", err)
	}
}

// TestMissingBundle: a record whose bundle is gone is named.
func TestMissingBundle(t *testing.T) {
	w := newWorld(t).open()
	w.end()
	if err := os.Remove(w.d.bundleFile(w.a.ID)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(w.cfg); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "its bundle") {
		t.Errorf("got %v", err)
	}
}
