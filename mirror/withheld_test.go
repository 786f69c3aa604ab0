package mirror

import (
	"log/slog"
	"strings"
	"testing"

	"detente/agreement"
	"detente/internal/clock"
	"detente/record"
	"detente/statement"
)

// A party cannot make custodians wait by handing them a statement that cites a
// head which nobody ever had: an honest depositary never takes it, and it could
// not have borne on what was decided below that head.
func TestInventedHeadHoldsNobodyUp(t *testing.T) {
	b := newBook(t)
	f := b.follow(t.TempDir())
	update(t, f)
	n, err := OpenIntake(f, key("mirror", "mirror"), clock.Real{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	hand := func(by string, seen statement.Head) {
		t.Helper()
		s := &statement.Statement{Agreement: b.a.ID, Bundle: b.a.ID, By: agreement.Name(by), Seen: seen, Body: statement.SignBody{Findings: strings.Repeat("0", 64)}}
		text, err := s.Text()
		if err != nil {
			t.Fatal(err)
		}
		note, err := statement.Sign(text, key(by, by))
		if err != nil {
			t.Fatal(err)
		}
		if _, h, err := n.HandIn(note); err != nil || h == nil {
			t.Fatal(h, err)
		}
	}
	withheld := func() (h *Handed) {
		f.With(func(fold *record.Fold) { h = n.Withheld(fold, 3) })
		return h
	}
	hand("alba", statement.Head{Size: 1 << 40, Root: leaf([]byte("nothing"))})
	b.add(inert("x", 2)...)
	update(t, f)
	if withheld() != nil {
		t.Error("a head that nobody had keeps a custodian waiting")
	}
	hand("brio", statement.Head{})
	if withheld() == nil {
		t.Error("what might have borne on the decision keeps nobody waiting")
	}
}
