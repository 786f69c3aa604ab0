package processes

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// A player is one role, in one process at a time. A player is used by one
// goroutine at a time.
type player struct {
	name  string
	role  string
	dir   string               // its folder
	args  []string             // without --dir and --clock
	talk  string               // file to which its standard error is appended
	shell []string             // what starts the program, if not this test itself
	user  *syscall.SysProcAttr // who runs it, if not this user

	clock string
	now   *life // nil before the first
	lives int
}

// A life is one process of a player.
type life struct {
	cmd   *exec.Cmd
	ready chan string   // its first line, or "" if it ended without one
	done  chan struct{} // closed when it has ended
	err   error         // of Wait, once done
	said  *said
	in    io.Closer
}

// said keeps the end of what a life wrote to standard error.
type said struct {
	mu   sync.Mutex
	text []byte
	file io.Writer
}

const mostSaid = 64 << 10

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, p...)
	if len(s.text) > mostSaid {
		s.text = append([]byte(nil), s.text[len(s.text)-mostSaid/2:]...)
	}
	return s.file.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.text)
}

// begin starts a process and does not wait for it. Its standard input is a
// pipe that ends with this test, and the process with it.
func (p *player) begin() (*life, error) {
	if err := os.MkdirAll(p.dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(p.talk, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	args := append([]string{p.role}, p.args...)
	args = append(args, "--dir", p.dir, "--until-eof")
	if p.clock != "" {
		args = append(args, "--clock", p.clock)
	}
	argv := append(append(append([]string{}, p.shell...), program), args...)
	l := &life{cmd: exec.Command(argv[0], argv[1:]...), ready: make(chan string, 1), done: make(chan struct{}), said: &said{file: file}}
	l.cmd.Stderr = l.said
	l.cmd.SysProcAttr = p.user
	if l.in, err = l.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := l.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		lines := bufio.NewReader(out)
		first, _ := lines.ReadString('\n')
		l.ready <- strings.TrimSpace(first)
		io.Copy(io.Discard, lines)
		l.err = l.cmd.Wait()
		file.Close()
		close(l.done)
	}()
	p.now = l
	p.lives++
	return l, nil
}

// readyWithin is how long a process may take until it says that it is ready,
// on a machine that does much else.
const readyWithin = 60 * time.Second

// start starts a process and waits until it says that it is ready. It gives
// where it listens, if it does.
func (p *player) start(ctx context.Context) (url string, err error) {
	l, err := p.begin()
	if err != nil {
		return "", err
	}
	return p.await(ctx, l)
}

func (p *player) await(ctx context.Context, l *life) (url string, err error) {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	select {
	case first := <-l.ready:
		l.ready <- first // for whoever asks again
		url, listens := strings.CutPrefix(first, "listening ")
		if listens || first == "ready" {
			if !listens {
				url = ""
			}
			return url, nil
		}
		<-l.done
		return "", &deadError{p.name, l.cmd.ProcessState.ExitCode(), l.said.String()}
	case <-ctx.Done():
		return "", fmt.Errorf("%s is not ready: %w\n%s", p.name, ctx.Err(), l.said)
	}
}

// A deadError says that a process ended although nobody had asked it to.
type deadError struct {
	name   string
	status int
	said   string
}

func (e *deadError) Error() string {
	return fmt.Sprintf("%s ended with status %d:\n%s", e.name, e.status, e.said)
}

// alive is an error if the process has ended by itself.
func (p *player) alive() error {
	select {
	case <-p.now.done:
		return &deadError{p.name, p.now.cmd.ProcessState.ExitCode(), p.now.said.String()}
	default:
		return nil
	}
}

// kill ends the process as a crash does. It is an error if it had ended before.
func (p *player) kill() error {
	if err := p.alive(); err != nil {
		return err
	}
	if err := p.now.cmd.Process.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.now.done
	if s, ok := p.now.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !s.Signaled() || s.Signal() != syscall.SIGKILL {
		return &deadError{p.name, p.now.cmd.ProcessState.ExitCode(), p.now.said.String()}
	}
	return nil
}

// stop asks the process to end and gives its exit status.
func (p *player) stop(ctx context.Context) (status int, took time.Duration, err error) {
	began := time.Now()
	if err := p.alive(); err != nil {
		return 0, 0, err
	}
	if err := p.now.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, 0, err
	}
	status, err = p.ended(ctx)
	return status, time.Since(began), err
}

// ended waits until the process has ended and gives its exit status.
func (p *player) ended(ctx context.Context) (status int, err error) {
	select {
	case <-p.now.done:
		return p.now.cmd.ProcessState.ExitCode(), nil
	case <-ctx.Done():
		return 0, fmt.Errorf("%s does not end: %w\n%s", p.name, ctx.Err(), p.now.said)
	}
}

// clear ends the process whatever state it is in.
func (p *player) clear() {
	if p.now == nil {
		return
	}
	p.now.cmd.Process.Kill()
	<-p.now.done
}

// folder is a path below the player's folder.
func (p *player) folder(parts ...string) string {
	return filepath.Join(append([]string{p.dir}, parts...)...)
}
