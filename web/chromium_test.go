package web

import (
	"context"
	"image"
	"image/color"
	"image/png"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// shoot has Chromium draw a page, and gives the picture.
func shoot(t *testing.T, url, scheme string, width, height string) image.Image {
	t.Helper()
	bin, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("the pages are drawn by Chromium in this test, and it is not installed (apt-get install chromium): %v", err)
	}
	dir := t.TempDir()
	out := filepath.Join(dir, "page.png")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--blink-settings=preferredColorScheme="+scheme, "--window-size="+width+","+height, "--screenshot="+out, url)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("chromium: %v\n%s", err, text)
	}
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// points counts the points of a picture that have a colour.
func points(m image.Image, want color.RGBA) int {
	n, b := 0, m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if color.RGBAModel.Convert(m.At(x, y)) == want {
				n++
			}
		}
	}
	return n
}

// A browser applies the style sheet under our content policy, in both colour
// schemes, and draws the lanes: a gap has its pattern in the colour of a breach.
func TestChromiumDrawsThePages(t *testing.T) {
	server := httptest.NewServer(New(story(t)))
	t.Cleanup(server.Close)
	for _, x := range []struct {
		name, path, scheme, width string
		paper, breach             color.RGBA
	}{
		{"light and wide", "/vault/footage", "1", "1280", color.RGBA{0xfb, 0xfb, 0xf9, 255}, color.RGBA{0xa5, 0x1c, 0x1a, 255}},
		{"dark and narrow", "/vault/footage", "0", "500", color.RGBA{0x12, 0x15, 0x18, 255}, color.RGBA{0xf4, 0x93, 0x8a, 255}},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			m := shoot(t, server.URL+x.path, x.scheme, x.width, "900")
			all := m.Bounds().Dx() * m.Bounds().Dy()
			if got := points(m, x.paper) * 100 / all; got < 60 || got > 98 {
				t.Errorf("%d %% of the picture has the colour of paper", got)
			}
			if got := points(m, x.breach); got < 50 {
				t.Errorf("%d points have the colour of a breach: the gaps are not drawn", got)
			}
		})
	}
}
