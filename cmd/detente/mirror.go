package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"detente/internal/keyfile"
	"detente/mirror"
	"detente/web"

	"github.com/spf13/cobra"
)

func mirrorCommand(t terminal) *cobra.Command {
	r := &role{t: t}
	var address string
	c := r.flags(&cobra.Command{
		Use:   "mirror [URL]",
		Short: "follow a record, verify everything, keep a copy and serve it",
		Long: `Follow the record at URL, verify everything, keep a copy in --dir and serve it, pages included, as the depositary does, saying
that it is a mirror and how fresh. URL may be another mirror's. Without URL, and without DETENTE_RECORD, the copy is served as
it is. With --key it also takes in statements that the depositary does not, gives receipts signed with that key, and submits
them again and again. Prints "listening URL" and runs until it is interrupted; exit 1 if it was shown another history than
before. While no mirror runs in it, the folder is a PATH for status, why, asof, coverage, export and audit, offline.`,
		Example: "  detente mirror http://127.0.0.1:7001/580c... --dir copy\n  detente status copy",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				if address != "" {
					return usage("mirror: two addresses, %s and --record %s: want one", args[0], address)
				}
				address = args[0]
			}
			return runMirror(cmd.Context(), r, address)
		},
	}, true)
	c.GroupID = groupSee
	r.nameFlag(c)
	c.Flags().StringVar(&address, "record", "", recordUsage)
	c.Flags().StringVar(&r.key, "key", "", "key `FILE` to sign receipts with; with it statements can be handed in here")
	return c
}

func runMirror(ctx context.Context, r *role, address string) error {
	kind := keyfile.Kind("")
	if r.key != "" {
		kind = keyfile.Ed25519
	}
	if err := r.prepare(kind); err != nil {
		return err
	}
	cfg := mirror.Config{Dir: r.dir, Progress: fetched(r.t)}
	if address != "" || os.Getenv("DETENTE_RECORD") != "" || !isMirror(r.dir) {
		var err error
		if cfg.Client, err = recordClient(address, reader(r.t, nil)); err != nil {
			return err
		}
	}
	f, err := mirror.Open(ctx, cfg)
	if err != nil {
		return verdict(err)
	}
	defer f.Close()
	s := &mirror.Station{Follower: f, Names: r.names, Clock: r.clock, Pages: func(s *mirror.Station) http.Handler { return web.New(s) }}
	if cfg.Client != nil {
		s.Of = cfg.Client.Address()
		if err := f.Update(ctx); err == nil {
			s.Heard()
		} else if err = verdict(err); isNo(err) {
			return err
		} else {
			r.log.Warn("the record cannot be fetched now; serving the copy as it is", "error", err)
		}
	}
	if r.signer != nil {
		if s.Intake, err = mirror.OpenIntake(f, r.signer, r.clock, r.log); err != nil {
			return verdict(err)
		}
	}
	path := "/" + f.Agreement().ID.String() + "/"
	return r.run(ctx, s.Handler(), func() string { return path }, func(ctx context.Context) error { return follow(ctx, s) }, s.Metrics)
}

// follow follows the record, and submits what was handed in.
func follow(ctx context.Context, s *mirror.Station) error {
	if s.Client() == nil {
		<-ctx.Done()
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if s.Intake != nil {
			s.Intake.Run(ctx)
		}
	}()
	err := s.Keep(ctx, s.Heard)
	cancel()
	<-done
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return verdict(err)
}

// fetched tells on standard error how far a long record is fetched.
func fetched(t terminal) func(have, size int64) {
	last := time.Now()
	return func(have, size int64) {
		if time.Since(last) >= reminder {
			last = time.Now()
			fmt.Fprintf(t.err, "fetched and verified %d of %d entries\n", have, size)
		}
	}
}
