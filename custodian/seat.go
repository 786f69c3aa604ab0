package custodian

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"detente/agreement"
	"detente/internal/durable"
	"detente/machine"
	"detente/record"
	"detente/statement"
	"detente/vault"
)

// A seat is one place in one vault's roster.
type seat struct {
	custodian *Custodian
	vault     agreement.Name
	number    int
	ledger    *vault.Reader // of final entries only
	dir       string

	outcome     machine.Outcome // acted on, or about to be; empty before
	certificate string
	done        map[string]bool // what was said and is not final yet, by what it is about
}

func (s *seat) fs() durable.FS { return s.custodian.cfg.FS }

// open reads the outcome that an earlier life acted on.
func (s *seat) open() error {
	s.done = map[string]bool{}
	for _, d := range []string{s.dir, s.path("key"), s.path("share")} {
		if err := durable.MkdirAll(s.fs(), d); err != nil {
			return err
		}
		if err := durable.RemoveTemps(s.fs(), d); err != nil {
			return err
		}
	}
	b, err := durable.ReadFile(s.fs(), s.path("outcome"), statement.MaxNote+64)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, o := range []machine.Outcome{machine.Released, machine.Erased} {
		if n := len(o) + 1; len(b) > n && string(b[:n]) == string(o)+"\n" {
			s.outcome, s.certificate = o, string(b[n:])
			return nil
		}
	}
	return fmt.Errorf("%s does not begin with release or erase: the folder is damaged; this seat cannot be served from it", s.path("outcome"))
}

func (s *seat) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}

// decide looks for a certificate of the outcome. Without one nothing happens:
// the vault holds.
func (s *seat) decide(f *record.Fold, note []byte) (*record.Certificate, error) {
	if s.outcome != "" || note == nil {
		return nil, nil
	}
	c, err := f.Decide(s.vault, note)
	switch {
	case errors.Is(err, record.ErrUndecided), errors.Is(err, record.ErrTooShort):
		return nil, nil
	case errors.Is(err, record.ErrFork), errors.Is(err, record.ErrExclusion):
		s.custodian.cfg.Log.Error("holding: the witnesses contradict each other", "vault", s.vault, "error", err)
		return nil, nil
	case err != nil:
		return nil, err
	}
	if signed := f.Signed(s.vault, s.custodian.name); signed != "" && signed != c.Outcome {
		s.custodian.cfg.Log.Error("holding: this custodian has signed another outcome than the certificate gives", "vault", s.vault, "signed", signed, "certificate", c.Outcome)
		return nil, nil
	}
	return &c, nil
}

// adopt keeps the outcome durably, before anything is done about it: whatever
// happens, this seat never acts on another.
func (s *seat) adopt(c record.Certificate) error {
	note := string(c.Note)
	if err := durable.WriteFile(s.fs(), s.path("outcome"), []byte(string(c.Outcome)+"\n"+note)); err != nil {
		return err
	}
	s.outcome, s.certificate = c.Outcome, note
	s.custodian.cfg.Log.Info("outcome", "vault", s.vault, "outcome", c.Outcome, "ground", c.Ground, "size", c.Size)
	return nil
}

