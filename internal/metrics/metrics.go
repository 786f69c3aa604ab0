// Package metrics shows how a process does to whoever watches it, in the text
// form of Prometheus.
//
// A role tells its values when it is asked (Source); nothing is counted that
// nobody asks for. What it promises: names, help and types that Prometheus's own
// linter accepts, no value that names a person, a statement or a secret. It
// listens only where it is told to, which should not be where the public is.
package metrics

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"detente/internal/httpserve"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sys/unix"
)

// A Value is one number, with what tells it from others of its name.
type Value struct {
	name, help string
	kind       prometheus.ValueType
	value      float64
	labels     []Label
}

// A Label is a name and its value.
type Label struct{ Name, Value string }

// Gauge is a value that goes up and down.
func Gauge(name, help string, v float64, labels ...Label) Value {
	return Value{name, help, prometheus.GaugeValue, v, labels}
}

// Counter is a value that only grows while the process lives.
func Counter(name, help string, v float64, labels ...Label) Value {
	return Value{name, help, prometheus.CounterValue, v, labels}
}

// Bool is 1 for true.
func Bool(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Time is an instant in seconds.
func Time(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// Tell takes one value.
type Tell = func(Value)

// A Source tells its values as they are now. It may be asked at any time, from
// several goroutines.
type Source func(Tell)

// Describe gives nothing: what a source tells may differ from time to time.
func (s Source) Describe(chan<- *prometheus.Desc) {}

// Collect asks the source.
func (s Source) Collect(out chan<- prometheus.Metric) {
	s(func(v Value) {
		names, values := make([]string, len(v.labels)), make([]string, len(v.labels))
		for i, l := range v.labels {
			names[i], values[i] = l.Name, l.Value
		}
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc(v.name, v.help, names, nil), v.kind, v.value, values...)
	})
}

// A Board is what one process shows.
type Board struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
}

// New is the board of a process with this folder, which shows what the sources
// tell, and how the process itself does.
func New(dir string, sources ...Source) *Board {
	b := &Board{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "detente_http_requests_total", Help: "Requests answered, by what was asked for and the status of the answer.",
		}, []string{"request", "code"}),
	}
	b.registry.MustRegister(b.requests, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), Source(func(tell Tell) { disk(dir, tell) }))
	for _, s := range sources {
		b.registry.MustRegister(s)
	}
	return b
}

// disk tells how much room is left where the folder is.
func disk(dir string, tell Tell) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) == nil {
		tell(Gauge("detente_disk_free_bytes", "Bytes that this process may still write where its folder is.", float64(s.Bavail)*float64(s.Bsize)))
	}
}

// Count counts what h answers.
func (b *Board) Count(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := &answer{ResponseWriter: w, code: http.StatusOK}
		h.ServeHTTP(a, r)
		b.requests.WithLabelValues(request(r), strconv.Itoa(a.code)).Inc()
	})
}

// request is what was asked for, in one of a few words: a path as it came would
// let anybody make new series.
func request(r *http.Request) string {
	if r.Method != http.MethodPost {
		return "read"
	}
	last := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	switch last {
	case "submit", "object", "open", "register", "add-checkpoint":
		return last
	}
	return "other"
}

type answer struct {
	http.ResponseWriter
	code int
}

func (a *answer) WriteHeader(code int) {
	a.code = code
	a.ResponseWriter.WriteHeader(code)
}

// Unwrap lets a handler flush and set deadlines.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Serve answers GET /metrics on ln until ctx is done.
func (b *Board) Serve(ctx context.Context, ln net.Listener, log *slog.Logger) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(b.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second}))
	return httpserve.Serve(ctx, ln, mux, log)
}
