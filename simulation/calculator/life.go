package calculator

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// A life is the state of the agreement, by section 1 to 7 of the machine's
// specification, for commitments to do something, measures and vaults.
type life struct {
	*terms
	now         int64
	fired       bool
	gone        map[string]bool // blocks that amendments took out
	signed      map[string]bool
	inForceAt   int64 // never: not yet
	lifted      []bool
	commitments []commitment
	vaults      []vault
}

type commitment struct {
	status                      string
	claimedAt, doneAt, breachAt int64
	dueAt                       int64        // while it is open; after that, as it was then
	broken                      bool         // it was in breach when it was claimed
	overdue                     bool         // its deadline passed while it was claimed
	ending                      bool         // its end came while it was claimed
	spent                       bool         // what is true now has been claimed
	noted                       map[int]bool // measures said to be lifted by a holder that does not sign
	cures, claims               int64
}

type vault struct {
	status   string
	closedAt int64
	longStop int64
	kept     *life // at the close, if held because a claim is open
}

func newLife(t *terms) *life {
	l := &life{terms: t, now: beginning, signed: map[string]bool{}, inForceAt: never, gone: map[string]bool{}}
	for _, m := range t.measures {
		l.lifted = append(l.lifted, m.lifted)
	}
	for range t.commitments {
		l.commitments = append(l.commitments, commitment{status: "dormant", claimedAt: never, doneAt: never, breachAt: never, dueAt: never, noted: map[int]bool{}})
	}
	for range t.vaults {
		l.vaults = append(l.vaults, vault{status: "open", closedAt: never, longStop: never})
	}
	return l
}

func (l *life) clone() *life {
	n := *l
	n.signed = maps.Clone(l.signed)
	n.lifted = slices.Clone(l.lifted)
	n.commitments = slices.Clone(l.commitments)
	for i := range n.commitments {
		n.commitments[i].noted = maps.Clone(n.commitments[i].noted)
	}
	n.vaults = slices.Clone(l.vaults)
	return &n
}

func (l *life) commitment(name string) int {
	return slices.IndexFunc(l.terms.commitments, func(c *commitmentTerms) bool { return c.name == name })
}

func (l *life) measure(name string) int {
	return slices.IndexFunc(l.measures, func(m *measureTerms) bool { return m.name == name })
}

func (l *life) vault(name string) int {
	return slices.IndexFunc(l.terms.vaults, func(v *vaultTerms) bool { return v.name == name })
}

func (l *life) inForce() bool { return l.inForceAt != never }

// is says whether a condition is true; noted measures count as lifted if asked.
func (l *life) is(n *node, noted map[int]bool) bool {
	switch n.op {
	case "and":
		return l.is(n.args[0], noted) && l.is(n.args[1], noted)
	case "or":
		return l.is(n.args[0], noted) || l.is(n.args[1], noted)
	case "not":
		return !l.is(n.args[0], noted)
	case "word":
		if n.text == "yes" || n.text == "no" {
			return n.text == "yes"
		}
		return l.attribute(n.text, noted)
	}
	refuse("text: condition %q: %w", n.op, errSubset)
	return false
}

func (l *life) attribute(path string, noted map[int]bool) bool {
	name, attr, _ := strings.Cut(path, ".")
	if m := l.measure(name); m >= 0 {
		lifted := l.lifted[m] || noted[m]
		return lifted == (attr == "lifted")
	}
	if k := l.commitment(name); k >= 0 {
		return l.commitments[k].status == attr
	}
	if k := l.vault(name); k >= 0 {
		s := l.vaults[k].status
		switch attr {
		case "decided":
			return s == "release" || s == "erase"
		case "released":
			return s == "release"
		case "erased":
			return s == "erase"
		}
		return s == attr
	}
	if (name == "agreement" || name == l.name) && attr == "in_force" {
		return l.inForce()
	}
	refuse("text: condition %s: %w", path, errSubset)
	return false
}

