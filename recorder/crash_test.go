package recorder

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"

	"detente/internal/durable/durabletest"
	"detente/vault"
)

// put adds the next manifest of a camera to a shelf.
func put(s *shelf, camera string) error {
	seq, prev := s.next(camera)
	m, err := (&vault.Manifest{Camera: camera, Seq: seq, Prev: prev, Size: vault.SegmentSize(4096), Wall: vault.Milliseconds(seq) * 1000, Mono: 1, Duration: 10}).
		Sign(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		return err
	}
	return s.add(m)
}

// The machine stops at every single write, keeping what was not synced, or
// nothing, or some. Whatever was kept durably is there, dense and chained, and
// the next manifest follows it.
func TestShelfAfterACrashAtEveryWrite(t *testing.T) {
	for _, keep := range []func() durabletest.Keep{
		func() durabletest.Keep { return durabletest.KeepNothing },
		func() durabletest.Keep { return durabletest.KeepAll },
		func() durabletest.Keep { return durabletest.KeepSome(3) },
	} {
		for stop := 0; ; stop++ {
			m := durabletest.New()
			m.Fault = func(op durabletest.Op) durabletest.Fault {
				if op.N == stop {
					return durabletest.Fault{Effect: durabletest.Crash}
				}
				return durabletest.Fault{}
			}
			added := int64(0)
			s, err := openShelf(m, "/v", []string{"east", "west"}, nil)
			for i := 0; err == nil && i < 3; i++ {
				if err = put(s, "east"); err == nil {
					added++
				}
			}
			done := err == nil
			again, err := openShelf(m.Crash(keep()), "/v", []string{"east", "west"}, nil)
			if err != nil {
				t.Fatalf("stopped at operation %d: %v", stop, err)
			}
			if next, _ := again.next("east"); next < added+1 || next > added+2 {
				t.Fatalf("stopped at operation %d after %d manifests: the next is %d", stop, added, next)
			}
			if err := put(again, "east"); err != nil {
				t.Fatalf("stopped at operation %d: %v", stop, err)
			}
			if done {
				break
			}
		}
	}
}

// After a write that failed nobody knows what the file ends with, so nothing
// more is written behind it.
func TestFailedWriteClosesTheReel(t *testing.T) {
	for _, effect := range []durabletest.Effect{durabletest.Lost, durabletest.Kept, durabletest.Torn} {
		m := durabletest.New()
		s, err := openShelf(m, "/v", []string{"east"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := put(s, "east"); err != nil {
			t.Fatal(err)
		}
		failing := true
		m.Fault = func(op durabletest.Op) durabletest.Fault {
			if failing && op.Kind == "write" {
				return durabletest.Fault{Effect: effect}
			}
			return durabletest.Fault{}
		}
		if err := put(s, "east"); err == nil {
			t.Fatal("a write that failed did not")
		}
		failing = false
		if err := put(s, "east"); err == nil || !strings.Contains(err.Error(), "opened again") {
			t.Errorf("effect %d: written behind a failed write: %v", effect, err)
		}
		again, err := openShelf(m.Kill(), "/v", []string{"east"}, nil)
		if err != nil {
			t.Fatal(fmt.Errorf("effect %d: %w", effect, err))
		}
		if err := put(again, "east"); err != nil {
			t.Error(err)
		}
	}
}

// Names of segments come from the network: only a camera's own numbers are
// files.
func TestNamesOfSegments(t *testing.T) {
	s, err := openShelf(durabletest.New(), "/v", []string{"east"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if name, ok := s.segment("east/12"); !ok || name != "/v/segment/east/12" {
		t.Errorf("east/12 is %q, %v", name, ok)
	}
	for _, bad := range []string{"", "east", "east/", "east/012", "east/+1", "east/1/2", "west/1", "../manifest/east", "east/../../x", "east/1.tmp"} {
		if name, ok := s.segment(bad); ok {
			t.Errorf("%q is the file %q", bad, name)
		}
	}
}

// What a failed sync left in the page cache alone can be read by the next life,
// and is gone after the next power cut, though what was appended to it was
// synced: so the next life writes it anew.
func TestManifestWhoseSyncFailed(t *testing.T) {
	m := durabletest.New()
	shelve := func() *shelf {
		t.Helper()
		s, err := openShelf(m, "vault", []string{"main"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if err := put(shelve(), "main"); err != nil {
		t.Fatal(err)
	}
	s := shelve()
	m.Fault = func(op durabletest.Op) (f durabletest.Fault) {
		if op.Kind == "sync" {
			f.Effect = durabletest.Lost
		}
		return f
	}
	if put(s, "main") == nil {
		t.Fatal("a failed sync was taken for one")
	}
	m = m.Kill()
	s = shelve()
	for range 2 {
		if err := put(s, "main"); err != nil {
			t.Fatal(err)
		}
	}
	want, _ := s.next("main")
	m = m.Crash(durabletest.KeepNothing)
	if got, _ := shelve().next("main"); got != want {
		t.Errorf("after the power cut the next manifest is %d, want %d", got, want)
	}
}
