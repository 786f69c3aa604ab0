package access

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"detente/agreement"
	"detente/statement"
)

var update = flag.Bool("update", false, "write the vectors of spec/vectors/access anew")

const vectorFile = "../../spec/vectors/access/requests.json"

type (
	// A requestVector is a request, what the host that it reaches knows, and the answer.
	requestVector struct {
		Name   string       `json:"name"`
		Seed   string       `json:"seed"`   // of the Ed25519 key that signs, hex
		Key    string       `json:"key"`    // its public key
		Signed string       `json:"signed"` // the bytes signed
		Sent   sentVector   `json:"sent"`
		Host   hostVector   `json:"host"`
		Answer answerVector `json:"answer"`
	}
	sentVector struct {
		Method string   `json:"method"`
		Path   string   `json:"path"` // the request target
		Host   string   `json:"host"`
		Header []string `json:"authorization"` // each value of a header Authorization
		Body   string   `json:"body"`
	}
	hostVector struct {
		Agreement string              `json:"agreement"`
		Keys      map[string][]string `json:"keys"`  // in force, by name
		Names     []string            `json:"names"` // its own
		Local     string              `json:"local"` // the address and port at which the request came in
		Challenge string              `json:"challenge"`
		Clock     int64               `json:"clock"`
		Seen      bool                `json:"seen"` // it has answered this very request
	}
	answerVector struct {
		Reader    string `json:"reader"`    // for whom it is answered; empty if it is refused
		Why       string `json:"why"`       // it is refused, as ruleErrors have it
		Challenge string `json:"challenge"` // the header WWW-Authenticate of a refusal
	}
)

// ruleErrors are the reasons by which the vectors say why a request is refused.
var ruleErrors = map[string]error{
	"unsigned": ErrUnsigned, "form": errForm, "challenge": errStale, "time": errClock,
	"signature": errSignature, "host": errHost, "seen": errSeen, "body": errBody,
}

const (
	vectorID    = "6f2a00000000000000000000000000000000000000000000000000000000beef"
	vectorClock = 1621857600
	vectorNonce = "9c1f6f0c7d1e4a55b0a3c2d4e5f60718"
	vectorDraw  = "41d7c00f8a2b4c6d9e0f112233445566"
)

