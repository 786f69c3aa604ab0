package custodian

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"detente/agreement"
	"detente/internal/clock"
	"detente/internal/durable"
	"detente/mirror"
	"detente/record"
	"detente/statement"
	"detente/vault"
)

// Config is what a custodian is given.
type Config struct {
	Dir    string           // its folder, made if missing
	Signer statement.Signer // its key under its declared name
	Record *mirror.Client
	Random io.Reader // crypto/rand.Reader
	Seal   *Seal     // what the folder's secrets are encrypted to; nil: they lie plain
	// Clock and Witnesses serve a record that halts: when the cut has passed
	// undecided, the custodian has the head it holds cosigned by the witnesses
	// itself; and before it erases it asks them whether the host withholds
	// anything. They are those of the text in force at the place concerned.
	// Without witnesses it can do neither, and a halted vault holds.
	Clock     clock.Clock
	Witnesses *mirror.Roster
	// Names are its host's own, as readers of a private record may address it.
	Names []string
	Log   *slog.Logger
	FS    durable.FS // durable.OS if nil
}

// A Custodian serves every seat that the texts of an agreement give to one name.
type Custodian struct {
	cfg      Config
	name     agreement.Name
	follower *mirror.Follower
	intake   *mirror.Intake

	mu     sync.Mutex // held while acting
	seats  []*seat
	texts  int   // how many of those that have been in force were looked through for seats
	caught bool  // all that an earlier life said is in the ledgers
	unsaid bool  // something is owed that could not be done now
	behind int64 // the size shown when the host first answered a Step; 0 before
}

// selfTest is done once in a process: every ledger and judgement rests on it.
var selfTest = sync.OnceValue(vault.SelfTest)

// Open takes the folder and reads the agreement; the first time it needs the
// record's host for that. It refuses to start where the cryptography would not
// work, or where no text that has been in force gives this name a seat.
func Open(ctx context.Context, cfg Config) (*Custodian, error) {
	if err := selfTest(); err != nil {
		return nil, fmt.Errorf("opening custodian: %w", err)
	}
	if cfg.FS == nil {
		cfg.FS = durable.OS
	}
	if err := checkModes(cfg.FS, cfg.Dir); err != nil {
		return nil, fmt.Errorf("opening custodian: %w", err)
	}
	follower, err := mirror.Open(ctx, mirror.Config{Dir: filepath.Join(cfg.Dir, "mirror"), Client: cfg.Record, FS: cfg.FS, Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("opening custodian: %w", err)
	}
	c := &Custodian{cfg: cfg, name: agreement.Name(cfg.Signer.Name()), follower: follower}
	hands := cfg.Clock
	if hands == nil {
		hands = clock.Real{}
	}
	c.intake, err = mirror.OpenIntake(follower, cfg.Signer, hands, cfg.Log)
	if err == nil {
		err = c.firstSeats(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening custodian: %w", err), follower.Close())
	}
	return c, nil
}

// takeSeats takes the seats that the texts in force so far give to this name,
// the first as the last: one that an amendment replaced keeps what it holds.
func (c *Custodian) takeSeats() (err error) {
	c.follower.With(func(f *record.Fold) {
		all := f.Versions()
		for _, t := range all[c.texts:] {
			if err = c.takeSeatsOf(f, t.Agreement); err != nil {
				return
			}
		}
		c.texts = len(all)
	})
	return err
}

func (c *Custodian) takeSeatsOf(f *record.Fold, a *agreement.Agreement) error {
	for _, v := range a.Vaults {
		taken := slices.ContainsFunc(c.seats, func(s *seat) bool { return s.vault == v.Name })
		if taken || !slices.Contains(v.Seats, c.name) {
			continue
		}
		r, err := vault.ReaderOf(f, v.Name)
		if err != nil {
			return err
		}
		s := &seat{custodian: c, agreement: f.Agreement().ID, vault: v.Name, ledger: r, dir: filepath.Join(c.cfg.Dir, string(v.Name))}
		s.find()
		if err := s.open(); err != nil {
			return err
		}
		c.seats = append(c.seats, s)
	}
	return nil
}

// firstSeats looks for the seats, and asks the host for the newest texts before
// it finds that there are none: an amendment may have brought them.
func (c *Custodian) firstSeats(ctx context.Context) error {
	if err := c.takeSeats(); err != nil || len(c.seats) > 0 {
		return err
	}
	heard := c.follower.Update(ctx)
	if err := c.takeSeats(); err != nil || len(c.seats) > 0 {
		return err
	}
	return errors.Join(fmt.Errorf("no text of agreement %s that has been in force gives custodian %s a seat: start it when the amendment that does is in force", c.follower.Agreement().Name, c.name), heard)
}

// Handler serves the record as this custodian verified it, and its second
// intake: statements and proofs that the depositary does not take.
func (c *Custodian) Handler() http.Handler {
	return (&mirror.Station{Follower: c.follower, Names: c.cfg.Names, Clock: clock.Real{}, Intake: c.intake}).Handler()
}

// Close gives the folder up and forgets its keys; call it after Run has returned.
func (c *Custodian) Close() error {
	for _, s := range c.seats {
		s.key.Free()
		s.key = nil
	}
	return c.follower.Close()
}

// Run follows the record and does what its seats owe, until ctx is done. It
// returns early only if going on would be wrong: a quorum of the record's
// witnesses cosigned another history than before, or the folder cannot be written.
func (c *Custodian) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var work sync.WaitGroup
	for _, f := range []func(context.Context) error{c.follow, c.watch, c.intake.Run} {
		work.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				cancel(err)
			}
		})
	}
	work.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// follow acts on whatever becomes final.
