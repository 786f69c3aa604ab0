package access

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"detente/agreement"
	"detente/statement"

	"filippo.io/age"
)

// ErrNoRecipient is a text that gives nobody a recipient.
var ErrNoRecipient = errors.New("the text gives nobody a recipient, so there is nobody to encrypt a document to")

// Encrypt encrypts a document's payload to everybody in the text who has a
// recipient: parties, custodians and readers.
func Encrypt(a *agreement.Agreement, payload statement.Payload) ([]byte, error) {
	var texts []string
	for _, p := range a.Parties {
		texts = append(texts, p.Recipient)
	}
	for _, c := range a.Custodians {
		texts = append(texts, c.Recipient)
	}
	for _, r := range a.Readers {
		texts = append(texts, r.Recipient)
	}
	var to []age.Recipient
	for _, text := range texts {
		if text == "" {
			continue
		}
		all, err := age.ParseRecipients(bytes.NewReader([]byte(text)))
		if err != nil {
			return nil, fmt.Errorf("recipient %.20s...: %w", text, err)
		}
		to = append(to, all...)
	}
	if len(to) == 0 {
		return nil, ErrNoRecipient
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err != nil {
		return nil, fmt.Errorf("encrypting a document: %w", err)
	}
	if _, err := w.Write(payload); err != nil {
		return nil, fmt.Errorf("encrypting a document: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encrypting a document: %w", err)
	}
	return out.Bytes(), nil
}

// Decrypt opens what Encrypt made. Whether it is the document's payload is for
// statement.Payload to say.
func Decrypt(sealed []byte, identities ...age.Identity) (statement.Payload, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), identities...)
	if err != nil {
		return nil, fmt.Errorf("opening a document: %w", err)
	}
	b, err := io.ReadAll(io.LimitReader(r, statement.MaxPayload+1))
	if err != nil {
		return nil, fmt.Errorf("opening a document: %w", err)
	}
	if len(b) > statement.MaxPayload {
		return nil, fmt.Errorf("opening a document: more than %d bytes", statement.MaxPayload)
	}
	return b, nil
}
