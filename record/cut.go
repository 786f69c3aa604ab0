package record

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"detente/agreement"
	"detente/machine"
)

// A Cut is where a vault's record is cut: a decision counts if it was sealed
// before H; that the record halted undecided can be certified from H + Margin.
type Cut struct {
	Close    agreement.Instant
	LongStop agreement.Instant // Close and the longest hold
	H        agreement.Instant // LongStop, two proof windows, the working time
	Margin   agreement.Duration
}

// Ground is why a custodian may act on a vault.
type Ground string

// The grounds. No two certificates of one vault are one decided and one halted
// unless more witnesses lied than the agreement allows for.
const (
	Decided Ground = "decided" // the record decides, and was witnessed in time
	Halted  Ground = "halted"  // the record was witnessed after the cut and decides nothing
	Agreed  Ground = "agreed"  // all signatories and custodians signed the outcome
)

// A Certificate is what a custodian acts on and carries: a cosigned checkpoint
// that gives the vault's outcome, together with the record up to it.
type Certificate struct {
	Vault   agreement.Name
	Ground  Ground
	Outcome machine.Outcome // Released or Erased
	Size    int64           // of the checkpoint
	Cut     Cut
	Note    []byte // the cosigned checkpoint, verbatim
}

// Why there is no certificate. None of these says that the record is wrong.
var (
	ErrNoVault   = errors.New("the agreement has no such vault")
	ErrUndecided = errors.New("neither certificate can be had: the vault holds")
	ErrTooShort  = errors.New("this copy of the record is shorter than the checkpoint")
)

// ErrFork is a cosigned checkpoint that is not of this record: a fork.
// Everything holds; Compare names who signed both.
var ErrFork = errors.New("a quorum cosigned another history of this record: everything holds")

// ErrExclusion is both certificates at once: more witnesses lied than the
// agreement allows for.
var ErrExclusion = errors.New("both a decided and a halted certificate exist: more witnesses lied than allowed for; everything holds")

// vaultHistory is what a fold of each prefix says of a vault, kept as the
// sizes at which it changed.
type vaultHistory struct {
	vault   *agreement.Vault
	decided int64 // least size whose fold decides; 0 if none does yet
	outcome machine.Outcome
	closes  []closing
	agreed  agreed
}

// closing is a value of the vault's close: from size on.
type closing struct {
	size  int64
	at    agreement.Instant
	known bool
}

// noteVaults records what the machine now says of each vault that is not
// decided. Only valid proofs change it.
func (f *Fold) noteVaults() {
	for _, h := range f.vaults {
		if h.decided > 0 {
			continue
		}
		at, known := f.machine.Closes(h.vault.Name)
		last := closing{}
		if n := len(h.closes); n > 0 {
			last = h.closes[n-1]
		}
		if known != last.known || known && at != last.at {
			h.closes = append(h.closes, closing{size: f.Size(), at: at, known: known})
		}
		if o, _ := f.machine.Outcome(h.vault.Name); o == machine.Released || o == machine.Erased {
			h.decided, h.outcome = f.Size(), o
		}
	}
}

