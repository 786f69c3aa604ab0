package witness

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"detente/internal/clock"
	"detente/witness/witnesstest"
)

// extensionLines is where Detente's witness deviates from the specification by
// intent: what not every cosignature covers is not cosigned.
var extensionLines = map[string]int{"an extension line": http.StatusBadRequest}

// TestSpecification puts every case of C2SP tlog-witness to this witness.
func TestSpecification(t *testing.T) {
	w, err := Open(Config{Dir: t.TempDir(), Signer: signer(t, "vienna", 2), Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, l := range witnesstest.Logs() {
		if err := w.Add(l.Origin, l.Key()); err != nil {
			t.Fatal(err)
		}
	}
	s := httptest.NewServer(w.Handler())
	defer s.Close()
	target := witnesstest.Target{Address: s.URL, Key: w.Key(), Deviates: extensionLines}
	witnesstest.Run(t, target)
	witnesstest.RunMonitor(t, target)
}
