package web

import (
	"slices"

	"detente/agreement"
	"detente/record"
)

// An edition is the pages as of one text in force: names, zones and clauses are
// that text's, whatever came before and after it.
type edition struct {
	*site
	version *record.Version
	names   *names
	bundle  *agreement.Bundle
}

// A textVersion is a text that is or was in force.
type textVersion struct {
	ID    string
	Entry int64 // of the consent that brought it; 0: the first text
	Since when
	Size  int64 // in force from this size of the record on
	Last  int64 // and up to this one; 0: still
}

// A proposal is a text that some have consented to and others not yet.
type proposal struct {
	ID                 string
	Consented, Missing []mark
}

// versions lists the texts that were in force up to a standing, the newest
// first, and those proposed in place of the last.
func (s *edition) versions(q *request) (past []textVersion, proposed []proposal) {
	q.book.with(func(f *record.Fold) {
		for _, v := range f.Versions() {
			if v.From > q.shown.head.Size {
				break
			}
			if n := len(past); n > 0 {
				past[n-1].Last = v.From - 1
			}
			past = append(past, textVersion{ID: v.Agreement.ID.String(), Entry: v.Entry, Since: s.names.when(v.At), Size: v.From})
		}
		if f.Size() != q.shown.head.Size {
			return
		}
		for _, p := range f.Pending() {
			proposed = append(proposed, proposal{p.Amendment.To.ID.String(), s.names.all(p.Consented), s.names.all(p.Missing)})
		}
	})
	slices.Reverse(past)
	return past, proposed
}

// edition gives the pages as of a version of the text.
func (s *site) edition(v *record.Version) *edition {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.editions[v.From]; ok {
		return e
	}
	e := &edition{site: s, version: v, names: newNames(v.Agreement), bundle: v.Bundle}
	if e.bundle == nil {
		e.bundle = s.view.Bundle() // of the first text, which is not on the record
	}
	s.editions[v.From] = e
	return e
}
