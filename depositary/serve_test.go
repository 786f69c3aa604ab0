package depositary

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"detente/agreement"
	"detente/internal/httpserve"
	"detente/mirror"
	"detente/record"
)

// get asks for a path below the record.
func (w *world) get(path string) (*http.Response, []byte) {
	w.t.Helper()
	return w.ask("GET", "/"+w.a.ID.String()+"/"+path, nil, nil)
}

func (w *world) ask(method, path string, body []byte, header http.Header) (*http.Response, []byte) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.ctx(), method, w.server.URL+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for k, v := range header {
		r.Header[k] = v
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, b
}

// TestPaths: what stands at which address, with what type, kept how long.
func TestPaths(t *testing.T) {
	w := newWorld(t)
	w.cfg.Pages = func(v View) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(rw, "page %s of %s", r.URL.Path, v.Agreement().Title)
		})
	}
	w.open()
	f := w.follower()
	w.until(f, "the opening is dated", func(fold *record.Fold) bool { return fold.Entry(0).Covered })
	const text, octets = "text/plain; charset=utf-8", "application/octet-stream"
	for path, want := range map[string]struct {
		status      int
		kind, cache string
	}{
		"checkpoint":                        {200, text, "no-cache"},
		"head":                              {200, text, "no-cache"},
		"head?after=0":                      {200, text, "no-cache"},
		"head?after=-1":                     {400, "", ""},
		"tile/0/000.p/1":                    {200, octets, "public, max-age=31536000, immutable"},
		"tile/0/000.p/2":                    {200, octets, "public, max-age=31536000, immutable"},
		"tile/entries/000.p/1":              {200, octets, "public, max-age=31536000, immutable"},
		"tile/entries/000":                  {404, "", ""},
		"tile/0/000.p/0":                    {404, "", ""},
		"tile/../bundle":                    {200, octets, ""}, // cleaned by the client before it asks
		"bundle":                            {200, octets, "public, max-age=31536000, immutable"},
		"status.json":                       {200, "application/json; charset=utf-8", "no-cache"},
		"submit":                            {200, text, ""}, // GET: a page of that name
		"timeline":                          {200, text, ""},
		"object/" + strings.Repeat("0", 64): {404, "", ""},
	} {
		resp, body := w.get(path)
		if resp.StatusCode != want.status || want.kind != "" && resp.Header.Get("Content-Type") != want.kind || want.cache != "" && resp.Header.Get("Cache-Control") != want.cache {
			t.Errorf("%s: %d, %s, cached %q", path, resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("Cache-Control"))
		}
		if want.status != 200 {
			var r httpserve.Refusal
			if err := json.Unmarshal(body, &r); err != nil || r.Code == "" || r.Error == "" || r.Hint == "" {
				t.Errorf("%s: refused with %q", path, body)
			}
		}
	}
	if _, body := w.get("timeline"); string(body) != "page /timeline of A pledge" {
		t.Errorf("page: %q", body)
	}
	if resp, _ := w.ask("GET", "/"+strings.Repeat("0", 64)+"/head", nil, nil); resp.StatusCode != 404 {
		t.Errorf("an unknown record: %d", resp.StatusCode)
	}
	var home struct{ Records []struct{ ID, Name string } }
	if _, body := w.ask("GET", "/", nil, nil); json.Unmarshal(body, &home) != nil || len(home.Records) != 1 || home.Records[0].ID != w.a.ID.String() {
		t.Errorf("home: %s", body)
	}
	var s status
	if _, body := w.get("status.json"); json.Unmarshal(body, &s) != nil || s.Size != f.Fold().Size() || !s.Simulated || s.Stopped != "" || s.Clock == "" {
		t.Errorf("status: %s", body)
	}
	foreign := http.Header{"Sec-Fetch-Site": {"cross-site"}}
	if resp, _ := w.ask("POST", "/"+w.a.ID.String()+"/submit", w.brio(declare("x")), foreign); resp.StatusCode != http.StatusForbidden {
		t.Errorf("posted by another origin's page: %d", resp.StatusCode)
	}
}

// TestObjects: an object is kept for whoever puts it, and no record serves one
// that none of its own statements names: another's may be private.
func TestObjects(t *testing.T) {
	w := newWorld(t).open()
	c := w.client()
	batch := []byte("a batch of manifests")
	d, err := c.PutObject(w.ctx(), batch)
	if err != nil || d != sha256.Sum256(batch) {
		t.Fatal(d, err)
	}
	if got, err := w.d.object(w.a.ID, d); err != nil || !bytes.Equal(got, batch) {
		t.Error(got, err)
	}
	if got, err := c.Object(w.ctx(), d); !errors.Is(err, mirror.ErrNotFound) {
		t.Errorf("an object that the record does not name: %q, %v", got, err)
	}
	if _, err := c.Object(w.ctx(), agreement.Digest{1}); err == nil {
		t.Error("an object that was never put is there")
	}
	for extra, want := range []int{200, 413} {
		resp, _ := w.ask("POST", "/"+w.a.ID.String()+"/object", make([]byte, mirror.MaxObject+extra), nil)
		if resp.StatusCode != want {
			t.Errorf("%d bytes past the limit: %d", extra, resp.StatusCode)
		}
	}
}

func TestOpenOverHTTP(t *testing.T) {
	w := newWorld(t).start()
	resp, body := w.ask("POST", "/open", w.archive, nil)
	var opened struct{ ID, Origin string }
	if resp.StatusCode != 200 || json.Unmarshal(body, &opened) != nil || opened.ID != w.a.ID.String() || opened.Origin != record.Origin(w.a) {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	for _, bad := range [][]byte{nil, w.archive[:1024], []byte("x")} {
		if resp, _ := w.ask("POST", "/open", bad, nil); resp.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%d bytes of no bundle: %d", len(bad), resp.StatusCode)
		}
	}
	w.d.cfg.Closed = true
	if resp, _ := w.ask("POST", "/open", w.archive, nil); resp.StatusCode != http.StatusForbidden {
		t.Errorf("closed: %d", resp.StatusCode)
	}
}

// TestServeEnds: when a depositary ends, readers who wait for news are sent
// away at once, and whoever was being answered is answered.
func TestServeEnds(t *testing.T) {
	w := newWorld(t).open()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.ctx())
	served := make(chan error, 1)
	entered := make(chan struct{})
	h := w.d.Handler()
	go func() {
		served <- httpserve.Serve(ctx, ln, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			close(entered)
			h.ServeHTTP(rw, r)
		}), quiet())
	}()
	c, err := mirror.NewClient("http://"+ln.Addr().String(), w.a.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		_, err := c.Head(w.ctx(), 1_000_000)
		answered <- err
	}()
	<-entered
	began := time.Now()
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("the end took %s", took)
	}
	if err := <-answered; err != nil {
		t.Errorf("a waiting reader got no answer: %v", err)
	}
}
