package vault

import (
	"math/rand/v2"
	"testing"

	"detente/agreement"
	"detente/statement"
)

// A play is random acts of honest and dishonest seats and recorders on one
// world. Only who has broken a rule may ever be called a culprit.
type play struct {
	*world
	t      *testing.T
	random *rand.Rand
	guilty map[agreement.Name]bool
	sealed map[int64]*Attempt
	named  map[Digest]bool // every key in a dealing that had force
	judged int
}

func (p *play) seat() int { return 1 + p.random.IntN(len(p.seats)) }

// act does one thing, if it can be done now.
func (p *play) act() {
	switch p.random.IntN(8) {
	case 0, 1:
		if seat := p.seat(); !p.ledger.Custodies[seat-1].Fresh() {
			p.accept(seat)
		}
	case 2:
		if d, ok := p.next(); ok {
			p.put(d)
		}
	case 3:
		if d, ok := p.next(); ok {
			a := &Attempt{Core: d.Core}
			if seat := p.seat(); d.Core.Seats[seat-1].Keyed {
				aad := d.CoreDigest()
				ct, err := p.key(a, seat).Public().seal(d.shareInfo(seat), aad[:], make([]byte, ShareSize))
				if err != nil {
					p.t.Fatal(err)
				}
				d.Ciphertexts[seat-1] = ct
				p.guilty["recorder"] = true
				p.put(d.redo())
			}
		}
	case 4, 5, 6:
		p.answer(p.seat(), false)
	case 7:
		p.answer(len(p.seats), true)
	}
}

func (p *play) next() (*Dealing, bool) {
	params, ok, _ := p.ledger.NextDealing(int64(p.random.IntN(4)))
	if !ok {
		return nil, false
	}
	p.world.random++
	d, err := Deal(seeded(p.world.random), params)
	if err != nil {
		p.t.Fatal(err)
	}
	return d, true
}

func (p *play) put(d *Dealing) {
	id := p.must("recorder", statement.ID{}, d.Body())
	for _, s := range d.Core.Seats {
		if s.Keyed && p.named[s.Key] {
			p.t.Fatalf("a key is named in two dealings")
		}
		p.named[s.Key] = true
	}
	if p.random.IntN(5) > 0 { // or the ciphertexts never come
		p.say("recorder", id, d.Shares()[0])
	}
}

// answer does a seat's oldest task; a liar complains of a good share.
func (p *play) answer(seat int, lie bool) {
	by := p.seats[seat-1].name
	for _, d := range p.ledger.OwedByCustodian(seat) {
		if d.Task != TaskAnswer {
			continue
		}
		k := p.key(d.Attempt, seat)
		_, err := d.Attempt.Dealing.OpenShare(seat, k)
		if err == nil && !lie {
			p.must(by, statement.ID{}, p.ackBody(d.Attempt, seat))
			return
		}
		if err == nil {
			p.guilty[by] = true
		}
		p.judged++
		p.must(by, statement.ID{}, p.complaint(d.Attempt, seat, k.Seed()))
		return
	}
}

func (p *play) check() {
	for _, v := range p.ledger.Verdicts {
		if v.Culprit != "" && !p.guilty[v.Culprit] {
			p.t.Fatalf("%s is called a culprit and kept its word: %+v", v.Culprit, v)
		}
	}
	for _, a := range p.ledger.Attempts {
		if a.Culprit != "" && !p.guilty[a.Culprit] {
			p.t.Fatalf("attempt %d at epoch %d is void by the fault of %s, who kept its word", a.Core.Attempt, a.Core.Epoch, a.Culprit)
		}
		if a.Status != Sealed {
			continue
		}
		if p.sealed[a.Core.Epoch] == nil {
			p.sealed[a.Core.Epoch] = a
		}
		if p.sealed[a.Core.Epoch] != a {
			p.t.Fatalf("epoch %d is sealed twice", a.Core.Epoch)
		}
	}
	for epoch, a := range p.sealed {
		if a.Status != Sealed || a.Acknowledgements() < 3 || p.ledger.Sealed(epoch) != a {
			p.t.Fatalf("epoch %d was sealed and is %s with %d acknowledgements", epoch, a.Status, a.Acknowledgements())
		}
	}
}

func TestRandomActsNeverBlameTheHonestNorUndoASealedEpoch(t *testing.T) {
	sealed, judged := 0, 0
	for seed := range uint64(12) {
		p := &play{
			world: newWorld(t, 5, 2, 1), t: t, random: rand.New(rand.NewPCG(seed, 1)),
			guilty: map[agreement.Name]bool{}, sealed: map[int64]*Attempt{}, named: map[Digest]bool{},
		}
		p.acceptAll()
		for range 60 {
			p.act()
			p.check()
		}
		sealed, judged = sealed+len(p.sealed), judged+p.judged
		for epoch, a := range p.sealed { // whatever happened, the epoch opens
			var shares []*Share
			for seat := range p.seats {
				if a.States[seat].Acknowledged >= 0 {
					shares = append(shares, p.share(a, seat+1))
				}
			}
			if _, err := a.Recover(shares); err != nil {
				t.Errorf("seed %d: epoch %d: %v", seed, epoch, err)
			}
		}
	}
	if sealed < 12 || judged < 12 {
		t.Errorf("%d epochs sealed, %d complaints judged: the plays are too tame", sealed, judged)
	}
}

func (p *play) share(a *Attempt, seat int) *Share {
	sh, err := a.Dealing.OpenShare(seat, p.key(a, seat))
	if err != nil {
		p.t.Fatal(err)
	}
	return sh
}
