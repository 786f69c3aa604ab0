package httpserve

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Limits say how much one service takes from everybody, and from one address.
// Behind a proxy every caller has the proxy's address: then the proxy limits,
// and PerAddress, the rates and half of each share are those of all callers
// together.
type Limits struct {
	Connections int // open at once, shared out as a Share does; further ones are closed at once
	PerAddress  int // of them, from one address
	// Bodies is how many bytes of requests are held in memory at once, shared out
	// as a Share does; 0 for no limit.
	Bodies int64
	// Writes and Reads are how many requests an address may make in a second,
	// over a while; Burst seconds' worth of them at once. A neighbourhood may
	// make hoodRate times as many.
	Writes float64
	Reads  float64
	Burst  float64
}

// DefaultLimits let everybody's mirror and every party work as fast as one
// machine can serve them, and keep one address from taking all of it: an entry
// costs a sync and a signature, a page the folding of a standing.
func DefaultLimits() Limits {
	return Limits{Connections: 2048, PerAddress: 512, Bodies: 256 << 20, Writes: 500, Reads: 2000, Burst: 4}
}

// forgotten is after how long an address that has asked nothing is forgotten;
// maxAddresses bounds how many are remembered meanwhile.
const (
	forgotten    = 5 * time.Minute
	maxAddresses = 65_536
	// hoodRate is how many addresses' worth of requests a neighbourhood may make.
	hoodRate = 8
)

// A meter counts what each address and each neighbourhood asks for. They are kept
// apart: whoever has so many addresses that they are forgotten before their time
// stays within the rate of his neighbourhood.
type meter struct {
	now func() time.Time

	mu               sync.Mutex
	addresses, hoods *buckets
}

// Buckets fill with time, each by the same rates.
type buckets struct {
	rates [2]float64 // of reads and writes, in a second
	burst float64
	of    map[string]*bucket
	swept time.Time
}

// A bucket is what one caller has left of each rate.
type bucket struct {
	last time.Time
	left [2]float64
}

const reads, writes = 0, 1

func newMeter(l Limits) *meter {
	some := func(times float64) *buckets {
		return &buckets{rates: [2]float64{reads: times * l.Reads, writes: times * l.Writes}, burst: l.Burst, of: map[string]*bucket{}}
	}
	return &meter{now: time.Now, addresses: some(1), hoods: some(hoodRate)}
}

// take takes one request from the rates of an address and its neighbourhood;
// otherwise it says after how long the next will be taken.
func (m *meter) take(from origin, kind int) (wait time.Duration, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	hood := m.hoods.find(from.hood, now)
	if wait := m.hoods.wait(hood, kind); wait > 0 {
		return wait, false // and the address is not remembered
	}
	one := m.addresses.find(from.address, now)
	if wait := m.addresses.wait(one, kind); wait > 0 {
		return wait, false
	}
	hood.left[kind]--
	one.left[kind]--
	return 0, true
}

// find is the bucket of a caller, filled up to now.
func (b *buckets) find(who string, now time.Time) *bucket {
	if now.Sub(b.swept) > forgotten || len(b.of) >= maxAddresses {
		b.sweep(now)
	}
	c := b.of[who]
	if c == nil {
		c = &bucket{last: now}
		for kind, rate := range b.rates {
			c.left[kind] = rate * b.burst
		}
		b.of[who] = c
	}
	passed := max(0, now.Sub(c.last).Seconds())
	c.last = now
	for kind, rate := range b.rates {
		c.left[kind] = min(c.left[kind]+passed*rate, rate*b.burst)
	}
	return c
}

// wait is how long until a bucket has one; 0 if it has.
func (b *buckets) wait(c *bucket, kind int) time.Duration {
	if c.left[kind] >= 1 {
		return 0
	}
	return time.Duration((1 - c.left[kind]) / b.rates[kind] * float64(time.Second))
}

// sweep forgets who has been silent, and if that is not enough everybody: then
// so many ask that no one of them is the trouble.
func (b *buckets) sweep(now time.Time) {
	for who, c := range b.of {
		if now.Sub(c.last) > forgotten {
			delete(b.of, who)
		}
	}
	if len(b.of) >= maxAddresses {
		clear(b.of)
	}
	b.swept = now
}

// limit refuses requests beyond an address's rate with 429 and when to ask again.
func (m *meter) limit(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := writes
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			kind = reads
		}
		from := originOf(r.RemoteAddr)
		wait, ok := m.take(from, kind)
		if !ok {
			Busy(w, http.StatusTooManyRequests, wait, "this address, or its neighbourhood, asks too often")
			return
		}
		h.ServeHTTP(w, m.tabbed(r, from, kind))
	})
}

// Busy refuses for a while: 429 if the caller asks too much, 503 if everybody
// does. The answer says when to ask again.
func Busy(w http.ResponseWriter, status int, wait time.Duration, why string) {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	w.Header().Set("Retry-After", strconv.Itoa(seconds))
	Refuse(w, status, Refusal{Code: "busy", Error: why, Hint: fmt.Sprintf("ask again in %d s", seconds)})
}

// Address is who asks, as limits count it: the address without its port.
func Address(r *http.Request) string { return originOf(r.RemoteAddr).address }
