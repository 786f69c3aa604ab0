package record

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

	"detente/agreement"
	"detente/machine"
	"detente/statement"
)

// found is what the proofs on the record give for one vault, kept as they come
// so that looking for a certificate does not read them all again: a custodian
// looks at every final head.
type found struct {
	// Which of these count hangs on the seals of changes up to their size, so of
	// two the later helps only if it is smaller: sizes fall.
	decided []*Proof // cosigned before H, and covering the deciding size
	halted  []*Proof
	agreed  *Proof // the first
}

// smaller adds a proof to those before it if it is smaller.
func smaller(all []*Proof, p *Proof) []*Proof {
	if n := len(all); n > 0 && p.Head.Size >= all[n-1].Head.Size {
		return all
	}
	return append(all, p.own())
}

// own is a proof that keeps nothing of the entry but the note.
func (p *Proof) own() *Proof {
	o := *p
	o.Note = bytes.Clone(p.Note)
	return &o
}

// firstBelow is the first of them that is of a smaller size; none if all are larger.
func firstBelow(all []*Proof, size int64) []*Proof {
	k := sort.Search(len(all), func(k int) bool { return all[k].Head.Size < size })
	return all[k:min(k+1, len(all))]
}

// noteProof keeps what a valid proof, just folded, gives for each vault. All
// that happened up to its size has been noted already.
func (f *Fold) noteProof(p *Proof) {
	for _, h := range f.vaults {
		h.pending = slices.DeleteFunc(h.pending, func(i int) bool { return p.seals(h.phases[i]) })
		switch ground, _, _ := h.ground(p); {
		case ground == Decided:
			h.found.decided = smaller(h.found.decided, p)
		case ground == Halted:
			h.found.halted = smaller(h.found.halted, p)
		}
		if h.found.agreed == nil && h.agreedBy(p) {
			h.found.agreed = p.own()
		}
	}
}

// seals is whether a proof shows that a phase was sealed before the H that it
// replaced: a prefix that holds the change was cosigned by a quorum, each before
// that H; for a change of witnesses by a quorum of those before it and of those
// after it. Without this rule a close that moves late, or witnesses who never
// saw each other's word, would give a second certificate beside a halted one.
func (p *Proof) seals(c phase) bool {
	if p.Head.Size < c.size || !p.before(c.replaced) {
		return false
	}
	return !slices.ContainsFunc(c.lists, func(q *quorum) bool { return !p.by(q) })
}

// A below is what the seals leave: each ground only for checkpoints of smaller
// size.
type below struct{ decided, halted int64 }

// sealedBelow is the size of the first change that neither the record nor these
// checkpoints show to be sealed: a decided certificate must be smaller. A halted
// one must be smaller than the first amendment at or after such a change, for
// under the terms before it another may have been given.
func (h *vaultHistory) sealedBelow(shown []*Proof) below {
	b := below{math.MaxInt64, math.MaxInt64}
	for i, c := range h.phases {
		if slices.Contains(h.pending, i) && !slices.ContainsFunc(shown, func(p *Proof) bool { return p.seals(c) }) {
			b.decided = min(b.decided, c.size)
		}
		if c.amended && b.decided <= c.size {
			b.halted = min(b.halted, c.size)
		}
	}
	return b
}

// ground is what the text lets a cosigned checkpoint be a certificate of, but
// for the seals of changes; empty if of nothing.
func (h *vaultHistory) ground(p *Proof) (Ground, Cut, *agreement.Vault) {
	c := h.phaseAt(p.Head.Size)
	if !c.known || p.Head.Size < h.renounced {
		return "", Cut{}, nil
	}
	cut := c.cut()
	switch {
	case h.decided > 0 && p.Head.Size >= h.decided:
		if p.before(cut.H) {
			return Decided, cut, c.vault
		}
	case p.notBefore(later(cut.H, cut.Margin)):
		return Halted, cut, c.vault
	}
	return "", cut, c.vault
}

// agreedBy is whether a cosigned checkpoint covers an agreed outcome.
func (h *vaultHistory) agreedBy(p *Proof) bool {
	return h.agreed.size > 0 && p.Head.Size >= max(h.agreed.size, h.renounced)
}

// certify gives the certificates that one cosigned checkpoint is: one that the
// text gives, one of an agreement, both, or none.
func (h *vaultHistory) certify(p *Proof, below below) []Certificate {
	var all []Certificate
	ground, cut, vault := h.ground(p)
	c := Certificate{Vault: h.vault.Name, Ground: ground, Size: p.Head.Size, Cut: cut, Note: p.carried()}
	switch {
	case ground == Halted && c.Size < below.halted:
		c.Outcome = machine.Outcome(vault.HoldThen)
		all = append(all, c)
	case ground == Decided && c.Size < below.decided:
		c.Outcome = h.outcome
		all = append(all, c)
	}
	if h.agreedBy(p) {
		c.Ground, c.Outcome = Agreed, h.agreed.outcome
		all = append(all, c)
	}
	return all
}

