package httpserve

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Limits say how much one service takes from everybody, and from one address.
// Behind a proxy every caller has the proxy's address: then the proxy limits,
// and PerAddress and the rates are those of all callers together.
type Limits struct {
	Connections int // open at once; further ones wait to be accepted
	PerAddress  int // of them, from one address; further ones are closed at once
	// Writes and Reads are how many requests an address may make in a second,
	// over a while; Burst seconds' worth of them at once.
	Writes float64
	Reads  float64
	Burst  float64
}

// DefaultLimits let everybody's mirror and every party work as fast as one
// machine can serve them, and keep one address from taking all of it: an entry
// costs a sync and a signature, a page the folding of a standing.
func DefaultLimits() Limits {
	return Limits{Connections: 2048, PerAddress: 512, Writes: 500, Reads: 2000, Burst: 4}
}

// forgotten is after how long an address that has asked nothing is forgotten;
// maxAddresses bounds how many are remembered meanwhile.
const (
	forgotten    = 5 * time.Minute
	maxAddresses = 65_536
)

// A meter counts what each address asks for.
type meter struct {
	limits Limits
	now    func() time.Time

	mu      sync.Mutex
	callers map[string]*caller
	swept   time.Time
}

// A caller is one address: what it has left of each rate, as a bucket that
// fills with time.
type caller struct {
	last          time.Time
	writes, reads float64
}

func newMeter(l Limits) *meter {
	return &meter{limits: l, now: time.Now, callers: map[string]*caller{}}
}

// take takes one request from an address's rate; otherwise it says after how
// long the next will be taken.
func (m *meter) take(address string, write bool) (wait time.Duration, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	if now.Sub(m.swept) > forgotten || len(m.callers) >= maxAddresses {
		m.sweep(now)
	}
	c := m.callers[address]
	if c == nil {
		c = &caller{last: now, writes: m.limits.Writes * m.limits.Burst, reads: m.limits.Reads * m.limits.Burst}
		m.callers[address] = c
	}
	passed := max(0, now.Sub(c.last).Seconds())
	c.last = now
	c.writes = min(c.writes+passed*m.limits.Writes, m.limits.Writes*m.limits.Burst)
	c.reads = min(c.reads+passed*m.limits.Reads, m.limits.Reads*m.limits.Burst)
	left, rate := &c.reads, m.limits.Reads
	if write {
		left, rate = &c.writes, m.limits.Writes
	}
	if *left < 1 {
		return time.Duration((1 - *left) / rate * float64(time.Second)), false
	}
	*left--
	return 0, true
}

// sweep forgets who has been silent, and if that is not enough everybody: then
// so many addresses ask that no one of them is the trouble.
func (m *meter) sweep(now time.Time) {
	for a, c := range m.callers {
		if now.Sub(c.last) > forgotten {
			delete(m.callers, a)
		}
	}
	if len(m.callers) >= maxAddresses {
		clear(m.callers)
	}
	m.swept = now
}

// limit refuses requests beyond an address's rate with 429 and when to ask again.
func (m *meter) limit(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		write := r.Method != http.MethodGet && r.Method != http.MethodHead
		wait, ok := m.take(hostOf(r.RemoteAddr), write)
		if !ok {
			Busy(w, http.StatusTooManyRequests, wait, "this address asks too often")
			return
		}
		h.ServeHTTP(w, r)
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
func Address(r *http.Request) string { return hostOf(r.RemoteAddr) }

// hostOf is the address without the port, an IPv6 network of 64 bits for one
// address: that is what one caller is given.
func hostOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	if ip := net.ParseIP(host); ip != nil && ip.To4() == nil {
		return ip.Mask(net.CIDRMask(64, 128)).String()
	}
	return host
}

// A crowd is a listener that keeps to a number of connections.
type crowd struct {
	net.Listener
	perAddress int
	room       chan struct{} // has an element for each open connection
	end        chan struct{}
	ended      sync.Once

	mu   sync.Mutex
	open map[string]int
}

func newCrowd(ln net.Listener, l Limits) *crowd {
	return &crowd{Listener: ln, perAddress: l.PerAddress, room: make(chan struct{}, l.Connections), end: make(chan struct{}), open: map[string]int{}}
}

// Accept gives the next connection, when there is room for it. One too many of
// an address is closed, and the next is taken.
func (c *crowd) Accept() (net.Conn, error) {
	select {
	case c.room <- struct{}{}:
	case <-c.end:
		return nil, net.ErrClosed
	}
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			<-c.room
			return nil, err
		}
		host := hostOf(conn.RemoteAddr().String())
		c.mu.Lock()
		many := c.open[host] >= c.perAddress
		if !many {
			c.open[host]++
		}
		c.mu.Unlock()
		if !many {
			return &member{Conn: conn, crowd: c, host: host}, nil
		}
		conn.Close()
	}
}

// Close ends the listening.
func (c *crowd) Close() error {
	c.ended.Do(func() { close(c.end) })
	return c.Listener.Close()
}

// A member is a connection that gives its place back when it is closed.
type member struct {
	net.Conn
	crowd *crowd
	host  string
	left  sync.Once
}

func (m *member) Close() error {
	m.left.Do(func() {
		m.crowd.mu.Lock()
		if m.crowd.open[m.host]--; m.crowd.open[m.host] == 0 {
			delete(m.crowd.open, m.host)
		}
		m.crowd.mu.Unlock()
		<-m.crowd.room
	})
	return m.Conn.Close()
}
