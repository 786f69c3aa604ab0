package footage

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// film makes a clip of a lavfi graph.
func film(t *testing.T, graph string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "clip.mp4")
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", graph, "-c:v", "mpeg4", name).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg, which `make tools` installs: %v: %s", err, out)
	}
	return name
}

// A picture that moves is nothing; one held before the camera, a covered lens and
// a splice are found where they are.
func TestLook(t *testing.T) {
	moving, black, still := "testsrc=d=3:r=10:s=160x120", "color=black:d=2:r=10:s=160x120", "smptebars=d=3:r=10:s=160x120"
	for graph, want := range map[string]string{
		moving: "",
		moving + "[a];" + black + "[b];" + still + "[c];[a][b][c]concat=n=3": "cut 3.0-3.0, black 3.0-5.0, still 3.0-5.0, cut 5.0-5.0, still 5.0-7.9",
		still: "still 0.0-2.9",
	} {
		sights, err := Look(t.Context(), film(t, graph))
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, s := range sights {
			found[Text(s)] = true
		}
		n := 0
		for _, w := range strings.Split(want, ", ") {
			if w != "" && !found[w] {
				t.Errorf("%s: %q is not found in %v", graph, w, sights)
			}
			if w != "" {
				n++
			}
		}
		if len(sights) != n {
			t.Errorf("%s: %v, want %q", graph, sights, want)
		}
	}
}

// What is no clip is an error that says so, and ffmpeg is not led elsewhere.
func TestLookRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"text": "not a clip", "empty": "", "list": "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/x.ts\n", "concat": "ffconcat version 1.0\nfile /etc/passwd\n"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := Look(t.Context(), file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	if _, _, err := parse([]byte("frame:0 pts:0 pts_time:soon\n")); err == nil {
		t.Error("a time that is none")
	}
	t.Setenv("PATH", "")
	if _, err := Look(t.Context(), "x"); !errors.Is(err, ErrTool) {
		t.Errorf("without ffmpeg: %v", err)
	}
}
