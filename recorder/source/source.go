// Package source is where footage comes from: it gives a recorder one clip
// after another, each a piece of footage that plays by itself.
//
// What a source is, is said in one word of a command line:
//
//	film.mp4, file:film.mp4    a video file, cut once by ffmpeg and shown in a loop
//	rtsp://camera/stream       an RTSP camera, cut live by ffmpeg (also rtsps)
//	cmd:prog arg arg           a command whose output is video, cut live by ffmpeg
//	cmd:["prog","arg with blank"]
//	raw:prog arg arg           a command whose output is cut by time, byte for byte
//	folder:clips, clips        a folder of files, each a clip, in name order, in a loop
//	stdin:                     standard input, cut by time, byte for byte
//	stdin:bytes                standard input, so many bytes a clip, at the clock's pace
//	sample:                    the committed sample, in a loop
//
// The last five need no program besides this one. No word goes through a
// shell: a command is split at blanks, or given as JSON, and run as it stands.
//
// Promise: a clip has at most Options.MaxBytes, and says so (Overflow) if
// there was more; what ffmpeg cuts is H.264 in fragmented MP4 at a constant
// bit rate chosen so that a clip fits, without sound; clips come in order and
// never overlap; a loss of the camera is an error of its own (ErrLost), after
// which Next tries again.
//
// Non-promise: a source cannot know whether what it shows is what happened.
// A file, a folder and the sample are replays: their clips carry the time of
// the slot they are shown in, and a replay that falls behind its clock catches
// up without leaving a slot out. Sound is dropped, since its packets tell what
// happens even when sealed. Bytes cut by time need not begin where a player
// can begin; MPEG-TS does best. A command behind cmd: is taken to show what
// happens now: one that is faster than the world is shown at the world's pace.
//
// BUG: the URL of an RTSP camera, with its password if it has one, can be read
// in the list of processes by other users of the machine while ffmpeg runs.
package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"detente/internal/clock"
)

// A Clip is a piece of footage that plays by itself.
type Clip struct {
	Camera   string
	Start    time.Time
	Length   time.Duration
	Data     []byte
	Overflow bool // there were more than Options.MaxBytes; Data is their beginning
}

// A Source gives clips.
type Source interface {
	// Next waits until the next clip is over and returns it; io.EOF if no more
	// will come. After an error that wraps ErrLost the next call tries again,
	// after a pause that grows with the losses in a row.
	Next(ctx context.Context) (Clip, error)
	// Close ends what the source runs and removes what it wrote.
	Close() error
}

var (
	// ErrLost says that a live camera stopped, or gave nothing for too long.
	ErrLost = errors.New("the camera's stream was lost")
	// ErrNoFFmpeg says that a source needs ffmpeg and there is none.
	ErrNoFFmpeg = errors.New("ffmpeg is not installed: install ffmpeg, or use one of folder:DIR, raw:COMMAND, stdin: and sample:, which do without")
)

// Options say what clips are wanted.
type Options struct {
	Camera   string        // name that the clips carry
	Segment  time.Duration // length of a clip, 1 s to 10 min
	Cadence  time.Duration // from one clip's start to the next; Segment if zero
	MaxBytes int           // most bytes of a clip
	Clock    clock.Clock   // the machine's if nil
	Begin    time.Time     // start of a replay's first slot; the clock's now if zero
	Scratch  string        // folder to cut in; the system's temporary one if empty
	Stdin    io.Reader     // standard input; os.Stdin if nil
}

// Limits of Options. A clip is held in memory, twice while it is sealed.
const (
	minSegment = time.Second      // a clip begins with a key frame; shorter is mostly that
	maxSegment = 10 * time.Minute // a torn clip is lost whole
	maxBytes   = 256 << 20        // of one clip
	maxWords   = 64               // of a command
	maxSpec    = 4096             // bytes of a source's word
	waitFactor = 3                // a camera silent for so many clips is lost
	waitMore   = 20 * time.Second // and so much longer, to connect
	probeTime  = time.Second      // ffmpeg looks at a live stream before it begins
	driftTime  = 3 * time.Second  // a stream further behind the clock has paused
	maxPause   = 30 * time.Second // before a lost camera is tried again
	maxCut     = 360              // clips cut of one file: an hour at 10 s, 1.5 GB at 4 MiB
	readBuffer = 64 << 10         // bytes taken from a stream at once
	maxBehind  = 8                // clips of a stream kept for a reader that is behind
	copyWait   = 2 * time.Second  // for the output of a program that was ended
	maxClips   = 100_000          // files of a folder
	listLine   = 4096             // bytes of one line of ffmpeg's list of clips
	keepErrors = 2048             // last bytes of what ffmpeg complains about
)

