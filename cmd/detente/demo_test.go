package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"detente/agreement"
	"detente/machine"
	"detente/record"
	"detente/simulation/calculator/against"

	"golang.org/x/sys/unix"
)

// quickly is the rate of the demo in this test: 4 days a second. A loaded
// machine then covers less in time, and nothing here asks that it does.
const quickly = "345600"

// program is this test binary under the name of detente.
func program(t *testing.T) string {
	t.Helper()
	exe, err := exec.LookPath("detente")
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// TestDemo lives both stories through, in real processes, and holds what they
// leave against what they say.
func TestDemo(t *testing.T) {
	t.Parallel() // most of it is waiting
	dir := filepath.Join(t.TempDir(), "demo")
	cmd := exec.CommandContext(t.Context(), program(t), "demo", "--out", dir, "--rate", quickly)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	var told, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &told, &talk
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, &told, &talk)
	}
	for _, want := range []string{
		"outcome    release", "outcome    erase", "7 of 7 attest that they destroyed their shares",
		"asked and was refused: vault footage does not open: the outcome is erase", "The time is simulated, and the records say so",
	} {
		if !strings.Contains(told.String(), want) {
			t.Errorf("the demo did not say %q:\n%s", want, &told)
		}
	}
	waitForLocks(t, dir)
	released, erased := filepath.Join(dir, "released"), filepath.Join(dir, "erased")
	t.Run("audit", func(t *testing.T) {
		auditHolds(t, released+".detente", "vault footage: release (decided).")
		auditHolds(t, erased+".detente", "vault footage: erase (decided).")
	})
	t.Run("calculated", func(t *testing.T) {
		calculated(t, released+".detente")
		calculated(t, erased+".detente")
	})
	t.Run("coverage", func(t *testing.T) {
		segments(t, released+".detente")
		segments(t, erased+".detente")
	})
	t.Run("footage", func(t *testing.T) { footageIsWhatWasRecorded(t, released, segments(t, released+".detente")) })
	t.Run("erased", func(t *testing.T) { nothingOpens(t, erased) })
	t.Run("age", func(t *testing.T) { opensWithAge(t, released) })
	t.Run("undecided", func(t *testing.T) { undecided(t, released+".detente") })
	t.Run("flipped", func(t *testing.T) { everyFlipIsFound(t, released+".detente") })
}

// calculated holds an exported story to the independent calculator.
func calculated(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e, err := record.ReadExport(b, record.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if err := against.Product(e.Bundle, e.Entries, e.Objects); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}

// detente runs a command within this process.
func detente(t *testing.T, args ...string) (status int, out, talk string) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), args, terminal{in: strings.NewReader(""), out: &o, err: &e})
	return status, o.String(), e.String()
}

func auditHolds(t *testing.T, file, outcome string) {
	t.Helper()
	status, out, talk := detente(t, "audit", file)
	first, _, _ := strings.Cut(out, "\n")
	if status != exitYes || !strings.HasPrefix(first, "HOLDS") || !strings.HasSuffix(first, outcome) {
		t.Errorf("audit %s: exit status %d, %q %s; want 0, and %q", file, status, first, talk, outcome)
	}
}

// fewest is how many segments a story has at least. A cadence of 6 hours over
// three months asks for 360; a machine that stands still for a while loses some.
const fewest = 300

// segments is how many segments the record describes.
func segments(t *testing.T, file string) int64 {
	t.Helper()
	status, out, talk := detente(t, "coverage", file, "--json")
	var c struct {
		Cameras []struct {
			Segments int64 `json:"segments"`
		} `json:"cameras"`
		Missing []any `json:"missing"`
	}
	if err := json.Unmarshal([]byte(out), &c); err != nil || status != exitYes {
		t.Fatalf("coverage %s: exit status %d, %v %s", file, status, err, talk)
	}
	if len(c.Cameras) != 1 || len(c.Missing) != 0 || c.Cameras[0].Segments < fewest {
		t.Fatalf("coverage of %s is %+v; want one camera with at least %d segments and nothing missing", file, c, fewest)
	}
	return c.Cameras[0].Segments
}

