package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"detente/internal/durable/durabletest"
	"detente/statement"
)

func TestLimits(t *testing.T) {
	ctx := context.Background()
	m := durabletest.New()
	s := mustOpen(t, "d", Options{FS: m})
	l := mustCreate(t, s, "d/1")
	big := bytes.Repeat([]byte("x"), MaxEntry)
	try := func(name string, at, past error) {
		t.Helper()
		if at != nil {
			t.Errorf("%s: at the limit: %v", name, at)
		}
		if past == nil {
			t.Errorf("%s: one past the limit is taken", name)
		}
	}
	appendOne := func(e []byte) error { _, _, err := l.Append(ctx, e, -1); return err }
	try("entry", appendOne(big), appendOne(append(big, 'x')))
	if got, err := l.Entry(1); err != nil || !bytes.Equal(got, big) {
		t.Errorf("the largest entry comes back with %d bytes, %v", len(got), err)
	}
	if err := appendOne(nil); err != nil {
		t.Errorf("an empty entry: %v", err)
	}

	group := func(extra int) error {
		var list [][]byte
		for size := 256; size < maxGroup; {
			n := min(MaxEntry, maxGroup-size-2)
			size += 2 + n
			list = append(list, big[:n])
		}
		list[0] = append(bytes.Clone(list[0][extra:]), list[0][:extra]...)
		if extra > 0 {
			list = append(list, nil)
		}
		_, _, err := l.AppendAll(ctx, list, -1)
		return err
	}
	try("group", group(0), group(1))

	create := func(origin string) error { _, err := s.Create(ctx, origin, nil); return err }
	try("origin", create(strings.Repeat("o", MaxOrigin)), create(strings.Repeat("o", MaxOrigin+1)))
	try("escaped origin", create(strings.Repeat("/", MaxOrigin/3)), create(strings.Repeat("/", MaxOrigin/3+1)))

	note := cosign("d/1", l.Head(), "w")
	pad := func(n int) []byte { return append(bytes.Clone(note), bytes.Repeat([]byte("x"), n-len(note))...) }
	try("note", l.PutCosigned(ctx, pad(MaxNote)), l.PutCosigned(ctx, pad(MaxNote+1)))

	put := func(n int) error { _, err := s.PutObject(make([]byte, n)); return err }
	try("object", put(MaxObject), put(MaxObject+1))

	fill := make([][]byte, MaxRead+1)
	if _, _, err := l.AppendAll(ctx, fill, -1); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Entries(0, MaxRead+1); err != nil || len(got) != MaxRead {
		t.Errorf("one read gives %d entries, %v; at most %d", len(got), err, MaxRead)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, "d", Options{FS: m})
	l, _ = s.Log("d/1")
	if err := l.Check(ctx); err != nil {
		t.Error(err)
	}
}

