package agreement_test

import (
	"strings"
	"testing"

	"detente/agreement"
)

// amendable is a text with every kind of block and every attribute of them.
const amendable = `agreement example {
  title        = "Example"
  amended      = { by = [alpha, beta], never = [shorten] }
  witnesses    = { of = [w-a, w-b, w-c, w-d], quorum = 3, faulty = 1 }
}
group both {
  members = [alpha, beta]
  base    = frozen
}
measure freeze {
  by      = alpha
  against = [beta]
  starts  = in-force
}
reading stock {
  reporter = beta
  unit     = kg
  due      = { every = 30 days, grace = 2 days }
}
milestone start { at = 2021-02-24 }
commitment thaw {
  clause   = "3"
  by       = alpha
  to       = [beta]
  do       = freeze.lifted
  when     = start.reached
  due      = footage.closes
  grace    = 1 day
  verified = { by = beta, within = 7 days, silence = accepts }
  cure     = { within = 5 days, times = 2 }
}
commitment keep-low {
  by    = beta
  to    = [alpha]
  keep  = stock <= 300 kg
  until = 2021-05-01
}
act leave {
  by     = both
  when   = keep-low.breached
  states = [reasons]
  times  = 1
  notice = 10 days
  effect = { suspends = [thaw] }
}
vault footage {
  opens_if = lift.fulfilled
}
`

func readPiece(t *testing.T, piece string) *agreement.Agreement {
	t.Helper()
	b := bundle(t, agreement.File{Path: "x.agreement", Data: []byte(whole(piece, true))})
	a, ds := agreement.Read(b)
	if a == nil {
		t.Fatal(show(b, ds))
	}
	return a
}

func mustAmend(t *testing.T, old, new *agreement.Agreement) *agreement.Amendment {
	t.Helper()
	m, ds := agreement.Amends(old, new)
	if m == nil {
		t.Fatalf("cannot amend: %v", ds)
	}
	return m
}

// TestDifferences changes one thing at a time and reads what is said of it.
func TestDifferences(t *testing.T) {
	old := readPiece(t, amendable)
	for _, c := range [][3]string{
		{`"Example"`, `"Sample"`, "agreement example: `title` becomes \"Sample\"; it was \"Example\""},
		{"by = [alpha, beta], never = [shorten]", "never = [shorten]", ""},
		{"by = [alpha, beta], never = [shorten]", "by = [beta, alpha], never = [shorten]", ""},
		{"by = [alpha, beta], never = [shorten]", "by = alpha, never = [shorten]", "agreement example: `amended.by` loses beta"},
		{", never = [shorten]", "", "agreement example: `amended.never` is left out; it was shorten"},
		{"members = [alpha, beta]", "members = [alpha, beta, gamma]", "group both: `members` gains gamma\n- act leave: `by` gains gamma"},
		{"starts  = in-force", "starts = lifted", "measure freeze: `starts` becomes lifted; it was in-force"},
		{"every = 30 days", "every = 720 hours", ""},
		{"every = 30 days", "every = 31 days", "reading stock: `due.every` becomes 31 days; it was 30 days"},
		{"at = 2021-02-24", "at = 2021-02-23T00:00:00Z + 1 day", "milestone start: `at` becomes 2021-02-23 + 1 day; it was 2021-02-24"},
		{"at = 2021-02-24", "at = 2021-02-24T00:00:00Z", ""},
		{"grace    = 1 day", "grace = 2 days", "commitment thaw (3): `grace` becomes 2 days; it was 1 day"},
		{"within = 7 days", "within = 8 days", "commitment thaw (3): `verified.within` becomes 8 days; it was 7 days"},
		{"silence = accepts", "silence = refuses", "commitment thaw (3): `verified.silence` becomes refuses; it was accepts"},
		{", times = 2", "", "commitment thaw (3): `cure.times` is left out; it was 2"},
		{"freeze.lifted", "freeze.lifted and start.reached", "commitment thaw (3): `do` becomes freeze.lifted and start.reached; it was freeze.lifted"},
		{"<= 300 kg", "<= 300.00 kg", ""},
		{"<= 300 kg", "< 300 kg", "commitment keep-low: `keep` becomes stock.value < 300 kg; it was stock.value <= 300 kg"},
		{"states = [reasons]", "states = [reasons, facts]", "act leave: `states` gains facts"},
		{"suspends = [thaw]", "ends = agreement", "act leave: `effect.suspends` is left out; it was thaw\n- act leave: `effect.ends` is given: agreement"},
		{"opens_if = lift.fulfilled", "opens_if = lift.fulfilled or thaw.fulfilled", "vault footage: `opens_if` becomes lift.fulfilled or thaw.fulfilled; it was lift.fulfilled"},
		{"opens_if = lift.fulfilled", "opens_if = lift.fulfilled\n  closes = 2021-06-24", "vault footage: `closes` becomes 2021-06-24; it was 2021-05-24"},
		{"  opens_if = lift", "  # white space and comments\n  opens_if   = lift", ""},
	} {
		piece := strings.Replace(amendable, c[0], c[1], 1)
		if piece == amendable {
			t.Fatalf("the text has no %s", c[0])
		}
		m := mustAmend(t, old, readPiece(t, piece))
		var said []string
		for _, d := range m.Changes {
			said = append(said, d.Text)
		}
		if got := strings.Join(said, "\n- "); got != c[2] {
			t.Errorf("%s to %s:\n%s\nwant\n%s", c[0], c[1], got, c[2])
		}
	}
}

