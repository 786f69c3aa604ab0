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
//	challenge 41d7... (32 hex digits, drawn by the host at its start)
//	method GET
//	path /6f2a.../tile/entries/000
//	body e3b0... (SHA-256 of the body, 64 hex digits)
//	time 1621857600 (seconds since 1970)
//	nonce 9c1f... (32 hex digits, drawn for this request)
//
// and sends, with 68 bytes in base64 (the key's hash as in a signed note, then
// the Ed25519 signature):
//
//	Authorization: Detente iaea 41d7... 1621857600 9c1f... e3b0... AAAA...
//
// The challenge is in the header WWW-Authenticate of every refusal:
//
//	WWW-Authenticate: Detente 41d7...
//
// Promise: a host lets nobody read without such a signature by a key that the
// record has for that name now, made for this host under one of its own names,
// for this request, within five minutes of the host's clock, and not used
// before. So a host that is asked by a reader cannot have the answer from
// another host, and whoever sees a request cannot make it again. A signature
// for one name of a host is none for another name, and a request's is no
// statement.
//
// Its own names are those that its operator gave it and those that the record
// has for it; an address of a machine counts where the request came in at that
// very address and port.
//
// What was asked a host does not remember across its own end, and need not: at
// its next start it draws another challenge, so whatever was signed before
// counts no more. Whoever is refused for that signs anew, with the challenge of
// the refusal; nobody's clock has to be any better for it.
//
// Not promised: what a reader does with what it read nobody can bind.
package access

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"detente/agreement"
	"detente/statement"
)

const (
	scheme = "Detente"
	// Skew is how far the clocks of who asks and who answers may be apart.
	Skew = 5 * time.Minute
	// nonceBytes is how long nonces and challenges are: nobody draws one twice.
	nonceBytes = 16
)

// again ends the challenge of an answer to a request that was made before: who
// signs it anew is answered.
const again = "again"

// tries is how often a request is signed for one answer: anew if the host has
// started since, and anew if it has seen the request.
const tries = 3

// A claim is what a request says of itself.
type claim struct {
	by        agreement.Name
	challenge string // in hex, as what follows
	at        int64
	nonce     string
	body      string
}

// text is what is signed.
func (c claim) text(id agreement.Digest, host, method, path string) []byte {
	return fmt.Appendf(nil, "%sagreement %s\nby %s\nhost %s\nchallenge %s\nmethod %s\npath %s\nbody %s\ntime %d\nnonce %s\n",
		statement.PurposeRead.Line(), id, c.by, host, c.challenge, method, path, c.body, c.at, c.nonce)
}

// Sign signs a request for a record at an instant, with the host's challenge. It
// does not use the body up.
func Sign(r *http.Request, id agreement.Digest, signer statement.Signer, challenge string, at time.Time) error {
	sum, err := digestOf(r)
	if err != nil {
		return fmt.Errorf("reading the request for %s: %w", r.URL, err)
	}
	var nonce [nonceBytes]byte
	rand.Read(nonce[:])
	return sign(r, id, signer, claim{challenge: challenge, at: at.Unix(), nonce: hex.EncodeToString(nonce[:]), body: sum})
}

// sign signs a request as its signer.
func sign(r *http.Request, id agreement.Digest, signer statement.Signer, c claim) error {
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}
	c.by = agreement.Name(signer.Name())
	sig, err := signer.Sign(c.text(id, host, r.Method, r.URL.RequestURI()))
	if err != nil {
		return fmt.Errorf("signing the request for %s: %w", r.URL, err)
	}
	raw := binary.BigEndian.AppendUint32(nil, signer.Public().Hash(string(c.by)))
	r.Header.Set("Authorization", fmt.Sprintf("%s %s %s %d %s %s %s", scheme, c.by, c.challenge, c.at, c.nonce, c.body, base64.StdEncoding.EncodeToString(append(raw, sig...))))
	return nil
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

	once      sync.Once
	challenge atomic.Pointer[string] // the host's newest; nil before a signature was asked for
	signer    statement.Signer
	err       error
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	base := t.Base
	if base == nil {
		base = http.DefaultTransport
	}
	if _, err := digestOf(r); err != nil { // from here on the body can be read again
		return nil, fmt.Errorf("reading the request for %s: %w", r.URL, err)
	}
	if t.challenge.Load() == nil {
		plain := r.Clone(r.Context()) // a request may be sent once
		if err := rewind(plain, r); err != nil {
			return nil, err
		}
		resp, err := base.RoundTrip(plain)
		if err != nil {
			return nil, err
		}
		challenge, _, ok := challengeOf(resp)
		if !ok {
			return resp, nil
		}
		t.once.Do(func() { t.signer, t.err = t.Key() })
		if t.err != nil {
			resp.Body.Close()
			return nil, fmt.Errorf("the record is private, and no key was given that may read it: %w", t.err)
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can serve again
		resp.Body.Close()
		t.challenge.Store(&challenge)
	}
	return t.signed(base, r)
}

// signed sends the request with a signature, and with another one if the host
// has seen the first, which a connection that broke may have brought there
// unnoticed, or has started since it gave its challenge.
func (t *Transport) signed(base http.RoundTripper, r *http.Request) (*http.Response, error) {
	now := t.Now
	if now == nil {
		now = time.Now
	}
	for try := 1; ; try++ {
		one, challenge := r.Clone(r.Context()), *t.challenge.Load()
		if err := rewind(one, r); err != nil {
			return nil, err
		}
		if err := Sign(one, t.Agreement, t.signer, challenge, now()); err != nil {
			return nil, err
		}
		resp, err := base.RoundTrip(one)
		if err != nil {
			return nil, err
		}
		next, seen, ok := challengeOf(resp)
		if ok && next != challenge {
			t.challenge.Store(&next)
		}
		if !ok || try == tries || next == challenge && !seen {
			return resp, nil
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10))
		resp.Body.Close()
	}
}

// rewind gives a copy of a request its body from the beginning.
func rewind(one, r *http.Request) (err error) {
	if r.GetBody != nil {
		one.Body, err = r.GetBody()
	}
	return err
}

// challengeOf is the challenge of an answer that asks for a signature, and
// whether the host has seen the request before.
func challengeOf(resp *http.Response) (challenge string, seen, ok bool) {
	f := strings.Split(resp.Header.Get("WWW-Authenticate"), " ")
	seen = len(f) == 3 && f[2] == again
	if resp.StatusCode != http.StatusUnauthorized || f[0] != scheme || len(f) != 2 && !seen || !isHex(f[1], nonceBytes) {
		return "", false, false
	}
	return f[1], seen, true
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
		return n, errBody
	}
	return n, err
}
