package access_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"detente/agreement"
	"detente/internal/httpserve"
	"detente/mirror/access"
	"detente/statement"
)

// TestWhatRefusedRequestsCost: whoever asks with bad signatures is soon not
// listened to; who asks without one, or was signed for an earlier start, has done
// nothing wrong.
func TestWhatRefusedRequestsCost(t *testing.T) {
	const burst = 40 // and next to nothing afterwards
	header := func(challenge string, s statement.Signer, at time.Time, url string) string {
		r, _ := http.NewRequest("GET", url, nil)
		if err := access.Sign(r, id, s, challenge, at); err != nil {
			t.Fatal(err)
		}
		return r.Header.Get("Authorization")
	}
	seen := ""
	for name, c := range map[string]struct {
		header func(challenge, url string) string
		each   int
	}{
		"good":                {func(ch, url string) string { return header(ch, mustSigner, now, url) }, 1},
		"unsigned":            {func(ch, url string) string { return "" }, 1},
		"of another start":    {func(ch, url string) string { return header(strings.Repeat("0", 32), mustSigner, now, url) }, 1},
		"of no form":          {func(ch, url string) string { return "Detente x" }, 1 + httpserve.CostRefused},
		"of another time":     {func(ch, url string) string { return header(ch, mustSigner, now.Add(-time.Hour), url) }, 1 + httpserve.CostRefused},
		"for another host":    {func(ch, url string) string { return header(ch, mustSigner, now, url) }, 1 + httpserve.CostRefused},
		"made again":          {func(ch, url string) string { return seen }, 1 + httpserve.CostRefused},
		"of a bad signature":  {func(ch, url string) string { return header(ch, mustSigner, now, url+"x") }, 1 + httpserve.CostSignature},
		"signed by strangers": {func(ch, url string) string { return header(ch, signerOf(t, "iaea", 9), now, url) }, 1 + httpserve.CostSignature},
	} {
		host, room := "records.example", burst+1
		switch name {
		case "for another host":
			host = "other.example"
		case "made again":
			room++
		}
		url, end := serveGate(t, host, room)
		ask := func(header string) *http.Response {
			r, _ := http.NewRequest("GET", url, nil)
			if r.Host = "records.example"; header != "" {
				r.Header.Set("Authorization", header)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			return resp
		}
		challenge := strings.TrimPrefix(ask("").Header.Get("WWW-Authenticate"), "Detente ")
		if name == "made again" {
			seen = header(challenge, mustSigner, now, "http://records.example/bundle")
			ask(seen)
		}
		taken := 0
		for taken <= burst && ask(c.header(challenge, "http://records.example/bundle")).StatusCode != http.StatusTooManyRequests {
			taken++
		}
		if want := (burst + c.each - 1) / c.each; taken != want {
			t.Errorf("requests that are %s: %d are taken, want %d", name, taken, want)
		}
		end()
	}
}

// serveGate is an address at which a host of that name answers so many requests.
func serveGate(t *testing.T, host string, room int) (url string, end func()) {
	t.Helper()
	g := access.Gate{Agreement: id, Now: func() time.Time { return now }, Names: func() []string { return []string{host} },
		Keys: func(agreement.Name) []statement.PublicKey { return []statement.PublicKey{mustSigner.Public()} }}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	l := httpserve.Limits{Connections: 10, PerAddress: 10, Writes: 1e-3, Reads: 1e-3, Burst: float64(room) * 1e3}
	go func() {
		ended <- httpserve.ServeWithin(ctx, ln, g.Wrap(http.NotFoundHandler()), slog.New(slog.DiscardHandler), l)
	}()
	return "http://" + ln.Addr().String() + "/bundle", func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
