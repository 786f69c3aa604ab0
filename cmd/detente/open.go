package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"detente/agreement"
	"detente/beneficiary"
	"detente/internal/durable"
	"detente/machine"
	"detente/record"
	"detente/vault"

	"github.com/spf13/cobra"
)

// An opening is `detente open`.
type opening struct {
	speaker
	vault      string
	segments   string
	out        string
	identities string
	patience   time.Duration
}

func openCommand(t terminal) *cobra.Command {
	o := &opening{speaker: speaker{t: t}}
	c := &cobra.Command{
		Use:     "open",
		GroupID: groupSealed,
		Short:   "as the beneficiary of a released vault: ask for the shares, check them, open the segments",
		Long: `Ask the custodians for their shares, check every one, recover the key of each epoch, and open every segment that the record
describes into --out. A wrong share is proved on the record and its custodian named. Exit 1 if the vault is not released, or if
a segment that the record describes does not open.

With --identities DIR the key of each epoch is kept as a file for the stock age tool, so that segments can be opened without
this program: age -d -i DIR/epoch-3.txt SEGMENT. What comes out is the clip, then zeros, then its length in the last eight bytes.`,
		Example: "  detente open --segments http://127.0.0.1:7201 --out footage --key iaea.key",
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	o.who(c)
	f := c.Flags()
	f.StringVar(&o.vault, "vault", "", "`NAME` of the vault, if the text has several")
	f.StringVar(&o.segments, "segments", "", "`WHERE` the sealed segments are: the recorder's address, or its folder of segments")
	f.StringVar(&o.out, "out", "opened", "`FOLDER` for what is opened")
	f.StringVar(&o.identities, "identities", "", "also keep each epoch's age identity in this `FOLDER`; whoever has one opens that epoch")
	f.DurationVar(&o.patience, "wait", time.Minute, "how long to wait for a close that is near and for the custodians, a `DURATION`")
	need(c, "segments")
	return c
}

func (o *opening) run(ctx context.Context) error {
	if err := harden(); err != nil {
		return err
	}
	signers, err := loadKeys(o.t, o.keys)
	if err != nil {
		return err
	}
	s, err := followRecord(ctx, o.t, o.record, o.dir, signers...)
	if err != nil {
		return err
	}
	defer s.close()
	v, err := pickVault(s.inForce(), o.vault)
	if err != nil {
		return err
	}
	for _, folder := range []string{o.out, o.identities} {
		if folder == "" {
			continue
		}
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return usage("%w", err)
		}
	}
	waited, cancel := context.WithTimeout(ctx, o.patience)
	defer cancel()
	defer o.t.working("asking the custodians and opening")()
	if err := o.await(waited, s, v); err != nil {
		return verdict(err)
	}
	report, err := beneficiary.Open(ctx, beneficiary.Config{
		Dir: filepath.Join(o.out, ".delivery"), Signers: signers, Record: s.client, Mirror: s.follower, Vault: v.Name, Random: rand.Reader, Wait: o.patience,
		Segment: segmentsFrom(o.segments), Clip: o.keep, Identity: o.keepIdentity, Log: slog.New(slog.NewTextHandler(o.t.err, nil)),
	})
	if refused, ok := errors.AsType[*beneficiary.NotReleasedError](err); ok {
		return no(refused)
	}
	if err != nil {
		return verdict(err)
	}
	return o.tell(report)
}

// await waits for an outcome that may be decided within --wait. One that is
// not is no error here: then nothing opens, and why is said.
func (o *opening) await(ctx context.Context, s *subject, v *agreement.Vault) error {
	open := func(f *record.Fold) bool {
		outcome, _ := f.State().Outcome(v.Name)
		return outcome == machine.Open
	}
	closes, known := s.fold.State().Closes(v.Name)
	if !open(s.fold) || !known || closes > s.fold.Clock()+agreement.Instant(o.patience/time.Second) {
		return nil
	}
	err := s.follower.Wait(ctx, func(f *record.Fold, _ int64) bool { return !open(f) })
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

// keepIdentity keeps an epoch's key for the stock age tool, if that was asked for.
func (o *opening) keepIdentity(epoch int64, id *vault.Identity) error {
	if o.identities == "" {
		return nil
	}
	name := filepath.Join(o.identities, fmt.Sprintf("epoch-%d.txt", epoch))
	return durable.WriteFile(durable.OS, name, []byte(id.String()+"\n"))
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
		fmt.Fprintf(o.t.out, "vault %s: %s opened into %s, %d not\n", r.Vault, count(r.Opened, "segment"), o.out, len(r.Failed))
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
		q, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/segment/%s/%d", strings.TrimSuffix(where, "/"), url.PathEscape(camera), seq), nil)
		if err != nil {
			return nil, err
		}
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone {
			return nil, fmt.Errorf("the host of the segments answered %s: %w", resp.Status, fs.ErrNotExist)
		}
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the host of the segments answered %s", resp.Status)
		}
		return io.ReadAll(io.LimitReader(resp.Body, vault.SegmentSize(vault.MaxSegmentBytes)+1))
	}
}
