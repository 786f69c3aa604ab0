package mirror

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// TestWaitersOfOneNeighbourhood: who holds hundreds of addresses of one network
// cannot have all places of those who wait for news.
func TestWaitersOfOneNeighbourhood(t *testing.T) {
	news := make(chan struct{})
	waiting := make(chan struct{}, 99)
	h := NewWaiters(10).Limit(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		waiting <- struct{}{}
		<-news
	}))
	var all sync.WaitGroup
	ask := func(from string) int {
		r := httptest.NewRequest("GET", "/head?after=7", nil)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		done := make(chan struct{})
		all.Go(func() { h.ServeHTTP(w, r); close(done) })
		select {
		case <-waiting:
			return http.StatusOK
		case <-done:
			return w.Code
		}
	}
	var taken int
	for i := range 20 {
		if ask(fmt.Sprintf("[2001:db8:7:%x::1]:1", i)) == http.StatusOK {
			taken++
		}
	}
	if taken != 5 {
		t.Errorf("one neighbourhood has %d places of 10, want 5", taken)
	}
	if got := ask("192.0.2.1:1"); got != http.StatusOK {
		t.Errorf("a reader from elsewhere: %d", got)
	}
	close(news)
	all.Wait()
	if got := ask("[2001:db8:7::1]:1"); got != http.StatusOK {
		t.Errorf("afterwards: %d", got)
	}
}
