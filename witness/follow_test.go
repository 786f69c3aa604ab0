package witness

import (
	"log/slog"
	"testing"

	"detente/internal/durable/durabletest"
)

// The operator adds the key of a depositary that an amendment named; it is known
// after a restart too, and changes nothing that was cosigned.
func TestFollowAnotherKey(t *testing.T) {
	p := &place{t.TempDir(), new(hand), durabletest.New()}
	open := func() *Witness {
		w, err := Open(Config{Dir: p.dir, Signer: signer(t, "vienna", 1), Clock: p.hand, Log: slog.New(slog.DiscardHandler), FS: p.fs})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	const origin = "a.example/record"
	first, second := signer(t, "x", 30).Public(), signer(t, "x", 31).Public()
	w := open()
	if err := w.Follow(origin, second); err == nil {
		t.Error("a key for a log that is not registered")
	}
	if err := w.Add(origin, first); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.Follow(origin, second); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	w = open()
	defer w.Close()
	if err := w.Add(origin, first); err != nil {
		t.Errorf("registered again as it was: %v", err)
	}
	if err := w.Add(origin, second); err == nil {
		t.Error("registered anew with the later key first")
	}
	if keys := w.log(hashOf(origin)).keys; len(keys) != 2 || keys[0] != first || keys[1] != second {
		t.Errorf("after a restart: %v", keys)
	}
}
