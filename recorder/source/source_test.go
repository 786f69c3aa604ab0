package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"detente/internal/clock"
)

var noon = time.Date(2021, 2, 23, 12, 0, 0, 0, time.UTC)

// jumping is a clock that wakes a sleeper at once, at the right time.
type jumping struct {
	mu  sync.Mutex
	now time.Time
}

func (j *jumping) Now() time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.now
}

func (j *jumping) Sleep(ctx context.Context, d time.Duration) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.now = j.now.Add(d)
	return ctx.Err()
}

// options are for 10-second clips every 6 hours on a clock that jumps.
func options() Options {
	return Options{Camera: "hall", Segment: 10 * time.Second, Cadence: 6 * time.Hour, MaxBytes: 1000, Clock: &jumping{now: noon}}
}

func mustOpen(t *testing.T, spec string, opt Options) Source {
	t.Helper()
	s, err := Open(spec, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

func next(t *testing.T, s Source) Clip {
	t.Helper()
	c, err := s.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, path, data string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFolderIsShownInNameOrderAndLoops(t *testing.T) {
	dir := t.TempDir()
	for name, data := range map[string]string{"b": "second", "a": "first", "c": strings.Repeat("x", 1001), ".hidden": "no"} {
		write(t, filepath.Join(dir, name), data)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	opt := options()
	s := mustOpen(t, "folder:"+dir, opt)
	for i, want := range []string{"first", "second", strings.Repeat("x", 1000), "first"} {
		c := next(t, s)
		start := noon.Add(time.Duration(i) * 6 * time.Hour)
		if c.Camera != "hall" || string(c.Data) != want || !c.Start.Equal(start) || c.Length != 10*time.Second || c.Overflow != (i == 2) {
			t.Errorf("clip %d: %s %v+%v, %d bytes, overflow %v", i, c.Camera, c.Start, c.Length, len(c.Data), c.Overflow)
		}
		if now := opt.Clock.Now(); !now.Equal(start.Add(10 * time.Second)) {
			t.Errorf("clip %d was given at %v, not when it was over", i, now)
		}
	}
	bare := mustOpen(t, dir, options())
	if c := next(t, bare); string(c.Data) != "first" {
		t.Errorf("a bare path of a folder gave %q", c.Data)
	}
}

func TestReplayCatchesUpWithoutLeavingASlotOut(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "clip")
	opt := options()
	opt.Begin = noon.Add(-24 * time.Hour)
	s := mustOpen(t, dir, opt)
	for i := range 5 {
		if c := next(t, s); !c.Start.Equal(opt.Begin.Add(time.Duration(i) * 6 * time.Hour)) {
			t.Errorf("clip %d starts at %v", i, c.Start)
		}
	}
	if now := opt.Clock.Now(); !now.Equal(noon.Add(10 * time.Second)) {
		t.Errorf("five slots ended at %v: four of them were over and needed no waiting", now)
	}
}

func TestReplayStopsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "clip")
	opt := options()
	opt.Clock = clock.Real{}
	s := mustOpen(t, dir, opt)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if c, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("after the context ended: %v, %v", c, err)
	}
}

