package source

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"detente/internal/clock"
)

// A live is a camera or a command that ffmpeg cuts while it runs.
type live struct {
	opt     Options
	enc     *encoder
	input   []string  // ffmpeg's arguments up to and including -i
	command []string  // what writes to ffmpeg's standard input, if anything
	secret  [2]string // an address with its password, and without
	dir     string

	run   *cutting // nil before the first Next and after a loss
	again retry
	after time.Time // no clip begins before
}

// A cutting is one run of ffmpeg.
type cutting struct {
	ffmpeg *program
	feeder *program
	lines  chan listed // closed when ffmpeg has ended
	err    error       // how it ended; read after lines is closed
	done   chan struct{}
	began  time.Time // when ffmpeg was started, by the clock
	zero   time.Time // when the stream began, as far as can be told
}

func openRTSP(spec string, opt Options) (Source, error) {
	u, err := url.Parse(spec)
	if err != nil || u.Host == "" {
		return nil, errors.New("is no address of a camera; want rtsp://HOST[:PORT]/PATH")
	}
	l, err := openLive(opt)
	if err != nil {
		return nil, err
	}
	// Over TCP: a lost packet would be a hole that nobody sees.
	l.input = []string{"-rtsp_transport", "tcp", "-i", spec}
	if u.User != nil {
		l.secret = [2]string{spec, u.Redacted()}
	}
	return l, nil
}

func openCommand(command string, opt Options) (Source, error) {
	argv, err := words(command)
	if err != nil {
		return nil, err
	}
	l, err := openLive(opt)
	if err != nil {
		return nil, err
	}
	l.command = argv
	l.input = []string{"-protocol_whitelist", "pipe", "-i", "pipe:0"}
	return l, nil
}

func openLive(opt Options) (*live, error) {
	if err := opt.live(); err != nil {
		return nil, err
	}
	enc, err := newEncoder(opt)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(opt.Scratch, "detente-clips-")
	if err != nil {
		return nil, err
	}
	return &live{opt: opt, enc: enc, dir: dir}, nil
}

// Next gives the next clip that ffmpeg finished and that begins no earlier
// than a cadence after the one before.
func (l *live) Next(ctx context.Context) (Clip, error) {
	if err := ctx.Err(); err != nil {
		return Clip{}, err
	}
	if l.run == nil {
		if err := l.again.wait(ctx, l.opt.Clock); err != nil {
			return Clip{}, err
		}
		run, err := l.start()
		if err != nil {
			return Clip{}, err
		}
		l.run = run
	}
	limit := waitFactor*l.opt.Segment + waitMore
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return Clip{}, ctx.Err()
		case <-timer.C:
			l.stop()
			l.again.losses++
			return Clip{}, fmt.Errorf("nothing came for %v: %w", limit, ErrLost)
		case made, ok := <-l.run.lines:
			if !ok {
				l.again.losses++
				return Clip{}, l.ended()
			}
			l.again.losses = 0
			clip, wanted, err := l.clip(ctx, made)
			if err != nil || wanted {
				return clip, err
			}
			timer.Reset(limit)
		}
	}
}

// clip reads a finished clip, removes it, gives it its time and waits until
// that is over. It is not wanted if it belongs to a pause of the cadence.
func (l *live) clip(ctx context.Context, made listed) (c Clip, wanted bool, err error) {
	path := filepath.Join(l.dir, made.name)
	data, err := readFile(path, l.opt.MaxBytes+1)
	if err != nil {
		return Clip{}, false, fmt.Errorf("reading a clip: %w", err)
	}
	if err := os.Remove(path); err != nil {
		return Clip{}, false, err
	}
	start := l.run.time(made, l.opt.Clock.Now())
	length := l.opt.Cadence
	if early := l.after.Sub(start); l.opt.Cadence == l.opt.Segment {
		length = made.length
		if early > 0 { // by the anchor of an earlier run: clips never overlap
			l.run.zero = l.run.zero.Add(early)
			start = l.after
		}
	} else if early > 0 {
		return Clip{}, false, nil
	}
	l.after = start.Add(length)
	if over := start.Add(made.length); over.After(l.opt.Clock.Now()) {
		if err := clock.Until(ctx, l.opt.Clock, over); err != nil {
			return Clip{}, false, err
		}
	}
	return l.opt.clip(start, made.length, data), true, nil
}

