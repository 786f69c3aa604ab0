package access_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"detente/agreement"
	"detente/mirror/access"
	"detente/statement"
)

// named is a host behind a gate that knows names as its own.
func named(t *testing.T, names ...string) *httptest.Server {
	t.Helper()
	g := access.Gate{
		Agreement: id, Now: func() time.Time { return now },
		Keys: func(n agreement.Name) []statement.PublicKey {
			if n == "iaea" {
				return []statement.PublicKey{signerOf(t, "iaea", 1).Public()}
			}
			return nil
		},
		Names: func() []string { return names },
	}
	s := httptest.NewServer(g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "secret") })))
	t.Cleanup(s.Close)
	return s
}

// TestHostCannotPassOnWhatItIsAsked: a hostile host whom a reader asks, for what it
// likes, turns to the depositary with that very request, under the name that was
// signed, and reads the answer.
func TestHostCannotPassOnWhatItIsAsked(t *testing.T) {
	for name, names := range map[string][]string{"by its address alone": nil, "by names": {"records.example", "https://other.example:7001/x"}} {
		depositary := named(t, names...)
		challenge := challengeOf(t, depositary.URL) // the hostile host can ask for it too
		var got string
		hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == "" {
				w.Header().Set("WWW-Authenticate", "Detente "+challenge)
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			on, _ := http.NewRequest(r.Method, depositary.URL+r.RequestURI, nil)
			on.Header, on.Host = r.Header.Clone(), r.Host
			resp, err := http.DefaultTransport.RoundTrip(on)
			if err != nil {
				t.Error(err)
				return
			}
			b, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			got = string(b)
		}))
		defer hostile.Close()
		resp, err := client(as(signerOf(t, "iaea", 1)), now, nil).Get(hostile.URL + "/bundle")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if !strings.Contains(got, "as a name of its own") {
			t.Errorf("known %s: the hostile host read %q", name, got)
		}
	}
}

// challengeOf is what a host asks to be signed.
func challengeOf(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url + "/bundle")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	challenge, ok := strings.CutPrefix(resp.Header.Get("WWW-Authenticate"), "Detente ")
	if !ok || resp.StatusCode != 401 {
		t.Fatalf("%d, %q", resp.StatusCode, resp.Header)
	}
	return challenge
}

// TestNamesOfAHost: under what a host is asked, and whether it answers.
func TestNamesOfAHost(t *testing.T) {
	s := named(t, "records.example", "http://other.example:7001/deal", "[2001:db8::1]:7002")
	at := strings.TrimPrefix(s.URL, "http://")
	_, port, _ := strings.Cut(at, ":")
	for host, ok := range map[string]bool{
		at: true, "localhost:" + port: true, "LOCALHOST:" + port: true, "[::ffff:127.0.0.1]:" + port: true,
		"127.0.0.1:1": false, "127.0.0.2:" + port: false, "localhost": false, "127.0.0.1": false, "0.0.0.0:" + port: false, "[::1]:" + port: false,
		"records.example": true, "Records.Example.": true, "records.example:443": true, "records.example:80": true,
		"records.example:7001": false, "records.example.evil": false, "evil.records.example": false,
		"other.example:7001": true, "other.example": false, "other.example:443": false, "[2001:db8::1]:7002": true, "[2001:db8::1]": false,
		"evil.example": false, "evil.example:" + port: false,
	} {
		resp, err := client(as(signerOf(t, "iaea", 1)), now, hosted(host)).Get(s.URL + "/bundle")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if (resp.StatusCode == 200) != ok {
			t.Errorf("asked as %q: %d, want it answered: %t", host, resp.StatusCode, ok)
		}
	}
}

// hosted asks, and signs, under a host's name.
type hosted string

