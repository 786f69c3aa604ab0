package mirror

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// A liar serves a head that its depositary really signed, of a record that it
// does not have, and whatever a test wants below it.
func liar(t *testing.T, b *book, size int64, below http.HandlerFunc) (*Client, *atomic.Int64) {
	t.Helper()
	var asked atomic.Int64
	head := b.sign(statement.Head{Size: size, Root: tlog.RecordHash([]byte("nothing"))})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := strings.TrimPrefix(r.URL.Path, "/"+b.a.ID.String()); path {
		case "/bundle":
			w.Write(b.archive)
		case "/head", "/checkpoint":
			w.Write(head)
		default:
			asked.Add(1)
			below(w, r)
		}
	}))
	t.Cleanup(server.Close)
	c, err := NewClient(server.URL, b.a.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, &asked
}

func openWith(t *testing.T, dir string, cfg Config) *Follower {
	t.Helper()
	cfg.Dir = dir
	f, err := Open(within(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// keptNothing: a folder has no entries and no head.
func keptNothing(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"head", "tile", "checkpoint"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was kept (%v)", name, err)
		}
	}
}

// TestClaimOfMillions: a million entries signed, and junk, endless or slow
// bodies served below: nothing is kept, and neither memory nor time is spent.
func TestClaimOfMillions(t *testing.T) {
	b := newBook(t)
	junk := bytes.Repeat([]byte{1, 0, 7}, 4096)
	bodies := map[string]http.HandlerFunc{
		"junk":  func(w http.ResponseWriter, r *http.Request) { w.Write(junk) },
		"empty": func(w http.ResponseWriter, r *http.Request) {},
		"endless": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(junk); err != nil {
					return
				}
			}
		},
		"slow": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "x")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"missing": http.NotFound,
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			client, asked := liar(t, b, 1_000_000, body)
			client.within = 200 * time.Millisecond
			dir := t.TempDir()
			f := openWith(t, dir, Config{Client: client})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			err := f.Update(within(t))
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Fatal("junk was taken for a record")
			}
			if _, ok := errors.AsType[*DivergenceError](err); ok {
				t.Errorf("junk was taken for a proof: %v", err)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
				t.Errorf("%d MiB were used", used>>20)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if n := asked.Load(); n > 8 {
				t.Errorf("%d requests before it was given up", n)
			}
			if size := f.Fold().Size(); size != 0 {
				t.Errorf("%d entries folded", size)
			}
			keptNothing(t, dir)
		})
	}
}

// TestClaimBeyondLimits: of a head past the limit nothing is fetched; at the
// limit it is.
func TestClaimBeyondLimits(t *testing.T) {
	b := newBook(t)
	for _, size := range []int64{DefaultLimits.Entries + 1, 1<<53 - 1} {
		client, asked := liar(t, b, size, http.NotFound)
		err := openWith(t, t.TempDir(), Config{Client: client}).Update(within(t))
		if !errors.Is(err, ErrTooLarge) || asked.Load() != 0 {
			t.Errorf("size %d: %v after %d requests", size, err, asked.Load())
		}
	}
	b.add(inert("x", 399)...)
	f := openWith(t, t.TempDir(), Config{Client: b.client(), Limits: Limits{Entries: 399, Bytes: 1 << 20}})
	if err := f.Update(within(t)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("400 entries with a limit of 399: %v", err)
	}
	f = openWith(t, t.TempDir(), Config{Client: b.client(), Limits: Limits{Entries: 400, Bytes: 1 << 20}})
	update(t, f)
	f = openWith(t, t.TempDir(), Config{Client: b.client(), Limits: Limits{Entries: 400, Bytes: 3000}})
	if err := f.Update(within(t)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("more bytes than allowed: %v", err)
	}
}

// TestFetchResumes: what was verified before a crash is not fetched again, what
// decayed is, and progress is told.
func TestFetchResumes(t *testing.T) {
	b := newBook(t)
	b.add(inert("x", 5*tileWidth+9)...)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(within(t))
	var told []int64
	f := openWith(t, dir, Config{Client: b.client(), Progress: func(have, size int64) {
		told = append(told, have)
		if have == 3*tileWidth {
			cancel()
		}
	}})
	if err := f.Update(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled: %v", err)
	}
	f.Close()
	if len(told) != 3 || told[0] != tileWidth {
		t.Errorf("told %v", told)
	}
	name := filepath.Join(dir, "tile", "entries", "001")
	kept, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	kept[7] ^= 1
	if err := os.WriteFile(name, kept, 0o600); err != nil {
		t.Fatal(err)
	}
	f = b.follow(dir)
	b.requests()
	update(t, f)
	if n := asked(b.requests(), "/tile/entries/"); n != 4 {
		t.Errorf("%d entry bundles fetched; want the decayed one and the last three", n)
	}
	if f.Fold().Root() != b.fold.Root() {
		t.Error("another root")
	}
	f.Close()
	f = b.follow(dir)
	if head, _ := f.Head(); head != b.fold.Head() || f.Fold().Size() != head.Size {
		t.Error("the copy does not open again")
	}
}

// TestLongForkIsProved: a fork under a long new record is proved before any of
// its entries is fetched.
func TestLongForkIsProved(t *testing.T) {
	b := newBook(t)
	other := b.fork(1)
	b.add(inert("x", 5)...)
	other.add(inert("y", 4*tileWidth)...)
	dir := t.TempDir()
	f := b.follow(dir)
	update(t, f)
	f.Close()
	f = other.follow(dir)
	other.requests()
	err := f.Update(within(t))
	e, ok := errors.AsType[*DivergenceError](err)
	if !ok || !e.Fork {
		t.Fatalf("got %v", err)
	}
	checkEvidence(t, b, e)
	if n := asked(other.requests(), "/tile/entries/"); n != 0 {
		t.Errorf("%d entry bundles of the fork fetched", n)
	}
}
