package mirror

import (
	"slices"
	"strings"
	"testing"

	"detente/agreement"
)

// A fork that is shown is held in the folder, and named with who signed both
// histories: also after a restart, without a host. What is only older is none.
func TestForksHeld(t *testing.T) {
	for _, c := range []struct {
		name    string
		by      []string
		quorums bool
		both    []agreement.Name
	}{
		{"a quorum each", []string{"vienna", "muscat", "seoul"}, true, []agreement.Name{"host", "vienna", "seoul"}},
		{"one witness", []string{"vienna"}, false, []agreement.Name{"host", "vienna"}},
		{"the host alone", nil, false, []agreement.Name{"host"}},
	} {
		b := newBook(t)
		other, older := b.fork(1), b.fork(1)
		b.add(inert("x", 5)...)
		b.cosign(noon, three...)
		other.add(inert("y", 9)...)
		if c.by != nil {
			other.cosign(noon+1, c.by...)
		}
		dir := t.TempDir()
		f := b.follow(dir)
		update(t, f)
		f.Close()
		f = older.follow(dir)
		if err := f.Update(within(t)); err == nil {
			t.Fatal("an older record was followed")
		}
		if held, err := f.Forks(); err != nil || len(held) > 0 {
			t.Errorf("%s: an older head is held as a fork: %+v, %v", c.name, held, err)
		}
		f.Close()
		f = other.follow(dir)
		if err := f.Update(within(t)); err == nil {
			t.Fatal("a fork was followed")
		}
		f.Close()
		f, err := Open(within(t), Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		held, err := f.Forks()
		if err != nil || len(held) != 1 {
			t.Fatalf("%s: %+v, %v", c.name, held, err)
		}
		k := held[0]
		if k.Quorums() != c.quorums || !slices.Equal(k.Both, c.both) || k.Seen.Head != b.fold.Head() || k.Shown.Head != other.fold.Head() || k.Seen.Host != "host" || !k.Seen.Quorum {
			t.Errorf("%s: %+v", c.name, k)
		}
		notice := (&Station{Follower: f}).Notice() // which every page of the copy shows
		for _, by := range c.both {
			if !strings.Contains(notice, "This record forked") || !strings.Contains(notice, string(by)) || strings.Contains(notice, "everything holds") != c.quorums {
				t.Errorf("%s: the pages say %q", c.name, notice)
			}
		}
		f.Close()
	}
}
