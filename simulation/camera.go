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

// camera is the name of the vault's one camera.
const camera = "main"

// A Film is the source of the recorder's camera: it gives the clips that Film
// has it give, and waits for the next one.
type Film struct {
	clips chan source.Clip
	taken chan struct{} // one for each clip that the recorder is done with
	gone  chan struct{} // closed when the recorder's life ends
	mu    sync.Mutex
	given bool
}

func newFilm() *Film {
	return &Film{clips: make(chan source.Clip), taken: make(chan struct{}), gone: make(chan struct{})}
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

// Film has the camera film the next n slots of the schedule, and waits until
// the recorder has sealed each, or let it go for want of a key.
func (w *World) Film(ctx context.Context, n int) error {
	for range n {
		if err := w.Shoot(ctx, source.Clip{}); err != nil {
			return err
		}
	}
	return nil
}

// Shoot gives the recorder one clip for the next slot; what is zero in it is
// as the schedule and Footage say. The clock goes on to the slot's end.
func (w *World) Shoot(ctx context.Context, c source.Clip) error {
	t := w.Terms
	slot := w.slot
	if late := w.Clock.Now().Sub(t.Opens); late > 0 {
		slot = max(slot, int64((late+t.Cadence-1)/t.Cadence))
	}
	w.slot = slot + 1
	c.Camera = camera
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
	film := w.film
	w.mu.Unlock()
	if err := film.give(ctx, c); err != nil {
		return fmt.Errorf("filming slot %d: %w", slot, err)
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
	last, err := w.Segments()
	if err != nil {
		return err
	}
	return w.Until(ctx, fmt.Sprintf("%d segments are on the record", last), func(_ *record.Fold, l *vault.Ledger) bool {
		return last == 0 || Sealed(l) >= last
	})
}

// Sealed is the largest number of a segment that is on the record.
func Sealed(l *vault.Ledger) (last int64) {
	for _, s := range l.Seals {
		for _, r := range s.Body.Ranges {
			last = max(last, r.Last)
		}
	}
	return last
}

// Segments is the largest number of a segment in the recorder's folder.
func (w *World) Segments() (last int64, err error) {
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
