package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"detente/agreement"
	"detente/availability"
	"detente/internal/durable"
	"detente/statement"

	"github.com/spf13/cobra"
)

// A holding is `detente segments`.
type holding struct {
	viewer
	vault  string
	from   string
	to     string
	sample int
}

func segmentsCommand(t terminal) *cobra.Command {
	h := &holding{viewer: viewer{t: t}}
	c := h.flags(&cobra.Command{
		Use:   "segments [PATH]",
		Short: "whether the sealed segments can still be had; copy them off site",
		Long: `Fetch the sealed segments that the record describes from whoever has them, and hold each against the manifest that the recorder
signed: its size, its header and the root of its bytes. That needs no key and opens nothing. Exit 1 if segments are missing or
were altered, and 3 if only some could not be asked for.

With --sample N only N are asked for, drawn by the record's newest cosigned checkpoint: nobody could know before it which they
would be, and whoever has the checkpoint draws the same. With --to FOLDER those that are good are copied there, and those that
are there already are looked at there; "detente open --segments FOLDER" reads such a copy. Do it at once and again: a copy off
site is what a host that destroys its own cannot take back. What is missing belongs on the record: detente service --help.`,
		Example: "  detente segments out/demo/released.detente --from http://127.0.0.1:7201 --sample 20\n  detente segments --from http://127.0.0.1:7201 --to copies",
		RunE: func(cmd *cobra.Command, args []string) error {
			path, _, err := subjectOf(args, 0)
			if err != nil {
				return err
			}
			s, _, err := h.subject(cmd, path)
			if err != nil {
				return err
			}
			defer s.close()
			return h.run(cmd.Context(), s)
		},
	}, true)
	c.GroupID = groupSealed
	f := c.Flags()
	f.StringVar(&h.vault, "vault", "", "`NAME` of the vault, if the text has several")
	f.StringVar(&h.from, "from", "", "`WHERE` the sealed segments are: the recorder's address, or a folder of segments")
	f.StringVar(&h.to, "to", "", "copy them to this `FOLDER`")
	f.IntVar(&h.sample, "sample", 0, "ask for `N` of them only; 0: all")
	need(c, "from")
	return c
}

func (h *holding) run(ctx context.Context, s *subject) error {
	if s.fold == nil {
		return usage("a text has no evidence: name an exported or a running record")
	}
	if h.sample < 0 {
		return usage("--sample %d: give how many segments to ask for, or 0 for all", h.sample)
	}
	// A folder that is not there says nothing about who has the segments.
	if info, err := os.Stat(h.from); !strings.HasPrefix(h.from, "http") && (err != nil || !info.IsDir()) {
		return usage("--from %s is no folder, and no address that begins with http: give the recorder's address, or its folder of segments", h.from)
	}
	v, err := pickVault(s.inForce(), h.vault)
	if err != nil {
		return err
	}
	l, err := ledgerOf(s, v)
	if err != nil {
		return err
	}
	cfg := availability.Config{Ledger: l.Ledger, Segment: segmentsFrom(h.from), Object: func(ctx context.Context, d agreement.Digest) ([]byte, error) {
		return s.object(ctx, d)
	}}
	if h.to != "" {
		copies := segmentsFrom(h.to)
		cfg.Have = func(camera string, seq int64) ([]byte, error) { return copies(ctx, camera, seq) }
		cfg.Keep = h.keep
	}
	drawn, head := map[availability.Name]bool(nil), statement.Head{}
	if h.sample > 0 {
		if head, err = newestCosigned(s); err != nil {
			return err
		}
		drawn = availability.Draw(l.Ledger, head, h.sample)
	}
	defer h.t.working("fetching and verifying segments")()
	r, err := availability.Check(ctx, cfg, drawn)
	if err != nil {
		return verdict(err)
	}
	return h.tell(r, head)
}

func (h *holding) keep(camera string, seq int64, segment []byte) error {
	folder := filepath.Join(h.to, camera)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	return durable.WriteFile(durable.OS, filepath.Join(folder, strconv.FormatInt(seq, 10)), segment)
}

// newestCosigned is the head of the newest checkpoint that a quorum cosigned; an
// export ends at one.
func newestCosigned(s *subject) (statement.Head, error) {
	if s.follower == nil {
		return statement.Head{Size: s.fold.Size(), Root: s.fold.Root()}, nil
	}
	size, note := s.follower.Final()
	if note == nil {
		return statement.Head{}, &exitError{exitUnknown, errors.New("no quorum of witnesses has cosigned this record yet: without --sample all segments are asked for")}
	}
	root, err := s.fold.RootAt(size)
	return statement.Head{Size: size, Root: root}, err
}

// tell prints the report; exit 1 if anything is lost.
func (h *holding) tell(r *availability.Report, head statement.Head) error {
	if h.json {
		if err := printJSON(h.t.out, r); err != nil {
			return err
		}
	} else {
		asked := "all asked for"
		if head.Size > 0 {
			asked = fmt.Sprintf("%d asked for, drawn by the checkpoint of size %d", r.There+int64(len(r.Lost)+len(r.Unanswered)), head.Size)
		}
		fmt.Fprintf(h.t.out, "vault %s: %s sealed, %s: %d there, %d lost, %d not answered\n", r.Vault, count(int(r.Sealed), "segment"), asked, r.There, len(r.Lost), len(r.Unanswered))
		if h.to != "" {
			fmt.Fprintf(h.t.out, "  %s copied to %s, %d were there\n", count(int(r.Copied), "segment"), h.to, r.There-r.Copied)
		}
		for _, f := range r.Lost {
			fmt.Fprintf(h.t.out, "  lost: camera %s, segment %d, sealed at entry %d: %s\n", f.Camera, f.Seq, f.Entry, f.Reason)
		}
		for _, f := range r.Unanswered {
			fmt.Fprintf(h.t.out, "  not answered: camera %s, segment %d, sealed at entry %d: %s\n", f.Camera, f.Seq, f.Entry, f.Reason)
		}
	}
	switch {
	case len(r.Lost) > 0:
		return no(fmt.Errorf("%s cannot be had as the record describes them", count(len(r.Lost), "segment")))
	case len(r.Unanswered) > 0:
		return &exitError{exitUnknown, fmt.Errorf("%s could not be asked for: whether they are there is not known", count(len(r.Unanswered), "segment"))}
	}
	return nil
}
