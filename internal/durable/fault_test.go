package durable_test

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"detente/internal/durable"
	"detente/internal/durable/durabletest"
)

// TestWriteFileFaults fails every operation of a WriteFile in every way, then
// cuts the power in every way. The file always holds the old or the new text,
// and the new one if WriteFile said so. So for CreateFile, whose old text is
// none.
func TestWriteFileFaults(t *testing.T) {
	const (
		old   = "the old text"
		fresh = "a new text, longer than the old one"
	)
	type writer func(durable.FS, string, []byte) error
	for name, write := range map[string]writer{"write": durable.WriteFile, "create": durable.CreateFile} {
		for _, effect := range []durabletest.Effect{durabletest.None, durabletest.Lost, durabletest.Kept, durabletest.Torn, durabletest.Crash} {
			faulted := true
			for n := 0; faulted; n++ {
				faulted = false
				for seed := range uint64(8) {
					m := durabletest.New()
					want := ""
					if name == "write" {
						want = old
						if err := durable.WriteFile(m, "file", []byte(old)); err != nil {
							t.Fatal(err)
						}
					}
					first := m.Ops()
					m.Fault = func(op durabletest.Op) durabletest.Fault {
						if op.N != first+n || effect == durabletest.None {
							return durabletest.Fault{}
						}
						faulted = true
						return durabletest.Fault{Effect: effect}
					}
					err := write(m, "file", []byte(fresh))
					if faulted && effect == durabletest.Crash && !errors.Is(err, durabletest.ErrCrashed) {
						t.Fatalf("%s: crash at operation %d: %v", name, n, err)
					}
					what := fmt.Sprintf("%s: effect %d at operation %d, seed %d, error %v", name, effect, n, seed, err)
					keep := durabletest.KeepSome(seed)
					switch seed {
					case 0:
						keep = durabletest.KeepNothing
					case 1:
						keep = durabletest.KeepAll
					}
					got, readErr := durable.ReadFile(m.Crash(keep), "file", 1000)
					switch {
					case err == nil && string(got) != fresh:
						t.Fatalf("%s: file holds %q, %v, the new text was acknowledged", what, got, readErr)
					case string(got) != want && string(got) != fresh:
						t.Fatalf("%s: file holds %q, %v", what, got, readErr)
					case want != "" && readErr != nil:
						t.Fatalf("%s: %v", what, readErr)
					}
				}
			}
		}
	}
}

// TestModelForgets holds the file system in memory to the two habits of real
// ones that programs get wrong.
func TestModelForgets(t *testing.T) {
	m := durabletest.New()
	if err := durable.WriteFile(m, "file", nil); err != nil {
		t.Fatal(err)
	}
	f, err := m.OpenFile("file", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte("lost"))
	m.Fault = func(durabletest.Op) durabletest.Fault { return durabletest.Fault{Effect: durabletest.Lost} }
	if err := f.Sync(); !errors.Is(err, durabletest.ErrInjected) {
		t.Fatal(err)
	}
	m.Fault = nil
	if err := f.Sync(); err != nil {
		t.Fatalf("a second sync: %v", err)
	}
	if got := read(t, m, "file"); got != "lost" {
		t.Errorf("before the power cut: %q", got)
	}
	if got := read(t, m.Crash(durabletest.KeepAll), "file"); got != "" {
		t.Errorf("after a sync that failed and one that did not: %q", got)
	}

	for _, synced := range []bool{false, true} {
		m := durabletest.New()
		f, err := m.OpenFile("a", os.O_WRONLY|os.O_CREATE, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte("text"))
		if err := f.Sync(); err != nil {
			t.Fatal(err)
		}
		want := 0
		if synced {
			want = 1
			if err := m.SyncDir(""); err != nil {
				t.Fatal(err)
			}
		}
		if names, _ := m.Crash(durabletest.KeepNothing).ReadDir(""); len(names) != want {
			t.Errorf("directory synced: %v, names after the power cut: %q", synced, names)
		}
	}
}
