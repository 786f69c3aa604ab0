package witness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// numbered is a log of n entries; from the fork on they are others.
func numbered(t testing.TB, n, fork int64) *tree {
	f := newTree(t)
	for i := range n {
		if i < fork {
			f.add(fmt.Sprint(i))
		} else {
			f.add(fmt.Sprint("other ", i))
		}
	}
	return f
}

// evidenceAt asks for evidence as a monitor does.
func evidenceAt(t testing.TB, w *Witness) (proves, suspects []Evidence) {
	t.Helper()
	r := httptest.NewRecorder()
	w.Handler().ServeHTTP(r, httptest.NewRequest("GET", "/"+hashOf(origin)+"/evidence", nil))
	var got struct{ Proves, Suspects []Evidence }
	if err := json.Unmarshal(r.Body.Bytes(), &got); err != nil || r.Code != http.StatusOK {
		t.Fatalf("evidence: %d %v", r.Code, err)
	}
	return got.Proves, got.Suspects
}

// TestForkIsKept forks a log in every way, restarts the witness, and looks
// whether anybody can prove the fork with what it serves.
func TestForkIsKept(t *testing.T) {
	key := signer(t, origin, 1).Public()
	for _, c := range []struct {
		name      string
		old, size int64 // of the contradicting request; the head has size 6
		status    int
		proves    bool
	}{
		{"the same size", 6, 6, 422, true},
		{"the same size, by who knows nothing of the head", 0, 6, 409, true},
		{"a larger size, with the fork's own proof", 6, 11, 422, true},
		{"a larger size, from a smaller old one", 3, 11, 409, false}, // nothing says yet that it is a fork
	} {
		p := newPlace(t)
		w := p.open(t)
		honest, fork := numbered(t, 6, 6), numbered(t, 11, 4)
		cosigned(t, w, honest, 0, 6)
		if status, body, _ := post(t, w, fork.request(c.old, c.size)); status != c.status {
			t.Errorf("%s: %d %s, want %d", c.name, status, body, c.status)
		}
		w.Close()
		w = p.open(t)
		proves, suspects := evidenceAt(t, w)
		if len(suspects) != 0 || len(proves) != map[bool]int{true: 1}[c.proves] {
			t.Fatalf("%s: %d pieces of evidence and %d suspects", c.name, len(proves), len(suspects))
		}
		for _, e := range proves {
			if err := e.Check(key); err != nil || e.Origin != origin {
				t.Errorf("%s: %v", c.name, err)
			}
			if err := e.Check(signer(t, origin, 2).Public()); err == nil {
				t.Errorf("%s: evidence against a key that signed nothing", c.name)
			}
		}
	}
}

// TestSuspectIsKept: where the head's size is a power of two, a consistency
// proof does not show the fork's own root; both notes are kept all the same.
func TestSuspectIsKept(t *testing.T) {
	w := newPlace(t).open(t)
	cosigned(t, w, numbered(t, 4, 4), 0, 4)
	post(t, w, numbered(t, 7, 2).request(4, 7))
	proves, suspects := evidenceAt(t, w)
	if len(proves) != 0 || len(suspects) != 1 {
		t.Fatal(proves, suspects)
	}
	if err := suspects[0].Check(signer(t, origin, 1).Public()); !errors.Is(err, ErrUnproven) {
		t.Error(err)
	}
}

// TestEvidenceIsBounded: a log that signs forks without end cannot fill the
// disk, nor keep a proof out with what proves nothing.
func TestEvidenceIsBounded(t *testing.T) {
	w := newPlace(t).open(t)
	honest := numbered(t, 6, 6)
	cosigned(t, w, honest, 0, 6)
	for i := range 2 * maxSuspects {
		f := numbered(t, 6, 6)
		f.add(fmt.Sprint("suspect ", i))
		post(t, w, (&request{old: 6, proof: tlog.TreeProof{{byte(i)}}, note: f.checkpoint(7)}).encode())
	}
	for i := range 2 * maxEvidence {
		f := numbered(t, 5, 5)
		f.add(fmt.Sprint("fork ", i))
		post(t, w, f.request(6, 6))
	}
	proves, suspects := evidenceAt(t, w)
	if len(proves) != maxEvidence || len(suspects) != maxSuspects {
		t.Errorf("%d proofs and %d suspects are kept, want %d and %d", len(proves), len(suspects), maxEvidence, maxSuspects)
	}
}

// TestEvidenceProvesNothingFalse puts honest logs of all small sizes, and
// proofs with any alteration, to the check: it never blames an honest log.
func TestEvidenceProvesNothingFalse(t *testing.T) {
	const most = 20
	f := numbered(t, most, most)
	key := signer(t, origin, 1).Public()
	random := rand.New(rand.NewPCG(1, 2))
	for old := int64(1); old <= most; old++ {
		for size := old; size <= most; size++ {
			proof, err := tlog.ProveTree(size, old, f)
			if err != nil {
				t.Fatal(err)
			}
			e := Evidence{Origin: origin, Head: string(f.checkpoint(old)), Checkpoint: string(f.checkpoint(size))}
			for range 8 {
				altered := slices.Clone(proof)
				switch n := random.IntN(5); {
				case n == 0 && len(altered) > 0:
					altered[random.IntN(len(altered))][random.IntN(32)] ^= 1
				case n == 1 && len(altered) > 0:
					altered = altered[:len(altered)-1]
				case n == 2:
					altered = append(altered, tlog.Hash{1})
				case n == 3:
					slices.Reverse(altered)
				}
				e.Proof = nil
				for _, h := range altered {
					e.Proof = append(e.Proof, h.String())
				}
				if err := e.Check(key); err == nil {
					t.Fatalf("from %d to %d an honest log is proven to fork, by %d hashes", old, size, len(altered))
				}
			}
		}
	}
}

// TestEvidenceProvesForks: every fork between sizes of which the first is no
// power of two is proven by its own consistency proof.
func TestEvidenceProvesForks(t *testing.T) {
	const most = 20
	key := signer(t, origin, 1).Public()
	honest := numbered(t, most, most)
	for old := int64(3); old < most; old++ {
		if old&(old-1) == 0 {
			continue
		}
		for size := old; size <= most; size++ {
			fork := numbered(t, most, old-1)
			proof, err := tlog.ProveTree(size, old, fork)
			if err != nil {
				t.Fatal(err)
			}
			e := Evidence{Origin: origin, Head: string(honest.checkpoint(old)), Checkpoint: string(fork.checkpoint(size))}
			for _, h := range proof {
				e.Proof = append(e.Proof, h.String())
			}
			if err := e.Check(key); err != nil {
				t.Errorf("from %d to %d: %v", old, size, err)
			}
			// Without the log's signature it is nobody's fork.
			e.Checkpoint = string(bytes.Replace([]byte(e.Checkpoint), []byte("= "), []byte("x "), 1))
			e.Head = e.Head[:len(e.Head)-6] + "AAAA=\n"
			if err := e.Check(key); err == nil {
				t.Errorf("from %d to %d: proven without a signature", old, size)
			}
		}
	}
}
