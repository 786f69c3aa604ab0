package httpserve

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// TestCharge: a request that costs more leaves less for the next, of its own
// kind, address and neighbourhood alone; nobody owes more than he could have saved.
func TestCharge(t *testing.T) {
	now := time.Unix(1000, 0)
	const rate, burst = 10, 3
	m := newMeter(Limits{Writes: rate, Reads: rate, Burst: burst})
	m.now = func() time.Time { return now }
	cost := 0.0
	h := m.limit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { Charge(r.Context(), cost) }))
	ask := func(method, from string) int {
		r := httptest.NewRequest(method, "/", nil)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	taken := func(method, from string) (n int) {
		for cost = 0; ask(method, from) == 200; n++ {
		}
		return n
	}
	cost = 9
	for range 2 {
		if code := ask("POST", "192.0.2.1:1"); code != 200 {
			t.Fatalf("a dear request within the rate: %d", code)
		}
	}
	if n := taken("POST", "192.0.2.1:2"); n != rate*burst-20 {
		t.Errorf("%d more are taken after two that cost ten, want %d", n, rate*burst-20)
	}
	if n := taken("GET", "192.0.2.1:2"); n != rate*burst {
		t.Errorf("%d reads are taken, want %d: writes are to cost them nothing", n, rate*burst)
	}
	if n := taken("POST", "192.0.2.2:2"); n != rate*burst {
		t.Errorf("%d of a neighbour are taken, want %d", n, rate*burst)
	}
	cost = 1e9
	if code := ask("POST", "198.51.100.1:1"); code != 200 {
		t.Fatal(code)
	}
	now = now.Add(burst * time.Second)
	if n := taken("POST", "198.51.100.1:1"); n != 0 {
		t.Errorf("%d are taken of who owes as much as there can be", n)
	}
	now = now.Add(time.Second)
	if n := taken("POST", "198.51.100.1:1"); n != rate {
		t.Errorf("%d are taken a second after the debt is paid, want %d", n, rate)
	}
	Charge(context.Background(), 1) // nobody's
}

// TestChargeOfNeighbours: what the addresses of a neighbourhood cost counts
// together too.
func TestChargeOfNeighbours(t *testing.T) {
	m := newMeter(Limits{Writes: 10, Reads: 10, Burst: 1})
	m.now = func() time.Time { return time.Unix(1000, 0) }
	refused := 0
	for i := range 2 * hoodRate {
		from := originOf(netAddr(i))
		if _, ok := m.take(from, writes); !ok {
			refused++
			continue
		}
		m.charge(from, writes, 9)
	}
	if refused != hoodRate {
		t.Errorf("of %d neighbours who each use up a rate %d are refused, want %d", 2*hoodRate, refused, hoodRate)
	}
}

func netAddr(i int) string { return fmt.Sprintf("192.0.2.%d:1", i+1) }
