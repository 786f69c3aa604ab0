package simulation

import (
	"context"
	"fmt"
	"net/http/httptest"

	"detente/depositary"
	"detente/mirror"
)

// Mirror follows the record at an address, in a folder of that name, and serves
// what it verified; it gives its own address and how to end it.
func (w *World) Mirror(ctx context.Context, name, at string) (f *mirror.Follower, url string, end func(), err error) {
	c, err := mirror.NewClient(at, w.Agreement.ID, nil)
	if err != nil {
		return nil, "", nil, err
	}
	if f, err = mirror.Open(ctx, mirror.Config{Dir: w.path(name), Client: c, FS: files}); err != nil {
		return nil, "", nil, err
	}
	running, cancel := context.WithCancel(ctx)
	kept := make(chan error, 1)
	go func() { kept <- f.Keep(running, nil) }()
	s := httptest.NewServer(f.Handler())
	return f, s.URL, func() {
		cancel()
		<-kept
		s.CloseClientConnections()
		s.Close()
		f.Close()
	}, nil
}

// Succeed starts the declared successor from a copy of the record: a mirror's
// folder or address, or an exported file. With abandon it goes on although a
// witness cosigned more. Nobody is led to it yet.
func (w *World) Succeed(ctx context.Context, from string, abandon bool) (*Server, error) {
	n := len(w.others)
	c, err := mirror.OpenCopy(ctx, from, w.path(fmt.Sprintf("copy-%d", n)))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	s := &Server{name: w.Terms.Successor, dir: w.path(fmt.Sprintf("%s-%d", w.Terms.Successor, n)), front: &front{}, Witnesses: newLine()}
	s.first = func(d *depositary.Depositary) error {
		_, err := d.Succeed(ctx, c, abandon)
		return err
	}
	w.others = append(w.others, s)
	s.http = httptest.NewServer(s.front)
	s.URL = s.http.URL
	if err := s.start(w, w.addresses()); err != nil {
		s.http.Close()
		return nil, err
	}
	s.first = nil
	w.closers = append(w.closers, func() error {
		s.close() // one that loses to another successor has stopped itself
		return nil
	})
	return s, nil
}

// Turn leads everybody to another host.
func (w *World) Turn(url string) {
	lines := []*Line{w.readerLine, w.AgencyLine, w.Recorder.Line}
	for _, a := range w.Custodians {
		lines = append(lines, a.Line)
	}
	for _, l := range lines {
		l.Lead(url)
	}
}

// Ran tells, once, how a depositary that ended by itself ended.
func (s *Server) Ran() <-chan error { return s.ran }

// StopNow ends a depositary, however it ends.
func (s *Server) StopNow() {
	s.stop()
	s.err = nil
}
