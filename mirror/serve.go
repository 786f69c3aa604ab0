package mirror

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"detente/agreement"
	"detente/internal/httpserve"
	"detente/statement"
)

// A Shelf is what the static part of a record's HTTP interface is served from:
// a depositary's store, or a mirror's copy. Its methods may be called at the
// same time. What is not there is ErrNotFound.
type Shelf interface {
	// Head is the newest signed checkpoint with the cosignatures it has, and its size.
	Head() (note []byte, size int64)
	// Final is the newest checkpoint that a quorum cosigned, or, before there
	// is one, the newest that is only signed; and its size.
	Final() (note []byte, size int64)
	// Changed is closed at the next change of either.
	Changed() <-chan struct{}
	// Tile is what C2SP tlog-tiles has at a path that begins "tile/".
	Tile(path string) ([]byte, error)
	// Bundle is the archive of the agreement's bundle.
	Bundle() []byte
	// Object is an object by digest.
	Object(ctx context.Context, d agreement.Digest) ([]byte, error)
}

const (
	plain     = "text/plain; charset=utf-8"
	octets    = "application/octet-stream"
	immutable = "public, max-age=31536000, immutable"
	fresh     = "no-cache" // may be kept, must be asked for again
)

// Serve is the static part of a record's HTTP interface, with paths relative to
// the record: checkpoint, head, tile/..., bundle, object/<hex>. See spec/http.md.
func Serve(s Shelf) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /checkpoint", func(w http.ResponseWriter, r *http.Request) { serveNote(w, r, s, s.Final) })
	mux.HandleFunc("GET /head", func(w http.ResponseWriter, r *http.Request) { serveNote(w, r, s, s.Head) })
	mux.HandleFunc("GET /bundle", func(w http.ResponseWriter, r *http.Request) { serveBytes(w, s.Bundle(), octets, immutable) })
	mux.HandleFunc("GET /tile/", func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/")
		if _, err := parseTilePath(path); err != nil {
			refuseMissing(w, "no tile has this path")
			return
		}
		b, err := s.Tile(path)
		serveFound(w, b, err)
	})
	mux.HandleFunc("GET /object/{digest}", func(w http.ResponseWriter, r *http.Request) {
		d, err := agreement.ParseDigest(r.PathValue("digest"))
		if err != nil {
			refuseMissing(w, "an object is named by 64 lower-case hex digits")
			return
		}
		b, err := s.Object(r.Context(), d)
		serveFound(w, b, err)
	})
	return mux
}

// serveNote serves a checkpoint; with ?after=N once its size is above N, or
// after a while in any case.
func serveNote(w http.ResponseWriter, r *http.Request, s Shelf, get func() ([]byte, int64)) {
	after := int64(-1)
	if q := r.URL.Query().Get("after"); q != "" {
		n, err := strconv.ParseInt(q, 10, 64)
		if err != nil || n < 0 || n > statement.MaxInteger {
			httpserve.Refuse(w, http.StatusBadRequest, httpserve.Refusal{Code: "after", Error: "after is a number of entries", Hint: "give the size that you have"})
			return
		}
		after = n
	}
	ctx, cancel := context.WithTimeout(r.Context(), httpserve.LongPollWithin)
	defer cancel()
	for {
		changed := s.Changed()
		note, size := get()
		if size > after || ctx.Err() != nil {
			if note == nil {
				refuseMissing(w, "this record has no checkpoint yet")
				return
			}
			serveBytes(w, note, plain, fresh)
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// Waiters are those who wait for news at once: no more than memory is meant for,
// and no neighbourhood takes the places of all others.
type Waiters struct{ places *httpserve.Share }

// NewWaiters has room for so many.
func NewWaiters(n int) Waiters { return Waiters{httpserve.NewShare(int64(n))} }

// Limit refuses those who would wait and for whom there is no room.
func (w Waiters) Limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("after") == "" {
			next.ServeHTTP(rw, r)
			return
		}
		leave, ok := w.places.Enter(r)
		if !ok {
			httpserve.Refuse(rw, http.StatusTooManyRequests, httpserve.Refusal{Code: "busy", Error: "too many readers wait for news", Hint: "ask without after, later"})
			return
		}
		defer leave()
		next.ServeHTTP(rw, r)
	})
}

func serveFound(w http.ResponseWriter, b []byte, err error) {
	switch {
	case err == nil:
		serveBytes(w, b, octets, immutable)
	case errors.Is(err, ErrNotFound):
		refuseMissing(w, "this record does not have it (yet)")
	default:
		httpserve.Refuse(w, http.StatusInternalServerError, httpserve.Refusal{Code: "storage", Error: "it could not be read", Hint: "ask again later, or another mirror"})
	}
}

func serveBytes(w http.ResponseWriter, b []byte, kind, cache string) {
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", cache)
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.Write(b)
}

func refuseMissing(w http.ResponseWriter, why string) {
	httpserve.Refuse(w, http.StatusNotFound, httpserve.Refusal{Code: "not-found", Error: why, Hint: "see spec/http.md"})
}
