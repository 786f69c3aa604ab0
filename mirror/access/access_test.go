package access_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"detente/agreement"
	"detente/mirror/access"
	"detente/statement"
)

var (
	id  = agreement.Digest{1}
	now = time.Unix(1621857600, 0)
)

func signerOf(t *testing.T, name string, seed byte) statement.Signer {
	t.Helper()
	s, err := statement.NewSigner(name, bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// host answers with who asked and the body, behind a gate for iaea and press.
func host(t *testing.T) *httptest.Server {
	t.Helper()
	keys := map[agreement.Name][]statement.PublicKey{
		"iaea":  {signerOf(t, "iaea", 1).Public(), signerOf(t, "iaea", 2).Public()},
		"press": {signerOf(t, "press", 3).Public()},
	}
	g := access.Gate{
		Agreement: id, Now: func() time.Time { return now },
		Keys: func(n agreement.Name) []statement.PublicKey { return keys[n] },
		Open: func(r *http.Request) bool { return r.Method == "GET" && r.URL.Path == "/checkpoint" },
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{path...}", func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		io.WriteString(w, string(access.Reader(r.Context()))+":"+string(b))
	})
	s := httptest.NewServer(http.StripPrefix("/record", g.Wrap(mux)))
	t.Cleanup(s.Close)
	return s
}

func client(key func() (statement.Signer, error), at time.Time, base http.RoundTripper) *http.Client {
	return &http.Client{Transport: &access.Transport{Agreement: id, Key: key, Base: base, Now: func() time.Time { return at }}}
}

func as(s statement.Signer) func() (statement.Signer, error) {
	return func() (statement.Signer, error) { return s, nil }
}

func TestWhoMayRead(t *testing.T) {
	s := host(t)
	for _, tc := range []struct {
		name   string
		signer statement.Signer
		at     time.Time
		status int
		answer string
	}{
		{"a party, first key", signerOf(t, "iaea", 1), now, 200, "iaea:body"},
		{"a party, second key", signerOf(t, "iaea", 2), now, 200, "iaea:body"},
		{"a reader", signerOf(t, "press", 3), now, 200, "press:body"},
		{"the earliest clock", signerOf(t, "press", 3), now.Add(-access.Skew), 200, "press:body"},
		{"the latest clock", signerOf(t, "press", 3), now.Add(access.Skew), 200, "press:body"},
		{"a second too early", signerOf(t, "press", 3), now.Add(-access.Skew - time.Second), 401, "clocks"},
		{"a second too late", signerOf(t, "press", 3), now.Add(access.Skew + time.Second), 401, "clocks"},
		{"another's key under the name", signerOf(t, "press", 1), now, 401, "no key that may read"},
		{"a key under another's name", signerOf(t, "iaea", 3), now, 401, "no key that may read"},
		{"a stranger", signerOf(t, "mallory", 9), now, 401, "no key that may read"},
	} {
		resp, err := client(as(tc.signer), tc.at, nil).Post(s.URL+"/record/submit?expect=3", "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != tc.status || !strings.Contains(string(b), tc.answer) {
			t.Errorf("%s: %d %s, want %d and %q", tc.name, resp.StatusCode, b, tc.status, tc.answer)
		}
	}
}

func TestOpenPathsNeedNoKey(t *testing.T) {
	s := host(t)
	none := func() (statement.Signer, error) { return nil, errors.New("no key here") }
	resp, err := client(none, now, nil).Get(s.URL + "/record/checkpoint")
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("checkpoint: %v, %v", resp, err)
	}
	resp.Body.Close()
	if _, err := client(none, now, nil).Get(s.URL + "/record/bundle"); err == nil || !strings.Contains(err.Error(), "no key here") {
		t.Errorf("without a key: %v", err)
	}
	for _, path := range []string{"/record//checkpoint", "/record/checkpoint/", "/record/checkpoint/../bundle", "/record/tile/0/000", "/record/", "/record/CHECKPOINT"} {
		resp, err := http.DefaultTransport.RoundTrip(httptest.NewRequest("GET", s.URL+path, nil))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == 200 {
			t.Errorf("%s is open to all", path)
		}
	}
}

