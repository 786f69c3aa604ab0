package mirror

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"detente/agreement"
	"detente/record"
	"detente/statement"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrNotFound says that the other side does not have what was asked for.
var ErrNotFound = errors.New("not found")

// A RefusedError is a depositary's refusal: the rule cited, and what to do.
type RefusedError struct {
	Status int
	Code   string
	Reason string
	Hint   string

	cost float64 // where it is refused: what the request costs besides
}

func (e *RefusedError) Error() string {
	s := fmt.Sprintf("the depositary refused: %s: %s", e.Code, e.Reason)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// A Client talks to a depositary, or to anybody's mirror, about one record. It
// believes nothing that it cannot check against the agreement's id. Its
// methods may be called at the same time.
type Client struct {
	base string // without a slash at the end
	id   agreement.Digest
	http *http.Client

	within time.Duration // for one request

	mu     sync.Mutex
	bundle *agreement.Bundle
	text   *agreement.Agreement
	copy   *Follower // the copy that follows by this client; nil if none does
}

// NewClient is a client for the record of the agreement id at a depositary's
// base address, for example "http://127.0.0.1:7001". hc may be nil.
func NewClient(base string, id agreement.Digest, hc *http.Client) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("address %q: want http:// or https://, a host and a port, for example http://127.0.0.1:7001", base)
	}
	if hc == nil {
		hc = &http.Client{}
	}
	return &Client{base: strings.TrimSuffix(base, "/") + "/" + id.String(), id: id, http: hc, within: fetchWithin}, nil
}

// ID is the agreement's id.
func (c *Client) ID() agreement.Digest { return c.id }

// Address is where the client finds the record.
func (c *Client) Address() string { return c.base }

// do sends a request below the record's address and reads at most limit bytes
// of a good answer.
func (c *Client) do(ctx context.Context, method, path string, body []byte, limit int64) ([]byte, error) {
	b, status, err := c.ask(ctx, method, path, body, limit)
	if err == nil && status != http.StatusOK {
		return nil, fmt.Errorf("%s: status %d", path, status)
	}
	return b, err
}

// ask is do, and gives the status of a good answer: 200, or 202 of a POST.
func (c *Client) ask(ctx context.Context, method, path string, body []byte, limit int64) ([]byte, int, error) {
	ctx, cancel := context.WithTimeout(ctx, c.within)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, c.base+"/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/octet-stream")
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && (method != http.MethodPost || resp.StatusCode != http.StatusAccepted) {
		return nil, 0, refusalOf(resp, path)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, 0, fmt.Errorf("reading %s: %w", path, err)
	}
	if int64(len(b)) > limit {
		return nil, 0, fmt.Errorf("reading %s: more than %d bytes", path, limit)
	}
	return b, resp.StatusCode, nil
}

func refusalOf(resp *http.Response, path string) error {
	b, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal)) // a refusal without words is still one
	var j struct{ Code, Error, Hint string }
	if json.Unmarshal(b, &j) == nil && j.Code != "" {
		if resp.StatusCode == http.StatusNotFound {
			return fmt.Errorf("%s: %w: %s", path, ErrNotFound, j.Error)
		}
		return &RefusedError{Status: resp.StatusCode, Code: j.Code, Reason: j.Error, Hint: j.Hint}
	}
	if resp.StatusCode == http.StatusNotFound {
		return fmt.Errorf("%s: %w", path, ErrNotFound)
	}
	return fmt.Errorf("%s: status %s", path, resp.Status)
}

// Bundle fetches the agreement's bundle; its digest is the agreement's id.
func (c *Client) Bundle(ctx context.Context) (*agreement.Bundle, error) {
	b, _, err := c.load(ctx)
	return b, err
}

// Agreement fetches the bundle and reads it.
func (c *Client) Agreement(ctx context.Context) (*agreement.Agreement, error) {
	_, a, err := c.load(ctx)
	return a, err
}

