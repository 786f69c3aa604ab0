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
	vault   *agreement.Vault // by the text in force
	decided int64            // least size whose fold decides; 0 if none does yet
	outcome machine.Outcome
	phases  []phase
	pending []int    // those of phases that need a seal and have none yet, in order
	rosters []roster // of the texts so far, the one in force last; each once
	agreed  agreed
	found   found

	renounced int64     // certificates of smaller sizes count no more: enough custodians renounced them
	amended   bool      // an amendment changed something of it since the last phase
	lists     []*quorum // which such an amendment of the witnesses changed, and those it changed to
}

// A roster is who held or holds seats of a vault, and how many of them open.
type roster struct {
	seats []agreement.Name
	need  int
}

// A phase is what holds for a vault from a size on, until the next phase.
type phase struct {
	size     int64
	at       agreement.Instant // the close
	known    bool              // whether there is one yet
	vault    *agreement.Vault
	window   agreement.Duration
	amended  bool              // an amendment made it, not an event
	lists    []*quorum         // that must all seal it, if the amendment changed the witnesses
	replaced agreement.Instant // the H of the phase before, by which it must be sealed
}

func newVaultHistory(v *agreement.Vault) *vaultHistory {
	return &vaultHistory{vault: v, rosters: []roster{{v.Seats, v.Need}}}
}

// noteVaults records what the machine now says of each vault that is not
// decided. Only valid proofs change it.
func (f *Fold) noteVaults() {
	for _, h := range f.vaults {
		if h.decided > 0 {
			continue
		}
		at, known := f.machine.Closes(h.vault.Name)
		last := phase{}
		if n := len(h.phases); n > 0 {
			last = h.phases[n-1]
		}
		if h.amended || known != last.known || known && at != last.at {
			f.notePhase(h, phase{size: f.Size(), at: at, known: known, vault: h.vault, window: f.InForce().ProofWindow, amended: h.amended, lists: h.lists})
		}
		h.amended, h.lists = false, nil
		if o, _ := f.machine.Outcome(h.vault.Name); o == machine.Released || o == machine.Erased {
			h.decided, h.outcome = f.Size(), o
		}
	}
}

// notePhase adds a phase. One that replaces a known close needs a seal.
func (f *Fold) notePhase(h *vaultHistory, p phase) {
	if n := len(h.phases); n > 0 && h.phases[n-1].known {
		p.replaced = h.phases[n-1].cut().H
		h.pending = append(h.pending, n)
	}
	h.phases = append(h.phases, p)
}

// amendVaults notes what an amendment changes for the vaults, and starts the
// history of new ones. lists are the witnesses before it.
func (f *Fold) amendVaults(v *Version, lists []list) {
	to := v.Agreement
	var changed []*quorum
	if now := f.last().lists; len(now) > len(lists) {
		for _, q := range now {
			changed = append(changed, q.quorum)
		}
	}
	for _, vault := range to.Vaults {
		h, err := f.vaultHistory(vault.Name)
		if err != nil {
			f.vaults = append(f.vaults, newVaultHistory(vault))
			continue
		}
		h.agreed.carry(v.Amendment, v.changed[subject{"vault", vault.Name}])
		h.vault = vault
		next := roster{vault.Seats, vault.Need}
		h.rosters = slices.DeleteFunc(h.rosters, func(r roster) bool { return r.need == next.need && slices.Equal(r.seats, next.seats) })
		h.rosters = append(h.rosters, next)
		f.agreeNow(h, f.Size()+1)
		if h.decided > 0 {
			continue
		}
		h.amended = h.amended || len(changed) > 0 || v.touches(vault)
		if len(changed) > 0 {
			h.lists = changed
		}
	}
}

// touches is whether an amendment changes the terms of a vault, its long-stop,
// its custodians or a key of one who has a part in it.
func (v *Version) touches(vault *agreement.Vault) bool {
	if v.changed[subject{"vault", vault.Name}] || v.changed[subject{"device", vault.Recorder}] || v.Agreement.ProofWindow != v.Amendment.From.ProofWindow {
		return true
	}
	return slices.ContainsFunc(vault.Seats, func(c agreement.Name) bool { return v.changed[subject{"custodian", c}] })
}

func (f *Fold) vaultHistory(name agreement.Name) (*vaultHistory, error) {
	i := slices.IndexFunc(f.vaults, func(h *vaultHistory) bool { return h.vault.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("vault %s: %w", name, ErrNoVault)
	}
	return f.vaults[i], nil
}

// phaseAt is the phase in the fold of the first size entries.
func (h *vaultHistory) phaseAt(size int64) phase {
	n := sort.Search(len(h.phases), func(i int) bool { return h.phases[i].size > size })
	if n == 0 {
		return phase{}
	}
	return h.phases[n-1]
}

// cut is the cut of a phase whose close is known.
func (p phase) cut() Cut {
	c := Cut{Close: p.at, Margin: p.vault.Margin}
	c.LongStop = later(p.at, p.vault.HoldAtMost)
	c.H = later(later(later(c.LongStop, p.window), p.window), p.vault.Working)
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
	p := h.phaseAt(f.Size())
	if !p.known {
		return Cut{}, false
	}
	return p.cut(), true
}
