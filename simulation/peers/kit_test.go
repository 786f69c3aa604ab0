package peers

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"detente/agreement"
	"detente/depositary"
	"detente/internal/clock"
	"detente/mirror"
	"detente/record"
	"detente/statement"
)

// within is how long a test waits for anything: far more than it takes.
const within = 60 * time.Second

// programs is the folder of the programs of others.
var programs = sync.OnceValues(func() (string, error) {
	cmd := exec.Command("../../scripts/install-peers.sh")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("scripts/install-peers.sh: %w: %s", err, said.Bytes())
	}
	return strings.TrimSpace(string(out)), nil
})

// program is the path of one of them; without it the test fails.
func program(t testing.TB, name string) string {
	t.Helper()
	dir, err := programs()
	if err != nil {
		t.Fatalf("this test runs %s and could not get it: %v", name, err)
	}
	return filepath.Join(dir, name)
}

func private(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte("peers test " + name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func signer(name string) statement.Signer {
	s, err := statement.NewSigner(name, private(name).Seed())
	if err != nil {
		panic(err) // the names are ours
	}
	return s
}

func public(name string) string { return signer(name).Public().String() }

func vkey(name string) string {
	w, err := statement.NewWitnessKey(name, signer(name).Public())
	if err != nil {
		panic(err)
	}
	return w.String()
}

// terms is a small agreement by the machine's own clock, as programs of others
// know no other. The windows are of seconds, so that silence can be lived through.
func terms(name string, keys map[string]string) string {
	s := fmt.Sprintf(`detente 1

agreement %s {
  title        = "A pledge"
  timezone     = "UTC"
  clock        = real
  witnesses    = { of = [vienna, geneva, muscat, seoul], quorum = 3, faulty = 1 }
  proof_window = 1 second
}

depositary host { key = "%s" }
`, name, public("host"))
	for _, w := range names {
		s += fmt.Sprintf("witness %s { key = \"%s\" }\n", w, keys[w])
	}
	return s + fmt.Sprintf(`
party alba { keys = { of = ["%s"], need = 1 } }
party brio { keys = { of = ["%s"], need = 1 } }

commitment pledge {
  by       = alba
  to       = [brio]
  do       = "clear the field"
  due      = %s
  verified = { by = brio, within = 2 seconds, silence = accepts }
}
`, public("alba"), public("brio"), time.Now().UTC().AddDate(0, 0, 30).Format("2006-01-02"))
}

// names are the witnesses of every agreement here.
var names = []string{"vienna", "geneva", "muscat", "seoul"}

// A world is a depositary in this process whose witnesses are anywhere.
type world struct {
	t       *testing.T
	ctx     context.Context
	a       *agreement.Agreement
	archive []byte
	cfg     depositary.Config
	d       *depositary.Depositary
	url     string
	end     func() error // ends Run and gives its error
	ran     func() error // waits until Run ends by itself
}

func newWorld(t *testing.T, text string) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	t.Cleanup(cancel)
	b, err := agreement.NewBundle([]agreement.File{{Path: "pledge.agreement", Data: []byte(text)}})
	if err != nil {
		t.Fatal(err)
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		t.Fatalf("%+v", diagnostics)
	}
	archive, err := record.EncodeBundle(b)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, ctx: ctx, a: a, archive: archive, cfg: depositary.Config{
		Dir: t.TempDir(), Signer: signer("host"), Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler),
		Witnesses: map[agreement.Name]string{}, Batch: time.Millisecond,
	}}
}

// start opens the depositary in its folder and runs it.
func (w *world) start() {
	w.t.Helper()
	var err error
	if w.d, err = depositary.Open(w.cfg); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	d := w.d
	go func() { ran <- d.Run(ctx) }()
	w.ran = sync.OnceValue(func() error { return <-ran })
	wait := w.ran
	server := httptest.NewServer(d.Handler())
	w.url = server.URL
	w.end = sync.OnceValue(func() error {
		cancel()
		err := wait()
		server.CloseClientConnections()
		server.Close()
		return errors.Join(err, d.Close())
	})
	w.t.Cleanup(func() { w.end() })
}

// open starts the depositary and opens the record.
func (w *world) open() {
	w.t.Helper()
	w.start()
	if _, err := w.d.OpenRecord(w.ctx, w.archive); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) client() *mirror.Client {
	w.t.Helper()
	c, err := mirror.NewClient(w.url, w.a.ID, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) follow() *mirror.Follower {
	w.t.Helper()
	f, err := mirror.Open(w.ctx, mirror.Config{Dir: w.t.TempDir(), Client: w.client()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { f.Close() })
	return f
}

// say signs and submits a statement, which must be taken in.
func (w *world) say(by agreement.Name, body statement.Body) statement.ID {
	w.t.Helper()
	r, err := w.client().Submit(w.ctx, w.note(by, body))
	if err != nil {
		w.t.Fatal(err)
	}
	return r.ID
}

// insist says something to a depositary that may not have confirmed its head yet.
func (w *world) insist(by agreement.Name, body statement.Body) statement.ID {
	w.t.Helper()
	note := w.note(by, body)
	for {
		r, err := w.client().Submit(w.ctx, note)
		if refused, ok := errors.AsType[*mirror.RefusedError](err); ok && refused.Code == "unconfirmed" {
			continue
		}
		if err != nil {
			w.t.Fatal(err)
		}
		return r.ID
	}
}

func (w *world) note(by agreement.Name, body statement.Body) []byte {
	w.t.Helper()
	s := &statement.Statement{Agreement: w.a.ID, Bundle: w.a.ID, By: by, Body: body}
	text, err := s.Text()
	if err != nil {
		w.t.Fatal(err)
	}
	note, err := statement.Sign(text, signer(string(by)))
	if err != nil {
		w.t.Fatal(err)
	}
	return note
}

// until follows the record until something holds and all of it is final.
func (w *world) until(f *mirror.Follower, what string, holds func(*record.Fold) bool) {
	w.t.Helper()
	if err := f.Wait(w.ctx, func(fold *record.Fold, final int64) bool { return holds(fold) && final == fold.Size() }); err != nil {
		w.t.Fatalf("waiting until %s: %v", what, err)
	}
}

// act waits until a statement takes effect, which must be one.
func (w *world) act(f *mirror.Follower, id statement.ID) *record.Effect {
	w.t.Helper()
	e := w.heard(f, id)
	if !e.Verdict.Effect {
		w.t.Fatalf("no effect: %s", e.Verdict.Reason)
	}
	return e
}

// heard waits until a statement is settled: what it says may change nothing.
func (w *world) heard(f *mirror.Follower, id statement.ID) *record.Effect {
	w.t.Helper()
	var e *record.Effect
	w.until(f, "the statement takes effect", func(fold *record.Fold) bool {
		j, ok := fold.ByID(id)
		if ok {
			e = j.Effect
		}
		return ok && e != nil
	})
	return e
}

// keysOf are the verifier keys of the witnesses, all of Ed25519.
func keysOf() map[string]string {
	keys := map[string]string{}
	for _, name := range names {
		keys[name] = vkey(name)
	}
	return keys
}
