package vault

import (
	"errors"
	"fmt"
	"slices"

	"detente/agreement"
	"detente/statement"
)

// A Request asks for epochs of a released vault.
type Request struct {
	Entry       int64
	ID          statement.ID
	By          agreement.Name
	First, Last int64       // epochs
	Keys        []PublicKey // one delivery key per seat; zero: not asked

	shown []*PrivateKey // those that a dispute has published
}

// A HandOver is one custodian's answer to a request, unopened.
type HandOver struct {
	Entry       int64
	ID          statement.ID
	Request     *Request
	Seat        int
	Certificate string // the cosigned checkpoint that it acted on
	Shares      []HandedShare
}

// A HandedShare is one epoch's share, encrypted to the request's delivery key.
type HandedShare struct {
	Attempt    *Attempt
	Ciphertext []byte
	Finding    Finding // on a dispute; empty if there was none
}

// judgeOutcome folds what comes after the outcome.
func (l *Ledger) judgeOutcome(e Entry, v *Verdict) (about bool, err error) {
	vault := string(l.Terms.Vault)
	switch b := e.Statement.Body.(type) {
	case statement.RequestBody:
		if about = b.Vault == vault; about {
			l.request(e, b, v)
		}
	case statement.HandOverBody:
		if about = b.Vault == vault; about {
			err = l.handOver(e, b, v)
		}
	case statement.ErasedBody:
		if about = b.Vault == vault; about {
			l.erased(e, b, v)
		}
	case statement.DisputeBody:
		if about = b.Vault == vault; about {
			err = l.dispute(e, b, v)
		}
	case statement.MismatchBody:
		if about = b.Vault == vault; about {
			err = l.mismatch(e, b, v)
		}
	}
	return about, err
}

func (l *Ledger) request(e Entry, b statement.RequestBody, v *Verdict) {
	by := e.Statement.By
	switch {
	case !slices.Contains(l.Terms.OpensTo, by):
		v.inert(by, "vault %s does not open to %s", l.Terms.Vault, by)
		return
	case !slices.Contains(l.counts, len(b.Keys)): // it may have been made before the last amendment
		v.inert(by, "%d delivery keys for %d seats", len(b.Keys), len(l.Custodies))
		return
	}
	r := &Request{Entry: e.Index, ID: e.ID, By: by, First: b.First, Last: b.Last, Keys: make([]PublicKey, len(b.Keys)), shown: make([]*PrivateKey, len(b.Keys))}
	for i, text := range b.Keys {
		if text == "" {
			continue
		}
		k, err := l.freshKey(text)
		for _, o := range r.Keys[:i] {
			if err == nil && !o.IsZero() && k.SharesHalf(o) {
				err = ErrSharedHalf
			}
		}
		if err != nil {
			v.inert(keyCulprit(err, by), "delivery key of seat %d: %v", i+1, err)
			return
		}
		r.Keys[i] = k
	}
	for _, k := range r.Keys {
		if !k.IsZero() {
			l.halves[k.pq], l.halves[k.dh] = true, true
		}
	}
	l.Requests = append(l.Requests, r)
	l.requests[e.ID] = r
	v.Force = true
}

func (l *Ledger) handOver(e Entry, b statement.HandOverBody, v *Verdict) error {
	by, r, c := e.Statement.By, l.requests[e.Statement.Answers], l.custody(e.Statement.By)
	switch {
	case c == nil || c.Seat != b.Seat:
		v.inert(by, "seat %d is not that of %s", b.Seat, by)
		return nil
	case r == nil || b.Seat > len(r.Keys) || r.Keys[b.Seat-1].IsZero():
		v.inert(by, "answers no request that asks seat %d", b.Seat)
		return nil
	}
	h := &HandOver{Entry: e.Index, ID: e.ID, Request: r, Seat: b.Seat, Certificate: b.Certificate}
	for _, s := range b.Shares {
		a, ct, err := l.parseHanded(r, b.Seat, s)
		if err != nil {
			v.inert(by, "%v", err)
			return nil
		}
		h.Shares = append(h.Shares, HandedShare{Attempt: a, Ciphertext: ct})
	}
	l.HandOvers = append(l.HandOvers, h)
	l.handOvers[e.ID] = h
	for _, s := range h.Shares {
		if at := (handed{r.ID, h.Seat, s.Attempt.Digest}); l.handed[at] == nil {
			l.handed[at] = s.Ciphertext
		}
	}
	v.Force = true
	if len(c.Erased) > 0 {
		v.Culprit, v.Reason = by, fmt.Sprintf("hands over what it said at entry %d it had erased", c.Erased[0].Entry)
	}
	return l.show(h)
}

