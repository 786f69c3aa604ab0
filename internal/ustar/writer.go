package ustar

import (
	"bytes"
	"fmt"
	"io"
)

var zeros [2 * Block]byte

// A Writer writes an archive. After an error the archive is of no use and
// every further call fails.
type Writer struct {
	w      io.Writer
	paths  paths
	offset int64
	err    error
}

// NewWriter starts an archive on w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Add writes a file.
func (w *Writer) Add(path string, data []byte) error {
	return w.AddFrom(path, int64(len(data)), bytes.NewReader(data))
}

// AddFrom writes a file of exactly size bytes from r, without holding it in
// memory. r must end there.
func (w *Writer) AddFrom(path string, size int64, r io.Reader) error {
	if w.err != nil {
		return w.err
	}
	w.err = w.add(path, size, r)
	return w.err
}

func (w *Writer) add(path string, size int64, r io.Reader) error {
	if err := CheckPath(path); err != nil {
		return fmt.Errorf("ustar: cannot write %w", err)
	}
	if err := w.paths.add(path); err != nil {
		return fmt.Errorf("ustar: cannot write %w", err)
	}
	if size < 0 || size > MaxSize {
		return &Error{path, w.offset, fmt.Sprintf("a size from 0 to %d, is %d", int64(MaxSize), size)}
	}
	h := header(path, size)
	if err := w.write(h[:]); err != nil {
		return err
	}
	n, err := io.CopyN(w.w, r, size)
	w.offset += n
	if err == io.EOF {
		return &Error{path, w.offset, fmt.Sprintf("%d bytes of data, has %d", size, n)}
	}
	if err != nil {
		return fmt.Errorf("ustar: writing %q: %w", path, err)
	}
	if n, err := r.Read(make([]byte, 1)); n > 0 || err != io.EOF {
		return &Error{path, w.offset, fmt.Sprintf("the end of its data after %d bytes", size)}
	}
	return w.write(zeros[:padding(size)])
}

// Close writes the end of the archive. It does not close the underlying writer.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	if w.err = w.write(zeros[:]); w.err != nil {
		return w.err
	}
	w.err = fmt.Errorf("ustar: the archive is closed")
	return nil
}

func (w *Writer) write(b []byte) error {
	n, err := w.w.Write(b)
	w.offset += int64(n)
	if err != nil {
		return fmt.Errorf("ustar: writing at byte %d: %w", w.offset, err)
	}
	return nil
}

func padding(size int64) int64 { return (Block - size%Block) % Block }

// Bytes is the archive of these files.
func Bytes(files []File) ([]byte, error) {
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, f := range files {
		if err := w.Add(f.Path, f.Data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
