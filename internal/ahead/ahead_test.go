package ahead

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"testing"

	"detente/agreement"
	"detente/record"
	"detente/statement"
)

// entries are a record of n entries by one party; every seventh is spoilt.
func entries(t testing.TB, n int) (*agreement.Agreement, [][]byte) {
	t.Helper()
	const path = "freeze.agreement"
	data, err := os.ReadFile("../../spec/vectors/record/bundle/" + path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := agreement.NewBundle([]agreement.File{{Path: path, Data: data}})
	if err != nil {
		t.Fatal(err)
	}
	a, _ := agreement.Read(b)
	seed := sha256.Sum256([]byte("detente example key iaea-1"))
	key, err := statement.NewSigner("iaea", seed[:])
	if err != nil {
		t.Fatal(err)
	}
	all := [][]byte{record.Opening(a)}
	for i := 1; i < n; i++ {
		s := &statement.Statement{Agreement: a.ID, Bundle: a.ID, By: "iaea", Body: statement.DeclareBody{Text: fmt.Sprint("text ", i), Documents: []statement.Document{}}}
		text, err := s.Text()
		if err != nil {
			t.Fatal(err)
		}
		note, err := statement.Sign(text, key)
		if err != nil {
			t.Fatal(err)
		}
		if i%7 == 0 {
			note[len(note)-20] ^= 1
		}
		all = append(all, note)
	}
	return a, all
}

func fold(t testing.TB, a *agreement.Agreement) *record.Fold {
	t.Helper()
	f, err := record.NewFold(a)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFold(t *testing.T) {
	a, all := entries(t, 3*chunk+17)
	one, many := fold(t, a), fold(t, a)
	for _, e := range all {
		one.Append(e)
	}
	told := 0
	if err := Fold(t.Context(), many, all, func(n int) { told = n }); err != nil || told != len(all) {
		t.Fatalf("%v, told of %d of %d", err, told, len(all))
	}
	if one.Head() != many.Head() {
		t.Fatalf("%s, one by one %s", many.Head(), one.Head())
	}
	faults := 0
	for i := range one.Size() {
		x, y := one.Entry(i).Fault, many.Entry(i).Fault
		if (x == nil) != (y == nil) || x != nil && *x != *y {
			t.Errorf("entry %d: %v, one by one %v", i, y, x)
		}
		if x != nil {
			faults++
		}
	}
	if faults < len(all)/8 {
		t.Errorf("%d faults: the record tries too little", faults)
	}
}

func TestLookKeepsTheOrder(t *testing.T) {
	a, all := entries(t, 5*fewest+3)
	f := fold(t, a)
	for n := range len(all) {
		for i, l := range Look(f.Ring(), all[:n]) {
			if &l.Bytes()[0] != &all[i][0] {
				t.Fatalf("of %d, look %d is at another entry", n, i)
			}
		}
	}
}

func TestFoldEnds(t *testing.T) {
	a, all := entries(t, 2*chunk)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f := fold(t, a)
	if err := Fold(ctx, f, all, nil); !errors.Is(err, context.Canceled) || f.Size() == int64(len(all)) {
		t.Errorf("%v after %d entries", err, f.Size())
	}
}
