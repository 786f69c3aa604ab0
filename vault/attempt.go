package vault

import (
	"errors"
	"fmt"

	"detente/agreement"
	"detente/statement"
)

// Status is how far a dealing has come.
type Status string

// The statuses of a dealing. Void and Sealed are final.
const (
	Incomplete Status = "incomplete" // its ciphertexts are not all on the record
	Dealt      Status = "dealt"      // custodians check their shares
	Sealed     Status = "sealed"     // need + absent acknowledged: segments may be sealed to it
	Void       Status = "void"
)

// An Attempt is one dealing on the record.
type Attempt struct {
	*Core
	Digest    Digest // the epoch digest that the statement carries
	Entry     int64
	ID        statement.ID
	Status    Status
	Dealing   *Dealing       // once its ciphertexts are complete
	Ended     int64          // entry that made it void, -1
	Culprit   agreement.Name // whose fault it is that it is void; empty: nobody's
	Reason    string         // why it is void
	SealedAt  int64          // entry, -1
	SealClock agreement.Instant
	States    []SeatState // seat 1 first
	Public    []*Share    // that a false complaint or a dispute has shown to all
	Mismatch  Finding     // on a claim that its values do not give its recipient
	MismatchA []byte      // the scalar that the claim published, if it is a value of this dealing

	absent      int               // by the text it was dealt under
	clock       agreement.Instant // of the record at Entry
	ciphertexts [][]byte
}

// SeatState is what one seat has said of a dealing.
type SeatState struct {
	Acknowledged int64 // entry, -1
	Complained   int64 // entry, -1
	Finding      Finding
}

// NeedNow is how many custodians open the epoch: one less for each public share.
func (a *Attempt) NeedNow() int { return max(0, a.Core.Need-len(a.Public)) }

// wanted is how many acknowledgements seal the dealing, by the text under which
// it was made.
func (a *Attempt) wanted() int { return a.Core.Need + a.absent }

// asks is whether a seat has a share of the dealing.
func (a *Attempt) asks(seat int) bool {
	return seat >= 1 && seat <= len(a.Core.Seats) && a.Core.Seats[seat-1].Keyed
}

// Acknowledgements counts the seats that have proved that they hold their share.
func (a *Attempt) Acknowledgements() int {
	n := 0
	for _, s := range a.States {
		if s.Acknowledged >= 0 {
			n++
		}
	}
	return n
}

func (a *Attempt) void(entry int64, culprit agreement.Name, reason string, args ...any) {
	a.Status, a.Ended, a.Culprit, a.Reason = Void, entry, culprit, fmt.Sprintf(reason, args...)
}

func (a *Attempt) public(sh *Share) {
	for _, p := range a.Public {
		if p.Seat == sh.Seat {
			return
		}
	}
	a.Public = append(a.Public, sh)
}

// epoch folds the core of a dealing. Whatever comes of it, the keys that it
// names are used up: its ciphertexts may be known to anybody.
func (l *Ledger) epoch(e Entry, b statement.EpochBody, v *Verdict) {
	if e.Statement.By != l.Terms.Recorder {
		v.inert(e.Statement.By, "only recorder %s deals for vault %s", l.Terms.Recorder, l.Terms.Vault)
		return
	}
	core, err := ParseCore(l.Terms.Agreement, b)
	var digest Digest
	if err == nil {
		digest, err = ParseDigest(b.Digest)
	}
	var this dealing
	if err == nil {
		this = dealing{core.CoreDigest(), digest}
		if first, again := l.dealings[this]; again { // submitted again because the answer was lost
			l.byID[e.ID] = l.byID[first.id] // its ciphertexts may answer either statement
			v.inert("", "the same dealing stands at entry %d", first.entry)
			return
		}
		l.dealings[this] = placed{e.Index, e.ID}
		err = l.checkTerms(core, digest)
	}
	if err == nil {
		err = l.checkKeys(core, l.seen(e))
	}
	l.spend(b.Seats, e.Index)
	if err != nil {
		l.byID[e.ID] = nil
		culprit := e.Statement.By
		var m *meanwhile
		if errors.As(err, &m) && m.entry >= l.cited(e) {
			culprit = ""
		}
		v.inert(culprit, "%v", err)
		return
	}
	if last := l.Last(core.Epoch); last != nil && last.Status != Void {
		last.void(e.Index, "", "attempt %d took its place before it was sealed", core.Attempt)
	}
	a := &Attempt{
		Core: core, Digest: digest, Entry: e.Index, ID: e.ID, Status: Incomplete, Ended: -1, SealedAt: -1, clock: l.clock, absent: l.Terms.Absent,
		States: make([]SeatState, len(core.Seats)), ciphertexts: make([][]byte, len(core.Seats)),
	}
	for i := range a.States {
		a.States[i] = SeatState{Acknowledged: -1, Complained: -1}
	}
	l.Attempts = append(l.Attempts, a)
	l.byDigest[digest], l.byID[e.ID] = a, a
	v.Force = true
}

