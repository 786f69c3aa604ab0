package access

import (
	"errors"
	"fmt"
	"testing"
)

// TestSeenIsBounded: one reader who asks without end neither fills a host's memory
// nor keeps others from being answered, and is answered again once his earlier
// requests count no more.
func TestSeenIsBounded(t *testing.T) {
	s := NewSeen()
	s.room = 100
	const at = 1_000_000 * 60
	ask := func(by string, i int, at, now int64) error {
		return s.once("iaea", fmt.Appendf(nil, "%s %d", by, i), at, now)
	}
	taken := 0
	for i := range 200 {
		if ask("iaea", i, at, at) == nil {
			taken++
		}
	}
	if taken != 50 || s.all != 50 {
		t.Errorf("one reader has %d of 100 places", taken)
	}
	if err := s.once("press", []byte("x"), at, at); err != nil {
		t.Errorf("another reader: %v", err)
	}
	if err := ask("iaea", 0, at, at+299); !errors.Is(err, errSeen) {
		t.Errorf("made again within its time: %v", err)
	}
	if err := ask("iaea", 500, at+400, at+400); err != nil || s.all != 1 {
		t.Errorf("after its time: %v, %d remembered", err, s.all)
	}
	// A clock that is set back does not bring back what was forgotten.
	if err := ask("iaea", 0, at, at); !errors.Is(err, errBefore) {
		t.Errorf("made again after the clock was set back: %v", err)
	}
}
