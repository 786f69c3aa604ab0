package mirror

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"

	"sync"
	"testing"
	"time"

	"detente/agreement"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

func key(name, label string) statement.Signer {
	seed := sha256.Sum256([]byte("mirror test " + label))
	s, err := statement.NewSigner(name, seed[:])
	if err != nil {
		panic(err)
	}
	return s
}

var witnessNames = []string{"vienna", "geneva", "muscat", "seoul"}

// pledge is the smallest agreement with a record.
func pledge(t testing.TB) (*agreement.Agreement, *agreement.Bundle) { return pledgeWith(t, "") }

// pledgeWith has one more line about the agreement.
func pledgeWith(t testing.TB, line string) (*agreement.Agreement, *agreement.Bundle) {
	t.Helper()
	s := fmt.Sprintf(`detente 1

agreement the-pledge {
  title        = "A pledge"
  timezone     = "UTC"
  clock        = simulated
  witnesses    = { of = [vienna, geneva, muscat, seoul], quorum = 3, faulty = 1 }
  proof_window = 1 hour
  `+line+`
}

depositary host { key = "%s" }
party brio { keys = { of = ["%s"], need = 1 } }
party alba { keys = { of = ["%s"], need = 1 } }
commitment pledge {
  by  = alba
  to  = [brio]
  do  = "clear the field"
  due = 2021-03-23
}
`, key("x", "host").Public(), key("x", "brio").Public(), key("x", "alba").Public())
	for _, w := range witnessNames {
		k, err := statement.NewWitnessKey(w, key(w, w).Public())
		if err != nil {
			t.Fatal(err)
		}
		s += fmt.Sprintf("witness %s { key = \"%s\" }\n", w, k)
	}
	b, err := agreement.NewBundle([]agreement.File{{Path: "pledge.agreement", Data: []byte(s)}})
	if err != nil {
		t.Fatal(err)
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		t.Fatalf("%+v", diagnostics)
	}
	return a, b
}

// A book is a depositary that does whatever the test wants: a Shelf over a
// fold, with answers that can be replaced.
type book struct {
	t       testing.TB
	a       *agreement.Agreement
	archive []byte
	server  *httptest.Server

	mu      sync.Mutex
	fold    *record.Fold
	final   []byte
	size    int64
	changed chan struct{}
	objects map[agreement.Digest][]byte
	tamper  func(path string, body []byte) []byte // of what is served; may be nil
	asked   []string
	submit  http.HandlerFunc    // what POST submit does; may be nil
	before  func(*http.Request) // called before an answer; may be nil
	host    string              // the label of the key that signs its heads
}

func newBook(t testing.TB) *book { return newBookWith(t, "") }

func newBookWith(t testing.TB, line string) *book {
	t.Helper()
	a, bundle := pledgeWith(t, line)
	b := &book{t: t, a: a, host: "host", changed: make(chan struct{}), objects: map[agreement.Digest][]byte{}}
	var err error
	if b.archive, err = record.EncodeBundle(bundle); err != nil {
		t.Fatal(err)
	}
	if b.fold, err = record.NewFold(a); err != nil {
		t.Fatal(err)
	}
	b.add(record.Opening(a))
	prefix := "/" + a.ID.String()
	b.server = httptest.NewServer(http.StripPrefix(prefix, http.HandlerFunc(b.serve)))
	t.Cleanup(b.server.Close)
	return b
}

func (b *book) serve(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	b.asked = append(b.asked, r.URL.Path)
	tamper, submit, before := b.tamper, b.submit, b.before
	b.mu.Unlock()
	if before != nil {
		before(r)
	}
	if r.Method == http.MethodPost && submit != nil {
		submit(w, r)
		return
	}
	if tamper == nil {
		Serve(b).ServeHTTP(w, r)
		return
	}
	rec := httptest.NewRecorder()
	Serve(b).ServeHTTP(rec, r)
	w.WriteHeader(rec.Code)
	w.Write(tamper(r.URL.Path, rec.Body.Bytes()))
}

func (b *book) add(entries ...[]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range entries {
		b.fold.Append(e)
	}
	b.news()
}

func (b *book) news() {
	close(b.changed)
	b.changed = make(chan struct{})
}

// fork is another history that shares the first n entries.
func (b *book) fork(n int64) *book {
	other := newBook(b.t)
	other.host = b.host
	for i := int64(1); i < n; i++ {
		other.add(record.Must(b.fold.Read(i)).Bytes)
	}
	return other
}

func (b *book) sign(head statement.Head) []byte {
	origin := record.Origin(b.a)
	note, err := statement.SignCheckpoint(statement.Checkpoint{Origin: origin, Size: head.Size, Root: head.Root}, key(origin, b.host))
	if err != nil {
		b.t.Fatal(err)
	}
	return note
}

// cosign makes the present head final, by these witnesses.
func (b *book) cosign(at agreement.Instant, by ...string) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, err := statement.ParseNote(b.sign(b.fold.Head()))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, name := range by {
		line, err := statement.Cosign(key(name, name), n.Text, at)
		if err != nil {
			b.t.Fatal(err)
		}
		n.Sigs = append(n.Sigs, line)
	}
	b.final, b.size = n.Bytes(), b.fold.Size()
	b.news()
	return b.final
}

func (b *book) Head() ([]byte, int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sign(b.fold.Head()), b.fold.Size()
}

func (b *book) Final() ([]byte, int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.final != nil {
		return b.final, b.size
	}
	return b.sign(b.fold.Head()), b.fold.Size()
}

func (b *book) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

func (b *book) Tile(path string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	tile, err := parseTilePath(path)
	if err != nil {
		return nil, err
	}
	return readTile(b.fold, tile)
}

func (b *book) Bundle() []byte { return b.archive }

func (b *book) Object(_ context.Context, d agreement.Digest) ([]byte, error) {
	if o, ok := b.objects[d]; ok {
		return o, nil
	}
	return nil, ErrNotFound
}

func (b *book) client() *Client {
	b.t.Helper()
	c, err := NewClient(b.server.URL, b.a.ID, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *book) follow(dir string) *Follower {
	b.t.Helper()
	f, err := Open(within(b.t), Config{Dir: dir, Client: b.client()})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { f.Close() })
	return f
}

// requests gives what was asked since the last call.
func (b *book) requests() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	asked := b.asked
	b.asked = nil
	return asked
}

func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func update(t testing.TB, f *Follower) {
	t.Helper()
	if err := f.Update(within(t)); err != nil {
		t.Fatal(err)
	}
}

// say is a statement by a party with one key.
func (b *book) say(by agreement.Name, words string) []byte {
	b.t.Helper()
	s := &statement.Statement{Agreement: b.a.ID, Bundle: b.a.ID, By: by, Body: statement.DeclareBody{Text: words, Documents: []statement.Document{}}}
	text, err := s.Text()
	if err != nil {
		b.t.Fatal(err)
	}
	note, err := statement.Sign(text, key(string(by), string(by)))
	if err != nil {
		b.t.Fatal(err)
	}
	return note
}

// inert are n short entries; that they break a rule does not matter to a tree.
func inert(label string, n int) [][]byte {
	var all [][]byte
	for i := range n {
		all = append(all, fmt.Appendf(nil, "%s %d\n", label, i))
	}
	return all
}

func leaf(entry []byte) tlog.Hash { return tlog.RecordHash(entry) }

func asked(paths []string, prefix string) int {
	n := 0
	for _, p := range paths {
		if len(p) >= len(prefix) && p[:len(prefix)] == prefix {
			n++
		}
	}
	return n
}
