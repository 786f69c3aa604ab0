package machine

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"

	"detente/agreement"
)

// A State is the value of every fluent at an instant. It is not safe for
// concurrent use; Clone it to keep or to try something.
type State struct {
	m     *Machine
	now   agreement.Instant
	fired bool

	values  []int64
	since   []agreement.Instant
	numbers []*big.Rat
	timers  []agreement.Instant // when each goes off; never: not armed
	closed  []kept              // by vault: the state at its close while a claim is undecided
	gone    []Gone              // what amendments took out, oldest first; never changed, only added to

	world  []int64  // how each open question is read here, 0 for left open; nil: all left open
	worlds []*State // the other ways to read the open questions

	keep   bool
	causes []change
	last   []int32 // by fluent: its last cause, -1 if none
	era    *era    // how an amendment brought it here; nil: from the start

	// Notes of the step that is running; empty between steps.
	probe   bool // a state at a close: deadlines and vaults stand still
	amends  bool // the step is an amendment
	entry   int64
	assume  *commitment // its reported liftings are taken as true
	writes  []write
	dirty   []uint64 // units to look at again
	urgent  []int32  // timers armed at or before now
	soonest int32    // cached answer of next: -1 none, -2 not known
}

// A write is a fluent about to change. The rules of one event read the state
// before it, so writes wait until all have been made.
type write struct {
	fluent, rule int32
	value        int64
	number       *big.Rat
}

// A change is a Cause in little space.
type change struct {
	at           agreement.Instant
	entry        int64
	from, to     int64
	fromN, toN   *big.Rat
	rule, fluent int32
	previous     int32
	amends       bool // an amendment did it
}

// kept is the state at a vault's close. It stays a state of the text under
// which the vault closed, whatever amendments follow.
type kept struct {
	*State
	vault int32   // in its own machine
	of    []int32 // by commitment of the machine now: which it is there, -1 for none; nil: the same
}

// commitment is where the commitment i of the machine now is in a kept state.
func (k *kept) commitment(i int) int {
	if k.of == nil {
		return i
	}
	return int(k.of[i])
}

// Start is the state before any statement, at the least instant. Only what
// depends on absolute instants alone is armed.
func (m *Machine) Start() *State {
	s := m.blank()
	s.settle()
	s.keep = true
	s.split()
	return s
}

// blank is a state in which nothing has been looked at.
func (m *Machine) blank() *State {
	n := len(m.fluents)
	s := &State{m: m, now: math.MinInt64, entry: -1,
		values: make([]int64, n), since: make([]agreement.Instant, n), numbers: make([]*big.Rat, m.numbers),
		timers: make([]agreement.Instant, len(m.timers)), closed: make([]kept, len(m.vaults)),
		last: make([]int32, n), dirty: make([]uint64, (len(m.units)+63)/64), soonest: -2}
	for i := range m.fluents {
		s.values[i], s.since[i], s.last[i] = m.fluents[i].start, math.MinInt64, -1
	}
	for i := range s.timers {
		s.timers[i] = never
	}
	for u := range m.units {
		s.dirty[u/64] |= 1 << (u % 64)
	}
	return s
}

// Machine is what the state is a state of.
func (s *State) Machine() *Machine { return s.m }

// Now is the instant of the last act or deadline. It never goes back.
func (s *State) Now() agreement.Instant { return s.now }

// Fired says whether a deadline has fired at Now.
func (s *State) Fired() bool { return s.fired }

// KeepCauses says whether changes are logged, as they are from the start.
// Without the log Why cannot answer; nothing else needs it. To turn it off
// drops what was logged.
func (s *State) KeepCauses(keep bool) {
	s.keep = keep
	for _, w := range s.worlds {
		w.KeepCauses(keep)
	}
	if !keep {
		s.causes, s.era = nil, nil
		for i := range s.last {
			s.last[i] = -1
		}
	}
}

// Clone is an independent copy.
func (s *State) Clone() *State {
	c := *s
	c.values, c.since, c.numbers = slices.Clone(s.values), slices.Clone(s.since), slices.Clone(s.numbers)
	c.timers, c.last = slices.Clone(s.timers), slices.Clone(s.last)
	c.dirty, c.writes, c.urgent = slices.Clone(s.dirty), nil, nil
	c.causes = s.causes[:len(s.causes):len(s.causes)] // what is logged is never changed
	c.closed = slices.Clone(s.closed)
	for i, w := range c.closed {
		if w.State != nil {
			c.closed[i].State = w.Clone()
		}
	}
	c.world, c.worlds = slices.Clone(s.world), slices.Clone(s.worlds)
	for i, w := range c.worlds {
		c.worlds[i] = w.Clone()
	}
	return &c
}

// InForce gives the instant of the entry into force.
func (s *State) InForce() (agreement.Instant, bool) {
	at := s.instant(s.m.inForceAt)
	return at, at != never
}

// Outcome gives a vault's outcome and since when it has it; Open and the least
// instant for a name that is no vault.
func (s *State) Outcome(name agreement.Name) (Outcome, agreement.Instant) {
	if b, ok := s.m.byName[name]; ok && b.noun == "vault" {
		f := s.m.vaults[b.i].outcome
		return Outcome(outcomeWords[s.values[f]]), s.since[f]
	}
	return Open, math.MinInt64
}

// Claimed are the commitments of which a claim is open, in the order of the text.
func (s *State) Claimed() (names []agreement.Name) {
	for i := range s.m.commitments {
		if c := &s.m.commitments[i]; s.values[c.status] == claimed {
			names = append(names, c.Name)
		}
	}
	return names
}

