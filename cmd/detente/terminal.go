package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// terminal is where a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer

	preparing bool // what is said is written to a file, for others to sign
}

const (
	// patience is how long a command may work in silence.
	patience = time.Second
	// reminder is how often it then says that it is still at it.
	reminder = 5 * time.Second
)

// working says on standard error what takes longer than a second, and again
// every few seconds, until done is called.
func (t terminal) working(what string) (done func()) {
	var said sync.WaitGroup
	end := make(chan struct{})
	began := time.Now()
	said.Go(func() {
		wait := time.NewTimer(patience)
		defer wait.Stop()
		for {
			select {
			case <-end:
				return
			case <-wait.C:
				fmt.Fprintf(t.err, "%s: %v so far\n", what, time.Since(began).Round(time.Second))
				wait.Reset(reminder)
			}
		}
	})
	return sync.OnceFunc(func() {
		close(end)
		said.Wait()
	})
}