func (c *Custodian) follow(ctx context.Context) error {
	if err := c.catchUp(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	for {
		judged, err := c.act(ctx, nil)
		if err != nil {
			return err
		}
		c.mu.Lock()
		unsaid := c.unsaid
		c.mu.Unlock()
		wait, cancel := ctx, context.CancelFunc(func() {})
		if unsaid {
			wait, cancel = context.WithTimeout(ctx, tryAgain)
		}
		err = c.follower.WaitFinal(wait, judged)
		again := wait.Err() != nil
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !again {
			if !c.goesOn(err) {
				return fmt.Errorf("following the record: %w", err)
			}
			if (clock.Real{}).Sleep(ctx, tryAgain) != nil {
				return nil
			}
		}
	}
}

// tryAgain is how long, in the machine's time, until what the host did not take
// is offered again although the record has not moved.
const tryAgain = 500 * time.Millisecond

// catchUp waits until the host has answered and all that it showed is final:
// then the ledger has what an earlier life said, and nothing is said twice.
func (c *Custodian) catchUp(ctx context.Context) error {
	for shown := int64(-1); ; {
		err := c.follower.Update(ctx)
		if head, _ := c.follower.Head(); err == nil && shown < 0 {
			shown = head.Size
		}
		if err == nil {
			err = c.follower.Wait(ctx, func(_ *record.Fold, final int64) bool { return final >= shown })
		}
		switch {
		case err == nil:
			c.mu.Lock()
			defer c.mu.Unlock()
			c.caught = true
			return nil
		case ctx.Err() != nil:
			return nil
		case !c.goesOn(err):
			return fmt.Errorf("following the record: %w", err)
		case (clock.Real{}).Sleep(ctx, tryAgain) != nil:
			return nil
		}
	}
}

// goesOn is whether the following of the record goes on after an error. Of two
// histories one of which no quorum cosigned only the host has signed both, or
// with it no more witnesses than may lie: that proves what they did, and it is
// no reason to stop, or the host alone could stop every custodian. What was
// shown is not taken, and nothing is done before the cut: see mayAct.
func (c *Custodian) goesOn(err error) bool {
	d, ok := errors.AsType[*mirror.DivergenceError](err)
	if !ok || !d.Fork {
		return mirror.Temporary(err)
	}
	forks, bad := c.follower.Forks()
	if bad != nil {
		return false
	}
	i := slices.IndexFunc(forks, func(k mirror.Fork) bool { return k.Folder == d.Evidence })
	return i >= 0 && !forks[i].Quorums()
}

// read is how many entries every seat has folded.
func (c *Custodian) read() int64 {
	n := c.seats[0].ledger.Size()
	for _, s := range c.seats {
		n = min(n, s.ledger.Size())
	}
	return n
}

// act folds what has become final, looks for the outcome of each vault there
// and in the cosigned checkpoint note, or if that is nil in the newest, and does
// what is owed. It gives the newest that it judged: only what is newer is worth
// waiting for. Whatever becomes final after it looked is newer.
func (c *Custodian) act(ctx context.Context, note []byte) (judged []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unsaid = false
	final, judged := c.follower.Final()
	if note == nil {
		note = judged
	}
	if err := c.takeSeats(); err != nil {
		return nil, err
	}
	for _, s := range c.seats {
		if err := c.actFor(ctx, s, final, note); err != nil {
			return nil, fmt.Errorf("vault %s: %w", s.vault, err)
		}
	}
	return judged, nil
}

func (c *Custodian) actFor(ctx context.Context, s *seat, final int64, note []byte) error {
	var found *record.Certificate
	var err error
	c.follower.With(func(f *record.Fold) {
		if err = s.ledger.Read(f, final); err == nil {
			s.find()
			found, err = s.decide(f, note)
		}
	})
	if err == nil && found != nil {
		if c.mayAct(ctx, s, found) {
			err = s.adopt(*found)
		} else {
			c.unsaid = true
		}
	}
	if err != nil {
		return err
	}
	return s.serve(ctx)
}

// note is a statement of this custodian's under the head last seen.
func (c *Custodian) note(answers statement.ID, body statement.Body) ([]byte, error) {
	head, _ := c.follower.Head()
	return c.noteUnder(head, answers, body)
}

// noteUnder is a statement of this custodian's under a head.
func (c *Custodian) noteUnder(head statement.Head, answers statement.ID, body statement.Body) ([]byte, error) {
	a := c.follower.Agreement()
	s := &statement.Statement{Agreement: a.ID, Bundle: c.follower.InForce().ID, By: c.name, Answers: answers, Seen: head, Body: body}
	text, err := s.Text()
	if err != nil {
		return nil, err
	}
	return statement.Sign(text, c.cfg.Signer)
}
