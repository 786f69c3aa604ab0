package simulation

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"detente/agreement"
	"detente/beneficiary"
	"detente/internal/clock"
	"detente/mirror"
	"detente/record"
	"detente/recorder"
	"detente/statement"
	"detente/vault"
)

// A World is one record and everybody around it.
type World struct {
	Terms      Terms
	Keys       *Keys
	Clock      *Clock
	Agreement  *agreement.Agreement
	Bundle     *agreement.Bundle
	Witnesses  map[string]*Witness
	Host       *Server
	Custodians []*Actor
	Recorder   *Actor
	Reader     *mirror.Follower // of somebody who only reads
	AgencyLine *Line            // of the beneficiary, to the depositary

	readerLine *Line

	dir     string
	log     *slog.Logger
	slot    int64 // that is filmed next
	others  []*Server
	closers []func() error

	mu       sync.Mutex
	recorder *recorder.Recorder // in its present life
	films    map[string]*Film   // of its cameras
	dealer   func(vault.DealRequest) (*vault.DealResult, error)
	ledger   *vault.Reader // of final entries
}

// Options say what world to make.
type Options struct {
	Dir   string // an empty folder
	Terms Terms
	Seed  string       // of the keys; another seed gives another agreement
	Log   *slog.Logger // of every role; none if nil
}

// New makes a world: its witnesses and its depositary run, its record is open,
// and nobody has signed. Close it whatever New returned.
func New(ctx context.Context, opt Options) (*World, error) {
	w := &World{
		Terms: opt.Terms, Keys: &Keys{Seed: opt.Seed}, Clock: NewClock(opt.Terms.Begins), Witnesses: map[string]*Witness{}, AgencyLine: newLine(),
		dir: opt.Dir, log: opt.Log, dealer: Deal,
	}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	for _, step := range []func(context.Context) error{w.write, w.openHosts, w.cast} {
		if err := step(ctx); err != nil {
			return w, fmt.Errorf("making the world: %w", err)
		}
	}
	return w, nil
}

// write writes the text.
func (w *World) write(context.Context) error {
	b, err := agreement.NewBundle([]agreement.File{{Path: w.Terms.Name + ".agreement", Data: []byte(w.Terms.text(w.Keys))}})
	if err != nil {
		return err
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		return fmt.Errorf("the text does not read: %+v", diagnostics)
	}
	w.Agreement, w.Bundle = a, b
	return nil
}

// openHosts starts the witnesses and the depositary and opens the record.
func (w *World) openHosts(ctx context.Context) error {
	for _, name := range w.Terms.Witnesses {
		p, err := w.openWitness(name, w.path(name))
		if err != nil {
			return err
		}
		w.Witnesses[name] = p
		w.closers = append(w.closers, p.close)
	}
	var err error
	if w.Host, err = w.openServer(w.path(Depositary), w.addresses(), false); err != nil {
		return err
	}
	w.closers = append(w.closers, w.Host.close)
	archive, err := record.EncodeBundle(w.Bundle)
	if err != nil {
		return err
	}
	_, err = w.Host.OpenRecord(ctx, archive)
	return err
}

// cast makes everybody who follows the record, and starts nobody but the reader.
func (w *World) cast(ctx context.Context) error {
	for _, name := range w.Terms.Custodians {
		w.Custodians = append(w.Custodians, w.newCustodian(name))
	}
	w.Recorder = &Actor{Name: Recorder, Line: newLine(), FS: files, open: w.openRecorder}
	w.films, _ = newFilms(w.Terms.cameras())
	var err error
	w.readerLine = newLine()
	if w.Reader, err = w.Follow(ctx, "reader", w.readerLine); err != nil {
		return err
	}
	w.closers = append(w.closers, w.Reader.Close)
	w.ledger, err = vault.NewReader(w.Agreement, Vault)
	return err
}

