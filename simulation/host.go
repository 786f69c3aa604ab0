package simulation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"detente/agreement"
	"detente/depositary"
	"detente/mirror"
	"detente/witness"
)

// A Witness is a witness with its address.
type Witness struct {
	*witness.Witness
	Clock  *Skewed
	URL    string
	Dead   atomic.Bool // it answers nobody
	dir    string
	server *httptest.Server
}

func (w *World) openWitness(name, dir string) (*Witness, error) {
	p := &Witness{Clock: &Skewed{Clock: w.Clock}, dir: dir}
	var err error
	if p.Witness, err = witness.Open(witness.Config{Dir: dir, Signer: w.Keys.signer(name, 0), Clock: p.Clock, Log: w.log, FS: files}); err != nil {
		return nil, err
	}
	p.server = httptest.NewServer(p)
	p.URL = p.server.URL
	return p, nil
}

// ServeHTTP is the witness, unless it is dead.
func (p *Witness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.Dead.Load() {
		io.Copy(io.Discard, r.Body) // only then does the sender notice the end
		panic(http.ErrAbortHandler)
	}
	p.Handler().ServeHTTP(w, r)
}

func (p *Witness) close() error {
	p.server.Close()
	return p.Close()
}

// A Server is a depositary with its address, running.
type Server struct {
	*depositary.Depositary
	URL       string
	Witnesses *Line // to all its witnesses

	name   string // whose key it has
	dir    string
	fork   bool
	first  func(*depositary.Depositary) error // done before it runs; may be nil
	front  *front
	http   *httptest.Server
	cancel context.CancelFunc
	ran    chan error
	ended  sync.Once
	err    error
}

// A front keeps a depositary's address while the process behind it changes.
type front struct{ now atomic.Pointer[http.Handler] }

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := f.now.Load()
	if h == nil {
		panic(http.ErrAbortHandler)
	}
	(*h).ServeHTTP(w, r)
}

// openServer opens a depositary in a folder, on a front of its own.
func (w *World) openServer(dir string, witnesses map[agreement.Name]string, fork bool) (*Server, error) {
	s := &Server{name: Depositary, dir: dir, fork: fork, front: &front{}, Witnesses: newLine()}
	s.http = httptest.NewServer(s.front)
	s.URL = s.http.URL
	return s, s.start(w, witnesses)
}

func (s *Server) start(w *World, witnesses map[agreement.Name]string) error {
	d, err := depositary.Open(depositary.Config{
		Dir: s.dir, Signer: w.Keys.signer(s.name, 0), Clock: w.Clock, Log: w.log.With("role", s.name),
		Witnesses: witnesses, HTTP: s.Witnesses.client(), Batch: time.Millisecond, FS: files,
		Unconfirmed: s.fork, // whoever forks a record does not ask first
	})
	if err != nil {
		return err
	}
	if s.first != nil {
		if err := s.first(d); err != nil {
			return errors.Join(err, d.Close())
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.Depositary, s.cancel, s.ran, s.ended, s.err = d, cancel, make(chan error, 2), sync.Once{}, nil
	ran := s.ran
	go func() {
		err := d.Run(ctx)
		ran <- err // for stop, and for who waits that it ends by itself
		ran <- err
	}()
	h := d.Handler()
	s.front.now.Store(&h)
	return nil
}

// stop ends the process; its address stays and answers nobody.
func (s *Server) stop() error {
	s.ended.Do(func() {
		s.front.now.Store(nil)
		s.cancel()
		s.http.CloseClientConnections()
		s.err = errors.Join(<-s.ran, s.Close())
	})
	return s.err
}

func (s *Server) close() error {
	err := s.stop()
	s.http.Close()
	return err
}

// StopHost ends the depositary; readers find nobody at its address.
func (w *World) StopHost() error { return w.Host.stop() }

// StartHost starts the depositary again in its folder.
func (w *World) StartHost() error { return w.Host.start(w, w.addresses()) }

// Fork starts a second depositary with the same key on a copy of the first
// one's folder. The liars among its witnesses go on from copies of their
// folders and cosign both histories; the honest ones, which would refuse the
// second, are not asked. Nothing may be under way while it is made.
func (w *World) Fork(liars ...string) (*Server, error) {
	n := len(w.others)
	at := w.addresses()
	for name := range at {
		at[name] = nobody
	}
	for _, name := range liars {
		dir := w.path(fmt.Sprintf("fork-%d", n), name)
		if err := os.CopyFS(dir, os.DirFS(w.Witnesses[name].dir)); err != nil {
			return nil, err
		}
		p, err := w.openWitness(name, dir)
		if err != nil {
			return nil, err
		}
		w.closers = append(w.closers, p.close)
		at[agreement.Name(name)] = p.URL
	}
	dir := w.path(fmt.Sprintf("fork-%d", n), Depositary)
	if err := os.CopyFS(dir, os.DirFS(w.Host.dir)); err != nil {
		return nil, err
	}
	s, err := w.openServer(dir, at, true)
	if err != nil {
		return nil, err
	}
	w.others = append(w.others, s)
	w.closers = append(w.closers, func() error {
		s.close() // honest as it is, it has stopped itself once witnesses contradicted it
		return nil
	})
	return s, nil
}

// Freeze serves the record as it is now, and never more of it, as a mirror
// does; it gives the address.
func (w *World) Freeze(ctx context.Context, name string) (string, error) {
	f, err := w.Follow(ctx, name, newLine())
	if err != nil {
		return "", err
	}
	w.closers = append(w.closers, f.Close)
	if err := f.Update(ctx); err != nil {
		return "", err
	}
	s := httptest.NewServer(f.Handler())
	w.closers = append(w.closers, func() error {
		s.CloseClientConnections()
		s.Close()
		return nil
	})
	return s.URL, nil
}

// WitnessClients are clients of all witnesses, as a party has them.
func (w *World) WitnessClients() ([]*mirror.Witness, error) {
	return mirror.Witnesses(w.Agreement, w.addresses(), nil)
}

// nobody is an address at which nobody answers.
const nobody = "http://127.0.0.1:1"

func (w *World) addresses() map[agreement.Name]string {
	at := map[agreement.Name]string{}
	for name, p := range w.Witnesses {
		at[agreement.Name(name)] = p.URL
	}
	return at
}

// Dir is a role's own folder, which outlives its runs.
func (w *World) Dir(name string) string { return w.path(name) }

func (w *World) path(parts ...string) string {
	return filepath.Join(append([]string{w.dir}, parts...)...)
}
