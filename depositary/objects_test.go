package depositary

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// A stranger cannot use up the room for what recorders seal: not with what is
// stored already or never arrives, and from its own address not with anything.
func TestStrangerCannotFillTheObjects(t *testing.T) {
	w := newWorld(t)
	w.open()
	post := func(from, body string) int {
		r := httptest.NewRequest("POST", "/"+w.a.ID.String()+"/object", bytes.NewReader([]byte(body)))
		r.RemoteAddr = from
		rec := httptest.NewRecorder()
		w.d.Handler().ServeHTTP(rec, r)
		return rec.Code
	}
	for range 5 {
		post("203.0.113.1:1000", "the same")
	}
	if got := w.d.objects.all; got != 1 {
		t.Errorf("one object, stored five times, counts as %d", got)
	}
	for range maxObjectsOf - 1 { // as if each had been stored
		w.d.objects.took("203.0.113.1")
	}
	defer func() {
		w.d.objects.day = w.d.objects.day.Add(-objectsDay)
		if got := post("203.0.113.1:3000", "on another day"); got != http.StatusOK {
			t.Errorf("the next day: %d", got)
		}
	}()
	for i, tc := range []struct {
		from string
		want int
	}{{"203.0.113.1:2000", http.StatusTooManyRequests}, {"203.0.113.2:2000", http.StatusOK}} {
		if got := post(tc.from, fmt.Sprint("object ", i)); got != tc.want {
			t.Errorf("from %s: %d, want %d", tc.from, got, tc.want)
		}
	}
}
