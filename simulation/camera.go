package simulation

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"detente/record"
	"detente/recorder/source"
	"detente/vault"
)

// camera is the name of a vault's camera if the terms name none.
const camera = "main"

// A Film is the source of one camera of the recorder's: it gives the clips that
// Film has it give, and waits for the next one.
type Film struct {
	clips chan source.Clip
	taken chan struct{} // one for each clip that the recorder is done with
	gone  chan struct{} // closed when the recorder's life ends
	mu    sync.Mutex
	given bool
}

// newFilms are the sources of cameras for one life of the recorder.
func newFilms(cameras []string) (all map[string]*Film, gone chan struct{}) {
	all, gone = map[string]*Film{}, make(chan struct{})
	for _, name := range cameras {
		all[name] = &Film{clips: make(chan source.Clip), taken: make(chan struct{}), gone: gone}
	}
	return all, gone
}

// Next gives the next clip. Being asked again shows that the one before is
// sealed, or let go.
func (f *Film) Next(ctx context.Context) (source.Clip, error) {
	f.mu.Lock()
	given := f.given
	f.given = false
	f.mu.Unlock()
	if given {
		select {
		case f.taken <- struct{}{}:
		case <-ctx.Done():
			return source.Clip{}, ctx.Err()
		}
	}
	select {
	case c := <-f.clips:
		f.mu.Lock()
		f.given = true
		f.mu.Unlock()
		return c, nil
	case <-ctx.Done():
		return source.Clip{}, ctx.Err()
	}
}

// Close does nothing.
func (f *Film) Close() error { return nil }

// Footage is what the camera shows in a slot, the first being 0.
func Footage(slot int64) []byte {
	var b []byte
	for i := range 20 {
		d := sha256.Sum256(fmt.Appendf(nil, "slot %d, line %d", slot, i))
		b = append(b, d[:]...)
	}
	return b
}

// Film has every camera film the next n slots of the schedule, and waits until
// the recorder has sealed each, or let it go for want of a key.
func (w *World) Film(ctx context.Context, n int) error {
	for range n {
		slot := w.next()
		for _, name := range w.Terms.cameras() {
			if err := w.shoot(ctx, slot, source.Clip{Camera: name}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Shoot gives the recorder one clip of the first camera for the next slot; what
// is zero in it is as the schedule and Footage say. The clock goes on to the
// slot's end.
func (w *World) Shoot(ctx context.Context, c source.Clip) error {
	c.Camera = w.Terms.cameras()[0]
	return w.shoot(ctx, w.next(), c)
}

// next is the next slot that can be filmed.
func (w *World) next() int64 {
	slot := w.slot
	if late := w.Clock.Now().Sub(w.Terms.Opens); late > 0 {
		slot = max(slot, int64((late+w.Terms.Cadence-1)/w.Terms.Cadence))
	}
	w.slot = slot + 1
	return slot
}

func (w *World) shoot(ctx context.Context, slot int64, c source.Clip) error {
	t := w.Terms
	if c.Start.IsZero() {
		c.Start = t.Opens.Add(time.Duration(slot) * t.Cadence)
	}
	if c.Length == 0 {
		c.Length = t.Segment
	}
	if c.Data == nil {
		c.Data = Footage(slot)
	}
	w.Clock.Set(c.Start.Add(t.Segment))
	w.mu.Lock()
	film := w.films[c.Camera]
	w.mu.Unlock()
	if err := film.give(ctx, c); err != nil {
		return fmt.Errorf("filming slot %d of camera %s: %w", slot, c.Camera, err)
	}
	return nil
}

// give gives the recorder a clip and waits until it is done with it.
func (f *Film) give(ctx context.Context, c source.Clip) error {
	select {
	case f.clips <- c:
	case <-f.gone:
		return ErrEnded
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-f.taken:
		return nil
	case <-f.gone:
		return ErrEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Batched waits until every segment of the recorder's folder is on the record.
func (w *World) Batched(ctx context.Context) error {
	for _, name := range w.Terms.cameras() {
		last, err := w.segments(name)
		if err != nil {
			return err
		}
		err = w.Until(ctx, fmt.Sprintf("%d segments of camera %s are on the record", last, name), func(_ *record.Fold, l *vault.Ledger) bool {
			return last == 0 || Sealed(l, name) >= last
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Sealed is the largest number of a camera's segment that is on the record.
func Sealed(l *vault.Ledger, camera string) (last int64) {
	for _, s := range l.Seals {
		for _, r := range s.Body.Ranges {
			if r.Camera == camera {
				last = max(last, r.Last)
			}
		}
	}
	return last
}

// Segments is the largest number of a segment of the first camera in the
// recorder's folder.
func (w *World) Segments() (last int64, err error) { return w.segments(w.Terms.cameras()[0]) }

func (w *World) segments(camera string) (last int64, err error) {
	all, err := os.ReadDir(w.path(Recorder, Vault, "segment", camera))
	for _, f := range all {
		if n, err := strconv.ParseInt(f.Name(), 10, 64); err == nil {
			last = max(last, n)
		}
	}
	return last, err
}

// Segment is a sealed segment as the recorder keeps it.
func (w *World) Segment(_ context.Context, camera string, seq int64) ([]byte, error) {
	return os.ReadFile(w.path(Recorder, Vault, "segment", camera, strconv.FormatInt(seq, 10)))
}