func (l *Ledger) parseHanded(r *Request, seat int, s statement.HandOver) (*Attempt, []byte, error) {
	d, err := ParseDigest(s.Digest)
	if err != nil {
		return nil, nil, err
	}
	a := l.byDigest[d]
	if a == nil || a.Status != Sealed || a.Core.Epoch != s.Epoch || s.Epoch < r.First || s.Epoch > r.Last || !a.asks(seat) {
		return nil, nil, fmt.Errorf("epoch %d: not a sealed epoch in the request with a share for seat %d", s.Epoch, seat)
	}
	ct, err := decodeBytes(s.Ciphertext, CiphertextSize)
	return a, ct, err
}

func (l *Ledger) erased(e Entry, b statement.ErasedBody, v *Verdict) {
	c := l.custody(e.Statement.By)
	if c == nil || c.Seat != b.Seat {
		v.inert(e.Statement.By, "seat %d is not that of %s", b.Seat, e.Statement.By)
		return
	}
	c.Erased = append(c.Erased, Erasure{Entry: e.Index, Epochs: b.Epochs, Again: b.Again, Certificate: b.Certificate})
	v.Force = true
}

// Erasures counts the seats whose custodians attest that they erased.
func (l *Ledger) Erasures() int {
	n := 0
	for _, c := range l.Custodies {
		if len(c.Erased) > 0 {
			n++
		}
	}
	return n
}

// dispute folds the publication of a delivery key. Everything that the seat
// handed over under that key is readable now, so every right share in it is
// public, whoever is at fault.
func (l *Ledger) dispute(e Entry, b statement.DisputeBody, v *Verdict) error {
	by, h := e.Statement.By, l.handOvers[e.Statement.Answers]
	if h == nil || h.Seat != b.Seat || h.Request.By != by {
		v.inert(by, "answers no hand-over of seat %d to %s", b.Seat, by)
		return nil
	}
	i := slices.IndexFunc(h.Shares, func(s HandedShare) bool { return s.Attempt.Digest.String() == b.Digest })
	seed, err := decodeBytes(b.Seed, SeedSize)
	if i < 0 || err != nil {
		v.inert(by, "that hand-over has no share of that epoch, or the seed is malformed")
		return nil
	}
	s := &h.Shares[i]
	if s.Finding != "" {
		v.inert("", "disputed before: %s", s.Finding)
		return nil
	}
	j, err := s.Attempt.Dealing.JudgeDispute(h.Seat, h.Request.ID, h.Request.Keys[h.Seat-1], seed, s.Ciphertext)
	if err != nil {
		return err
	}
	if j.Finding == Inert {
		v.inert(by, "%s", j.Reason)
		return nil
	}
	s.Finding = j.Finding
	v.Force, v.Culprit, v.Reason = true, l.Custodies[h.Seat-1].Custodian, j.Reason
	if j.Finding == FalseComplaint {
		v.Culprit, v.Reason = by, "false: "+j.Reason
	}
	if h.Request.shown[h.Seat-1] != nil {
		return nil
	}
	if h.Request.shown[h.Seat-1], err = NewPrivateKey(seed); err != nil {
		return err
	}
	for _, o := range l.HandOvers {
		if o.Request == h.Request && o.Seat == h.Seat {
			if err := l.show(o); err != nil {
				return err
			}
		}
	}
	return nil
}

// show makes public what was handed over under a delivery key that is public.
func (l *Ledger) show(h *HandOver) error {
	k := h.Request.shown[h.Seat-1]
	if k == nil {
		return nil
	}
	for _, s := range h.Shares {
		sh, err := s.Attempt.Dealing.OpenHandOver(h.Seat, h.Request.ID, k, s.Ciphertext)
		if err == nil {
			s.Attempt.public(sh)
		} else if !errors.Is(err, ErrCiphertext) && !errors.Is(err, ErrShare) {
			return err
		}
	}
	return nil
}

func (l *Ledger) mismatch(e Entry, b statement.MismatchBody, v *Verdict) error {
	by := e.Statement.By
	d, err := ParseDigest(b.Digest)
	a := l.byDigest[d]
	if err != nil || a == nil || a.Status != Sealed || !slices.Contains(l.Terms.OpensTo, by) {
		v.inert(by, "no sealed epoch with that digest, or the vault does not open to %s", by)
		return nil
	}
	va, err := decodeBytes(b.A, 32)
	if err != nil {
		v.inert(by, "a: %v", err)
		return nil
	}
	vb, err := decodeBytes(b.B, 32)
	if err != nil {
		v.inert(by, "b: %v", err)
		return nil
	}
	j, err := a.JudgeMismatch(va, vb)
	if err != nil {
		return err
	}
	if j.Finding == Inert {
		v.inert(by, "%s", j.Reason)
		return nil
	}
	a.Mismatch, a.MismatchA = j.Finding, va
	v.Force, v.Culprit, v.Reason = true, l.Terms.Recorder, j.Reason
	if j.Finding == FalseComplaint {
		v.Culprit, v.Reason = by, "false: "+j.Reason
	}
	return nil
}
