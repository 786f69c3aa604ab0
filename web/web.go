package web

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"detente/agreement"
	"detente/internal/httpserve"
	"detente/record"
	"detente/statement"
)

// A View is one record as pages see it: read only, live.
type View interface {
	Agreement() *agreement.Agreement
	Bundle() *agreement.Bundle
	// With calls read with the fold while nothing changes it. The fold and
	// what it gives out may not be kept, except entries.
	With(read func(*record.Fold))
	// Head is the newest head, and the signed checkpoint that shows it.
	Head() (statement.Head, []byte)
	// Final is how many entries a quorum has cosigned, and the checkpoint.
	Final() (size int64, note []byte)
	// Changed is closed at the next change of either.
	Changed() <-chan struct{}
	// Object is an object that the record names by digest.
	Object(ctx context.Context, d agreement.Digest) ([]byte, error)
	// Now is the depositary's clock: only for "in 3 days", never for judging.
	Now() agreement.Instant
}

//go:embed pages/*.html pages/style.css
var files embed.FS

// A site is the pages of one record.
type site struct {
	view View
	live *book

	mu       sync.Mutex
	past     []*book            // of earlier sizes, the last used first
	editions map[int64]*edition // by the size from which their text is in force

	refold  sync.Mutex // one at a time
	waiters atomic.Int64
}

// New gives the pages of a record, to be served below its address.
func New(v View) http.Handler {
	s := &site{view: v, editions: map[int64]*edition{}}
	s.live = newBook(v.With, v.Object)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /style.css", serveStyle)
	mux.HandleFunc("GET /{$}", s.page("glance", (*edition).glance))
	mux.HandleFunc("GET /timeline", s.page("timeline", (*edition).timeline))
	mux.HandleFunc("GET /vault/{name}", s.page("vault", (*edition).vault))
	mux.HandleFunc("GET /text", s.page("text", (*edition).text))
	mux.HandleFunc("GET /record", s.page("record", (*edition).list))
	mux.HandleFunc("GET /entry/{n}", s.page("entry", (*edition).entry))
	mux.HandleFunc("GET /entry/{n}/raw", s.serveRaw)
	mux.HandleFunc("GET /entry/{n}/proof", s.serveProof)
	mux.HandleFunc("GET /", s.page("missing", func(*edition, *request) (any, error) { return nil, errMissing }))
	return headers(mux)
}

// headers are those of every answer. Pages load their own style sheet and
// nothing else; no script runs, whatever a party wrote.
func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		next.ServeHTTP(w, r)
	})
}

