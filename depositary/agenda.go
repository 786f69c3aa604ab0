package depositary

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"detente/agreement"
	"detente/internal/clock"
)

// An agenda says which record needs attention when. An idle record is not on
// it; one goroutine waits for the earliest of all.
type agenda struct {
	mu    sync.Mutex
	queue alarms
	wake  chan struct{}
}

// alarms is a heap of records by the instant of their alarm; each is on it at
// most once, at its index.
type alarms []*hosted

func (q alarms) Len() int           { return len(q) }
func (q alarms) Less(i, j int) bool { return q[i].alarm.at < q[j].alarm.at }

func (q alarms) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].alarm.index, q[j].alarm.index = i, j
}

func (q *alarms) Push(x any) {
	h := x.(*hosted)
	h.alarm.index, h.alarm.set = len(*q), true
	*q = append(*q, h)
}

func (q *alarms) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = nil
	last.alarm.set = false
	*q = old[:len(old)-1]
	return last
}

// An alarm is a record's place on the agenda, guarded by its mutex.
type alarm struct {
	at    agreement.Instant
	index int
	set   bool
}

// set has a record looked at by an instant. An earlier alarm stays: whoever
// looks then finds out what comes next.
func (a *agenda) set(h *hosted, at agreement.Instant) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case !h.alarm.set:
		h.alarm.at = at
		heap.Push(&a.queue, h)
	case at < h.alarm.at:
		h.alarm.at = at
		heap.Fix(&a.queue, h.alarm.index)
	default:
		return
	}
	if a.queue[0] == h {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
}

// at is when a record is looked at next; false if it is not on the agenda.
func (a *agenda) at(h *hosted) (agreement.Instant, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return h.alarm.at, h.alarm.set
}

// due takes the records whose instant has come, and says when the next one's is.
func (a *agenda) due(now agreement.Instant) (ready []*hosted, next agreement.Instant, more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.queue) > 0 && a.queue[0].alarm.at <= now {
		ready = append(ready, heap.Pop(&a.queue).(*hosted))
	}
	if len(a.queue) == 0 {
		return ready, 0, false
	}
	return ready, a.queue[0].alarm.at, true
}

// attend works the agenda off until ctx is done.
func (d *Depositary) attend(ctx context.Context) {
	for ctx.Err() == nil {
		ready, next, more := d.agenda.due(d.now())
		for _, h := range ready {
			d.start(ctx, h)
		}
		if !more {
			select {
			case <-d.agenda.wake:
			case <-ctx.Done():
			}
			continue
		}
		d.sleepUntil(ctx, next)
	}
}

// sleepUntil waits for an instant of the clock, or for an earlier alarm.
func (d *Depositary) sleepUntil(ctx context.Context, at agreement.Instant) {
	ctx, cancel := context.WithCancel(ctx)
	listening := make(chan struct{})
	defer func() {
		cancel()
		<-listening // or it could take the wake meant for the next wait
	}()
	go func() {
		defer close(listening)
		select {
		case <-d.agenda.wake:
			cancel()
		case <-ctx.Done():
		}
	}()
	until := d.cfg.Clock.Now().Add(maxSleep)
	if int64(at) < until.Unix() {
		until = time.Unix(int64(at), 0).Add(time.Millisecond)
	}
	_ = clock.Until(ctx, d.cfg.Clock, until) // cut short or not, the agenda is looked at again
}

// poke has a record looked at now.
func (d *Depositary) poke(h *hosted) { d.agenda.set(h, d.now()) }
