package peers

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"detente/statement"
)

// The public vectors of Ed25519's edges, by the author of those of C2SP/CCTV,
// which grew out of them: the edition that is a module, with its checksum.
const (
	vectorsModule = "filippo.io/mostly-harmless/ed25519vectors@v0.0.0-20210322192420-30a2d7243a94"
	vectorsSum    = "h1:oHn3iEYQCHVcHLEqtzCSizBZcnOSFk61oo8tKsbNrqI="
)

// TestPublicEd25519Vectors: single and batch verification agree on each vector,
// and accept, as ZIP 215 says, all but keys that the project takes from nobody.
func TestPublicEd25519Vectors(t *testing.T) {
	cmd := exec.Command("go", "mod", "download", "-json", vectorsModule)
	cmd.Dir = t.TempDir()
	out, err := cmd.Output()
	var module struct{ Dir, Sum string }
	if err != nil || json.Unmarshal(out, &module) != nil || module.Sum != vectorsSum {
		t.Fatalf("this test needs %s and could not get it: %v: %s", vectorsModule, err, out)
	}
	data, err := os.ReadFile(filepath.Join(module.Dir, "ed25519vectors.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		A, R, S, M string
		Flags      []string
	}
	if err := json.Unmarshal(data, &vectors); err != nil || len(vectors) != 768 {
		t.Fatalf("%d vectors: %v", len(vectors), err)
	}
	var batch statement.Batch
	single := make([]bool, len(vectors))
	accepted := 0
	for i, v := range vectors {
		key, err1 := hex.DecodeString(v.A)
		sig, err2 := hex.DecodeString(v.R + v.S)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		single[i] = statement.VerifyEd25519(key, []byte(v.M), sig)
		batch.Add(key, []byte(v.M), sig)
		if want := !slices.Contains(v.Flags, "LowOrderA") && !slices.Contains(v.Flags, "NonCanonicalA"); single[i] != want {
			t.Errorf("vector %d, %v: %v", i, v.Flags, single[i])
		}
		if single[i] {
			accepted++
		}
	}
	if accepted == 0 || accepted == len(vectors) {
		t.Errorf("%d of %d vectors are accepted", accepted, len(vectors))
	}
	for i, ok := range batch.Verify() {
		if ok != single[i] {
			t.Errorf("vector %d, %v: in a batch %v, alone %v", i, vectors[i].Flags, ok, single[i])
		}
	}
}