// footageIsWhatWasRecorded compares every opened clip with what the camera gave.
func footageIsWhatWasRecorded(t *testing.T, story string, want int64) {
	given := map[[32]byte]bool{}
	for _, b := range contents(t, filepath.Join(story, "camera", "*")) {
		given[sha256.Sum256(b)] = true
	}
	clips := contents(t, filepath.Join(story, "opened", "main-*.mp4"))
	if int64(len(clips)) != want {
		t.Errorf("%d clips were opened; the record describes %d", len(clips), want)
	}
	for name, b := range clips {
		if !given[sha256.Sum256(b)] {
			t.Errorf("%s is nothing that the camera gave", name)
		}
	}
}

func contents(t *testing.T, pattern string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, name := range names {
		if out[name], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// nothingOpens looks for what could still open the erased story.
func nothingOpens(t *testing.T, story string) {
	for _, pattern := range []string{"opened/main-*", "identities/*", "processes/c?/footage/share/*", "processes/c?/footage/key/*"} {
		if found := contents(t, filepath.Join(story, pattern)); len(found) > 0 {
			t.Errorf("%d files are left at %s", len(found), pattern)
		}
	}
	if outcomes := contents(t, filepath.Join(story, "processes/c?/footage/outcome")); len(outcomes) != 7 {
		t.Errorf("%d custodians kept what they acted on; want 7", len(outcomes))
	}
	if sealed := contents(t, filepath.Join(story, "processes/site-cameras/footage/segment/main/*")); len(sealed) < fewest {
		t.Errorf("the host keeps %d sealed segments; want at least %d: they are unreadable, not gone", len(sealed), fewest)
	}
}

// opensWithAge opens a released segment with the stock age tool, and plays it
// with and without its padding.
func opensWithAge(t *testing.T, story string) {
	age := filepath.Join(t.TempDir(), "age")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", age, "filippo.io/age/cmd/age").CombinedOutput(); err != nil {
		t.Fatalf("building age: %v\n%s", err, out)
	}
	args := []string{"-d"}
	for name := range contents(t, filepath.Join(story, "identities", "epoch-*.txt")) {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v; want a file of its owner alone", name, info.Mode(), err)
		}
		args = append(args, "-i", name)
	}
	for _, seq := range []int{1, 17, fewest} {
		sealed := filepath.Join(story, "processes/site-cameras/footage/segment/main", fmt.Sprint(seq))
		padded, err := exec.CommandContext(t.Context(), age, append(args, sealed)...).Output()
		if err != nil {
			t.Fatalf("age does not open segment %d: %v", seq, err)
		}
		length := binary.BigEndian.Uint64(padded[len(padded)-8:])
		clip, err := os.ReadFile(filepath.Join(story, "opened", fmt.Sprintf("main-%06d.mp4", seq)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(padded[:length], clip) {
			t.Errorf("segment %d: what age opens is not the clip and its padding", seq)
		}
		plays(t, padded)
		plays(t, clip)
	}
}

func plays(t *testing.T, clip []byte) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "clip.mp4")
	if err := os.WriteFile(name, clip, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-count_frames", "-select_streams", "v", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0", name)
	out, err := cmd.Output()
	if frames := strings.TrimSpace(string(out)); err != nil || frames == "" || frames == "0" {
		t.Errorf("ffprobe reads %q frames of a clip of %d bytes: %v", frames, len(clip), err)
	}
}

