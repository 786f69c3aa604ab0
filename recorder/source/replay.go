package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// A replay shows files in a loop, each in the next slot of the timetable.
type replay struct {
	slots slots
	// prepare lists the files, once, at the first Next.
	prepare func(ctx context.Context) ([]string, error)
	read    func(name string, most int) ([]byte, error)
	// mark, if not nil, makes one showing of a clip different from another.
	mark  func(data []byte, shown int) []byte
	files []string
	shown int
	close func() error
}

// Next shows the next file.
func (r *replay) Next(ctx context.Context) (Clip, error) {
	if r.files == nil {
		files, err := r.prepare(ctx)
		if err != nil {
			return Clip{}, err
		}
		r.files = files
	}
	start, err := r.slots.wait(ctx)
	if err != nil {
		return Clip{}, err
	}
	data, err := r.read(r.files[r.shown%len(r.files)], r.slots.opt.MaxBytes+1)
	if err != nil {
		return Clip{}, fmt.Errorf("reading a clip: %w", err)
	}
	if r.mark != nil {
		data = r.mark(data, r.shown)
	}
	r.shown++
	return r.slots.opt.clip(start, r.slots.opt.Segment, data), nil
}

// Close removes what was cut.
func (r *replay) Close() error {
	if r.close == nil {
		return nil
	}
	return r.close()
}

func openFolder(dir string, opt Options) (Source, error) {
	names, err := clipsIn(dir)
	if err != nil {
		return nil, err
	}
	return &replay{
		slots:   slots{opt: opt},
		prepare: func(context.Context) ([]string, error) { return names, nil },
		read:    readFile,
	}, nil
}

// clipsIn lists the regular files of a folder that are not hidden, by name.
func clipsIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path) // follows links, as whoever made them meant
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() && e.Name()[0] != '.' {
			names = append(names, path)
		}
	}
	switch {
	case len(names) == 0:
		return nil, errors.New("the folder has no files; want clips, one a file")
	case len(names) > maxClips:
		return nil, fmt.Errorf("the folder has %d files; at most %d", len(names), maxClips)
	}
	slices.Sort(names)
	return names, nil
}

// readFile reads at most so many bytes of a file.
func readFile(name string, most int) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, int64(most)))
}

// openFile shows a video file: all of it is cut before the first slot, so that
// an accelerated clock does not wait for ffmpeg.
func openFile(path string, opt Options) (Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("is no regular file")
	}
	enc, err := newEncoder(opt)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(opt.Scratch, "detente-clips-")
	if err != nil {
		return nil, err
	}
	return &replay{
		slots:   slots{opt: opt},
		prepare: func(ctx context.Context) ([]string, error) { return enc.cutFile(ctx, path, dir) },
		read:    readFile,
		close:   func() error { return os.RemoveAll(dir) },
	}, nil
}