// Close ends everybody. Errors of roles that had ended by themselves are theirs.
func (w *World) Close() error {
	for _, a := range w.Custodians {
		a.Stop()
	}
	if w.Recorder != nil {
		w.Recorder.Stop()
	}
	var all []error
	for _, f := range slices.Backward(w.closers) {
		all = append(all, f())
	}
	return errors.Join(all...)
}

// NewLine is a line of somebody's own to the depositary.
func (w *World) NewLine() *Line { return newLine() }

// Follow opens a mirror of the record in the folder of that name, over a line.
func (w *World) Follow(ctx context.Context, name string, l *Line) (*mirror.Follower, error) {
	c, err := w.client(l)
	if err != nil {
		return nil, err
	}
	return mirror.Open(ctx, mirror.Config{Dir: w.path(name), Client: c, FS: files})
}

func (w *World) newCustodian(name string) *Actor {
	return &Actor{Name: name, Line: newLine(), Witnesses: newLine(), FS: files, open: w.openCustodian}
}

// Custodian finds a custodian by name.
func (w *World) Custodian(name string) *Actor {
	return w.Custodians[slices.IndexFunc(w.Custodians, func(a *Actor) bool { return a.Name == name })]
}

// Join starts a custodian that an amendment brought.
func (w *World) Join(ctx context.Context, name string) error {
	a := w.newCustodian(name)
	w.Custodians = append(w.Custodians, a)
	return a.Start(ctx)
}

// Begin has the parties sign, starts the custodians, and when all have taken
// their seats the recorder; it waits until the first epoch is sealed.
func (w *World) Begin(ctx context.Context) error {
	if err := w.Sign(ctx); err != nil {
		return err
	}
	for _, a := range w.Custodians {
		if err := a.Start(ctx); err != nil {
			return err
		}
	}
	err := w.Until(ctx, "all custodians have taken their seats", func(_ *record.Fold, l *vault.Ledger) bool {
		return !slices.ContainsFunc(l.Custodies, func(c *vault.Custody) bool { return !c.Fresh() })
	})
	if err != nil {
		return err
	}
	if err := w.Recorder.Start(ctx); err != nil {
		return err
	}
	return w.Epoch(ctx, 1)
}

// Sign has both parties sign, and waits until the agreement is in force.
func (w *World) Sign(ctx context.Context) error {
	for _, party := range []string{Host, Agency} {
		if _, err := w.Say(ctx, party, statement.ID{}, statement.SignBody{Findings: fmt.Sprintf("%064d", 0)}); err != nil {
			return err
		}
	}
	return w.Until(ctx, "the agreement is in force", func(f *record.Fold, _ *vault.Ledger) bool {
		_, ok := f.State().InForce()
		return ok
	})
}

// Epoch waits until an epoch is sealed and the recorder knows it, if it runs.
func (w *World) Epoch(ctx context.Context, n int64) error {
	var at int64
	err := w.Until(ctx, fmt.Sprintf("epoch %d is sealed", n), func(_ *record.Fold, l *vault.Ledger) bool {
		a := l.Sealed(n)
		if a != nil {
			at = a.SealedAt
		}
		return a != nil
	})
	for err == nil {
		w.mu.Lock()
		r := w.recorder
		w.mu.Unlock()
		if r == nil || r.Size() > at {
			return nil
		}
		err = clock.Real{}.Sleep(ctx, time.Millisecond)
	}
	return err
}

// Note is a statement of somebody's under the text in force and the head that
// the reader last saw,
// with the signatures of all his keys.
func (w *World) Note(by string, answers statement.ID, body statement.Body) ([]byte, error) {
	head, _ := w.Reader.Head()
	s := &statement.Statement{
		Agreement: w.Agreement.ID, Bundle: w.Reader.InForce().ID, By: agreement.Name(by), Answers: answers, Seen: head, Body: body,
	}
	return SignAs(s, w.Keys.Signers(by)...)
}

// SignAs signs a statement with whatever keys.
func SignAs(s *statement.Statement, signers ...statement.Signer) ([]byte, error) {
	text, err := s.Text()
	if err != nil {
		return nil, err
	}
	return statement.Sign(text, signers...)
}