// undecided takes the end of the record away, back to before the proof of time
// that decides.
func undecided(t *testing.T, file string) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	e, err := record.ReadExport(b, record.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := e.Fold()
	if err != nil {
		t.Fatal(err)
	}
	for i := whole.Size() - 1; i > 0; i-- {
		p := record.Must(whole.Read(i)).Proof
		if p == nil {
			continue
		}
		f, err := record.FoldTo(whole.Agreement(), e.Entries, p.Head.Size)
		if err != nil {
			t.Fatal(err)
		}
		if outcome, _ := f.State().Outcome("footage"); outcome != machine.Open {
			continue
		}
		shorter := filepath.Join(t.TempDir(), "undecided.detente")
		writeShorter(t, f, e.Bundle, p.Note, e.Objects, shorter)
		status, out, talk := detente(t, "audit", shorter)
		if status != exitUnknown || strings.Contains(out, "release (decided)") || !strings.Contains(out, "footage") {
			t.Errorf("audit without the proof that decides: exit status %d; want %d\n%s%s", status, exitUnknown, out, talk)
		}
		return
	}
	t.Error("the record has no place before its decision")
}

func writeShorter(t *testing.T, f *record.Fold, b *agreement.Bundle, note []byte, objects [][]byte, name string) {
	t.Helper()
	e, err := f.Export(b, note, objects...)
	if err != nil {
		t.Fatal(err)
	}
	container, err := e.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, container, 0o600); err != nil {
		t.Fatal(err)
	}
}

// everyFlipIsFound turns single bits of the file: of every byte of its first
// headers, and of bytes all over it.
func everyFlipIsFound(t *testing.T, file string) {
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const block = 512 // of a tar
	var places []int
	for i := range 2 * block {
		places = append(places, i)
	}
	random := rand.New(rand.NewPCG(1, 2)) // any seed: it only has to be the same each time
	for range 200 {
		places = append(places, random.IntN(len(whole)))
	}
	flipped := filepath.Join(t.TempDir(), "flipped.detente")
	for _, at := range append(places, len(whole)-1) {
		b := slices.Clone(whole)
		b[at] ^= 1 << random.IntN(8)
		if err := os.WriteFile(flipped, b, 0o600); err != nil {
			t.Fatal(err)
		}
		status, out, talk := detente(t, "audit", flipped)
		verdict, part, _ := strings.Cut(strings.SplitN(out, "\n", 2)[0], ": ")
		slow := strings.HasPrefix(talk, "auditing ") // it says how far it is, after a second
		if status != exitNo || verdict != "BROKEN" || !strings.Contains(part, ": ") || talk != "" && !slow {
			t.Fatalf("byte %d flipped: exit status %d, %q %q; want 1 and the broken part", at, status, out, talk)
		}
	}
}

// TestInterruptedDemoLeavesNothingRunning ends a demo in two ways, once all its
// processes run.
func TestInterruptedDemoLeavesNothingRunning(t *testing.T) {
	t.Parallel() // most of it is waiting
	for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		dir := filepath.Join(t.TempDir(), "demo")
		cmd := exec.CommandContext(t.Context(), program(t), "demo", "--out", dir)
		cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
		told, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		running := false
		for lines := bufio.NewScanner(told); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "  running      13 processes") {
				running = true
				break
			}
		}
		if err := cmd.Process.Signal(s); err != nil || !running {
			t.Fatalf("the demo did not come to run its processes: %v", err)
		}
		if err := cmd.Wait(); err == nil {
			t.Errorf("%v: the demo says that it went well", s)
		}
		if n := waitForLocks(t, filepath.Join(dir, "released", "processes")); n != 13 {
			t.Errorf("%v: %d folders have locks; want 13", s, n)
		}
	}
}

// waitForLocks waits until no process holds a folder below dir: each process
// of the demo locks its own, and the system gives the lock up when it ends.
func waitForLocks(t *testing.T, dir string) int {
	t.Helper()
	locks := 0
	free := make(chan error, 1)
	go func() {
		free <- filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.Name() != "lock" {
				return err
			}
			locks++
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			return unix.Flock(int(f.Fd()), unix.LOCK_SH)
		})
	}()
	select {
	case err := <-free:
		if err != nil {
			t.Error(err)
		}
		return locks
	case <-time.After(30 * time.Second):
		t.Fatalf("a process still holds a folder below %s", dir)
	}
	return 0
}
