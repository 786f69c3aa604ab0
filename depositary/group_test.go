package depositary

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"detente/internal/ahead"
	"detente/record"
	"detente/statement"
)

// TestManyAtOnce submits at the same time statements, the same ones again,
// spoilt ones, and a change of keys after which half of the rest have no force:
// whatever was answered is so, and the record is one that a reader folds
// without an inert entry.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t).open()
	const each = 60
	var notes [][]byte
	for i := range each {
		good := w.brio(declare(fmt.Sprint("said by brio ", i)))
		spoilt := w.brio(declare(fmt.Sprint("never said ", i)))
		spoilt[len(spoilt)-20] ^= 1
		notes = append(notes, good, good, spoilt, w.alba(declare(fmt.Sprint("said by alba ", i))))
		if i == each/2 {
			notes = append(notes, w.alba(statement.KeyBody{Add: []string{public("alba-3")}, Revoke: []string{public("alba-2")}, Need: 2}))
		}
	}
	receipts, refusals := make([]int64, len(notes)), make([]string, len(notes))
	var all sync.WaitGroup
	for i, note := range notes {
		all.Go(func() {
			receipts[i] = -1
			r, err := w.d.Submit(w.a.ID, note, -1)
			switch refused, is := errors.AsType[*Refusal](err); {
			case err == nil:
				receipts[i] = r.Index
				if _, err := r.Verify(w.hosted().origin, w.hosted().panel.Load().era.Keys...); err != nil {
					t.Errorf("entry %d: %v", r.Index, err)
				}
			case is:
				refusals[i] = refused.Code
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	h := w.hosted()
	h.appending.Lock()
	defer h.appending.Unlock()
	at := map[int64]string{}
	for i, note := range notes {
		switch s, err := statement.Parse(note); {
		case receipts[i] < 0:
			if c := refusals[i]; c != record.FaultSignature && c != record.FaultNotCanonical && c != record.FaultRevokedKey && c != record.FaultUnsigned {
				t.Errorf("note %d: refused: %q", i, c)
			}
		case err != nil:
			t.Errorf("note %d: accepted, and does not parse: %v", i, err)
		default:
			if j, err := h.fold.Read(receipts[i]); err != nil || j.Statement == nil || j.Statement.ID != s.ID {
				t.Errorf("note %d: entry %d is another", i, receipts[i])
			}
			if other, taken := at[receipts[i]]; taken && other != s.ID.String() {
				t.Errorf("entry %d was given to two", receipts[i])
			}
			at[receipts[i]] = s.ID.String()
		}
	}
	if len(at) < each {
		t.Errorf("%d accepted, want at least those of brio, %d", len(at), each)
	}
	readAgain(t, w, h)
}

// TestKeyChangeWithinAGroup has a change of keys among what is taken in
// together: what comes after it is judged by the new keys, and what came before
// by the old.
func TestKeyChangeWithinAGroup(t *testing.T) {
	w := newWorld(t).open()
	w.until(w.follower(), "the record is confirmed", func(f *record.Fold) bool { return f.Size() > 0 })
	h := w.hosted()
	notes := [][]byte{
		w.alba(declare("before")),
		w.alba(statement.KeyBody{Add: []string{public("alba-3")}, Revoke: []string{public("alba-2")}, Need: 2}),
		w.alba(declare("with the old keys")),
		sign(t, w.draft("alba", declare("with the new keys")), "alba-1", "alba-3"),
		w.brio(declare("after")),
	}
	h.appending.Lock()
	defer h.appending.Unlock()
	var g []*submission
	for i, l := range ahead.Look(h.fold.Ring(), notes) {
		g = append(g, &submission{entry: notes[i], expect: -1, look: l})
	}
	first := h.fold.Size()
	h.takeIn(w.d, g)
	for i, want := range []int64{first, first + 1, -1, first + 2, first + 3} {
		switch s := g[i]; {
		case want < 0:
			refused, is := errors.AsType[*Refusal](s.err)
			if !is || refused.Code != record.FaultRevokedKey {
				t.Errorf("note %d: %v, want refused for a revoked key", i, s.err)
			}
		case s.err != nil || s.stands.Index != want:
			t.Errorf("note %d: %+v, %v; want entry %d", i, s.stands, s.err, want)
		}
	}
	readAgain(t, w, h)
}

// TestWhoIsAnsweredLeadsNoMore: whoever looks at what others submit ends with it when
// its own statement is answered, however many others wait.
func TestWhoIsAnsweredLeadsNoMore(t *testing.T) {
	w := newWorld(t).open()
	h := w.hosted()
	const n = 3 * leastGroup
	for i := range n {
		h.intake.add(&submission{entry: w.brio(declare(fmt.Sprint(i))), expect: -1, done: make(chan struct{})})
	}
	mine := &submission{done: make(chan struct{})}
	close(mine.done)
	h.intake.turns <- struct{}{}
	w.d.takeGroup(h, mine)
	if got := len(h.intake.waiting); got != n || len(h.intake.turns) != 0 {
		t.Errorf("%d of %d wait, %d turns are taken", got, n, len(h.intake.turns))
	}
}

// readAgain folds what a record has one by one.
func readAgain(t *testing.T, w *world, h *hosted) {
	t.Helper()
	again, err := record.NewFold(w.a)
	if err != nil {
		t.Fatal(err)
	}
	for i := range h.fold.Size() {
		if j := again.Append(record.Must(h.fold.Read(i)).Bytes); j.Fault != nil {
			t.Errorf("entry %d is inert: %v", i, j.Fault)
		}
	}
	if again.Head() != h.fold.Head() || again.Head() != h.log.Head() {
		t.Errorf("read again %s, folded %s, durable %s", again.Head(), h.fold.Head(), h.log.Head())
	}
}
