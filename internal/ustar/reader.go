package ustar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Limits bound what a reader accepts. A zero field allows nothing: say what
// you expect.
type Limits struct {
	Files int   // number of files; of folders on their paths as many, and 4,096 more
	File  int64 // bytes of one file
	Total int64 // bytes of the data of all files
}

// moreFolders is how many folders there may be besides one for each file. Each
// is remembered, and a path of 255 bytes can name 127 new ones.
const moreFolders = 4096

// A Reader reads an archive file by file.
//
//	for {
//		path, size, err := r.Next()
//		if err == io.EOF { break }   // only now is the archive known to be whole
//		...
//		io.Copy(dst, r)
//	}
type Reader struct {
	r      io.Reader
	limits Limits
	paths  paths
	offset int64
	path   string // of the present file
	left   int64  // of its data
	pad    int64
	files  int
	total  int64
	err    error
}

// NewReader reads an archive from r.
func NewReader(r io.Reader, limits Limits) *Reader { return &Reader{r: r, limits: limits} }

// Next goes to the next file, past what is unread of the present one. It gives
// io.EOF at the end of an archive that is whole. An *Error means that the
// bytes are not an archive of this format; any other error is of the
// underlying reader.
func (r *Reader) Next() (path string, size int64, err error) {
	if r.err == nil {
		path, size, r.err = r.next()
	}
	return path, size, r.err
}

func (r *Reader) next() (string, int64, error) {
	if err := r.skip(); err != nil {
		return "", 0, err
	}
	if err := r.zeros(r.pad, "zeros after the data"); err != nil {
		return "", 0, err
	}
	start := r.offset
	var h [Block]byte
	if err := r.full(h[:], "a header or the end of the archive"); err != nil {
		return "", 0, err
	}
	if h == [Block]byte{} {
		return "", 0, r.end()
	}
	path, size, err := r.parse(h, start)
	if err != nil {
		return "", 0, err
	}
	r.path, r.left, r.pad = path, size, padding(size)
	r.files++
	r.total += size
	return path, size, nil
}

// skip goes past what is unread of the present file: without reading it where
// the underlying reader can. What is then missing is found at the next header.
func (r *Reader) skip() error {
	if s, ok := r.r.(io.Seeker); ok && r.left > 0 {
		if _, err := s.Seek(r.left, io.SeekCurrent); err != nil {
			return err
		}
		r.offset, r.left = r.offset+r.left, 0
	}
	_, err := io.Copy(io.Discard, r)
	return err
}

// Offset is where the data of the present file begins, before any of it is read.
func (r *Reader) Offset() int64 { return r.offset }

func (r *Reader) parse(h [Block]byte, start int64) (string, int64, error) {
	refuse := func(at int64, want string, args ...any) error {
		return &Error{r.path, start + at, fmt.Sprintf(want, args...)}
	}
	path := field(h[0:100])
	if prefix := field(h[345:500]); prefix != "" {
		path = prefix + "/" + path
	}
	if err := CheckPath(path); err != nil {
		return "", 0, refuse(0, "a canonical path, has %v", err)
	}
	var size int64
	for i, c := range h[124:135] {
		if c < '0' || c > '7' {
			return "", 0, refuse(int64(124+i), "an octal digit of the size")
		}
		size = size<<3 | int64(c-'0')
	}
	if again := header(path, size); again != h {
		at := 0
		for again[at] == h[at] {
			at++
		}
		return "", 0, refuse(int64(at), "0x%02x, the one header of %q with %d bytes, has 0x%02x", again[at], path, size, h[at])
	}
	if err := r.paths.add(path); err != nil {
		return "", 0, refuse(0, "another path, has %v", err)
	}
	switch {
	case len(r.paths.folders)-moreFolders > r.limits.Files:
		return "", 0, refuse(0, "at most %d folders on the paths of %d files", r.limits.Files+moreFolders, r.limits.Files)
	case r.files >= r.limits.Files:
		return "", 0, refuse(0, "at most %d files", r.limits.Files)
	case size > r.limits.File:
		return "", 0, refuse(124, "at most %d bytes in one file, %q has %d", r.limits.File, path, size)
	case size > r.limits.Total-r.total:
		return "", 0, refuse(124, "at most %d bytes in all files", r.limits.Total)
	}
	return path, size, nil
}

// field is a header field without the zeros at its end. Zeros within it are
// found when the header is encoded again.
func field(b []byte) string { return string(bytes.TrimRight(b, "\x00")) }

// end reads the second block of zeros and makes sure that nothing follows.
func (r *Reader) end() error {
	if err := r.zeros(Block, "a second block of zeros at the end"); err != nil {
		return err
	}
	for {
		n, err := r.r.Read(make([]byte, 1))
		switch {
		case n > 0:
			return &Error{r.path, r.offset, "nothing after the end of the archive"}
		case err != nil:
			return err // io.EOF if all is well
		}
	}
}

// Read reads the data of the present file; io.EOF at its end.
func (r *Reader) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > r.left {
		p = p[:r.left]
	}
	n, err := r.r.Read(p)
	r.left -= int64(n)
	r.offset += int64(n)
	if err == io.EOF {
		err = nil
		if r.left > 0 {
			err = &Error{r.path, r.offset, fmt.Sprintf("%d more bytes of data", r.left)}
		}
	}
	if err != nil {
		r.err = err
	}
	return n, err
}

func (r *Reader) zeros(n int64, want string) error {
	var b [Block]byte
	start := r.offset
	if err := r.full(b[:n], want); err != nil {
		return err
	}
	for i, c := range b[:n] {
		if c != 0 {
			return &Error{r.path, start + int64(i), want}
		}
	}
	return nil
}

func (r *Reader) full(b []byte, want string) error {
	n, err := io.ReadFull(r.r, b)
	r.offset += int64(n)
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{r.path, r.offset, want + ", the archive ends"}
	}
	return err
}

// Read reads a whole archive, files in its order.
func Read(r io.Reader, limits Limits) ([]File, error) {
	var files []File
	tr := NewReader(r, limits)
	for {
		path, _, err := tr.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		// ReadAll grows with what is there, not with what the header says.
		data, err := io.ReadAll(tr)
		if err != nil {
			return nil, err
		}
		files = append(files, File{path, data})
	}
}
