package storm

import (
	"bytes"
	"path"
	"slices"
	"strconv"
	"time"

	"detente/machine"
	"detente/record"
	"detente/simulation/calculator"
	"detente/simulation/calculator/against"
	"detente/statement"
	"detente/vault"
)

// done is whether everything that has to happen has happened.
func (b *book) done() bool {
	b.follow()
	if b.w.plan.Host == DepositaryGone && b.w.now() > b.w.plan.Terms.cut()+b.w.plan.Terms.Margin+20*time.Minute {
		return true
	}
	if b.w.stormy || b.w.twoHistories() && b.w.now() < b.w.plan.Calm+15*time.Minute {
		return false
	}
	if b.w.twoHistories() {
		return true
	}
	if b.fold.Size() == 0 || b.w.plan.Host == DepositaryGone {
		return false
	}
	if host := b.w.byName[depositaryName]; host.life == nil || b.most > b.size() {
		return false
	}
	switch b.outcome() {
	case string(machine.Released):
		return b.allOpen || b.failing() > b.w.plan.Terms.Absent && b.w.now() > b.w.plan.Calm+20*time.Minute
	case string(machine.Erased):
		for _, a := range b.honest(custodianRole) {
			if !b.said(a.name) {
				return false
			}
		}
		return true
	}
	return false
}

func (b *book) honest(r Role) (out []*actor) {
	for _, a := range b.w.actors {
		if a.role == r && a.crook == "" && !b.forked[a.name] {
			out = append(out, a)
		}
	}
	return out
}

// said is whether the record has a custodian's word that it erased.
func (b *book) said(name string) bool {
	for i, c := range b.ledger.Custodies {
		if custodianName(i) == name {
			return len(c.Erased) > 0
		}
	}
	return false
}

// failing is how many custodians may not hand over what they acknowledged.
func (b *book) failing() (n int) {
	for _, a := range b.w.actors {
		if a.role == custodianRole && (a.crook == WrongShare || a.crook == NoShare || a.crook == FalseComplaint || a.backed || b.forked[a.name]) {
			n++
		}
	}
	return n
}

// last checks what must be true in the end.
func (b *book) last() {
	b.follow()
	for _, check := range []func(){b.everybodyIsUp, b.nothingIsLost, b.datesAreTrue, b.outcomeIsKept, b.nothingOpens, b.clipsAreTrue, b.calculated} {
		if b.w.failure == nil {
			check()
		}
	}
}

// everybodyIsUp: a crash leaves what opens.
func (b *book) everybodyIsUp() {
	if b.w.twoHistories() {
		return // who saw both stops, as it should
	}
	for _, a := range b.w.actors {
		if a.life == nil && a.gone == 0 && a.crook == "" && !(a.backed && a.role == recorderRole) && !b.forked[a.name] && b.w.plan.Host != DepositaryGone {
			b.w.fail(8, "%s, a %s, does not start in the calm: %v", a.name, a.role, a.err)
		}
	}
}

// nothingIsLost: what was acknowledged is on the record, once, where it was
// said to be.
func (b *book) nothingIsLost() {
	seen := map[statement.ID]int64{}
	for i := range b.fold.Size() {
		if b.fold.Entry(i).Kind == "" {
			continue
		}
		j := record.Must(b.fold.Read(i))
		if first, ok := seen[j.Statement.ID]; ok {
			b.w.fail(2, "entries %d and %d are one statement, and both count", first, i)
		}
		seen[j.Statement.ID] = i
	}
	for id, a := range b.acks {
		if a.index >= b.size() && (b.w.twoHistories() || b.w.plan.Host == DepositaryGone) {
			continue // it stopped, caught or gone for good, before it was looked at again
		}
		if a.index >= b.size() {
			b.w.fail(2, "statement %s was acknowledged as entry %d; the record has %d", id, a.index, b.size())
			return
		}
		s, err := statement.Parse(b.entries[a.index])
		if err != nil || s.ID != id {
			b.w.fail(2, "statement %s was acknowledged as entry %d, which is another", id, a.index)
		}
	}
}

// datesAreTrue: no statement takes effect before it was made, beyond what
// honest clocks are off.
func (b *book) datesAreTrue() {
	slack := b.w.plan.Skew + 2*time.Second
	for _, i := range b.w.script.intents {
		j, ok := b.fold.ByID(i.id)
		if !ok || j.Effect == nil || i.note == nil {
			continue
		}
		at := time.Unix(int64(j.Effect.At), 0).Sub(begin)
		if at < i.offered-slack {
			b.w.fail(6, "the %s of %s was made at %s and took effect at %s", i.what, i.by, i.offered, at)
		}
	}
}