func (h hosted) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") != "" {
		r = r.Clone(r.Context())
		r.Host = string(h)
		if err := access.Sign(r, id, mustSigner, strings.Split(r.Header.Get("Authorization"), " ")[2], now); err != nil {
			return nil, err
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

var mustSigner = func() statement.Signer {
	s, err := statement.NewSigner("iaea", []byte(strings.Repeat("\x01", 32)))
	if err != nil {
		panic(err)
	}
	return s
}()

// TestRequestMadeAgain: whoever sees a signed request on its way cannot have it
// answered again, as it was or with other headers, while the reader himself asks on.
func TestRequestMadeAgain(t *testing.T) {
	s := named(t)
	var seen []*http.Request
	spy := alterer(func(r *http.Request) { seen = append(seen, r.Clone(r.Context())) })
	reader := client(as(signerOf(t, "iaea", 1)), now, spy)
	for range 3 { // the same question in the same second
		resp, err := reader.Get(s.URL + "/bundle?x=1")
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("the reader asks: %v, %v", resp, err)
		}
		resp.Body.Close()
	}
	for i, r := range seen {
		r = r.Clone(r.Context())
		if r.Header.Set("Accept-Language", "mallory"); i == 0 {
			r.RequestURI = ""
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 401 || strings.Contains(string(b), "secret") {
			t.Errorf("request %d made again: %d %s", i, resp.StatusCode, b)
		}
	}
}

// TestReaderWhoseConnectionBroke: the host answered, and the answer was lost; the
// reader's request that is sent again is signed anew, so it is answered.
func TestReaderWhoseConnectionBroke(t *testing.T) {
	s := named(t)
	lost := 0
	lossy := round(func(r *http.Request) (*http.Response, error) {
		resp, err := http.DefaultTransport.RoundTrip(r)
		if r.Header.Get("Authorization") != "" && lost == 0 && err == nil {
			lost++
			resp.Body.Close()
			return http.DefaultTransport.RoundTrip(r.Clone(r.Context())) // as net/http does for a GET
		}
		return resp, err
	})
	resp, err := client(as(signerOf(t, "iaea", 1)), now, lossy).Get(s.URL + "/bundle")
	if err != nil || resp.StatusCode != 200 || lost != 1 {
		t.Fatalf("%v, %v, %d answers lost", resp, err, lost)
	}
	resp.Body.Close()
}

type round func(*http.Request) (*http.Response, error)

func (f round) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestManyAskAtOnce: of many who make one request at once exactly one is answered.
func TestManyAskAtOnce(t *testing.T) {
	s := named(t)
	r, _ := http.NewRequest("GET", s.URL+"/bundle", nil)
	if err := access.Sign(r, id, mustSigner, challengeOf(t, s.URL), now); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	codes := make(chan int, 32)
	for range cap(codes) {
		all.Go(func() {
			resp, err := http.DefaultTransport.RoundTrip(r.Clone(r.Context()))
			if err != nil {
				t.Error(err)
				return
			}
			resp.Body.Close()
			codes <- resp.StatusCode
		})
	}
	all.Wait()
	close(codes)
	count := map[int]int{}
	for c := range codes {
		count[c]++
	}
	if count[200] != 1 || count[401] != 31 {
		t.Errorf("answers by status: %v", fmt.Sprint(count))
	}
}

// TestRequestMadeAgainAfterARestart: what a host answered before its end is not
// answered after it, also if the reader's clock was ahead of the host's; the
// readers themselves, whose clocks are not better than before, go on unnoticed.
func TestRequestMadeAgainAfterARestart(t *testing.T) {
	for _, clock := range []time.Duration{-access.Skew, 0, access.Skew} {
		start := func() http.Handler {
			return (&access.Gate{
				Agreement: id, Now: func() time.Time { return now }, Names: func() []string { return []string{"records.example"} },
				Keys: func(agreement.Name) []statement.PublicKey { return []statement.PublicKey{mustSigner.Public()} },
			}).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				w.Write(append([]byte("secret "), b...))
			}))
		}
		process := start()
		send := func(r *http.Request) *http.Response {
			if r.RequestURI = r.URL.RequestURI(); r.Body == nil {
				r.Body = http.NoBody
			}
			r.Host = r.URL.Host
			w := httptest.NewRecorder()
			process.ServeHTTP(w, r)
			return w.Result()
		}
		var sent []*http.Request
		reader := client(as(mustSigner), now.Add(clock), round(func(r *http.Request) (*http.Response, error) {
			if again := r.Clone(r.Context()); r.Header.Get("Authorization") != "" {
				again.Body, _ = r.GetBody()
				sent = append(sent, again)
			}
			return send(r), nil
		}))
		ask := func() {
			t.Helper()
			resp, err := reader.Post("http://records.example/submit", "text/plain", strings.NewReader("body"))
			if err != nil {
				t.Fatal(err)
			}
			if b, _ := io.ReadAll(resp.Body); string(b) != "secret body" {
				t.Fatalf("a reader whose clock is %s ahead: %d %s", clock, resp.StatusCode, b)
			}
		}
		ask()
		process = start()
		for _, r := range sent {
			if resp := send(r); resp.StatusCode != 401 {
				t.Errorf("a request of %s ahead, seen before the restart: %d", clock, resp.StatusCode)
			}
		}
		before := len(sent)
		ask() // refused once, and signed anew
		ask()
		if len(sent) != before+3 {
			t.Errorf("after the restart %d requests were sent for two answers", len(sent)-before)
		}
	}
}

// TestHostThatAlwaysAsksAnew: a host that draws a challenge for every answer ends a
// reader's request with a refusal, and not never.
func TestHostThatAlwaysAsksAnew(t *testing.T) {
	asked := 0
	reader := client(as(mustSigner), now, round(func(r *http.Request) (*http.Response, error) {
		asked++
		w := httptest.NewRecorder()
		w.Header().Set("WWW-Authenticate", fmt.Sprintf("Detente %032x", asked))
		w.WriteHeader(401)
		return w.Result(), nil
	}))
	resp, err := reader.Get("http://records.example/bundle")
	if err != nil || resp.StatusCode != 401 || asked != 4 {
		t.Errorf("%v, %v after %d requests, want the refusal after 4", resp, err, asked)
	}
}
