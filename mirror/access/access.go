// Package access is how a request for a private record shows who asks, and how
// a host tells who may read.
//
// A private record is read by the keys of its parties, devices, custodians,
// depositaries and readers. Whoever asks signs each request, over a text of
// its own purpose:
//
//	detente/read/1
//	agreement 6f2a... (64 hex digits)
//	by iaea
//	host records.example:7001
//	method GET
//	path /6f2a.../tile/entries/000
//	body e3b0... (SHA-256 of the body, 64 hex digits)
//	time 1621857600 (seconds since 1970)
//
// and sends, with 68 bytes in base64 (the key's hash as in a signed note, then
// the Ed25519 signature):
//
//	Authorization: Detente iaea 1621857600 e3b0... AAAA...
//
// Promise: a host lets nobody read without such a signature by a key that the
// record has for that name now, made for this host, this request and within
// five minutes of the host's clock. A signature for one name of a host is none
// for another name, and a request's is no statement.
//
// Not promised: that a host is asked under its own name. It does not know all the
// names under which it is reached, so whoever is asked in its place can pass the
// request on, with the name that was signed, and read the one answer. A proxy in
// front that answers to its own names alone ends that.
//
// Not promised: that a request is made once. Whoever can read the connection
// can repeat it within the five minutes, and could read the answer anyway: use
// TLS. What a reader does with what it read nobody can bind.
package access

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"detente/agreement"
	"detente/internal/httpserve"
	"detente/statement"
)

const (
	scheme = "Detente"
	// Skew is how far the clocks of who asks and who answers may be apart.
	Skew = 5 * time.Minute
)

// text is what is signed.
func text(id agreement.Digest, by agreement.Name, host, method, path, body string, at int64) []byte {
	return fmt.Appendf(nil, "%sagreement %s\nby %s\nhost %s\nmethod %s\npath %s\nbody %s\ntime %d\n",
		statement.PurposeRead.Line(), id, by, host, method, path, body, at)
}

// A Transport signs requests from the first that is refused without a
// signature. It may be used by several goroutines.
type Transport struct {
	Agreement agreement.Digest
	// Key gives the key of who asks; its name is the one that the text
	// declares. It is called once, when a signature is asked for.
	Key  func() (statement.Signer, error)
	Base http.RoundTripper // http.DefaultTransport if nil
	Now  func() time.Time  // time.Now if nil

	once   sync.Once
	asked  atomic.Bool
	signer statement.Signer
	err    error
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	sum, err := digestOf(r)
	if err != nil {
		return nil, fmt.Errorf("reading the request for %s: %w", r.URL, err)
	}
	if !t.asked.Load() {
		plain := r.Clone(r.Context()) // a request may be sent once
		if r.GetBody != nil {
			if plain.Body, err = r.GetBody(); err != nil {
				return nil, err
			}
		}
		resp, err := base.RoundTrip(plain)
		if err != nil || resp.StatusCode != http.StatusUnauthorized || resp.Header.Get("WWW-Authenticate") != scheme {
			return resp, err
		}
		t.once.Do(func() { t.signer, t.err = t.Key() })
		if t.err != nil {
			resp.Body.Close()
			return nil, fmt.Errorf("the record is private, and no key was given that may read it: %w", t.err)
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can serve again
		resp.Body.Close()
		t.asked.Store(true)
	}
	return t.signed(base, r, sum)
}

// signed sends the request with a signature.
func (t *Transport) signed(base http.RoundTripper, r *http.Request, sum string) (*http.Response, error) {
	now := t.Now
	if now == nil {
		now = time.Now
	}
	name := agreement.Name(t.signer.Name())
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	at := now().Unix()
	sig, err := t.signer.Sign(text(t.Agreement, name, host, r.Method, r.URL.RequestURI(), sum, at))
	if err != nil {
		return nil, fmt.Errorf("signing the request for %s: %w", r.URL, err)
	}
	raw := binary.BigEndian.AppendUint32(nil, t.signer.Public().Hash(string(name)))
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", fmt.Sprintf("%s %s %d %s %s", scheme, name, at, sum, base64.StdEncoding.EncodeToString(append(raw, sig...))))
	return base.RoundTrip(r)
}

// digestOf is the SHA-256 of a request's body, in hex. It does not use it up.
func digestOf(r *http.Request) (string, error) {
	h := sha256.New()
	if r.Body != nil && r.Body != http.NoBody {
		if r.GetBody == nil {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				return "", err
			}
			r.Body.Close()
			r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
			r.Body, _ = r.GetBody()
		}
		b, err := r.GetBody()
		if err != nil {
			return "", err
		}
		defer b.Close()
		if _, err := io.Copy(h, b); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// A Gate lets those through who may read.
type Gate struct {
	Agreement agreement.Digest
	// Keys are those of a name that may read now; none for anybody else.
	Keys func(agreement.Name) []statement.PublicKey
	// Open says which requests anybody may make.
	Open func(*http.Request) bool
	Now  func() time.Time // time.Now if nil
}

// Checkpoints are the requests for a record's checkpoints, below a path: what
// everybody may read of a private record. They say that it exists, how long it
// is, and who witnessed it.
func Checkpoints(below string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return r.Method == http.MethodGet && (r.URL.Path == below+"/checkpoint" || r.URL.Path == below+"/head")
	}
}

type readerKey struct{}

// Wrap refuses what the gate does not let through. The path that was signed is
// that of the request as it came.
func (g *Gate) Wrap(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.Open != nil && g.Open(r) {
			h.ServeHTTP(w, r)
			return
		}
		name, body, err := g.check(r)
		if err != nil {
			w.Header().Set("WWW-Authenticate", scheme)
			httpserve.Refuse(w, http.StatusUnauthorized, httpserve.Refusal{Code: "private", Error: err.Error(),
				Hint: "give a key that the agreement names: --key FILE, with --as NAME for a reader"})
			return
		}
		w.Header().Set("Vary", "Authorization")
		w.Header().Set("Cache-Control", "private")
		r = r.WithContext(withReader(r.Context(), name))
		r.Body = &checkedBody{r.Body, sha256.New(), body}
		h.ServeHTTP(w, r)
	})
}

