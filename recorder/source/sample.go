package source

import (
	"context"
	"crypto/rand"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// What the folder holds, and how it was made, stands in sample/README.md.
//
//go:embed sample/*.mp4
var committed embed.FS

// sampleSeconds is the length of each committed clip, in fragments of one
// second each.
const sampleSeconds = 10

// Sample is the committed footage: clips of ten seconds in fragmented MP4, in
// the order of their names.
func Sample() fs.FS {
	sub, err := fs.Sub(committed, "sample")
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}

func openSample(rest string, opt Options) (Source, error) {
	if rest != "" {
		return nil, fmt.Errorf("sample:%s: want sample: and nothing after it", rest)
	}
	seconds := opt.Segment / time.Second
	if seconds > sampleSeconds {
		return nil, fmt.Errorf("clips of %v: the sample's clips have %d seconds", opt.Segment, sampleSeconds)
	}
	names, err := fs.Glob(Sample(), "*.mp4")
	if err != nil || len(names) == 0 {
		return nil, errors.New("the sample is empty")
	}
	fresh := rand.Text()
	return &replay{
		slots:   slots{opt: opt},
		prepare: func(context.Context) ([]string, error) { return names, nil },
		read: func(name string, _ int) ([]byte, error) {
			data, err := fs.ReadFile(Sample(), name)
			if err != nil {
				return nil, err
			}
			return firstSeconds(data, int(seconds))
		},
		mark: func(data []byte, shown int) []byte {
			return appendFree(data, fmt.Sprintf("detente sample, %s, showing %d", fresh, shown))
		},
	}, nil
}

// A box is a top-level box of an MP4 file: four bytes of size, four of type.
type box struct {
	kind string
	data []byte // with its header
}

// boxes splits an MP4 file into its top-level boxes. The forms of a size that
// a clip of this package never has (0: to the end; 1: 64 bits) are refused.
func boxes(data []byte) ([]box, error) {
	var out []box
	for len(data) > 0 {
		if len(data) < 8 {
			return nil, fmt.Errorf("%d bytes after the last box of an MP4 file", len(data))
		}
		size := binary.BigEndian.Uint32(data)
		if size < 8 || uint64(size) > uint64(len(data)) {
			return nil, fmt.Errorf("a box of %d bytes where %d are left: the MP4 file is torn, or none", size, len(data))
		}
		out = append(out, box{string(data[4:8]), data[:size:size]})
		data = data[size:]
	}
	return out, nil
}

// firstSeconds keeps the beginning of a clip with fragments of a second each:
// everything up to and including the n-th fragment.
func firstSeconds(data []byte, n int) ([]byte, error) {
	all, err := boxes(data)
	if err != nil {
		return nil, err
	}
	size, fragments := 0, 0
	for _, b := range all {
		if b.kind == "moof" {
			fragments++
		}
		if fragments > n || b.kind == "mfra" { // mfra points to fragments, also to those left out
			break
		}
		size += len(b.data)
	}
	if fragments < n {
		return nil, fmt.Errorf("a clip of %d seconds; want %d", fragments, n)
	}
	return data[:size:size], nil
}

// appendFree appends a box that players skip, so that two showings of one clip
// differ in their bytes as two pieces of real footage do.
func appendFree(data []byte, text string) []byte {
	data = binary.BigEndian.AppendUint32(data, uint32(8+len(text)))
	return append(append(data, "free"...), text...)
}

// writeSample writes clips from the sample into a folder.
func writeSample(dir string, clips int, segment time.Duration) error {
	s, err := openSample("", Options{Segment: segment})
	if err != nil {
		return err
	}
	r := s.(*replay)
	names, err := r.prepare(context.Background())
	if err != nil {
		return err
	}
	for i := range clips {
		data, err := r.read(names[i%len(names)], 0)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, clipName(i)), r.mark(data, i), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func clipName(i int) string {
	n := strconv.Itoa(i)
	return "clip-" + "000000"[min(len(n), 6):] + n + ".mp4"
}