// at is an instant; never if it is not known.
func (l *life) at(n *node) int64 {
	switch n.op {
	case "date":
		t, err := time.ParseInLocation(time.DateOnly, n.text, l.zone)
		if err != nil {
			refuse("text: %w", err)
		}
		return t.Unix()
	case "instant":
		t, err := time.Parse(time.RFC3339, n.text)
		if err != nil {
			refuse("text: %w", err)
		}
		return t.Unix()
	case "+", "-":
		t := l.at(n.args[0])
		if t == never {
			return never
		}
		if n.op == "-" {
			return t - n.args[1].seconds(0)
		}
		return t + n.args[1].seconds(0)
	case "word":
		name, attr, _ := strings.Cut(n.text, ".")
		if k := l.vault(name); k >= 0 && attr == "closes" {
			if l.vaults[k].closedAt != never {
				return l.vaults[k].closedAt
			}
			return l.at(l.terms.vaults[k].closes)
		}
		if k := l.commitment(name); k >= 0 {
			switch attr {
			case "due":
				if !l.open(k) {
					return l.commitments[k].dueAt
				}
				return l.at(l.terms.commitments[k].due)
			case "done_at":
				return l.commitments[k].doneAt
			case "claimed_at":
				return l.commitments[k].claimedAt
			case "breached_at":
				return l.commitments[k].breachAt
			}
		}
		if (name == "agreement" || name == l.name) && attr == "in_force_at" {
			return l.inForceAt
		}
	}
	refuse("text: instant %s %s: %w", n.op, n.text, errSubset)
	return never
}

// open is whether a commitment was neither broken yet nor is over.
func (l *life) open(k int) bool {
	c := l.commitments[k]
	return c.status == "dormant" || c.status == "active" || c.status == "claimed" && !c.broken
}

func (l *life) closesAt(k int) int64 {
	at := l.at(&node{op: "word", text: l.terms.vaults[k].name + ".closes"})
	if at == never {
		return beginning
	}
	return at
}

func plus(at, d int64) int64 {
	if at == never || at > never-d {
		return never
	}
	return at + d
}

// A timer is a deadline: when, and what passes.
type timer struct {
	at   int64
	kind string
	k    int
}

// timers are the armed deadlines in the order of the specification's list.
func (l *life) timers() (all []timer) {
	arm := func(at int64, kind string, k int) {
		if at != never {
			all = append(all, timer{at, kind, k})
		}
	}
	for k, c := range l.commitments {
		if t := l.terms.commitments[k]; c.status == "claimed" && t.silence != "" {
			arm(plus(c.claimedAt, t.within), "silence", k)
		}
	}
	for k, c := range l.commitments {
		t := l.terms.commitments[k]
		at := plus(l.at(t.due), t.grace)
		if c.status == "active" || c.status == "claimed" && !c.broken && !c.overdue {
			arm(at, "due", k)
		}
	}
	for k, c := range l.commitments {
		if t := l.terms.commitments[k]; c.status == "breached" && l.curable(k) {
			arm(plus(c.breachAt, t.cure), "cure", k)
		}
	}
	for k, v := range l.vaults {
		if v.status == "open" {
			arm(l.at(l.terms.vaults[k].closes), "closes", k)
		}
	}
	for k, v := range l.vaults {
		if v.status == "held" {
			arm(v.longStop, "long-stop", k)
		}
	}
	return all
}

func (l *life) curable(k int) bool {
	c, t := l.commitments[k], l.terms.commitments[k]
	return t.cure >= 0 && c.cures < t.cureTimes && plus(c.breachAt, t.cure) >= l.now && !c.ending
}

func (l *life) next() int64 {
	at := never
	for _, t := range l.timers() {
		at = min(at, t.at)
	}
	return at
}

// fire lets the earliest deadline pass, and whatever is armed at or before it.
func (l *life) fire(at int64) {
	l.advance(max(at, l.now))
	l.finish(nil)
}

func (l *life) advance(at int64) {
	if at > l.now {
		l.now, l.fired = at, false
	}
}

