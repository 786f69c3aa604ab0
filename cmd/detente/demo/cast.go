package demo

import (
	"bufio"
	"bytes"
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

// A cast is the processes of one story: each runs this same binary in its own
// folder, with its own key, and is stopped when the story ends.
type cast struct {
	exe   string
	dir   string
	clock string

	mu      sync.Mutex
	players []*player
}

// A player is one process of a cast.
type player struct {
	name string
	url  string // where it listens; empty if it does not
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait, once done
}

// startTime is how long a process may take until it says that it is ready.
const startTime = 30 * time.Second

// start runs "detente args... --dir DIR/name --clock C" and waits for its
// ready line: "ready", or "listening URL".
func (c *cast) start(ctx context.Context, name string, args ...string) (*player, error) {
	home := filepath.Join(c.dir, name)
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	talk, err := os.OpenFile(filepath.Join(home, "talk.log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // a custodian keeps no folder that others may read
	if err != nil {
		return nil, err
	}
	defer talk.Close()
	args = append(args, "--dir", home, "--until-eof")
	if c.clock != "" {
		args = append(args, "--clock", c.clock)
	}
	p := &player{name: name, cmd: exec.Command(c.exe, args...), done: make(chan struct{})}
	p.cmd.Stderr = talk
	// The process ends when this pipe does: with the demo, however that ends.
	if _, err := p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	c.mu.Lock()
	c.players = append(c.players, p)
	c.mu.Unlock()

	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewReader(out)
		first, _ := lines.ReadString('\n')
		ready <- strings.TrimSpace(first)
		io.Copy(io.Discard, lines)
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	select {
	case first := <-ready:
		url, ok := strings.CutPrefix(first, "listening ")
		if !ok && first != "ready" {
			return nil, fmt.Errorf("%s did not start:\n%s", name, tail(talk.Name()))
		}
		p.url = url
		return p, nil
	case <-time.After(startTime):
		return nil, fmt.Errorf("%s did not say that it is ready within %v:\n%s", name, startTime, tail(talk.Name()))
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// stop ends every process, politely, then not.
func (c *cast) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.players) - 1; i >= 0; i-- {
		c.players[i].cmd.Process.Signal(syscall.SIGTERM)
	}
	deadline := time.After(5 * time.Second)
	for _, p := range c.players {
		select {
		case <-p.done:
		case <-deadline:
			p.cmd.Process.Kill()
			<-p.done
		}
	}
	c.players = nil
}

// run runs one command of this binary to its end and gives what it answered.
func (c *cast) run(ctx context.Context, args ...string) (string, error) {
	var out, talk bytes.Buffer
	cmd := exec.CommandContext(ctx, c.exe, args...)
	cmd.Stdout, cmd.Stderr = &out, &talk
	err := cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		said := strings.TrimSpace(strings.TrimPrefix(talk.String(), "detente: "))
		err = &CommandError{Command: strings.Join(args, " "), Status: exit.ExitCode(), Said: said}
	}
	return out.String(), err
}

// tail is the end of what a process said, for an error.
func tail(path string) string {
	const most = 2000
	b, err := os.ReadFile(path)
	if err != nil || len(b) == 0 {
		return "(it said nothing)"
	}
	if len(b) > most {
		b = b[len(b)-most:]
	}
	return strings.TrimSpace(string(b))
}
