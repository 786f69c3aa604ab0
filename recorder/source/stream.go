package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"detente/internal/clock"
)

func openStdin(rest string, opt Options) (Source, error) {
	switch rest {
	case "":
		if err := opt.live(); err != nil {
			return nil, err
		}
		return &stream{opt: opt, in: opt.Stdin}, nil
	case "bytes":
		return &pieces{slots: slots{opt: opt}, in: opt.Stdin}, nil
	}
	return nil, errors.New(`want "stdin:" (cut by time) or "stdin:bytes"`)
}

// A pieces cuts a stream into clips of MaxBytes, and takes no more of it than
// the clock asks for. The last may be shorter.
type pieces struct {
	slots slots
	in    io.Reader
}

// Next waits for the slot, then reads a clip.
func (p *pieces) Next(ctx context.Context) (Clip, error) {
	start, err := p.slots.wait(ctx)
	if err != nil {
		return Clip{}, err
	}
	data, err := io.ReadAll(io.LimitReader(p.in, int64(p.slots.opt.MaxBytes)))
	switch {
	case err != nil:
		return Clip{}, fmt.Errorf("reading the stream: %w", err)
	case len(data) == 0:
		return Clip{}, io.EOF
	}
	return p.slots.opt.clip(start, p.slots.opt.Segment, data), nil
}

// Close does nothing: the stream is its owner's.
func (p *pieces) Close() error { return nil }

// A stream cuts what arrives by when it arrives. What arrives between two
// slots, if the cadence leaves a pause, is dropped; so is what arrives in a
// slot beyond MaxBytes, and the clip says so.
type stream struct {
	opt  Options
	in   io.Reader
	stop func() error // ends the program that writes, if there is one

	begin time.Time // of slot 0; zero before the first Next
	slot  int64     // that Next returns next
	ended chan struct{}

	mu   sync.Mutex
	got  map[int64][]byte // what arrived, by slot
	err  error            // how the stream ended; io.EOF if well
	when time.Time        // and when, by the clock
}

// collect reads until the end, keeping of each slot at most a clip and a byte.
func (s *stream) collect() {
	defer close(s.ended)
	buf := make([]byte, readBuffer)
	for {
		n, err := s.in.Read(buf)
		s.mu.Lock()
		now := s.opt.Clock.Now()
		k := int64(now.Sub(s.begin) / s.opt.Cadence)
		_, begun := s.got[k]
		inside := now.Sub(s.begin)-time.Duration(k)*s.opt.Cadence < s.opt.Segment
		if inside && n > 0 && (begun || len(s.got) < maxBehind) {
			room := s.opt.MaxBytes + 1 - len(s.got[k])
			s.got[k] = append(s.got[k], buf[:min(n, room)]...)
		}
		if err != nil {
			s.err, s.when = err, now
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
	}
}

// Next gives what arrived in the next slot. The slot in which the stream ends
// is shorter.
func (s *stream) Next(ctx context.Context) (Clip, error) {
	if s.begin.IsZero() {
		s.begin = s.opt.Clock.Now()
		s.ended, s.got = make(chan struct{}), map[int64][]byte{}
		go s.collect()
	}
	start := s.begin.Add(time.Duration(s.slot) * s.opt.Cadence)
	if err := s.until(ctx, start.Add(s.opt.Segment)); err != nil {
		return Clip{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	data, length := s.got[s.slot], s.opt.Segment
	delete(s.got, s.slot)
	s.slot++
	if s.err != nil {
		length = min(length, max(s.when.Sub(start), 0))
	}
	switch {
	case len(data) > 0:
		return s.opt.clip(start, length, data), nil
	case s.err == nil:
		return Clip{}, fmt.Errorf("nothing arrived in %v from %s on: %w", s.opt.Segment, start.UTC().Format(time.RFC3339), ErrLost)
	case errors.Is(s.err, io.EOF):
		return Clip{}, io.EOF
	}
	return Clip{}, fmt.Errorf("reading the stream: %w", s.err)
}

// until waits until the clock shows t, or the stream has ended.
func (s *stream) until(ctx context.Context, t time.Time) error {
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.ended:
			cancel()
		case <-waiting.Done():
		}
	}()
	if t.After(s.opt.Clock.Now()) {
		_ = clock.Until(waiting, s.opt.Clock, t) // ended early by either: the caller's ctx says by which
	}
	return ctx.Err()
}

// Close ends the program that writes, if there is one.
func (s *stream) Close() error {
	if s.stop == nil {
		return nil
	}
	return s.stop()
}
