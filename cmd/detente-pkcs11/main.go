//go:build cgo && unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"detente/internal/locked"
	"detente/internal/pkcs11"
)

func main() {
	// Some libraries are at home in one thread only.
	runtime.LockOSThread()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "detente-pkcs11:", err)
		os.Exit(3)
	}
}

func run() error {
	for fd, to := range map[int]string{3: "requests", 4: "answers"} {
		// Without pipes there, Go's own runtime may have something at these numbers.
		var stat unix.Stat_t
		if err := unix.Fstat(fd, &stat); err != nil || stat.Mode&unix.S_IFMT != unix.S_IFIFO {
			return fmt.Errorf("no %s: detente starts this program for a key that is named pkcs11:..., nobody else does", to)
		}
		unix.CloseOnExec(fd) // a library may start programs
	}
	// Who started it decides when it ends: what a terminal or a supervisor sends
	// to the whole group would take the key from a role that still has to sign
	// what it promised.
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	if err := locked.Harden(); err != nil {
		return err
	}
	requests, answers := bufio.NewReader(os.NewFile(3, "requests")), os.NewFile(4, "answers")
	s := &connection{}
	defer s.end()
	for {
		var r pkcs11.Request
		err := pkcs11.Read(requests, &r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading a request: %w", err)
		}
		if err := pkcs11.Write(answers, answer(s, r)); err != nil {
			return fmt.Errorf("answering: %w", err)
		}
	}
}

// answer does what is asked for.
func answer(s *connection, r pkcs11.Request) pkcs11.Answer {
	var a pkcs11.Answer
	var err error
	switch {
	case r.Do == pkcs11.DoOpen && r.Key != nil && s.module == nil:
		a.Token, err = s.open(*r.Key)
	case r.Do == pkcs11.DoLogin && s.opened && s.key == nil:
		a, err = s.login(r.PIN)
	case r.Do == pkcs11.DoSign && s.key != nil:
		a.Signature, err = s.sign(r.Message, r.PIN)
	default:
		err = fault(pkcs11.FaultModule, "the helper program was asked for something out of turn; it is of another version than detente")
	}
	if err == nil {
		return a
	}
	f := &faultError{pkcs11.FaultModule, err.Error()}
	errors.As(err, &f)
	return pkcs11.Answer{Fault: f.kind, Text: clean(f.text)}
}

// clean makes one short printable line of what a library may have written.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r > 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.ToValidUTF8(s[:min(len(s), 900)], "")
}

// A faultError is an error of a kind that detente tells from others.
type faultError struct {
	kind pkcs11.Fault
	text string
}

func (e *faultError) Error() string { return e.text }

func fault(kind pkcs11.Fault, format string, args ...any) error {
	return &faultError{kind, fmt.Sprintf(format, args...)}
}
