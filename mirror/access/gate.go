package access

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"detente/agreement"
	"detente/internal/httpserve"
	"detente/statement"
)

// A Gate lets those through who may read.
type Gate struct {
	Agreement agreement.Digest
	// Keys are those of a name that may read now; none for anybody else.
	Keys func(agreement.Name) []statement.PublicKey
	// Open says which requests anybody may make.
	Open func(*http.Request) bool
	// Names are this host's own, for example "records.example" or
	// "https://records.example:7001"; nil if it has none but its address.
	Names func() []string
	// Seen is what the host has answered; nil: the gate remembers for itself.
	Seen *Seen
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
	if g.Seen == nil {
		g.Seen = NewSeen()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.Open != nil && g.Open(r) {
			h.ServeHTTP(w, r)
			return
		}
		name, err := g.Check(r)
		if err != nil {
			g.Seen.Refuse(w, r, err)
			return
		}
		w.Header().Set("Vary", "Authorization")
		w.Header().Set("Cache-Control", "private")
		h.ServeHTTP(w, r.WithContext(withReader(r.Context(), name)))
	})
}

// ErrUnsigned is a request for a private record that nobody signed.
var ErrUnsigned = errors.New("this record is private: only requests signed by one of its parties, custodians, devices, depositaries or readers are answered")

// Why a signed request is refused, for tests and to tell them apart.
var (
	errForm      = errors.New("the authorization is not of the form `Detente NAME CHALLENGE TIME NONCE DIGEST SIGNATURE`")
	errStale     = errors.New("the request was signed for another start of this host, or for another host: it is signed anew with the challenge of this answer")
	errClock     = errors.New("the clocks are too far apart")
	errSignature = errors.New("no key that may read this record signed this request")
	errHost      = errors.New("the request was signed for a host that this one is not")
	errBody      = errors.New("the body is not the one that was signed")
)

// costOf is what a refused request costs besides, of its sender's rate. Who asked
// without a signature, or with the challenge of another start, did what he had to.
func costOf(err error) float64 {
	switch {
	case errors.Is(err, errSignature):
		return httpserve.CostSignature
	case errors.Is(err, errForm), errors.Is(err, errClock), errors.Is(err, errHost), errors.Is(err, errSeen):
		return httpserve.CostRefused
	}
	return 0
}

// Refuse answers a request that Check refused, with the challenge to sign, and
// charges it to whoever made it.
func (s *Seen) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	httpserve.Charge(r.Context(), costOf(err))
	challenge := scheme + " " + s.challenge
	if errors.Is(err, errSeen) {
		challenge += " " + again
	}
	if errors.Is(err, errCrowd) {
		httpserve.Busy(w, http.StatusTooManyRequests, time.Minute, err.Error())
		return
	}
	w.Header().Set("WWW-Authenticate", challenge)
	httpserve.Refuse(w, http.StatusUnauthorized, httpserve.Refusal{Code: "private", Error: err.Error(),
		Hint: "give a key that the agreement names: --key FILE, with --as NAME for a reader"})
}

// Check says who makes a request, or why nobody is known to. The request's body
// then ends in an error unless it is the one that was signed.
func (g *Gate) Check(r *http.Request) (agreement.Name, error) {
	header := r.Header.Values("Authorization")
	if len(header) == 0 {
		return "", ErrUnsigned
	}
	c, raw, ok := parse(header)
	if !ok {
		return "", errForm
	}
	if c.challenge != g.Seen.challenge {
		return "", errStale
	}
	now := time.Now
	if g.Now != nil {
		now = g.Now
	}
	if off := now().Unix() - c.at; off > int64(Skew.Seconds()) || off < -int64(Skew.Seconds()) {
		return "", fmt.Errorf("%w: the request was signed at %s and it is %s here, and they may be %s apart", errClock, time.Unix(c.at, 0).UTC().Format(time.RFC3339), now().UTC().Format(time.RFC3339), Skew)
	}
	message := c.text(g.Agreement, r.Host, r.Method, r.RequestURI)
	if !g.signed(c, message, raw) {
		return "", fmt.Errorf("%w as %s", errSignature, c.by)
	}
	var names []string
	if g.Names != nil {
		names = g.Names()
	}
	if !ours(r, names) {
		return "", fmt.Errorf("%w: it does not know %q as a name of its own; whoever runs it gives it the name with --host, or the text does", errHost, r.Host)
	}
	if err := g.Seen.once(c.by, message, c.at, now().Unix()); err != nil {
		return "", err
	}
	r.Body = &checkedBody{r.Body, sha256.New(), c.body}
	return c.by, nil
}

// signed is whether a key that may read as whom the claim says signed it.
func (g *Gate) signed(c claim, message, raw []byte) bool {
	for _, k := range g.Keys(c.by) {
		if k.Hash(string(c.by)) == binary.BigEndian.Uint32(raw) && statement.VerifyEd25519(k[:], message, raw[4:]) {
			return true
		}
	}
	return false
}

// parse reads the one header; raw is the key's hash and the signature.
func parse(header []string) (c claim, raw []byte, ok bool) {
	f := strings.Split(header[0], " ")
	if len(header) != 1 || len(f) != 7 || f[0] != scheme || !statement.ValidName(agreement.Name(f[1])) {
		return c, nil, false
	}
	c.by, c.challenge, c.nonce, c.body = agreement.Name(f[1]), f[2], f[4], f[5]
	var err error
	if c.at, err = strconv.ParseInt(f[3], 10, 64); err != nil || strconv.FormatInt(c.at, 10) != f[3] || c.at < 0 {
		return c, nil, false
	}
	raw, err = base64.StdEncoding.Strict().DecodeString(f[6])
	return c, raw, err == nil && len(raw) == 4+64 && isHex(c.challenge, nonceBytes) && isHex(c.nonce, nonceBytes) && isHex(c.body, sha256.Size)
}

// isHex is whether a text is so many bytes in lower-case hex.
func isHex(s string, n int) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == n && hex.EncodeToString(b) == s
}