// A dealing is what an epoch statement says, whatever else is in it; placed,
// where it was said first.
type (
	dealing struct{ core, epoch Digest }
	placed  struct {
		entry int64
		id    statement.ID
	}
)

// meanwhile is a core refused for what an entry of the record says. Whoever had
// not seen that entry is not at fault: it may have arrived while he dealt, or
// his statement may have been kept back.
type meanwhile struct {
	error
	entry int64
}

func (m *meanwhile) Unwrap() error { return m.error }

// spend uses up the keys that a core names, whatever comes of it.
func (l *Ledger) spend(seats []statement.Seat, entry int64) {
	for _, s := range seats {
		d, err := ParseDigest(s.Key)
		if err != nil {
			continue
		}
		for _, c := range l.Custodies {
			if c.has(d) {
				c.spend(d)
				l.spent[d] = entry
			}
		}
	}
}

// checkTerms holds a core to the vault's terms and to what was dealt before.
func (l *Ledger) checkTerms(c *Core, digest Digest) error {
	if c.Need != l.Terms.Need || len(c.Seats) != len(l.Custodies) {
		return l.amendedMeanwhile(fmt.Errorf("%w: %d of %d seats, the text says %d of %d", ErrCore, c.Need, len(c.Seats), l.Terms.Need, len(l.Custodies)))
	}
	for i, s := range c.Seats {
		if s.Custodian != l.Custodies[i].Custodian {
			return fmt.Errorf("%w: seat %d is %s, the text says %s", ErrCore, i+1, s.Custodian, l.Custodies[i].Custodian)
		}
	}
	if n := c.keyed(); n < l.Terms.Need+l.Terms.Absent {
		return fmt.Errorf("%w: %d seats have keys, want need %d + absent %d", ErrCore, n, l.Terms.Need, l.Terms.Absent)
	}
	if a := l.byDigest[digest]; a != nil {
		return fmt.Errorf("%w: entry %d has another dealing under the same digest", ErrCore, a.Entry)
	}
	last := l.Last(c.Epoch)
	if last == nil {
		return nil
	}
	if last.Status == Sealed {
		return &meanwhile{fmt.Errorf("%w: epoch %d is sealed and is never dealt again", ErrCore, c.Epoch), last.SealedAt}
	}
	if c.Attempt <= last.Core.Attempt {
		return &meanwhile{fmt.Errorf("%w: attempt %d after attempt %d at epoch %d", ErrCore, c.Attempt, last.Core.Attempt, c.Epoch), last.Entry}
	}
	return nil
}

// seen gives the size of the record that the author of a dealing had seen, if
// that was recent; else all of it. A key may arrive while the recorder deals,
// and nobody is at fault then; but an old head excuses nobody.
func (l *Ledger) seen(e Entry) int64 {
	if h, ok := l.heads.cited(e.Statement.Seen, l.size); ok && l.clock-h.clock <= seenWithin {
		return h.size
	}
	return e.Index
}

