package calculator

import "slices"

// A Certificate is a ground on which custodians may act, and the outcome.
type Certificate struct {
	Ground  string // decided, halted or agreed
	Outcome string
}

// certificates are those that the proofs on the record give a vault, and
// whether two of them exclude each other.
func (f *fold) certificates(vault string) (all []Certificate, holds bool) {
	add := func(c Certificate) {
		if !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	agreed, by := f.agreedOutcome(vault)
	changes := f.changes(vault)
	for _, j := range f.judged[:len(f.past)] {
		if j.proof == nil || j.proof.size < f.overtaken[vault] {
			continue
		}
		if c, ok := f.certificate(vault, j.proof, changes); ok {
			add(c)
		}
		if agreed != "" && j.proof.size >= int64(by) {
			add(Certificate{"agreed", agreed})
		}
	}
	for _, a := range all {
		for _, b := range all {
			if a.Ground == "decided" && b.Ground == "halted" || a.Outcome != b.Outcome {
				holds = true
			}
		}
	}
	return all, holds
}

// frozen is the size at whose fold the terms of a vault are looked up: its own,
// or the first that decides.
func (f *fold) frozen(vault string, n int64) int64 {
	for i := range n {
		if o := f.past[i].outcomes[vault]; o == "release" || o == "erase" {
			return i + 1
		}
	}
	return n
}

// cut is H of a vault in the fold of the first n entries; never if its close
// is not known there.
func (f *fold) cut(vault string, n int64) int64 {
	p := f.past[f.frozen(vault, n)-1]
	if p.closes[vault] == beginning {
		return never
	}
	t := p.of(vault)
	return plus(p.closes[vault], t.hold+2*p.window+t.working)
}

// A change of a close, or by an amendment, which has to be sealed.
type change struct {
	size    int64
	known   bool  // there was a close before
	before  int64 // the H that it replaced
	amended bool
	lists   []*council // that must all seal it
}

func (f *fold) changes(vault string) (all []change) {
	for n := int64(2); n <= int64(len(f.past)); n++ {
		was, is := f.past[n-2], f.past[n-1]
		c := change{size: n, known: was.closes[vault] != beginning, before: f.cut(vault, n-1)}
		for _, v := range f.versions[1:] {
			if v.from == n {
				c.amended, c.lists = f.touched(was.terms, v, vault), v.lists
			}
		}
		if o := was.outcomes[vault]; o != "release" && o != "erase" && (c.amended || was.closes[vault] != is.closes[vault]) {
			all = append(all, c)
		}
	}
	return all
}

// touched is whether an amendment changes what a vault's cut rests on.
func (f *fold) touched(was *terms, to *version, vault string) bool {
	is, v := to.terms, to.of(vault)
	if changed(was, is, vault) || changed(was, is, v.recorder) || was.window != is.window || len(to.lists) > 0 {
		return true
	}
	return slices.ContainsFunc(v.custodians, func(c string) bool { return changed(was, is, c) })
}

// certificate judges one checkpoint: decided, halted, or neither.
func (f *fold) certificate(vault string, p *proof, changes []change) (Certificate, bool) {
	at := f.past[p.size-1]
	h, v := f.cut(vault, p.size), f.past[f.frozen(vault, p.size)-1].of(vault)
	if at.closes[vault] == beginning {
		return Certificate{}, false
	}
	lastAmended := int64(0)
	for _, c := range changes {
		if c.amended && c.size <= p.size {
			lastAmended = c.size
		}
	}
	sealed := func(up int64) bool {
		return !slices.ContainsFunc(changes, func(c change) bool { return c.size <= up && c.known && !f.sealed(c) })
	}
	switch o := at.outcomes[vault]; o {
	case "release", "erase":
		return Certificate{"decided", o}, p.all(func(t int64) bool { return t < h }) && sealed(p.size)
	default:
		return Certificate{"halted", v.then}, p.all(func(t int64) bool { return h != never && t >= plus(h, v.margin) }) && sealed(lastAmended)
	}
}

// all is whether a quorum of each list has times such as these.
func (p *proof) all(such func(int64) bool) bool {
	for _, by := range p.by {
		n := 0
		for _, at := range by.times {
			if such(at) {
				n++
			}
		}
		if n < by.list.need {
			return false
		}
	}
	return true
}

// sealed says whether a change was witnessed before the H that it replaced.
func (f *fold) sealed(c change) bool {
	for _, j := range f.judged {
		if j.proof == nil || j.proof.size < c.size || !j.proof.all(func(t int64) bool { return t < c.before }) {
			continue
		}
		missing := func(l *council) bool {
			return !slices.ContainsFunc(j.proof.by, func(b quorum) bool { return b.list.same(l) })
		}
		if !slices.ContainsFunc(c.lists, missing) {
			return true
		}
	}
	return false
}

// agreedOutcome is the first outcome that the words of all signatories, of the
// vault's custodians, and of enough of those before them, were, and the size by
// which they were.
func (f *fold) agreedOutcome(vault string) (outcome string, size int) {
	for n := 1; n <= len(f.past); n++ {
		for _, o := range []string{"release", "erase"} {
			if f.agree(vault, o, n) {
				return o, n
			}
		}
	}
	return "", 0
}

func (f *fold) agree(vault, outcome string, n int) bool {
	rosters := f.rosters(vault, n)
	for i, r := range rosters {
		said := 0
		for _, c := range r.custodians {
			if f.word(vault, c, n) == outcome {
				said++
			}
		}
		if last := i == len(rosters)-1; last && said < len(r.custodians) || !last && said < r.enough() {
			return false
		}
	}
	return !slices.ContainsFunc(f.past[n-1].signatories(), func(p string) bool { return f.word(vault, p, n) != outcome })
}

// word is a name's word on the outcome by the first n entries; empty if it has
// none.
func (f *fold) word(vault, name string, n int) string {
	seen, word := int64(-1), ""
	for _, j := range f.judged[:n] {
		s := j.said
		if s == nil || s.kind != "outcome" || s.by != name || s.body["vault"] != vault || !f.unchangedBy(s.version, vault, int64(n)) {
			continue
		}
		switch o := s.body["outcome"].(string); {
		case s.seen > seen:
			seen, word = s.seen, o
		case s.seen == seen && o != word:
			word = ""
		}
	}
	return word
}

// unchangedBy is whether no amendment since a text, in force by a size, changed
// a block.
func (f *fold) unchangedBy(since int, name string, n int64) bool {
	for i := since + 1; i < len(f.versions); i++ {
		if f.versions[i].from <= n && changed(f.versions[i-1].terms, f.versions[i].terms, name) {
			return false
		}
	}
	return true
}
