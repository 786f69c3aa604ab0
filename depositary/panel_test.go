package depositary

import (
	"strings"
	"testing"

	"detente/agreement"
	"detente/mirror"
	"detente/record"
	"detente/statement"
)

// While the witnesses change two lists must cosign, and the larger number counts,
// whichever list it is of.
func TestPanelNeedsTheLargestOfItsLists(t *testing.T) {
	four, seven := record.List{Need: 3, Faulty: 1}, record.List{Need: 5, Faulty: 2}
	for _, c := range []struct {
		lists        []record.List
		need, faulty int
	}{
		{nil, 0, 0},
		{[]record.List{four}, 3, 1},
		{[]record.List{four, seven}, 5, 2},
		{[]record.List{seven, four}, 5, 2},
	} {
		p := &panel{era: record.Era{Lists: c.lists}}
		if p.need() != c.need || p.faulty() != c.faulty {
			t.Errorf("%+v: need %d, faulty %d; want %d and %d", c.lists, p.need(), p.faulty(), c.need, c.faulty)
		}
	}
}

// A former host still has its name, and may host no more.
func TestPanelTellsFormerHosts(t *testing.T) {
	before, now, nobody := key("host", "host").Public(), key("haven", "haven").Public(), key("x", "x").Public()
	p := &panel{
		era:  record.Era{Hosts: []agreement.Name{"haven"}, Keys: []statement.PublicKey{now}},
		ever: record.Era{Hosts: []agreement.Name{"host", "haven"}, Keys: []statement.PublicKey{before, now}},
	}
	for _, c := range []struct {
		key   statement.PublicKey
		name  agreement.Name
		hosts bool
	}{{before, "host", false}, {now, "haven", true}, {nobody, "", false}} {
		if p.nameOf(c.key) != c.name || p.hosts(c.key) != c.hosts {
			t.Errorf("the key of %q is one of %q, and hosts: %v", c.name, p.nameOf(c.key), p.hosts(c.key))
		}
	}
}

// A panel is that of the text in force: put in place of none and of an older
// one, and left alone when nothing changed.
func TestPanelTurns(t *testing.T) {
	a, _ := bundle(t, "pledge-of-alba")
	f, err := record.NewFold(a)
	if err != nil {
		t.Fatal(err)
	}
	r := &reading{fold: f, roster: mirror.NewRoster(nil, nil)}
	r.turn()
	p := r.panel.Load()
	if p == nil || !p.hosts(key("host", "host").Public()) || p.need() != 3 || p.faulty() != 1 || len(p.witnesses) != len(witnessNames) || p.nameOf(key("host", "host").Public()) != "host" {
		t.Fatalf("the panel of the first text: %+v", p)
	}
	if r.turn(); r.panel.Load() != p {
		t.Error("nothing changed, and the panel is another")
	}
	for what, old := range map[string]*panel{
		"of another size":       {era: record.Era{From: p.era.From + 1, Lists: p.era.Lists}},
		"with a list that left": {era: record.Era{From: p.era.From, Lists: append(p.era.Lists, p.era.Lists...)}},
	} {
		r.panel.Store(old)
		if r.turn(); r.panel.Load() == old {
			t.Errorf("a panel %s stays", what)
		}
	}
}

// Only a depositary that the text names takes a record, and only what its own
// key signed is its own.
func TestWhoMayHost(t *testing.T) {
	a, _ := bundle(t, "pledge-of-alba")
	f, err := record.NewFold(a)
	if err != nil {
		t.Fatal(err)
	}
	named, other := &Depositary{cfg: Config{Signer: key("host", "host")}}, &Depositary{cfg: Config{Signer: key("host", "another")}}
	if err := named.mayHost(f); err != nil {
		t.Error(err)
	}
	if err := other.mayHost(f); err == nil || !strings.Contains(err.Error(), "host with the key "+public("host")) || !strings.Contains(err.Error(), public("another")) {
		t.Errorf("a depositary with another key: %v", err)
	}
	note, err := statement.SignCheckpoint(statement.Checkpoint{Origin: record.Origin(a), Size: 1}, key(record.Origin(a), "host"))
	if err != nil {
		t.Fatal(err)
	}
	if !named.made(note, record.Origin(a)) || other.made(note, record.Origin(a)) || named.made(note, "elsewhere") {
		t.Error("a checkpoint is of the key that signed it, under its origin")
	}
}
