package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// An encoder is how ffmpeg makes clips that fit: a constant bit rate, a key
// frame at the start of each, fragments of a second.
type encoder struct {
	path  string // of ffmpeg
	codec string
	opt   Options
	rate  int // bits a second
}

// Of a clip's bytes, the container takes a header and, each second, a fragment
// with a word or two for each frame.
const (
	headerBytes   = 2048
	fragmentBytes = 640
	lowestRate    = 24_000     // below it a picture cannot be recognised
	highestRate   = 20_000_000 // above it nothing is gained
)

// newEncoder finds ffmpeg and chooses the rate. The encoder's buffer holds a
// second, so that a clip of n seconds holds at most n+1 seconds of the rate; a
// twentieth is left for what an encoder takes beyond its promise.
func newEncoder(opt Options) (*encoder, error) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, ErrNoFFmpeg
	}
	e := &encoder{path: path, opt: opt}
	seconds := int(opt.Segment.Seconds() + 0.999)
	payload := opt.MaxBytes - headerBytes - seconds*fragmentBytes
	e.rate = min(payload*8/(seconds+1)*19/20, highestRate)
	if e.rate < lowestRate {
		return nil, fmt.Errorf("%d bytes for %v leave %d bits a second; want at least %d: more bytes or shorter clips", opt.MaxBytes, opt.Segment, max(e.rate, 0), lowestRate)
	}
	e.codec, err = codec(path)
	return e, err
}

// codec is H.264 where ffmpeg was built with it, else the MPEG-4 that every
// ffmpeg has.
func codec(path string) (string, error) {
	out, err := exec.Command(path, "-hide_banner", "-v", "error", "-encoders").Output()
	if err != nil {
		return "", fmt.Errorf("asking ffmpeg for its encoders: %w", err)
	}
	for _, c := range []string{"libx264", "mpeg4"} {
		if strings.Contains(string(out), " "+c+" ") {
			return c, nil
		}
	}
	return "", errors.New("ffmpeg has no encoder for H.264 or MPEG-4 video: install a complete one")
}

// picture is the largest picture and the frame rate that a bit rate feeds. A
// smaller picture is not enlarged.
func (e *encoder) picture() (width, fps int) {
	switch {
	case e.rate < 300_000:
		return 320, 10
	case e.rate < 1_200_000:
		return 640, 15
	case e.rate < 4_000_000:
		return 1280, 25
	}
	return 1920, 25
}

// output is the second half of the command line: from a picture to clips in a
// folder, and a line on standard output for each when it is whole.
func (e *encoder) output(dir string) []string {
	width, fps := e.picture()
	seconds := strconv.FormatFloat(e.opt.Segment.Seconds(), 'f', -1, 64)
	rate := strconv.Itoa(e.rate)
	args := []string{
		"-map", "0:v:0", "-an", "-sn", "-dn", "-map_metadata", "-1",
		"-vf", fmt.Sprintf(`fps=%d,scale=trunc(min(%d\,iw)/2)*2:-2,format=yuv420p`, fps, width),
		"-c:v", e.codec, "-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate, "-bf", "0",
		"-g", strconv.Itoa(10 * fps), "-force_key_frames", "expr:gte(t,n_forced*" + seconds + ")",
	}
	if e.codec == "libx264" {
		args = append(args, "-preset", "veryfast", "-tune", "zerolatency", "-x264-params", "nal-hrd=cbr:force-cfr=1:scenecut=0")
	}
	return append(args,
		"-f", "segment", "-segment_time", seconds, "-reset_timestamps", "1",
		"-segment_format", "mp4", "-segment_format_options", "movflags=+frag_keyframe+empty_moov+default_base_moof:frag_duration=1000000",
		"-segment_list", "pipe:1", "-segment_list_type", "csv", "-y", filepath.Join(dir, "clip-%06d.mp4"))
}

// cutFile cuts a file into clips of full length. A rest at its end is left
// out; a file shorter than one clip is repeated until it fills one.
func (e *encoder) cutFile(ctx context.Context, path, dir string) ([]string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// With "file:" before it, no name of a file is read as an option, a
	// protocol or a list.
	input := []string{"-protocol_whitelist", "file", "-i", "file:" + abs}
	most := time.Duration(maxCut) * e.opt.Segment
	clips, err := e.cut(ctx, dir, input, most)
	if err == nil && len(clips) == 0 {
		clips, err = e.cut(ctx, dir, append([]string{"-stream_loop", "-1"}, input...), e.opt.Segment)
	}
	if err == nil && len(clips) == 0 {
		err = errors.New("no clip could be cut of it")
	}
	return clips, err
}

// cut runs ffmpeg to its end and lists the clips of full length.
func (e *encoder) cut(ctx context.Context, dir string, input []string, most time.Duration) ([]string, error) {
	argv := append([]string{e.path, "-nostdin", "-v", "error"}, input...)
	argv = append(argv, "-t", strconv.FormatFloat(most.Seconds(), 'f', -1, 64))
	argv = append(argv, e.output(dir)...)
	p, err := start(argv, nil)
	if err != nil {
		return nil, fmt.Errorf("starting ffmpeg: %w", err)
	}
	stop := context.AfterFunc(ctx, p.cancel)
	defer stop()
	list, err := io.ReadAll(p)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("cutting: ffmpeg: %w", err)
	}
	var clips []string
	for line := range strings.Lines(string(list)) {
		made, err := parseListed(strings.TrimSpace(line))
		if err != nil {
			return nil, err
		}
		// Half a frame short at ten frames a second is still a full clip.
		if made.length >= e.opt.Segment-50*time.Millisecond {
			clips = append(clips, filepath.Join(dir, made.name))
		} else if err := os.Remove(filepath.Join(dir, made.name)); err != nil {
			return nil, err
		}
	}
	return clips, nil
}

// A listed is a line of ffmpeg's list: "clip-000007.mp4,70.000000,80.000000".
type listed struct {
	name   string
	start  time.Duration // since the stream's beginning
	length time.Duration
}

func parseListed(line string) (listed, error) {
	cells := strings.Split(line, ",")
	if len(cells) != 3 || cells[0] == "" || cells[0] != filepath.Base(cells[0]) {
		return listed{}, fmt.Errorf("ffmpeg's list says %q; want name,start,end", line)
	}
	from, err := time.ParseDuration(cells[1] + "s")
	to, err2 := time.ParseDuration(cells[2] + "s")
	if err != nil || err2 != nil || to < from {
		return listed{}, fmt.Errorf("ffmpeg's list says %q; want two times in seconds", line)
	}
	return listed{name: cells[0], start: from, length: to - from}, nil
}
