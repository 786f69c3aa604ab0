package source

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// generatedRate is what a generated clip holds of each second, in bytes: a
// small picture that can be recognised, so that a demonstration is quick.
const generatedRate = 16 << 10

// Generate puts fresh footage into a folder: so many clips of one length, one
// file each, which no other call makes again. With ffmpeg it is a moving test
// pattern that carries a word drawn for this call and the time; without, it is
// the committed sample, each clip with a word of its own behind the pictures.
// It returns how the footage was made, in words for people.
func Generate(ctx context.Context, dir string, clips int, segment time.Duration) (made string, err error) {
	if clips < 1 || clips > maxCut {
		return "", fmt.Errorf("making footage: %d clips; want 1 to %d", clips, maxCut)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("making footage: %w", err)
	}
	seconds := int(segment.Seconds() + 0.999)
	opt, err := Options{Segment: segment, MaxBytes: generatedRate * (seconds + 1)}.check()
	if err != nil {
		return "", fmt.Errorf("making footage: %w", err)
	}
	enc, err := newEncoder(opt)
	switch {
	case errors.Is(err, ErrNoFFmpeg):
		err = writeSample(dir, clips, segment)
		made = "from the committed sample (ffmpeg is not installed)"
	case err == nil:
		err = enc.pattern(ctx, dir, clips)
		made = "made by ffmpeg just now"
	}
	if err != nil {
		return "", fmt.Errorf("making footage: %w", err)
	}
	return made, nil
}

// pattern cuts a test pattern. An ffmpeg without drawtext, or without a font,
// makes it with the drawn colours and noise alone.
func (e *encoder) pattern(ctx context.Context, dir string, clips int) error {
	var seed [4]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint32(seed[:])
	width, fps := e.picture()
	length := time.Duration(clips) * e.opt.Segment
	scene := fmt.Sprintf("testsrc2=size=%dx%d:rate=%d,hue=h=%d,noise=alls=4:all_seed=%d", width, width*3/4, fps, n%360, n>>1)
	label := fmt.Sprintf(`,drawtext=text='%x %%{pts\:hms}':x=8:y=h-32:fontsize=24:fontcolor=white:box=1:boxcolor=black`, seed)
	made, err := e.cut(ctx, dir, []string{"-f", "lavfi", "-i", scene + label}, length)
	if err != nil && ctx.Err() == nil {
		made, err = e.cut(ctx, dir, []string{"-f", "lavfi", "-i", scene}, length)
	}
	if err != nil {
		return err
	}
	if len(made) != clips {
		return errors.New("ffmpeg made " + strconv.Itoa(len(made)) + " clips of " + strconv.Itoa(clips))
	}
	for i, name := range made {
		if err := os.Rename(name, filepath.Join(dir, clipName(i))); err != nil {
			return err
		}
	}
	return nil
}
