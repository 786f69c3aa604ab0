package witness

import (
	"errors"
	"log/slog"
	"testing"

	"detente/agreement"
	"detente/internal/durable/durabletest"
	"detente/record"
)

// A copy of a record that does not name the witness registers nothing; one that
// does registers it under all who have hosted it, and again changes nothing.
func TestObserve(t *testing.T) {
	w, err := Open(Config{Dir: t.TempDir(), Signer: signer(t, "vienna", 30), Clock: new(hand), Log: slog.New(slog.DiscardHandler), FS: durabletest.New()})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, c := range []struct {
		archive []byte
		named   bool
	}{{bundle(t, keysOf(t, 40)), false}, {bundle(t, keysOf(t, 30)), true}, {bundle(t, keysOf(t, 30)), true}} {
		b, err := record.DecodeBundle(c.archive)
		if err != nil {
			t.Fatal(err)
		}
		a, diagnostics := agreement.Read(b)
		if a == nil {
			t.Fatalf("%+v", diagnostics)
		}
		f, err := record.NewFold(a)
		if err != nil {
			t.Fatal(err)
		}
		f.Append(record.Opening(a))
		origin, err := w.Observe(f)
		if c.named != (err == nil) || !c.named && !errors.Is(err, ErrNotNamed) {
			t.Errorf("named %v: %v", c.named, err)
		}
		if l := w.log(hashOf(record.Origin(a))); c.named != (l != nil) || c.named && (origin != record.Origin(a) || len(l.keys) != len(f.Eras()[0].Keys)) {
			t.Errorf("named %v: registered as %q", c.named, origin)
		}
	}
}
