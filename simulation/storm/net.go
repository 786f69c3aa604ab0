package storm

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"time"
)

// errNet is what a role sees of every fault of the network.
var errNet = errors.New("no answer")

// A line is somebody's connection to everybody else.
type line struct {
	w    *World
	from *actor
	// twist, if set, changes what is sent: of somebody dishonest.
	twist func(*message)
}

// A message is a request on its way.
type message struct {
	from, to     *actor
	method, path string
	query        string
	body         []byte
	sent         uint64 // its number
}

// An answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (l *line) client() *http.Client { return &http.Client{Transport: l} }

// RoundTrip makes a line the transport of an HTTP client.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	w := l.w
	m := &message{from: l.from, to: w.byName[r.URL.Host], method: r.Method, path: r.URL.Path, query: r.URL.RawQuery}
	if r.Body != nil {
		var err error
		if m.body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	if l.twist != nil {
		l.twist(m)
	}
	if m.to == nil {
		return nil, errNet
	}
	w.sent++
	m.sent = w.sent
	a, err := w.send(m, r)
	if err != nil {
		w.note("net", m.from.name, m.to.name, m.method, m.path, "none")
		return nil, err
	}
	sum := sha256.Sum256(a.body)
	w.note("net", m.from.name, m.to.name, m.method, m.path, http.StatusText(a.status), string(sum[:]))
	return &http.Response{
		StatusCode: a.status, Status: http.StatusText(a.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: r,
	}, nil
}

// send passes a message on through the faults of the network.
func (w *World) send(m *message, r *http.Request) (*answer, error) {
	if m.from.cut > w.now() || m.to.cut > w.now() {
		return nil, errNet
	}
	if !w.stormy || !w.chance(w.plan.NetRate) {
		return w.deliver(m, r)
	}
	old := w.answers[m.key()]
	switch w.rng.IntN(8) {
	case 0:
		w.count(RequestDropped)
		return nil, errNet
	case 1:
		w.count(AnswerDropped)
		w.deliver(m, r)
		return nil, errNet
	case 2:
		w.count(RequestDoubled)
		w.deliver(m, r)
		return w.deliver(m, r)
	case 3:
		if m.method != http.MethodPost {
			w.count(RequestDropped)
			return nil, errNet
		}
		w.count(RequestDelayed)
		w.after(w.between(time.Second, 5*time.Minute), "late message", func() {
			if m.to.last > m.sent {
				w.count(RequestReordered)
			}
			w.deliver(m, nil)
		})
		return nil, errNet
	case 4:
		a, err := w.deliver(m, r)
		if err == nil && len(a.body) > 0 {
			w.count(AnswerTruncated)
			a.body = a.body[:w.rng.IntN(len(a.body))]
		}
		return a, err
	case 5:
		if m.method == http.MethodGet && old != nil {
			w.count(AnswerStale)
			return old, nil
		}
		w.count(AnswerDropped)
		w.deliver(m, r)
		return nil, errNet
	case 6:
		a, err := w.deliver(m, r)
		if err == nil && len(a.body) > 0 {
			w.count(AnswerGarbled)
			a.body = bytes.Clone(a.body)
			a.body[w.rng.IntN(len(a.body))] ^= byte(1 + w.rng.IntN(255))
		}
		return a, err
	}
	w.count(RequestDropped)
	return nil, errNet
}

func (m *message) key() string { return m.from.name + " " + m.to.name + " " + m.path }

// deliver has the receiver answer.
func (w *World) deliver(m *message, r *http.Request) (*answer, error) {
	to := m.to
	if to.route != nil {
		to = to.route(m)
	}
	if to == nil || to.life == nil || to.cut > w.now() {
		return nil, errNet
	}
	m.to.last = max(m.to.last, m.sent)
	if to.refuses != nil && to.refuses(m) {
		return nil, errNet
	}
	url := "http://" + m.to.name + m.path
	if m.query != "" {
		url += "?" + m.query
	}
	ctx := w.ctx
	if r != nil {
		ctx = r.Context()
	}
	q, err := http.NewRequestWithContext(ctx, m.method, url, bytes.NewReader(m.body))
	if err != nil {
		return nil, err
	}
	q.RequestURI = q.URL.RequestURI()
	a := &answer{status: http.StatusOK, header: http.Header{}}
	w.book.asked(to, m)
	to.life.handler().ServeHTTP(a, q)
	if to.mount.fs.Dead() {
		w.down(to, true)
		return nil, errNet
	}
	known := w.book.knows(m)
	w.book.answered(to, m, a)
	w.served(to, m, a, known)
	if m.method == http.MethodGet {
		w.answers[m.key()] = &answer{a.status, a.header, a.body}
	}
	return a, nil
}

// Header, Write and WriteHeader make an answer a http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// Write adds to the body.
func (a *answer) Write(b []byte) (int, error) {
	a.body = append(a.body, b...)
	return len(b), nil
}

// WriteHeader sets the status.
func (a *answer) WriteHeader(status int) { a.status = status }
