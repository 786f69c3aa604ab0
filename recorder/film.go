package recorder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"detente/agreement"
	"detente/internal/clock"
	"detente/internal/durable"
	"detente/recorder/source"
	"detente/vault"
)

// film records one camera from the opening to the close. A camera that is lost
// is a gap; the recorder tries again.
func (r *Recorder) film(ctx context.Context, camera string) error {
	t := &r.ledger.Terms
	cadence := time.Duration(t.Cadence) * time.Second
	// A source is opened one cadence ahead, so that the first clip is not missed.
	opens, err := r.until(ctx, cadence)
	if err != nil {
		return nil
	}
	begin := time.Unix(int64(opens), 0)
	if late := r.cfg.Clock.Now().Sub(begin); late > 0 {
		begin = begin.Add((late + cadence - 1).Truncate(cadence))
	}
	src, err := r.cfg.Source(camera, source.Options{
		Camera: camera, Segment: time.Duration(t.Segment) * time.Second, Cadence: cadence,
		MaxBytes: int(t.SegmentBytes - vault.LengthSize), Clock: r.cfg.Clock, Begin: begin, Scratch: r.cfg.Dir,
	})
	if err != nil {
		return err
	}
	defer src.Close()
	for {
		clip, err := src.Next(ctx)
		switch {
		case ctx.Err() != nil, errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, source.ErrLost):
			r.cfg.Log.Warn("camera lost", "camera", camera, "error", err)
			continue
		case err != nil:
			return err
		}
		if over, err := r.take(clip, opens); over || err != nil {
			return err
		}
	}
}

// take seals a clip that lies between the opening and the close, and says
// whether the close is over.
func (r *Recorder) take(clip source.Clip, opens agreement.Instant) (over bool, err error) {
	if clip.Start.Unix() < int64(opens) {
		return false, nil
	}
	if at, ok := r.closes(); ok && clip.Start.Unix() >= int64(at) {
		return true, nil
	}
	return false, r.seal(clip)
}

// until waits until it is known when the recording starts and that is at most
// ahead away.
func (r *Recorder) until(ctx context.Context, ahead time.Duration) (agreement.Instant, error) {
	for {
		at, ok := r.opens()
		now := r.cfg.Clock.Now()
		until := now
		if ok {
			if until = time.Unix(int64(at), 0).Add(-ahead); !until.After(now) {
				return at, nil
			}
		}
		if err := r.pause(ctx, until); err != nil {
			return 0, err
		}
	}
}

// leastPause keeps an accelerated clock from making the recorder spin.
const leastPause = 5 * time.Millisecond

// pause waits until the clock shows until, and at least leastPause of the
// machine's time.
func (r *Recorder) pause(ctx context.Context, until time.Time) error {
	began := time.Now()
	if err := clock.Until(ctx, r.cfg.Clock, until); err != nil {
		return err
	}
	return clock.Real{}.Sleep(ctx, leastPause-time.Since(began))
}

// seal seals one clip under the epoch of its start. Without a sealed epoch it
// is let go: a gap, which the coverage shows.
func (r *Recorder) seal(clip source.Clip) error {
	opens, _ := r.opens()
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.ledger.Terms
	epoch := r.ledger.Epoch(t.Period(opens, agreement.Instant(clip.Start.Unix())))
	if epoch == nil {
		r.cfg.Log.Warn("no sealed epoch yet: a gap", "camera", clip.Camera, "start", clip.Start.UTC())
		return nil
	}
	select {
	case <-r.caught:
	default:
		if r.follows {
			r.cfg.Log.Warn("what the recorder before sealed is not known yet: a gap", "camera", clip.Camera, "start", clip.Start.UTC())
			return nil
		}
	}
	seq, prev := r.shelf.next(clip.Camera)
	var sealed bytes.Buffer
	sealed.Grow(int(vault.SegmentSize(t.SegmentBytes)))
	written, err := vault.SealSegment(&sealed, epoch.Recipient, clip.Data, t.SegmentBytes)
	if err != nil {
		return fmt.Errorf("sealing segment %d: %w", seq, err)
	}
	if err := durable.WriteFile(r.cfg.FS, r.shelf.segmentFile(clip.Camera, seq), sealed.Bytes()); err != nil {
		return fmt.Errorf("keeping segment %d: %w", seq, err)
	}
	length := clip.Length
	if clip.Overflow {
		length = 0 // how much of the clip the kept bytes show is not known
	}
	m := vault.Manifest{
		Agreement: t.Agreement, Vault: vault.VaultID(t.Agreement, t.Vault), Camera: clip.Camera, Epoch: epoch.Digest,
		Seq: seq, Prev: prev, Size: written.Size, Root: written.Root,
		Wall: vault.Milliseconds(clip.Start.UnixMilli()), Mono: vault.Milliseconds(max(0, clip.Start.Sub(r.started).Milliseconds())),
		Duration: vault.Milliseconds(length.Milliseconds()), Checkpoint: r.notBefore(agreement.Instant(clip.Start.Unix())),
	}
	signed, err := m.Sign(r.cfg.Key)
	if err != nil {
		return err
	}
	return r.shelf.add(signed)
}

// Handler serves the sealed segments as /segment/<camera>/<number>.
func (r *Recorder) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /segment/{camera}/{number}", func(w http.ResponseWriter, q *http.Request) {
		name, ok := r.shelf.segment(q.PathValue("camera") + "/" + q.PathValue("number"))
		f, err := os.Open(name)
		if !ok || err != nil {
			http.Error(w, "no such segment", http.StatusNotFound)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		http.ServeContent(w, q, "", time.Time{}, f)
	})
	return mux
}
