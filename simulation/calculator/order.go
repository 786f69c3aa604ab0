package calculator

import "crypto/sha256"

const (
	never     = int64(1<<63 - 1)
	beginning = -1 << 63
)

// An effect is what came of a statement.
type effect struct {
	at    int64
	force bool
	proof int // that brought it
}

// A snapshot is what certificates and coverage need of the record's first
// entries.
type snapshot struct {
	clock    int64
	outcomes []string
	closes   []int64 // beginning: not known
}

// A fold is the agreement's life by the record's first n entries.
type fold struct {
	*calculation
	ub      []int64
	reached map[int]int64 // the clock just after each proof
	clock   int64
	settled int64
	now     int64
	effects map[int]effect
	found   map[[2]int]bool // a commitment and a claim that was found on
	claims  map[int][]int   // the commitments that a statement claimed
	life    *life
	past    []snapshot // after each entry
}

func (c *calculation) readAll(entries [][]byte) {
	c.entries = entries
	c.roots = [][32]byte{sha256.Sum256(nil)}
	for i, e := range entries {
		c.leaves = append(c.leaves, leafOf(e))
		c.roots = append(c.roots, rootOf(c.leaves))
		if i == 0 {
			c.head()
		}
		c.judged = append(c.judged, c.judge(i))
	}
}

func (c *calculation) fold() *fold {
	f := &fold{calculation: c, reached: map[int]int64{}, clock: beginning, settled: beginning, now: beginning,
		effects: map[int]effect{}, found: map[[2]int]bool{}, claims: map[int][]int{}, life: newLife(c.terms)}
	for i, j := range c.judged {
		f.ub = append(f.ub, never)
		if j.proof != nil {
			f.prove(i, j.proof)
		}
		s := snapshot{clock: f.clock}
		for k := range c.vaults {
			s.outcomes = append(s.outcomes, f.life.vaults[k].status)
			s.closes = append(s.closes, f.life.closesAt(k))
		}
		f.past = append(f.past, s)
	}
	return f
}

// prove folds one proof of time, by section 4 of the record's specification,
// everything worked out anew.
func (f *fold) prove(n int, p *proof) {
	f.clock = max(f.clock, p.hi)
	f.reached[n] = f.clock
	for i := range n + 1 {
		f.ub[i] = never
		for _, j := range f.judged[:n+1] {
			if j.proof != nil && j.proof.size > int64(i) {
				f.ub[i] = min(f.ub[i], j.proof.lo)
			}
		}
	}
	for a, reached := range f.reached {
		if f.ub[a] != never && f.ub[a]+f.window <= f.clock {
			f.settled = max(f.settled, reached)
		}
	}
	for f.step(n) {
	}
}

func (f *fold) step(n int) bool {
	deadline := f.life.next()
	for i := range n {
		s := f.judged[i].said
		if s == nil {
			continue
		}
		if _, done := f.effects[i]; done {
			continue
		}
		if f.ub[i] == never || deadline < f.ub[i] {
			break
		}
		at := max(f.ub[i], f.now)
		if f.life.fired && f.life.now == f.now {
			at = max(at, f.now+1)
		}
		f.now = at
		f.effects[i] = effect{at, f.apply(i, s, at), n}
		return true
	}
	if deadline != never && deadline <= f.settled {
		f.life.fire(deadline)
		f.now = max(f.now, f.life.now)
		return true
	}
	return false
}

// apply gives a statement its effect at an instant, and says whether it has one.
func (f *fold) apply(i int, s *said, at int64) bool {
	force := kinds[s.kind].force
	if force != "machine" {
		f.life.pass(at)
		return force == "some"
	}
	if s.kind == "verify" {
		if !f.answersClaim(i, s) {
			f.life.pass(at)
			return false
		}
	}
	before := f.life.openClaims()
	ok := f.life.act(at, s)
	for k, claimed := range f.life.claimCount() {
		if claimed > before[k] {
			f.claims[i] = append(f.claims[i], k)
		}
	}
	if s.kind == "perform" && ok {
		f.claims[i] = append(f.claims[i], f.life.commitment(s.body["commitment"].(string)))
	}
	if s.kind == "verify" && ok {
		f.found[[2]int{f.life.commitment(s.body["commitment"].(string)), f.byID(s.answers)}] = true
	}
	return ok
}

func (f *fold) byID(hex string) int {
	id, ok := hexBytes(hex)
	for i, j := range f.judged {
		if ok && j.said != nil && string(j.said.id[:]) == string(id) {
			return i
		}
	}
	return -1
}

// answersClaim is the rule on findings: what is answered is in effect and is a
// claim of the commitment on which nobody has found, the latest one if it is a
// performance.
func (f *fold) answersClaim(i int, s *said) bool {
	k := f.life.commitment(s.body["commitment"].(string))
	to := f.byID(s.answers)
	if k < 0 || to < 0 || to >= i || f.found[[2]int{k, to}] {
		return false
	}
	e, done := f.effects[to]
	claim := f.judged[to].said
	if !done {
		return false
	}
	latest := -1
	for p := range i {
		x := f.judged[p].said
		if x != nil && x.kind == "perform" && x.body["commitment"] == s.body["commitment"] && f.effects[p].force && !f.found[[2]int{k, p}] {
			latest = max(latest, p)
		}
	}
	if latest >= 0 {
		return to == latest
	}
	if claim.kind == "perform" {
		return e.force && claim.body["commitment"] == s.body["commitment"]
	}
	for _, c := range f.claims[to] {
		if c == k {
			return true
		}
	}
	return false
}
