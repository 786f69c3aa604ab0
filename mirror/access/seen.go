package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"detente/agreement"
)

// maxSeen is how many requests a host remembers, of some 100 bytes each: of all
// readers of all its private records, within the ten minutes in which one counts.
// One reader has at most half of them, some 400 a second without end.
const maxSeen = 1 << 19

var (
	errSeen   = errors.New("this very request was made before: each is signed anew")
	errCrowd  = errors.New("this host has answered as many requests for private records as it can remember: it could not tell one made before from a new one")
	errBefore = errors.New("the request was signed in a time of which this host no longer knows what was asked: its clock was set back")
)

// Seen are the requests that were answered and could be made again, because
// their time still counts. It belongs to one host and serves all its records;
// its methods may be called at the same time. It forgets when the process ends, and
// the next one has another challenge, with which none of them was signed.
type Seen struct {
	challenge string // in hex; signed with every request

	mu      sync.Mutex
	minutes map[int64]map[[16]byte]agreement.Name // by the minute at which they were signed: by whom
	of      map[agreement.Name]int
	all     int
	room    int
	floor   int64 // minutes before this one are forgotten
}

// NewSeen has seen nothing, and draws its challenge.
func NewSeen() *Seen {
	var challenge [nonceBytes]byte
	rand.Read(challenge[:])
	return &Seen{challenge: hex.EncodeToString(challenge[:]), minutes: map[int64]map[[16]byte]agreement.Name{}, of: map[agreement.Name]int{}, room: maxSeen}
}

// once is nil if a request, by what was signed, is made for the first time. Only
// one whose signature was found good is looked for: strangers take no room.
func (s *Seen) once(by agreement.Name, message []byte, at, now int64) error {
	sum := sha256.Sum256(message)
	key := [16]byte(sum[:16])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(now)
	minute := at / 60
	if minute < s.floor {
		return errBefore
	}
	if _, ok := s.minutes[minute][key]; ok {
		return errSeen
	}
	// As an httpserve.Share divides: nobody has more than is left for all others.
	if left := s.room - s.all; left < 1 || s.of[by] > 0 && s.of[by]+1 > left-1 {
		return errCrowd
	}
	if s.minutes[minute] == nil {
		s.minutes[minute] = map[[16]byte]agreement.Name{}
	}
	s.minutes[minute][key] = by
	s.of[by]++
	s.all++
	return nil
}

// forget forgets the minutes of which no request counts any more.
func (s *Seen) forget(now int64) {
	floor := (now - int64(Skew/time.Second)) / 60
	if floor <= s.floor {
		return
	}
	s.floor = floor
	for minute, all := range s.minutes {
		if minute >= floor {
			continue
		}
		for _, by := range all {
			if s.of[by]--; s.of[by] == 0 {
				delete(s.of, by)
			}
		}
		s.all -= len(all)
		delete(s.minutes, minute)
	}
}
