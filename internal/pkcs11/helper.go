package pkcs11

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// patience is how long the helper may take for one answer. It is long because a
// person may have to touch the token. A variable so that tests are quick.
var patience = 2 * time.Minute

// farewell is how long it may take to end, after its requests have ended.
const farewell = 5 * time.Second

// A helper is the helper program, running.
type helper struct {
	cmd    *exec.Cmd
	to     *os.File
	from   *os.File
	lines  *bufio.Reader
	said   tail
	ended  chan struct{} // closed when it has; then status is there
	status error
	once   sync.Once
	broken error
}

// start starts the helper, with pipes on its descriptors 3 and 4.
func start(path string) (*helper, error) {
	theirs, to, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	from, answers, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirs.Close(), to.Close())
	}
	h := &helper{cmd: exec.Command(path), to: to, from: from, lines: bufio.NewReader(from), ended: make(chan struct{})}
	h.cmd.ExtraFiles = []*os.File{theirs, answers}
	h.cmd.Stderr, h.cmd.Stdout = &h.said, &h.said
	h.cmd.WaitDelay = farewell
	err = h.cmd.Start()
	// Its ends are its own: else its end would not be seen here.
	err = errors.Join(err, theirs.Close(), answers.Close())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNoHelper, err), to.Close(), from.Close())
	}
	go func() {
		h.status = h.cmd.Wait()
		close(h.ended)
	}()
	return h, nil
}

// ask sends a request and reads its answer. After a helper has failed once it
// is asked nothing more.
func (h *helper) ask(r Request) (*Answer, error) {
	if h.broken != nil {
		return nil, h.broken
	}
	var a Answer
	limit := time.Now().Add(patience)
	err := errors.Join(h.to.SetDeadline(limit), h.from.SetDeadline(limit))
	if err == nil {
		err = Write(h.to, r)
	}
	// Also where the request was not taken there may be an answer that says why.
	if read := Read(h.lines, &a); read != nil {
		h.broken = h.fault(errors.Join(err, read))
		return nil, h.broken
	}
	err = a.err()
	if errors.Is(err, ErrPIN) || errors.Is(err, ErrGone) {
		h.broken = err // asked again, it would only cost another try
	}
	return &a, err
}

// fault says what became of a helper that does not answer.
func (h *helper) fault(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		h.kill()
		return fmt.Errorf("%w: it has not answered for %v, and was ended%s", ErrModule, patience, h.said.quoted())
	}
	h.kill()
	if h.status != nil {
		return fmt.Errorf("%w: it has ended the helper program that had loaded it: %w%s", ErrModule, h.status, h.said.quoted())
	}
	return fmt.Errorf("%w: the helper program does not answer: %w%s", ErrModule, err, h.said.quoted())
}

// close lets the helper log out and end, or ends it.
func (h *helper) close() error {
	h.once.Do(func() {
		h.to.Close()
		limit := time.NewTimer(farewell)
		defer limit.Stop()
		select {
		case <-h.ended:
		case <-limit.C:
			h.kill()
		}
		h.from.Close()
		if h.broken == nil {
			h.broken = errors.New("the key is closed")
		}
	})
	return nil
}

// kill ends the helper. One that is ending by itself, because the library
// crashed, is given the time to say how.
func (h *helper) kill() {
	limit := time.NewTimer(time.Second)
	defer limit.Stop()
	select {
	case <-h.ended:
		return
	case <-limit.C:
	}
	h.cmd.Process.Kill()
	<-h.ended
}

// A tail keeps the last of what the library and the helper print, for the
// message about a crash; nothing of it is shown otherwise.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

const tailSize = 400

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	t.kept = t.kept[max(0, len(t.kept)-tailSize):]
	return len(b), nil
}

func (t *tail) quoted() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.kept) == 0 {
		return ""
	}
	return fmt.Sprintf("; it said: %q", strings.TrimSpace(string(t.kept)))
}
