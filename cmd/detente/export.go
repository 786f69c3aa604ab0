package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"detente/agreement"
	"detente/audit"
	"detente/internal/ahead"
	"detente/internal/durable"
	"detente/mirror"
	"detente/record"
	"detente/vault"

	"github.com/spf13/cobra"
)

func auditCommand(t terminal) *cobra.Command {
	var asJSON bool
	var remember string
	c := &cobra.Command{
		Use:     "audit PATH",
		GroupID: groupSee,
		Short:   "derive everything in an exported record again, offline, trusting nobody",
		Long: `Derive everything in an exported record, in a mirror's folder, or in the running record at an address, again from its
bytes: every signature, proof of time,
effect, deadline, dealing and manifest; say what was checked, what could not be, and how things stand. Exit 0: everything
holds; 1: something is wrong, and it is named; 3: nothing is wrong but something could not be found out, for example
because the proof that decides is not covered yet.`,
		Example: "  detente audit out/demo/released.detente",
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := toAudit(cmd.Context(), t, args[0], remember)
			if err != nil {
				return err
			}
			done := t.working("auditing " + args[0])
			r, err := audit.RunWith(b, func(f *record.Fold, entries [][]byte) error {
				return ahead.Fold(cmd.Context(), f, entries, tellEntries(t, len(entries)))
			})
			done()
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
	jsonFlag(c, &asJSON)
	return c
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
func toAudit(ctx context.Context, t terminal, path, remember string) ([]byte, error) {
	if strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://") {
		s, err := followRecord(ctx, t, path, remember)
		if err != nil {
			return nil, err
		}
		defer s.close()
		return exported(ctx, t, s)
	}
	if !isMirror(path) {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, usage("%w", err)
		}
		return b, nil
	}
	s, err := openMirror(ctx, path)
	if err != nil {
		return nil, err
	}
	defer s.close()
	return exported(ctx, t, s)
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
	w, err := pickVault(s.agreement, name)
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
