package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"detente/agreement"
	"detente/audit"
	"detente/internal/ahead"
	"detente/internal/durable"
	"detente/internal/resume"
	"detente/mirror"
	"detente/record"
	"detente/vault"

	"github.com/spf13/cobra"
)

func auditCommand(t terminal) *cobra.Command {
	var asJSON bool
	var remember, resumed string
	c := &cobra.Command{
		Use:     "audit PATH",
		GroupID: groupSee,
		Short:   "derive everything in an exported record again, offline, trusting nobody",
		Long: `Derive everything in an exported record, in a mirror's folder, or in the running record at an address, again from its
bytes: every signature, proof of time,
effect, deadline, dealing and manifest; say what was checked, what could not be, and how things stand. Exit 0: everything
holds; 1: something is wrong, and it is named; 3: nothing is wrong but something could not be found out, for example
because the proof that decides is not covered yet.

Nearly all of the time goes into signatures. With --resume FILE the command keeps in FILE which of them it has verified; if
it is interrupted, however that happens, the same command goes on from there, and its report is the same. The file belongs to
this program and to you: whoever can write it can have signatures taken as good that nobody made.`,
		Example: "  detente audit out/demo/released.detente\n  detente audit record.detente --resume record.verified",
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := auditOf(cmd.Context(), t, args[0], remember, resumed)
			if err != nil {
				return err
			}
			if asJSON {
				if err := printJSON(t.out, r); err != nil {
					return err
				}
			} else {
				fmt.Fprint(t.out, r.Text())
			}
			switch r.Verdict {
			case audit.Holds:
				return nil
			case audit.Broken:
				return no(nil)
			}
			return &exitError{status: exitUnknown}
		},
	}
	c.Flags().StringVar(&remember, "dir", "", dirUsage)
	c.Flags().StringVar(&resumed, "resume", "", "keep in `FILE` what was verified, and go on from what it holds")
	jsonFlag(c, &asJSON)
	return c
}

// auditOf audits what path names; with resumed it keeps there what it verified.
func auditOf(ctx context.Context, t terminal, path, remember, resumed string) (*audit.Report, error) {
	file, size, end, err := toAudit(ctx, t, path, remember)
	if err != nil {
		return nil, err
	}
	defer end()
	var verified ahead.Verified
	if resumed != "" {
		state, err := resume.Open(resumed)
		if err != nil {
			return nil, usage("--resume: %w", err)
		}
		defer state.Close()
		verified = ahead.Verified{Known: state.Known, Note: state.Note}
		if n := len(state.Known); n > 0 {
			fmt.Fprintf(t.err, "going on: the signatures of %d tiles are verified already\n", n)
		}
	}
	defer t.working("auditing " + path)()
	if os.Getenv("GOGC") == "" {
		// A long record is small in memory and makes much garbage: half the room
		// for it costs a fiftieth of the time.
		defer debug.SetGCPercent(debug.SetGCPercent(50))
	}
	folded, entries := 0, int64(0)
	r, err := audit.RunFile(file, size, func(f *record.Fold, x *record.ExportFile) error {
		entries = x.Size()
		tell := tellEntries(t, int(entries))
		return ahead.File(ctx, f, x, verified, func(done int) {
			folded = done
			tell(done)
		})
	})
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		hint := "nothing was kept; with --resume FILE the command keeps what it verified"
		if resumed != "" {
			hint = fmt.Sprintf("go on with: detente audit %s --resume %s", path, resumed)
		}
		return nil, &exitError{exitUnknown, fmt.Errorf("interrupted after %d of %d entries\n%s", folded, entries, hint)}
	}
	return r, err
}

// everyEntries is how often an audit says how far it is.
const everyEntries = 100_000

// tellEntries says now and then how many of n entries are audited.
func tellEntries(t terminal, n int) func(done int) {
	next := everyEntries
	return func(done int) {
		if done >= next && done < n {
			fmt.Fprintf(t.err, "%d of %d entries\n", done, n)
			next = done + everyEntries
		}
	}
}

// toAudit is the exported record in a file, of a mirror's folder, or of a
// running record as far as it is final.
func toAudit(ctx context.Context, t terminal, path, remember string) (file io.ReaderAt, size int64, end func(), err error) {
	var s *subject
	switch {
	case strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://"):
		s, err = followRecord(ctx, t, path, remember)
	case isMirror(path):
		s, err = openMirror(ctx, path)
	default:
		f, err := os.Open(path)
		if err != nil {
			return nil, 0, nil, usage("%w", err)
		}
		info, err := f.Stat()
		if err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("%s: want an exported record, a mirror's folder or an address", path)
		}
		if err != nil {
			f.Close()
			return nil, 0, nil, usage("%w", err)
		}
		return f, info.Size(), func() { f.Close() }, nil
	}
	if err != nil {
		return nil, 0, nil, err
	}
	defer s.close()
	b, err := exported(ctx, t, s)
	return bytes.NewReader(b), int64(len(b)), func() {}, err
}