func TestStandardInputInPieces(t *testing.T) {
	opt := options()
	opt.MaxBytes, opt.Stdin = 4, strings.NewReader("0123456789")
	s := mustOpen(t, "stdin:bytes", opt)
	for i, want := range []string{"0123", "4567", "89"} {
		c := next(t, s)
		if string(c.Data) != want || c.Overflow || !c.Start.Equal(noon.Add(time.Duration(i)*6*time.Hour)) {
			t.Errorf("clip %d: %q at %v, overflow %v", i, c.Data, c.Start, c.Overflow)
		}
	}
	if _, err := s.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

func TestSampleShowingsDiffer(t *testing.T) {
	opt := options()
	opt.MaxBytes = 256 << 10
	s := mustOpen(t, "sample:", opt)
	names, err := fs.Glob(Sample(), "*.mp4")
	if err != nil || len(names) < 4 {
		t.Fatalf("the sample has %d clips, %v", len(names), err)
	}
	seen := map[string]bool{}
	for range 2 * len(names) {
		c := next(t, s)
		if seen[string(c.Data)] || c.Overflow {
			t.Fatalf("a showing was seen before, or overflows: %v", c.Overflow)
		}
		seen[string(c.Data)] = true
		all, err := boxes(c.Data)
		if err != nil || all[0].kind != "ftyp" || all[len(all)-1].kind != "free" {
			t.Fatalf("a showing is not MP4 with a free box behind: %v", err)
		}
	}
}

func TestSampleIsSmall(t *testing.T) {
	total := int64(0)
	err := fs.WalkDir(Sample(), ".", func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		total += info.Size()
		return err
	})
	if err != nil || total < 500_000 || total > 1_500_000 {
		t.Errorf("the sample has %d bytes, %v; it is compiled into the binary", total, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	with := func(change func(*Options)) Options {
		o := options()
		change(&o)
		return o
	}
	fast := with(func(o *Options) { o.Clock = clock.Scaled{Start: noon, Anchor: noon, Rate: 86400} })
	for _, test := range []struct {
		spec string
		opt  Options
		want string
	}{
		{"nowhere.mp4", options(), "no such file or folder"},
		{"gopher://x", options(), "no such file or folder"},
		{"folder:" + dir, options(), "the folder has no files"},
		{"folder:" + dir + "/none", options(), "no such file"},
		{"file:" + dir, options(), "no regular file"},
		{"rtsp:///path", options(), "is no address of a camera"},
		{"cmd:", options(), "no command"},
		{"cmd:no-such-program-anywhere -x", options(), "no-such-program-anywhere"},
		{`raw:["unfinished"`, options(), "want [\"prog\",\"arg\"]"},
		{"raw:" + strings.Repeat("a ", maxWords+1), options(), "a command of 65 words"},
		{"sample:x", options(), "nothing after it"},
		{"sample:", with(func(o *Options) { o.Segment = 11 * time.Second }), "have 10 seconds"},
		{"stdin:lines", options(), "cut by time"},
		{"stdin:", fast, "the clock is accelerated"},
		{"raw:cat", fast, "the clock is accelerated"},
		{"rtsp://127.0.0.1/x", fast, "the clock is accelerated"},
		{"sample:", with(func(o *Options) { o.Segment = minSegment - 1 }), "want 1s to 10m0s"},
		{"sample:", with(func(o *Options) { o.Segment = maxSegment + 1 }), "want 1s to 10m0s"},
		{"sample:", with(func(o *Options) { o.Cadence = 9 * time.Second }), "would overlap"},
		{"sample:", with(func(o *Options) { o.MaxBytes = 0 }), "want 1 to"},
		{"sample:", with(func(o *Options) { o.MaxBytes = maxBytes + 1 }), "want 1 to"},
		{strings.Repeat("x", maxSpec+1), options(), "at most 4096"},
	} {
		if _, err := Open(test.spec, test.opt); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.40q: %v; want %q", test.spec, err, test.want)
		}
	}
	for _, o := range []Options{
		with(func(o *Options) { o.Segment = minSegment }),
		with(func(o *Options) { o.Segment, o.Cadence = 10*time.Second, 0 }),
		with(func(o *Options) { o.MaxBytes = maxBytes }),
	} {
		mustOpen(t, "sample:", o)
	}
	if _, err := (Options{Segment: maxSegment, MaxBytes: 1}).check(); err != nil {
		t.Errorf("the longest clip: %v", err)
	}
}

func TestWithoutFFmpeg(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "film.mp4"), "film")
	t.Setenv("PATH", t.TempDir())
	for _, spec := range []string{filepath.Join(dir, "film.mp4"), "rtsp://camera/x"} {
		if _, err := Open(spec, options()); !errors.Is(err, ErrNoFFmpeg) {
			t.Errorf("%s: %v", spec, err)
		}
	}
	for _, seconds := range []int{5, 10} {
		out := filepath.Join(dir, fmt.Sprint(seconds))
		made, err := Generate(t.Context(), out, 12, time.Duration(seconds)*time.Second)
		if err != nil || !strings.Contains(made, "sample") {
			t.Fatalf("Generate: %q, %v", made, err)
		}
		if names, err := clipsIn(out); err != nil || len(names) != 12 || filepath.Base(names[11]) != "clip-000011.mp4" {
			t.Errorf("the folder has %v, %v", names, err)
		}
	}
	if _, err := Generate(t.Context(), dir, 1, 11*time.Second); err == nil {
		t.Error("the sample's clips have ten seconds, and eleven were made of one")
	}
}

func TestMessagesHideThePassword(t *testing.T) {
	if got := shown("rtsp://guard:hunter2@camera/x"); strings.Contains(got, "hunter2") || !strings.Contains(got, "guard") {
		t.Errorf("shown: %s", got)
	}
}

func TestFirstSecondsKeepsWholeFragments(t *testing.T) {
	data, err := fs.ReadFile(Sample(), "sample-00.mp4")
	if err != nil {
		t.Fatal(err)
	}
	for n := range sampleSeconds + 1 {
		cut, err := firstSeconds(data, n)
		if err != nil || !bytes.HasPrefix(data, cut) {
			t.Fatalf("%d seconds: %v", n, err)
		}
		if got := bytes.Count(cut, []byte("moof")); got != n {
			t.Errorf("%d seconds have %d fragments", n, got)
		}
	}
	if _, err := firstSeconds(data, sampleSeconds+1); err == nil {
		t.Error("more seconds than there are were given")
	}
}

func FuzzBoxes(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x08free\x00\x00\x00\x0cmoofabcd"))
	f.Add([]byte("\x00\x00\x00\x01mdat\x00\x00\x00\x00\x00\x00\x00\x10"))
	f.Add([]byte("\x00\x00\x00\x00mdat"))
	f.Add([]byte("\xff\xff\xff\xffmdat"))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := boxes(data)
		if err != nil {
			return
		}
		var back []byte
		for _, b := range all {
			back = append(back, b.data...)
		}
		if !bytes.Equal(back, data) {
			t.Errorf("the boxes of %x are %x together", data, back)
		}
		if cut, err := firstSeconds(data, 1); err == nil && !bytes.HasPrefix(data, cut) {
			t.Errorf("the first second of %x is %x", data, cut)
		}
	})
}

func FuzzWords(f *testing.F) {
	f.Add("cat -u")
	f.Add(`["cat","a b"]`)
	f.Add("[")
	f.Add("cat; rm -rf $HOME")
	f.Fuzz(func(t *testing.T, command string) {
		argv, err := words(command)
		if err == nil && (len(argv) == 0 || len(argv) > maxWords || argv[0] == "") {
			t.Errorf("%q: %q", command, argv)
		}
	})
}

func FuzzListed(f *testing.F) {
	f.Add("clip-000001.mp4,10.000000,20.000000")
	f.Add("../clip.mp4,10.000000,20.000000")
	f.Add("clip.mp4,20,10")
	f.Add("clip.mp4,1h,2h")
	f.Fuzz(func(t *testing.T, line string) {
		made, err := parseListed(line)
		if err == nil && (made.name != filepath.Base(made.name) || made.length < 0) {
			t.Errorf("%q: %+v", line, made)
		}
	})
}
