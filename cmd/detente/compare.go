package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"detente/internal/durable"
	"detente/mirror"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/tlog"
)

func compareCommand(t terminal) *cobra.Command {
	var evidence, check, by string
	c := &cobra.Command{
		Use:     "compare [A] [B]",
		GroupID: groupSee,
		Short:   "hold two copies of a record against each other, and prove it if they differ",
		Long: `Compare the copies A and B of one record: each a running record's or a mirror's address, a mirror's folder, or an exported
record. Exit 0 if they are equal or the one extends the other, 1 if they differ or one contradicts itself, 3 if it could not be
found out. If they differ, the first entry in which they do is shown, both checkpoints with who signed them, and what it comes
from: a fork by a quorum, an uncosigned tail, or neither cosigned. --evidence FILE writes the proof as one file, which
anybody checks offline with compare --check FILE. Each history is judged by who hosted and witnessed the record then; a file is
judged by the first text, and where that was amended, with --by COPY by a copy of either history.`,
		Example: "  detente compare http://127.0.0.1:7001/580c... copy --evidence fork.evidence\n  detente compare --check fork.evidence",
		RunE: func(cmd *cobra.Command, args []string) error {
			if check != "" {
				if len(args) > 0 || evidence != "" {
					return usage("compare --check FILE: takes nothing else but --by")
				}
				return checkEvidence(cmd.Context(), t, check, by)
			}
			if len(args) != 2 {
				return usage("compare: want two copies, A and B, or --check FILE\n%s", more(cmd))
			}
			return compareCopies(cmd.Context(), t, args[0], args[1], evidence)
		},
	}
	c.Flags().StringVar(&evidence, "evidence", "", "`FILE` to write the proof to, if they differ")
	c.Flags().StringVar(&check, "check", "", "check the proof in `FILE`, and nothing else")
	c.Flags().StringVar(&by, "by", "", "with --check: a `COPY` of either history, which says who hosted and witnessed the record")
	return c
}

func compareCopies(ctx context.Context, t terminal, a, b, evidence string) error {
	temp, err := os.MkdirTemp("", "detente-compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	done := t.working("fetching and verifying both copies")
	defer done()
	one, errA := mirror.OpenCopy(ctx, a, filepath.Join(temp, "a"))
	if errA == nil {
		defer one.Close()
	}
	other, errB := mirror.OpenCopy(ctx, b, filepath.Join(temp, "b"))
	if errB == nil {
		defer other.Close()
	}
	if err := errors.Join(errA, errB); err != nil {
		done()
		if damaged, ok := mirror.IsCorrupt(err); ok {
			firstDamaged(t, damaged, one, other)
		}
		return verdict(err)
	}
	r, err := one.Compare(other)
	done()
	if err != nil {
		return verdict(err)
	}
	for _, c := range []mirror.Copied{r.A, r.B} {
		fmt.Fprintf(t.out, "%s: %s, root %s, %d of them final\n", c.Where, entries(c.Head.Size), c.Head.Root, c.Final)
	}
	switch n := r.A.Head.Size - r.B.Head.Size; {
	case r.Finding == mirror.Equal:
		fmt.Fprintln(t.out, "equal")
		return nil
	case r.Finding == mirror.Extends && n > 0:
		fmt.Fprintf(t.out, "%s extends %s by %s\n", a, b, entries(n))
		return nil
	case r.Finding == mirror.Extends:
		fmt.Fprintf(t.out, "%s extends %s by %s\n", b, a, entries(-n))
		return nil
	}
	fmt.Fprint(t.out, r.Evidence.Text())
	if evidence != "" {
		file, err := r.Evidence.Bytes()
		if err == nil {
			err = durable.WriteFile(durable.OS, evidence, file)
		}
		if err != nil {
			return fmt.Errorf("--evidence: %w", err)
		}
		fmt.Fprintf(t.err, "the proof is in %s; anybody checks it with: detente compare --check %s\n", evidence, evidence)
	}
	return no(nil)
}

// firstDamaged says where a copy that contradicts itself departs from a sound one.
func firstDamaged(t terminal, damaged *mirror.CorruptError, copies ...*mirror.Copy) {
	for _, c := range copies {
		if c == nil || damaged.Agreement == nil || c.Agreement().ID != damaged.Agreement.ID {
			continue
		}
		f := c.Fold()
		for i, e := range damaged.Entries {
			if int64(i) < f.Size() && f.Leaf(int64(i)) != tlog.RecordHash(e) {
				fmt.Fprintf(t.out, "entry %d in %s is not the one in %s; this proves nothing about the record: the copy is damaged\n", i, damaged.Where, c.Where)
				return
			}
		}
		fmt.Fprintf(t.out, "%s has %s undamaged, of the %d that its head is signed for\n", damaged.Where, entries(int64(len(damaged.Entries))), damaged.Head.Size)
	}
}

func checkEvidence(ctx context.Context, t terminal, name, by string) error {
	b, err := durable.ReadFile(durable.OS, name, mirror.MaxEvidence)
	if err != nil {
		return usage("--check: %w", err)
	}
	var folds []*record.Fold
	if by != "" {
		s, err := openSubject(ctx, t, by, "")
		if err != nil {
			return err
		}
		defer s.close()
		if s.fold == nil {
			return usage("--by %s: want a copy of the record, not a text", by)
		}
		folds = append(folds, s.fold)
	}
	e, err := mirror.ReadEvidence(b, folds...)
	if err != nil {
		return &exitError{exitUnknown, fmt.Errorf("%s proves nothing: %w", name, err)}
	}
	fmt.Fprintf(t.out, "agreement %s, %s\n%s", e.Agreement().ID, e.Agreement().Title, e.Text())
	if how := e.Judged(); how != "" {
		fmt.Fprintln(t.err, how+": --by COPY")
	}
	return no(nil)
}

func receiptCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	var check string
	c := v.flags(&cobra.Command{
		Use:   "receipt [PATH]",
		Short: "find on a record what was handed to a mirror or custodian, by its receipt",
		Long: `Verify the receipt in FILE, which detente submit --via wrote, and look for its statement on the record at PATH. Exit 0 if it
is there; 1 if it is not although the record went on by more than its proof window, which is proof against the depositary, or if
it can no longer be put there; 3 if it is not there yet and could still be.`,
		Example: "  detente receipt --check 3f1c.receipt http://127.0.0.1:7001/580c...",
		RunE: func(cmd *cobra.Command, args []string) error {
			b, err := durable.ReadFile(durable.OS, check, 4*statement.MaxEntry)
			if err != nil {
				return usage("--check: %w", err)
			}
			h, err := mirror.ReadHanded(b)
			if err != nil {
				return no(fmt.Errorf("%s is no receipt such as detente submit --via writes: %w", check, err))
			}
			path, _, err := subjectOf(args, 0)
			if err != nil {
				return err
			}
			s, _, err := v.subject(cmd, path)
			if err != nil {
				return err
			}
			defer s.close()
			if s.fold == nil {
				return usage("a text has no record: name a running or an exported one, or a mirror's folder")
			}
			return v.whereabouts(h, s)
		},
	}, false)
	c.Flags().StringVar(&check, "check", "", "`FILE` with the receipt")
	need(c, "check")
	return c
}

