package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"

	"detente/internal/clock"
	"detente/internal/httpserve"
	"detente/internal/keyfile"
	"detente/internal/metrics"
	"detente/statement"

	"github.com/spf13/cobra"
)

// A role is what every long-running process has.
type role struct {
	t        terminal
	kind     string // whose folder dir is: the command
	dir      string
	key      string
	listen   string
	names    []string // of this host, as readers of private records may address it
	clockArg string
	metrics  string // where to show how the process does; empty: nowhere
	untilEOF bool
	verbose  bool
	guarded  bool // its key lies in locked memory

	signer statement.Signer
	clock  clock.Clock
	log    *slog.Logger
}

func (r *role) flags(c *cobra.Command, listens bool) *cobra.Command {
	c.GroupID = groupRun
	r.kind = c.Name()
	f := c.Flags()
	f.StringVar(&r.dir, "dir", "", "`FOLDER` of this process alone, made if missing")
	f.StringVar(&r.clockArg, "clock", "real", "the time it goes by, a `CLOCK`: real, or for a record whose time is simulated START@ANCHOR*RATE")
	f.StringVar(&r.metrics, "metrics", "", "`ADDRESS` at which to show metrics for Prometheus, for example 127.0.0.1:9100; not for the public")
	f.BoolVar(&r.untilEOF, "until-eof", false, "end when standard input does")
	f.BoolVar(&r.verbose, "verbose", false, "say more on standard error")
	if listens {
		f.StringVar(&r.listen, "listen", "127.0.0.1:0", "`ADDRESS` to listen on; port 0 takes a free one, and the first line printed says which")
	}
	need(c, "dir")
	return c
}

// nameFlag adds the names of a host that serves private records.
func (r *role) nameFlag(c *cobra.Command) {
	c.Flags().StringArrayVar(&r.names, "host", nil, "a `NAME` of this host, for example records.example, under which private records are read, if the record does not have it; may be given again")
}

// keyFlag adds the key of a role that signs.
func (r *role) keyFlag(c *cobra.Command) {
	c.Flags().StringVar(&r.key, "key", "", "its `KEY`: a file, ssh-agent:FINGERPRINT or pkcs11:URI (or set DETENTE_KEY)")
}

// prepare reads the flags. kind is that of the key it needs; "" for none.
func (r *role) prepare(kind keyfile.Kind) error {
	var err error
	if r.clock, err = clock.Parse(r.clockArg); err != nil {
		return usage("%w", err)
	}
	if err := claimFolder(r.dir, r.kind); err != nil {
		return err
	}
	level := slog.LevelInfo
	if r.verbose {
		level = slog.LevelDebug
	}
	r.log = slog.New(slog.NewTextHandler(r.t.err, &slog.HandlerOptions{Level: level}))
	if kind == "" {
		return nil
	}
	k, err := loadKey(r.t, r.key)
	if err != nil {
		return err
	}
	if r.guarded {
		r.signer, err = k.guarded(r.key, kind)
		return err
	}
	r.signer, err = k.signer(r.key, kind)
	return err
}

// run serves h, if there is one, and runs body until either fails or the
// process is told to end. path gives what to print after the address; state is
// what --metrics shows of the role.
func (r *role) run(ctx context.Context, h http.Handler, path func() string, body func(context.Context) error, state metrics.Source) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if r.untilEOF {
		go func() {
			io.Copy(io.Discard, r.t.in)
			cancel(nil)
		}()
	}
	var work sync.WaitGroup
	start := func(f func(context.Context) error) {
		work.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				cancel(err)
			}
		})
	}
	if r.metrics != "" {
		ln, err := net.Listen("tcp", r.metrics)
		if err != nil {
			return usage("--metrics: %w", err)
		}
		board := metrics.New(r.dir, state)
		if h != nil {
			h = board.Count(h)
		}
		r.log.Info("metrics", "address", "http://"+ln.Addr().String()+"/metrics")
		start(func(ctx context.Context) error { return board.Serve(ctx, ln, r.log) })
	}
	// What starts a role reads this one line: "ready", or "listening" and where.
	ready := "ready"
	if h != nil {
		ln, err := net.Listen("tcp", r.listen)
		if err != nil {
			return usage("--listen: %w", err)
		}
		ready = "listening http://" + ln.Addr().String() + path()
		start(func(ctx context.Context) error { return httpserve.Serve(ctx, ln, h, r.log) })
	}
	start(body)
	fmt.Fprintln(r.t.out, ready)
	work.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func noPath() string { return "" }
