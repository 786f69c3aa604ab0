package httpserve

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestOrigins(t *testing.T) {
	for _, tc := range []struct{ remote, address, hood string }{
		{"192.0.2.7:1000", "192.0.2.7", "192.0.2.0/24"},
		{"[::ffff:192.0.2.7]:1000", "192.0.2.7", "192.0.2.0/24"},
		{"[2001:db8:1:2:3::4]:1000", "2001:db8:1:2::", "2001:db8:1::/48"},
		{"[fe80::1%eth0]:1000", "fe80::", "fe80::/48"},
		{"[::1]:1000", "::", "::/48"},
		{"@", "@", "@"}, // no address at all
	} {
		if got := originOf(tc.remote); got != (origin{tc.address, tc.hood}) {
			t.Errorf("%s: %+v", tc.remote, got)
		}
	}
}

// TestShareLeavesRoom: of k neighbourhoods that take all they can, each has one
// part of k + 1, and as much is left; who comes then has something, to the last.
func TestShareLeavesRoom(t *testing.T) {
	for _, all := range []int64{1, 2, 3, 10, 100, 2048} {
		for k := range int64(12) {
			s := NewShare(all)
			for took := true; took; {
				took = false
				for i := range k {
					took = s.take(fmt.Sprint(i), 1) || took
				}
			}
			if least := all/(k+1) - k; s.left < least {
				t.Errorf("%d shared with %d who take all they can: %d left, want about %d", all, k, s.left, all/(k+1))
			}
			if k < all/2 && !s.take("late", 1) {
				t.Errorf("%d shared with %d who take all they can: nothing for one more", all, k)
			}
			for i := range k {
				s.give(fmt.Sprint(i), s.held[fmt.Sprint(i)])
			}
			if s.give("late", s.held["late"]); s.left != all || len(s.held) != 0 {
				t.Errorf("%d shared, and given back: %d", all, s.left)
			}
		}
	}
}

// from is a connection from an address of this machine.
func from(t *testing.T, address, to string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}, Timeout: 10 * time.Second}
	c, err := d.Dial("tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// answered is whether a request on a connection is.
func answered(c net.Conn, request string) bool {
	fmt.Fprint(c, request)
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	line, err := bufio.NewReader(c).ReadString('\n')
	return err == nil && strings.HasPrefix(line, "HTTP/1.1 200")
}

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// TestNeighboursCannotTakeAllConnections: four addresses of one neighbourhood, each
// within its own number, would take every connection and hold them: a header
// a byte at a time. Somebody from elsewhere is answered all the while.
func TestNeighboursCannotTakeAllConnections(t *testing.T) {
	at := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "here") }),
		Limits{Connections: 32, PerAddress: 8, Writes: 1e6, Reads: 1e6, Burst: 1})
	for i := range 4 * 8 {
		c := from(t, fmt.Sprintf("127.0.1.%d", 1+i%4), at)
		io.WriteString(c, "GET / HT")
	}
	for i := range 8 {
		if !answered(from(t, "127.0.2.1", at), get) {
			t.Errorf("connection %d from elsewhere is not answered", i)
		}
	}
}

// TestNewcomerDisplacesWhoHasMost: many neighbourhoods have taken every connection;
// who comes from one that has none gets one, from those who have the most, and
// one on which something is under way last.
func TestNewcomerDisplacesWhoHasMost(t *testing.T) {
	work, begun := make(chan struct{}), make(chan struct{}, 99)
	at := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			begun <- struct{}{}
			<-work
		}
		io.WriteString(w, "here")
	}), Limits{Connections: 12, PerAddress: 4, Writes: 1e6, Reads: 1e6, Burst: 1})
	// Neighbourhoods of two or three connections, until nobody who has one gets more.
	busy := from(t, "127.0.10.1", at)
	io.WriteString(busy, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	<-begun
	open := 1
	for hood := 10; open < 12; hood++ {
		for range 3 {
			if c := from(t, fmt.Sprintf("127.0.%d.1", hood), at); answered(c, get) {
				open++
			}
		}
		if hood > 40 {
			t.Fatal("the connections are not all taken")
		}
	}
	if !answered(from(t, "127.0.99.1", at), get) {
		t.Error("a newcomer is not answered while others hold several connections each")
	}
	close(work)
	busy.SetReadDeadline(time.Now().Add(10 * time.Second))
	if line, err := bufio.NewReader(busy).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Errorf("a request that was under way: %q, %v", line, err)
	}
}

// TestBodiesAreShared: large bodies that do not end hold no more memory than there
// is for them, a sender who only announces one holds none, and one from elsewhere
// is read meanwhile.
func TestBodiesAreShared(t *testing.T) {
	reading := make(chan struct{}, 99)
	at := serving(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reading <- struct{}{}
		if _, ok := Body(w, r, 16<<20); ok {
			io.WriteString(w, "here")
		}
	}), Limits{Connections: 99, PerAddress: 40, Bodies: 1 << 20, Writes: 1e6, Reads: 1e6, Burst: 1})
	head := func(n int) string { return fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", n) }
	announced := from(t, "127.0.2.1", at)
	io.WriteString(announced, head(15<<20))
	<-reading
	part := bytes.Repeat([]byte("x"), 64<<10)
	refused := make(chan bool, 32)
	for range 32 { // 2 MiB in all, of bodies of 1 MiB each that come no further
		c := from(t, "127.0.1.1", at)
		io.WriteString(c, head(1<<20))
		c.Write(part)
		<-reading
		go func() {
			c.SetReadDeadline(time.Now().Add(5 * time.Second))
			line, _ := bufio.NewReader(c).ReadString('\n')
			refused <- strings.Contains(line, "503")
		}()
	}
	if !<-refused {
		t.Error("no body is refused although their room is used up")
	}
	c := from(t, "127.0.2.2", at)
	if !answered(c, head(len(part))+string(part)) {
		t.Error("a body from elsewhere is not read")
	}
}

// TestBodyRoomIsGivenBack: what a body took is given back when its request is
// answered, whatever became of it.
func TestBodyRoomIsGivenBack(t *testing.T) {
	bodies := NewShare(1 << 20)
	h := stock(bodies, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { Body(w, r, 100_000) }))
	for _, n := range []int{0, 1, bodyStep - 1, bodyStep, bodyStep + 1, 100_000, 100_001, 400_000} {
		r, _ := http.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", n)))
		r.RemoteAddr = "192.0.2.1:1"
		h.ServeHTTP(discard{}, r)
		if bodies.left != 1<<20 {
			t.Errorf("after a body of %d bytes %d are left of %d", n, bodies.left, 1<<20)
		}
	}
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

// TestNeighboursShareARate: two hundred addresses of one neighbourhood do not have
// two hundred times the rate, and nobody else has less for it.
func TestNeighboursShareARate(t *testing.T) {
	now := time.Unix(1000, 0)
	m := newMeter(Limits{Writes: 2, Reads: 2, Burst: 2})
	m.now = func() time.Time { return now }
	taken := 0
	for i := range 200 {
		for range 4 {
			if _, ok := m.take(originOf(fmt.Sprintf("192.0.2.%d:1", i)), writes); ok {
				taken++
			}
		}
	}
	if taken != 2*2*hoodRate {
		t.Errorf("a neighbourhood made %d requests at once, want %d", taken, 2*2*hoodRate)
	}
	if len(m.addresses.of) > 2*2*hoodRate {
		t.Errorf("%d addresses are remembered that were refused with their neighbourhood", len(m.addresses.of))
	}
	if _, ok := m.take(originOf("198.51.100.1:1"), writes); !ok {
		t.Error("another neighbourhood is refused")
	}
}