// serve does what the seat owes. What is refused or cannot be submitted is
// tried again when the record has moved.
func (s *seat) serve(ctx context.Context) error {
	if s.outcome == machine.Erased {
		return s.erase(ctx)
	}
	if err := s.forgetKeys(); err != nil {
		return err
	}
	for _, d := range s.ledger.OwedByCustodian(s.number) {
		var err error
		switch d.Task {
		case vault.TaskAccept, vault.TaskKey:
			if s.outcome == "" {
				err = s.publish(ctx)
			}
		case vault.TaskAnswer:
			if s.outcome == "" {
				err = s.answer(ctx, d.Attempt)
			}
		case vault.TaskHandOver:
			if s.outcome == machine.Released {
				err = s.handOver(ctx, d)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// once runs say unless what it is about has been said and is only not final.
func (s *seat) once(about string, say func() bool) {
	if !s.done[about] && say() {
		s.done[about] = true
	}
}

// newKey draws a key for the next dealing and keeps its seed durably.
func (s *seat) newKey() (vault.PublicKey, error) {
	k, err := vault.GenerateKey(s.custodian.cfg.Random)
	if err != nil {
		return vault.PublicKey{}, err
	}
	p := k.Public()
	return p, durable.WriteFile(s.fs(), s.keyFile(p.Digest()), k.Seed())
}

func (s *seat) keyFile(d vault.Digest) string { return s.path("key", d.String()) }

func (s *seat) shareFile(a *vault.Attempt) string { return s.path("share", a.Digest.String()) }

// publish takes the seat, or gives a key when all are used up.
func (s *seat) publish(ctx context.Context) error {
	about := fmt.Sprintf("key after %d attempts", len(s.ledger.Attempts))
	if s.done[about] {
		return nil
	}
	next, err := s.newKey()
	if err != nil {
		return err
	}
	s.once(about, func() bool {
		return s.custodian.say(ctx, statement.ID{}, statement.AcceptCustodyBody{
			Vault: string(s.vault), Key: base64.StdEncoding.EncodeToString(next.Bytes()),
		})
	})
	return nil
}

// answer opens the share of a dealing: it acknowledges it, or complains by
// publishing the key by which it came.
func (s *seat) answer(ctx context.Context, a *vault.Attempt) error {
	about := "answer " + a.Digest.String()
	if s.done[about] {
		return nil
	}
	seed, err := durable.ReadFile(s.fs(), s.keyFile(a.Core.Seats[s.number-1].Key), vault.SeedSize)
	if errors.Is(err, fs.ErrNotExist) {
		s.custodian.cfg.Log.Error("the key of this dealing is not in the folder: the share is lost", "epoch", a.Core.Epoch, "attempt", a.Core.Attempt)
		s.done[about] = true
		return nil
	}
	if err != nil {
		return err
	}
	key, err := vault.NewPrivateKey(seed)
	if err != nil {
		return err
	}
	next, err := s.newKey()
	if err != nil {
		return err
	}
	nextText := base64.StdEncoding.EncodeToString(next.Bytes())
	share, err := a.Dealing.OpenShare(s.number, key)
	if errors.Is(err, vault.ErrShare) || errors.Is(err, vault.ErrCiphertext) {
		s.once(about, func() bool {
			return s.custodian.say(ctx, a.ID, statement.ComplainBody{
				Vault: string(s.vault), Digest: a.Digest.String(), Seat: s.number,
				Seed: base64.StdEncoding.EncodeToString(key.Seed()), Next: nextText,
			})
		})
		return nil
	}
	if err != nil {
		return err
	}
	defer share.Wipe()
	if err := durable.WriteFile(s.fs(), s.shareFile(a), share.Bytes()); err != nil {
		return err
	}
	proof, err := a.Dealing.Acknowledge(s.custodian.cfg.Random, share, next)
	if err != nil {
		return err
	}
	s.once(about, func() bool {
		return s.custodian.say(ctx, a.ID, statement.AcknowledgeBody{
			Vault: string(s.vault), Digest: a.Digest.String(), Seat: s.number,
			Next: nextText, Proof: base64.StdEncoding.EncodeToString(proof),
		})
	})
	return nil
}

// forgetKeys destroys the keys of dealings that are sealed and whose share is
// kept, or that are void: nobody needs them any more.
func (s *seat) forgetKeys() error {
	for _, a := range s.ledger.Attempts {
		mine := a.Core.Seats[s.number-1]
		if !mine.Keyed || a.Status != vault.Void && (a.Status != vault.Sealed || a.States[s.number-1].Acknowledged < 0) {
			continue
		}
		if err := s.destroy(s.keyFile(mine.Key)); err != nil {
			return err
		}
	}
	return nil
}
