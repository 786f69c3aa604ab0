package httpserve

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// serving serves h within limits on a free port until the test ends.
func serving(t *testing.T, h http.Handler, l Limits) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- ServeWithin(ctx, ln, h, quiet(), l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("ending: %v", err)
		}
	})
	return ln.Addr().String()
}

// TestRates: an address gets its burst, is then refused with when to ask again,
// and gets what the time since allows; another address is not concerned.
func TestRates(t *testing.T) {
	now := time.Unix(1000, 0)
	m := newMeter(Limits{Writes: 2, Reads: 10, Burst: 3})
	m.now = func() time.Time { return now }
	h := m.limit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
	ask := func(method, from string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/", nil)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for i := range 6 {
		if w := ask("POST", "192.0.2.1:1000"); w.Code != 200 {
			t.Fatalf("request %d of the burst: %d", i, w.Code)
		}
	}
	w := ask("POST", "192.0.2.1:2000")
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), "ask again in 1 s") {
		t.Errorf("past the burst: %d, Retry-After %q, %s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
	if w := ask("GET", "192.0.2.1:2000"); w.Code != 200 {
		t.Errorf("a read past the burst of writes: %d", w.Code)
	}
	if w := ask("POST", "192.0.2.2:2000"); w.Code != 200 {
		t.Errorf("another address: %d", w.Code)
	}
	now = now.Add(time.Second)
	for i, want := range []int{200, 200, 429} {
		if w := ask("POST", "192.0.2.1:3"); w.Code != want {
			t.Errorf("a second later, request %d: %d, want %d", i, w.Code, want)
		}
	}
	if a, b := originOf("[2001:db8::1]:5"), originOf("[2001:db8::ffff]:6"); a != b {
		t.Errorf("two addresses of one network: %s, %s", a, b)
	}
}

// TestManyAddresses: a million addresses take no more memory than the limit.
func TestManyAddresses(t *testing.T) {
	m := newMeter(DefaultLimits())
	for i := range 1_000_000 {
		m.take(originOf(fmt.Sprintf("%d.%d.%d.1:1", i>>16, i>>8&255, i&255)), writes)
		if len(m.addresses.of) > maxAddresses || len(m.hoods.of) > maxAddresses {
			t.Fatalf("%d addresses and %d neighbourhoods are remembered", len(m.addresses.of), len(m.hoods.of))
		}
	}
}

// TestConnections: one address gets its number of connections, further ones are
// closed; when one ends there is room again.
func TestConnections(t *testing.T) {
	at := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "here") }),
		Limits{Connections: 8, PerAddress: 3, Writes: 1e6, Reads: 1e6, Burst: 1})
	ask := func(c net.Conn) error {
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		line, err := bufio.NewReader(c).ReadString('\n')
		if err == nil && !strings.Contains(line, "200") {
			err = errors.New(line)
		}
		return err
	}
	dial := func() net.Conn {
		c, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	var all []net.Conn
	for range 3 {
		all = append(all, dial())
		if err := ask(all[len(all)-1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := ask(dial()); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("one connection too many: %v", err)
	}
	all[0].Close()
	for try := 0; ; try++ {
		if ask(dial()) == nil {
			break
		}
		if try == 1000 {
			t.Fatal("there is no room again")
		}
	}
}

// TestFlood: hundreds of senders who dribble a header, never end a body, send
// headers without end or ask again and again: others are answered, and memory
// does not grow with what they send.
func TestFlood(t *testing.T) {
	at := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if _, ok := Body(w, r, 1<<16); !ok {
				return
			}
		}
		io.WriteString(w, "here")
	}), Limits{Connections: 1200, PerAddress: 600, Bodies: 64 << 20, Writes: 1e6, Reads: 1e6, Burst: 1})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var all sync.WaitGroup
	junk := bytes.Repeat([]byte("x"), 64<<10)
	for i := range 300 {
		all.Go(func() {
			c, err := net.Dial("tcp", at)
			if err != nil {
				return
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(3 * time.Second))
			switch i % 3 {
			case 0: // a header that never ends
				fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\nX: ")
				for err == nil {
					_, err = c.Write(junk)
				}
			case 1: // a body that never ends
				fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
				for err == nil {
					_, err = fmt.Fprintf(c, "10000\r\n%s\r\n", junk)
				}
			default: // a header a byte at a time
				_, err := io.WriteString(c, "GET / HT")
				if err == nil {
					c.Read(make([]byte, 1)) // until it hangs up, or the deadline
				}
			}
		})
	}
	for i := range 50 {
		resp, err := http.Get("http://" + at)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("request %d among them: %v", i, err)
		}
		resp.Body.Close()
	}
	all.Wait()
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("%d bytes are kept after the flood", grown)
	}
}