func (c *Client) load(ctx context.Context) (*agreement.Bundle, *agreement.Agreement, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.text != nil {
		return c.bundle, c.text, nil
	}
	archive, err := c.do(ctx, http.MethodGet, "bundle", nil, record.MaxBundle)
	if err != nil {
		return nil, nil, fmt.Errorf("fetching the agreement: %w", err)
	}
	b, err := record.DecodeBundle(archive)
	if err != nil {
		return nil, nil, fmt.Errorf("fetching the agreement: %w", err)
	}
	a, err := readAgreement(b, c.id)
	if err != nil {
		return nil, nil, fmt.Errorf("fetching the agreement: %w", err)
	}
	c.bundle, c.text = b, a
	return b, a, nil
}

// follows has the client judge by the copy that follows the record by it.
func (c *Client) follows(f *Follower) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.copy = f
}

func (c *Client) follower() *Follower {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.copy
}

// verify judges a receipt by who hosts the record at its size: as the copy
// that follows it says, which looks again if it knows of nobody with that key.
// Who follows no copy has the text alone.
func (c *Client) verify(ctx context.Context, r *Receipt) error {
	f := c.follower()
	if f == nil {
		a, err := c.Agreement(ctx)
		if err != nil {
			return err
		}
		keys, err := record.LogKeys(a)
		if err == nil {
			_, err = r.Verify(record.Origin(a), keys...)
		}
		if errors.Is(err, statement.ErrUnsigned) {
			err = fmt.Errorf("%w; this is judged by the agreement's first text: if an amendment names another host, follow the record", err)
		}
		return err
	}
	at, err := f.unsigned(r.Checkpoint)
	if err != nil {
		return fmt.Errorf("receipt: %w", err)
	}
	if _, err = r.Verify(f.origin, f.entitled(at.Size)...); !errors.Is(err, statement.ErrUnsigned) {
		return err
	}
	if news := f.Update(ctx); news != nil {
		return errors.Join(err, news)
	}
	_, err = r.Verify(f.origin, f.entitled(at.Size)...)
	return err
}

// Submit hands a statement's note, or a proof of time (record.ProofEntry), to
// the depositary. It returns when the entry is proved to be on the record.
// Submitting again is harmless: the same index comes back. A refusal is a
// *RefusedError. At the address of a mirror, which can only promise to submit
// it, the error is ErrOnlyHanded: see HandIn.
func (c *Client) Submit(ctx context.Context, entry []byte) (*Receipt, error) {
	r, _, err := c.HandIn(ctx, entry)
	if err == nil && r == nil {
		err = ErrOnlyHanded
	}
	if err != nil {
		return nil, fmt.Errorf("submitting: %w", err)
	}
	return r, nil
}

// ErrOnlyHanded says that an entry was handed to somebody who will submit it,
// and that it is not on the record yet.
var ErrOnlyHanded = errors.New("the address is that of a mirror or custodian: it keeps the entry and will submit it; whether it is on the record is not known")

// HandIn hands an entry to a depositary, or to a mirror or custodian (second
// intake). Either the receipt proves that it is on the record, or handed is a
// signed receipt for it, whose signature the caller verifies with the record's
// keys (Handed.Find). An entry that is not on the record of a depositary is
// refused: a *RefusedError.
func (c *Client) HandIn(ctx context.Context, entry []byte) (r *Receipt, handed *Handed, err error) {
	if _, err := c.Agreement(ctx); err != nil {
		return nil, nil, err
	}
	answer, status, err := c.ask(ctx, http.MethodPost, "submit", entry, maxReceipt)
	if err != nil {
		return nil, nil, err
	}
	if status == http.StatusAccepted {
		if handed, err = decodeHanded(answer, entry); err == nil && handed.Agreement != c.id {
			err = fmt.Errorf("%w: it is for agreement %s", ErrReceipt, handed.Agreement)
		}
		return nil, handed, err
	}
	if r, err = decodeReceipt(answer, entry); err != nil {
		return nil, nil, err
	}
	if err := c.verify(ctx, r); err != nil {
		return nil, nil, err
	}
	return r, nil, c.checkCopy(r, entry)
}