func (o Options) check() (Options, error) {
	if o.Cadence == 0 {
		o.Cadence = o.Segment
	}
	if o.Clock == nil {
		o.Clock = clock.Real{}
	}
	if o.Stdin == nil {
		o.Stdin = os.Stdin
	}
	switch {
	case o.Segment < minSegment || o.Segment > maxSegment:
		return o, fmt.Errorf("clips of %v: want %v to %v", o.Segment, minSegment, maxSegment)
	case o.Cadence < o.Segment:
		return o, fmt.Errorf("clips of %v every %v would overlap: want a cadence of at least the length", o.Segment, o.Cadence)
	case o.MaxBytes < 1 || o.MaxBytes > maxBytes:
		return o, fmt.Errorf("clips of %d bytes: want 1 to %d", o.MaxBytes, maxBytes)
	}
	return o, nil
}

// Open makes a source of a word as the package's documentation lists them. It
// looks at what the word names but starts nothing: programs start, and files
// are cut, at the first Next.
func Open(spec string, opt Options) (Source, error) {
	if len(spec) > maxSpec {
		return nil, fmt.Errorf("source of %d bytes: at most %d", len(spec), maxSpec)
	}
	opt, err := opt.check()
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", shown(spec), err)
	}
	s, err := open(spec, opt)
	if err != nil {
		return nil, fmt.Errorf("source %s: %w", shown(spec), err)
	}
	return s, nil
}

func open(spec string, opt Options) (Source, error) {
	scheme, rest, ok := strings.Cut(spec, ":")
	if !ok {
		scheme, rest = "", spec
	}
	switch scheme {
	case "file":
		return openFile(rest, opt)
	case "folder":
		return openFolder(rest, opt)
	case "sample":
		return openSample(rest, opt)
	case "rtsp", "rtsps":
		return openRTSP(spec, opt)
	case "cmd":
		return openCommand(rest, opt)
	case "raw":
		return openRaw(rest, opt)
	case "stdin":
		return openStdin(rest, opt)
	}
	info, err := os.Stat(spec)
	switch {
	case err != nil:
		return nil, errors.New("there is no such file or folder; want a path, or one of file: folder: rtsp: cmd: raw: stdin: sample: and what belongs behind it")
	case info.IsDir():
		return openFolder(spec, opt)
	}
	return openFile(spec, opt)
}

// shown is the word without a password, for messages.
func shown(spec string) string {
	if u, err := url.Parse(spec); err == nil && u.User != nil {
		return u.Redacted()
	}
	if len(spec) > 80 {
		spec = spec[:80] + "..."
	}
	return fmt.Sprintf("%q", spec)
}

// live refuses an accelerated clock for what keeps the world's pace.
func (o Options) live() error {
	if scaled, ok := o.Clock.(clock.Scaled); ok && scaled.Rate != 1 {
		return errors.New("this source keeps real time and the clock is accelerated: use a file, folder: or stdin:bytes")
	}
	return nil
}

// slots is the timetable of a replay: clip after clip, a cadence apart.
type slots struct {
	opt  Options
	next time.Time
}

// wait returns the next slot's start when the slot is over by the clock.
func (s *slots) wait(ctx context.Context) (time.Time, error) {
	now := s.opt.Clock.Now()
	if s.next.IsZero() {
		s.next = s.opt.Begin
		if s.next.IsZero() {
			s.next = now
		}
	}
	start := s.next
	if over := start.Add(s.opt.Segment); over.After(now) {
		if err := clock.Until(ctx, s.opt.Clock, over); err != nil {
			return time.Time{}, err
		}
	}
	s.next = start.Add(s.opt.Cadence)
	return start, ctx.Err()
}

// clip bounds the data.
func (o Options) clip(start time.Time, length time.Duration, data []byte) Clip {
	c := Clip{Camera: o.Camera, Start: start, Length: length, Data: data}
	if len(data) > o.MaxBytes {
		c.Data, c.Overflow = data[:o.MaxBytes], true
	}
	return c
}