func TestOrigins(t *testing.T) {
	m := durabletest.New()
	s := mustOpen(t, "d", Options{FS: m})
	good := []string{"depositary/00ff", "Ünïcode/…", "a%2Fb", "a/b", "...", "x.tmpx"}
	for _, origin := range good {
		mustCreate(t, s, origin)
		if _, err := s.Create(context.Background(), origin, nil); !errors.Is(err, ErrExists) {
			t.Errorf("creating %q again: %v", origin, err)
		}
	}
	for _, origin := range []string{"", ".", "..", "a b", "a+b", "a\nb", "a\x00", "a\u2003b", "\xff"} {
		if _, err := s.Create(context.Background(), origin, nil); err == nil {
			t.Errorf("origin %q is taken", origin)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, "d", Options{FS: m})
	if got := s.Origins(); len(got) != len(good) {
		t.Fatalf("records %q, want %q", got, good)
	}
	for _, origin := range good {
		l, ok := s.Log(origin)
		if !ok || l.Origin() != origin {
			t.Fatalf("no record %q", origin)
		}
		verify(t, l)
	}
}

func TestObjects(t *testing.T) {
	m := durabletest.New()
	s := mustOpen(t, "d", Options{FS: m})
	data := []byte("a batch of manifests")
	for range 2 {
		digest, err := s.PutObject(data)
		if err != nil || digest != sha256.Sum256(data) {
			t.Fatalf("digest %x, %v", digest, err)
		}
	}
	digest := sha256.Sum256(data)
	if _, err := s.GetObject(sha256.Sum256(nil)); !errors.Is(err, ErrNotFound) {
		t.Fatalf("an object that was not put: %v", err)
	}
	n := m.Ops()
	m.Fault = func(op durabletest.Op) durabletest.Fault {
		if op.N == n+2 {
			return durabletest.Fault{Effect: durabletest.Lost}
		}
		return durabletest.Fault{}
	}
	if _, err := s.PutObject([]byte("other")); !errors.Is(err, durabletest.ErrInjected) {
		t.Fatalf("putting under a fault: %v", err)
	}
	if _, err := s.PutObject([]byte("other")); err != nil {
		t.Fatalf("putting again: %v", err)
	}
	m = m.Crash(durabletest.KeepNothing)
	s.Close() // its machine is gone
	s = mustOpen(t, "d", Options{FS: m})
	for _, want := range [][]byte{data, []byte("other")} {
		if got, err := s.GetObject(sha256.Sum256(want)); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("object %q, %v; want %q", got, err, want)
		}
	}
	name := s.objectName(digest)
	f, err := m.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte("A"))
	if got, err := s.GetObject(digest); !errors.Is(err, ErrDamaged) {
		t.Fatalf("a damaged object: %q, %v", got, err)
	}
}

func TestChanged(t *testing.T) {
	s := mustOpen(t, "d", Options{FS: durabletest.New()})
	l := mustCreate(t, s, "d/1")
	ctx := context.Background()
	for i, change := range []func() error{
		func() error { _, _, err := l.Append(ctx, []byte("x"), -1); return err },
		func() error { return l.PutCosigned(ctx, cosign("d/1", l.Head(), "w")) },
	} {
		changed := l.Changed()
		select {
		case <-changed:
			t.Fatalf("change %d is told before it came", i)
		default:
		}
		if err := change(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changed:
		default:
			t.Fatalf("change %d is not told", i)
		}
	}
}

