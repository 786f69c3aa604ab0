package simulation

import (
	"errors"
	"net/http"
	"strings"
	"sync"
)

// A Line is one role's connection to the depositary. It can be cut, led to
// somebody else, and listened in on.
type Line struct {
	mu     sync.Mutex
	cut    bool
	to     string                                                                                   // base address that requests go to instead; empty: as addressed
	tap    func(*http.Request, func(*http.Request) (*http.Response, error)) (*http.Response, error) // nil: none
	direct http.RoundTripper
}

// ErrCut is what a role sees of a line that is cut.
var ErrCut = errors.New("the line is cut")

func newLine() *Line { return &Line{direct: &http.Transport{MaxIdleConnsPerHost: 4}} }

// Cut cuts the line or mends it.
func (l *Line) Cut(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
}

// Lead leads the line to another host's address; "" leads it back.
func (l *Line) Lead(base string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.to = base
}

// Tap puts somebody on the line who sees each request and decides what is
// answered; send passes a request on. nil takes him off.
func (l *Line) Tap(tap func(r *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tap = tap
}

// RoundTrip makes a Line the transport of an HTTP client.
func (l *Line) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	cut, to, tap := l.cut, l.to, l.tap
	l.mu.Unlock()
	if cut {
		return nil, ErrCut
	}
	if to != "" {
		r = r.Clone(r.Context())
		r.URL.Host = strings.TrimPrefix(to, "http://")
	}
	if tap != nil {
		return tap(r, l.direct.RoundTrip)
	}
	return l.direct.RoundTrip(r)
}

// client is an HTTP client over the line.
func (l *Line) client() *http.Client { return &http.Client{Transport: l} }
