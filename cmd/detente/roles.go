package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"detente/agreement"
	"detente/agreement/dir"
	"detente/custodian"
	"detente/depositary"
	"detente/internal/clock"
	"detente/internal/durable"
	"detente/internal/httpserve"
	"detente/internal/keyfile"
	"detente/mirror"
	"detente/record"
	"detente/recorder"
	"detente/recorder/source"
	"detente/statement"
	"detente/vault"
	"detente/witness"

	"github.com/spf13/cobra"
)

// A role is what every long-running process has.
type role struct {
	t        terminal
	dir      string
	key      string
	listen   string
	clockArg string
	untilEOF bool
	verbose  bool

	signer statement.Signer
	file   *keyfile.Key
	clock  clock.Clock
	log    *slog.Logger
}

func (r *role) flags(c *cobra.Command, listens bool) *cobra.Command {
	c.GroupID = groupRun
	c.Args = cobra.NoArgs
	f := c.Flags()
	f.StringVar(&r.dir, "dir", "", "folder of this process alone")
	f.StringVar(&r.key, "key", "", "its key file")
	f.StringVar(&r.clockArg, "clock", "real", "the clock of a simulated record")
	f.BoolVar(&r.untilEOF, "until-eof", false, "end when standard input does")
	f.BoolVar(&r.verbose, "verbose", false, "say more on standard error")
	if listens {
		f.StringVar(&r.listen, "listen", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	}
	c.MarkFlagRequired("dir")
	return c
}

// prepare reads the flags; needsKey is false for a mirror.
func (r *role) prepare(needsKey bool) error {
	var err error
	if r.clock, err = clock.Parse(r.clockArg); err != nil {
		return usage("%w", err)
	}
	level := slog.LevelInfo
	if r.verbose {
		level = slog.LevelDebug
	}
	r.log = slog.New(slog.NewTextHandler(r.t.err, &slog.HandlerOptions{Level: level}))
	if !needsKey {
		return nil
	}
	if r.file, err = loadKey(r.t, r.key); err != nil {
		return err
	}
	r.signer, err = statement.NewSigner(r.file.Name(), r.file.Seed())
	return err
}

// run serves h, if there is one, and runs body until either fails or the
// process is told to end. ready gives the path to print after the address.
func (r *role) run(ctx context.Context, h http.Handler, path func() string, body func(context.Context) error) error {
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

func witnessCommand(t terminal) *cobra.Command {
	r := &role{t: t}
	var bundles []string
	var closed bool
	c := r.flags(&cobra.Command{
		Use:   "witness",
		Short: "run a witness: cosign records with the time (C2SP tlog-witness)",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.prepare(true); err != nil {
				return err
			}
			w, err := witness.Open(witness.Config{Dir: r.dir, Signer: r.signer, Clock: r.clock, Log: r.log, Closed: closed})
			if err != nil {
				return err
			}
			for _, path := range bundles {
				if err := registerHere(w, path); err != nil {
					return errors.Join(err, w.Close())
				}
			}
			return r.run(cmd.Context(), w.Handler(), noPath, w.Run)
		},
	}, true)
	c.Flags().StringArrayVar(&bundles, "register", nil, "agreement whose record to cosign; may be given again")
	c.Flags().BoolVar(&closed, "closed", false, "take no registrations over HTTP, only --register")
	return c
}

func registerHere(w *witness.Witness, path string) error {
	b, err := dir.Load(path)
	if err != nil {
		return usage("--register: %w", err)
	}
	archive, err := mirror.EncodeBundle(b)
	if err == nil {
		_, err = w.Register(archive)
	}
	if err != nil {
		return usage("--register %s: %w", path, err)
	}
	return nil
}

func serveCommand(t terminal) *cobra.Command {
	r := &role{t: t}
	var texts []string
	var witnesses []string
	var unconfirmed bool
	c := r.flags(&cobra.Command{
		Use:   "serve",
		Short: "run a depositary: host records",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.prepare(true); err != nil {
				return err
			}
			at, err := addresses(witnesses)
			if err != nil {
				return err
			}
			d, err := depositary.Open(depositary.Config{
				Dir: r.dir, Signer: r.signer, Clock: r.clock, Log: r.log, Witnesses: at, Unconfirmed: unconfirmed,
				Batch: proofBatch, Pages: pages, Closed: true,
			})
			if err != nil {
				return err
			}
			defer d.Close()
			path, err := openRecords(cmd.Context(), d, texts)
			if err != nil {
				return err
			}
			return r.run(cmd.Context(), d.Handler(), func() string { return path }, d.Run)
		},
	}, true)
	c.Flags().StringArrayVar(&texts, "agreement", nil, "agreement whose record to open; may be given again")
	c.Flags().StringArrayVar(&witnesses, "witness", nil, "address of a witness, NAME=URL; may be given again")
	c.Flags().BoolVar(&unconfirmed, "unconfirmed", false, "after a restart, take statements in before a quorum of witnesses confirmed the head; only if they are gone for good")
	return c
}

