// Package httpserve holds what every HTTP service of the project does the same
// way: limits on headers, bodies and time, headers that keep browsers from
// guessing, refusals in one JSON form, a graceful end.
//
// It promises that a request takes bounded memory and time whatever its
// sender does, that no address and no neighbourhood takes more than its share
// of connections, memory and requests, and that requests in flight are
// answered before Serve returns (within five seconds). It does not authenticate anybody or speak TLS:
// services listen on loopback or behind a proxy that does, and behind a proxy
// all callers are one address.
package httpserve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// The limits on every connection.
const (
	maxHeader      = 16 << 10         // bytes: our requests carry no cookies and no tokens
	headerWithin   = 5 * time.Second  // a slow sender holds a connection no longer than this
	readWithin     = 30 * time.Second // the largest body over a slow line
	writeWithin    = 60 * time.Second // above LongPollWithin, so that a waiting reader gets its answer
	idleWithin     = 2 * time.Minute
	shutdownWithin = 5 * time.Second
)

// LongPollWithin is how long a handler may keep a reader waiting for news.
const LongPollWithin = 25 * time.Second

// Serve answers requests on ln with h, within DefaultLimits, until ctx is done,
// then lets those in flight end. It closes ln. The error is nil after an end
// that ctx asked for.
func Serve(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger) error {
	return ServeWithin(ctx, ln, h, log, DefaultLimits())
}

// ServeWithin is Serve within other limits.
func ServeWithin(ctx context.Context, ln net.Listener, h http.Handler, log *slog.Logger, limits Limits) error {
	crowd := newCrowd(ln, limits)
	if limits.Bodies > 0 {
		h = stock(NewShare(limits.Bodies), h)
	}
	h = newMeter(limits).limit(h)
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s := &http.Server{
		Handler:           Guard(h),
		MaxHeaderBytes:    maxHeader,
		ReadHeaderTimeout: headerWithin,
		ReadTimeout:       readWithin,
		WriteTimeout:      writeWithin,
		IdleTimeout:       idleWithin,
		ConnState:         crowd.note,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		BaseContext:       func(net.Listener) context.Context { return requests },
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(crowd) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	// Those who only wait for news are sent away first: they would hold the end up.
	cancel()
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
	defer done()
	if err := s.Shutdown(grace); err != nil {
		return errors.Join(fmt.Errorf("ending the service on %s: %w", ln.Addr(), err), s.Close())
	}
	return nil
}

// Guard sets the headers that every answer carries. Pages that need more than
// the strict content policy set their own.
func Guard(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.ServeHTTP(w, r)
	})
}

// A Refusal is the body of every answer that is an error: a code for programs
// (from spec/http.md), a sentence for people, and what to do.
type Refusal struct {
	Code  string `json:"code"`
	Error string `json:"error"`
	Hint  string `json:"hint"`
}

// Refuse answers with a Refusal.
func Refuse(w http.ResponseWriter, status int, r Refusal) {
	w.Header().Set("Cache-Control", "no-store")
	Answer(w, status, r)
}

// Answer answers with v as one line of JSON.
func Answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // the reader has gone; nobody is left to tell
}
