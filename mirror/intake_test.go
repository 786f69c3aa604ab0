package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"detente/internal/clock"
	"detente/internal/httpserve"
	"detente/statement"
)

// station is a mirror of a book with a second intake, at an address.
func station(t testing.TB, b *book, dir, name string) (*Station, *Client) {
	t.Helper()
	s := &Station{Follower: b.follow(dir), Of: b.server.URL, Clock: clock.Real{}}
	update(t, s.Follower)
	var err error
	if s.Intake, err = OpenIntake(s.Follower, key(name, name), clock.Real{}, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	c, err := NewClient(server.URL, b.a.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

// TestHandIn: a mirror takes a statement, gives a receipt, keeps both over a
// restart, and tells everybody; whoever has the file finds the statement on the
// record, or finds it missing once the record went on without it.
func TestHandIn(t *testing.T) {
	b := newBook(t)
	b.cosign(noon, "vienna", "geneva", "seoul")
	dir := t.TempDir()
	s, c := station(t, b, dir, "library")
	note := b.say("brio", "hear me")
	there, handed, err := c.HandIn(within(t), note)
	if err != nil || there != nil || handed == nil {
		t.Fatal(there, handed, err)
	}
	if _, err := c.Submit(within(t), note); !errors.Is(err, ErrOnlyHanded) {
		t.Errorf("submitting at a mirror: %v", err)
	}
	again := reread(t, handed)
	held, err := c.do(within(t), http.MethodGet, "held/"+digestOf(note).String(), nil, 1<<16)
	if err != nil || !bytes.Equal(held, note) {
		t.Errorf("published: %v", err)
	}
	s.Close()
	s, c = station(t, b, dir, "library")
	if p := s.Intake.Pending(); len(p) != 1 || !bytes.Equal(p[0].Receipt, handed.Receipt) {
		t.Fatalf("after a restart: %d held", len(p))
	}
	if _, twice, err := c.HandIn(within(t), note); err != nil || !bytes.Equal(twice.Receipt, handed.Receipt) {
		t.Errorf("handed in twice: %v", err)
	}
	find := func(want Stands) *Whereabouts {
		t.Helper()
		update(t, s.Follower)
		w, err := again.Find(s.Fold())
		if err != nil || w.Stands != want {
			t.Fatalf("it is %+v (%v), want %s", w, err, want)
		}
		return w
	}
	find(NotYet)
	b.add(b.say("alba", "something else"))
	find(NotYet)
	// The record's clock goes on past the receipt by more than the window.
	b.cosign(again.Received+2*3600, "vienna", "geneva", "seoul")
	b.add(append([]byte(statement.PurposeProof.Line()), b.final...))
	if w := find(Missing); !strings.Contains(again.Text(w), "proof against the depositary") {
		t.Errorf("it says %q", again.Text(w))
	}
	if w := s.Intake.Withheld(s.Fold(), s.Fold().Size()); w != nil {
		t.Error("words were taken for something that bears on a decision")
	}
	b.add(note)
	w := find(OnRecord)
	if w.Index != b.fold.Size()-1 {
		t.Errorf("found at %d", w.Index)
	}
	there, _, err = c.HandIn(within(t), note)
	if err != nil || there == nil || there.Index != w.Index {
		t.Errorf("handed in when it is there: %v, %v", there, err)
	}
	b.cosign(again.Received+3*3600, "vienna", "geneva", "seoul")
	update(t, s.Follower)
	s.Intake.pass(within(t))
	if p := s.Intake.Pending(); len(p) != 0 {
		t.Errorf("%d held though it is final", len(p))
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "intake")); len(left) != 0 {
		t.Errorf("left in the folder: %v", left)
	}
}

// reread writes a receipt into a file and reads it again.
func reread(t *testing.T, handed *Handed) *Handed {
	t.Helper()
	file, err := handed.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadHanded(file)
	if err != nil || again.By != handed.By || !bytes.Equal(again.Entry, handed.Entry) {
		t.Fatal(again, err)
	}
	return again
}

// TestHandInSubmits: what is handed in is submitted again until it is taken.
func TestHandInSubmits(t *testing.T) {
	b := newBook(t)
	var tries atomic.Int64
	took := make(chan []byte, 1)
	b.tamper = func(path string, body []byte) []byte { return body }
	b.submit = func(w http.ResponseWriter, r *http.Request) {
		if tries.Add(1) < 3 {
			httpserve.Refuse(w, http.StatusServiceUnavailable, httpserve.Refusal{Code: "stopped", Error: "not now"})
			return
		}
		entry, _ := io.ReadAll(r.Body)
		select {
		case took <- entry:
		default:
		}
		httpserve.Refuse(w, http.StatusServiceUnavailable, httpserve.Refusal{Code: "stopped", Error: "not now"})
	}
	s, c := station(t, b, t.TempDir(), "library")
	ctx, cancel := context.WithCancel(within(t))
	done := make(chan struct{})
	go func() { s.Intake.Run(ctx); close(done) }()
	note := b.say("brio", "hear me")
	if _, _, err := c.HandIn(ctx, note); err != nil {
		t.Fatal(err)
	}
	select {
	case entry := <-took:
		if !bytes.Equal(entry, note) {
			t.Error("something else was submitted")
		}
	case <-ctx.Done():
		t.Error("it was not submitted three times")
	}
	cancel()
	<-done
}

// TestHandInRefuses: strangers, other agreements, junk, and one maker's flood.
func TestHandInRefuses(t *testing.T) {
	b := newBook(t)
	_, c := station(t, b, t.TempDir(), "library")
	forged := bytes.Replace(b.say("brio", "x"), []byte(`"x"`), []byte(`"y"`), 1)
	for name, entry := range map[string][]byte{"junk": []byte("junk"), "forged": forged, "empty": nil} {
		if _, _, err := c.HandIn(within(t), entry); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	flood := func(by string, n int) (taken int) {
		for i := range n {
			if _, h, err := c.HandIn(within(t), b.say("brio", strings.Repeat(by, i+1))); err == nil && h != nil {
				taken++
			}
		}
		return taken
	}
	if n := flood("z", maxHeldOf+1); n != maxHeldOf {
		t.Errorf("%d of one maker were taken, want %d", n, maxHeldOf)
	}
	if _, h, err := c.HandIn(within(t), b.say("alba", "me too")); err != nil || h == nil {
		t.Errorf("another maker is kept out: %v", err)
	}
}

// TestReceiptForgeries: a receipt proves nothing once anything in it, or in the
// entry beside it, is changed, or if its key is another's.
func TestReceiptForgeries(t *testing.T) {
	b := newBook(t)
	s, c := station(t, b, t.TempDir(), "library")
	_, handed, err := c.HandIn(within(t), b.say("brio", "hear me"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := handed.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for i := range file {
		bad := bytes.Clone(file)
		bad[i] ^= 1
		h, err := ReadHanded(bad)
		if err == nil {
			_, err = h.Find(s.Fold())
		}
		if err == nil {
			t.Fatalf("byte %d flipped: still a receipt", i)
		}
	}
	other := *handed
	other.Key = key("x", "stranger").Public().String()
	if _, err := other.Find(s.Fold()); !errors.Is(err, ErrReceipt) {
		t.Errorf("another key: %v", err)
	}
	// A name of the agreement cannot be taken by who has another key.
	brio, err := signReceipt(b.a.ID, handed.Entry, noon, statement.Head{}, key("brio", "stranger"))
	if err != nil {
		t.Fatal(err)
	}
	posing := &Handed{Entry: handed.Entry, Receipt: brio, Key: key("x", "stranger").Public().String()}
	if _, err := posing.Find(s.Fold()); !errors.Is(err, ErrReceipt) {
		t.Errorf("posing as brio: %v", err)
	}
}

func FuzzHanded(f *testing.F) {
	b := newBook(f)
	entry := b.say("brio", "x")
	note, err := signReceipt(b.a.ID, entry, noon, statement.Head{}, key("library", "library"))
	if err != nil {
		f.Fatal(err)
	}
	for _, k := range []string{"", key("x", "library").Public().String()} {
		h := &Handed{Entry: entry, Receipt: note, Key: k}
		file, err := h.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		h, err := ReadHanded(file)
		if err != nil {
			return
		}
		again, err := h.Bytes()
		if err != nil || !bytes.Equal(again, file) {
			t.Errorf("a receipt has two encodings (%v)", err)
		}
	})
}

// TestWhatHandingInCosts: what is refused for what it is costs as it does at the
// depositary, a bad signature most; what is taken costs nothing besides.
func TestWhatHandingInCosts(t *testing.T) {
	const burst = 40 // and next to nothing afterwards
	b := newBook(t)
	b.add(b.say("alba", "first"))
	good := func(i int) []byte { return b.say("brio", fmt.Sprint("said ", i)) }
	for name, c := range map[string]struct {
		entry func(i int) []byte
		each  int
	}{
		"statements":     {good, 1},
		"bad signatures": {func(i int) []byte { return bytes.Replace(good(i), []byte("said"), []byte("sold"), 1) }, 1 + httpserve.CostSignature},
		"no statements":  {func(i int) []byte { return []byte("x") }, 1 + httpserve.CostRefused},
	} {
		s, _ := station(t, b, t.TempDir(), "keeper")
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		l := httpserve.Limits{Connections: 10, PerAddress: 10, Writes: 1e-3, Reads: 1e-3, Burst: burst * 1e3}
		go func() { ended <- httpserve.ServeWithin(ctx, ln, s.Handler(), s.Intake.log, l) }()
		taken := 0
		for ; taken <= burst; taken++ {
			resp, err := http.Post("http://"+ln.Addr().String()+"/"+b.a.ID.String()+"/submit", octets, bytes.NewReader(c.entry(taken)))
			if err != nil {
				t.Fatal(err)
			}
			answer, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if resp.StatusCode == http.StatusTooManyRequests && bytes.Contains(answer, []byte(`"busy"`)) {
				break
			}
		}
		if want := (burst + c.each - 1) / c.each; taken != want {
			t.Errorf("%s: %d are taken, want %d", name, taken, want)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
