package calculator_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"detente/simulation/calculator"
)

// A vector is a record with what everybody must compute from it.
type vector struct {
	Entries        [][]byte `json:"entries"`
	Clock, Settled *int64
	Root           []byte `json:"root"`
	Outcome        string `json:"outcome"`
	Want           []struct {
		Is, Fault string
		Lo, Hi    int64
		UB        *int64 `json:"ub"`
		Effect    *struct {
			At     int64
			Effect bool
			Proof  int
		}
	} `json:"want"`
}

func orNone(p *int64) int64 {
	if p == nil {
		return calculator.None
	}
	return *p
}

func TestVectors(t *testing.T) {
	const folder = "../../spec/vectors/record"
	text, err := os.ReadFile(filepath.Join(folder, "bundle", "freeze.agreement"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) < 8 {
		t.Fatalf("%d vectors: %v", len(files), err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		r, err := calculator.Run(text, v.Entries, nil)
		if err != nil {
			t.Fatal(path, err)
		}
		if r.Clock != orNone(v.Clock) || r.Settled != orNone(v.Settled) || string(r.Root[:]) != string(v.Root) || r.Vaults[0].Outcome != v.Outcome {
			t.Errorf("%s: clock %d, settled %d, outcome %s", path, r.Clock, r.Settled, r.Vaults[0].Outcome)
		}
		for i, w := range v.Want {
			e := r.Entries[i]
			ok := e.Fault == w.Fault && e.Bound == orNone(w.UB) && e.Lo == w.Lo && e.Hi == w.Hi && e.Effect == (w.Effect != nil)
			if ok && e.Effect {
				ok = e.At == w.Effect.At && e.Force == w.Effect.Effect && e.Proof == w.Effect.Proof
			}
			if !ok {
				t.Errorf("%s: entry %d is %+v, want %+v, effect %+v", path, i, e, w, w.Effect)
			}
		}
	}
}
