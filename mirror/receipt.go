package mirror

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// A Receipt proves that an entry is on the record: the depositary's signed
// checkpoint, and the path from the entry to its root (RFC 6962, 2.1.1).
type Receipt struct {
	Index      int64
	ID         statement.ID // zero for a proof of time
	Entry      []byte       // as it stands on the record
	Checkpoint []byte
	Proof      tlog.RecordProof
}

// receiptJSON is the receipt's form in the answer to a submission. Entry is
// there only if the record holds other bytes than were submitted: the same
// statement with other signatures.
type receiptJSON struct {
	Index      int64    `json:"index"`
	ID         string   `json:"id"`
	Checkpoint string   `json:"checkpoint"`
	Proof      []string `json:"proof"`
	Entry      string   `json:"entry,omitempty"`
}

// Encode is the receipt as the depositary answers to who submitted these bytes.
func (r *Receipt) Encode(submitted []byte) ([]byte, error) {
	j := receiptJSON{Index: r.Index, Checkpoint: string(r.Checkpoint), Proof: []string{}}
	if r.ID != (statement.ID{}) {
		j.ID = r.ID.String()
	}
	for _, h := range r.Proof {
		j.Proof = append(j.Proof, h.String())
	}
	if !bytes.Equal(r.Entry, submitted) {
		j.Entry = base64.StdEncoding.EncodeToString(r.Entry)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(j)
	return b.Bytes(), err
}

// decodeReceipt reads the answer to a submission of these bytes.
func decodeReceipt(b, submitted []byte) (*Receipt, error) {
	var j receiptJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return nil, fmt.Errorf("receipt: %w", err)
	}
	r := &Receipt{Index: j.Index, Checkpoint: []byte(j.Checkpoint), Entry: submitted}
	var err error
	if j.Entry != "" {
		if r.Entry, err = base64.StdEncoding.DecodeString(j.Entry); err != nil {
			return nil, fmt.Errorf("receipt: entry: %w", err)
		}
	}
	for _, s := range j.Proof {
		h, err := tlog.ParseHash(s)
		if err != nil {
			return nil, fmt.Errorf("receipt: proof: %w", err)
		}
		r.Proof = append(r.Proof, h)
	}
	if len(r.Proof) > 63 {
		return nil, errors.New("receipt: proof of more than 63 hashes")
	}
	want, err := entryID(submitted)
	if err != nil {
		return nil, err
	}
	if r.ID, err = entryID(r.Entry); err != nil {
		return nil, fmt.Errorf("receipt: the entry on the record is not a statement: %w", err)
	}
	said := ""
	if want != (statement.ID{}) {
		said = want.String()
	}
	if r.ID != want || j.ID != said {
		return nil, fmt.Errorf("receipt: it is for statement %.64q, not for %q", j.ID, said)
	}
	if want == (statement.ID{}) && !bytes.Equal(r.Entry, submitted) {
		return nil, errors.New("receipt: it is for another proof of time")
	}
	return r, nil
}

// entryID is the id of a statement; zero for a proof of time.
func entryID(entry []byte) (statement.ID, error) {
	if _, err := record.ParseProof(entry); err == nil {
		return statement.ID{}, nil
	}
	s, err := statement.Parse(entry)
	if err != nil {
		return statement.ID{}, err
	}
	return s.ID, nil
}

// Verify checks the receipt against the record's origin and the keys that may
// sign its checkpoints (record.LogKeys), and gives the head that covers the entry.
func (r *Receipt) Verify(origin string, keys ...statement.PublicKey) (statement.Head, error) {
	c, _, err := statement.OpenCheckpoint(r.Checkpoint, origin, keys...)
	if err != nil {
		return statement.Head{}, fmt.Errorf("receipt: %w", err)
	}
	if r.Index < 0 || r.Index >= c.Size {
		return statement.Head{}, fmt.Errorf("receipt: entry %d is not below size %d", r.Index, c.Size)
	}
	if err := tlog.CheckRecord(r.Proof, c.Size, c.Root, r.Index, tlog.RecordHash(r.Entry)); err != nil {
		return statement.Head{}, fmt.Errorf("receipt: the proof does not lead from entry %d to the root of size %d", r.Index, c.Size)
	}
	return c.Head(), nil
}
