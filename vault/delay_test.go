package vault

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"detente/agreement"
	"detente/statement"
)

// A delayed world: everybody acts on what he has read, which is behind, and
// what he says arrives late, out of order, and now and then twice, since an
// answer was lost. The host may be slow on purpose.
type delayed struct {
	*world
	random  *rand.Rand
	readers []*Ledger // the recorder's, then each seat's
	post    []letter
	done    map[string]bool
	guilty  map[agreement.Name]bool
}

type letter struct {
	by      agreement.Name
	answers statement.ID
	body    statement.Body
	seen    statement.Head
	epoch   *Dealing // its ciphertexts follow when it has arrived
}

func newDelayed(t *testing.T, seed uint64) *delayed {
	d := &delayed{
		world: newWorld(t, 5, 2, 1), random: rand.New(rand.NewPCG(seed, 7)), done: map[string]bool{},
		guilty: map[agreement.Name]bool{},
	}
	for range len(d.seats) + 1 {
		l, err := NewLedger(d.ledger.Terms)
		if err != nil {
			t.Fatal(err)
		}
		d.readers = append(d.readers, l)
	}
	return d
}

// read brings a reader nearer to the end, and gives the head it then cites.
func (d *delayed) read(who int) (*Ledger, statement.Head) {
	l := d.readers[who]
	for l.Size() < int64(len(d.entries)) && d.random.IntN(6) > 0 {
		if _, err := l.Append(d.entries[l.Size()]); err != nil {
			d.t.Fatal(err)
		}
	}
	if l.Size() == 0 {
		return l, statement.Head{}
	}
	return l, statement.Head{Size: l.Size(), Root: d.entries[l.Size()-1].Root}
}

func (d *delayed) send(l letter) { d.post = append(d.post, l) }

func (d *delayed) once(about string) bool {
	first := !d.done[about]
	d.done[about] = true
	return first
}

// deliver puts one letter on the record.
func (d *delayed) deliver() {
	if len(d.post) == 0 {
		return
	}
	i := d.random.IntN(len(d.post))
	l := d.post[i]
	d.post = append(d.post[:i], d.post[i+1:]...)
	d.seen = l.seen
	_, id := d.say(l.by, l.answers, l.body)
	if l.epoch != nil {
		for _, s := range l.epoch.Shares() {
			d.send(letter{by: l.by, answers: id, body: s, seen: l.seen})
		}
	}
	if d.random.IntN(4) > 0 {
		return
	}
	// The answer is lost: once more, under a later head, unless what was read
	// meanwhile shows that it would be wrong now.
	seat := 0 // the recorder
	if c := d.ledger.custody(l.by); c != nil {
		seat = c.Seat
	}
	reader, head := d.read(seat)
	if b, ok := l.body.(statement.EpochBody); ok {
		if a := reader.Last(b.Epoch); a != nil && a.Digest.String() != b.Digest {
			return
		}
	}
	l.seen = head
	d.send(l)
}

// recorder deals what its reader says is to be dealt, once for each set of keys.
func (d *delayed) recorder() {
	l, head := d.read(0)
	p, ok, _ := l.NextDealing(int64(d.random.IntN(3)))
	if !ok {
		return
	}
	for !d.once(fmt.Sprint("dealt ", p.Epoch, p.Attempt)) {
		p.Attempt++
	}
	d.world.random++
	x, err := Deal(seeded(d.world.random), p)
	if err != nil {
		d.t.Fatal(err)
	}
	d.send(letter{by: "recorder", body: x.Body(), seen: head, epoch: x})
}

// custodian does what its reader says it owes; the last seat complains falsely.
func (d *delayed) custodian(seat int) {
	l, head := d.read(seat)
	by := d.seats[seat-1].name
	for _, x := range l.OwedByCustodian(seat) {
		switch x.Task {
		case TaskAccept, TaskKey:
			if d.once(fmt.Sprint(by, " key after ", len(l.Attempts))) {
				d.send(letter{by: by, seen: head, body: statement.AcceptCustodyBody{Vault: "cameras", Key: encodeBytes(d.draw(seat).Public().Bytes())}})
			}
		case TaskAnswer:
			if !d.once(fmt.Sprint(by, x.Attempt.Digest)) {
				continue
			}
			if seat == len(d.seats) && d.random.IntN(3) == 0 {
				d.guilty[by] = true
				d.send(letter{by: by, seen: head, body: d.complaint(x.Attempt, seat, d.key(x.Attempt, seat).Seed())})
				continue
			}
			d.send(letter{by: by, seen: head, body: d.ackBody(x.Attempt, seat)})
		}
	}
}

func TestLateAndRepeatedStatementsBlameNobody(t *testing.T) {
	sealed, barred := 0, 0
	for seed := range uint64(20) {
		d := newDelayed(t, seed)
		for range 260 {
			switch d.random.IntN(8) {
			case 0, 1:
				d.recorder()
			case 2, 3, 4:
				d.custodian(1 + d.random.IntN(len(d.seats)))
			default:
				d.deliver()
			}
			d.clock += agreement.Instant(d.random.IntN(400))
		}
		for _, v := range d.ledger.Verdicts {
			if v.Culprit != "" && !d.guilty[v.Culprit] {
				t.Fatalf("seed %d: %s is called a culprit and kept its word: %+v", seed, v.Culprit, v)
			}
		}
		for _, a := range d.ledger.Attempts {
			if a.Culprit != "" && !d.guilty[a.Culprit] {
				t.Fatalf("seed %d: attempt %d at epoch %d is void by the fault of %s: %s", seed, a.Core.Attempt, a.Core.Epoch, a.Culprit, a.Reason)
			}
			if a.Status == Sealed {
				sealed++
			}
		}
		if len(d.guilty) > 0 {
			barred++
		}
	}
	if sealed < 10 || barred < 5 {
		t.Errorf("%d epochs sealed, %d plays with a liar: too tame", sealed, barred)
	}
}