func serveStyle(w http.ResponseWriter, r *http.Request) {
	b, err := files.ReadFile("pages/style.css")
	if err != nil {
		http.Error(w, "no style sheet", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=600")
	w.Write(b)
}

// errMissing is an address at which there is nothing; refusal is one that
// cannot be answered, with a sentence for the reader.
var errMissing = errors.New("nothing stands at this address")

type refusal struct {
	status int
	words  string
}

func (r refusal) Error() string { return r.words }

// A request is one page asked for.
type request struct {
	*http.Request
	site  *site
	book  *book
	shown *standing
	frame frame
}

// page answers with a template over what build gives.
func (s *site) page(name string, build func(*edition, *request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, name := &request{Request: r, site: s}, name // a page that is missing is so once
		model, err := any(nil), s.choose(q)
		if at, ok := errors.AsType[moved](err); ok {
			// Relative, because this handler does not know its own address.
			w.Header().Set("Location", string(at))
			w.WriteHeader(http.StatusSeeOther)
			return
		}
		if err == nil {
			e := s.edition(q.shown.version)
			q.frame = e.frameOf(q, name)
			model, err = build(e, q)
		}
		status := http.StatusOK
		if err != nil {
			status, name = http.StatusNotFound, "missing"
			words := err.Error()
			if x, ok := errors.AsType[refusal](err); ok {
				status = x.status
			}
			if q.shown == nil {
				q.book, q.shown = s.live, s.live.standing()
			}
			q.frame = s.edition(q.shown.version).frameOf(q, name)
			model = struct {
				Frame frame
				Words string
			}{q.frame, words}
		}
		var out bytes.Buffer
		if err := templates().ExecuteTemplate(&out, name+".html", model); err != nil {
			// A fault of a template: say so rather than send half a page.
			http.Error(w, "this page could not be made: "+err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-cache")
		w.WriteHeader(status)
		w.Write(out.Bytes())
	}
}

// moved is where a request by instant is answered.
type moved string

func (m moved) Error() string { return "see " + string(m) }

// choose finds of which size a page is to speak.
func (s *site) choose(q *request) error {
	query := q.URL.Query()
	live := s.live.standing()
	if at := query.Get("at"); at != "" {
		t, ok := parseInstant(at, live.version.Agreement)
		if !ok {
			return refusal{http.StatusBadRequest, "at is an instant such as 2021-05-23T19:30Z, or a date in the agreement's zone"}
		}
		var size int64
		s.view.With(func(f *record.Fold) { size = f.AsOf(t) })
		query.Del("at")
		query.Set("size", strconv.FormatInt(size, 10))
		return moved("?" + query.Encode())
	}
	q.book, q.shown = s.live, live
	text := query.Get("size")
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > live.head.Size {
		return refusal{http.StatusNotFound, fmt.Sprintf("this record has %d entries here; size is a number up to that", live.head.Size)}
	}
	if n == live.head.Size {
		return nil
	}
	if n > maxRefold {
		return refusal{http.StatusUnprocessableEntity, fmt.Sprintf(
			"earlier sizes are shown up to %d entries; for size %d take the record and run: detente asof", maxRefold, n)}
	}
	b, err := s.pastBook(q.Context(), n)
	if err != nil {
		return err
	}
	q.book, q.shown = b, b.standing()
	return nil
}

// pastBook folds the first n entries anew, or finds them folded.
func (s *site) pastBook(ctx context.Context, n int64) (*book, error) {
	find := func() *book {
		s.mu.Lock()
		defer s.mu.Unlock()
		for i, b := range s.past {
			if b.fixed == n {
				copy(s.past[1:i+1], s.past[:i])
				s.past[0] = b
				return b
			}
		}
		return nil
	}
	if b := find(); b != nil {
		return b, nil
	}
	if s.waiters.Add(1) > maxWaiting {
		s.waiters.Add(-1)
		return nil, refusal{http.StatusServiceUnavailable, "too many readers ask for earlier sizes at once: ask again in a minute"}
	}
	defer s.waiters.Add(-1)
	s.refold.Lock()
	defer s.refold.Unlock()
	if b := find(); b != nil {
		return b, nil
	}
	httpserve.Charge(ctx, httpserve.CostEntry*float64(n))
	a := s.view.Agreement()
	f, err := record.NewFold(a)
	if err != nil {
		return nil, err
	}
	for f.Size() < n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		var part [][]byte
		s.view.With(func(live *record.Fold) {
			for i := f.Size(); i < min(n, live.Size()) && len(part) < readAtOnce; i++ {
				var e []byte
				if e, err = live.Bytes(i); err != nil {
					return
				}
				part = append(part, e)
			}
		})
		if err != nil {
			return nil, err
		}
		for _, e := range part {
			f.Append(e)
		}
	}
	b := newBook(func(read func(*record.Fold)) { read(f) }, s.view.Object)
	b.fixed = n
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past = append([]*book{b}, s.past...)
	s.past = s.past[:min(len(s.past), maxPast)]
	return b, nil
}

var templates = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(functions).ParseFS(files, "pages/*.html"))
})

// link is a relative address with the size that the reader looks at.
func link(root, path, size string) string {
	if size == "" {
		return root + path
	}
	u, err := url.Parse(path)
	if err != nil {
		return root + path
	}
	q := u.Query()
	q.Set("size", size)
	u.RawQuery = q.Encode()
	return root + u.String()
}

// rootOf leads from a page back to the record's address.
func rootOf(path string) string {
	depth := strings.Count(strings.TrimPrefix(path, "/"), "/")
	if depth == 0 {
		return "./"
	}
	return strings.Repeat("../", depth)
}