// checkCopy looks at an entry that is the statement submitted with other
// signatures. The depositary could have put a copy there that has no force, and
// let its author believe that it was said in time. It is judged by the keys as
// far as the copy goes that follows by this client, or else by the text's.
func (c *Client) checkCopy(r *Receipt, submitted []byte) error {
	if bytes.Equal(r.Entry, submitted) {
		return nil
	}
	s, err := statement.Parse(r.Entry)
	if err != nil {
		return err
	}
	keys, ok, err := c.keysOf(s.By)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("receipt: %s has no keys in this agreement", s.By)
	}
	if err := keys.Verify(s); err != nil {
		return fmt.Errorf("receipt: entry %d is this statement with other signatures, which the keys known here do not bear out (%w): read the record to see whether it counts, and if not send it again", r.Index, err)
	}
	return nil
}

func (c *Client) keysOf(name agreement.Name) (keys statement.KeySet, ok bool, err error) {
	if f := c.follower(); f != nil {
		f.With(func(fold *record.Fold) { keys, ok = fold.Keys(name) })
		return keys, ok, nil
	}
	f, err := record.NewFold(c.text)
	if err != nil {
		return keys, false, err
	}
	keys, ok = f.Keys(name)
	return keys, ok, nil
}

// Head fetches the newest signed checkpoint. With after >= 0 the depositary is
// asked to answer when the record has more than after entries, or after a while.
func (c *Client) Head(ctx context.Context, after int64) ([]byte, error) {
	return c.do(ctx, http.MethodGet, "head"+query(after), nil, statement.MaxNote)
}

// Checkpoint fetches the newest checkpoint that a quorum of witnesses cosigned;
// before there is one, the newest that is only signed. after is as for Head.
func (c *Client) Checkpoint(ctx context.Context, after int64) ([]byte, error) {
	return c.do(ctx, http.MethodGet, "checkpoint"+query(after), nil, statement.MaxNote)
}

func query(after int64) string {
	if after < 0 {
		return ""
	}
	return fmt.Sprintf("?after=%d", after)
}

// tile fetches a tile's bytes, unverified. A full tile serves where a partial
// one is no longer kept.
func (c *Client) tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	limit := int64(maxEntryTile)
	if t.L != entryLevel {
		limit = tileWidth * tlog.HashSize
	}
	b, err := c.do(ctx, http.MethodGet, tilePath(t), nil, limit)
	if errors.Is(err, ErrNotFound) && t.W < tileWidth {
		t.W = tileWidth
		b, err = c.do(ctx, http.MethodGet, tilePath(t), nil, limit)
	}
	return b, err
}

// entries fetches the entries from index lo up to size, unverified.
func (c *Client) entries(ctx context.Context, lo, size int64) ([][]byte, error) {
	var all [][]byte
	for n := lo / tileWidth; n*tileWidth < size; n++ {
		t := entryTile(n, size)
		b, err := c.tile(ctx, t)
		if err != nil {
			return nil, err
		}
		part, err := decodeEntries(b)
		if err != nil || len(part) < t.W {
			return nil, fmt.Errorf("%s: want %d entries, have %d: %v", tilePath(t), t.W, len(part), err)
		}
		all = append(all, part[max(lo-n*tileWidth, 0):t.W]...)
	}
	return all, nil
}

// Object fetches an object and checks its digest.
func (c *Client) Object(ctx context.Context, digest agreement.Digest) ([]byte, error) {
	b, err := c.do(ctx, http.MethodGet, "object/"+digest.String(), nil, MaxObject)
	if err != nil {
		return nil, err
	}
	if got := digestOf(b); got != digest {
		return nil, fmt.Errorf("object %s: what came has the digest %s", digest, got)
	}
	return b, nil
}

// PutObject stores an object at the depositary and gives its digest.
func (c *Client) PutObject(ctx context.Context, data []byte) (agreement.Digest, error) {
	want := digestOf(data)
	answer, err := c.do(ctx, http.MethodPost, "object", data, 256)
	if err != nil {
		return agreement.Digest{}, fmt.Errorf("storing an object: %w", err)
	}
	if got := strings.TrimSpace(string(answer)); got != want.String() {
		return agreement.Digest{}, fmt.Errorf("storing an object: the depositary stored %.64q, not %s", got, want)
	}
	return want, nil
}
