package mirror

import (
	"bytes"
	"errors"
	"testing"
)

// TestAsk: what witnesses hold and the depositary does not show is found, and
// so is another history.
func TestAsk(t *testing.T) {
	b := newBook(t)
	ws := cast(t, b)
	f := b.follow(t.TempDir())
	update(t, f)
	if heard, err := f.Ask(within(t), ws); heard != 0 || err != nil {
		t.Fatalf("before anything was cosigned: %d, %v", heard, err)
	}
	shown := b.fork(1)
	b.add(inert("x", 5)...)
	if _, err := b.gather(t, ws); err != nil {
		t.Fatal(err)
	}
	if heard, err := f.Ask(within(t), ws); heard != 4 || err != nil {
		t.Fatalf("cosigned and shown: %d, %v", heard, err)
	}
	g := shown.follow(t.TempDir())
	update(t, g)
	_, err := g.Ask(within(t), ws)
	hidden, ok := errors.AsType[*UnpublishedError](err)
	if !ok || hidden.Held.Size != 6 || hidden.Shown.Size != 1 || hidden.Witness != "vienna" {
		t.Fatalf("cosigned and not shown: %v", err)
	}
	shown.add(inert("y", 9)...)
	update(t, g)
	_, err = g.Ask(within(t), ws)
	if e, ok := errors.AsType[*DivergenceError](err); !ok || !e.Fork || e.Evidence == "" {
		t.Fatalf("cosigned and otherwise shown: %v", err)
	}
}

// TestCosignWithoutDepositary: a party has what it holds dated by the witnesses.
func TestCosignWithoutDepositary(t *testing.T) {
	b := newBook(t)
	ws := cast(t, b)
	dir := t.TempDir()
	f := b.follow(dir)
	if _, err := f.Cosign(within(t), ws); err == nil {
		t.Error("cosigned a head that was never seen")
	}
	b.add(inert("x", 300)...)
	update(t, f)
	b.server.Close()
	note, err := f.Cosign(within(t), ws)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if f, err = Open(within(t), Config{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if size, kept := f.Final(); size != 301 || !bytes.Equal(kept, note) {
		t.Errorf("final to %d", size)
	}
	if _, err := f.Cosign(within(t), ws[:2]); err == nil {
		t.Error("two witnesses of four are a quorum")
	}
}
