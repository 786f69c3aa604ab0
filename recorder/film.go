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
	"detente/internal/durable"
	"detente/recorder/source"
	"detente/vault"
)

// film records one camera from the opening to the close. A camera that is lost
// is a gap; the recorder tries again.
func (r *Recorder) film(ctx context.Context, camera string) error {
	opens, err := r.untilOpen(ctx)
	if err != nil {
		return nil
	}
	t := &r.ledger.Terms
	begin := time.Unix(int64(opens), 0)
	for now := r.cfg.Clock.Now(); begin.Before(now); {
		begin = begin.Add(time.Duration(t.Cadence) * time.Second)
	}
	src, err := r.cfg.Source(camera, source.Options{
		Camera: camera, Segment: time.Duration(t.Segment) * time.Second, Cadence: time.Duration(t.Cadence) * time.Second,
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
		if at, ok := r.closes(); ok && clip.Start.Unix() >= int64(at) {
			return nil
		}
		if err := r.seal(clip); err != nil {
			return err
		}
	}
}

// untilOpen waits until the recording is to start.
func (r *Recorder) untilOpen(ctx context.Context) (agreement.Instant, error) {
	for {
		at, ok := r.opens()
		// An opening that is not known yet is looked for again every second of
		// the machine's time or a tenth of a segment, whichever comes first.
		wait := time.Duration(r.ledger.Terms.Segment) * time.Second / 10
		if ok {
			if wait = time.Unix(int64(at), 0).Sub(r.cfg.Clock.Now()); wait <= 0 {
				return at, nil
			}
		}
		if err := r.cfg.Clock.Sleep(ctx, wait); err != nil {
			return 0, err
		}
	}
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
	head, _ := r.follower.Head()
	length := clip.Length
	if clip.Overflow {
		length = 0 // how much of the clip the kept bytes show is not known
	}
	m := vault.Manifest{
		Agreement: t.Agreement, Vault: vault.VaultID(t.Agreement, t.Vault), Camera: clip.Camera, Epoch: epoch.Digest,
		Seq: seq, Prev: prev, Size: written.Size, Root: written.Root,
		Wall: vault.Milliseconds(clip.Start.UnixMilli()), Mono: vault.Milliseconds(max(0, clip.Start.Sub(r.started).Milliseconds())),
		Duration: vault.Milliseconds(length.Milliseconds()), Checkpoint: head.Root,
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
