package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"detente/agreement"
	"detente/mirror"
	"detente/mirror/access"
	"detente/record"
	"detente/statement"

	"filippo.io/age"
	"github.com/spf13/cobra"
)

// An attached is a document that a statement is about to name.
type attached struct {
	document statement.Document
	payload  statement.Payload
}

// attach reads the files that a statement names as documents, each with a new salt.
func attach(files []string) ([]attached, error) {
	var all []attached
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil {
			return nil, usage("%w", err)
		}
		if !info.Mode().IsRegular() || info.Size() > statement.MaxPayload-1024 {
			return nil, usage("%s: want a file of at most %d bytes", path, statement.MaxPayload-1024)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			return nil, usage("%w", err)
		}
		var salt statement.Salt
		rand.Read(salt[:]) // never fails
		p := statement.NewPayload(salt, file)
		digest := p.Digest()
		all = append(all, attached{statement.Document{Name: filepath.Base(path), Size: int64(len(file)), Digest: hex.EncodeToString(digest[:])}, p})
	}
	return all, nil
}

// naming is a composer whose body names documents.
func naming(compose composer, docs []attached) composer {
	if len(docs) == 0 {
		return compose
	}
	return func(f *record.Fold, by agreement.Name) (statement.Body, statement.ID, error) {
		body, answers, err := compose(f, by)
		if err != nil {
			return nil, answers, err
		}
		var names []statement.Document
		for _, d := range docs {
			names = append(names, d.document)
		}
		with, ok := statement.WithDocuments(body, names)
		if !ok {
			return nil, answers, usage("a statement of the kind %s names no documents", body.Kind())
		}
		return with, answers, nil
	}
}

// bring hands the payloads to the depositary, encrypted if the record is private.
func bring(ctx context.Context, t terminal, r *subject, entry int64, docs []attached) error {
	for _, d := range docs {
		b := []byte(d.payload)
		if r.agreement.Private {
			sealed, err := access.Encrypt(r.fold.InForce(), d.payload)
			if errors.Is(err, access.ErrNoRecipient) {
				fmt.Fprintf(t.err, "document %s stays with you: %v\n", d.document.Name, err)
				continue
			}
			if err != nil {
				return err
			}
			b = sealed
		}
		if err := r.client.PutDocument(ctx, entry, d.document.Digest, b); err != nil {
			return fmt.Errorf("the statement is entry %d, and its document %s could not be left with the depositary: %w", entry, d.document.Name, err)
		}
	}
	return nil
}

func documentCommand(t terminal) *cobra.Command {
	var dir, out, identity string
	var asJSON bool
	c := &cobra.Command{
		Use:   "document [PATH] [ENTRY [NAME]]",
		Short: "list the documents that statements name, or fetch one and hold it to its digest",
		Long: `Without ENTRY, list what documents the record names. With it, fetch the document of that name (or the only one) that the entry
names, and write it to --out once it has the digest that is on the record; exit 1 if it is another. A document of a private
record is opened with --identity, a file as age-keygen writes it.`,
		Example: "  detente document http://127.0.0.1:7001/580c... 12 report.pdf --out report.pdf",
		Args:    cobra.MaximumNArgs(3),
		GroupID: groupSee,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				if _, err := strconv.ParseInt(args[0], 10, 64); err == nil {
					args = append([]string{""}, args...)
				}
			}
			path := ""
			if len(args) > 0 {
				path = args[0]
			}
			if path == "" {
				var err error
				if path, _, err = subjectOf(nil, 0); err != nil {
					return err
				}
			}
			s, err := openSubject(cmd.Context(), t, path, dir)
			if err != nil {
				return err
			}
			defer s.close()
			if s.fold == nil {
				return usage("%s is a text: documents are named by statements on a record", path)
			}
			if len(args) < 2 {
				return listDocuments(t, s.fold, asJSON)
			}
			a, err := pickDocument(s.fold, args[1:])
			if err != nil {
				return err
			}
			return fetchDocument(cmd.Context(), t, s, a, identity, out)
		},
	}
	c.Flags().StringVar(&dir, "dir", "", dirUsage)
	c.Flags().StringVar(&out, "out", "", "`FILE` to write the document to; it must not exist")
	c.Flags().StringVar(&identity, "identity", "", "`FILE` with the age identity of a recipient, for a private record")
	jsonFlag(c, &asJSON)
	return c
}

