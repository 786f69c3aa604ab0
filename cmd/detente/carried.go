package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"detente/agreement"
	"detente/internal/durable"
	"detente/internal/prepared"
	"detente/record"
	"detente/statement"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// readPrepared reads a file of `prepare`.
func readPrepared(name string) (*prepared.Prepared, error) {
	b, err := durable.ReadFile(durable.OS, name, prepared.MaxFile)
	if err != nil {
		return nil, usage("%w", err)
	}
	p, err := prepared.Parse(b)
	if err != nil {
		return nil, no(fmt.Errorf("%s: %w; nothing was signed or said", name, err))
	}
	return p, nil
}

// mergePrepared reads copies that were signed apart, and puts their signatures
// together.
func mergePrepared(names []string) (*prepared.Prepared, error) {
	p, err := readPrepared(names[0])
	if err != nil {
		return nil, err
	}
	for _, name := range names[1:] {
		other, err := readPrepared(name)
		if err != nil {
			return nil, err
		}
		if err := p.Merge(other); err != nil {
			return nil, no(fmt.Errorf("%s and %s: %w", names[0], name, err))
		}
	}
	return p, nil
}

// madeAgainst holds a prepared statement to a text or to a copy of a record: that
// it is of that agreement, and what a record tells about keys and effect.
func madeAgainst(s *subject, path string, p *prepared.Prepared) error {
	st := p.Statement
	if st.Agreement != s.agreement.ID {
		return no(fmt.Errorf("the statement is made under agreement %s, and %s is agreement %s; nothing was signed", st.Agreement, path, s.agreement.ID))
	}
	if s.fold == nil {
		return againstText(s.agreement, path, p)
	}
	if st.Seen.Size > s.fold.Size() {
		return &exitError{exitUnknown, fmt.Errorf("the statement was prepared after %d entries, and the copy %s has %d: bring a newer one; nothing was signed", st.Seen.Size, path, s.fold.Size())}
	}
	f, err := prefix(s, st.Seen.Size)
	if err != nil {
		return err
	}
	keys, ok := f.Keys(st.By)
	if same, err := prepared.New(st, keys, p.Effect); !ok || err != nil || same.Need != p.Need || listKeys(same.Keys) != listKeys(p.Keys) {
		return no(fmt.Errorf("by %s the keys of %s that must sign were others than the file names; nothing was signed", path, st.By))
	}
	effect, err := effectOf(f, st)
	if err != nil {
		return no(fmt.Errorf("by %s the statement would not count: %w; nothing was signed", path, err))
	}
	if strings.Join(effect, "\n") != strings.Join(p.Effect, "\n") {
		return no(fmt.Errorf("by %s the effect is another than the file says:\n  %s\nnothing was signed", path, strings.Join(effect, "\n  ")))
	}
	return nil
}

// againstText can only say whether the text gives its author a say, and those
// very keys; a record may have changed them since.
func againstText(a *agreement.Agreement, path string, p *prepared.Prepared) error {
	f, err := record.NewFold(a)
	if err != nil {
		return err
	}
	keys, ok := f.Keys(p.Statement.By)
	if !ok {
		return no(fmt.Errorf("the text %s gives %s no keys; nothing was signed", path, p.Statement.By))
	}
	if listKeys(keys.Keys()) != listKeys(p.Keys) || keys.Need() != p.Need {
		return no(fmt.Errorf("the text %s names other keys of %s than the file: if they were changed on the record, give a copy of it; nothing was signed", path, p.Statement.By))
	}
	return nil
}

// prefix is the record as it was after n entries.
func prefix(s *subject, n int64) (*record.Fold, error) {
	if n == s.fold.Size() {
		return s.fold, nil
	}
	entries := make([][]byte, n)
	for i := range entries {
		var err error
		if entries[i], err = s.fold.Bytes(int64(i)); err != nil {
			return nil, err
		}
	}
	return record.FoldTo(s.agreement, entries, n)
}

// signFile signs a prepared statement, after showing it.
func (s *speaker) signFile(ctx context.Context, name string, o signFileOptions) error {
	signers, err := loadKeys(s.t, s.keys)
	if err != nil {
		return err
	}
	p, err := readPrepared(name)
	if err != nil {
		return err
	}
	if o.against != "" {
		copied, err := openSubject(ctx, s.t, o.against, s.dir)
		if err != nil {
			return err
		}
		defer copied.close()
		if err := madeAgainst(copied, o.against, p); err != nil {
			return err
		}
	}
	before := p.Bytes()
	for _, signer := range signers {
		if err := p.Sign(signer); err != nil {
			return no(fmt.Errorf("%w; nothing was signed", err))
		}
	}
	if o.out == "" {
		o.out = name
	}
	if bytes.Equal(before, p.Bytes()) && o.out == name {
		return s.signedFile(name, p, "had signed it before; the file is as it was")
	}
	if !o.yes {
		shown, err := prepared.Parse(before)
		if err != nil {
			return err
		}
		printPrepared(s.t.err, shown)
		if o.against == "" {
			fmt.Fprintf(s.t.err, "the keys and the effect are the word of whoever prepared it; --against PATH derives them from a copy of the record\n")
		}
		if err := confirm(s.t, fmt.Sprintf("sign this as %s? [y/N] ", signers[0].Name())); err != nil {
			return err
		}
	}
	if err := durable.WriteFile(durable.OS, o.out, p.Bytes()); err != nil {
		return err
	}
	return s.signedFile(o.out, p, "signed")
}

type signFileOptions struct {
	against string
	out     string
	yes     bool
}

