// Package resume keeps what an audit has verified, so that one that was
// interrupted goes on and need not begin anew.
//
// Promise: whatever happens to the process, the file holds only sums of
// signatures that this very program has found good, all of those under one sum;
// what did not reach the disk is verified again. A file of another program, or
// one that somebody else may write, is refused.
//
// No promise: nothing authenticates the file. Whoever can write it can have
// signatures taken as good that nobody made. It is the auditor's own, and is
// given to nobody and taken from nobody.
//
// # Wire form
//
//	detente/verified/1
//	program 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
//
// (the SHA-256 of the program's file), an empty line, and then the sums of
// package statement, 32 bytes each. What is left of the last, if the process
// ended within it, is cut off.
package resume

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"detente/statement"
)

// maxFile is the largest file that is read: the sums of some hundred million
// entries.
const maxFile = 16 << 20

// A File is what is kept of an audit.
type File struct {
	// Known are the sums that the file had when it was opened.
	Known map[statement.Sum]bool
	f     *os.File
}

// Open opens or begins the file of that name, for the program that runs.
func Open(name string) (*File, error) {
	f, err := open(name)
	if err != nil {
		return nil, fmt.Errorf("what an audit keeps: %w", err)
	}
	return f, nil
}

func open(name string) (_ *File, err error) {
	head, err := header()
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if err := own(f); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	known, whole, err := decode(b, head)
	if err != nil {
		return nil, fmt.Errorf("%s %w", name, err)
	}
	if err := f.Truncate(int64(whole)); err != nil {
		return nil, err
	}
	if whole == 0 {
		if _, err := f.WriteString(head); err != nil {
			return nil, err
		}
	}
	return &File{Known: known, f: f}, nil
}

// header is how the file of this program begins.
var header = sync.OnceValues(func() (string, error) {
	name, err := os.Executable()
	if err != nil {
		return "", err
	}
	program, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer program.Close()
	h := sha256.New()
	if _, err := io.Copy(h, program); err != nil {
		return "", err
	}
	return fmt.Sprintf("%sprogram %x\n\n", statement.PurposeVerified.Line(), h.Sum(nil)), nil
})

// own refuses a file that somebody else may write.
func own(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", f.Name())
	}
	if mine, known := ownedByMe(info); known && !mine || info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%s may be written by others (mode %s), who could have signatures taken as good: want a file of your own, with mode 0600", f.Name(), info.Mode())
	}
	return nil
}

var errForeign = errors.New("is no file of this program's audits, or of another version of the program: name another file, or delete it to begin anew")

// decode reads a file's bytes: the sums, and how many bytes are whole.
func decode(b []byte, head string) (known map[statement.Sum]bool, whole int, err error) {
	if len(b) > maxFile {
		return nil, 0, fmt.Errorf("has more than %d bytes: delete it to begin anew", maxFile)
	}
	known = map[statement.Sum]bool{}
	if len(b) < len(head) && strings.HasPrefix(head, string(b)) {
		return known, 0, nil // ended within the first write
	}
	sums, ok := bytes.CutPrefix(b, []byte(head))
	if !ok {
		return nil, 0, errForeign
	}
	for len(sums) >= len(statement.Sum{}) {
		known[statement.Sum(sums[:len(statement.Sum{})])] = true
		sums = sums[len(statement.Sum{}):]
	}
	return known, len(b) - len(sums), nil
}

// Note keeps a sum.
func (f *File) Note(s statement.Sum) error {
	if _, err := f.f.Write(s[:]); err != nil {
		return fmt.Errorf("what an audit keeps: %w", err)
	}
	return nil
}

// Close gives the file up.
func (f *File) Close() error { return f.f.Close() }
