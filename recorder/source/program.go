package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"detente/internal/clock"
)

// words splits a command: a JSON list of strings if it begins with "[", else
// at blanks. There are no quotes, variables or other meanings.
func words(command string) ([]string, error) {
	var argv []string
	if strings.HasPrefix(command, "[") {
		if err := json.Unmarshal([]byte(command), &argv); err != nil {
			return nil, fmt.Errorf(`command: %w; want ["prog","arg"]`, err)
		}
	} else {
		argv = strings.Fields(command)
	}
	switch {
	case len(argv) == 0 || argv[0] == "":
		return nil, errors.New(`no command; want prog arg, or ["prog","arg with blank"]`)
	case len(argv) > maxWords:
		return nil, fmt.Errorf("a command of %d words; at most %d", len(argv), maxWords)
	}
	if _, err := exec.LookPath(argv[0]); err != nil {
		return nil, fmt.Errorf("command: %w", err)
	}
	return argv, nil
}

// A program is something that runs for a source and writes to it.
type program struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc
	out    io.ReadCloser
	said   lastWords
	waited sync.Once
	err    error
}

// start runs a program whose output the caller reads from out.
func start(argv []string, stdin io.Reader) (*program, error) {
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{cmd: exec.CommandContext(ctx, argv[0], argv[1:]...), cancel: cancel}
	p.cmd.WaitDelay = copyWait
	p.cmd.Stdin = stdin
	p.cmd.Stderr = &p.said
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	p.out = out
	if err := p.cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	return p, nil
}

// wait reaps the program, after its output was read to the end, and says how
// it ended, with the last that it complained about.
func (p *program) wait() error {
	p.waited.Do(func() {
		p.err = p.cmd.Wait()
		p.cancel()
	})
	if p.err != nil {
		if last := p.said.String(); last != "" {
			return fmt.Errorf("%w: %s", p.err, last)
		}
	}
	return p.err
}

// end kills the program and reaps it.
func (p *program) end() {
	p.cancel()
	_ = p.wait() // it was killed; how it ended says nothing
}

// Read reads the program's output, and at its end says whether it went well.
func (p *program) Read(b []byte) (int, error) {
	n, err := p.out.Read(b)
	if err != nil {
		if failed := p.wait(); failed != nil {
			err = failed
		} else {
			err = io.EOF
		}
	}
	return n, err
}

// lastWords keeps the end of what a program complains about.
type lastWords struct {
	mu   sync.Mutex
	kept []byte
}

// Write keeps the last bytes.
func (l *lastWords) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, b...)
	if extra := len(l.kept) - keepErrors; extra > 0 {
		l.kept = append(l.kept[:0], l.kept[extra:]...)
	}
	return len(b), nil
}

// String is the last two lines, without what a terminal would obey.
func (l *lastWords) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(l.kept), []byte("\n"))
	lines = lines[max(0, len(lines)-2):]
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, string(bytes.Join(lines, []byte("; "))))
}

// openRaw cuts a command's output by time, byte for byte.
func openRaw(command string, opt Options) (Source, error) {
	if err := opt.live(); err != nil {
		return nil, err
	}
	argv, err := words(command)
	if err != nil {
		return nil, err
	}
	return &rawCommand{opt: opt, argv: argv}, nil
}

// A rawCommand starts its command at the first Next, so that the first slot
// does not begin before it, and again after it failed.
type rawCommand struct {
	opt    Options
	argv   []string
	run    *program
	stream *stream
	again  retry
}

// Next gives what the command wrote in the next slot.
func (c *rawCommand) Next(ctx context.Context) (Clip, error) {
	if c.run == nil {
		if err := c.again.wait(ctx, c.opt.Clock); err != nil {
			return Clip{}, err
		}
		p, err := start(c.argv, nil)
		if err != nil {
			return Clip{}, err
		}
		c.run, c.stream = p, &stream{opt: c.opt, in: p}
	}
	clip, err := c.stream.Next(ctx)
	switch {
	case err == nil:
		c.again.losses = 0
	case errors.Is(err, ErrLost), errors.Is(err, io.EOF), ctx.Err() != nil:
	default: // the command failed, and was reaped by whoever read it
		c.run = nil
		c.again.losses++
		err = fmt.Errorf("%s: %w: %w", c.argv[0], err, ErrLost)
	}
	return clip, err
}

// Close ends the command.
func (c *rawCommand) Close() error {
	if c.run != nil {
		c.run.cancel()
		<-c.stream.ended // the collector reaps the command
	}
	return nil
}

// A retry spaces the attempts to find a lost camera.
type retry struct{ losses int }

// wait pauses a second after the first loss and twice as long after each
// further one in a row, up to maxPause.
func (r *retry) wait(ctx context.Context, c clock.Clock) error {
	if r.losses == 0 {
		return nil
	}
	return c.Sleep(ctx, min(time.Second<<min(r.losses-1, 10), maxPause))
}