// outcomeIsKept: what was decided is done.
func (b *book) outcomeIsKept() {
	if b.w.plan.Host == DepositaryGone || b.w.twoHistories() {
		return
	}
	switch b.certified() {
	case string(machine.Released):
		sealed := slices.ContainsFunc(b.ledger.Attempts, func(a *vault.Attempt) bool { return a.Status == vault.Sealed })
		if sealed && !b.allOpen && b.failing() <= b.w.plan.Terms.Absent && !b.forked[agencyName] {
			b.w.fail(5, "the vault is released, %d custodians fail, and not every epoch opens: %+v", b.failing(), b.report)
		}
	case string(machine.Erased):
		for _, a := range b.honest(custodianRole) {
			for _, folder := range []string{"share", "key"} {
				if left, err := a.disk.fs.ReadDir(path.Join(dir, vaultName, folder)); err != nil || len(left) > 0 {
					b.w.fail(5, "the vault is erased, and %s keeps %d files in %s (%v)", a.name, len(left), folder, err)
				}
			}
			if !b.said(a.name) {
				b.w.fail(5, "the vault is erased, and %s does not say so", a.name)
			}
		}
	default:
		if o := b.outcome(); o != string(machine.Released) && o != string(machine.Erased) {
			b.w.fail(5, "the vault is not decided %s after its cut: %q", b.w.now()-b.w.plan.Terms.cut(), o)
		}
	}
}

// certified is the outcome that the record itself certifies, by the independent
// calculator; empty if it does not: a decision that was sealed too late for the
// cut is one on which nobody may act.
func (b *book) certified() string {
	r, err := calculator.Run([]byte(b.w.plan.Terms.text(b.w.keys)), b.entries, nil)
	if err != nil {
		b.w.fail(6, "the calculator: %v", err)
		return ""
	}
	for _, v := range r.Vaults {
		if !v.Holds && len(v.Certificates) > 0 {
			return v.Certificates[0].Outcome
		}
	}
	return ""
}

// nothingOpens: fewer custodians than are needed open nothing with what they
// kept, and nothing opened unless it was released.
func (b *book) nothingOpens() {
	for _, a := range b.ledger.Attempts {
		var shares []*vault.Share
		for _, seat := range slices.Sorted(seats(b.kept[a.Digest])) {
			if s, err := vault.ParseShare(seat, b.kept[a.Digest][seat]); err == nil {
				shares = append(shares, s)
			}
		}
		if id, err := a.Core.Recover(shares); err == nil && id != nil && len(shares) < a.NeedNow() {
			b.w.fail(4, "%d custodians opened epoch %d, which needs %d", len(shares), a.Core.Epoch, a.NeedNow())
		}
	}
	if o, _ := b.fold.State().Outcome(vaultName); len(b.clips) > 0 && o != machine.Released && b.w.plan.Host != DepositaryGone && !b.w.twoHistories() {
		b.w.fail(4, "%d clips opened; the outcome is %s", len(b.clips), o)
	}
}

// calculated: the independent calculator reads the record as the product does,
// at its end and at an earlier entry.
func (b *book) calculated() {
	if b.size() == 0 {
		return
	}
	for _, n := range []int64{1 + b.w.rng.Int64N(b.size()), b.size()} {
		if err := against.Product(b.w.bundle, b.entries[:n], b.objects); err != nil {
			b.w.fail(6, "the first %d entries: %v", n, err)
		}
	}
}

func seats(m map[int][]byte) func(func(int) bool) {
	return func(yield func(int) bool) {
		for seat := range m {
			if !yield(seat) {
				return
			}
		}
	}
}

// clipsAreTrue: what opened is what the camera showed, each slot once.
func (b *book) clipsAreTrue() {
	shown := map[int]int64{}
	for seq, data := range b.clips {
		rest, ok := bytes.CutPrefix(data, []byte("slot "))
		number, _, _ := bytes.Cut(rest, []byte("\n"))
		slot, err := strconv.Atoi(string(number))
		if !ok || err != nil || !bytes.Equal(data, footage(b.w.plan.Seed, slot)) {
			b.w.fail(4, "clip %d is not what the camera showed", seq)
			return
		}
		if other, ok := shown[slot]; ok && other != seq {
			b.w.fail(2, "clips %d and %d show one slot", other, seq)
		}
		shown[slot] = seq
	}
}
