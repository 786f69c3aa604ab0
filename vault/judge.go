package vault

import (
	"errors"
	"fmt"

	"detente/statement"
)

// A Finding is what everybody concludes from a published secret.
type Finding string

// The findings.
const (
	RecorderAtFault  Finding = "recorder at fault"
	CustodianAtFault Finding = "custodian at fault"
	FalseComplaint   Finding = "false" // the accused kept its word; what was published is now public
	Inert            Finding = "inert" // the published secret is not the one it is said to be
)

// A Judgement is a finding with its reason and, where the published secret
// made a share public, that share.
type Judgement struct {
	Finding Finding
	Reason  string
	Public  *Share
}

// JudgeComplaint judges a complaint by the seed that it publishes: everybody
// opens that seat's ciphertext and reaches one verdict. An error means that
// this process could not judge; it says nothing about the complaint.
func (d *Dealing) JudgeComplaint(seat int, seed []byte) (Judgement, error) {
	if err := SelfTest(); err != nil {
		return Judgement{}, err
	}
	k, err := NewPrivateKey(seed)
	if err != nil {
		return Judgement{Finding: Inert, Reason: err.Error()}, nil
	}
	sh, err := d.OpenShare(seat, k)
	return judge(sh, err, RecorderAtFault)
}

// JudgeDispute judges a dispute of one hand-over by the delivery seed that it
// publishes. requested is the delivery key that the request named for the seat.
func (d *Dealing) JudgeDispute(seat int, request statement.ID, requested PublicKey, seed, ciphertext []byte) (Judgement, error) {
	if err := SelfTest(); err != nil {
		return Judgement{}, err
	}
	k, err := NewPrivateKey(seed)
	if err != nil {
		return Judgement{Finding: Inert, Reason: err.Error()}, nil
	}
	if requested.IsZero() || k.Public().Digest() != requested.Digest() {
		return Judgement{Finding: Inert, Reason: fmt.Sprintf("not the key that the request named for seat %d", seat)}, nil
	}
	sh, err := d.OpenHandOver(seat, request, k, ciphertext)
	return judge(sh, err, CustodianAtFault)
}

func judge(sh *Share, err error, fault Finding) (Judgement, error) {
	switch {
	case err == nil:
		return Judgement{Finding: FalseComplaint, Reason: "the share opens and fits", Public: sh}, nil
	case errors.Is(err, ErrCiphertext), errors.Is(err, ErrShare):
		return Judgement{Finding: fault, Reason: err.Error()}, nil
	case errors.Is(err, ErrKey), errors.Is(err, ErrSeat):
		return Judgement{Finding: Inert, Reason: err.Error()}, nil
	}
	return Judgement{}, err
}

// JudgeMismatch judges the claim that a dealing's values do not give its
// recipient. If it is true the values open nothing that was sealed to that
// recipient; if it is false they open the epoch.
func (c *Core) JudgeMismatch(a, b []byte) (Judgement, error) {
	if err := SelfTest(); err != nil {
		return Judgement{}, err
	}
	v, err := ParseValues(a, b)
	if err != nil {
		return Judgement{Finding: Inert, Reason: err.Error()}, nil
	}
	_, err = c.Identity(v)
	switch {
	case err == nil:
		return Judgement{Finding: FalseComplaint, Reason: "the values give the recipient"}, nil
	case errors.Is(err, ErrMismatch):
		return Judgement{Finding: RecorderAtFault, Reason: err.Error()}, nil
	case errors.Is(err, ErrShare):
		return Judgement{Finding: Inert, Reason: err.Error()}, nil
	}
	return Judgement{}, err
}