// finish runs rounds and the deadlines that are armed at or before now, but
// those that were so before the event.
func (l *life) finish(before []timer) {
	l.rounds()
	for {
		k := slices.IndexFunc(l.timers(), func(t timer) bool { return t.at <= l.now && !slices.Contains(before, t) })
		if k < 0 {
			return
		}
		l.fired = true
		l.goOff(l.timers()[k])
		l.rounds()
	}
}

func (l *life) goOff(t timer) {
	switch t.kind {
	case "silence":
		l.find(t.k, l.terms.commitments[t.k].silence == "accepts")
	case "due":
		if c := &l.commitments[t.k]; c.status == "claimed" {
			c.overdue = true
		} else {
			c.status, c.breachAt = "breached", l.now
		}
	case "cure":
		l.commitments[t.k].ending = true // the time for a cure is over
	case "closes":
		l.close(t.k)
	case "long-stop":
		l.decide(t.k, l.terms.vaults[t.k].then)
	}
}

// rounds let every commitment take a step at a time, then look at the vaults.
func (l *life) rounds() {
	for {
		for k, t := range l.terms.commitments {
			if l.open(k) {
				l.commitments[k].dueAt = l.at(t.due)
			}
		}
		before := l.clone()
		changed := false
		for k := range l.commitments {
			changed = l.commit(before, k) || changed
		}
		if !changed && !l.heldVaults() {
			return
		}
	}
}

// commit is a commitment's step, on the state before the round.
func (l *life) commit(was *life, k int) bool {
	c, t := &l.commitments[k], l.terms.commitments[k]
	truth := t.do != nil && was.is(t.do, was.commitments[k].noted)
	if !truth {
		c.spent = false
	}
	owed := c.status == "active" || c.status == "breached" && l.curable(k)
	switch {
	case owed && truth && !c.spent:
		l.claim(k)
		return true
	case c.status == "dormant" && was.inForce() && (t.when == nil || was.is(t.when, nil)):
		c.status = "active"
		return true
	case t.ends != nil && was.inForce() && was.is(t.ends, nil):
		switch {
		case c.status == "dormant" || c.status == "active":
			c.status = "ended"
			return true
		case c.status == "claimed" && !c.ending:
			c.ending = true
		}
	}
	return false
}

// claim makes a claim of what is owed; if nobody verifies it is done at once.
func (l *life) claim(k int) {
	c := &l.commitments[k]
	c.broken = c.status == "breached"
	c.status, c.claimedAt, c.spent, c.overdue = "claimed", l.now, true, false
	c.claims++
	if l.terms.commitments[k].silence == "" {
		l.found(k, true)
	}
}

// find is a finding on an open claim, also for the states kept at a close.
func (l *life) find(k int, accepts bool) {
	open := l.commitments[k].claimedAt
	l.found(k, accepts)
	for v := range l.vaults {
		kept := l.vaults[v].kept
		if l.vaults[v].status != "held" || kept == nil {
			continue
		}
		if c := kept.commitment(l.terms.commitments[k].name); c >= 0 && kept.commitments[c].status == "claimed" && kept.commitments[c].claimedAt == open {
			kept.now = l.now
			kept.found(c, accepts)
			kept.still()
		}
	}
}

func (l *life) found(k int, accepts bool) {
	c := &l.commitments[k]
	switch {
	case accepts:
		c.doneAt = l.now
		c.status = "fulfilled"
		if c.broken {
			c.status = "cured"
			c.cures++
		}
		for m := range c.noted {
			l.lifted[m] = true
		}
	case c.ending && !c.broken:
		c.status = "ended"
	case c.broken:
		c.status = "breached"
	case c.overdue:
		c.status, c.breachAt = "breached", l.now
	default:
		c.status = "active"
	}
	c.noted = map[int]bool{}
}

// still lets a kept state follow a finding: only commitments move in it.
func (l *life) still() {
	for {
		before := l.clone()
		changed := false
		for k := range l.commitments {
			changed = l.commit(before, k) || changed
		}
		if !changed {
			return
		}
	}
}
