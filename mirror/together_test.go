package mirror

import (
	"context"
	"strings"
	"testing"

	"detente/record"
)

// An answer that was overtaken by another call's is no divergence: a custodian
// that asks in two places at once would end itself over nothing.
func TestAnswerThatWasOvertaken(t *testing.T) {
	b := newBook(t)
	f := b.follow(t.TempDir())
	update(t, f)
	b.add(inert("x", 2)...)
	late := true
	b.tamper = func(path string, body []byte) []byte {
		if late && strings.HasSuffix(path, "/head") {
			late = false // the first asker's answer is on its way while another asks
			b.add(inert("y", 2)...)
			update(t, f)
		}
		return body
	}
	update(t, f)
	if head, _ := f.Head(); late || head.Size != 5 {
		t.Errorf("the head has %d entries, want 5", head.Size)
	}
	// A smaller head shown to a question asked later is a divergence as before.
	b.tamper = nil
	if _, err := f.advance(within(t), b.fork(3).sign(b.fork(3).fold.Head()), 5); err == nil {
		t.Error("an older record was taken for the present one")
	}
}

// One garbled answer does not end the wait of who follows the record.
func TestWaitOutlivesAGarbledAnswer(t *testing.T) {
	b := newBook(t)
	f := b.follow(t.TempDir())
	garbled := 0
	b.tamper = func(path string, body []byte) []byte {
		if strings.HasSuffix(path, "/head") && garbled < 3 {
			body[[]int{3, len(body) / 2, len(body) - 3}[garbled]] ^= 0x81
			garbled++
		}
		return body
	}
	var size int64
	if err := f.Wait(within(t), func(fold *record.Fold, _ int64) bool { size = fold.Size(); return size > 0 }); err != nil || garbled != 3 || size != 1 {
		t.Errorf("after %d garbled answers: %d entries, %v", garbled, size, err)
	}
	ctx, cancel := context.WithCancel(within(t))
	cancel()
	if err := f.Wait(ctx, func(*record.Fold, int64) bool { return false }); err == nil {
		t.Error("a wait that was ended went on")
	}
}
