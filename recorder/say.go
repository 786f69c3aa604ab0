package recorder

import (
	"context"
	"errors"
	"fmt"

	"detente/mirror"
	"detente/statement"
)

// A saying is a statement that is made once: one whose submission failed is
// submitted again as it stands, for the host may have taken it all the same,
// and a second one beside it would contradict it.
type saying struct {
	seen    statement.Head // that it cites; the head last seen if zero
	note    []byte
	receipt *mirror.Receipt // once it is taken
}

// once makes a statement if that has not been done, and submits it if it is
// not taken yet. One that the host refuses is made anew the next time: the
// refusal shows that it is not on the record.
func (r *Recorder) once(ctx context.Context, x *saying, answers statement.ID, body statement.Body) (*mirror.Receipt, error) {
	if x.receipt != nil {
		return x.receipt, nil
	}
	if t := termsOf(r.follower.InForce(), r.cfg.Vault); t == nil || t.Recorder != r.terms.Recorder {
		return nil, fmt.Errorf("the text in force gives vault %s to another recorder than %s: stop this one", r.cfg.Vault, r.terms.Recorder)
	}
	if x.note == nil {
		head := x.seen
		if head == (statement.Head{}) {
			head, _ = r.follower.Head()
		}
		a := r.follower.Agreement()
		s := &statement.Statement{Agreement: a.ID, Bundle: r.follower.InForce().ID, By: r.terms.Recorder, Answers: answers, Seen: head, Body: body}
		text, err := s.Text()
		if err != nil {
			return nil, err
		}
		if x.note, err = statement.Sign(text, r.cfg.Signer); err != nil {
			return nil, err
		}
	}
	receipt, err := r.cfg.Record.Submit(ctx, x.note)
	if err != nil {
		if _, refused := errors.AsType[*mirror.RefusedError](err); refused {
			x.note = nil
		}
		r.undone.Store(true)
		return nil, err
	}
	x.receipt = receipt
	r.cfg.Log.Info("on the record", "kind", body.Kind(), "entry", receipt.Index)
	return receipt, nil
}
