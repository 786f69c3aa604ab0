package depositary

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"

	"detente/internal/httpserve"
)

// behindLimits serves the depositary within limits on a free port.
func (w *world) behindLimits(l httpserve.Limits) string {
	w.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- httpserve.ServeWithin(ctx, ln, w.d.Handler(), quiet(), l) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			w.t.Error(err)
		}
	})
	return "http://" + ln.Addr().String()
}

// TestWhatRequestsCost: statements with bad signatures, and bytes that are none,
// are taken from an address less often than good ones; pages less often than
// files, and records that have to be read first less often than those that are
// in memory.
func TestWhatRequestsCost(t *testing.T) {
	const burst = 60 // and next to nothing afterwards
	limits := httpserve.Limits{Connections: 100, PerAddress: 100, Writes: 1e-3, Reads: 1e-3, Burst: burst * 1e3}
	w := many(t, burst, room{records: 1, weight: 1 << 40})
	w.cfg.Pages = func(View) http.Handler { return http.NotFoundHandler() }
	w.start()
	w.quiet()
	said := 0
	bad := func() []byte {
		said++
		return bytes.Replace(w.of(1).brio(declare(fmt.Sprint("said ", said))), []byte("said"), []byte("sold"), 1)
	}
	good := func() []byte { said++; return w.of(1).brio(declare(fmt.Sprint("said ", said))) }
	w.of(1).retry(good()) // confirmed
	first := w.of(1).a.ID.String()
	for name, c := range map[string]struct {
		method string
		path   func(i int) string
		body   func() []byte
		each   int
	}{
		"good statements": {"POST", func(int) string { return first + "/submit" }, good, 1},
		"bad signatures":  {"POST", func(int) string { return first + "/submit" }, bad, 1 + httpserve.CostSignature},
		"no statements":   {"POST", func(int) string { return first + "/submit" }, func() []byte { return []byte("x") }, 1 + httpserve.CostRefused},
		"files":           {"GET", func(int) string { return first + "/bundle" }, nil, 1},
		"pages":           {"GET", func(int) string { return first + "/" }, nil, 1 + httpserve.CostPage},
		"closed records":  {"GET", func(i int) string { return w.of(2+i).a.ID.String() + "/bundle" }, nil, 1 + httpserve.CostOpening},
	} {
		w.of(1).hosted() // the first is in memory
		at, taken := w.behindLimits(limits), 0
		for ; taken <= burst; taken++ {
			var body []byte
			if c.body != nil {
				body = c.body()
			}
			r, err := http.NewRequestWithContext(w.ctx(), c.method, at+"/"+c.path(taken), bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode == http.StatusTooManyRequests {
				break
			}
		}
		if want := (burst + c.each - 1) / c.each; taken != want {
			t.Errorf("%s: %d are taken, want %d", name, taken, want)
		}
	}
}