// Submit hands an entry to the depositary.
func (w *World) Submit(ctx context.Context, entry []byte) (*mirror.Receipt, error) {
	return w.Reader.Client().Submit(ctx, entry)
}

// Say puts a statement of somebody's on the record.
func (w *World) Say(ctx context.Context, by string, answers statement.ID, body statement.Body) (*mirror.Receipt, error) {
	note, err := w.Note(by, answers, body)
	if err != nil {
		return nil, err
	}
	return w.Submit(ctx, note)
}

// Until follows the record until cond holds. The fold is the record as it is;
// the ledger is of what is final in it. what is said if it does not come to be.
func (w *World) Until(ctx context.Context, what string, cond func(*record.Fold, *vault.Ledger) bool) error {
	var failed error
	err := w.Reader.Wait(ctx, func(f *record.Fold, final int64) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		if failed = w.ledger.Read(f, final); failed != nil {
			return true
		}
		return cond(f, w.ledger.Ledger)
	})
	if err = errors.Join(failed, err); err != nil {
		head, _ := w.Reader.Head()
		w.mu.Lock()
		defer w.mu.Unlock()
		return fmt.Errorf("waiting until %s, at %s, with %d entries, of which %d are final: %w",
			what, w.Clock.Now().UTC().Format(time.DateTime), head.Size, w.ledger.Size(), err)
	}
	return nil
}

// Quiet waits until the record owes nothing at the present instant, and all of
// it is final; next is when it will owe something.
func (w *World) Quiet(ctx context.Context) (next agreement.Instant, err error) {
	err = w.Until(ctx, "nothing is due", func(f *record.Fold, l *vault.Ledger) bool {
		duty := f.Duty(agreement.Instant(w.Clock.Now().Unix()))
		next = duty.Next
		return !duty.Due && l.Size() == f.Size()
	})
	return next, err
}

// Pass lives on to just after an instant at which something is due, and from
// there until the record has decided it.
func (w *World) Pass(ctx context.Context, at time.Time) error {
	w.Clock.Set(at.Add(time.Second))
	for {
		next, err := w.Quiet(ctx)
		if err != nil {
			return fmt.Errorf("living on to %s: %w", at, err)
		}
		settled := agreement.Instant(0)
		w.Reader.With(func(f *record.Fold) { settled = f.Settled() })
		switch {
		case settled >= agreement.Instant(at.Unix()):
			return nil
		case next == record.Never:
			return fmt.Errorf("living on to %s: nothing is due there, so the record does not decide it", at)
		}
		w.Clock.Set(time.Unix(int64(next), 0).Add(time.Second))
	}
}

// Open has the beneficiary open the vault with whatever it gets by the time
// that ctx ends, and gives each clip by its number.
func (w *World) Open(ctx context.Context) (*beneficiary.Report, map[int64][]byte, error) {
	m, err := w.Follow(ctx, "agency-mirror", w.AgencyLine)
	if err != nil {
		return nil, nil, err
	}
	defer m.Close()
	if err := m.Update(ctx); err != nil {
		return nil, nil, err
	}
	clips := map[int64][]byte{}
	report, err := beneficiary.Open(ctx, beneficiary.Config{
		Dir: w.Dir(Agency), Signers: w.Keys.Signers(Agency), Record: m.Client(), Mirror: m, Vault: Vault, Random: rand.Reader,
		Segment: w.Segment, Clip: func(_ string, seq int64, data []byte) error { clips[seq] = bytes.Clone(data); return nil }, Log: w.log, FS: files,
	})
	return report, clips, err
}

// Export is the record up to what is final, as one file.
func (w *World) Export(ctx context.Context) ([]byte, error) {
	if _, err := w.Quiet(ctx); err != nil {
		return nil, err
	}
	b, _, err := w.Reader.Export(ctx)
	return b, err
}
