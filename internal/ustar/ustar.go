// Package ustar reads and writes archives that have exactly one encoding: a
// subset of POSIX ustar that every tar program opens.
//
// Promise: an archive that Reader accepts to its end is, byte for byte, what
// Writer makes of the same files in the same order. So a digest of the archive
// is a digest of the files, nothing can hide between them, and one flipped bit
// either is refused or is in the data of a file that the reader names.
//
// Not promised: that the files mean anything, that their order is right, or
// that they are authentic. Links, folders, times, owners and extended headers
// are not in the format.
//
// # Wire form
//
// For each file a header block of 512 bytes, the data, and zeros up to the
// next multiple of 512; at the end exactly two blocks of zeros and nothing
// more. In a header (offset, length, content):
//
//	  0 100  name: the path, or its last part, then zeros
//	100   8  "0000444\0"          mode: readable, not writable
//	108   8  "0000000\0"          user
//	116   8  "0000000\0"          group
//	124  12  size, 11 octal digits, "\0"
//	136  12  "00000000000\0"      time
//	148   8  checksum, 6 octal digits, "\0 "
//	156   1  "0"                  a regular file
//	157 100  zeros                no link
//	257   8  "ustar\0" "00"
//	265  64  zeros                no user and group names
//	329  16  "0000000\0" twice    no device
//	345 155  prefix: the first part of a path longer than 100 bytes, then zeros
//	500  12  zeros
//
// A path of at most 100 bytes stands in name. A longer one is cut at the last
// slash among its first 156 bytes; the part before goes into prefix.
//
// For example the archive of one file "a" with the data "hi\n" has 2,048
// bytes: the header (name "a", size "00000000003", checksum "007337"),
// "hi\n" and 509 zeros, and 1,024 zeros.
package ustar

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The sizes of the format.
const (
	Block      = 512
	MaxPath    = 255       // bytes: a prefix of 155, a slash, a name of 100, less one
	MaxSize    = 1<<33 - 1 // bytes of one file: 11 octal digits
	nameField  = 100
	prefixSize = 155
)

// A File is one file of an archive.
type File struct {
	Path string
	Data []byte
}

// An Error is a refusal to read or write an archive.
type Error struct {
	Path   string // of the file at fault; of the file before it if a header is at fault; "" before the first
	Offset int64  // in the archive, bytes
	Want   string // what was expected
}

// Error says what, where and what was expected.
func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("ustar: byte %d: want %s", e.Offset, e.Want)
	}
	return fmt.Sprintf("ustar: file %q, byte %d: want %s", e.Path, e.Offset, e.Want)
}

// CheckPath refuses paths that are not relative, clean and portable.
func CheckPath(path string) error {
	switch {
	case path == "":
		return fmt.Errorf("an empty path: want a relative path")
	case len(path) > MaxPath:
		return fmt.Errorf("a path of %d bytes: want at most %d", len(path), MaxPath)
	case !utf8.ValidString(path):
		return fmt.Errorf("a path that is not valid UTF-8")
	}
	for _, r := range path {
		if r < 0x20 || 0x7f <= r && r <= 0x9f || r == '\\' {
			return fmt.Errorf("a path with the character %U: want no control characters and backslashes", r)
		}
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("the path %q: want no empty, \".\" or \"..\" part and no slash at the ends", path)
		}
	}
	if _, _, ok := split(path); !ok {
		return fmt.Errorf("the path %q: want a slash that leaves at most %d bytes before it and %d after it", path, prefixSize, nameField)
	}
	return nil
}

// split cuts a path into the two fields, in the one way that counts.
func split(path string) (prefix, name string, ok bool) {
	if len(path) <= nameField {
		return "", path, true
	}
	i := strings.LastIndexByte(path[:min(len(path), prefixSize+1)], '/')
	if i <= 0 || len(path)-i-1 > nameField {
		return "", "", false
	}
	return path[:i], path[i+1:], true
}

// header is the one header of a file. The path has passed CheckPath.
func header(path string, size int64) [Block]byte {
	var h [Block]byte
	prefix, name, _ := split(path)
	copy(h[0:], name)
	copy(h[100:], "0000444\x000000000\x000000000\x00")
	copy(h[124:], fmt.Sprintf("%011o\x00", size))
	copy(h[136:], "00000000000\x00        0")
	copy(h[257:], "ustar\x0000")
	copy(h[329:], "0000000\x000000000\x00")
	copy(h[345:], prefix)
	sum := 0
	for _, b := range h { // the checksum field counts as eight spaces
		sum += int(b)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	return h
}

// paths remembers the paths of an archive and refuses those that tar could not
// put beside each other: the same one twice, or a file where a folder must be.
type paths struct{ files, folders map[string]bool }

func (p *paths) add(path string) error {
	if p.files == nil {
		p.files, p.folders = map[string]bool{}, map[string]bool{}
	}
	if p.files[path] {
		return fmt.Errorf("the path %q a second time: want each path once", path)
	}
	if p.folders[path] {
		return fmt.Errorf("the path %q, which is a folder of another file", path)
	}
	var above []string
	for i, c := range []byte(path) {
		if c == '/' {
			above = append(above, path[:i])
		}
	}
	for _, folder := range above {
		if p.files[folder] {
			return fmt.Errorf("the path %q, whose folder %q is a file", path, folder)
		}
	}
	for _, folder := range above {
		p.folders[folder] = true
	}
	p.files[path] = true
	return nil
}
