package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ffmpeg runs ffmpeg, or fails the test with what to install.
func ffmpeg(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), tool(t, "ffmpeg"), append([]string{"-nostdin", "-v", "error", "-y"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is not installed: run `make tools`, or install the package ffmpeg", name)
	}
	return path
}

// plays has ffprobe decode every frame of a clip, and returns how many.
func plays(t *testing.T, data []byte) (frames int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), tool(t, "ffprobe"), "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", "-")
	cmd.Stdin = bytes.NewReader(data)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil || complaints.Len() > 0 {
		t.Fatalf("ffprobe: %v: %s", err, complaints.String())
	}
	frames, err = strconv.Atoi(strings.Trim(strings.TrimSpace(string(out)), ","))
	if err != nil {
		t.Fatalf("ffprobe: %q: %v", out, err)
	}
	return frames
}

// film makes a video of so many seconds, with sound.
func film(t *testing.T, path, seconds string) {
	ffmpeg(t, "-f", "lavfi", "-i", "testsrc2=size=640x480:rate=25", "-f", "lavfi", "-i", "sine", "-t", seconds, "-preset", "ultrafast", path)
}

func TestFileIsCutIntoClipsThatPlayAndFit(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "film.mp4")
	film(t, path, "7")
	for name, test := range map[string]struct {
		max, frames int
	}{"small": {24 << 10, 20}, "usual": {128 << 10, 30}, "large": {1 << 20, 50}} {
		scratch := t.TempDir()
		opt := Options{Segment: 2 * time.Second, Cadence: time.Hour, MaxBytes: test.max, Clock: &jumping{now: noon}, Scratch: scratch}
		s, err := Open(path, opt)
		if err != nil {
			t.Fatal(err)
		}
		var seen [][]byte
		for i := range 4 {
			c := next(t, s)
			if got := plays(t, c.Data); got != test.frames || c.Overflow || !c.Start.Equal(noon.Add(time.Duration(i)*time.Hour)) {
				t.Errorf("%s, clip %d: %d frames of %d, %d bytes of %d, overflow %v, at %v", name, i, got, test.frames, len(c.Data), test.max, c.Overflow, c.Start)
			}
			seen = append(seen, c.Data)
		}
		if bytes.Equal(seen[0], seen[1]) || !bytes.Equal(seen[0], seen[3]) {
			t.Errorf("%s: seven seconds are three clips of two, then the first again", name)
		}
		if bytes.Contains(seen[0], []byte("mp4a")) {
			t.Errorf("%s: the clip has sound", name)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadDir(scratch); err != nil || len(left) != 0 {
			t.Errorf("%s: %d files were left behind, %v", name, len(left), err)
		}
	}
}

// TestStillAndRestlessScenesAreEquallyLarge: what happens in front of the
// camera must not show in the size.
func TestStillAndRestlessScenesAreEquallyLarge(t *testing.T) {
	t.Parallel()
	if have, err := codec(tool(t, "ffmpeg")); err != nil || have != "libx264" {
		t.Fatalf("this test needs an ffmpeg with libx264 (it has %q, %v): install the package ffmpeg of Debian", have, err)
	}
	var sizes []int
	for _, scene := range []string{"color=gray:size=320x240:rate=10", "testsrc2=size=320x240:rate=10,noise=alls=60:allf=t"} {
		path := filepath.Join(t.TempDir(), "scene.mkv")
		ffmpeg(t, "-f", "lavfi", "-i", scene, "-t", "10", "-c:v", "ffv1", path)
		s := mustOpen(t, path, Options{Segment: 10 * time.Second, MaxBytes: 256 << 10, Clock: &jumping{now: noon}})
		sizes = append(sizes, len(next(t, s).Data))
	}
	if low, high := min(sizes[0], sizes[1]), max(sizes[0], sizes[1]); low*100 < high*85 || high > 256<<10 {
		t.Errorf("clips of %v bytes", sizes)
	}
}

func TestFileShorterThanAClipFillsOne(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "short.mp4")
	film(t, path, "0.7")
	s := mustOpen(t, "file:"+path, Options{Segment: 2 * time.Second, MaxBytes: 64 << 10, Clock: &jumping{now: noon}})
	if frames := plays(t, next(t, s).Data); frames != 20 {
		t.Errorf("%d frames of 20", frames)
	}
}