// cited gives the size of the record that the author of a statement says to
// have seen, however old: it excuses only where nothing can be gained by it.
func (l *Ledger) cited(e Entry) int64 {
	if h, ok := l.heads.cited(e.Statement.Seen, l.size); ok {
		return h.size
	}
	return e.Index
}

// seenWithin is how old, in seconds, the head may be that excuses a recorder
// for not knowing a key: dealing and submitting take less than minutes.
const seenWithin = 10 * 60

// checkKeys holds every seat to the key that its custodian has published: a
// custodian whose fresh key the recorder had seen is never left out, and no
// key is used twice.
func (l *Ledger) checkKeys(c *Core, seen int64) error {
	for i, s := range c.Seats {
		cu := l.Custodies[i]
		switch {
		case s.Keyed && cu.Replaced >= 0:
			return &meanwhile{fmt.Errorf("%w: seat %d: the amendment at entry %d took it from %s", ErrCore, i+1, cu.Replaced, s.Custodian), l.amended - 1}
		case !s.Keyed && cu.Barred < 0 && cu.Replaced < 0 && cu.Fresh() && cu.unspent[0].entry < seen:
			return &meanwhile{fmt.Errorf("%w: seat %d is left out though %s has published a fresh key", ErrCore, i+1, s.Custodian), cu.unspent[0].entry}
		case s.Keyed && cu.Barred >= 0:
			return &meanwhile{fmt.Errorf("%w: seat %d: %s has no seat since its false complaint at entry %d", ErrCore, i+1, s.Custodian, cu.Barred), cu.Barred}
		case s.Keyed && !cu.has(s.Key):
			err := fmt.Errorf("%w: seat %d: not a fresh key of %s; a key is used for one dealing only", ErrCore, i+1, s.Custodian)
			if at, ok := l.spent[s.Key]; ok {
				return &meanwhile{err, at}
			}
			return err
		}
	}
	return nil
}

// Last gives the last attempt at an epoch, nil if there is none.
func (l *Ledger) Last(epoch int64) *Attempt {
	for i := len(l.Attempts) - 1; i >= 0; i-- {
		if l.Attempts[i].Core.Epoch == epoch {
			return l.Attempts[i]
		}
	}
	return nil
}

// Attempt gives the dealing with an epoch digest, nil if the record has none.
func (l *Ledger) Attempt(digest Digest) *Attempt { return l.byDigest[digest] }

// shares folds ciphertexts of a dealing; with the last one it is complete.
func (l *Ledger) shares(e Entry, b statement.SharesBody, v *Verdict) {
	a, known := l.byID[e.Statement.Answers]
	switch {
	case e.Statement.By != l.Terms.Recorder:
		v.inert(e.Statement.By, "only recorder %s deals for vault %s", l.Terms.Recorder, l.Terms.Vault)
		return
	case known && a == nil:
		v.inert("", "answers a dealing that was refused")
		return
	case a == nil || b.Digest != a.Digest.String():
		v.inert(e.Statement.By, "answers no dealing of this vault with that digest")
		return
	case a.Status != Incomplete:
		v.inert("", "that dealing is %s", a.Status)
		return
	}
	cts := make([][]byte, len(b.Ciphertexts))
	for i, text := range b.Ciphertexts {
		seat := b.First + i
		if seat < 1 || seat > len(a.States) || a.Core.Seats[seat-1].Keyed != (text != "") {
			v.inert(e.Statement.By, "seat %d: want a ciphertext for exactly the seats that have keys", seat)
			return
		}
		if text == "" {
			continue
		}
		ct, err := decodeBytes(text, CiphertextSize)
		if err != nil {
			v.inert(e.Statement.By, "ciphertext of seat %d: %v", seat, err)
			return
		}
		cts[i] = ct
	}
	for i, ct := range cts {
		if at := b.First + i - 1; a.ciphertexts[at] == nil {
			a.ciphertexts[at] = ct
		}
	}
	v.Force = true
	for i, ct := range a.ciphertexts {
		if ct == nil && a.Core.Seats[i].Keyed {
			return
		}
	}
	d, err := NewDealing(a.Core, a.ciphertexts, a.Digest)
	if err != nil {
		a.void(e.Index, l.Terms.Recorder, "%v", err)
		v.Culprit, v.Reason = l.Terms.Recorder, "the dealing is void: "+err.Error()
		return
	}
	a.Dealing, a.Status = d, Dealt
}

