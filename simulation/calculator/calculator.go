// Package calculator works out what a record comes to, a second time: when each
// entry existed, what took effect when, how commitments, measures and vaults
// stand, and what was recorded.
//
// # Promise
//
// It is written from the specifications alone and shares no code with the
// packages that it is held against: its own reader of texts, notes, bodies and
// batches, its own order, its own certificates, dealings and coverage. It does
// everything in the most naive way, from the beginning at each step, so that
// its mistakes are not theirs. Where it and the product differ, one of the
// three (it, the product, the specification) is wrong.
//
// # No promise
//
// It reads only such texts as the simulation writes and the example of the
// cameras: parties, measures, commitments to do something, vaults; in one file,
// and amended without new names for old blocks and without new vaults. Anything
// else is refused, and never read in part. It trusts that a text is
// sound, and takes the agreement's id from the record's opening: whoever calls
// it compares that with the digest of the bundle. It is slow.
package calculator

import (
	"errors"
	"fmt"
	"slices"
)

// A Result is everything that was worked out.
type Result struct {
	ID          string // of the agreement, as the opening states it
	Root        [32]byte
	Clock       int64 // None if there is none
	Settled     int64 // None if there is none
	Entries     []Entry
	InForce     int64 // None before
	Measures    []Status
	Commitments []Status
	Vaults      []Vault
}

// None is an instant that is not known.
const None = int64(-1 << 63)

// An Entry is an entry with its judgement.
type Entry struct {
	Fault  string // of the specification's words; empty: it counts
	Bound  int64  // it existed by then; None: not covered
	Lo, Hi int64  // of a proof of time
	Effect bool   // a statement took effect
	At     int64  // then
	Force  bool   // and it had one
	Proof  int    // that brought it
	Why    string // why it has no effect: fault, not a statement, not covered, waits
}

// A Status is how a block stands.
type Status struct {
	Name, Status string
}

// A Vault is what became of a vault.
type Vault struct {
	Name         string
	Outcome      string        // by the fold alone: open, held, release, erase
	Certificates []Certificate // what custodians may act on, by the proofs on the record
	Holds        bool          // certificates exist that exclude each other
	Coverage     []Camera      // none before it opens
}

// Run reads the record of an agreement. The text is that of its one agreement
// file, the entries are the record's, and the objects are the batches of
// manifests that are at hand, by SHA-256.
func Run(text []byte, entries [][]byte, objects map[[32]byte][]byte) (r *Result, err error) {
	defer func() {
		if x := recover(); x != nil {
			u, ok := x.(unreadable)
			if !ok {
				panic(x)
			}
			r, err = nil, u.error
		}
	}()
	if len(entries) == 0 {
		return nil, errors.New("a record has at least its opening")
	}
	f := newFold(text)
	for _, e := range entries {
		f.take(e)
	}
	return f.result(objects), nil
}

// ErrSubset is that a text or a record has something that this calculator does
// not read.
var ErrSubset = errSubset

func (f *fold) result(objects map[[32]byte][]byte) *Result {
	r := &Result{ID: f.id, Root: f.roots[len(f.roots)-1], Clock: f.clock, Settled: f.settled, InForce: None}
	if f.life.inForce() {
		r.InForce = f.life.inForceAt
	}
	for i, j := range f.judged {
		e := Entry{Fault: j.fault, Bound: None}
		if f.ub[i] != never {
			e.Bound = f.ub[i]
		}
		x, done := f.effects[i]
		switch {
		case j.fault != "":
			e.Why = "fault"
		case j.proof != nil:
			e.Lo, e.Hi, e.Why = j.proof.lo, j.proof.hi, "not a statement"
		case j.said == nil:
			e.Why = "not a statement"
		case done:
			e.Effect, e.At, e.Force, e.Proof = true, x.at, x.force, x.proof
		case f.ub[i] == never:
			e.Why = "not covered"
		default:
			e.Why = "waits"
		}
		r.Entries = append(r.Entries, e)
	}
	for k, m := range f.measures {
		r.Measures = append(r.Measures, Status{m.name, map[bool]string{true: "lifted", false: "in-force"}[f.life.lifted[k]]})
	}
	for k, c := range f.commitments {
		r.Commitments = append(r.Commitments, Status{c.name, f.life.commitments[k].status})
	}
	for k, t := range f.vaults {
		v := Vault{Name: t.name, Outcome: f.life.vaults[k].status}
		v.Certificates, v.Holds = f.certificates(t.name)
		v.Coverage = f.coverage(t.name, objects)
		r.Vaults = append(r.Vaults, v)
	}
	return r
}

// Differences says in words where two results differ, for tests to print.
func (r *Result) Differences(o *Result) (all []string) {
	add := func(what string, a, b any) {
		if x, y := fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b); x != y {
			all = append(all, fmt.Sprintf("%s: %s, and %s", what, x, y))
		}
	}
	add("id", r.ID, o.ID)
	add("root", r.Root, o.Root)
	add("clock", r.Clock, o.Clock)
	add("settled", r.Settled, o.Settled)
	add("in force", r.InForce, o.InForce)
	for i := range max(len(r.Entries), len(o.Entries)) {
		add(fmt.Sprintf("entry %d", i), slices.Concat(r.Entries, make([]Entry, i+1))[i], slices.Concat(o.Entries, make([]Entry, i+1))[i])
	}
	add("measures", r.Measures, o.Measures)
	add("commitments", r.Commitments, o.Commitments)
	for i := range max(len(r.Vaults), len(o.Vaults)) {
		add(fmt.Sprintf("vault %d", i), slices.Concat(r.Vaults, make([]Vault, i+1))[i], slices.Concat(o.Vaults, make([]Vault, i+1))[i])
	}
	return all
}
