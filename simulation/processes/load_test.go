package processes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"detente/internal/clock"
	"detente/mirror"
	"detente/statement"
)

// An ack is a statement that the depositary acknowledged, with proof.
type ack struct {
	id     statement.ID
	index  int64
	writer int
	number int // the writer's own, from 0
}

// A load is parties who submit one statement after the other, each the next
// only when the one before is acknowledged, however often they must try.
type load struct {
	mu    sync.Mutex
	acks  []ack
	tries int // requests that failed or were refused, and were made again

	end func()
	all sync.WaitGroup
}

// writers is how many submit at the same time.
const writers = 3

// pace is the time between two statements of one writer, which keeps the
// record small enough to be read again after each round.
const pace = 60 * time.Millisecond

// write starts the writers. They go on until stop is called.
func (s *stage) write() *load {
	s.t.Helper()
	ctx, end := context.WithCancel(s.ctx)
	l := &load{end: end}
	for w := range writers {
		signer := s.signer([]string{host, agency}[w%2])
		client, err := mirror.NewClient(s.base, s.id, nil)
		s.must(err)
		l.all.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := l.say(ctx, s, client, signer, w, n); err != nil {
					s.t.Errorf("writer %d, statement %d: %v", w, n, err)
					return
				}
				_ = clock.Real{}.Sleep(ctx, pace) // cut short, the loop ends
			}
		})
	}
	return l
}

// say submits one statement until it is acknowledged.
func (l *load) say(ctx context.Context, s *stage, client *mirror.Client, signer statement.Signer, w, n int) error {
	head, _ := s.reader.Head()
	note, err := declaration(s.agreement, signer, head, fmt.Sprintf("writer %d says %d", w, n))
	if err != nil {
		return err
	}
	said, err := statement.Parse(note)
	if err != nil {
		return err
	}
	for {
		r, err := client.Submit(ctx, note)
		if ctx.Err() != nil {
			return nil
		}
		l.mu.Lock()
		if err == nil {
			l.acks = append(l.acks, ack{said.ID, r.Index, w, n})
		} else {
			l.tries++
		}
		l.mu.Unlock()
		if err == nil {
			return nil
		}
		if permanent(err) {
			return err
		}
		_ = clock.Real{}.Sleep(ctx, 20*time.Millisecond) // cut short, the next Submit says so
	}
}

// permanent is whether an answer to a submission would be the same again. That
// the depositary cannot be reached, is starting, or failed, is not.
func permanent(err error) bool {
	if refused, ok := errors.AsType[*mirror.RefusedError](err); ok {
		return refused.Status < 500 && refused.Status != http.StatusTooManyRequests
	}
	return strings.Contains(err.Error(), "receipt")
}

// acknowledged is what was acknowledged until now.
func (l *load) acknowledged() []ack {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]ack(nil), l.acks...)
}

// stop ends the writers.
func (l *load) stop() {
	l.end()
	l.all.Wait()
}