// exported is the record as one file, as far as it is final.
func exported(ctx context.Context, t terminal, s *subject) ([]byte, error) {
	if s.follower == nil {
		return nil, usage("want a running record's address or a mirror's folder: nothing else can be exported")
	}
	defer t.working("putting the record into one file")()
	container, missing, err := s.follower.Export(ctx)
	if err != nil {
		return nil, fmt.Errorf("exporting: %w", err)
	}
	for _, d := range missing {
		fmt.Fprintf(t.err, "batch %s of manifests could not be had; the audit will say so\n", d)
	}
	return container, nil
}

// exportEnding is how an exported record's file is known to the commands.
const exportEnding = ".detente"

func exportCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	var out string
	c := v.flags(&cobra.Command{
		Use:   "export [PATH]",
		Short: "put a record, as far as it is final, into one file that anybody can audit offline",
		Long: `Fetch and verify the record at the address PATH, or take that of a mirror's folder PATH, and put it, as far as a quorum of
witnesses has cosigned it, with its text and its manifests into one file. PATH may be left out if DETENTE_RECORD is set.`,
		Example: "  detente export copy --out cameras.detente",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !strings.HasSuffix(out, exportEnding) {
				return usage("--out %q: want a name that ends in %s", out, exportEnding)
			}
			path, _, err := subjectOf(args, 0)
			if err != nil {
				return err
			}
			s, err := openSubject(cmd.Context(), t, path, v.dir)
			if err != nil {
				return err
			}
			defer s.close()
			container, err := exported(cmd.Context(), t, s)
			if err != nil {
				return err
			}
			if err := writeExport(out, container); err != nil {
				return usage("--out: %w", err)
			}
			if v.json {
				return printJSON(t.out, struct {
					File string `json:"file"`
					Size int    `json:"size"`
				}{out, len(container)})
			}
			fmt.Fprintln(t.out, out)
			return nil
		},
	}, false)
	c.Flags().StringVar(&out, "out", "record"+exportEnding, "`FILE` to write; a name that ends in "+exportEnding)
	return c
}

// writeExport writes what anybody may read, whole or not at all.
func writeExport(name string, container []byte) error {
	if _, err := os.Stat(filepath.Dir(name)); err != nil {
		return err
	}
	if err := durable.WriteFile(durable.OS, name, container); err != nil {
		return err
	}
	return os.Chmod(name, 0o644)
}

func coverageCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	var name string
	var short bool
	c := v.flags(&cobra.Command{
		Use:   "coverage [PATH]",
		Short: "what was recorded and what was not, from the record alone: every gap, classified",
		Long: `Hold the manifests of a vault against its cadence and say of every interval what it is: covered, degraded (recorded, but
put on the record late or under an old checkpoint), or a gap. Exit 3 if some manifests could not be had.`,
		Example: "  detente coverage out/demo/released.detente",
		RunE: func(cmd *cobra.Command, args []string) error {
			path, _, err := subjectOf(args, 0)
			if err != nil {
				return err
			}
			s, _, err := v.subject(cmd, path)
			if err != nil {
				return err
			}
			defer s.close()
			return v.coverage(cmd.Context(), s, name, short)
		},
	}, true)
	c.GroupID = groupSealed
	c.Flags().StringVar(&name, "vault", "", "`NAME` of the vault, if the text has several")
	c.Flags().BoolVar(&short, "short", false, "one line")
	return c
}

func (v *viewer) coverage(ctx context.Context, s *subject, name string, short bool) error {
	if s.fold == nil {
		return usage("a text has no evidence: name an exported or a running record")
	}
	w, err := pickVault(s.inForce(), name)
	if err != nil {
		return err
	}
	l, err := ledgerOf(s, w)
	if err != nil {
		return err
	}
	cov, err := l.Cover(s.fold, func(d vault.Digest) ([]byte, error) {
		b, err := s.object(ctx, agreement.Digest(d))
		if errors.Is(err, mirror.ErrOffline) {
			err = mirror.ErrNotFound
		}
		return b, err
	})
	if err != nil {
		return err
	}
	switch {
	case v.json:
		if err := printJSON(v.t.out, cov); err != nil {
			return err
		}
	case short:
		fmt.Fprintln(v.t.out, cov.Summary())
	default:
		fmt.Fprint(v.t.out, cov.Text())
	}
	if len(cov.Missing) > 0 {
		return &exitError{exitUnknown, fmt.Errorf("%s of manifests could not be had: what they hold is not known", count(len(cov.Missing), "batch"))}
	}
	return nil
}
