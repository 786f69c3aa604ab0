package agreement_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"detente/agreement"
)

// TestPostQuantumWitnesses holds how many witnesses with ML-DSA-44 keys a text
// may have: one more than fit is refused, with a vault and without.
func TestPostQuantumWitnesses(t *testing.T) {
	key := func(name string) string {
		raw := append([]byte{0x06}, slices.Repeat(sha256.New().Sum([]byte(name))[:32], 41)...)
		sum := sha256.Sum256(append([]byte(name+"\n"), raw...))
		return fmt.Sprintf("%s+%x+%s", name, sum[:4], base64.StdEncoding.EncodeToString(raw))
	}
	for _, tc := range []struct {
		vault     bool
		post, all int
		ok        bool
	}{{false, 15, 16, true}, {false, 16, 16, false}, {true, 4, 16, true}, {true, 5, 16, false}, {true, 4, 4, true}} {
		var names []string
		piece := ""
		for i := range tc.all {
			name := fmt.Sprintf("q-%d", i)
			names = append(names, name)
			k := exampleWitness(name)
			if i < tc.post {
				k = key(name)
			}
			piece += fmt.Sprintf("witness %s { key = %q }\n", name, k)
		}
		quorum := 11
		if tc.all == 4 {
			quorum = 3
		}
		piece = fmt.Sprintf("agreement example {\n  witnesses = { of = [%s], quorum = %d, faulty = %d }\n}\n", strings.Join(names, ", "), quorum, map[int]int{11: 5, 3: 1}[quorum]) + piece
		if tc.vault {
			piece += "vault footage {\n  records = \"what happens\"\n}\n"
		}
		got := codesOf(t, piece)
		if refused := slices.Contains(got, agreement.CodeQuorum); refused == tc.ok {
			t.Errorf("%d of %d, vault %v: %v", tc.post, tc.all, tc.vault, got)
		}
	}
}
