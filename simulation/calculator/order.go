package calculator

import (
	"crypto/sha256"
	"slices"
)

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
	*terms   // in force
	clock    int64
	outcomes map[string]string
	closes   map[string]int64 // beginning: not known
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
	found   map[claimed]bool
	claims  map[int][]string // the commitments that a statement claimed
	idle    map[int]bool     // statements that were void at their place
	life    *life
	past    []snapshot // after each entry

	consents  map[string]consent // in effect, made under the text in force
	placed    map[string]consent // the same by their places
	renounced map[string]string  // for which bundle a custodian renounced
	overtaken map[string]int64   // vaults whose certificates of smaller sizes count no more
}

// A claimed is a commitment and a statement that claimed it.
type claimed struct {
	commitment string
	entry      int
}

// newFold begins with nothing.
func newFold(text []byte) *fold {
	c := &calculation{terms: read(text), whole: map[string]*terms{}, parcels: map[string]*parcel{}, roots: [][32]byte{sha256.Sum256(nil)}}
	c.eras = []era{c.terms.era()}
	return &fold{calculation: c, reached: map[int]int64{}, clock: beginning, settled: beginning, now: beginning,
		effects: map[int]effect{}, found: map[claimed]bool{}, claims: map[int][]string{}, idle: map[int]bool{}, life: newLife(c.terms),
		consents: map[string]consent{}, placed: map[string]consent{}, renounced: map[string]string{}, overtaken: map[string]int64{}}
}

// take folds the next entry.
func (f *fold) take(e []byte) {
	i := len(f.entries)
	f.entries = append(f.entries, e)
	f.leaves = append(f.leaves, leafOf(e))
	if i == 0 {
		f.head()
	}
	j := f.judge(i)
	f.judged, f.ub = append(f.judged, j), append(f.ub, never)
	if j.said != nil {
		f.place(i, j.said)
	}
	if j.proof != nil {
		f.prove(i, j.proof)
		f.joined(int64(i), j.proof.size)
	}
	f.roots = append(f.roots, rootOf(f.leaves))
	s := snapshot{terms: f.terms, clock: f.clock, outcomes: map[string]string{}, closes: map[string]int64{}}
	for k, v := range f.vaults {
		s.outcomes[v.name], s.closes[v.name] = f.life.vaults[k].status, f.life.closesAt(k)
	}
	f.past = append(f.past, s)
}

// place does what a statement does whether or not a proof ever covers it.
func (f *fold) place(i int, s *said) {
	switch s.kind {
	case "text":
		f.gather(s)
	case "amend":
		f.placeWord(i, s)
	case "renounce":
		f.idle[i] = !f.placeWord(i, s)
	case "outcome":
		f.idle[i] = f.voidWord(s)
	}
}

// voidWord is whether a word on an outcome is none at its place: an amendment
// changed the vault since its text, or ended its author, who has no seat.
func (f *fold) voidWord(s *said) bool {
	vault := s.body["vault"].(string)
	if f.of(vault) == nil {
		return false
	}
	if o, _ := f.agreedOutcome(vault); o != "" {
		return false
	}
	seated := slices.ContainsFunc(f.rosters(vault, len(f.past)), func(v *vaultTerms) bool { return slices.Contains(v.custodians, s.by) })
	return !f.unchanged(s.bundle, vault) || !seated && !f.kept(s.bundle, s.by)
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
		f.effects[i] = effect{at, f.apply(i, s, at, n), n}
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
func (f *fold) apply(i int, s *said, at int64, n int) bool {
	force := kinds[s.kind].force
	switch {
	case s.kind == "amend":
		return f.amend(n, s, at)
	case force != "machine":
		return force == "some" && !f.idle[i]
	case !f.upToDate(s), s.kind == "verify" && !f.answersClaim(i, s):
		return false
	}
	before := f.life.openClaims()
	ok := f.life.act(at, s)
	for k, count := range f.life.openClaims() {
		if count > before[k] {
			f.claims[i] = append(f.claims[i], f.commitments[k].name)
		}
	}
	if s.kind == "perform" && ok {
		f.claims[i] = append(f.claims[i], s.body["commitment"].(string))
	}
	if s.kind == "verify" && ok {
		f.found[claimed{s.body["commitment"].(string), f.byID(s.answers)}] = true
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
	k := s.body["commitment"].(string)
	to := f.byID(s.answers)
	if f.life.commitment(k) < 0 || to < 0 || to >= i || f.found[claimed{k, to}] {
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
		if x != nil && x.kind == "perform" && x.body["commitment"] == k && f.effects[p].force && !f.found[claimed{k, p}] {
			latest = max(latest, p)
		}
	}
	if latest >= 0 {
		return to == latest
	}
	if claim.kind == "perform" {
		return e.force && claim.body["commitment"] == k
	}
	return slices.Contains(f.claims[to], k)
}