// Opens gives the instant from which a vault is to be recorded for: what the
// text says, else the entry into force.
func (s *State) Opens(name agreement.Name) (agreement.Instant, bool) {
	b, ok := s.m.byName[name]
	if !ok || b.noun != "vault" {
		return never, false
	}
	v := &s.m.vaults[b.i]
	if v.opensAt == nil {
		return s.InForce()
	}
	at := s.date(v.opensAt)
	return at, at != never
}

// Closes gives the instant at which a vault closes or closed, if it is known.
func (s *State) Closes(name agreement.Name) (agreement.Instant, bool) {
	if b, ok := s.m.byName[name]; ok && b.noun == "vault" {
		at := s.instant(s.m.vaults[b.i].closes)
		return at, at != never
	}
	return never, false
}

// Bytes is the whole state in its one encoding, without the log of causes:
// purpose line, the agreement's id, then big-endian words for the instant and
// whether a deadline fired at it, every fluent's value and since, every
// reading as length and exact text, every timer, and for every vault the state
// at its close, if one is kept, by length; then the names that amendments took
// out. The id is that of the text in force.
func (s *State) Bytes() []byte {
	b := append([]byte("detente/state/1\n"), s.m.agreement.ID[:]...)
	word := func(n int64) { b = binary.BigEndian.AppendUint64(b, uint64(n)) }
	word(int64(s.now))
	word(truth(s.fired).n)
	for i, v := range s.values {
		word(v)
		word(int64(s.since[i]))
	}
	for _, q := range s.numbers {
		text := ""
		if q != nil {
			text = q.RatString()
		}
		word(int64(len(text)))
		b = append(b, text...)
	}
	for _, t := range s.timers {
		word(int64(t))
	}
	for _, w := range s.closed {
		var inner []byte
		if w.State != nil {
			inner = w.Bytes()
		}
		word(int64(len(inner)))
		b = append(b, inner...)
	}
	for _, g := range s.gone {
		word(int64(len(g.Name)))
		b = append(b, g.Name...)
	}
	for _, w := range s.worlds {
		for _, r := range w.world {
			word(r)
		}
		inner := w.Bytes()
		word(int64(len(inner)))
		b = append(b, inner...)
	}
	return b
}

func (s *State) slot(i int32) int64      { return s.values[i] }
func (s *State) number(i int32) *big.Rat { return s.numbers[i] }

func (s *State) assumed(status int32) bool {
	if s.assume == nil {
		return false
	}
	reported := s.values[s.assume.reported]
	for k, i := range s.assume.lifts {
		if s.m.measures[i].status == status {
			return reported&(1<<k) != 0
		}
	}
	return false
}

func (s *State) instant(f int32) agreement.Instant { return agreement.Instant(s.values[f]) }
func (s *State) true(e *expr) bool                 { return e != nil && eval(s, e).isTrue() }

// date is the instant that e gives, or never.
func (s *State) date(e *expr) agreement.Instant {
	if e == nil {
		return never
	}
	if v := eval(s, e); v.set {
		return agreement.Instant(v.n)
	}
	return never
}

// later adds to an instant; too late to count is never.
func later(t agreement.Instant, d agreement.Duration) agreement.Instant {
	if t == never || d > 0 && int64(t) > math.MaxInt64-int64(d) {
		return never
	}
	return t + agreement.Instant(d)
}

func (s *State) write(f int32, v int64, rule int32) {
	s.writes = append(s.writes, write{fluent: f, value: v, rule: rule})
}

// commit makes the writes of one round and marks what reads them.
func (s *State) commit() {
	for i := range s.writes {
		w := &s.writes[i]
		old := s.values[w.fluent]
		if old == w.value {
			continue
		}
		s.values[w.fluent], s.since[w.fluent] = w.value, s.now
		if s.keep && s.m.fluents[w.fluent].kind != isHidden {
			s.log(w, old)
		}
		for _, u := range s.m.deps[w.fluent] {
			s.dirty[u/64] |= 1 << (u % 64)
		}
	}
	s.writes = s.writes[:0]
}

func (s *State) log(w *write, old int64) {
	c := change{at: s.now, entry: s.entry, from: old, to: w.value, toN: w.number, rule: w.rule, fluent: w.fluent, previous: s.last[w.fluent], amends: s.amends}
	switch {
	case c.previous >= 0:
		c.fromN = s.causes[c.previous].toN
	case s.era != nil && s.m.fluents[w.fluent].kind == isReading:
		c.fromN = s.era.numbers[s.m.readings[s.m.fluents[w.fluent].block.i].value]
	}
	s.last[w.fluent] = int32(len(s.causes))
	s.causes = append(s.causes, c)
}

// arm sets a timer, or clears it with never. One set at or before now goes off
// in this step.
func (s *State) arm(t int32, at agreement.Instant) {
	if t < 0 || s.probe || s.timers[t] == at {
		return
	}
	s.timers[t] = at
	s.soonest = -2
	i := slices.Index(s.urgent, t)
	switch {
	case at <= s.now && i < 0:
		s.urgent = append(s.urgent, t)
	case at > s.now && i >= 0:
		s.urgent = slices.Delete(s.urgent, i, i+1)
	}
}

// next is the earliest armed timer, the first as compiled of several; -1 if none.
func (s *State) next() int32 {
	if s.soonest == -2 {
		s.soonest = -1
		for i, at := range s.timers {
			if at != never && (s.soonest < 0 || at < s.timers[s.soonest]) {
				s.soonest = int32(i)
			}
		}
	}
	return s.soonest
}
