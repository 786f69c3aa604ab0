package httpserve

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestBodyLimit(t *testing.T) {
	const limit = 100
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b, ok := Body(w, r, limit); ok {
			fmt.Fprint(w, len(b))
		}
	})
	for size, want := range map[int]int{0: 200, limit: 200, limit + 1: 413} {
		r := httptest.NewRecorder()
		h.ServeHTTP(r, httptest.NewRequest("POST", "/", bytes.NewReader(make([]byte, size))))
		if r.Code != want {
			t.Errorf("%d bytes: %d, want %d", size, r.Code, want)
		}
		var refused Refusal
		if want != 200 && (json.Unmarshal(r.Body.Bytes(), &refused) != nil || refused.Code != "too-large" || refused.Hint == "") {
			t.Errorf("%d bytes: refused with %s", size, r.Body)
		}
	}
}

// TestServe: headers that every answer carries, headers too large, a sender
// that says nothing sensible, and the end.
func TestServe(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, ln, http.NotFoundHandler(), quiet()) }()
	resp, err := http.Get("http://" + ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for _, name := range []string{"X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Content-Security-Policy"} {
		if resp.Header.Get(name) == "" {
			t.Errorf("no %s", name)
		}
	}
	for send, want := range map[string]string{
		"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", maxHeader+8<<10) + "\r\n\r\n": "431",
		"hello\r\n\r\n": "400",
	} {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(c, send)
		line, err := bufio.NewReader(c).ReadString('\n')
		if err != nil || !strings.Contains(line, want) {
			t.Errorf("%.20q: answered %q, %v", send, line, err)
		}
		c.Close()
	}
	cancel()
	if err := <-served; err != nil {
		t.Errorf("an end that was asked for: %v", err)
	}
	if _, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		t.Error("still listening")
	}
	if err := Serve(context.Background(), ln, http.NotFoundHandler(), quiet()); err == nil {
		t.Error("serving on a closed listener")
	}
}