// An alterer changes a request on its way.
type alterer func(*http.Request)

func (a alterer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") != "" {
		a(r)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// Whoever holds a signed request can use it for nothing else.
func TestSignedRequestsAlteredOnTheWay(t *testing.T) {
	s, other := host(t), host(t)
	otherHost := strings.TrimPrefix(other.URL, "http://")
	field := func(r *http.Request, i int, change func(string) string) {
		f := strings.Split(r.Header.Get("Authorization"), " ")
		f[i] = change(f[i])
		r.Header.Set("Authorization", strings.Join(f, " "))
	}
	for name, alter := range map[string]alterer{
		"path":           func(r *http.Request) { r.URL.Path = "/record/object" },
		"query":          func(r *http.Request) { r.URL.RawQuery = "expect=4" },
		"method":         func(r *http.Request) { r.Method = "PUT" },
		"another host":   func(r *http.Request) { r.URL.Host, r.Host = otherHost, otherHost },
		"name":           func(r *http.Request) { field(r, 1, func(string) string { return "press" }) },
		"time":           func(r *http.Request) { field(r, 3, func(string) string { return "1621857601" }) },
		"time's form":    func(r *http.Request) { field(r, 3, func(s string) string { return "+" + s }) },
		"body's digest":  func(r *http.Request) { field(r, 5, func(s string) string { return strings.Repeat("0", len(s)) }) },
		"short digest":   func(r *http.Request) { field(r, 5, func(s string) string { return s[1:] }) },
		"signature":      func(r *http.Request) { field(r, 6, func(s string) string { return "B" + s[1:] }) },
		"short":          func(r *http.Request) { field(r, 6, func(s string) string { return s[:8] }) },
		"nonce":          func(r *http.Request) { field(r, 4, func(s string) string { return strings.Repeat("0", len(s)) }) },
		"short nonce":    func(r *http.Request) { field(r, 4, func(s string) string { return s[2:] }) },
		"nonce's form":   func(r *http.Request) { field(r, 4, strings.ToUpper) },
		"two of them":    func(r *http.Request) { r.Header.Add("Authorization", r.Header.Get("Authorization")) },
		"challenge":      func(r *http.Request) { field(r, 2, func(s string) string { return strings.Repeat("0", len(s)) }) },
		"its form":       func(r *http.Request) { field(r, 2, strings.ToUpper) },
		"another scheme": func(r *http.Request) { field(r, 0, func(string) string { return "Bearer" }) },
	} {
		resp, err := client(as(signerOf(t, "iaea", 1)), now, alter).Post(s.URL+"/record/submit?expect=3", "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		resp.Body.Close()
		if resp.StatusCode != 401 {
			t.Errorf("%s: status %d, want 401", name, resp.StatusCode)
		}
	}
	resp, err := client(as(signerOf(t, "iaea", 1)), now, alterer(func(r *http.Request) {
		r.Body = io.NopCloser(strings.NewReader("ydob"))
	})).Post(s.URL+"/record/submit", "text/plain", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); resp.StatusCode != 400 || !strings.Contains(string(b), "not the one that was signed") {
		t.Errorf("another body: %d %s", resp.StatusCode, b)
	}
}

func FuzzAuthorization(f *testing.F) {
	f.Add("Detente iaea " + strings.Repeat("0", 32) + " 1621857600 " + strings.Repeat("0", 32) + " " + strings.Repeat("0", 64) + " " + strings.Repeat("A", 92))
	f.Add("Detente  ")
	g := access.Gate{Agreement: id, Keys: func(agreement.Name) []statement.PublicKey { return nil }}
	h := g.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("let through") }))
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest("GET", "/bundle", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 401 {
			t.Errorf("%q: %d", header, w.Code)
		}
	})
}
