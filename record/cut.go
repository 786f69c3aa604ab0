package record

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"

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
	Note    []byte // the cosigned checkpoint, without lines that count for nothing
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

// ErrExclusion is two certificates that exclude each other. Of a decided and a
// halted one it says that more witnesses lied than the agreement allows for; of
// an agreed one and another, that those who agreed went against it.
var ErrExclusion = errors.New("certificates exist that exclude each other: everything holds")

// vaultHistory is what a fold of each prefix says of a vault, kept as the
// sizes at which it changed, and what the proofs on the record give for it.
type vaultHistory struct {
	vault   *agreement.Vault
	decided int64 // least size whose fold decides; 0 if none does yet
	outcome machine.Outcome
	closes  []closing
	pending []int // those of closes that are a change and not sealed yet, in order
	agreed  agreed
	found   found
}

// closing is a value of the vault's close: from size on.
type closing struct {
	size     int64
	at       agreement.Instant
	known    bool
	replaced agreement.Instant // the H of the close before it
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
			f.noteClose(h, closing{size: f.Size(), at: at, known: known})
		}
		if o, _ := f.machine.Outcome(h.vault.Name); o == machine.Released || o == machine.Erased {
			h.decided, h.outcome = f.Size(), o
		}
	}
}

// noteClose adds a value of the close. One that replaces a known one needs a seal.
func (f *Fold) noteClose(h *vaultHistory, c closing) {
	if n := len(h.closes); n > 0 && h.closes[n-1].known {
		c.replaced = f.cut(h.vault, h.closes[n-1].at).H
		h.pending = append(h.pending, n)
	}
	h.closes = append(h.closes, c)
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
	n := sort.Search(len(h.closes), func(i int) bool { return h.closes[i].size > size })
	if n == 0 {
		return 0, false
	}
	return h.closes[n-1].at, h.closes[n-1].known
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
