package mirror

import (
	"strings"
	"testing"
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