// TestRename: what refers to a block under its new name is no change of its own,
// two blocks may swap their names, and a former name is carried out once.
func TestRename(t *testing.T) {
	old := readPiece(t, amendable)
	to := strings.NewReplacer("start.", "beginning.", "milestone start {", "milestone beginning {\n  was = \"start\"\n ")
	renamed := readPiece(t, to.Replace(amendable))
	m := mustAmend(t, old, renamed)
	if len(m.Changes) != 1 || m.Changes[0].Text != "milestone beginning: it was called start" {
		t.Errorf("got %v", m.Changes)
	}
	if was, ok := m.Was("beginning"); was != "start" || !ok {
		t.Errorf("beginning was %s", was)
	}
	if now, ok := m.Now("start"); now != "beginning" || !ok {
		t.Errorf("start is %s", now)
	}
	if m := mustAmend(t, renamed, renamed); len(m.Changes) != 0 || len(m.Added)+len(m.Ended) != 0 {
		t.Errorf("the same text again: %v", m.Changes)
	}
	swapped := strings.NewReplacer("by    = beta", "was = \"thaw\"\n  by    = beta", "by       = alpha", "was = \"keep-low\"\n  by       = alpha")
	if _, ds := agreement.Amends(old, readPiece(t, swapped.Replace(amendable))); len(ds) != 2 || ds[0].Code != agreement.CodeAmendKind {
		t.Errorf("a do that swaps with a keep: %v", ds)
	}
	pair := amendable + "milestone other { at = 2021-03-01 }\n"
	m = mustAmend(t, readPiece(t, pair), readPiece(t, strings.NewReplacer("milestone start {", "milestone start {\n  was = \"other\"\n ", "milestone other {", "milestone other {\n  was = \"start\"\n ").Replace(pair)))
	if was, _ := m.Was("start"); was != "other" || len(m.Added)+len(m.Ended) != 0 {
		t.Errorf("swapped: start was %s, %v added, %v ended", was, m.Added, m.Ended)
	}
}

// TestAmendName: the text of another agreement, and two blocks that would
// continue one; and who has to sign.
func TestAmendName(t *testing.T) {
	old := readPiece(t, amendable)
	other := strings.Replace(whole(amendable, true), "agreement example {", "agreement sample {", 1)
	for was, want := range map[string]agreement.Code{"": agreement.CodeAmendName, "  was = \"exemple\"\n": agreement.CodeAmendName, "  was = \"example\"\n": ""} {
		a := readPiece(t, strings.Replace(other, "agreement sample {\n", "agreement sample {\n"+was, 1))
		m, ds := agreement.Amends(old, a)
		switch {
		case want == "" && (m == nil || m.Changes[0].Text != "agreement sample: it is called sample and was called example"):
			t.Errorf("renamed: %v %v", m, ds)
		case want != "" && (len(ds) != 1 || ds[0].Code != want):
			t.Errorf("%q: %v, want %s", was, ds, want)
		}
	}
	twice := strings.Replace(amendable, "group both", "milestone begin {\n  was = \"start\"\n  at = 2021-02-24\n}\ngroup both", 1)
	if _, ds := agreement.Amends(old, readPiece(t, twice)); len(ds) != 1 || ds[0].Code != agreement.CodeAmendWas {
		t.Errorf("two blocks that continue one: %v", ds)
	}
	m := mustAmend(t, old, readPiece(t, amendable+"party delta {\n  keys = { of = [\"ed25519 ...\"], need = 1 }\n}\n"))
	if len(m.By) != 2 || len(m.Joins) != 1 || m.Joins[0] != "delta" || !strings.Contains(m.Text(), "to be signed by alpha and beta, and by delta, who did not sign before\n") {
		t.Errorf("signed by %v, joined by %v\n%s", m.By, m.Joins, m.Text())
	}
	if got := readPiece(t, strings.Replace(amendable, "by = [alpha, beta], never", "never", 1)).Amended.By; len(got) != 2 {
		t.Errorf("by default %v sign an amendment, want everybody who signs", got)
	}
}

// TestEveryAttributeCompared changes nothing but asks of every attribute of the
// table that what compares texts knows it.
func TestEveryAttributeCompared(t *testing.T) {
	known := agreement.Compared()
	for _, s := range agreement.Schema() {
		if s.Later {
			continue
		}
		if s.Noun == "agreement" {
			known[s.Noun]["clock"] = true // an amendment cannot change it
		}
		for _, path := range []string{"of", "cases.per", "cases.of", "cases.at_once", "between"} {
			known[s.Noun][path] = true // another case, or none, is told as what is new or ends
		}
		var walk func(prefix string, specs []agreement.AttributeSpec)
		walk = func(prefix string, specs []agreement.AttributeSpec) {
			for _, a := range specs {
				path := prefix + a.Name
				switch {
				case a.Later, path == "was":
				case len(a.Fields) > 0:
					walk(path+".", a.Fields)
				case !known[s.Noun][path]:
					t.Errorf("%s of a %s can change without being told", path, s.Noun)
				}
			}
		}
		walk("", s.Attributes)
	}
}
