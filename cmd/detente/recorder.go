package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"detente/agreement"
	"detente/internal/durable"
	"detente/internal/keyfile"
	"detente/mirror"
	"detente/recorder"
	"detente/recorder/source"
	"detente/vault"

	"github.com/spf13/cobra"
)

// A recording is what the recorder and the sealer of single files share.
type recording struct {
	role
	record string
	vault  string
	batch  time.Duration
}

func (r *recording) recordFlags(c *cobra.Command) {
	r.keyFlag(c)
	c.Flags().StringVar(&r.record, "record", "", recordUsage)
	c.Flags().StringVar(&r.vault, "vault", "", "`NAME` of the vault to record for, if the text has several")
}

// open opens the recorder of the vault over its source.
func (r *recording) open(ctx context.Context, from func(camera string, opt source.Options) (source.Source, error)) (*recorder.Recorder, error) {
	r.kind = "recorder" // also of what seals files in its place
	if err := r.prepare(keyfile.Ed25519); err != nil {
		return nil, err
	}
	client, err := knownRecord(&r.role, r.record)
	if err != nil {
		return nil, err
	}
	a, err := client.Agreement(ctx)
	if err != nil {
		return nil, err
	}
	v, err := pickVault(a, r.vault)
	if err != nil {
		// An amendment may have brought it.
		if a, late := amendedText(ctx, r.dir, client); late == nil {
			v, err = pickVault(a, r.vault)
		}
	}
	if err != nil {
		return nil, err
	}
	rec, err := recorder.Open(ctx, recorder.Config{
		Dir: r.dir, Signer: r.signer, Key: manifestKey{r.signer}, Record: client, Vault: v.Name,
		Source: from, Deal: dealInChild, Clock: r.clock, Batch: r.batch, Log: r.log,
	})
	return rec, verdict(err)
}

// amendedText is the text in force, by the copy that the role keeps.
func amendedText(ctx context.Context, dir string, client *mirror.Client) (*agreement.Agreement, error) {
	f, err := mirror.Open(ctx, mirror.Config{Dir: filepath.Join(dir, "mirror"), Client: client})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Update(ctx); err != nil {
		return nil, err
	}
	return f.InForce(), nil
}

func recorderCommand(t terminal) *cobra.Command {
	r := &recording{role: role{t: t}}
	var specs []string
	c := r.flags(&cobra.Command{
		Use:   "recorder",
		Short: "run a recorder: seal footage as it is made",
		Long: `Have a key dealt for each epoch, seal every segment of the source as it is made, and put its signed description on the record.
SOURCE is a video file (film.mp4), an RTSP camera (rtsp://...), any command's output (cmd:prog arg), a folder of files
(folder:clips), standard input (stdin:) or the built-in sample (sample:). For a vault of several cameras give --source
CAMERA=SOURCE once for each. An address with a password in it is no argument: put it into DETENTE_SOURCE.
Prints "listening URL", where the sealed segments can be fetched, and runs until it is interrupted.`,
		Example: "  detente recorder --dir cameras --key site-cameras.key --source rtsp://192.0.2.7/stream",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if env := os.Getenv("DETENTE_SOURCE"); len(specs) == 0 && env != "" {
				specs = []string{env}
			}
			if len(specs) == 0 {
				return usage("recorder: missing --source SOURCE\n%s", more(cmd))
			}
			rec, err := r.open(cmd.Context(), func(camera string, opt source.Options) (source.Source, error) {
				spec, err := sourceOf(specs, camera)
				if err != nil {
					return nil, err
				}
				return source.Open(spec, opt)
			})
			if err != nil {
				return err
			}
			defer rec.Close()
			return verdict(r.run(cmd.Context(), rec.Handler(), noPath, rec.Run, rec.Metrics))
		},
	}, true)
	r.recordFlags(c)
	c.Flags().StringArrayVar(&specs, "source", nil, "where the footage comes from, a `SOURCE` or CAMERA=SOURCE (or set DETENTE_SOURCE)")
	c.Flags().DurationVar(&r.batch, "batch", 2*time.Minute, "longest time, a `DURATION` of its clock, that a segment waits until it is on the record")
	c.AddCommand(dealCommand(t))
	return c
}

// sourceOf is where one camera's footage comes from: what was given for it, or
// the only source that was given.
func sourceOf(specs []string, camera string) (string, error) {
	for _, s := range specs {
		if spec, ok := strings.CutPrefix(s, camera+"="); ok {
			return spec, nil
		}
	}
	if len(specs) == 1 {
		return specs[0], nil
	}
	return "", usage("no source for camera %s: give --source %s=SOURCE", camera, camera)
}

// dealCommand is the child process that deals one epoch's key and exits.
func dealCommand(t terminal) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:    "deal",
		Short:  "deal one epoch's key and exit: run by the recorder",
		Hidden: true,
		RunE: func(*cobra.Command, []string) error {
			if err := harden(); err != nil {
				return err
			}
			var b bytes.Buffer
			if err := vault.DealChild(t.in, &b, rand.Reader); err != nil {
				return err
			}
			return durable.CreateFile(durable.OS, out, b.Bytes())
		},
	}
	c.Flags().StringVar(&out, "out", "", "`FILE` for the dealing")
	need(c, "out")
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

func sealCommand(t terminal) *cobra.Command {
	r := &recording{role: role{t: t}, batch: time.Minute}
	var camera string
	var asJSON bool
	c := r.flags(&cobra.Command{
		Use:   "seal FILE...",
		Short: "seal files into a vault, as its recorder, and put their descriptions on the record",
		Long: `Seal files that were not filmed just now, such as exported clips or documents, into a vault, as its recorder: --dir is the
recorder's own folder, while no recorder runs in it.`,
		Example: "  detente seal report.pdf --dir cameras --key site-cameras.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			contents, err := readAll(args)
			if err != nil {
				return err
			}
			rec, err := r.open(cmd.Context(), noSource)
			if err != nil {
				return err
			}
			defer rec.Close()
			done := t.working("sealing " + count(len(args), "file"))
			first, err := rec.SealFiles(cmd.Context(), camera, contents)
			done()
			if err != nil {
				return verdict(err)
			}
			return printSealed(t, camera, first, args, asJSON)
		},
	}, false)
	c.GroupID = groupSealed
	r.recordFlags(c)
	jsonFlag(c, &asJSON)
	c.Flags().StringVar(&camera, "camera", "main", "which of the vault's cameras they are of, its `NAME`")
	return c
}

var errNoSource = errors.New("files are sealed one by one; there is no source")

func noSource(string, source.Options) (source.Source, error) { return nil, errNoSource }

func readAll(names []string) ([][]byte, error) {
	var contents [][]byte
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, usage("%w", err)
		}
		contents = append(contents, b)
	}
	return contents, nil
}

// A sealedReport is an entry of `seal --json`.
type sealedReport struct {
	File    string `json:"file"`
	Camera  string `json:"camera"`
	Segment int64  `json:"segment"`
}

func printSealed(t terminal, camera string, first int64, names []string, asJSON bool) error {
	var sealed []sealedReport
	for i, name := range names {
		sealed = append(sealed, sealedReport{name, camera, first + int64(i)})
	}
	if asJSON {
		return printJSON(t.out, sealed)
	}
	for _, s := range sealed {
		fmt.Fprintf(t.out, "%s is segment %d of camera %s\n", s.File, s.Segment, s.Camera)
	}
	return nil
}
