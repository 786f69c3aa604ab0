package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
)

func proofCommand(t terminal) *cobra.Command {
	v := &viewer{t: t}
	var out, verify, text, entry, inForce string
	c := v.flags(&cobra.Command{
		Use:   "proof [PATH] [ENTRY]",
		Short: "prove one statement to somebody who has the text alone, or check such a proof",
		Long: `Write a file that proves that ENTRY, an entry's number or a statement's id, stands on the record and existed by a time that a
quorum of witnesses states. The file holds the statement, and nothing else of the record; its form is C2SP tlog-proof.

With --verify check such a file, offline, by the agreement's text and nothing else. Where an amendment has changed the witnesses
or the depositary, --text is a copy of the record (an export, a mirror's folder), which says who was in force then; or the
text that is said to have been in force is given with --in-force. PATH may be left out if DETENTE_RECORD is set.`,
		Example: `  detente proof record.detente 41 --out claim.tlog-proof
  detente proof --verify claim.tlog-proof --text examples/cameras`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if verify != "" {
				if len(args) > 0 || out != "" {
					return usage("proof --verify takes a file, --text and nothing else\n%s", more(cmd))
				}
				return v.verifySingle(cmd.Context(), verify, text, entry, inForce)
			}
			if len(args) == 0 {
				return usage("proof: missing ENTRY\n%s", more(cmd))
			}
			path, rest, err := subjectOf(args, 1)
			if err != nil {
				return err
			}
			s, err := openSubject(cmd.Context(), t, path, v.dir)
			if err != nil {
				return err
			}
			defer s.close()
			n, file, err := s.single(path, rest[0])
			if err != nil {
				return err
			}
			if out == "" {
				out = fmt.Sprintf("%s-%d.tlog-proof", s.agreement.Name, n)
			}
			if err := writeNewFile(out, file, 0o644); err != nil {
				return err
			}
			fmt.Fprintln(t.out, out)
			return nil
		},
	}, false)
	c.Flags().StringVar(&out, "out", "", "`FILE` to write (default NAME-ENTRY.tlog-proof); never overwritten")
	c.Flags().StringVar(&verify, "verify", "", "check this `FILE` instead")
	c.Flags().StringVar(&text, "text", "", "with --verify: the agreement's first text, or a copy of its record, a `PATH`")
	c.Flags().StringVar(&inForce, "in-force", "", "with --verify and a text: the amended text whose witnesses and depositary count, a `PATH`")
	c.Flags().StringVar(&entry, "entry", "", "with --verify: the entry, a `FILE`, if the proof does not hold it")
	return c
}

// single is the file of an entry, by the earliest proof of time that covers it.
func (s *subject) single(path, name string) (int64, []byte, error) {
	if s.fold == nil {
		return 0, nil, usage("%s is a text: a proof is of an entry of its record", path)
	}
	n, err := strconv.ParseInt(name, 10, 64)
	if err != nil {
		id, bad := statement.ParseID(name)
		if bad != nil {
			return 0, nil, usage("%q is neither an entry's number nor a statement's id", name)
		}
		j, ok := s.fold.ByID(id)
		if !ok {
			return 0, nil, no(fmt.Errorf("the record has no statement %s", id))
		}
		n = j.Index
	}
	if n < 0 || n >= s.fold.Size() {
		return 0, nil, no(fmt.Errorf("the record has %d entries, counted from 0: there is no entry %d", s.fold.Size(), n))
	}
	for i := range s.fold.Size() {
		if s.fold.Entry(i).Covers <= n {
			continue
		}
		j, err := s.fold.Read(i)
		if err != nil {
			return 0, nil, err
		}
		file, err := s.fold.SingleProof(n, j.Proof.Note, true)
		return n, file, err
	}
	return 0, nil, no(fmt.Errorf("entry %d is provisional: no proof of time on the record covers it yet", n))
}

// A singleReport is the answer of `proof --verify`.
type singleReport struct {
	Agreement string   `json:"agreement"`
	Index     int64    `json:"index"`
	ExistedBy string   `json:"existed_by"`
	Witnesses []string `json:"witnesses"`
	Entry     string   `json:"entry"`
}

func (v *viewer) verifySingle(ctx context.Context, file, text, entry, inForce string) error {
	if text == "" {
		return usage("proof --verify: by which text? give --text PATH")
	}
	s, err := openSubject(ctx, v.t, text, v.dir)
	if err != nil {
		return err
	}
	defer s.close()
	b, err := os.ReadFile(file)
	if err != nil {
		return usage("--verify: %w", err)
	}
	var given []byte
	if entry != "" {
		if given, err = os.ReadFile(entry); err != nil {
			return usage("--entry: %w", err)
		}
	}
	p, how, err := s.readSingle(b, given, inForce)
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit
	}
	if err != nil {
		return no(fmt.Errorf("%s proves nothing: %w\n%s", file, err, how))
	}
	r := singleReport{s.agreement.ID.String(), p.Index, p.Proof.Lo.String(), []string{}, string(p.Entry)}
	for _, c := range p.Proof.Cosignatures {
		r.Witnesses = append(r.Witnesses, string(c.Witness))
	}
	if v.json {
		return printJSON(v.t.out, r)
	}
	fmt.Fprintln(v.t.err, how)
	fmt.Fprintf(v.t.out, "entry %d of the record of %s existed by %s, say its witnesses %v\n\n%s", r.Index, s.agreement.Name, r.ExistedBy, r.Witnesses, r.Entry)
	return nil
}

// readSingle judges a proof by who was in force at its checkpoint, and says how
// that is known.
func (s *subject) readSingle(file, entry []byte, inForce string) (*record.Single, string, error) {
	switch {
	case s.fold != nil && inForce != "":
		return nil, "", usage("--in-force: a copy of the record says itself which text was in force")
	case s.fold != nil:
		p, err := s.fold.ReadSingle(file, entry)
		return p, fmt.Sprintf("judged by who was in force then, by the %d entries of the copy", s.fold.Size()), err
	case inForce != "":
		then, err := openText(inForce)
		if err != nil {
			return nil, "", err
		}
		p, err := record.ReadSingleBy(s.agreement, then.agreement, file, entry)
		return p, "judged by the text of --in-force; that it was in force is your word", err
	}
	p, err := record.ReadSingle(s.agreement, file, entry)
	return p, "judged by the agreement's first text; if an amendment has changed its witnesses or depositary, give a copy of the record, or --in-force", err
}

// writeNewFile writes a file that must not be there yet, with this mode.
func writeNewFile(name string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return usage("--out: %w", err)
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}