// Decide looks for a certificate of a vault among the proofs on the record and
// the given cosigned checkpoints, which need not be on it. Without one the
// error says why: ErrUndecided, ErrTooShort, ErrFork, ErrExclusion, or the
// *Fault of a checkpoint that is none.
func (f *Fold) Decide(vault agreement.Name, cosigned ...[]byte) (Certificate, error) {
	given, onRecord, err := f.certificates(vault, cosigned...)
	if err != nil {
		return Certificate{}, err
	}
	return first(append(given, onRecord...)), nil
}

// Certify judges the one cosigned checkpoint that a custodian carries as its
// certificate. Its errors are those of Decide.
func (f *Fold) Certify(vault agreement.Name, cosigned []byte) (Certificate, error) {
	given, _, err := f.certificates(vault, cosigned)
	if err != nil {
		return Certificate{}, err
	}
	if len(given) == 0 {
		return Certificate{}, fmt.Errorf("vault %s: the checkpoint of this certificate does not give an outcome: %w", vault, ErrUndecided)
	}
	return first(given), nil
}

// first is the certificate to act on: those that the text gives come before
// one that all agreed on.
func first(all []Certificate) Certificate {
	return slices.MinFunc(all, func(a, b Certificate) int { return cmp.Compare(a.Ground.rank(), b.Ground.rank()) })
}

// certificates are those that the given checkpoints are, and of those on the
// record the first of each ground; at least one in all, and no two that exclude
// each other, or the error says why.
func (f *Fold) certificates(vault agreement.Name, cosigned ...[]byte) (given, onRecord []Certificate, err error) {
	h, err := f.vaultHistory(vault)
	if err != nil {
		return nil, nil, err
	}
	var shown []*Proof
	for _, note := range cosigned {
		p, err := f.shown(note)
		if err != nil {
			return nil, nil, err
		}
		shown = append(shown, p)
	}
	below := h.sealedBelow(shown)
	for _, p := range shown {
		given = append(given, h.certify(p, below)...)
	}
	on := append(slices.Clone(firstBelow(h.found.halted, below.halted)), firstBelow(h.found.decided, below.decided)...)
	if h.found.agreed != nil {
		on = append(on, h.found.agreed)
	}
	for _, p := range on {
		onRecord = append(onRecord, h.certify(p, below)...)
	}
	all := append(slices.Clone(given), onRecord...)
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("vault %s: %w", vault, ErrUndecided)
	}
	best := first(all)
	for _, c := range all {
		if c.excludes(best) {
			return nil, nil, fmt.Errorf("vault %s: checkpoints of size %d, %s, and %d, %s: %w", vault, best.Size, best.Ground, c.Size, c.Ground, ErrExclusion)
		}
	}
	return given, onRecord, nil
}

// rank puts the grounds that the text gives before agreement.
func (g Ground) rank() int {
	if g == Agreed {
		return 1
	}
	return 0
}

// excludes is whether two certificates of a vault cannot both be acted on.
func (c Certificate) excludes(o Certificate) bool {
	if c.Ground == Agreed || o.Ground == Agreed {
		return c.Outcome != o.Outcome
	}
	return c.Ground != o.Ground
}

// shown judges a checkpoint that stands nowhere on the record, and tells a
// fork and a short copy from a checkpoint that is none.
func (f *Fold) shown(note []byte) (*Proof, error) {
	p, err := f.CheckProof(note, f.Size())
	var broken *Fault
	switch {
	case err == nil:
		return p, nil
	case errors.As(err, &broken) && broken.Code == FaultFork:
		return nil, fmt.Errorf("%w: %w", ErrFork, err)
	}
	if size := sizeOf(note); size > f.Size() {
		// Its host signed it. Who had to cosign it may stand in the entries that
		// this copy lacks.
		if _, beyond := f.cosigned(note); beyond == nil || errors.As(beyond, &broken) && broken.Code == FaultTooFew {
			return nil, fmt.Errorf("checkpoint of size %d, copy of %d entries: %w", size, f.Size(), ErrTooShort)
		}
	}
	return nil, err
}

// carried is the checkpoint with the lines that count and no others. Anybody
// can put lines of no known key on a checkpoint; with enough of them, or with
// characters that no statement may hold, a custodian could not cite it.
func (p *Proof) carried() []byte {
	n, err := statement.ParseNote(p.Note)
	if err != nil {
		panic("record: the note of a proof that was judged: " + err.Error())
	}
	kept := statement.Note{Text: n.Text}
	for _, i := range p.lines {
		kept.Sigs = append(kept.Sigs, n.Sigs[i])
	}
	return kept.Bytes()
}
