package depositary

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"detente/mirror/access"
	"detente/statement"
)

// A handler answers a client's requests without a connection.
type handler struct{ *world }

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.RequestURI, r.Host = r.URL.RequestURI(), r.URL.Host; r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	h.d.Handler().ServeHTTP(w, r)
	return w.Result(), nil
}

// TestPrivateRecordOverARestart: a reader of a private record goes on reading when
// its host has started again, and a request from before is not answered.
func TestPrivateRecordOverARestart(t *testing.T) {
	w := newWorldOf(t, "secret")
	w.cfg.Names = []string{"records.example"}
	w.open()
	var last *http.Request
	spy := func(r *http.Request) (*http.Response, error) { last = r; return handler{w}.RoundTrip(r) }
	reader := &http.Client{Transport: &access.Transport{Agreement: w.a.ID, Base: tripper(spy),
		Key: func() (statement.Signer, error) { return key("brio", "brio"), nil }}}
	read := func() {
		t.Helper()
		resp, err := reader.Get("http://records.example/" + w.a.ID.String() + "/bundle")
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", resp, err)
		}
	}
	read()
	before := last
	w.restart()
	if resp, _ := (handler{w}).RoundTrip(before); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a request from before the restart: %d", resp.StatusCode)
	}
	read()
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