type documentReport struct {
	Entry    int64  `json:"entry"`
	By       string `json:"by"`
	Name     string `json:"name"`
	Size     int64  `json:"size"`
	Digest   string `json:"digest"`
	Redacted int64  `json:"redacted_by_entry,omitempty"`
}

func listDocuments(t terminal, f *record.Fold, asJSON bool) error {
	all := []documentReport{}
	for i := range f.Size() {
		attached, err := f.Attachments(i)
		if err != nil {
			return err
		}
		for _, a := range attached {
			all = append(all, documentReport{a.Entry, string(a.By), a.Document.Name, a.Document.Size, a.Document.Digest, a.Redacted})
		}
	}
	if asJSON {
		return printJSON(t.out, all)
	}
	if len(all) == 0 {
		fmt.Fprintln(t.out, "no statement on this record names a document")
	}
	for _, d := range all {
		state := ""
		if d.Redacted > 0 {
			state = fmt.Sprintf("  deleted: see entry %d", d.Redacted)
		}
		fmt.Fprintf(t.out, "entry %d  %s  %s  %d bytes  %.16s...%s\n", d.Entry, d.By, d.Name, d.Size, d.Digest, state)
	}
	return nil
}

// pickDocument is the document that ENTRY [NAME] means.
func pickDocument(f *record.Fold, args []string) (record.Attachment, error) {
	entry, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil {
		return record.Attachment{}, usage("entry %q: want its number", args[0])
	}
	var names []string
	var found []record.Attachment
	attached, err := f.Attachments(entry)
	if err != nil {
		return record.Attachment{}, err
	}
	for _, a := range attached {
		names = append(names, a.Document.Name)
		if len(args) < 2 || a.Document.Name == args[1] {
			found = append(found, a)
		}
	}
	switch {
	case len(names) == 0:
		return record.Attachment{}, no(fmt.Errorf("entry %d names no document", entry))
	case len(found) != 1:
		return record.Attachment{}, usage("entry %d names the documents %q: give the name of one", entry, names)
	}
	return found[0], nil
}

func fetchDocument(ctx context.Context, t terminal, s *subject, a record.Attachment, identity, out string) error {
	switch {
	case s.follower == nil:
		return usage("an export holds no documents: give the address of a running record or mirror, or a mirror's folder")
	case out == "":
		return usage("say where to write the document: --out FILE")
	case a.Redacted > 0:
		return no(fmt.Errorf("document %s of entry %d was deleted: entry %d says so, and why", a.Document.Name, a.Entry, a.Redacted))
	}
	b, err := s.follower.Document(ctx, a)
	if errors.Is(err, mirror.ErrNotFound) && s.client == nil {
		return &exitError{exitUnknown, fmt.Errorf("%w: nobody had brought it when this copy was kept, or it was not kept by detente mirror", err)}
	}
	if err != nil {
		return err
	}
	payload := statement.Payload(b)
	if s.agreement.Private {
		if identity == "" {
			return usage("the record is private: give --identity FILE, with the age identity of one of its recipients")
		}
		file, err := os.Open(identity)
		if err != nil {
			return usage("%w", err)
		}
		defer file.Close()
		ids, err := age.ParseIdentities(file)
		if err != nil {
			return usage("%s: %w", identity, err)
		}
		if payload, err = access.Decrypt(b, ids...); err != nil {
			return no(err)
		}
	}
	content, err := payload.File(a.Document)
	if err != nil {
		return no(err)
	}
	if err := writeNewFile(out, content, 0o600); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "document %s of entry %d, by %s: %d bytes, as the record names it\n", a.Document.Name, a.Entry, a.By, len(content))
	return nil
}

func redactCommand(t terminal) *cobra.Command {
	s := &speaker{t: t}
	var reason string
	c := s.flags(&cobra.Command{
		Use:   "redact ENTRY [NAME]",
		Short: "have a document deleted that a statement of yours names; the record stays valid without it",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.say(cmd.Context(), func(f *record.Fold, by agreement.Name) (statement.Body, statement.ID, error) {
				a, err := pickDocument(f, args)
				if err != nil {
					return nil, statement.ID{}, err
				}
				j, err := f.Read(a.Entry)
				if err != nil {
					return nil, statement.ID{}, err
				}
				return statement.RedactBody{Document: a.Document.Digest, Reason: reason}, j.Statement.ID, nil
			})
		},
	})
	c.Flags().StringVar(&reason, "reason", "", "why, in `WORDS`")
	return c
}
