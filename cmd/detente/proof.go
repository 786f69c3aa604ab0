package main

import (
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
	var out, verify, text, entry string
	c := v.flags(&cobra.Command{
		Use:   "proof [PATH] [ENTRY]",
		Short: "prove one statement to somebody who has the text alone, or check such a proof",
		Long: `Write a file that proves that ENTRY, an entry's number or a statement's id, stands on the record and existed by a time that a
quorum of witnesses states. The file holds the statement, and nothing else of the record; its form is C2SP tlog-proof.

With --verify check such a file, offline, by the agreement's text and nothing else. Where the witnesses were changed by an
amendment since, ask the record instead. PATH may be left out if DETENTE_RECORD is set.`,
		Example: `  detente proof record.detente 41 --out claim.tlog-proof
  detente proof --verify claim.tlog-proof --text examples/cameras`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if verify != "" {
				if len(args) > 0 || out != "" {
					return usage("proof --verify takes a file, --text and nothing else\n%s", more(cmd))
				}
				return v.verifySingle(verify, text, entry)
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
	c.Flags().StringVar(&text, "text", "", "with --verify: the agreement's text, a `PATH`")
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

func (v *viewer) verifySingle(file, text, entry string) error {
	if text == "" {
		return usage("proof --verify: by which text? give --text PATH")
	}
	s, err := openText(text)
	if err != nil {
		return err
	}
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
	p, err := record.ReadSingle(s.agreement, b, given)
	if err != nil {
		return no(fmt.Errorf("%s proves nothing: %w", file, err))
	}
	r := singleReport{s.agreement.ID.String(), p.Index, p.Proof.Lo.String(), []string{}, string(p.Entry)}
	for _, c := range p.Proof.Cosignatures {
		r.Witnesses = append(r.Witnesses, string(c.Witness))
	}
	if v.json {
		return printJSON(v.t.out, r)
	}
	fmt.Fprintf(v.t.out, "entry %d of the record of %s existed by %s, say its witnesses %v\n\n%s", r.Index, s.agreement.Name, r.ExistedBy, r.Witnesses, r.Entry)
	return nil
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