func vectorSeed(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func vectorSigner(t *testing.T, name string, seed []byte) statement.Signer {
	t.Helper()
	s, err := statement.NewSigner(name, seed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A vectorCase is a request by iaea for the record's bundle that is answered, with
// what is different about it: before it is signed, on its way, and at the host.
type vectorCase struct {
	name, why string
	by        string // iaea if empty
	seed      byte   // 1 if 0
	claim     func(*claim)
	request   func(*http.Request)
	sent      func(*sentVector)
	host      func(*hostVector)
	id        string // the record that is signed, if another
}

func (c vectorCase) make(t *testing.T) requestVector {
	t.Helper()
	if c.by == "" {
		c.by = "iaea"
	}
	seed := vectorSeed(max(c.seed, 1))
	signer := vectorSigner(t, c.by, seed)
	r := httptest.NewRequest("GET", "http://records.example:7001/"+vectorID+"/bundle", nil)
	if c.request != nil {
		c.request(r)
	}
	sum, err := digestOf(r)
	if err != nil {
		t.Fatal(err)
	}
	cl := claim{challenge: vectorDraw, at: vectorClock, nonce: vectorNonce, body: sum}
	if c.claim != nil {
		c.claim(&cl)
	}
	if c.id == "" {
		c.id = vectorID
	}
	id, err := agreement.ParseDigest(c.id)
	if err != nil {
		t.Fatal(err)
	}
	if err := sign(r, id, signer, cl); err != nil {
		t.Fatal(err)
	}
	body := new(bytes.Buffer)
	if r.GetBody != nil {
		b, _ := r.GetBody()
		io.Copy(body, b)
	}
	cl.by = agreement.Name(c.by)
	v := requestVector{Name: c.name, Seed: hex.EncodeToString(seed), Key: signer.Public().String(),
		Signed: string(cl.text(id, r.Host, r.Method, r.URL.RequestURI())),
		Sent:   sentVector{r.Method, r.URL.RequestURI(), r.Host, r.Header.Values("Authorization"), body.String()},
		Host: hostVector{Agreement: vectorID, Names: []string{"records.example:7001"}, Local: "192.0.2.7:8080", Challenge: vectorDraw, Clock: vectorClock,
			Keys: map[string][]string{
				"iaea":  {vectorSigner(t, "iaea", vectorSeed(1)).Public().String(), vectorSigner(t, "iaea", vectorSeed(2)).Public().String()},
				"press": {vectorSigner(t, "press", vectorSeed(3)).Public().String()},
			}},
		Answer: answerVector{Reader: c.by, Why: c.why},
	}
	if c.why != "" {
		v.Answer = answerVector{Why: c.why, Challenge: scheme + " " + vectorDraw}
	}
	switch c.why {
	case "seen":
		v.Answer.Challenge += " " + again
	case "body":
		v.Answer.Challenge = ""
	}
	if c.sent != nil {
		c.sent(&v.Sent)
	}
	if c.host != nil {
		c.host(&v.Host)
	}
	return v
}

// field is a change of a field of the header.
func field(i int, change func(string) string) func(*sentVector) {
	return func(s *sentVector) {
		f := strings.Split(s.Header[0], " ")
		f[i] = change(f[i])
		s.Header[0] = strings.Join(f, " ")
	}
}

// loose sets the last bit of the last digit before the padding.
func loose(s string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	last := len(s) - 2
	return s[:last] + string(digits[strings.IndexByte(digits, s[last])+1]) + s[last+1:]
}

func withBody(r *http.Request) {
	*r = *httptest.NewRequest("POST", "http://records.example:7001/"+vectorID+"/submit?expect=3", nil)
	r.Body = io.NopCloser(strings.NewReader("an entry\n"))
}

func vectorCases() []vectorCase {
	clock := func(off int64) func(*hostVector) { return func(h *hostVector) { h.Clock += off } }
	names := func(all ...string) func(*hostVector) { return func(h *hostVector) { h.Names = all } }
	under := func(host string) func(*http.Request) { return func(r *http.Request) { r.Host = host } }
	raw := func(change func([]byte) []byte) func(*sentVector) {
		return field(6, func(s string) string {
			b, _ := base64.StdEncoding.DecodeString(s)
			return base64.StdEncoding.EncodeToString(change(b))
		})
	}
	return []vectorCase{
		{name: "a party, without a body"},
		{name: "a party's second key", seed: 2},
		{name: "a reader", by: "press", seed: 3},
		{name: "with a body and a query", request: withBody},
		{name: "escapes in the target as they are sent", request: func(r *http.Request) {
			*r = *httptest.NewRequest("GET", "http://records.example:7001/"+vectorID+"/%62undle?a=%2F&b", nil)
		}},
		{name: "signed 300 s before the host's time", host: clock(300)},
		{name: "signed 300 s after the host's time", host: clock(-300)},
		{name: "the host's name in other letters", request: under("Records.Example:7001")},
		{name: "a name without a port is that of port 443", request: under("records.example:443"), host: names("records.example")},
		{name: "a name that was given as the address of a page", host: names("https://records.example:7001/deal")},
		{name: "the address and port at which the request came in", request: under("192.0.2.7:8080"), host: names()},

		{name: "without a signature", why: "unsigned", sent: func(s *sentVector) { s.Header = []string{} }},
		{name: "two headers", why: "form", sent: func(s *sentVector) { s.Header = append(s.Header, s.Header[0]) }},
		{name: "another scheme", why: "form", sent: field(0, strings.ToLower)},
		{name: "two spaces", why: "form", sent: field(1, func(s string) string { return " " + s })},
		{name: "no name", why: "form", sent: field(1, strings.ToUpper)},
		{name: "a challenge in upper case", why: "form", sent: field(2, strings.ToUpper)},
		{name: "a time with a sign", why: "form", sent: field(3, func(s string) string { return "+" + s })},
		{name: "a time with a leading zero", why: "form", sent: field(3, func(s string) string { return "0" + s })},
		{name: "a nonce of 15 bytes", why: "form", sent: field(4, func(s string) string { return s[2:] })},
		{name: "a nonce in upper case", why: "form", sent: field(4, strings.ToUpper)},
		{name: "a digest of 31 bytes", why: "form", sent: field(5, func(s string) string { return s[2:] })},
		{name: "a signature without padding", why: "form", sent: field(6, func(s string) string { return strings.TrimRight(s, "=") })},
		{name: "base64 with a bit set that stands for nothing", why: "form", sent: field(6, loose)},
		{name: "a signature without the key's hash", why: "form", sent: raw(func(b []byte) []byte { return b[4:] })},

		{name: "the challenge of an earlier start", why: "challenge", claim: func(c *claim) { c.challenge = strings.Repeat("0", 32) }},
		{name: "another challenge sent than signed", why: "signature", claim: func(c *claim) { c.challenge = strings.Repeat("0", 32) }, sent: field(2, func(string) string { return vectorDraw })},
		{name: "signed 301 s before the host's time", why: "time", host: clock(301)},
		{name: "signed 301 s after the host's time", why: "time", host: clock(-301)},

		{name: "for another record", why: "signature", id: strings.Repeat("0", 64)},
		{name: "another method", why: "signature", sent: func(s *sentVector) { s.Method = "HEAD" }},
		{name: "another path", why: "signature", sent: func(s *sentVector) { s.Path = "/" + vectorID + "/head" }},
		{name: "another query", why: "signature", request: withBody, sent: func(s *sentVector) { s.Path = strings.TrimSuffix(s.Path, "3") + "4" }},
		{name: "another escape of the same path", why: "signature", sent: func(s *sentVector) { s.Path = "/" + vectorID + "/%62undle" }},
		{name: "the host's name in other letters than signed", why: "signature", sent: func(s *sentVector) { s.Host = "RECORDS.example:7001" }},
		{name: "another time", why: "signature", sent: field(3, func(string) string { return "1621857601" })},
		{name: "another nonce", why: "signature", sent: field(4, func(s string) string { return strings.Repeat("0", len(s)) })},
		{name: "another digest", why: "signature", sent: field(5, func(s string) string { return strings.Repeat("0", len(s)) })},
		{name: "another's name", why: "signature", sent: field(1, func(string) string { return "press" })},
		{name: "another's key", why: "signature", seed: 3},
		{name: "a stranger", why: "signature", by: "mallory", seed: 9},
		{name: "a key that is no longer in force", why: "signature", host: func(h *hostVector) { h.Keys["iaea"] = h.Keys["iaea"][1:] }},
		{name: "another key's hash", why: "signature", sent: raw(func(b []byte) []byte {
			return append(binary.BigEndian.AppendUint32(nil, binary.BigEndian.Uint32(b)+1), b[4:]...)
		})},
		{name: "one bit of the signature", why: "signature", sent: raw(func(b []byte) []byte { b[4] ^= 1; return b })},

		{name: "for another host", why: "host", request: under("other.example:7001")},
		{name: "for another port", why: "host", request: under("records.example:7002")},
		{name: "for a host that knows no name of its own", why: "host", host: names()},
		{name: "answered before", why: "seen", host: func(h *hostVector) { h.Seen = true }},
		{name: "another body", why: "body", request: withBody, sent: func(s *sentVector) { s.Body = "another entry\n" }},
	}
}

// TestRequestVectors: every request is what this package makes, and is answered or
// refused as the file says.
func TestRequestVectors(t *testing.T) {
	var made []requestVector
	for _, c := range vectorCases() {
		made = append(made, c.make(t))
	}
	for _, v := range storedRequests(t, made) {
		seed, err := hex.DecodeString(v.Seed)
		if err != nil {
			t.Fatal(err)
		}
		if k := vectorSigner(t, "any", seed).Public().String(); k != v.Key {
			t.Errorf("%s: the seed gives key %s", v.Name, k)
		}
		name, challenge, err := v.ask(t)
		if string(name) != v.Answer.Reader || !errors.Is(err, ruleErrors[v.Answer.Why]) || challenge != v.Answer.Challenge {
			t.Errorf("%s: answered for %q, challenge %q: %v; want %q, %q: %s", v.Name, name, challenge, err, v.Answer.Reader, v.Answer.Challenge, v.Answer.Why)
		}
	}
}

// ask makes the request at the host as the vector has both: for whom it is
// answered, or why not, and with which challenge.
func (v requestVector) ask(t *testing.T) (reader agreement.Name, challenge string, why error) {
	t.Helper()
	id, err := agreement.ParseDigest(v.Host.Agreement)
	if err != nil {
		t.Fatal(err)
	}
	g := Gate{
		Agreement: id, Seen: NewSeen(), Names: func() []string { return v.Host.Names },
		Now: func() time.Time { return time.Unix(v.Host.Clock, 0) },
		Keys: func(n agreement.Name) (keys []statement.PublicKey) {
			for _, text := range v.Host.Keys[string(n)] {
				k, err := statement.ParsePublicKey(text)
				if err != nil {
					t.Fatal(err)
				}
				keys = append(keys, k)
			}
			return keys
		},
	}
	g.Seen.challenge = v.Host.Challenge
	for range map[bool]int{false: 1, true: 2}[v.Host.Seen] {
		r := httptest.NewRequest(v.Sent.Method, v.Sent.Path, strings.NewReader(v.Sent.Body))
		r.Host, r.Header["Authorization"] = v.Sent.Host, v.Sent.Header
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(v.Host.Local)))))
		w := httptest.NewRecorder()
		if reader, why = g.Check(r); why != nil {
			g.Seen.Refuse(w, r, why)
		} else if _, why = io.ReadAll(r.Body); why != nil {
			reader = ""
		}
		challenge = w.Header().Get("WWW-Authenticate")
	}
	return reader, challenge, why
}

// storedRequests gives the vectors of the file after comparing it with what this
// package makes, or after writing it with -update.
func storedRequests(t *testing.T, made []requestVector) (list []requestVector) {
	t.Helper()
	var want bytes.Buffer
	e := json.NewEncoder(&want)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(made); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(vectorFile), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(vectorFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not what this package makes; if that is meant, it is a new version: go test ./mirror/access -run Vectors -update", vectorFile)
	}
	if err := json.Unmarshal(got, &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != len(made) {
		t.Fatalf("%s has %d vectors, want %d", vectorFile, len(list), len(made))
	}
	return list
}