func (v *viewer) whereabouts(h *mirror.Handed, s *subject) error {
	w, err := h.Find(s.fold)
	if err != nil {
		return no(err)
	}
	if v.json {
		if err := printJSON(v.t.out, w); err != nil {
			return err
		}
	} else {
		fmt.Fprint(v.t.out, h.Text(w))
	}
	switch w.Stands {
	case mirror.OnRecord:
		return nil
	case mirror.NotYet:
		return &exitError{status: exitUnknown}
	}
	return no(nil)
}

// handIn hands a note to a mirror or custodian and keeps its receipt.
func (s *speaker) handIn(ctx context.Context, r *subject, note []byte, said saidReport) error {
	there, handed, err := r.client.HandIn(ctx, note)
	if refused, ok := errors.AsType[*mirror.RefusedError](err); ok && refused.Status < 500 && refused.Status != 429 {
		return no(err)
	}
	if err != nil {
		return err
	}
	if there != nil {
		said.Entry = there.Index
		return s.conclude(ctx, r, said)
	}
	// The receipt is worth nothing if its signature does not hold.
	if _, err := handed.Find(r.fold); err != nil {
		return no(fmt.Errorf("it was handed in, and the receipt does not hold: %w", err))
	}
	name := s.out
	if name == "" {
		name = said.ID[:16] + ".receipt"
	}
	file, err := handed.Bytes()
	if err == nil {
		err = durable.WriteFile(durable.OS, name, file)
	}
	if err != nil {
		return fmt.Errorf("it was handed in, and the receipt could not be kept: %w", err)
	}
	signer := handed.By
	if handed.Key != "" {
		signer += ", whose key is no name of the agreement: " + handed.Key
	}
	fmt.Fprintf(s.t.out, "handed in, not on the record: %s %s\nthe receipt is in %s, signed by %s\n", said.Kind, said.ID, name, signer)
	return &exitError{exitUnknown, fmt.Errorf("whether it comes to be on the record is not known yet; see: detente receipt --check %s", name)}
}
