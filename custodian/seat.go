package custodian

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"detente/agreement"
	"detente/internal/durable"
	"detente/internal/locked"
	"detente/machine"
	"detente/record"
	"detente/statement"
	"detente/vault"
)

// A seat is one place in one vault's roster, that of today or a former one.
type seat struct {
	custodian *Custodian
	agreement agreement.Digest
	vault     agreement.Name
	number    int           // as vault.Ledger numbers them, for ever; 0: the amendment that gives it is not final yet
	ledger    *vault.Reader // of final entries only
	dir       string

	outcome     machine.Outcome // acted on, or about to be; empty before
	word        machine.Outcome // given on the outcome by Bind; empty if none was
	certificate string
	key         *locked.Buffer     // of the vault's files; nil if the folder is not sealed
	said        map[string]*saying // in this life, by what it is about
	strays      int                // shares destroyed in this life
	keyless     time.Time          // since when, by the machine, a dealing that is coming in keeps it without a fresh key
	destroyed   bool               // in this life, any share or key
}

func (s *seat) fs() durable.FS { return s.custodian.cfg.FS }

// find looks for the seat's number.
func (s *seat) find() {
	i := slices.IndexFunc(s.ledger.Custodies, func(c *vault.Custody) bool { return c.Custodian == s.custodian.name })
	s.number = i + 1
}

// in is the seat's part of a dealing; one from before it has none.
func (s *seat) in(a *vault.Attempt) (mine vault.Seat, state vault.SeatState, ok bool) {
	if s.number < 1 || s.number > len(a.Core.Seats) || !a.Core.Seats[s.number-1].Keyed {
		return mine, state, false
	}
	return a.Core.Seats[s.number-1], a.States[s.number-1], true
}

// open reads the outcome that an earlier life acted on.
func (s *seat) open() error {
	s.said = map[string]*saying{}
	for _, d := range []string{s.dir, s.path("key"), s.path("share")} {
		if err := durable.MkdirAll(s.fs(), d); err != nil {
			return err
		}
		if err := durable.RemoveTemps(s.fs(), d); err != nil {
			return err
		}
	}
	if err := s.readOutcome(); err != nil {
		return err
	}
	return s.openSeal()
}

// readOutcome reads the outcome that an earlier life acted on, or the word
// that was given on it.
func (s *seat) readOutcome() error {
	b, err := durable.ReadFile(s.fs(), s.path("outcome"), statement.MaxNote+64)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, o := range []machine.Outcome{machine.Released, machine.Erased} {
		if string(b) == wordOf(o) {
			s.word = o
			return nil
		}
		if n := len(o) + 1; len(b) > n && string(b[:n]) == string(o)+"\n" {
			s.outcome, s.certificate = o, string(b[n:])
			return nil
		}
	}
	return &durable.DamagedError{
		Name: s.path("outcome"), Why: errors.New("it begins with neither release nor erase, and is no word on them"),
		Mend: "this seat may have acted already and cannot be served from this folder; do not delete the file: destroy the folder's shares, and tell the parties that the seat is lost",
	}
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
	if s.word != "" && s.word != c.Outcome {
		s.custodian.cfg.Log.Error("holding: this custodian has given its word on another outcome than the certificate gives", "vault", s.vault, "word", s.word, "certificate", c.Outcome)
		return nil, nil
	}
	if !f.MayActOn(s.custodian.name, c.Size) {
		s.custodian.cfg.Log.Error("holding: this custodian has renounced the witnesses who made the certificate", "vault", s.vault, "certificate", c.Outcome, "size", c.Size)
		return nil, nil
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
	// A word may have been given by another process a moment ago: then that
	// file is there, and the seat looks again before it acts.
	keep := durable.CreateFile
	if s.word == c.Outcome {
		keep = durable.WriteFile
	}
	err := keep(s.fs(), s.path("outcome"), []byte(string(c.Outcome)+"\n"+note))
	if errors.Is(err, fs.ErrExist) {
		return s.readOutcome()
	}
	if err != nil {
		return err
	}
	s.outcome, s.certificate = c.Outcome, note
	s.custodian.cfg.Log.Info("outcome", "vault", s.vault, "outcome", c.Outcome, "ground", c.Ground, "size", c.Size)
	return nil
}

// serve does what the seat owes. What could not be submitted is tried again.
// Before the custodian has caught up with the record only an erasure is begun:
// anything else might be said for the second time.
func (s *seat) serve(ctx context.Context) error {
	if s.outcome == machine.Erased {
		return s.erase(ctx)
	}
	if !s.custodian.caught || s.number == 0 {
		return nil
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
		case vault.TaskPossess:
			if s.outcome == "" {
				err = s.possess(ctx)
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
	return s.rekey(ctx)
}

// halfPatience is how long, in the machine's time, a seat without a fresh key
// waits for the rest of a dealing, whose answer would publish one. Its parts are
// submitted one after the other; one that does not come for so long is lost, and
// the recorder cannot deal again without fresh keys.
const halfPatience = 3 * time.Second

// rekey publishes a key if the seat has none and a dealing that spent the last
// one does not come in.
func (s *seat) rekey(ctx context.Context) error {
	me := s.ledger.Custodies[s.number-1]
	half := slices.ContainsFunc(s.ledger.Attempts, func(a *vault.Attempt) bool {
		_, _, mine := s.in(a)
		return a.Status == vault.Incomplete && mine
	})
	if s.outcome != "" || me.Fresh() || me.Accepted < 0 || me.Barred >= 0 || me.Replaced >= 0 || !half {
		s.keyless = time.Time{}
		return nil
	}
	s.custodian.unsaid = true // look again although nothing comes
	if s.keyless.IsZero() {
		s.keyless = time.Now()
	}
	if time.Since(s.keyless) < halfPatience {
		return nil
	}
	return s.publish(ctx)
}

// forgetKeys destroys the keys of dealings that are sealed and whose share is
// kept, or that are void: nobody needs them any more.
func (s *seat) forgetKeys() error {
	names, err := s.fs().ReadDir(s.path("key"))
	if err != nil {
		return err
	}
	for _, a := range s.ledger.Attempts {
		mine, state, ok := s.in(a)
		spent := a.Status == vault.Void || a.Status == vault.Sealed && (state.Acknowledged >= 0 || state.Complained >= 0)
		if !ok || !spent || !slices.Contains(names, mine.Key.String()) {
			continue
		}
		if err := s.destroy("key", mine.Key.String()); err != nil {
			return err
		}
	}
	return nil
}
