package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"detente/agreement"
	"detente/beneficiary"
	"detente/recorder"
	"detente/recorder/source"
	"detente/vault"

	"github.com/spf13/cobra"
)

// An opening is `detente open`.
type opening struct {
	speaker
	vault    string
	segments string
	out      string
	wait     time.Duration
}

func openCommand(t terminal) *cobra.Command {
	o := &opening{speaker: speaker{t: t}}
	c := o.flags(&cobra.Command{
		Use:   "open",
		Short: "as the beneficiary of a released vault: ask for the shares, check them, open the segments",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	})
	c.GroupID = groupSealed
	f := c.Flags()
	f.StringVar(&o.vault, "vault", "", "which vault, if the text has several")
	f.StringVar(&o.segments, "segments", "", "where the sealed segments are: the recorder's address, or its folder of segments")
	f.StringVar(&o.out, "out", "opened", "folder for what is opened")
	f.DurationVar(&o.wait, "wait", time.Minute, "how long to wait for the custodians")
	c.MarkFlagRequired("segments")
	return c
}

func (o *opening) run(ctx context.Context) error {
	signers, err := loadKeys(o.t, o.keys)
	if err != nil {
		return err
	}
	s, err := followRecord(ctx, o.record, o.dir)
	if err != nil {
		return err
	}
	defer s.close()
	v, _, err := ledgerOf(s, o.vault)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o700); err != nil {
		return err
	}
	waited, cancel := context.WithTimeout(ctx, o.wait)
	defer cancel()
	report, err := beneficiary.Open(waited, beneficiary.Config{
		Dir: filepath.Join(o.out, ".delivery"), Signers: signers, Record: s.client, Mirror: s.follower, Vault: v.Name, Random: rand.Reader,
		Segment: segmentsFrom(o.segments), Clip: o.keep, Log: slog.New(slog.NewTextHandler(o.t.err, nil)),
	})
	if refused, ok := errors.AsType[*beneficiary.NotReleasedError](err); ok {
		return no(refused)
	}
	if err != nil {
		return err
	}
	return o.tell(report)
}

func (o *opening) keep(camera string, seq int64, data []byte) error {
	return os.WriteFile(filepath.Join(o.out, clipName(camera, seq, data)), data, 0o600)
}

// tell prints the report; exit 1 if anything described did not open.
func (o *opening) tell(r *beneficiary.Report) error {
	if o.json {
		if err := printJSON(o.t.out, r); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(o.t.out, "vault %s: %d segments opened into %s, %d not\n", r.Vault, r.Opened, o.out, len(r.Failed))
		for _, f := range r.Failed {
			fmt.Fprintf(o.t.out, "  not opened: camera %s, segment %d: %s\n", f.Camera, f.Seq, f.Reason)
		}
		for _, c := range r.Culprits {
			proved := "it did not answer; that is no proof"
			if c.Proved {
				proved = "the proof is on the record"
			}
			fmt.Fprintf(o.t.out, "  %s, epoch %d: %s (%s)\n", c.Name, c.Epoch, c.Reason, proved)
		}
	}
	if len(r.Failed) > 0 {
		return no(fmt.Errorf("%s did not open", count(len(r.Failed), "segment")))
	}
	return nil
}

// clipName is the file of an opened clip.
func clipName(camera string, seq int64, data []byte) string {
	ext := ".bin"
	if len(data) > 8 && strings.HasPrefix(string(data[4:]), "ftyp") {
		ext = ".mp4"
	}
	return fmt.Sprintf("%s-%06d%s", camera, seq, ext)
}

// segmentsFrom gets sealed segments from a recorder's address or folder.
func segmentsFrom(where string) func(context.Context, string, int64) ([]byte, error) {
	if !strings.HasPrefix(where, "http") {
		return func(_ context.Context, camera string, seq int64) ([]byte, error) {
			return os.ReadFile(filepath.Join(where, camera, strconv.FormatInt(seq, 10)))
		}
	}
	return func(ctx context.Context, camera string, seq int64) ([]byte, error) {
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/segment/%s/%d", strings.TrimSuffix(where, "/"), camera, seq), nil)
		if err != nil {
			return nil, err
		}
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the host of the segments answered %s", resp.Status)
		}
		return io.ReadAll(io.LimitReader(resp.Body, vault.SegmentSize(vault.MaxSegmentBytes)+1))
	}
}

func sealCommand(t terminal) *cobra.Command {
	r := &role{t: t}
	var address, name, camera string
	c := r.flags(&cobra.Command{
		Use:   "seal FILE...",
		Short: "seal files into a vault, as its recorder, and put their manifests on the record",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := r.prepare(true); err != nil {
				return err
			}
			client, err := recordClient(address)
			if err != nil {
				return err
			}
			rec, err := recorder.Open(cmd.Context(), recorder.Config{
				Dir: r.dir, Signer: r.signer, Key: ed25519.NewKeyFromSeed(r.file.Seed()), Record: client, Vault: agreement.Name(name),
				Source: noSource, Deal: dealInChild, Clock: r.clock, Batch: time.Minute, Log: r.log,
			})
			if err != nil {
				return err
			}
			defer rec.Close()
			return sealFiles(cmd.Context(), t, rec, camera, args)
		},
	}, false)
	c.GroupID = groupSealed
	c.Args = cobra.MinimumNArgs(1)
	f := c.Flags()
	f.StringVar(&address, "record", "", "address of the record")
	f.StringVar(&name, "vault", "", "vault of the text")
	f.StringVar(&camera, "camera", "main", "which of the vault's cameras they are of")
	return c
}

var errNoSource = errors.New("files are sealed one by one; there is no source")

func noSource(string, source.Options) (source.Source, error) { return nil, errNoSource }

func sealFiles(ctx context.Context, t terminal, rec *recorder.Recorder, camera string, names []string) error {
	var contents [][]byte
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return &exitError{exitUsage, err}
		}
		contents = append(contents, b)
	}
	first, err := rec.SealFiles(ctx, camera, contents)
	if err != nil {
		return err
	}
	for i, name := range names {
		fmt.Fprintf(t.out, "%s is segment %d of camera %s\n", name, first+int64(i), camera)
	}
	return nil
}