func TestFileThatIsNoVideo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "text.mp4")
	write(t, path, "this is no video\n")
	s := mustOpen(t, path, Options{Segment: 2 * time.Second, MaxBytes: 64 << 10, Clock: &jumping{now: noon}})
	if _, err := s.Next(t.Context()); err == nil || !strings.Contains(err.Error(), "ffmpeg: ") {
		t.Errorf("a text as a film: %v", err)
	}
	s = mustOpen(t, path, Options{Segment: 2 * time.Second, MaxBytes: 64 << 10})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context ended: %v", err)
	}
}

// TestNamesOfFilesAreOnlyNames: a name that ffmpeg could take for an option, a
// protocol or a pattern is a name.
func TestNamesOfFilesAreOnlyNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"-y", "concat:a|b", "%d; touch x.mp4", "http:"} {
		path := filepath.Join(t.TempDir(), "plain.mp4")
		film(t, path, "1")
		odd := filepath.Join(filepath.Dir(path), name)
		if err := os.Rename(path, odd); err != nil {
			t.Fatal(err)
		}
		s := mustOpen(t, "file:"+odd, Options{Segment: time.Second, MaxBytes: 64 << 10, Clock: &jumping{now: noon}})
		if frames := plays(t, next(t, s).Data); frames != 10 {
			t.Errorf("%s: %d frames", name, frames)
		}
	}
}

func TestMoreThanTheLowestRateIsNeeded(t *testing.T) {
	tool(t, "ffmpeg")
	low := headerBytes + 10*fragmentBytes + (lowestRate*20/19*11+7)/8
	for most, want := range map[int]bool{low - 16: false, low + 16: true} {
		if _, err := newEncoder(Options{Segment: 10 * time.Second, MaxBytes: most}); (err == nil) != want {
			t.Errorf("%d bytes: %v", most, err)
		}
	}
}

func TestCommandIsCut(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := mustOpen(t, "cmd:ffmpeg -v error -re -f lavfi -i testsrc2=size=320x240:rate=10 -t 3 -f mpegts pipe:1", Options{Camera: "hall", Segment: time.Second, MaxBytes: 64 << 10})
	var last Clip
	for i := range 3 {
		c := next(t, s)
		if frames := plays(t, c.Data); frames < 8 || frames > 12 || c.Overflow || c.Camera != "hall" {
			t.Errorf("clip %d: %d frames, overflow %v", i, frames, c.Overflow)
		}
		if i > 0 && c.Start.Before(last.Start.Add(last.Length)) {
			t.Errorf("clip %d starts at %v, before the end of the one before, %v", i, c.Start, last.Start.Add(last.Length))
		}
		last = c
	}
	if c, err := s.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v, %v", c.Length, err)
	}
}

func TestCommandThatFailsIsALossWithItsOwnWords(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := mustOpen(t, "cmd:cat /no/such/camera", Options{Segment: time.Second, MaxBytes: 64 << 10})
	for range 2 { // and trying again is possible
		if _, err := s.Next(t.Context()); !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "/no/such/camera") {
			t.Errorf("%v", err)
		}
	}
}

func TestGeneratedFootageIsFresh(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	seen := map[string]string{}
	for range 2 {
		dir := filepath.Join(t.TempDir(), "camera")
		made, err := Generate(t.Context(), dir, 4, 2*time.Second)
		if err != nil || !strings.Contains(made, "ffmpeg") {
			t.Fatalf("Generate: %q, %v", made, err)
		}
		names, err := clipsIn(dir)
		if err != nil || len(names) != 4 {
			t.Fatalf("the folder has %v, %v", names, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if before, again := seen[string(data)]; again {
				t.Errorf("%s is %s again", name, before)
			}
			seen[string(data)] = name
			if frames := plays(t, data); frames != 20 || len(data) > 3*generatedRate {
				t.Errorf("%s: %d frames, %d bytes", name, frames, len(data))
			}
		}
	}
}

func TestSamplePlays(t *testing.T) {
	t.Parallel()
	for _, seconds := range []int{1, 5, 10} {
		dir := t.TempDir()
		if err := writeSample(dir, 8, time.Duration(seconds)*time.Second); err != nil {
			t.Fatal(err)
		}
		for i := range 8 {
			data, err := os.ReadFile(filepath.Join(dir, clipName(i)))
			if err != nil {
				t.Fatal(err)
			}
			if frames := plays(t, data); frames != 10*seconds {
				t.Errorf("clip %d cut to %d s has %d frames", i, seconds, frames)
			}
		}
	}
}
