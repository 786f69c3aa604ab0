package calculator

import "slices"

// A Certificate is a ground on which custodians may act, and the outcome.
type Certificate struct {
	Ground  string // decided, halted or agreed
	Outcome string
}

// certificates are those that the proofs on the record give a vault, and
// whether two of them exclude each other.
func (f *fold) certificates(k int) (all []Certificate, holds bool) {
	add := func(c Certificate) {
		if !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	agreed, by := f.agreedOutcome(k)
	for _, j := range f.judged {
		if j.proof == nil {
			continue
		}
		if c, ok := f.certificate(k, j.proof); ok {
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

// cut is H of a vault in the fold of the first n entries; never if its close
// is not known there.
func (f *fold) cut(k int, n int64) int64 {
	t := f.vaults[k]
	at := f.past[n-1].closes[k]
	if at == beginning {
		return never
	}
	return plus(at, t.hold+2*f.window+t.working)
}

// certificate judges one checkpoint: decided, halted, or neither.
func (f *fold) certificate(k int, p *proof) (Certificate, bool) {
	t, h := f.vaults[k], f.cut(k, p.size)
	if f.past[p.size-1].closes[k] == beginning {
		return Certificate{}, false
	}
	before, after := 0, 0
	for _, at := range p.times {
		if at < h {
			before++
		}
		if h != never && at >= plus(h, t.margin) {
			after++
		}
	}
	switch o := f.past[p.size-1].outcomes[k]; o {
	case "release", "erase":
		return Certificate{"decided", o}, before >= f.need && f.movesSealed(k, p.size)
	default:
		return Certificate{"halted", t.then}, after >= f.need
	}
}

// movesSealed says whether each change of a known close within the first n
// entries was sealed before the H that it replaced.
func (f *fold) movesSealed(k int, n int64) bool {
	for i := int64(1); i < n; i++ {
		was, is := f.past[i-1].closes[k], f.past[i].closes[k]
		if was != beginning && was != is && !f.sealed(i+1, f.cut(k, i)) {
			return false
		}
	}
	return true
}

// sealed says whether k witnesses cosigned at least the first n entries, each
// before an instant.
func (f *fold) sealed(n, before int64) bool {
	for _, j := range f.judged {
		if j.proof == nil || j.proof.size < n {
			continue
		}
		count := 0
		for _, at := range j.proof.times {
			if at < before {
				count++
			}
		}
		if count >= f.need {
			return true
		}
	}
	return false
}

// agreedOutcome is the first outcome that the words of all signatories and of
// the vault's custodians were, and the size by which they were.
func (f *fold) agreedOutcome(k int) (outcome string, size int) {
	var all []string
	for _, p := range f.parties {
		if f.signs[p] {
			all = append(all, p)
		}
	}
	all = append(all, f.vaults[k].custodians...)
	for n := 1; n <= len(f.judged); n++ {
		word := f.word(k, all[0], n)
		agreed := word != ""
		for _, name := range all {
			agreed = agreed && f.word(k, name, n) == word
		}
		if agreed {
			return word, n
		}
	}
	return "", 0
}

// word is a name's word on the outcome by the first n entries; empty if it has
// none.
func (f *fold) word(k int, name string, n int) string {
	seen, word := int64(-1), ""
	for _, j := range f.judged[:n] {
		s := j.said
		if s == nil || s.kind != "outcome" || s.by != name || s.body["vault"] != f.vaults[k].name {
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
