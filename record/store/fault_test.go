package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"detente/internal/durable/durabletest"
	"detente/statement"
)

// A world is one store through several lives, and what it has promised.
type world struct {
	t       *testing.T
	what    string // of the present run, for messages
	brief   bool   // work only until the first tile would fill
	life    int    // entries of different lives differ
	acked   map[string][][]byte
	pending map[string][][]byte // of the request that was not answered
	notes   map[string][][]byte // acknowledged cosigned checkpoints

	mu     sync.Mutex
	signed map[string]statement.Head
}

func newWorld(t *testing.T, what string) *world {
	return &world{
		t: t, what: what,
		acked: make(map[string][][]byte), pending: make(map[string][][]byte),
		notes: make(map[string][][]byte), signed: make(map[string]statement.Head),
	}
}

// sign notes every head signed, in all lives: two of one size must not differ.
func (w *world) sign(origin string, head statement.Head) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := fmt.Sprint(origin, " ", head.Size)
	if old, ok := w.signed[key]; ok && old != head {
		w.t.Errorf("%s: signed %v and %v of %s", w.what, old, head, origin)
	}
	w.signed[key] = head
	// Thousands of lives are lived here: a digest stands for the signature.
	text := checkpointText(origin, head)
	return fmt.Appendf(nil, "%s\n— %s %x\n", text, origin, sha256.Sum256(text)), nil
}

func (w *world) open(m *durabletest.FS) (*Store, error) {
	return Open("d", Options{Sign: w.sign, FS: m, Rand: strings.NewReader(strings.Repeat("salt of a segment", 1000)), SegmentSize: 3000, flushInline: true})
}

// grow appends n entries to a record and notes what is acknowledged.
func (w *world) grow(s *Store, origin string, n int) error {
	ctx := context.Background()
	size := int64(len(w.acked[origin]))
	var batch [][]byte
	for i := range n {
		batch = append(batch, fmt.Appendf(nil, "%s entry %d of life %d", origin, size+int64(i), w.life))
	}
	l, ok := s.Log(origin)
	if !ok {
		w.pending[origin] = batch[:1]
		var err error
		if l, err = s.Create(ctx, origin, batch[0]); err != nil {
			return err
		}
		w.answered(origin)
		size, batch = 1, batch[1:]
	}
	if len(batch) == 0 {
		return nil
	}
	w.pending[origin] = batch
	index, head, err := l.AppendAll(ctx, batch, size)
	if err != nil {
		return err
	}
	if index != size || head.Size != size+int64(len(batch)) {
		w.t.Fatalf("%s: %d entries of %s at %d: index %d, head %v", w.what, n, origin, size, index, head)
	}
	w.answered(origin)
	return nil
}

func (w *world) answered(origin string) {
	w.acked[origin] = append(w.acked[origin], w.pending[origin]...)
	delete(w.pending, origin)
}

func (w *world) cosign(s *Store, origin, witness string) error {
	l, _ := s.Log(origin)
	note := cosign(origin, l.Head(), witness)
	if err := l.PutCosigned(context.Background(), note); err != nil {
		return err
	}
	w.notes[origin] = append(w.notes[origin], note)
	return nil
}

// live is one life: open, work over every kind of write, close.
func (w *world) live(m *durabletest.FS) error {
	s, err := w.open(m)
	if err != nil {
		return err
	}
	err = w.work(s)
	return errors.Join(err, s.Close())
}

