package mirror

import (
	"context"
	"fmt"
	"net/http"

	"detente/agreement"
)

// PutDocument brings the payload of a document that an entry names to the
// depositary, as it is or, for a private record, encrypted.
func (c *Client) PutDocument(ctx context.Context, entry int64, digest string, payload []byte) error {
	if _, err := c.do(ctx, http.MethodPut, documentPath(entry, digest), payload, maxReceipt); err != nil {
		return fmt.Errorf("bringing document %.16s of entry %d: %w", digest, entry, err)
	}
	return nil
}

// Document fetches what is kept of a document: its payload or, of a private
// record, that encrypted. Nothing is verified: see statement.Payload.
func (c *Client) Document(ctx context.Context, entry int64, digest string) ([]byte, error) {
	if _, err := agreement.ParseDigest(digest); err != nil {
		return nil, err
	}
	b, err := c.do(ctx, http.MethodGet, documentPath(entry, digest), nil, MaxDocument)
	if err != nil {
		return nil, fmt.Errorf("fetching document %.16s of entry %d: %w", digest, entry, err)
	}
	return b, nil
}

func documentPath(entry int64, digest string) string {
	return fmt.Sprintf("document/%d/%s", entry, digest)
}
