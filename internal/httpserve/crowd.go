package httpserve

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// A crowd is a listener that keeps to a number of connections and shares them
// out. When all are taken a newcomer has one of whoever has the most, so no
// neighbourhood is shut out while another holds two more than it.
type crowd struct {
	net.Listener
	perAddress int
	room       *Share

	mu      sync.Mutex
	members map[string]map[*member]bool // by neighbourhood
	open    map[string]int              // by address
}

func newCrowd(ln net.Listener, l Limits) *crowd {
	return &crowd{Listener: ln, perAddress: l.PerAddress, room: NewShare(int64(l.Connections)), members: map[string]map[*member]bool{}, open: map[string]int{}}
}

// Accept gives the next connection for which there is room. One too many of an
// address or a neighbourhood is closed, and the next is taken.
func (c *crowd) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		m := &member{Conn: conn, crowd: c, from: originOf(conn.RemoteAddr().String()), since: time.Now()}
		if c.admit(m) {
			return m, nil
		}
		conn.Close()
	}
}

func (c *crowd) admit(m *member) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[m.from.address] >= c.perAddress {
		return false
	}
	if !c.room.take(m.from.hood, 1) {
		victim := c.most(len(c.members[m.from.hood]) + 2)
		if victim == nil {
			return false
		}
		c.leave(victim)
		victim.Conn.Close() // its handler finds out
		if !c.room.take(m.from.hood, 1) {
			return false
		}
	}
	if c.members[m.from.hood] == nil {
		c.members[m.from.hood] = map[*member]bool{}
	}
	c.members[m.from.hood][m] = true
	c.open[m.from.address]++
	return true
}

// most is a connection of the neighbourhood that has the most, if it has so many
// at least and nothing is left: one on which no request is under way if there
// is one, and the oldest of those.
func (c *crowd) most(least int) (victim *member) {
	if c.room.any() {
		return nil // whoever asks has its share
	}
	var many map[*member]bool
	for _, all := range c.members {
		if len(all) >= least && len(all) > len(many) {
			many = all
		}
	}
	for m := range many {
		if victim == nil || victim.busy && !m.busy || victim.busy == m.busy && m.since.Before(victim.since) {
			victim = m
		}
	}
	return victim
}

// leave gives a member's place back, with c locked; once.
func (c *crowd) leave(m *member) {
	all := c.members[m.from.hood]
	if !all[m] {
		return
	}
	if delete(all, m); len(all) == 0 {
		delete(c.members, m.from.hood)
	}
	if c.open[m.from.address]--; c.open[m.from.address] == 0 {
		delete(c.open, m.from.address)
	}
	c.room.give(m.from.hood, 1)
}

// note is the server's word on what a connection does.
func (c *crowd) note(conn net.Conn, state http.ConnState) {
	m, ok := conn.(*member)
	if !ok {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m.busy = state == http.StateActive
}

// A member is a connection that gives its place back when it is closed.
type member struct {
	net.Conn
	crowd *crowd
	from  origin
	since time.Time
	busy  bool // a request is under way; guarded by the crowd's mutex
}

func (m *member) Close() error {
	m.crowd.mu.Lock()
	m.crowd.leave(m)
	m.crowd.mu.Unlock()
	return m.Conn.Close()
}
