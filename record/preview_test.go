package record

import (
	"errors"
	"strings"
	"testing"

	"detente/statement"
)

// What a preview says of an act is what the record then does, and it changes
// nothing.
func TestPreviewIsWhatComes(t *testing.T) {
	b := begin(t)
	lift := b.draft("iaea", statement.LiftBody{Measure: "us-sanctions", Documents: none})
	before := b.f.State().Bytes()
	p, err := b.f.Preview(lift)
	if err != nil {
		t.Fatal(err)
	}
	if after := b.f.State().Bytes(); string(before) != string(after) {
		t.Fatal("a preview changed the state")
	}
	if !p.Effect || len(p.Changes) == 0 {
		t.Fatalf("lifting changes nothing: %+v", p)
	}
	j := b.must(b.put(b.signed(lift)))
	b.tick(instant("2021-02-23T09:00:00Z"))
	if e := b.f.Entry(j.Index).Effect; e == nil || !e.Verdict.Effect {
		t.Fatalf("what was previewed did not happen: %+v", e)
	}
	again, err := b.f.Preview(b.draft("iaea", statement.LiftBody{Measure: "us-sanctions", Documents: none}))
	if err != nil || len(again.Changes) >= len(p.Changes) && again.Effect {
		t.Errorf("lifted again: %+v, %v", again, err)
	}
}

func TestPreviewOfWhatDoesNotCount(t *testing.T) {
	b := begin(t)
	p, err := b.f.Preview(b.draft("iran", statement.DeclareBody{Text: "words", Documents: none}))
	if err != nil || p.Effect || !strings.Contains(p.Reason, "words") {
		t.Errorf("words: %+v, %v", p, err)
	}
	stale := b.draft("iran", statement.VerifyBody{Commitment: "lift-sanctions", Finding: "accepts", Documents: none})
	stale.Answers = statement.ID{1}
	if p, err := b.f.Preview(stale); err != nil || p.Effect || !strings.Contains(p.Reason, "not on this record") {
		t.Errorf("a finding on nothing: %+v, %v", p, err)
	}
	for what, spoil := range map[string]func(*statement.Statement){
		"nobody's":            func(s *statement.Statement) { s.By = "nobody" },
		"another agreement's": func(s *statement.Statement) { s.Agreement[0] ^= 1 },
		"another text's":      func(s *statement.Statement) { s.Bundle[0] ^= 1 },
		"a foreign head's":    func(s *statement.Statement) { s.Seen.Root[0] ^= 1 },
		"a camera's lifting":  func(s *statement.Statement) { s.By = "camera" },
		"a change of keys that leaves too few": func(s *statement.Statement) {
			s.Body = statement.KeyBody{Add: []string{}, Revoke: []string{keyOf("iaea", "iaea-1").Public().String()}, Need: 1}
		},
	} {
		s := b.draft("iaea", statement.LiftBody{Measure: "us-sanctions", Documents: none})
		spoil(s)
		var broken *Fault
		if _, err := b.f.Preview(s); !errors.As(err, &broken) {
			t.Errorf("%s statement: %v", what, err)
		}
	}
}
