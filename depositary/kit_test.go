package depositary

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"detente/agreement"
	"detente/mirror"
	"detente/record"
	"detente/statement"
	"detente/witness"
)

// A hand is a clock that stands still until the test moves it.
type hand struct {
	mu    sync.Mutex
	now   time.Time
	moved chan struct{}
	waits func() // called before each wait; nil: nothing
}

func newHand() *hand {
	return &hand{now: time.Date(2021, 2, 23, 0, 0, 0, 0, time.UTC), moved: make(chan struct{})}
}

func (h *hand) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hand) Sleep(ctx context.Context, d time.Duration) error {
	h.tell()
	return h.until(ctx, h.Now().Add(d))
}

// SleepUntil waits until the hand was moved to an instant, or past it.
func (h *hand) SleepUntil(ctx context.Context, until time.Time) error {
	h.tell()
	return h.until(ctx, until)
}

// tell tells the test that somebody is about to wait.
func (h *hand) tell() {
	if h.waits != nil {
		h.waits()
	}
}

func (h *hand) until(ctx context.Context, until time.Time) error {
	for {
		h.mu.Lock()
		now, moved := h.now, h.moved
		h.mu.Unlock()
		if !now.Before(until) {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (h *hand) add(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
	close(h.moved)
	h.moved = make(chan struct{})
}

// A skewed clock is a liar's.
type skewed struct {
	*hand
	by atomic.Int64 // seconds
}

func (s *skewed) Now() time.Time { return s.hand.Now().Add(time.Duration(s.by.Load()) * time.Second) }

// key has the key whose seed is the digest of a label, under a name.
func key(name, label string) statement.Signer {
	seed := sha256.Sum256([]byte("depositary test " + label))
	s, err := statement.NewSigner(name, seed[:])
	if err != nil {
		panic(err)
	}
	return s
}

func public(label string) string { return key("x", label).Public().String() }

func vkey(name string) string {
	w, err := statement.NewWitnessKey(name, key(name, name).Public())
	if err != nil {
		panic(err)
	}
	return w.String()
}

var witnessNames = []string{"vienna", "geneva", "muscat", "seoul"}

const day = 24 * time.Hour

// text is an agreement of two parties: one owes a deed, the other finds on it.
func text(name string) string {
	s := fmt.Sprintf(`detente 1

agreement %s {
  title        = "A pledge"
  timezone     = "UTC"
  clock        = simulated
  witnesses    = { of = [vienna, geneva, muscat, seoul], quorum = 3, faulty = 1 }
  proof_window = 1 hour
}

depositary host { key = "%s" }
`, name, public("host"))
	if name == "secret" {
		s = strings.Replace(s, "proof_window", "record = private\n  proof_window", 1)
	}
	if name == "watched" {
		s += fmt.Sprintf("device camera {\n  operators = [alba, brio]\n  key       = \"%s\"\n}\n", public("camera"))
	}
	for _, w := range witnessNames {
		s += fmt.Sprintf("witness %s { key = \"%s\" }\n", w, vkey(w))
	}
	return s + fmt.Sprintf(`
party alba {
  keys = { of = ["%s", "%s"], need = 2 }
}
party brio {
  keys = { of = ["%s"], need = 1 }
}

commitment pledge {
  by       = alba
  to       = [brio]
  do       = "clear the field"
  due      = 2021-03-23
  verified = { by = brio, within = 7 days, silence = accepts }
}
`, public("alba-1"), public("alba-2"), public("brio"))
}

func bundle(t testing.TB, name string) (*agreement.Agreement, []byte) {
	t.Helper()
	b, err := agreement.NewBundle([]agreement.File{{Path: name + ".agreement", Data: []byte(text(name))}})
	if err != nil {
		t.Fatal(err)
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		t.Fatalf("%s: %+v", name, diagnostics)
	}
	archive, err := record.EncodeBundle(b)
	if err != nil {
		t.Fatal(err)
	}
	return a, archive
}

// A post is a witness with its address; it can be made not to answer.
type post struct {
	*witness.Witness
	clock   *skewed
	server  *httptest.Server
	dead    atomic.Bool
	hanging atomic.Bool
	calls   atomic.Int64
	dir     string
}

// A world is a depositary with its witnesses, in one process.
type world struct {
	t     testing.TB
	clock *hand
	posts []*post

	cfg    Config
	d      *Depositary
	server *httptest.Server
	end    func() error // ends Run and gives its error

	a       *agreement.Agreement
	archive []byte
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newWorld(t testing.TB) *world { return newWorldOf(t, "pledge-of-alba") }

func newWorldOf(t testing.TB, name string) *world {
	t.Helper()
	w := &world{t: t, clock: newHand()}
	w.a, w.archive = bundle(t, name)
	w.cfg = Config{
		Dir: t.TempDir(), Signer: key("host", "host"), Clock: w.clock, Log: quiet(),
		Witnesses: map[agreement.Name]string{}, Batch: time.Millisecond,
	}
	for _, name := range witnessNames {
		p := &post{clock: &skewed{hand: w.clock}, dir: filepath.Join(t.TempDir(), name)}
		p.open(t, name)
		p.server = httptest.NewServer(p)
		t.Cleanup(p.server.Close)
		w.posts = append(w.posts, p)
		w.cfg.Witnesses[agreement.Name(name)] = p.server.URL
	}
	return w
}

func (p *post) open(t testing.TB, name string) {
	t.Helper()
	var err error
	if p.Witness, err = witness.Open(witness.Config{Dir: p.dir, Signer: key(name, name), Clock: p.clock, Log: quiet()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
}

func (p *post) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.calls.Add(1)
	switch {
	case p.dead.Load():
		panic(http.ErrAbortHandler)
	case p.hanging.Load():
		io.Copy(io.Discard, r.Body) // only then is the sender's leaving noticed
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	p.Handler().ServeHTTP(w, r)
}

// start opens the depositary in its folder and runs it.
func (w *world) start() *world {
	w.t.Helper()
	var err error
	if w.d, err = Open(w.cfg); err != nil {
		w.t.Fatal(err)
	}
	w.run()
	return w
}

func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	d := w.d
	go func() { ran <- d.Run(ctx) }()
	w.server = httptest.NewServer(d.Handler())
	server := w.server
	w.end = sync.OnceValue(func() error {
		cancel()
		err := <-ran
		server.Close()
		d.Close()
		return err
	})
	w.t.Cleanup(func() { w.end() })
}

func (w *world) restart() {
	w.t.Helper()
	if err := w.end(); err != nil {
		w.t.Fatal(err)
	}
	w.start()
}

// open starts the depositary and opens the record.
func (w *world) open() *world {
	w.t.Helper()
	w.start()
	if _, err := w.d.OpenRecord(w.ctx(), w.archive); err != nil {
		w.t.Fatal(err)
	}
	return w
}

// ctx ends well before the test runner would.
func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	w.t.Cleanup(cancel)
	return ctx
}

func (w *world) client() *mirror.Client {
	w.t.Helper()
	c, err := mirror.NewClient(w.server.URL, w.a.ID, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) follower() *mirror.Follower { return w.followIn(w.t.TempDir()) }

func (w *world) followIn(dir string) *mirror.Follower {
	w.t.Helper()
	f, err := mirror.Open(w.ctx(), mirror.Config{Dir: dir, Client: w.client()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { f.Close() })
	return f
}

// draft is a statement under the record's agreement.
func (w *world) draft(by agreement.Name, body statement.Body) *statement.Statement {
	return &statement.Statement{Agreement: w.a.ID, Bundle: w.a.ID, By: by, Body: body}
}

// sign signs a draft with labelled keys.
func sign(t testing.TB, s *statement.Statement, labels ...string) []byte {
	t.Helper()
	text, err := s.Text()
	if err != nil {
		t.Fatal(err)
	}
	var keys []statement.Signer
	for _, l := range labels {
		keys = append(keys, key(string(s.By), l))
	}
	note, err := statement.Sign(text, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return note
}

func (w *world) alba(body statement.Body) []byte {
	return sign(w.t, w.draft("alba", body), "alba-1", "alba-2")
}

func (w *world) brio(body statement.Body) []byte {
	return sign(w.t, w.draft("brio", body), "brio")
}

// submit must be accepted.
func (w *world) submit(note []byte) *mirror.Receipt {
	w.t.Helper()
	r, err := w.client().Submit(w.ctx(), note)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// until follows the record until something holds and is final.
func (w *world) until(f *mirror.Follower, what string, holds func(*record.Fold) bool) {
	w.t.Helper()
	err := f.Wait(w.ctx(), func(fold *record.Fold, final int64) bool { return holds(fold) && final == fold.Size() })
	if err != nil {
		w.t.Fatalf("waiting until %s: %v", what, err)
	}
}

// effect waits for a statement's effect.
func (w *world) effect(f *mirror.Follower, id statement.ID) *record.Effect {
	w.t.Helper()
	var e *record.Effect
	w.until(f, "the statement takes effect", func(fold *record.Fold) bool {
		j, ok := fold.ByID(id)
		if ok {
			e = j.Effect
		}
		return ok && j.Effect != nil
	})
	return e
}