func (s *speaker) signedFile(file string, p *prepared.Prepared, what string) error {
	if s.json {
		return printJSON(s.t.out, preparedOf(file, p))
	}
	fmt.Fprintf(s.t.out, "%s: %s as %s\n%s\n", file, what, p.Statement.By, progress(p))
	return nil
}

func submitCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	c := &cobra.Command{
		Use:     "submit FILE...",
		GroupID: groupSay,
		Short:   "put a statement that enough persons have signed on the record",
		Long: `Put the statement of FILE on the record. Several files are copies of one prepared statement that were signed apart: their
signatures are put together. Exit 1 if too few have signed, and who is missing. A statement that is on the record already is
left as it stands there. The documents that it names are brought along from beside FILE, where prepare wrote them; of a private
record by who reads it as the author (DETENTE_KEY).

With --via it is handed to a mirror or custodian instead, which keeps it, gives a signed receipt and submits it again and again;
the receipt goes into a file for detente receipt --check. Exit 3: whether it comes to be on the record is not known yet.`,
		Example: "  detente submit accept-a.statement accept-b.statement --wait 30s\n  detente submit accept.statement --via http://127.0.0.1:7009/580c...",
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.submitFiles(cmd.Context(), args)
		},
	}
	f := c.Flags()
	f.StringVar(&s.record, "record", "", recordUsage)
	f.StringVar(&s.via, "via", "", "hand it to the mirror or custodian at `URL`, a record's address there")
	f.StringVar(&s.out, "receipt", "", "with --via: `FILE` for the receipt (default: the statement's id and .receipt)")
	f.StringVar(&s.dir, "dir", "", dirUsage)
	f.DurationVar(&s.wait, "wait", 0, waitUsage)
	jsonFlag(c, &s.json)
	return c
}

func (s *speaker) submitFiles(ctx context.Context, names []string) error {
	p, err := mergePrepared(names)
	if err != nil {
		return err
	}
	if !p.Complete() {
		return no(fmt.Errorf("%s\nnothing was submitted", progress(p)))
	}
	r, err := followRecord(ctx, s.t, cmp.Or(s.via, s.record), s.dir)
	if err != nil {
		return err
	}
	defer r.close()
	st := p.Statement
	if st.Agreement != r.agreement.ID {
		return no(fmt.Errorf("the statement is made under agreement %s, and this is the record of %s; nothing was submitted", st.Agreement, r.agreement.ID))
	}
	id := statement.IDOf(p.Text)
	said := saidReport{ID: id.String(), Kind: string(st.Body.Kind())}
	if j, ok := r.fold.ByID(id); ok {
		said.Entry = j.Index
		fmt.Fprintf(s.t.err, "it was on the record already; nothing was submitted\n")
		if err := bringCarried(ctx, s.t, r, names, p, said.Entry); err != nil {
			return err
		}
		return s.conclude(ctx, r, said)
	}
	if err := keysHold(r.fold, p); err != nil {
		return err
	}
	note, err := p.Note()
	if err != nil {
		return err
	}
	if s.via != "" {
		return s.handIn(ctx, r, note, said)
	}
	receipt, err := r.submit(ctx, note)
	if err != nil {
		return err
	}
	said.Entry = receipt.Index
	if err := bringCarried(ctx, s.t, r, names, p, said.Entry); err != nil {
		return err
	}
	return s.conclude(ctx, r, said)
}

// keysHold says, better than the record's refusal would, which keys changed
// since the file was prepared.
func keysHold(f *record.Fold, p *prepared.Prepared) error {
	keys, ok := f.Keys(p.Statement.By)
	if !ok {
		return no(fmt.Errorf("%s has no keys on this record; nothing was submitted", p.Statement.By))
	}
	signed, _ := p.Signed()
	left, gone := 0, []statement.PublicKey{}
	for _, k := range signed {
		if keys.Has(k) {
			left++
		} else {
			gone = append(gone, k)
		}
	}
	if left >= keys.Need() {
		return nil
	}
	reason := ""
	if len(gone) > 0 {
		reason = fmt.Sprintf("; no longer in force since it was prepared:%s", listKeys(gone))
	}
	return no(fmt.Errorf("signed by %d of the %d keys of %s that must sign now%s\nnothing was submitted; prepare it again", left, keys.Need(), p.Statement.By, reason))
}

func mergeCommand(t terminal) *cobra.Command {
	var out string
	var asJSON bool
	c := &cobra.Command{
		Use:     "merge FILE FILE...",
		GroupID: groupSay,
		Short:   "put the signatures of copies of one prepared statement together",
		Example: "  detente merge accept-a.statement accept-b.statement --out accept.statement",
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := mergePrepared(args)
			if err != nil {
				return err
			}
			if err := durable.WriteFile(durable.OS, out, p.Bytes()); err != nil {
				return err
			}
			return (&speaker{t: t, json: asJSON}).signedFile(out, p, "merged")
		},
	}
	c.Flags().StringVarP(&out, "out", "o", "", "`FILE` for the result")
	jsonFlag(c, &asJSON)
	need(c, "out")
	return c
}

// confirm asks at the terminal; without one nobody can have looked.
func confirm(t terminal, question string) error {
	f, ok := t.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return usage("there is no terminal to ask at: look at the file, then give --yes; nothing was signed")
	}
	fmt.Fprint(t.err, question)
	var answer string
	fmt.Fscanln(f, &answer)
	if a := strings.ToLower(answer); a != "y" && a != "yes" {
		return no(errors.New("nothing was signed"))
	}
	return nil
}