// check says who asks, and the digest that its body must have.
func (g *Gate) check(r *http.Request) (agreement.Name, string, error) {
	header := r.Header.Values("Authorization")
	if len(header) == 0 {
		return "", "", errors.New("this record is private: only requests signed by one of its parties, custodians, devices, depositaries or readers are answered")
	}
	f := strings.Split(header[0], " ")
	if len(header) != 1 || len(f) != 5 || f[0] != scheme || !statement.ValidName(agreement.Name(f[1])) {
		return "", "", errors.New("the authorization is not of the form `Detente NAME TIME DIGEST SIGNATURE`")
	}
	name, body := agreement.Name(f[1]), f[3]
	at, err := strconv.ParseInt(f[2], 10, 64)
	raw, err2 := base64.StdEncoding.Strict().DecodeString(f[4])
	if err != nil || strconv.FormatInt(at, 10) != f[2] || err2 != nil || len(raw) != 4+64 || len(body) != 2*sha256.Size {
		return "", "", errors.New("the authorization is not of the form `Detente NAME TIME DIGEST SIGNATURE`")
	}
	now := time.Now
	if g.Now != nil {
		now = g.Now
	}
	if off := now().Unix() - at; off > int64(Skew.Seconds()) || off < -int64(Skew.Seconds()) {
		return "", "", fmt.Errorf("the request was signed at %s and it is %s here: the clocks may be %s apart", time.Unix(at, 0).UTC().Format(time.RFC3339), now().UTC().Format(time.RFC3339), Skew)
	}
	message := text(g.Agreement, name, r.Host, r.Method, r.RequestURI, body, at)
	for _, k := range g.Keys(name) {
		if k.Hash(string(name)) == binary.BigEndian.Uint32(raw) && statement.VerifyEd25519(k[:], message, raw[4:]) {
			return name, body, nil
		}
	}
	return "", "", fmt.Errorf("no key that may read this record as %s signed this request", name)
}

// A checkedBody ends in an error if it is not the body that was signed.
type checkedBody struct {
	io.ReadCloser
	sum  hash.Hash
	want string
}

func (b *checkedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.sum.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(b.sum.Sum(nil)) != b.want {
		return n, errors.New("the body is not the one that was signed")
	}
	return n, err
}