// proofBatch is the least time between two proofs of time for new statements.
const proofBatch = 20 * time.Millisecond

// openRecords opens the records of these texts, and gives the path of the
// first of all records.
func openRecords(ctx context.Context, d *depositary.Depositary, texts []string) (string, error) {
	path := "/"
	for _, text := range texts {
		s, err := openText(text)
		if err != nil {
			return "", err
		}
		archive, err := mirror.EncodeBundle(s.bundle)
		if err != nil {
			return "", err
		}
		id, err := d.OpenRecord(ctx, archive)
		if err != nil {
			return "", fmt.Errorf("opening the record of %s: %w", text, err)
		}
		if path == "/" {
			path = "/" + id.String() + "/"
		}
	}
	if all := d.Records(); path == "/" && len(all) > 0 {
		path = "/" + all[0].String() + "/"
	}
	return path, nil
}

// addresses reads NAME=URL pairs.
func addresses(pairs []string) (map[agreement.Name]string, error) {
	out := map[agreement.Name]string{}
	for _, p := range pairs {
		name, url, ok := strings.Cut(p, "=")
		if !ok || !strings.HasPrefix(url, "http") {
			return nil, usage("--witness %q: want NAME=URL, for example vienna=http://127.0.0.1:7101", p)
		}
		out[agreement.Name(name)] = url
	}
	return out, nil
}

func custodianCommand(t terminal) *cobra.Command {
	r := &role{t: t}
	var address string
	var witnesses []string
	c := r.flags(&cobra.Command{
		Use:   "custodian",
		Short: "run a custodian: hold a share of each epoch's key, hand it over or destroy it as the record decides",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.prepare(true); err != nil {
				return err
			}
			client, err := recordClient(address)
			if err != nil {
				return err
			}
			ws, err := witnessesOf(cmd.Context(), client, witnesses)
			if err != nil {
				return err
			}
			c, err := custodian.Open(cmd.Context(), custodian.Config{
				Dir: r.dir, Signer: r.signer, Record: client, Random: rand.Reader, Log: r.log, Clock: r.clock, Witnesses: ws,
			})
			if err != nil {
				return err
			}
			defer c.Close()
			return r.run(cmd.Context(), nil, noPath, c.Run)
		},
	}, false)
	c.Flags().StringVar(&address, "record", "", "address of the record")
	c.Flags().StringArrayVar(&witnesses, "witness", nil, "address of a witness, NAME=URL; may be given again. They are asked before an erasure, and when the record halts")
	return c
}

