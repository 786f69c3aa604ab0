package depositary

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"detente/agreement"
)

// An agenda says which record needs attention when. An idle record is not on
// it; one goroutine waits for the earliest of all.
type agenda struct {
	mu    sync.Mutex
	queue alarms
	wake  chan struct{}
}

type alarm struct {
	at agreement.Instant
	h  *hosted
}

type alarms []alarm

func (q alarms) Len() int           { return len(q) }
func (q alarms) Less(i, j int) bool { return q[i].at < q[j].at }
func (q alarms) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *alarms) Push(x any)        { *q = append(*q, x.(alarm)) }
func (q *alarms) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

// set puts a record on the agenda. One that is there stays there as well: to
// look once too often is harmless.
func (a *agenda) set(h *hosted, at agreement.Instant) {
	a.mu.Lock()
	defer a.mu.Unlock()
	heap.Push(&a.queue, alarm{at, h})
	if a.queue[0].h == h {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
}

// due takes the records whose instant has come, and says when the next one's is.
func (a *agenda) due(now agreement.Instant) (ready []*hosted, next agreement.Instant, more bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.queue) > 0 && a.queue[0].at <= now {
		ready = append(ready, heap.Pop(&a.queue).(alarm).h)
	}
	if len(a.queue) == 0 {
		return ready, 0, false
	}
	return ready, a.queue[0].at, true
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
	defer cancel()
	go func() {
		select {
		case <-d.agenda.wake:
			cancel()
		case <-ctx.Done():
		}
	}()
	now := d.cfg.Clock.Now()
	wait := maxSleep
	if left := int64(at) - now.Unix(); left < int64(maxSleep/time.Second) {
		wait = time.Unix(int64(at), 0).Sub(now) + time.Millisecond
	}
	_ = d.cfg.Clock.Sleep(ctx, wait) // cut short or not, the agenda is looked at again
}

// poke has a record looked at now.
func (d *Depositary) poke(h *hosted) { d.agenda.set(h, d.now()) }
