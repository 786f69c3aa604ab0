package mirror

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"detente/agreement"
	"detente/internal/clock"
	"detente/record"
	"detente/statement"
	"detente/witness"
)

// cast are the four witnesses of the text, running, with the record registered.
func cast(t *testing.T, b *book) []*Witness {
	t.Helper()
	var all []*Witness
	for _, name := range witnessNames {
		w, err := witness.Open(witness.Config{Dir: t.TempDir(), Signer: key(name, name), Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.Close() })
		server := httptest.NewServer(w.Handler())
		t.Cleanup(server.Close)
		c := &Witness{Name: agreement.Name(name), Key: w.Key(), Address: server.URL}
		if err := c.Register(within(t), b.archive); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func (b *book) gather(t *testing.T, ws []*Witness) (*Gathered, error) {
	t.Helper()
	note, _ := b.Head()
	r := Round{Witnesses: ws, Need: 3, Within: 5 * time.Second, Grace: time.Second}
	return r.Gather(within(t), note, b.fold.HashReader())
}

// TestGather grows a record between rounds; clients that forgot or never knew
// what the witnesses cosigned last find out.
func TestGather(t *testing.T) {
	b := newBook(t)
	ws := cast(t, b)
	for i := range 4 {
		b.add(inert(fmt.Sprint(i), 1+100*i)...)
		if i == 2 {
			for _, w := range ws {
				w.size = 0
			}
		}
		if i == 3 {
			ws[0].size = 3
		}
		g, err := b.gather(t, ws)
		if err != nil || g.Lines != 4 {
			t.Fatal(i, err)
		}
		if size, err := b.fold.Final(g.Note); err != nil || size != b.fold.Size() {
			t.Fatal(size, err)
		}
	}
	if _, err := b.gather(t, ws); err != nil {
		t.Errorf("the same size again: %v", err)
	}
	note, err := ws[1].Latest(within(t), record.Origin(b.a))
	if err != nil {
		t.Fatal(err)
	}
	if c, _, err := statement.OpenCheckpoint(note, record.Origin(b.a), key("x", "host").Public()); err != nil || c.Head() != b.fold.Head() {
		t.Error(c, err)
	}
}

// TestGatherRefusals: witnesses that know more, or other, or nothing.
func TestGatherRefusals(t *testing.T) {
	b := newBook(t)
	old, fork := b.fork(1), b.fork(1)
	ws := cast(t, b)
	b.add(inert("x", 5)...)
	fork.add(inert("y", 5)...)
	if _, err := b.gather(t, ws); err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]*book{"old": old, "fork": fork} {
		g, err := other.gather(t, ws)
		if err == nil || len(g.Failed) != 4 {
			t.Fatalf("%s: %v", name, err)
		}
		for _, failed := range g.Failed {
			if size, ok := errors.AsType[*SizeError](failed); !ok || size.Size != 6 || size.Contradicts != (name == "fork") {
				t.Errorf("%s: %v", name, failed)
			}
		}
	}
	var strangers []*Witness
	for _, w := range ws {
		strangers = append(strangers, &Witness{Name: w.Name, Key: w.Key, Address: w.Address + "/elsewhere"})
	}
	g, err := b.gather(t, strangers)
	if !errors.Is(err, ErrUnknownLog) || g.Lines != 0 {
		t.Errorf("at an address without a witness: %v", err)
	}
}

// TestLyingAnswers: lines that are not the witness's over this checkpoint count nothing.
func TestLyingAnswers(t *testing.T) {
	b := newBook(t)
	note, _ := b.Head()
	n, err := statement.ParseNote(note)
	if err != nil {
		t.Fatal(err)
	}
	line := func(name string, text []byte) string {
		sig, err := statement.Cosign(key(name, name), text, 1614081600)
		if err != nil {
			t.Fatal(err)
		}
		return sig.String() + "\n"
	}
	other := b.fork(1)
	other.add(inert("y", 1)...)
	elsewhere, _ := other.Head()
	m, err := statement.ParseNote(elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	vienna, err := statement.NewWitnessKey("vienna", key("vienna", "vienna").Public())
	if err != nil {
		t.Fatal(err)
	}
	for answer, good := range map[string]bool{
		line("vienna", n.Text):                          true,
		line("geneva", n.Text) + line("vienna", n.Text): true,
		line("geneva", n.Text):                          false,
		line("vienna", m.Text):                          false,
		"":                                              false,
		"no line":                                       false,
		line("vienna", n.Text) + "\n":                   false,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, answer) }))
		w := &Witness{Name: "vienna", Key: vienna, Address: server.URL}
		if _, at, err := w.Cosign(within(t), note, b.fold.HashReader()); (err == nil) != good || good && at != 1614081600 {
			t.Errorf("answer %q: %v", answer, err)
		}
		server.Close()
	}
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, "007\n")
	}))
	defer endless.Close()
	w := &Witness{Name: "vienna", Key: vienna, Address: endless.URL}
	if _, _, err := w.Cosign(within(t), note, b.fold.HashReader()); err == nil {
		t.Error("a size with leading zeros is taken")
	}
}
