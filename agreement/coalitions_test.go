package agreement_test

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"detente/agreement"
)

// named is a text whose vault's custodians were named by these, in this order.
func named(t *testing.T, by []string, need, absent int) *agreement.Agreement {
	t.Helper()
	piece, names := "", []string{}
	for s, b := range by {
		names = append(names, "seat-"+spelled(s))
		piece += fmt.Sprintf("custodian %s {\n  named_by = %s\n  key = \"ed25519 ...\"\n}\n", names[s], b)
	}
	piece += fmt.Sprintf("vault footage {\n  custodians = { of = [%s], need = %d, absent = %d }\n}\n", strings.Join(names, ", "), need, absent)
	b := bundle(t, agreement.File{Path: "x.agreement", Data: []byte(whole(piece, true))})
	a, ds := agreement.Read(b)
	if a == nil {
		t.Fatal(show(b, ds))
	}
	return a
}

var namers = []agreement.Name{"alpha", "beta", "gamma"}

// enough says, by looking at every set of custodians, whether those whom the
// parties in the mask named and x neutral ones have a set that can do it.
func enough(by []string, mask, x int, can func(set int) bool) bool {
	for set := range 1 << len(by) {
		neutral, theirs := 0, true
		for s, b := range by {
			if set>>s&1 == 0 {
				continue
			}
			if i := slices.Index(namers, agreement.Name(b)); i < 0 {
				neutral++
			} else {
				theirs = theirs && mask>>i&1 == 1
			}
		}
		if theirs && neutral <= x && can(set) {
			return true
		}
	}
	return false
}

// smallest are the coalitions from which nobody can be left out.
func smallest(by []string, neutral int, can func(set int) bool) (out []string) {
	for mask := range 1 << len(namers) {
		named, members := 0, []agreement.Name{}
		idle := false
		for i, n := range namers {
			if mask>>i&1 == 0 {
				continue
			}
			members = append(members, n)
			of := 0
			for _, b := range by {
				if b == string(n) {
					of++
				}
			}
			idle = idle || of == 0
			named += of
		}
		for x := 0; x <= neutral && !idle; x++ {
			if !enough(by, mask, x, can) {
				continue
			}
			least := x == 0 || !enough(by, mask, x-1, can)
			for i := range namers {
				least = least && (mask>>i&1 == 0 || !enough(by, mask&^(1<<i), x, can))
			}
			if least {
				out = append(out, fmt.Sprint(members, named, x))
			}
		}
	}
	slices.Sort(out)
	return out
}

// TestCoalitionsAreAllTheSmallest holds the table against every subset of the
// custodians: who has `need` shares opens or keeps, without whom `need` are not
// left blocks, without whom too few acknowledge keeps a key from use.
func TestCoalitionsAreAllTheSmallest(t *testing.T) {
	rosters := 0
	for h := range 3 {
		for i := range 3 {
			for o := range 3 {
				for neutral := range 3 {
					n := h + i + o + neutral
					by := slices.Concat(slices.Repeat([]string{"neutral"}, neutral), slices.Repeat([]string{"gamma"}, o),
						slices.Repeat([]string{"alpha"}, h), slices.Repeat([]string{"beta"}, i))
					for need := 2; need < n; need += 2 {
						rosters++
						against(t, by, neutral, need, n)
					}
				}
			}
		}
	}
	if rosters < 100 {
		t.Errorf("%d rosters looked at", rosters)
	}
}

func against(t *testing.T, by []string, neutral, need, n int) {
	t.Helper()
	c := agreement.CoalitionsOf(named(t, by, need, 1))[0]
	holds := func(set int) bool { return bits.OnesCount(uint(set)) >= need }
	lacks := func(of int) func(int) bool {
		return func(set int) bool { return n-bits.OnesCount(uint(set)) < of }
	}
	can := map[agreement.Deed]func(int) bool{
		agreement.DeedOpen: holds, agreement.DeedKeep: holds, agreement.DeedBlock: lacks(need), agreement.DeedSeal: lacks(need + 1),
	}
	for _, d := range c.Doers {
		if can[d.Deed] == nil {
			continue
		}
		got := []string{}
		for _, k := range d.Coalitions {
			got = append(got, fmt.Sprint(k.Parties, k.Named, k.Neutral))
		}
		slices.Sort(got)
		if want := smallest(by, neutral, can[d.Deed]); !slices.Equal(got, want) || !d.Complete {
			t.Errorf("%v, need %d, %s: got %v, want %v", by, need, d.Deed, got, want)
		}
	}
	// The host is alpha, who may open is beta: x corrupt ones, of whomever.
	safe := func(x int) bool { return c.Beneficiary+x < need && n-(c.Host+x) >= need }
	if x := c.Tolerates; x >= 0 && (!safe(x) || safe(x+1)) || x < 0 && safe(0) {
		t.Errorf("%v, need %d: tolerates %d", by, need, x)
	}
	if d := c.Doers[4]; d.Deed != agreement.DeedCopy || fmt.Sprint(d.Coalitions[0].Parties) != "[alpha beta]" {
		t.Errorf("the operators: %+v", d)
	}
	if d := c.Doers[5]; d.Deed != agreement.DeedDestroy || fmt.Sprint(d.Coalitions[0].Parties) != "[alpha]" {
		t.Errorf("the host: %+v", d)
	}
}

// TestCoalitionsOfManyParties: of ten parties every subset is looked at, of
// eleven only each alone and each two.
func TestCoalitionsOfManyParties(t *testing.T) {
	for _, c := range []struct {
		parties, most int
		complete      bool
	}{{10, 5, true}, {11, 2, false}} {
		var by []string
		for i := range c.parties {
			by = append(by, "party-"+spelled(i))
		}
		piece := ""
		for _, p := range by {
			piece += fmt.Sprintf("party %s {\n  signs = no\n}\n", p)
		}
		by = append(by, "neutral", "neutral", "neutral", "neutral")
		for s, b := range by {
			piece += fmt.Sprintf("custodian seat-%s {\n  named_by = %s\n  key = \"ed25519 ...\"\n}\n", spelled(s), b)
		}
		names := make([]string, len(by))
		for s := range by {
			names[s] = "seat-" + spelled(s)
		}
		piece += fmt.Sprintf("vault footage {\n  custodians = { of = [%s], need = 5 }\n}\n", strings.Join(names, ", "))
		b := bundle(t, agreement.File{Path: "x.agreement", Data: []byte(whole(piece, true))})
		a, ds := agreement.Read(b)
		if a == nil {
			t.Fatal(show(b, ds))
		}
		most, d := 0, agreement.CoalitionsOf(a)[0].Doers[0]
		for _, k := range d.Coalitions {
			most = max(most, len(k.Parties))
		}
		if most != c.most || d.Complete != c.complete {
			t.Errorf("of %d parties: coalitions of up to %d, complete: %v", c.parties, most, d.Complete)
		}
	}
}
