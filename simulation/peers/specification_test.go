package peers

import (
	"net/http"
	"testing"

	"detente/statement"
	"detente/witness/witnesstest"
)

// litewitnessDeviates is where litewitness v0.9.0 answers otherwise than C2SP
// tlog-witness prescribes. None of it matters to a depositary, which sends none
// of these; all of it is tried so that the day it changes is noticed.
var litewitnessDeviates = map[string]int{
	// Where the specification requires 422 it cosigns.
	"old size 0 with a proof":            http.StatusOK,
	"old size 0 and size 0 with a proof": http.StatusOK,
	"size 0 with another root":           http.StatusOK,
	// It reads more forms of the old size than there are.
	"an old size with a leading zero": http.StatusOK,
	"an old size with a plus":         http.StatusOK,
	// Of two lines of one key it looks at the first only.
	"a good and a bad signature of the known key": http.StatusOK,
	// What it cannot read is its own failure.
	"no signature line":                   http.StatusInternalServerError,
	"no blank line before the signatures": http.StatusInternalServerError,
	"a note that ends within a line":      http.StatusInternalServerError,
	"a signature line with a hyphen":      http.StatusInternalServerError,
	"a signature that is not base64":      http.StatusInternalServerError,
	"a control character":                 http.StatusInternalServerError,
	"text that is not UTF-8":              http.StatusInternalServerError,
	"a checkpoint of two lines":           http.StatusInternalServerError,
	"a size with a leading zero":          http.StatusInternalServerError,
	"a negative size":                     http.StatusInternalServerError,
	"a size past 63 bits":                 http.StatusInternalServerError,
	"a root that is not base64":           http.StatusInternalServerError,
	"a root of 31 bytes":                  http.StatusInternalServerError,
}

// TestLitewitnessSpecification puts to litewitness the same table of the
// specification's cases that `detente witness` passes.
func TestLitewitnessSpecification(t *testing.T) {
	logs := map[string]string{}
	for _, l := range witnesstest.Logs() {
		logs[l.Origin] = l.VKey()
	}
	address := litewitness(t, "vienna", logs)
	key, err := statement.NewWitnessKey("vienna", signer("vienna").Public())
	if err != nil {
		t.Fatal(err)
	}
	witnesstest.Run(t, witnesstest.Target{Address: address, Key: key, Deviates: litewitnessDeviates})
	// It has no address for monitors.
	if status, _, _ := send(t.Context(), http.MethodGet, address+"/"+witnesstest.Logs()[0].Origin+"/checkpoint", ""); status != http.StatusNotFound {
		t.Errorf("for monitors: %d", status)
	}
}