func (w *world) work(s *Store) error {
	steps := []func() error{
		func() error { return w.grow(s, "d/1", 2) },
		func() error { return w.cosign(s, "d/1", "w1") },
		func() error { return w.grow(s, "d/2", 3) },
		func() error { return w.grow(s, "d/1", 300) }, // fills a tile and the segment
		func() error { return w.grow(s, "d/1", 1) },
		func() error { return w.cosign(s, "d/1", "w2") },
		func() error { return w.grow(s, "d/2", 260) },
		func() error { return w.grow(s, "d/1", 250) }, // a second bundle in the pack
		func() error { return w.grow(s, "d/1", 1) },
	}
	if w.brief {
		steps = steps[:3]
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// check opens what a fault has left and compares it with the promises. The
// request that was not answered may have been kept, as a whole.
func (w *world) check(m *durabletest.FS) *Store {
	w.t.Helper()
	s, err := w.open(m)
	if err != nil {
		w.t.Fatalf("%s: opening: %v", w.what, err)
	}
	w.life++
	for _, origin := range []string{"d/1", "d/2"} {
		l, ok := s.Log(origin)
		if !ok {
			if len(w.acked[origin]) > 0 {
				w.t.Fatalf("%s: %s is gone", w.what, origin)
			}
			continue
		}
		w.checkEntries(l)
		kept, err := l.AllCosigned()
		if err != nil {
			w.t.Fatalf("%s: %v", w.what, err)
		}
		for _, note := range w.notes[origin] {
			if !containsNote(kept, note) {
				w.t.Fatalf("%s: a cosigned checkpoint is gone; %d are kept", w.what, len(kept))
			}
		}
	}
	clear(w.pending)
	return s
}

func (w *world) checkEntries(l *Log) {
	w.t.Helper()
	got, want := readAll(w.t, l), w.acked[l.Origin()]
	if len(got) != len(want) {
		want = append(want, w.pending[l.Origin()]...)
		w.acked[l.Origin()] = want
	}
	if !slices.EqualFunc(got, want, bytes.Equal) {
		w.t.Fatalf("%s: %s has %d entries, which are not the %d acknowledged or pending", w.what, l.Origin(), len(got), len(want))
	}
}

func containsNote(list [][]byte, note []byte) bool {
	for _, b := range list {
		if bytes.Equal(b, note) {
			return true
		}
	}
	return false
}

// TestEveryWriteFails fails each operation of a life in each way, then lets the
// store go on in the same machine, loses its power, and looks again.
func TestEveryWriteFails(t *testing.T) {
	effects := map[string]durabletest.Fault{
		"lost":    {Effect: durabletest.Lost},
		"kept":    {Effect: durabletest.Kept},
		"torn":    {Effect: durabletest.Torn},
		"no room": {Effect: durabletest.Torn, Err: syscall.ENOSPC},
	}
	for name, fault := range effects {
		t.Run(name, func(t *testing.T) {
			faulted := true
			n := 0
			for ; faulted; n++ {
				faulted = false
				w := newWorld(t, fmt.Sprintf("%s at operation %d", name, n))
				m := durabletest.New()
				var at durabletest.Op
				m.Fault = func(op durabletest.Op) durabletest.Fault {
					// A full disk stays full; other faults come once.
					if op.N < n || op.N > n && (fault.Err == nil || op.Kind == "remove") {
						return durabletest.Fault{}
					}
					if op.N == n {
						faulted, at = true, op
					}
					return fault
				}
				err := w.live(m)
				if faulted && err == nil && at.Kind != "remove" {
					t.Fatalf("%s, %s %s: nobody said so", w.what, at.Kind, at.Name)
				}
				if err != nil && (!errors.Is(err, durabletest.ErrInjected) && fault.Err == nil || fault.Err != nil && !errors.Is(err, fault.Err)) {
					t.Fatalf("%s, %s %s: %v", w.what, at.Kind, at.Name, err)
				}
				m.Fault = nil
				w.goOn(m)
			}
			if n < 100 {
				t.Fatalf("the work has only %d operations", n)
			}
		})
	}
}

// goOn reopens in the same machine, works, and cuts the power.
func (w *world) goOn(m *durabletest.FS) {
	w.t.Helper()
	s := w.check(m)
	for _, origin := range []string{"d/1", "d/2"} {
		if err := w.grow(s, origin, 1); err != nil {
			w.t.Fatalf("%s: going on: %v", w.what, err)
		}
	}
	m = m.Crash(durabletest.KeepNothing)
	s.Close() // ends its goroutines; its machine is gone
	s = w.check(m)
	if err := s.Close(); err != nil {
		w.t.Fatalf("%s: %v", w.what, err)
	}
}

// TestEveryCrash stops the machine at each operation, with more or less of
// what was not synced surviving, and then again while the store is recovering.
func TestEveryCrash(t *testing.T) {
	crashed := true
	for n := 0; crashed; n++ {
		for seed := range uint64(4) {
			crashed = false
			w := newWorld(t, fmt.Sprintf("crash at operation %d, seed %d", n, seed))
			keep := durabletest.KeepSome(seed)
			switch seed {
			case 0:
				keep = durabletest.KeepNothing
			case 1:
				keep = durabletest.KeepAll
			}
			stop := func(at int) func(op durabletest.Op) durabletest.Fault {
				return func(op durabletest.Op) durabletest.Fault {
					if op.N != at {
						return durabletest.Fault{}
					}
					crashed = true
					return durabletest.Fault{Effect: durabletest.Crash}
				}
			}
			m := durabletest.New()
			m.Fault = stop(n)
			if err := w.live(m); crashed != (err != nil) {
				t.Fatalf("%s: %v", w.what, err)
			}
			// The second crash, in recovery, walks as the first one does.
			again := m.Crash(keep)
			again.Fault = stop(n % 37)
			if s, err := w.open(again); err == nil {
				s.Close() // dead or idle
			}
			w.goOn(again.Crash(keep))
		}
	}
}

// TestEveryKill ends only the process at each operation, after a sync that
// failed: what the page cache still shows is not yet on the disk.
func TestEveryKill(t *testing.T) {
	faulted := true
	for n := 0; faulted; n++ {
		faulted = false
		w := newWorld(t, fmt.Sprintf("kill after operation %d failed", n))
		m := durabletest.New()
		m.Fault = func(op durabletest.Op) durabletest.Fault {
			if op.N != n {
				return durabletest.Fault{}
			}
			faulted = true
			return durabletest.Fault{Effect: durabletest.Lost}
		}
		w.live(m) // fails, or not, as in TestEveryWriteFails
		w.goOn(m.Kill())
	}
}

// TestFailThenCrash fails each sync, kills the process, and cuts the power at
// each operation of the recovery that follows: what recovery read was only in
// the page cache, so it must not rest on it.
func TestFailThenCrash(t *testing.T) {
	runs := 0
	faulted := true
	for n := 0; faulted; n++ {
		crashed := true
		for k := 0; crashed; k++ {
			faulted, crashed = false, false
			w := newWorld(t, fmt.Sprintf("operation %d lost, crash at operation %d of recovery", n, k))
			w.brief = true
			m := durabletest.New()
			isSync := false
			m.Fault = func(op durabletest.Op) durabletest.Fault {
				if op.N != n {
					return durabletest.Fault{}
				}
				faulted, isSync = true, strings.HasPrefix(op.Kind, "sync")
				return durabletest.Fault{Effect: durabletest.Lost}
			}
			w.live(m) // fails, or not, as in TestEveryWriteFails
			if !isSync {
				break
			}
			again := m.Kill()
			again.Fault = func(op durabletest.Op) durabletest.Fault {
				if op.N != k {
					return durabletest.Fault{}
				}
				crashed = true
				return durabletest.Fault{Effect: durabletest.Crash}
			}
			if s, err := w.open(again); err == nil {
				s.Close() // dead or idle
			}
			w.goOn(again.Crash(durabletest.KeepNothing))
			runs++
		}
	}
	if runs < 100 {
		t.Fatalf("only %d runs", runs)
	}
}

// TestReadOnly opens a store that can be read but not written.
func TestReadOnly(t *testing.T) {
	w := newWorld(t, "read-only")
	m := durabletest.New()
	if err := w.live(m); err != nil {
		t.Fatal(err)
	}
	m.Fault = func(durabletest.Op) durabletest.Fault {
		return durabletest.Fault{Effect: durabletest.Lost, Err: syscall.EROFS}
	}
	if _, err := w.open(m); !errors.Is(err, syscall.EROFS) {
		t.Fatalf("opening: %v", err)
	}
	m.Fault = nil
	w.goOn(m)
}

// TestStopped holds the store to accept nothing after a failed sync, although
// the next would succeed, and to go on answering from what is durable.
func TestStopped(t *testing.T) {
	w := newWorld(t, "stopped")
	m := durabletest.New()
	s, err := w.open(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.grow(s, "d/1", 3); err != nil {
		t.Fatal(err)
	}
	failed := false
	m.Fault = func(op durabletest.Op) durabletest.Fault {
		if op.Kind == "sync" && !failed {
			failed = true
			return durabletest.Fault{Effect: durabletest.Lost}
		}
		return durabletest.Fault{}
	}
	for range 3 {
		if err := w.grow(s, "d/1", 1); !errors.Is(err, ErrStopped) || !errors.Is(err, durabletest.ErrInjected) {
			t.Fatalf("append: %v", err)
		}
	}
	if err := s.Err(); !errors.Is(err, ErrStopped) {
		t.Fatalf("store says %v", err)
	}
	l, _ := s.Log("d/1")
	if got := readAll(t, l); !slices.EqualFunc(got, w.acked["d/1"], bytes.Equal) || len(got) != 3 {
		t.Fatalf("%d entries are shown, 3 are durable", len(got))
	}
	if err := s.Close(); !errors.Is(err, ErrStopped) {
		t.Fatalf("closing: %v", err)
	}
	w.goOn(m)
}

// TestSignerFails stops the store: an entry without a signed head cannot be
// acknowledged.
func TestSignerFails(t *testing.T) {
	refuse := errors.New("key is locked")
	for name, sign := range map[string]CheckpointSigner{
		"error":        func(string, statement.Head) ([]byte, error) { return nil, refuse },
		"other size":   func(o string, h statement.Head) ([]byte, error) { h.Size++; return testSign(o, h) },
		"other origin": func(o string, h statement.Head) ([]byte, error) { return testSign(o+"x", h) },
	} {
		t.Run(name, func(t *testing.T) {
			s := mustOpen(t, t.TempDir(), Options{Sign: sign})
			if _, err := s.Create(context.Background(), "d/1", nil); !errors.Is(err, ErrStopped) || name == "error" && !errors.Is(err, refuse) {
				t.Fatalf("create: %v", err)
			}
			if got := s.Origins(); len(got) != 0 {
				t.Fatalf("records %q are shown", got)
			}
		})
	}
}