func TestCosigned(t *testing.T) {
	ctx := context.Background()
	m := durabletest.New()
	s := mustOpen(t, "d", Options{FS: m})
	l := mustCreate(t, s, "d/1")
	if l.Cosigned() != nil {
		t.Fatal("a new record has a cosigned checkpoint")
	}
	one := l.Head()
	fill(t, l, 3)
	three := l.Head()
	puts := []struct {
		head   statement.Head
		by     string
		latest string // afterwards
	}{{three, "w1", "w1"}, {one, "w2", "w1"}, {three, "w3", "w3"}, {three, "w3", "w3"}}
	for _, p := range puts {
		if err := l.PutCosigned(ctx, cosign("d/1", p.head, p.by)); err != nil {
			t.Fatal(err)
		}
		if got, want := l.Cosigned(), cosign("d/1", three, p.latest); !bytes.Equal(got, want) {
			t.Fatalf("after %s: latest is %q, want %q", p.by, got, want)
		}
	}
	want := [][]byte{cosign("d/1", one, "w2"), cosign("d/1", three, "w1"), cosign("d/1", three, "w3")}
	for range 2 {
		got, err := l.AllCosigned()
		if err != nil || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Fatalf("kept: %q, %v; want %q", got, err, want)
		}
		if !bytes.Equal(l.Cosigned(), want[2]) {
			t.Fatalf("latest is %q", l.Cosigned())
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = mustOpen(t, "d", Options{FS: m})
		l, _ = s.Log("d/1")
	}

	other := three
	other.Root[0] ^= 1
	for name, note := range map[string][]byte{
		"other origin": cosign("d/2", three, "w"),
		"no note":      []byte("d/1\n3\n"),
		"extension":    bytes.Replace(cosign("d/1", three, "w"), []byte("\n\n"), []byte("\nmore\n\n"), 1),
		"size 0":       cosign("d/1", statement.Head{}, "w"),
		"leading zero": bytes.Replace(cosign("d/1", three, "w"), []byte("\n3\n"), []byte("\n03\n"), 1),
	} {
		if err := l.PutCosigned(ctx, note); err == nil || errors.Is(err, ErrRollback) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := l.Append(ctx, entryOf("d/1", 3), 3); err != nil {
		t.Fatalf("appending after refused notes: %v", err)
	}
	if err := l.PutCosigned(ctx, cosign("d/1", other, "w")); !errors.Is(err, ErrRollback) {
		t.Fatalf("another root: %v", err)
	}
	if _, _, err := l.Append(ctx, entryOf("d/1", 4), -1); !errors.Is(err, ErrRollback) {
		t.Fatalf("appending after another root: %v", err)
	}
}

// TestWithdrawn has a context end while the committer is at another commit: the
// request is not made. Once the committer has it, the context changes nothing.
func TestWithdrawn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		var once sync.Once
		sign := func(origin string, head statement.Head) ([]byte, error) {
			if head.Size == 2 {
				once.Do(func() { <-hold })
			}
			return testSign(origin, head)
		}
		s := mustOpen(t, "d", Options{FS: durabletest.New(), Sign: sign})
		defer s.Close()
		l := mustCreate(t, s, "d/1")
		ctx, cancel := context.WithCancel(context.Background())
		first, second := make(chan error, 1), make(chan error, 1)
		go func() { _, _, err := l.Append(ctx, entryOf("d/1", 1), -1); first <- err }()
		synctest.Wait()
		go func() { _, _, err := l.Append(ctx, entryOf("d/1", 2), -1); second <- err }()
		synctest.Wait()
		if l.Head().Size != 1 {
			t.Fatal("a head is shown before it is signed")
		}
		cancel()
		if err := <-second; !errors.Is(err, context.Canceled) {
			t.Fatalf("the queued request: %v", err)
		}
		close(hold)
		if err := <-first; err != nil {
			t.Fatalf("the request at commit: %v", err)
		}
		if _, _, err := l.Append(ctx, nil, -1); !errors.Is(err, context.Canceled) {
			t.Fatalf("with a context that has ended: %v", err)
		}
		if l.Head().Size != 2 {
			t.Fatalf("size %d", l.Head().Size)
		}
	})
}

func TestClosed(t *testing.T) {
	s := mustOpen(t, "d", Options{FS: durabletest.New()})
	l := mustCreate(t, s, "d/1")
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := l.Append(context.Background(), nil, -1); err == nil {
		t.Error("a closed store took an entry")
	}
	if _, err := s.PutObject(nil); err == nil {
		t.Error("a closed store took an object")
	}
}

// TestIdle holds 10,000 records: two goroutines, and little memory for each,
// before and after a restart.
func TestIdle(t *testing.T) {
	const records = 10_000
	m := durabletest.New()
	sign := func(origin string, head statement.Head) ([]byte, error) {
		return fmt.Appendf(nil, "%s\n— %s AAAA\n", checkpointText(origin, head), origin), nil
	}
	goroutines := runtime.NumGoroutine()
	s := mustOpen(t, "d", Options{FS: m, Sign: sign})
	var wg sync.WaitGroup
	for w := range 100 {
		wg.Go(func() {
			for i := range records / 100 {
				if _, err := s.Create(context.Background(), fmt.Sprint("depositary/", w, "-", i), nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before := heap()
	s = mustOpen(t, "d", Options{FS: m, Sign: sign})
	if got := runtime.NumGoroutine() - goroutines; got > 2 {
		t.Errorf("%d goroutines for %d records, want 2", got, records)
	}
	each := (heap() - before) / records
	t.Logf("%d bytes for an idle record", each)
	if each > 2048 {
		t.Errorf("an idle record takes %d bytes, want 2048 at most", each)
	}
	if got := len(s.Origins()); got != records {
		t.Errorf("%d records after a restart, want %d", got, records)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
