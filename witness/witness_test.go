package witness

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"detente/agreement"
	"detente/internal/clock"
	"detente/internal/durable"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

const origin = "secretariat/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

var start = time.Date(2021, 2, 23, 12, 0, 0, 0, time.UTC)

// A hand is a clock that moves when the test says so.
type hand struct {
	clock.Real
	seconds atomic.Int64
}

func (h *hand) Now() time.Time { return start.Add(time.Duration(h.seconds.Load()) * time.Second) }

func signer(t testing.TB, name string, n byte) statement.Signer {
	t.Helper()
	s, err := statement.NewSigner(name, bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A tree is a log that signs whatever it is asked to.
type tree struct {
	t      testing.TB
	signer statement.Signer
	hashes []tlog.Hash
	n      int64
}

func newTree(t testing.TB, entries ...string) *tree {
	f := &tree{t: t, signer: signer(t, origin, 1)}
	for _, e := range entries {
		f.add(e)
	}
	return f
}

func (f *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		out = append(out, f.hashes[i])
	}
	return out, nil
}

func (f *tree) add(entry string) {
	h, err := tlog.StoredHashes(f.n, []byte(entry), f)
	if err != nil {
		f.t.Fatal(err)
	}
	f.hashes = append(f.hashes, h...)
	f.n++
}

func (f *tree) checkpoint(size int64) []byte {
	root, err := tlog.TreeHash(size, f)
	if err != nil {
		f.t.Fatal(err)
	}
	return f.sign(statement.Checkpoint{Origin: origin, Size: size, Root: root})
}

func (f *tree) sign(c statement.Checkpoint) []byte {
	note, err := statement.SignCheckpoint(c, f.signer)
	if err != nil {
		f.t.Fatal(err)
	}
	return note
}

func (f *tree) request(old, size int64) []byte {
	r := request{old: old, note: f.checkpoint(size)}
	if old > 0 && old <= size {
		proof, err := tlog.ProveTree(size, old, f)
		if err != nil {
			f.t.Fatal(err)
		}
		r.proof = proof
	}
	return r.encode()
}

type place struct {
	dir  string
	hand *hand
	fs   durable.FS
}

func newPlace(t testing.TB) *place { return &place{t.TempDir(), new(hand), durable.OS} }

func (p *place) open(t testing.TB) *Witness {
	t.Helper()
	w, err := Open(Config{Dir: p.dir, Signer: signer(t, "vienna", 2), Clock: p.hand, Log: slog.New(slog.DiscardHandler), FS: p.fs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	if err := w.Add(origin, signer(t, origin, 1).Public()); err != nil {
		t.Fatal(err)
	}
	return w
}

// post sends a request and gives the status and the body.
func post(t testing.TB, w *Witness, body []byte) (int, string, http.Header) {
	t.Helper()
	r := httptest.NewRecorder()
	w.Handler().ServeHTTP(r, httptest.NewRequest("POST", "/add-checkpoint", bytes.NewReader(body)))
	answer, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.Code, string(answer), r.Header()
}

// cosigned posts what must succeed and gives the time stated.
func cosigned(t testing.TB, w *Witness, f *tree, old, size int64) agreement.Instant {
	t.Helper()
	status, body, _ := post(t, w, f.request(old, size))
	if status != http.StatusOK {
		t.Fatalf("cosigning %d after %d: %d %s", size, old, status, body)
	}
	note, err := statement.ParseNote(append(f.checkpoint(size), body...))
	if err != nil {
		t.Fatal(err)
	}
	at, err := w.Key().VerifyCosignature(note.Text, note.Sigs[1])
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestCosignsGrowth(t *testing.T) {
	p := newPlace(t)
	w := p.open(t)
	f := newTree(t, "a", "b", "c", "d", "e")
	first := agreement.Instant(start.Unix())
	for i, step := range []struct{ old, size int64 }{{0, 1}, {1, 1}, {1, 4}, {4, 5}, {5, 5}} {
		p.hand.seconds.Store(int64(i * 10))
		if at := cosigned(t, w, f, step.old, step.size); at != first+agreement.Instant(i*10) {
			t.Errorf("step %d is dated %s", i, at)
		}
	}
}

// TestAnswersOfTheSpecification walks through the answers that C2SP
// tlog-witness prescribes, the two where litewitness says 200 among them.
func TestAnswersOfTheSpecification(t *testing.T) {
	f := newTree(t, "a", "b", "c", "d", "e")
	other := newTree(t, "a", "b", "x", "d", "e", "f")
	stranger := newTree(t, "a", "b", "c", "d", "e")
	stranger.signer = signer(t, origin, 9)
	foreign := bytes.Replace(f.checkpoint(4), []byte(origin), []byte("elsewhere"), 1)
	noSize := f.sign(statement.Checkpoint{Origin: origin, Root: tlog.Hash{1}})
	long := request{old: 3, proof: make(tlog.TreeProof, maxProof+1), note: f.checkpoint(4)}
	good := string(f.request(3, 5))
	for _, c := range []struct {
		name string
		head int64
		body []byte
		want int
		text string
	}{
		{"empty", 3, nil, 400, ""},
		{"no old size", 3, f.checkpoint(4), 400, ""},
		{"leading zero", 3, []byte(strings.Replace(good, "old 3", "old 03", 1)), 400, ""},
		{"negative", 3, []byte(strings.Replace(good, "old 3", "old -3", 1)), 400, ""},
		{"proof line of bad base64", 3, []byte(strings.Replace(good, "old 3\n", "old 3\n!\n", 1)), 400, ""},
		{"64 proof lines", 3, long.encode(), 400, ""},
		{"note without signatures", 3, []byte("old 3\n\nx\n4\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), 400, ""},
		{"old size above the checkpoint's", 5, request2(5, f.checkpoint(4)), 400, ""},
		{"unknown origin", 3, request2(3, foreign), 404, ""},
		{"no known key", 3, stranger.request(3, 5), 403, ""},
		{"old size too small", 3, f.request(2, 5), 409, "3\n"},
		{"old size zero asks for the head", 3, f.request(0, 5), 409, "3\n"},
		{"old size too large", 3, f.request(4, 5), 409, "3\n"},
		{"same size, other root", 3, other.request(3, 3), 422, ""},
		{"fork", 3, other.request(3, 6), 422, ""},
		{"proof missing", 3, request2(3, f.checkpoint(5)), 422, ""},
		{"proof for the same size", 3, (&request{old: 3, proof: make(tlog.TreeProof, 1), note: f.checkpoint(3)}).encode(), 422, ""},
		{"old size 0 with a proof", 0, (&request{proof: make(tlog.TreeProof, 1), note: f.checkpoint(3)}).encode(), 422, ""},
		{"size 0 with a wrong root", 0, request2(0, noSize), 422, ""},
		{"size 0", 0, f.request(0, 0), 200, ""},
		{"growth", 3, f.request(3, 5), 200, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newPlace(t).open(t)
			if c.head > 0 {
				cosigned(t, w, f, 0, c.head)
			}
			status, body, header := post(t, w, c.body)
			if status != c.want || c.text != "" && body != c.text {
				t.Errorf("got %d %q, want %d %q", status, body, c.want, c.text)
			}
			if typ := header.Get("Content-Type"); c.want == 409 && typ != "text/x.tlog.size" {
				t.Errorf("409 has type %q", typ)
			}
			if c.want != 200 && w.log(hashOf(origin)).head.Size != c.head {
				t.Error("a refusal moved the head")
			}
		})
	}
}

func request2(old int64, note []byte) []byte { return (&request{old: old, note: note}).encode() }

func TestBodyLimit(t *testing.T) {
	w := newPlace(t).open(t)
	for extra, want := range []int{400, 413} {
		if status, _, _ := post(t, w, bytes.Repeat([]byte("x"), maxRequest+extra)); status != want {
			t.Errorf("%d bytes past the limit: %d, want %d", extra, status, want)
		}
	}
}

func TestRestartKeepsTheHead(t *testing.T) {
	p := newPlace(t)
	f := newTree(t, "a", "b", "c", "d")
	w := p.open(t)
	at := cosigned(t, w, f, 0, 3)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p.hand.seconds.Store(-5)
	w = p.open(t)
	if status, body, _ := post(t, w, f.request(0, 4)); status != 409 || body != "3\n" {
		t.Errorf("a restarted witness answers %d %q", status, body)
	}
	if again := cosigned(t, w, f, 3, 4); again != at {
		t.Errorf("with a clock slightly behind it states %s, want the last time %s", again, at)
	}
	p.hand.seconds.Store(-100)
	if status, _, _ := post(t, w, f.request(4, 4)); status != http.StatusServiceUnavailable {
		t.Errorf("with a clock far behind it answers %d", status)
	}
}

func TestOneFolderOneProcess(t *testing.T) {
	p := newPlace(t)
	p.open(t)
	_, err := Open(Config{Dir: p.dir, Signer: signer(t, "vienna", 2), Clock: p.hand, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "is held by") {
		t.Errorf("second process: %v", err)
	}
}

// TestConflictingUpdates races forks of one log: exactly one may win.
func TestConflictingUpdates(t *testing.T) {
	w := newPlace(t).open(t)
	common := []string{"a", "b"}
	cosigned(t, w, newTree(t, common...), 0, 2)
	var wins atomic.Int32
	var group sync.WaitGroup
	for i := range 8 {
		f := newTree(t, append(common, fmt.Sprint(i))...)
		body := f.request(2, 3)
		group.Go(func() {
			if status, _, _ := post(t, w, body); status == http.StatusOK {
				wins.Add(1)
			}
		})
	}
	group.Wait()
	if wins.Load() != 1 {
		t.Errorf("%d of 8 forks were cosigned", wins.Load())
	}
}

func TestDamagedHeadStopsTheWitness(t *testing.T) {
	p := newPlace(t)
	w := p.open(t)
	cosigned(t, w, newTree(t, "a", "b"), 0, 2)
	w.Close()
	head := filepath.Join(p.dir, "logs", hashOf(origin), "head")
	note, err := os.ReadFile(head)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range [][]byte{nil, note[:len(note)/2], newTree(t, "a", "b").checkpoint(2), bytes.Replace(note, []byte("\n2\n"), []byte("\n1\n"), 1)} {
		if err := os.WriteFile(head, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(Config{Dir: p.dir, Signer: signer(t, "vienna", 2), Clock: p.hand, Log: slog.New(slog.DiscardHandler)})
		if err == nil || !strings.Contains(err.Error(), "replace it by one with a new key") {
			t.Errorf("with the head %q: %v", bad, err)
		}
	}
}

func TestMonitors(t *testing.T) {
	w := newPlace(t).open(t)
	f := newTree(t, "a", "b")
	get := func(path string) (int, string) {
		r := httptest.NewRecorder()
		w.Handler().ServeHTTP(r, httptest.NewRequest("GET", path, nil))
		return r.Code, r.Body.String()
	}
	path := "/" + hashOf(origin) + "/checkpoint"
	if status, _ := get(path); status != http.StatusNotFound {
		t.Errorf("before the first cosignature: %d", status)
	}
	cosigned(t, w, f, 0, 2)
	status, note := get(path)
	if status != http.StatusOK {
		t.Fatalf("monitor gets %d", status)
	}
	c, n, err := statement.OpenCheckpoint([]byte(note), origin, f.signer.Public())
	if err != nil || c.Size != 2 || len(n.Sigs) != 2 {
		t.Fatalf("monitor gets %q: %v", note, err)
	}
	if status, body := get("/"); status != http.StatusOK || !strings.Contains(body, w.Key().String()) {
		t.Errorf("name: %d %s", status, body)
	}
}

func TestAddRefusesAnotherKey(t *testing.T) {
	w := newPlace(t).open(t)
	if err := w.Add(origin, signer(t, origin, 3).Public()); err == nil {
		t.Error("a second key for one origin was taken")
	}
	if err := w.Add("with space", signer(t, origin, 3).Public()); err == nil {
		t.Error("an origin with a space was taken")
	}
}

func FuzzParseRequest(f *testing.F) {
	tr := newTree(f, "a", "b", "c")
	f.Add(tr.request(0, 0))
	f.Add(tr.request(0, 1))
	f.Add(tr.request(1, 3))
	f.Add([]byte("old 0\n\n"))
	f.Add([]byte("old 00\n\nx"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseRequest(body)
		if err != nil {
			return
		}
		if again := r.encode(); !bytes.Equal(again, body) {
			t.Errorf("%q is read, and written as %q", body, again)
		}
	})
}
