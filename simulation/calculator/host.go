package calculator

import (
	"bytes"
	"slices"
)

// A council is one list of witnesses and its rule.
type council struct {
	witnesses []*verifier
	need, bad int
	since     int64 // the index of the proof that brought it
}

// same is whether two lists are of the same witnesses under the same rule.
func (a *council) same(b *council) bool {
	has := func(o *council, w *verifier) bool {
		return slices.ContainsFunc(o.witnesses, func(x *verifier) bool { return x.name == w.name && bytes.Equal(x.key, w.key) })
	}
	return a.need == b.need && a.bad == b.bad && len(a.witnesses) == len(b.witnesses) &&
		!slices.ContainsFunc(a.witnesses, func(w *verifier) bool { return !has(b, w) })
}

// An era is who signs checkpoints of a size and more.
type era struct {
	from  int64
	hosts []string
	keys  [][]byte
	lists []*council
}

func (t *terms) era() era {
	return era{hosts: t.hosts, keys: t.logKeys, lists: []*council{{t.witnesses, t.need, t.bad, -1}}}
}

// eraAt is that of checkpoints of a size.
func (c *calculation) eraAt(size int64) era {
	at := c.eras[0]
	for _, e := range c.eras {
		if e.from <= size {
			at = e
		}
	}
	return at
}

func (c *calculation) lastEra() era { return c.eras[len(c.eras)-1] }

// amended is what a text that the proof at index n brought into force makes of
// who signs: all lists so far, and its own. It gives them if its own is another.
func (c *calculation) amended(n int64, t *terms) (changed []*council) {
	e := t.era()
	own := e.lists[0]
	own.since = n
	e.lists = slices.Clone(c.lastEra().lists)
	if !e.lists[len(e.lists)-1].same(own) {
		e.lists = append(e.lists, own)
		changed = e.lists
	}
	e.from = n + 1
	c.eras = append(c.eras, e)
	return changed
}

// joined ends the lists before one that a proof at index n covers the start of.
func (c *calculation) joined(n, size int64) {
	e := c.lastEra()
	for k := len(e.lists) - 1; k > 0; k-- {
		if e.lists[k].since < size {
			e.lists, e.from = e.lists[k:], n+1
			c.eras = append(c.eras, e)
			return
		}
	}
}

// placeWord takes a consent or a renunciation at its place, for when the old
// witnesses are dead. It says whether a renunciation counts.
func (f *fold) placeWord(i int, s *said) bool {
	v := f.inForce()
	if s.bundle != v.id || f.stale(s) {
		return false
	}
	to := s.body["bundle"].(string)
	if s.kind == "amend" {
		say(f.placed, s.by, s.seen, to)
	} else {
		f.renounced[s.by] = to
	}
	if next := f.whole[to]; to != v.id && next != nil && mayAmend(v.terms, next) && f.takesOver(v.terms, next, to) {
		f.takeOver(int64(i), next)
	}
	return true
}

func (f *fold) takesOver(from, to *terms, id string) bool {
	lists := f.lastEra().lists
	if !consented(f.placed, append(from.signatories(), joins(from, to)...), id) || len(lists) == 1 && lists[0].same(to.era().lists[0]) {
		return false
	}
	for _, v := range from.vaults {
		for _, r := range f.rosters(v.name, len(f.past)) {
			n := 0
			for _, c := range r.custodians {
				if f.renounced[c] == id {
					n++
				}
			}
			if f.undecided(v.name) && n < r.enough() {
				return false
			}
		}
	}
	return true
}

// undecided is whether the record has no certificate of a vault.
func (f *fold) undecided(vault string) bool {
	all, holds := f.certificates(vault)
	return len(all) == 0 || holds
}

// takeOver makes the witnesses of a text the only ones.
func (f *fold) takeOver(i int64, to *terms) {
	e := f.lastEra()
	var without []string
	for _, v := range f.vaults {
		if f.undecided(v.name) {
			without = append(without, v.name)
		}
	}
	own := to.era().lists[0]
	own.since = i
	e.lists, e.from = []*council{own}, i+1
	e.hosts, e.keys = append(slices.Clone(e.hosts), to.hosts...), append(slices.Clone(e.keys), to.logKeys...)
	f.eras = append(f.eras, e)
	for _, name := range without {
		f.overtaken[name] = i + 1
	}
}

// rosters are those of a vault by the texts of the first n entries: each once,
// at its last.
func (f *fold) rosters(vault string, n int) (all []*vaultTerms) {
	for i := range n {
		v := f.past[i].of(vault)
		if v == nil || len(all) > 0 && all[len(all)-1] == v {
			continue
		}
		all = slices.DeleteFunc(all, func(o *vaultTerms) bool { return o.need == v.need && slices.Equal(o.custodians, v.custodians) })
		all = append(all, v)
	}
	return all
}

// enough of a roster prevent that the others open, and that their erasing is
// the end.
func (v *vaultTerms) enough() int { return max(v.need, len(v.custodians)-v.need+1) }

// of are the terms of a vault.
func (t *terms) of(vault string) *vaultTerms {
	for _, v := range t.vaults {
		if v.name == vault {
			return v
		}
	}
	return nil
}
