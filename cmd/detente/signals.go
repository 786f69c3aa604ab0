package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// interruptible is a context that ends when the process is told to end: a role
// then answers what it has begun. Told again, the process ends at once, which
// is what it must survive anyway, and says so.
func interruptible(talk io.Writer) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	told := make(chan os.Signal, 2) // so that none of the two is lost
	signal.Notify(told, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-told
		cancel()
		again := <-told
		fmt.Fprintf(talk, "detente: told to end a second time (%v): ended at once, in the middle of what it did; what it acknowledged is on the disk\n", again)
		os.Exit(exitUnknown)
	}()
	return ctx, cancel
}