// witnessesOf are the witnesses whose addresses are given here or in the text.
func witnessesOf(ctx context.Context, client *mirror.Client, pairs []string) ([]*mirror.Witness, error) {
	at, err := addresses(pairs)
	if err != nil {
		return nil, err
	}
	a, err := client.Agreement(ctx)
	if err != nil {
		return nil, err
	}
	hinted := slices.ContainsFunc(a.Witnesses, func(w *agreement.Witness) bool { return w.Address != "" })
	if len(at) == 0 && !hinted {
		return nil, nil
	}
	return mirror.Witnesses(a, at, nil)
}

func never(*record.Fold, int64) bool { return false }

func mirrorCommand(t terminal) *cobra.Command {
	r := &role{t: t}
	var address string
	c := r.flags(&cobra.Command{
		Use:   "mirror",
		Short: "follow a record, verify everything, keep a copy and serve it",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.prepare(false); err != nil {
				return err
			}
			client, err := recordClient(address)
			if err != nil {
				return err
			}
			f, err := mirror.Open(cmd.Context(), mirror.Config{Dir: r.dir, Client: client})
			if err != nil {
				return divergence(err)
			}
			defer f.Close()
			prefix := "/" + client.ID().String()
			h := http.NewServeMux()
			h.Handle(prefix+"/", http.StripPrefix(prefix, f.Handler()))
			return r.run(cmd.Context(), h, func() string { return prefix + "/" }, func(ctx context.Context) error {
				return divergence(f.Wait(ctx, never))
			})
		},
	}, true)
	c.Flags().StringVar(&address, "record", "", "address of the record")
	return c
}

func recorderCommand(t terminal) *cobra.Command {
	r := &role{t: t}
	var address, name, spec string
	var batch time.Duration
	c := r.flags(&cobra.Command{
		Use:   "recorder",
		Short: "run a recorder: seal footage as it is made",
		Long: `Run a recorder. SOURCE is a video file (film.mp4), an RTSP camera (rtsp://...), any command's output (cmd:prog arg),
a folder of files (folder:clips), standard input (stdin:) or the built-in sample (sample:).`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := r.prepare(true); err != nil {
				return err
			}
			client, err := recordClient(address)
			if err != nil {
				return err
			}
			rec, err := recorder.Open(cmd.Context(), recorder.Config{
				Dir: r.dir, Signer: r.signer, Key: ed25519.NewKeyFromSeed(r.file.Seed()), Record: client, Vault: agreement.Name(name),
				Source: func(_ string, opt source.Options) (source.Source, error) { return source.Open(spec, opt) },
				Deal:   dealInChild, Clock: r.clock, Batch: batch, Log: r.log,
			})
			if err != nil {
				return err
			}
			defer rec.Close()
			return r.run(cmd.Context(), rec.Handler(), noPath, rec.Run)
		},
	}, true)
	f := c.Flags()
	f.StringVar(&address, "record", "", "address of the record")
	f.StringVar(&name, "vault", "", "vault of the text to record for")
	f.StringVar(&spec, "source", "", "where the footage comes from")
	f.DurationVar(&batch, "batch", 2*time.Minute, "longest time, of the clock, that a segment waits until it is on the record")
	c.MarkFlagRequired("source")
	c.AddCommand(dealCommand(t))
	return c
}

// dealCommand is the child process that deals one epoch's key and exits.
func dealCommand(t terminal) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:    "deal",
		Short:  "deal one epoch's key and exit: run by the recorder",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var b bytes.Buffer
			if err := vault.DealChild(t.in, &b, rand.Reader); err != nil {
				return err
			}
			return durable.CreateFile(durable.OS, out, b.Bytes())
		},
	}
	c.Flags().StringVar(&out, "out", "", "file for the dealing")
	c.MarkFlagRequired("out")
	return c
}

// dealInChild runs dealCommand in a process of its own: what it held in memory
// is gone when it exits.
func dealInChild(ctx context.Context, request vault.DealRequest, out string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	in, err := json.Marshal(request)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, exe, "recorder", "deal", "--out", out)
	cmd.Stdin = bytes.NewReader(in)
	if talk, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(talk))
	}
	return nil
}
