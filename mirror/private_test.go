package mirror

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"detente/internal/clock"
	"detente/mirror/access"
	"detente/statement"
)

// A mirror's copy of a private record is no way around the depositary's gate:
// strangers get the checkpoints and nothing else, from this machine or another.
func TestMirrorGuardsAPrivateRecord(t *testing.T) {
	b := newBookWith(t, "record = private")
	b.add(b.say("alba", "between us"))
	f := b.follow(t.TempDir())
	update(t, f)
	n, err := OpenIntake(f, key("brio", "brio"), clock.Real{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := n.HandIn(b.say("brio", "handed in")); err != nil {
		t.Fatal(err)
	}
	pages := func(*Station) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "pages") })
	}
	station := &Station{Follower: f, Clock: clock.Real{}, Intake: n, Pages: pages}
	open := map[string]bool{"checkpoint": true, "head": true}
	for name, h := range map[string]http.Handler{"station": station.Handler(), "copy": f.Handler()} {
		s := httptest.NewServer(h)
		defer s.Close()
		for _, path := range []string{"checkpoint", "head", "bundle", "tile/entries/000.p/2", "tile/0/000.p/2", "status.json", "held", "", "nothing", "/checkpoint", "checkpoint/../bundle"} {
			url := s.URL + "/" + b.a.ID.String() + "/" + path
			resp, err := http.DefaultTransport.RoundTrip(httptest.NewRequest("GET", url, nil))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if (resp.StatusCode == 200) != open[path] {
				t.Errorf("%s: a stranger asks for %q: %s", name, path, resp.Status)
			}
		}
		resp, err := http.Post(s.URL+"/"+b.a.ID.String()+"/submit", "application/octet-stream", nil)
		if err != nil || resp.StatusCode != http.StatusUnauthorized && name == "station" {
			t.Errorf("%s: a stranger submits: %v, %v", name, resp.Status, err)
		}
		as := func(name, label string) *http.Client {
			return &http.Client{Transport: &access.Transport{Agreement: b.a.ID, Key: func() (statement.Signer, error) { return key(name, label), nil }}}
		}
		for _, tc := range []struct {
			name, label string
			status      int
		}{{"alba", "alba", 200}, {"alba", "brio", 401}, {"mallory", "mallory", 401}} {
			resp, err := as(tc.name, tc.label).Get(s.URL + "/" + b.a.ID.String() + "/tile/entries/000.p/2")
			if err != nil || resp.StatusCode != tc.status {
				t.Errorf("%s: %s with the key of %s: %v, %v, want %d", name, tc.name, tc.label, resp, err, tc.status)
			}
		}
	}
}