// mine gives the dealing that a custodian's statement is about, or refuses it.
func (l *Ledger) mine(e Entry, digest string, seat int, next string, v *Verdict) *Attempt {
	c := l.custody(e.Statement.By)
	if c == nil || c.Seat != seat {
		v.inert(e.Statement.By, "seat %d is not that of %s", seat, e.Statement.By)
		return nil
	}
	d, err := ParseDigest(digest)
	a := l.byDigest[d]
	if err != nil || a == nil || !a.asks(seat) {
		v.inert(e.Statement.By, "no dealing of this vault with that digest and a share for seat %d", seat)
		return nil
	}
	// The next key counts whatever comes of the statement: it is signed.
	if err := l.publish(c, next, e.Index); err != nil {
		v.Reason = fmt.Sprintf("next key refused: %v", err)
	}
	if a.Status == Incomplete || a.Status == Void {
		v.inert("", "that dealing is %s", a.Status)
		return nil
	}
	return a
}

func (l *Ledger) acknowledge(e Entry, b statement.AcknowledgeBody, v *Verdict) {
	a := l.mine(e, b.Digest, b.Seat, b.Next, v)
	if a == nil {
		return
	}
	s := &a.States[b.Seat-1]
	if s.Acknowledged >= 0 {
		v.inert("", "seat %d acknowledged at entry %d", b.Seat, s.Acknowledged)
		return
	}
	if err := l.checkProof(a, b); err != nil {
		v.inert(e.Statement.By, "%v", err)
		return
	}
	s.Acknowledged, v.Force = e.Index, true
	if a.Status == Dealt && a.Acknowledgements() >= a.wanted() {
		a.Status, a.SealedAt, a.SealClock = Sealed, e.Index, l.clock
	}
}

func (l *Ledger) checkProof(a *Attempt, b statement.AcknowledgeBody) error {
	raw, err := decodeBytes(b.Next, KeySize)
	if err != nil {
		return fmt.Errorf("%w: next key: %v", ErrProof, err)
	}
	next, err := ParsePublicKey(raw)
	if err != nil {
		return err
	}
	proof, err := decodeBytes(b.Proof, ProofSize)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrProof, err)
	}
	return a.Dealing.VerifyAcknowledge(b.Seat, next, proof)
}

// complain folds a complaint. Before the dealing is sealed it voids it,
// whoever is at fault; later it never does.
func (l *Ledger) complain(e Entry, b statement.ComplainBody, v *Verdict) error {
	a := l.mine(e, b.Digest, b.Seat, b.Next, v)
	if a == nil {
		return nil
	}
	s := &a.States[b.Seat-1]
	if s.Complained >= 0 {
		v.inert("", "seat %d complained at entry %d", b.Seat, s.Complained)
		return nil
	}
	seed, err := decodeBytes(b.Seed, SeedSize)
	if err != nil {
		v.inert(e.Statement.By, "seed: %v", err)
		return nil
	}
	j, err := a.Dealing.JudgeComplaint(b.Seat, seed)
	if err != nil {
		return err
	}
	if j.Finding == Inert {
		v.inert(e.Statement.By, "%s", j.Reason)
		return nil
	}
	s.Complained, s.Finding = e.Index, j.Finding
	v.Force, v.Culprit, v.Reason = true, l.Terms.Recorder, j.Reason
	if j.Finding == FalseComplaint {
		v.Culprit, v.Reason = e.Statement.By, "false: "+j.Reason
		a.public(j.Public)
		if c := l.Custodies[b.Seat-1]; c.Barred < 0 {
			c.Barred = e.Index
		}
	}
	if a.Status == Dealt {
		a.void(e.Index, v.Culprit, "complaint of seat %d: %s", b.Seat, v.Reason)
	}
	return nil
}
