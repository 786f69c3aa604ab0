package simulation

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// A Line is one role's connection to the depositary. It can be cut, led to
// somebody else, and listened in on. Whoever waits for an answer when the line
// is cut or led elsewhere gets none.
type Line struct {
	mu     sync.Mutex
	cut    bool
	to     string // base address that requests go to instead; empty: as addressed
	tap    tap    // nil: none
	held   context.Context
	hangUp context.CancelFunc
	direct http.RoundTripper
}

// A tap sees each request and decides what is answered; send passes it on.
type tap = func(r *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error)

// ErrCut is what a role sees of a line that is cut.
var ErrCut = errors.New("the line is cut")

func newLine() *Line {
	l := &Line{direct: &http.Transport{MaxIdleConnsPerHost: 4}}
	l.held, l.hangUp = context.WithCancel(context.Background())
	return l
}

// Cut cuts the line or mends it.
func (l *Line) Cut(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	l.change()
}

// Lead leads the line to another host's address; "" leads it back.
func (l *Line) Lead(base string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to = base
	l.change()
}

func (l *Line) change() {
	l.hangUp()
	l.held, l.hangUp = context.WithCancel(context.Background())
}

// Tap puts somebody on the line who sees each request and decides what is
// answered; send passes a request on. nil takes him off.
func (l *Line) Tap(t tap) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tap = t
}

// RoundTrip makes a Line the transport of an HTTP client.
func (l *Line) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	cut, to, tap, held := l.cut, l.to, l.tap, l.held
	l.mu.Unlock()
	if cut {
		return nil, ErrCut
	}
	ctx, cancel := context.WithCancel(r.Context())
	release := context.AfterFunc(held, cancel)
	end := func() {
		release()
		cancel()
	}
	r = r.Clone(ctx)
	if to != "" {
		r.URL.Host = strings.TrimPrefix(to, "http://")
	}
	send := l.direct.RoundTrip
	if tap != nil {
		send = func(r *http.Request) (*http.Response, error) { return tap(r, l.direct.RoundTrip) }
	}
	resp, err := send(r)
	if err != nil {
		end()
		if held.Err() != nil {
			err = ErrCut
		}
		return nil, err
	}
	resp.Body = &answer{resp.Body, end}
	return resp, nil
}

// An answer ends its request when it is closed.
type answer struct {
	io.ReadCloser
	end func()
}

// Close closes the answer.
func (a *answer) Close() error {
	defer a.end()
	return a.ReadCloser.Close()
}

// client is an HTTP client over the line.
func (l *Line) client() *http.Client { return &http.Client{Transport: l} }
