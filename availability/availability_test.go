package availability

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"

	"detente/statement"
	"detente/vault"
)

func ledger(ranges ...statement.CameraRange) *vault.Ledger {
	l := &vault.Ledger{}
	for i, r := range ranges {
		l.Seals = append(l.Seals, vault.Seal{Entry: int64(i), Body: statement.SealBody{Ranges: []statement.CameraRange{r}, Batch: fmt.Sprintf("%064x", i)}})
	}
	return l
}

// What is drawn follows from the checkpoint, is of segments that are sealed, and
// spreads over all of them.
func TestDraw(t *testing.T) {
	l := ledger(statement.CameraRange{Camera: "a", First: 1, Last: 30}, statement.CameraRange{Camera: "b", First: 5, Last: 5}, statement.CameraRange{Camera: "a", First: 31, Last: 69})
	if n := Sealed(l); n != 70 {
		t.Fatalf("%d are sealed", n)
	}
	times := map[Name]int{}
	for i := range 400 {
		head := statement.Head{Size: int64(i + 1), Root: sha256.Sum256([]byte{byte(i)})}
		drawn := Draw(l, head, 7)
		if len(drawn) != 7 {
			t.Fatalf("%d are drawn, want 7", len(drawn))
		}
		for n := range drawn {
			if in := n.Camera == "a" && n.Seq >= 1 && n.Seq <= 69 || n == (Name{"b", 5}); !in {
				t.Fatalf("%+v was never sealed", n)
			}
			if !Draw(l, head, 7)[n] {
				t.Fatal("the same checkpoint draws others")
			}
			times[n]++
		}
	}
	for n, k := range times {
		if k < 12 || k > 80 {
			t.Errorf("%+v was drawn %d times of 400, want some 40", n, k)
		}
	}
	if len(times) != 70 {
		t.Errorf("%d of 70 were ever drawn", len(times))
	}
	if Draw(l, statement.Head{Size: 9}, 70) != nil {
		t.Error("as many as there are: all are asked for")
	}
}

// A segment sealed again is counted once: else a recorder could have its audits
// ask, by sealing them often, for those that it kept.
func TestSealedAgain(t *testing.T) {
	one := statement.CameraRange{Camera: "a", First: 1, Last: 1}
	often := []statement.CameraRange{{Camera: "a", First: 1, Last: 10}, {Camera: "a", First: 8, Last: 10}}
	for range 500 {
		often = append(often, one)
	}
	l := ledger(often...)
	if n := Sealed(l); n != 10 {
		t.Fatalf("%d are sealed, want 10", n)
	}
	kept := 0
	for i := range 200 {
		drawn := Draw(l, statement.Head{Size: int64(i + 1)}, 3)
		if len(drawn) != 3 {
			t.Fatalf("%d are drawn", len(drawn))
		}
		if drawn[Name{"a", 1}] {
			kept++
		}
	}
	if kept > 100 {
		t.Errorf("the one that is sealed often was drawn %d times of 200, want some 60", kept)
	}
	if n := len(Draw(l, statement.Head{Size: 1}, 9)); n != 9 {
		t.Errorf("%d of 10 are drawn, want 9", n)
	}
}

// A seal that states more than there can be neither hangs a draw nor hides in it.
func TestSealsThatState(t *testing.T) {
	l := ledger(statement.CameraRange{Camera: "a", First: 1, Last: 1 << 62}, statement.CameraRange{Camera: "a", First: 9, Last: 2}, statement.CameraRange{Camera: "a", First: 3, Last: 4})
	if n := Sealed(l); n != vault.MaxBatchBytes { // the last is among the first
		t.Errorf("%d are sealed", n)
	}
	if n := len(Draw(l, statement.Head{Size: 1}, 50)); n != 50 {
		t.Errorf("%d are drawn", n)
	}
	none := Config{Ledger: l, Object: nil}
	if r, err := Check(context.Background(), none, map[Name]bool{}); err != nil || r.There != 0 || len(r.Lost) != 0 {
		t.Errorf("none are drawn: %+v, %v", r, err)
	}
}
