package vault

import (
	"cmp"
	"fmt"
	"slices"

	"detente/agreement"
	"detente/statement"
)

// Epoch gives the sealed dealing to record under in a period: that period's,
// or the last sealed one before it, visibly late; nil before the first.
func (l *Ledger) Epoch(period int64) *Attempt {
	var best *Attempt
	for _, a := range l.Attempts {
		if a.Status == Sealed && a.Core.Epoch <= period && (best == nil || a.Core.Epoch > best.Core.Epoch) {
			best = a
		}
	}
	return best
}

// Sealed gives the sealed dealing of an epoch, nil if there is none.
func (l *Ledger) Sealed(epoch int64) *Attempt {
	if a := l.Last(epoch); a != nil && a.Status == Sealed {
		return a
	}
	return nil
}

// NextDealing says what the recorder should deal in a period (0 before the
// recording starts): the first epoch, up to one period ahead, without a live
// dealing. Without one, reason says what it waits for.
func (l *Ledger) NextDealing(period int64) (p Params, ok bool, reason string) {
	for epoch := max(1, period); epoch <= period+1 && epoch <= MaxEpoch; epoch++ {
		a := l.Last(epoch)
		if a != nil && a.Status != Void && !l.lost(a) {
			if a.Status != Sealed {
				reason = fmt.Sprintf("epoch %d, attempt %d is %s: %d of %d acknowledgements", epoch, a.Core.Attempt, a.Status,
					a.Acknowledgements(), a.wanted())
			}
			continue
		}
		p, err := l.Deal(epoch)
		if err != nil {
			return Params{}, false, err.Error()
		}
		return p, true, ""
	}
	return Params{}, false, reason
}

// Deal gives the parameters of a new attempt at an epoch, in place of one that
// was lost or has come to nothing. The recorder counts attempts that never
// reached the record itself and raises Attempt accordingly.
func (l *Ledger) Deal(epoch int64) (Params, error) {
	p := Params{
		Agreement: l.Terms.Agreement, Vault: l.Terms.Vault, Epoch: epoch, Attempt: 1,
		Need: l.Terms.Need, Absent: l.Terms.Absent,
	}
	if a := l.Last(epoch); a != nil {
		if a.Status == Sealed {
			return Params{}, fmt.Errorf("epoch %d is sealed and is never dealt again", epoch)
		}
		p.Attempt = a.Core.Attempt + 1
	}
	for _, c := range l.Custodies {
		s := SeatKey{Custodian: c.Custodian}
		if c.Barred < 0 && c.Replaced < 0 && c.Fresh() {
			s.Key = c.unspent[0].PublicKey
		}
		p.Seats = append(p.Seats, s)
	}
	if err := p.check(); err != nil {
		return Params{}, fmt.Errorf("epoch %d: %w; waiting for custodians to publish keys", epoch, err)
	}
	return p, nil
}

// Task is what a custodian should do.
type Task string

// The tasks of a custodian.
const (
	TaskAccept   Task = "accept"    // take the seat: publish a first key
	TaskKey      Task = "key"       // publish a key: all are used up and no dealing asks for one
	TaskAnswer   Task = "answer"    // open the share; acknowledge or complain
	TaskPossess  Task = "possess"   // prove that it holds its shares
	TaskHandOver Task = "hand-over" // if the outcome is release, by a certificate
)

// A Duty is one task with what it is about.
type Duty struct {
	Task    Task
	Attempt *Attempt   // answer
	Request *Request   // hand-over
	Epochs  []*Attempt // hand-over: those not yet handed over for this request, by epoch
}

// OwedByCustodian says what the custodian of a seat should do, most urgent
// first. Hand-overs stand here as soon as they are requested; the custodian
// acts on one only with a certificate of the outcome.
func (l *Ledger) OwedByCustodian(seat int) []Duty {
	if seat < 1 || seat > len(l.Custodies) {
		return nil
	}
	c := l.Custodies[seat-1]
	if c.Accepted < 0 && c.Replaced < 0 {
		return []Duty{{Task: TaskAccept}}
	}
	var out []Duty
	for _, a := range l.Attempts {
		if !a.asks(seat) || a.Status != Dealt && a.Status != Sealed {
			continue
		}
		if s := a.States[seat-1]; s.Acknowledged < 0 && s.Complained < 0 {
			out = append(out, Duty{Task: TaskAnswer, Attempt: a})
		}
	}
	if len(out) == 0 && !c.Fresh() && c.Barred < 0 && c.Replaced < 0 && len(c.Erased) == 0 && !l.awaits(seat) {
		out = append(out, Duty{Task: TaskKey})
	}
	if _, _, due, _ := l.Proved(seat); due {
		out = append(out, Duty{Task: TaskPossess})
	}
	for _, r := range l.Requests {
		if seat > len(r.Keys) || r.Keys[seat-1].IsZero() || r.shown[seat-1] != nil { // a key that all can read opens nothing for anybody
			continue
		}
		if epochs := l.notHanded(r, seat); len(epochs) > 0 {
			out = append(out, Duty{Task: TaskHandOver, Request: r, Epochs: epochs})
		}
	}
	return out
}

// lostAfter is how long, in seconds of the record's clock, the ciphertexts of a
// dealing may take to follow its core. They are submitted together; after an
// hour the recorder has lost them.
const lostAfter = 60 * 60

func (l *Ledger) lost(a *Attempt) bool { return a.Status == Incomplete && l.clock-a.clock > lostAfter }

// awaits says whether a dealing to this seat is still coming in: its answer
// will publish a key.
func (l *Ledger) awaits(seat int) bool {
	for _, a := range l.Attempts {
		if a.Status == Incomplete && !l.lost(a) && a.asks(seat) {
			return true
		}
	}
	return false
}

func (l *Ledger) notHanded(r *Request, seat int) []*Attempt {
	var out []*Attempt
	for _, a := range l.Attempts {
		if a.Status != Sealed || a.Core.Epoch < r.First || a.Core.Epoch > r.Last || !a.asks(seat) {
			continue
		}
		if _, ok := l.Handed(r, seat, a); !ok {
			out = append(out, a)
		}
	}
	// One that was dealt again comes after later epochs; a hand-over names them in order.
	slices.SortFunc(out, func(a, b *Attempt) int { return cmp.Compare(a.Core.Epoch, b.Core.Epoch) })
	return out
}

// Handed gives what a seat handed over of an epoch for a request.
func (l *Ledger) Handed(r *Request, seat int, a *Attempt) ([]byte, bool) {
	ct, ok := l.handed[handed{r.ID, seat, a.Digest}]
	return ct, ok
}

// handed names what one seat hands over of one epoch for one request.
type handed struct {
	request statement.ID
	seat    int
	epoch   Digest
}

// Request gives the request with an ID.
func (l *Ledger) Request(id statement.ID) (*Request, bool) {
	r, ok := l.requests[id]
	return r, ok
}

// Clock is the record's clock after the last entry folded.
func (l *Ledger) Clock() agreement.Instant { return l.clock }
