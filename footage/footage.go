// Package footage says what is conspicuous in an opened clip: stretches that are
// black, pictures that do not move, and cuts. It asks ffmpeg.
//
// Promise: what is found is found in the pixels, with fixed thresholds, so
// whoever has the clip finds the same with the same ffmpeg.
//
// Non-promise: what it means. An anomaly is not a breach: an empty room at night
// is black and still. And footage in which nothing is found can be of a picture
// held before the camera.
package footage

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// The thresholds, as ffmpeg's filters take them: a picture is black if 98 % of
// its pixels are darker than a tenth of white; it is still if its noise against
// the one before is below -60 dB; a cut is a change of more than 10 %.
const (
	leastBlack = 500 * time.Millisecond
	filters    = "blackdetect=d=0.5:pix_th=0.10,freezedetect=n=-60dB:d=1,scdet=threshold=10,metadata=print:file=-"
)

// What a sight is.
const (
	Black = "black"
	Still = "still"
	Cut   = "cut" // From and Until are the same
)

// A Sight is one conspicuous stretch of a clip, from its begin, in seconds.
type Sight struct {
	What  string  `json:"what"`
	From  float64 `json:"from"`
	Until float64 `json:"until"`
}

// ErrTool says that there is no ffmpeg.
var ErrTool = errors.New("ffmpeg is not installed: install the package ffmpeg")

// Look looks at every picture of a clip in a file. The file may be anybody's:
// ffmpeg is held to one container and to no network.
func Look(ctx context.Context, clip string) ([]Sight, error) {
	path, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, ErrTool
	}
	cmd := exec.CommandContext(ctx, path, "-nostdin", "-hide_banner", "-v", "error", "-protocol_whitelist", "file,pipe",
		"-f", "mov", "-i", "file:"+clip, "-map", "0:v:0", "-vf", filters, "-f", "null", "-")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		last := strings.TrimSpace(complaints.String())
		if i := strings.LastIndexByte(last, '\n'); i >= 0 {
			last = last[i+1:]
		}
		return nil, fmt.Errorf("looking at %s: %w: %.300s", clip, err, last)
	}
	sights, frames, err := parse(out)
	if err == nil && frames == 0 {
		err = errors.New("it has no picture")
	}
	if err != nil {
		return nil, fmt.Errorf("looking at %s: %w", clip, err)
	}
	return sights, nil
}

// parse reads what the filter metadata prints: a line for each picture with its
// time, then a line for each thing that was found to begin or end there.
func parse(out []byte) (sights []Sight, frames int, err error) {
	var now float64
	begun := map[string]float64{}
	end := func(what string, until float64) {
		if from, ok := begun[what]; ok {
			sights = append(sights, Sight{what, from, until})
			delete(begun, what)
		}
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "frame:") {
			_, at, _ := strings.Cut(line, "pts_time:")
			if now, err = seconds(at); err != nil {
				return nil, 0, err
			}
			frames++
			continue
		}
		key, value, _ := strings.Cut(line, "=")
		what, begins := "", false
		switch key {
		case "lavfi.black_start", "lavfi.black_end":
			what, begins = Black, key == "lavfi.black_start"
		case "lavfi.freezedetect.freeze_start", "lavfi.freezedetect.freeze_end":
			what, begins = Still, key == "lavfi.freezedetect.freeze_start"
		case "lavfi.scd.time":
			what = Cut
		default:
			continue
		}
		at, err := seconds(value)
		switch {
		case err != nil:
			return nil, 0, err
		case what == Cut:
			sights = append(sights, Sight{Cut, at, at})
		case begins:
			begun[what] = at
		default:
			end(what, at)
		}
	}
	// What does not end before the clip does; black so short may be anything.
	if from, ok := begun[Black]; ok && now-from < leastBlack.Seconds() {
		delete(begun, Black)
	}
	end(Black, now)
	end(Still, now)
	return sights, frames, lines.Err()
}

func seconds(s string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil {
		return 0, fmt.Errorf("ffmpeg says %.40q where a time was expected", s)
	}
	return v, nil
}

// Text is a sight in words: "black 3.0-5.0".
func Text(s Sight) string { return fmt.Sprintf("%s %.1f-%.1f", s.What, s.From, s.Until) }
