package depositary

import (
	"context"
	"testing"
	"time"

	"detente/agreement"
)

// A clock that moves between being read and being waited for makes nobody
// sleep past what was due meanwhile.
func TestAgendaIsOnTimeWhenTheClockMovesBeforeTheWait(t *testing.T) {
	h := newHand()
	h.waits = func() { h.add(time.Hour) }
	d := &Depositary{cfg: Config{Clock: h}}
	d.agenda.wake = make(chan struct{}, 1)
	due := agreement.Instant(h.Now().Unix()) + 60
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	d.sleepUntil(ctx, due)
	if ctx.Err() != nil {
		t.Errorf("the clock shows %v, %d was due, and it slept on", h.Now(), due)
	}
}