func (f *Fold) vaultHistory(name agreement.Name) (*vaultHistory, error) {
	i := slices.IndexFunc(f.vaults, func(h *vaultHistory) bool { return h.vault.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("vault %s: %w", name, ErrNoVault)
	}
	return f.vaults[i], nil
}

// closeAt is the close in the fold of the first size entries.
func (h *vaultHistory) closeAt(size int64) (agreement.Instant, bool) {
	var last closing
	for _, c := range h.closes {
		if c.size <= size {
			last = c
		}
	}
	return last.at, last.known
}

func (f *Fold) cut(v *agreement.Vault, closes agreement.Instant) Cut {
	c := Cut{Close: closes, Margin: v.Margin}
	c.LongStop = later(closes, v.HoldAtMost)
	c.H = later(later(later(c.LongStop, f.agreement.ProofWindow), f.agreement.ProofWindow), v.Working)
	return c
}

// later is t + d, no later than Never.
func later(t agreement.Instant, d agreement.Duration) agreement.Instant {
	if d > 0 && t > math.MaxInt64-agreement.Instant(d) {
		return Never
	}
	return t + agreement.Instant(d)
}

// Cut is the cut of a vault as the record stands; false while its close is not
// known, or if there is no such vault.
func (f *Fold) Cut(vault agreement.Name) (Cut, bool) {
	h, err := f.vaultHistory(vault)
	if err != nil {
		return Cut{}, false
	}
	at, known := h.closeAt(f.Size())
	if !known {
		return Cut{}, false
	}
	return f.cut(h.vault, at), true
}

// Decide looks for a certificate of a vault among the proofs on the record and
// the given cosigned checkpoints, which need not be on it. Without one the
// error says why: ErrUndecided, ErrTooShort, ErrFork, ErrExclusion, or the
// *Fault of a checkpoint that is none.
func (f *Fold) Decide(vault agreement.Name, cosigned ...[]byte) (Certificate, error) {
	found, err := f.certificates(vault, cosigned...)
	if err != nil {
		return Certificate{}, err
	}
	return found[0], nil
}

// certificates are all that there are, at least one, or the error says why
// there is none. Those that the text gives come before one that all agreed on.
func (f *Fold) certificates(vault agreement.Name, cosigned ...[]byte) ([]Certificate, error) {
	h, err := f.vaultHistory(vault)
	if err != nil {
		return nil, err
	}
	shown := make([]*Proof, 0, len(cosigned)+len(f.order.proofs))
	for _, note := range cosigned {
		p, err := f.shown(note)
		if err != nil {
			return nil, err
		}
		shown = append(shown, p)
	}
	for _, p := range f.order.proofs {
		shown = append(shown, f.entries[p.index].Proof)
	}
	var found []Certificate
	for _, p := range shown {
		if c, ok := f.certificate(h, p, shown); ok {
			found = append(found, c)
		} else if c, ok := f.agreedAt(h, p); ok {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("vault %s: %w", vault, ErrUndecided)
	}
	slices.SortStableFunc(found, func(a, b Certificate) int { return cmp.Compare(a.Ground.rank(), b.Ground.rank()) })
	for _, c := range found[1:] {
		if c.excludes(found[0]) {
			return nil, fmt.Errorf("vault %s: checkpoints of size %d and %d: %w", vault, found[0].Size, c.Size, ErrExclusion)
		}
	}
	return found, nil
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

// agreedAt is the certificate of an agreed outcome that a cosigned checkpoint
// over all its signatures gives.
func (f *Fold) agreedAt(h *vaultHistory, p *Proof) (Certificate, bool) {
	if h.agreed.size == 0 || p.Head.Size < h.agreed.size {
		return Certificate{}, false
	}
	at, _ := h.closeAt(p.Head.Size)
	return Certificate{Vault: h.vault.Name, Ground: Agreed, Outcome: h.agreed.outcome, Size: p.Head.Size, Cut: f.cut(h.vault, at), Note: p.Note}, true
}

// Certify judges the one cosigned checkpoint that a custodian carries as its
// certificate. Its errors are those of Decide.
func (f *Fold) Certify(vault agreement.Name, cosigned []byte) (Certificate, error) {
	found, err := f.certificates(vault, cosigned)
	if err != nil {
		return Certificate{}, err
	}
	for _, c := range found {
		if bytes.Equal(c.Note, cosigned) {
			return c, nil
		}
	}
	return Certificate{}, fmt.Errorf("vault %s: the checkpoint of this certificate does not give an outcome: %w", vault, ErrUndecided)
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
	if p, beyond := f.cosigned(note); beyond == nil && p.Head.Size > f.Size() {
		return nil, fmt.Errorf("checkpoint of size %d, copy of %d entries: %w", p.Head.Size, f.Size(), ErrTooShort)
	}
	return nil, err
}

// certificate is the certificate that one cosigned checkpoint gives, if any.
func (f *Fold) certificate(h *vaultHistory, p *Proof, shown []*Proof) (Certificate, bool) {
	size := p.Head.Size
	at, known := h.closeAt(size)
	if !known {
		return Certificate{}, false
	}
	c := Certificate{Vault: h.vault.Name, Size: size, Cut: f.cut(h.vault, at), Note: p.Note}
	need := f.listAt(size).need
	if h.decided > 0 && size >= h.decided {
		c.Ground, c.Outcome = Decided, h.outcome
		return c, p.before(c.Cut.H) >= need && f.movesSealed(h, size, shown)
	}
	c.Ground, c.Outcome = Halted, machine.Outcome(h.vault.HoldThen)
	return c, len(p.Cosignatures)-p.before(later(c.Cut.H, c.Cut.Margin)) >= need
}

// before is how many cosignatures state a time before t.
func (p *Proof) before(t agreement.Instant) int {
	n := 0
	for _, c := range p.Cosignatures {
		if c.Time < t {
			n++
		}
	}
	return n
}

// movesSealed is whether each change of a known close in the first size
// entries was sealed before the H that it replaced: a prefix that holds the
// change was cosigned by k, each before that H. Without this rule a close that
// moves late would move the cut past a halted certificate already given.
func (f *Fold) movesSealed(h *vaultHistory, size int64, shown []*Proof) bool {
	for i, c := range h.closes {
		if i == 0 || c.size > size || !h.closes[i-1].known {
			continue
		}
		old := f.cut(h.vault, h.closes[i-1].at)
		if !slices.ContainsFunc(shown, func(p *Proof) bool {
			return p.Head.Size >= c.size && p.before(old.H) >= f.listAt(p.Head.Size).need
		}) {
			return false
		}
	}
	return true
}