// time is when a clip began: the stream's own time, counted from an anchor on
// the clock, which is drawn at the first clip. What comes between the camera
// and here (ffmpeg first looks at a stream for up to probeTime) makes clips
// seem younger than they are, so a clip's time is good to about two seconds.
// If clips come more than driftTime late, the camera paused or the clock was
// set: then the anchor is drawn anew.
func (c *cutting) time(made listed, now time.Time) time.Time {
	if end := c.zero.Add(made.start + made.length); c.zero.IsZero() || now.Sub(end) > driftTime {
		c.zero = now.Add(-made.start - made.length - probeTime)
		if c.zero.Before(c.began) {
			c.zero = c.began
		}
	}
	return c.zero.Add(made.start)
}

// ended says how a run ended. A command that ends well is the end of footage;
// a camera that ends is lost.
func (l *live) ended() error {
	err, feeder := l.run.err, l.run.feeder
	var failed error
	if feeder != nil {
		late := time.AfterFunc(copyWait, feeder.cancel)
		failed = feeder.wait()
		late.Stop()
	}
	l.stop()
	switch {
	case failed != nil:
		return fmt.Errorf("%s: %w: %w", l.command[0], failed, ErrLost)
	case err == nil && feeder != nil:
		return io.EOF
	case err == nil:
		err = errors.New("the camera ended the stream")
	}
	text := err.Error()
	if l.secret[0] != "" {
		text = strings.ReplaceAll(text, l.secret[0], l.secret[1])
	}
	return fmt.Errorf("ffmpeg: %s: %w", text, ErrLost)
}

// start runs ffmpeg, and the command that feeds it.
func (l *live) start() (*cutting, error) {
	c := &cutting{lines: make(chan listed), done: make(chan struct{}), began: l.opt.Clock.Now()}
	argv := append([]string{l.enc.path, "-v", "error", "-analyzeduration", strconv.FormatInt(probeTime.Microseconds(), 10)}, l.input...)
	argv = append(argv, l.enc.output(l.dir)...)
	var in io.Reader
	if l.command != nil {
		feeder, err := start(l.command, nil)
		if err != nil {
			return nil, err
		}
		c.feeder, in = feeder, feeder.out
	}
	p, err := start(argv, in)
	if err != nil {
		if c.feeder != nil {
			c.feeder.end()
		}
		return nil, fmt.Errorf("starting ffmpeg: %w", err)
	}
	c.ffmpeg = p
	if c.feeder != nil {
		c.feeder.out.Close() // ffmpeg has its own; if it dies the command must notice
	}
	go c.follow()
	return c, nil
}

// follow hands on each line of the list, and at the end how ffmpeg ended.
func (c *cutting) follow() {
	defer close(c.lines)
	lines := bufio.NewScanner(c.ffmpeg)
	lines.Buffer(make([]byte, listLine), listLine)
	for lines.Scan() {
		made, err := parseListed(lines.Text())
		if err != nil {
			c.err = err
			c.ffmpeg.cancel()
			return
		}
		select {
		case c.lines <- made:
		case <-c.done:
			return
		}
	}
	c.err = lines.Err()
}

// stop ends a run; the next Next begins another.
func (l *live) stop() {
	if l.run == nil {
		return
	}
	close(l.run.done)
	if l.run.feeder != nil {
		l.run.feeder.cancel()
	}
	l.run.ffmpeg.end()
	if l.run.feeder != nil {
		_ = l.run.feeder.wait() // ended above, or earlier by itself: ended reports it
	}
	l.run = nil
}

// Close ends ffmpeg and the command, and removes what they wrote.
func (l *live) Close() error {
	l.stop()
	return os.RemoveAll(l.dir)
}
