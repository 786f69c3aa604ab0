package httpserve

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// An origin is who asks, as limits count it, and where from. One caller is given
// an address, or an IPv6 network of 64 bits; who rents many has them side by
// side, in a neighbourhood of 24 bits, or of 48.
type origin struct{ address, hood string }

func originOf(remote string) origin {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return origin{remote, remote}
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return origin{host, host}
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		hood, _ := ip.Prefix(24)
		return origin{ip.String(), hood.String()}
	}
	address, _ := ip.Prefix(64)
	hood, _ := ip.Prefix(48)
	return origin{address.Addr().String(), hood.String()}
}

// A Share divides so much of something among all who ask for it. No
// neighbourhood holds more than is left for everybody else: one can take half,
// and of k that take all they can each has, and leaves, one part of k + 1. So
// whoever comes from elsewhere finds room, however many addresses few
// neighbourhoods have. Its methods may be called at the same time.
type Share struct {
	mu   sync.Mutex
	left int64
	held map[string]int64 // by neighbourhood; those who hold nothing are not in it
}

// NewShare divides so much.
func NewShare(all int64) *Share { return &Share{left: all, held: map[string]int64{}} }

// Enter takes one for who makes a request, until leave is called; false if
// there is none for it.
func (s *Share) Enter(r *http.Request) (leave func(), ok bool) {
	hood := originOf(r.RemoteAddr).hood
	if !s.take(hood, 1) {
		return nil, false
	}
	return func() { s.give(hood, 1) }, true
}

// take takes n for a neighbourhood, if that leaves at least as much as it then
// holds. One that holds nothing may have the last of it.
func (s *Share) take(hood string, n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > s.left || s.held[hood] > 0 && s.held[hood]+n > s.left-n {
		return false
	}
	s.left -= n
	s.held[hood] += n
	return true
}

// any is whether anything is left.
func (s *Share) any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.left > 0
}

// give gives n of a neighbourhood's back.
func (s *Share) give(hood string, n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left += n
	if s.held[hood] -= n; s.held[hood] <= 0 {
		delete(s.held, hood)
	}
}
