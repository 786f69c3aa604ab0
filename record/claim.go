package record

import (
	"slices"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

// claims are what a fold keeps of claims of commitments, and of findings on
// them. The commitments are named as in the text in force.
type claims struct {
	open      map[agreement.Name]int64 // the latest `perform` of each that had effect
	performed map[int64]performed      // every `perform` that had effect
	found     map[finding]bool
	made      map[finding]bool // what was said, and thereby came to be claimed
	makers    []maker          // the same, in entry order
	latest    map[saying]int   // into last
	last      []last           // of each saying that had effect the latest
}

// finding is that somebody found on what a statement said of a commitment: one
// lifting can be the claim of several.
type finding struct {
	commitment agreement.Name
	claim      int64 // the entry
}

// performed is a claim as its author named it.
type performed struct {
	bundle     agreement.Digest
	commitment agreement.Name
}

// A maker is a statement by which a commitment came to be claimed.
type maker struct {
	finding
	verb machine.Verb
	id   statement.ID
}

// A saying is an act of the machine, whoever says it and whenever.
type saying struct {
	verb    machine.Verb
	bundle  agreement.Digest
	subject agreement.Name
}

type last struct {
	saying
	entry int64
	id    statement.ID
}

func newClaims() claims {
	return claims{open: map[agreement.Name]int64{}, performed: map[int64]performed{}, found: map[finding]bool{}, made: map[finding]bool{}, latest: map[saying]int{}}
}

// make notes that a commitment came to be claimed.
func (c *claims) make(commitment agreement.Name, i int64, h held) {
	c.made[finding{commitment, i}] = true
	c.makers = append(c.makers, maker{finding{commitment, i}, h.act.Verb, h.id})
}

// say notes an act that had effect, if it may be one that makes a claim by what
// it speaks of.
func (c *claims) say(i int64, h held) {
	switch h.act.Verb {
	case machine.Perform, machine.Lift, machine.Invoke, machine.Report:
	default:
		return
	}
	key := saying{h.act.Verb, h.bundle, h.act.Subject}
	k, ok := c.latest[key]
	if !ok {
		k = len(c.last)
		c.last, c.latest[key] = append(c.last, last{saying: key}), k
	}
	c.last[k].entry, c.last[k].id = i, h.id
}

// carry renames what is kept by the names of commitments.
func (c *claims) carry(m *agreement.Amendment) {
	open := map[agreement.Name]int64{}
	for name, i := range c.open {
		if now, kept := m.Now(name); kept {
			open[now] = i
		}
	}
	carry := func(of map[finding]bool) map[finding]bool {
		all := map[finding]bool{}
		for k := range of {
			if now, kept := m.Now(k.commitment); kept {
				all[finding{now, k.claim}] = true
			}
		}
		return all
	}
	c.open, c.found, c.made = open, carry(c.found), carry(c.made)
	var makers []maker
	for _, k := range c.makers {
		if now, kept := m.Now(k.commitment); kept {
			k.commitment = now
			makers = append(makers, k)
		}
	}
	c.makers = makers
}

// Claim is the latest statement by which a commitment came to be claimed, as a
// finding on it must name it: one that had effect, or, if none that waits for a
// proof of time is later, one that waits and would claim it. False if there is
// none. The commitment is named as in the text in force.
func (f *Fold) Claim(commitment agreement.Name) (statement.ID, bool) {
	i := slices.IndexFunc(f.InForce().Commitments, func(c *agreement.Commitment) bool { return c.Name == commitment })
	if i < 0 {
		return statement.ID{}, false
	}
	about, _ := f.InForce().Commitments[i].What.(*agreement.Ref)
	// What waits stands after all that is in effect.
	for _, i := range slices.Backward(f.order.waiting) {
		if h := f.held[i]; f.claimedBy(saying{h.act.Verb, h.bundle, h.act.Subject}, commitment, about) {
			return h.id, true
		}
	}
	var best last
	for _, l := range f.claims.last {
		if l.entry > best.entry && f.claimedBy(l.saying, commitment, about) {
			best = l
		}
	}
	for _, m := range f.claims.makers {
		if m.claim > best.entry && m.commitment == commitment && madeBy(m.verb, about) {
			best = last{entry: m.claim, id: m.id}
		}
	}
	return best.id, best.entry > 0
}

// claimedBy is whether somebody says that a commitment is done, by its name or
// by what it is about.
func (f *Fold) claimedBy(s saying, commitment agreement.Name, about *agreement.Ref) bool {
	noun := nounOf[s.verb]
	switch {
	case s.verb == machine.Perform:
		return f.renamed(s.bundle, s.subject) == commitment
	case about == nil:
		return false
	case s.verb == machine.Lift, s.verb == machine.Invoke, s.verb == machine.Report:
		return about.Noun == noun && f.renamed(s.bundle, s.subject) == about.Name
	}
	return false
}

// madeBy is whether a commitment is claimed by what made it so, and not by name.
func madeBy(verb machine.Verb, about *agreement.Ref) bool {
	switch verb {
	case machine.Perform:
		return false
	case machine.Lift, machine.Invoke, machine.Report:
		return about == nil
	}
	return true
}
