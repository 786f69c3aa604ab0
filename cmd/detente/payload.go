package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"detente/internal/durable"
	"detente/internal/prepared"
	"detente/statement"
)

// payloadFile is where the payload of a document lies that a prepared statement
// names: beside it, as it is, salt and all. Who signs needs none of it.
func payloadFile(prepared, digest string) string {
	return fmt.Sprintf("%s.%.16s.payload", prepared, digest)
}

// carry writes the payloads of documents beside a prepared statement.
func carry(t terminal, out string, docs []attached) error {
	for _, d := range docs {
		name := payloadFile(out, d.document.Digest)
		if err := writeNewFile(name, d.payload, 0o600); err != nil {
			return err
		}
		fmt.Fprintf(t.err, "document %s: its payload is in %s: keep it beside %s, and detente submit brings it\n", d.document.Name, name, out)
	}
	return nil
}

// bringCarried hands the payloads that lie beside a prepared statement's files to
// the depositary. One that is not there stays with whoever has it, and is named.
func bringCarried(ctx context.Context, t terminal, r *subject, names []string, p *prepared.Prepared, entry int64) error {
	var docs []attached
	for _, d := range statement.DocumentsOf(p.Statement.Body) {
		b, err := carried(names, d.Digest)
		if errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(t.err, "document %s is not brought: there is no %s; run this again when it is\n", d.Name, payloadFile(names[0], d.Digest))
			continue
		}
		if err != nil {
			return err
		}
		if _, err := statement.Payload(b).File(d); err != nil {
			return no(fmt.Errorf("%s: %w; it is not brought", payloadFile(names[0], d.Digest), err))
		}
		docs = append(docs, attached{d, b})
	}
	return bring(ctx, t, r, entry, docs)
}

func carried(names []string, digest string) (b []byte, err error) {
	for _, name := range names {
		if b, err = durable.ReadFile(durable.OS, payloadFile(name, digest), statement.MaxPayload); err == nil {
			return b, nil
		}
	}
	return nil, err
}
