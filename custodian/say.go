package custodian

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"

	"detente/mirror"
	"detente/statement"
	"detente/vault"
)

// A saying is a statement that a seat makes once.
type saying struct {
	note  []byte // nil: there is nothing to say
	index int64  // on the record; -1 until it was taken
}

// once makes a statement and submits it, once for what it is about. One whose
// submission failed is submitted again as it stands: the host may have taken
// it all the same. One that the host refuses is not made again in this life.
// body may give nil: there is nothing to say about it.
func (s *seat) once(ctx context.Context, about string, answers statement.ID, body func() (statement.Body, error)) error {
	c, x := s.custodian, s.said[about]
	if x == nil {
		x = &saying{index: -1}
		b, err := body()
		if err != nil {
			return err
		}
		if b != nil {
			if x.note, err = c.note(answers, b); err != nil {
				c.cfg.Log.Error("statement not made", "about", about, "error", err)
			}
		}
		s.said[about] = x
	}
	if x.note == nil || x.index >= 0 {
		return nil
	}
	receipt, err := c.cfg.Record.Submit(ctx, x.note)
	refused, ok := errors.AsType[*mirror.RefusedError](err)
	switch {
	case err == nil:
		x.index = receipt.Index
		c.cfg.Log.Info("on the record", "about", about, "entry", receipt.Index)
	case ok && refused.Status < 500 && refused.Status != 429:
		x.note = nil
		c.cfg.Log.Error("statement refused", "about", about, "error", err)
	default:
		c.unsaid = true
		c.cfg.Log.Warn("statement not taken", "about", about, "error", err)
	}
	return nil
}

// newKey draws a key for the next dealing and keeps its seed durably.
func (s *seat) newKey() (vault.PublicKey, error) {
	k, err := vault.GenerateKey(s.custodian.cfg.Random)
	if err != nil {
		return vault.PublicKey{}, err
	}
	p := k.Public()
	return p, s.writeSecret("key", p.Digest().String(), k.Seed())
}

// publish takes the seat, or gives a key when all are used up. One that is
// final and used up again, by a dealing that came to nothing, has a successor.
func (s *seat) publish(ctx context.Context) error {
	const about = "key"
	if x := s.said[about]; x != nil && x.index >= 0 && x.index < s.ledger.Size() {
		delete(s.said, about)
	}
	return s.once(ctx, about, statement.ID{}, func() (statement.Body, error) {
		next, err := s.newKey()
		return statement.AcceptCustodyBody{Vault: string(s.vault), Key: base64.StdEncoding.EncodeToString(next.Bytes())}, err
	})
}

// answer opens the share of a dealing: it acknowledges it, or complains by
// publishing the key by which it came.
func (s *seat) answer(ctx context.Context, a *vault.Attempt) error {
	about := "dealing " + a.Digest.String()
	if err := s.once(ctx, about, a.ID, func() (statement.Body, error) { return s.answerTo(a) }); err != nil {
		return err
	}
	// A dealing that can never be answered must not keep the seat from the next.
	if me := s.ledger.Custodies[s.number-1]; s.said[about].note == nil && !me.Fresh() && me.Barred < 0 && me.Replaced < 0 {
		return s.publish(ctx)
	}
	return nil
}

func (s *seat) answerTo(a *vault.Attempt) (statement.Body, error) {
	key, err := s.keyOf(a)
	if key == nil || err != nil {
		return nil, err
	}
	share, err := a.Dealing.OpenShare(s.number, key)
	bad := errors.Is(err, vault.ErrShare) || errors.Is(err, vault.ErrCiphertext)
	if err != nil && !bad {
		return nil, err
	}
	next, err := s.newKey()
	if err != nil {
		return nil, err
	}
	nextText := base64.StdEncoding.EncodeToString(next.Bytes())
	if bad {
		return statement.ComplainBody{
			Vault: string(s.vault), Digest: a.Digest.String(), Seat: s.number,
			Seed: base64.StdEncoding.EncodeToString(key.Seed()), Next: nextText,
		}, nil
	}
	defer share.Wipe()
	if err := s.writeSecret("share", a.Digest.String(), share.Bytes()); err != nil {
		return nil, err
	}
	proof, err := a.Dealing.Acknowledge(s.custodian.cfg.Random, share, next)
	if err != nil {
		return nil, err
	}
	return statement.AcknowledgeBody{
		Vault: string(s.vault), Digest: a.Digest.String(), Seat: s.number,
		Next: nextText, Proof: base64.StdEncoding.EncodeToString(proof),
	}, nil
}

// keyOf is the key by which a dealing's share came; nil if the folder does not
// have it, or has something else in its place: then the share is lost, and
// nobody but this custodian is at fault.
func (s *seat) keyOf(a *vault.Attempt) (*vault.PrivateKey, error) {
	log := s.custodian.cfg.Log.With("vault", s.vault, "epoch", a.Core.Epoch, "attempt", a.Core.Attempt)
	digest := a.Core.Seats[s.number-1].Key
	seed, err := s.readSecret("key", digest.String())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		log.Error("the key of this dealing is not in the folder: the share is lost", "unless",
			"another process speaks as this custodian, perhaps from a copy of the folder: then end both, and put their shares together: docs/operations.md")
		return nil, nil
	case errors.Is(err, errDamaged):
		log.Error("the key of this dealing is damaged: the share is lost", "error", err)
		return nil, nil
	case err != nil:
		return nil, err
	}
	defer seed.Free()
	key, err := vault.NewPrivateKey(seed.Bytes())
	if err == nil && key.Public().Digest() != digest {
		err = fmt.Errorf("it is the seed of another key")
	}
	if err != nil {
		log.Error("the key of this dealing is damaged: the share is lost", "error", err)
		return nil, nil
	}
	return key, nil
}

// possess proves that the seat holds every share that it acknowledged. One that
// lost a share cannot, and says nothing: that it is late shows to everybody.
func (s *seat) possess(ctx context.Context) error {
	const about = "possession"
	x := s.said[about]
	if x != nil && x.index >= 0 && x.index < s.ledger.Size() {
		x = nil
	}
	if x == nil {
		x = &saying{index: -1}
		if err := s.prove(x); err != nil {
			return err
		}
		s.said[about] = x
	}
	return s.once(ctx, about, statement.ID{}, nil)
}

// prove makes the statement over the head of what the ledger has read.
func (s *seat) prove(x *saying) error {
	head := s.ledger.Head()
	epochs, err := s.ledger.ToPossess(s.number, head)
	if err != nil {
		return err
	}
	proof, err := s.ledger.Possess(s.custodian.cfg.Random, s.number, head, s.share)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDamaged) {
		s.custodian.cfg.Log.Error("a share is lost: possession cannot be proved", "vault", s.vault, "error", err)
		return nil
	}
	if err != nil {
		return err
	}
	x.note, err = s.custodian.noteUnder(head, statement.ID{}, statement.PossessBody{
		Vault: string(s.vault), Seat: s.number, Epochs: len(epochs), Proof: base64.StdEncoding.EncodeToString(proof),
	})
	return err
}
