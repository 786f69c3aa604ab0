package mirror

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"detente/agreement"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// A Witness is the client of a C2SP tlog-witness for one record. It remembers
// the size that the witness cosigned last. Its methods may be called at the
// same time.
type Witness struct {
	Name    agreement.Name
	Key     statement.WitnessKey
	Address string // for example "http://127.0.0.1:7101"
	HTTP    *http.Client

	mu   sync.Mutex
	size int64
}

// Witnesses are the clients of the witnesses in an agreement's quorum, in its
// order. Addresses by name go before the hints in the text; hc may be nil.
func Witnesses(a *agreement.Agreement, addresses map[agreement.Name]string, hc *http.Client) ([]*Witness, error) {
	var all []*Witness
	for _, name := range a.Quorum.Of {
		i := slices.IndexFunc(a.Witnesses, func(w *agreement.Witness) bool { return w.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("witness %s: it is in the quorum and not declared", name)
		}
		key, err := statement.ParseWitnessKey(a.Witnesses[i].Key)
		if err != nil {
			return nil, fmt.Errorf("witness %s: %w", name, err)
		}
		address := addresses[name]
		if address == "" {
			address = a.Witnesses[i].Address
		}
		all = append(all, &Witness{Name: name, Key: key, Address: address, HTTP: hc})
	}
	return all, nil
}

// A SizeError says that a witness cosigned another size of this record, or
// another history of it.
type SizeError struct {
	Witness agreement.Name
	Size    int64
	// Contradicts says that the witness refused a checkpoint of at least this
	// size because it does not follow from the one of this size that it
	// cosigned (422). Nothing else that this client sends is answered so.
	Contradicts bool
}

func (e *SizeError) Error() string {
	if e.Contradicts {
		return fmt.Sprintf("witness %s: it cosigned size %d of another history of this record", e.Witness, e.Size)
	}
	return fmt.Sprintf("witness %s: it cosigned size %d of this record", e.Witness, e.Size)
}

// ErrUnknownLog says that a witness does not know the record.
var ErrUnknownLog = errors.New("the witness does not know this record: register it there")

// maxSignatureLines bounds a witness's answer: lines of ordinary keys.
const maxSignatureLines = 16 << 10

// Cosign asks the witness for its line on a signed checkpoint. tree holds the
// record's hashes up to the checkpoint's size. If the witness turns out to
// have cosigned a smaller size, it is asked once more with the proof from
// there; if a larger one, or a contradicting one, the error is a *SizeError.
func (w *Witness) Cosign(ctx context.Context, note []byte, tree tlog.HashReader) (statement.Signature, agreement.Instant, error) {
	w.mu.Lock()
	old := w.size
	w.mu.Unlock()
	n, err := statement.ParseNote(note)
	if err != nil {
		return statement.Signature{}, 0, err
	}
	c, err := statement.ParseCheckpoint(n.Text)
	if err != nil {
		return statement.Signature{}, 0, err
	}
	old = min(old, c.Size)
	line, at, err := w.ask(ctx, c, n, note, old, tree)
	if other, ok := errors.AsType[*SizeError](err); ok && other.Size <= c.Size && other.Size != old {
		line, at, err = w.ask(ctx, c, n, note, other.Size, tree)
	}
	if err == nil {
		w.mu.Lock()
		w.size = max(w.size, c.Size)
		w.mu.Unlock()
	}
	return line, at, err
}

// ask posts one request.
func (w *Witness) ask(ctx context.Context, c statement.Checkpoint, n *statement.Note, note []byte, old int64, tree tlog.HashReader) (statement.Signature, agreement.Instant, error) {
	var none statement.Signature
	var body bytes.Buffer
	fmt.Fprintf(&body, "old %d\n", old)
	if old > 0 {
		proof, err := tlog.ProveTree(c.Size, old, tree)
		if err != nil {
			return none, 0, fmt.Errorf("witness %s: proving that size %d extends %d: %w", w.Name, c.Size, old, err)
		}
		for _, h := range proof {
			fmt.Fprintf(&body, "%s\n", h)
		}
	}
	body.WriteByte('\n')
	body.Write(note)
	status, answer, err := w.send(ctx, http.MethodPost, "/add-checkpoint", body.Bytes(), maxSignatureLines)
	if err != nil {
		return none, 0, err
	}
	switch status {
	case http.StatusOK:
		return w.line(n, answer)
	case http.StatusNotFound:
		return none, 0, fmt.Errorf("witness %s: %w", w.Name, ErrUnknownLog)
	case http.StatusConflict:
		text := strings.TrimSuffix(string(answer), "\n")
		size, err := strconv.ParseInt(text, 10, 64)
		if err != nil || size < 0 || strconv.FormatInt(size, 10) != text {
			return none, 0, fmt.Errorf("witness %s: status 409 without a size", w.Name)
		}
		return none, 0, &SizeError{Witness: w.Name, Size: size}
	case http.StatusUnprocessableEntity:
		return none, 0, &SizeError{Witness: w.Name, Size: old, Contradicts: true}
	}
	return none, 0, fmt.Errorf("witness %s: status %d: %.200q", w.Name, status, answer)
}

// line finds the witness's own line in an answer and verifies it.
func (w *Witness) line(n *statement.Note, answer []byte) (statement.Signature, agreement.Instant, error) {
	signed, err := statement.ParseNote(append(append(bytes.Clone(n.Text), '\n'), answer...))
	if err != nil {
		return statement.Signature{}, 0, fmt.Errorf("witness %s: its answer: %w", w.Name, err)
	}
	for _, sig := range signed.Sigs {
		if w.Key.Made(sig) {
			at, err := w.Key.VerifyCosignature(n.Text, sig)
			if err != nil {
				return statement.Signature{}, 0, fmt.Errorf("witness %s: its answer: %w", w.Name, err)
			}
			return sig, at, nil
		}
	}
	return statement.Signature{}, 0, fmt.Errorf("witness %s: its answer has no line of its key", w.Name)
}

// Latest fetches the largest checkpoint that the witness cosigned, unverified.
// Not every witness program tells; ErrNotFound then.
func (w *Witness) Latest(ctx context.Context, origin string) ([]byte, error) {
	status, note, err := w.send(ctx, http.MethodGet, "/"+OriginHash(origin)+"/checkpoint", nil, statement.MaxNote)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("witness %s: %w", w.Name, ErrNotFound)
	}
	return note, nil
}

