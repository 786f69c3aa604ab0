package depositary

import (
	"testing"
	"time"

	"detente/agreement"
	"detente/record"
	"detente/statement"
)

// TestLife lives a record through: opened, signed by both, the deed claimed,
// nobody says anything, the silence accepts.
func TestLife(t *testing.T) {
	w := newWorld(t).open()
	f := w.follower()
	w.until(f, "the opening is dated", func(fold *record.Fold) bool { return fold.Size() >= 2 && fold.Entry(0).Covered })

	first := w.submit(w.alba(statement.SignBody{Findings: statement.ID{}.String()}))
	if e := w.effect(f, first.ID); !e.Verdict.Effect || e.At != agreement.Instant(w.clock.Now().Unix()) {
		t.Errorf("alba's signature: %+v", e)
	}
	w.clock.add(time.Hour)
	w.effect(f, w.submit(w.brio(statement.SignBody{Findings: statement.ID{}.String()})).ID)
	if _, ok := f.Fold().State().InForce(); !ok {
		t.Fatal("signed by both and not in force")
	}
	w.clock.add(10 * day)
	claim := w.effect(f, w.submit(w.alba(statement.PerformBody{Commitment: "pledge", Documents: []statement.Document{}})).ID)
	if !claim.Verdict.Effect {
		t.Fatalf("claim refused: %s", claim.Verdict.Reason)
	}
	// Seven days on nobody has done anything; the depositary finds by itself
	// that the deadline passed, shows it, waits out the window, and shows that.
	w.clock.add(7*day + time.Minute)
	deadline := claim.At + agreement.Instant(7*24*3600)
	w.until(f, "the deadline is shown to have passed", func(fold *record.Fold) bool { return fold.Clock() >= deadline })
	if f.Fold().Settled() >= deadline {
		t.Error("decided before the window ran")
	}
	w.clock.add(2 * time.Hour)
	w.until(f, "the deadline is decided", func(fold *record.Fold) bool { return fold.Settled() >= deadline })
	events := f.Fold().Events()
	if last := events[len(events)-1]; last.Entry != -1 || last.At != deadline {
		t.Errorf("the last event is %+v, want the deadline, dated %s", last, deadline)
	}
	size := f.Fold().Size()
	for i := range size {
		if fault := f.Fold().Entry(i).Fault; fault != nil {
			t.Errorf("entry %d is inert: %v", i, fault)
		}
	}
	container, missing, err := f.Export(w.ctx())
	if err != nil || len(missing) != 0 {
		t.Fatal(missing, err)
	}
	e, err := record.ReadExport(container, record.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if fold, err := e.Fold(); err != nil || fold.Root() != f.Fold().Root() {
		t.Errorf("the export folds to another root, or: %v", err)
	}
}