// Register gives the witness a record's bundle. Witnesses of other programs do
// not know this request (ErrNotFound): their operators register the record.
func (w *Witness) Register(ctx context.Context, bundle []byte) error {
	status, answer, err := w.send(ctx, http.MethodPost, "/register", bundle, maxRefusal)
	switch {
	case err != nil:
		return err
	case status == http.StatusOK:
		return nil
	case status == http.StatusNotFound || status == http.StatusMethodNotAllowed:
		return fmt.Errorf("witness %s: %w", w.Name, ErrNotFound)
	}
	return fmt.Errorf("witness %s: registering: status %d: %.300q", w.Name, status, answer)
}

func (w *Witness) send(ctx context.Context, method, path string, body []byte, limit int64) (int, []byte, error) {
	if w.Address == "" {
		return 0, nil, fmt.Errorf("witness %s: no address of it is known: the text gives none, and none was given besides", w.Name)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(w.Address, "/")+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("witness %s: %w", w.Name, err)
	}
	hc := w.HTTP
	if hc == nil {
		hc = http.DefaultClient
	}
	resp, err := hc.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("witness %s: %w", w.Name, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, limit))
	if err != nil {
		return 0, nil, fmt.Errorf("witness %s: %w", w.Name, err)
	}
	return resp.StatusCode, answer, nil
}
