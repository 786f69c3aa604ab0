package beneficiary

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"detente/agreement"
	"detente/internal/durable"
	"detente/machine"
	"detente/mirror"
	"detente/record"
	"detente/statement"
	"detente/vault"
)

// Config is what a beneficiary is given.
type Config struct {
	Dir     string // its folder, made if missing
	Signers []statement.Signer
	Record  *mirror.Client
	Mirror  *mirror.Follower
	Vault   agreement.Name
	Random  io.Reader // crypto/rand.Reader
	// Wait is how long to wait for the custodians; 0: until ctx is done, after
	// which what can be opened is opened all the same.
	Wait time.Duration
	// Segment gives the bytes of a sealed segment, from wherever it is kept.
	Segment func(ctx context.Context, camera string, seq int64) ([]byte, error)
	// Clip takes an opened clip, whose data lasts until it returns.
	Clip func(camera string, seq int64, data []byte) error
	// Identity takes the key of each epoch that was recovered; nil if nobody
	// wants it.
	Identity func(epoch int64, id *vault.Identity) error
	Log      *slog.Logger
	FS       durable.FS // durable.OS if nil
}

// A NotReleasedError says why there is nothing to open.
type NotReleasedError struct{ Reason string }

func (e *NotReleasedError) Error() string { return e.Reason }

// A Report says what was opened and what was not, and by whose fault.
type Report struct {
	Vault    agreement.Name `json:"vault"`
	Epochs   []EpochReport  `json:"epochs"`
	Opened   int            `json:"opened"`
	Failed   []Failure      `json:"failed"`
	Culprits []Culprit      `json:"culprits"`
}

// An EpochReport says how an epoch's key was recovered.
type EpochReport struct {
	Epoch  int64 `json:"epoch"`
	Shares int   `json:"shares"` // right ones
	Open   bool  `json:"open"`
}

// A Failure is a segment that could not be opened.
type Failure struct {
	Camera  string               `json:"camera"`
	Seq     int64                `json:"seq"`
	Verdict vault.SegmentVerdict `json:"verdict"` // empty: it could not be had
	Reason  string               `json:"reason"`
}

// A Culprit is somebody whose fault is proved, or who did not answer.
type Culprit struct {
	Name   agreement.Name `json:"name"`
	Epoch  int64          `json:"epoch"`
	Reason string         `json:"reason"`
	Proved bool           `json:"proved"` // by a statement on the record; false: it did not answer
}

// opening is one run of Open.
type opening struct {
	Config
	ledger   *vault.Reader
	delivery []vault.Delivery
	report   *Report
	accused  map[string]*Culprit // by what is proved; those not on the record yet are tried again
	order    []string
	keys     map[vault.Digest]*vault.Identity
	seen     map[segmentName]vault.Digest // manifests opened or failed
	padded   int64
	opener   vault.Opener
}

// selfTest is done once in a process: every ledger and judgement rests on it.
var selfTest = sync.OnceValue(vault.SelfTest)

// Open asks for every sealed epoch, waits for the shares as long as it may, and
// opens what can be opened. It returns a *NotReleasedError if the outcome is
// not release; otherwise a report, also when not everything opened.
func Open(ctx context.Context, cfg Config) (*Report, error) {
	if err := selfTest(); err != nil {
		return nil, err
	}
	if cfg.FS == nil {
		cfg.FS = durable.OS
	}
	o := &opening{Config: cfg, report: &Report{Vault: cfg.Vault, Epochs: []EpochReport{}, Failed: []Failure{}, Culprits: []Culprit{}},
		accused: map[string]*Culprit{}, keys: map[vault.Digest]*vault.Identity{}, seen: map[segmentName]vault.Digest{}}
	if err := o.open(); err != nil {
		return nil, err
	}
	if err := o.request(ctx); err != nil {
		return nil, err
	}
	if err := o.wait(ctx); err != nil {
		return nil, err
	}
	if err := o.identities(); err != nil {
		return nil, err
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		ctx = context.WithoutCancel(ctx) // it was the time to wait for custodians
	}
	return o.report, o.segments(ctx)
}

// wait collects shares for the time that is given to the custodians.
func (o *opening) wait(ctx context.Context) error {
	if o.Wait > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Wait)
		defer cancel()
	}
	return o.collect(ctx)
}

func (o *opening) open() error {
	var err error
	o.Mirror.With(func(f *record.Fold) { o.ledger, err = vault.ReaderOf(f, o.Vault) })
	if err != nil {
		return err
	}
	o.padded = o.ledger.Terms.SegmentBytes
	if err := durable.MkdirAll(o.FS, filepath.Join(o.Dir, "delivery")); err != nil {
		return err
	}
	if err := o.read(); err != nil {
		return err
	}
	var refused error
	_, final := o.Mirror.Final()
	o.Mirror.With(func(f *record.Fold) { refused = o.released(f, final) })
	return refused
}

// read folds what is on the record.
func (o *opening) read() (err error) {
	o.Mirror.With(func(f *record.Fold) { err = o.ledger.Read(f, f.Size()) })
	return err
}

// released says why the vault does not open, if it does not. A certificate of
// a release is one also where the record itself decides nothing.
func (o *opening) released(f *record.Fold, final []byte) error {
	outcome, _ := f.State().Outcome(o.Vault)
	var notes [][]byte
	if final != nil {
		notes = append(notes, final)
	}
	if c, err := f.Decide(o.Vault, notes...); err == nil {
		outcome = c.Outcome
	}
	closes, known := f.State().Closes(o.Vault)
	reason := ""
	switch {
	case outcome == machine.Released:
		return nil
	case outcome == machine.Erased:
		reason = fmt.Sprintf("the outcome is erase; %d of %d custodians attest that they destroyed their shares", o.ledger.Erasures(), len(o.ledger.Custodies))
	case outcome == machine.Held:
		reason = fmt.Sprintf("it is held since its close at %s", closes)
	case known:
		reason = fmt.Sprintf("it is not decided: it closes at %s", closes)
	default:
		reason = "it is not decided, and it is not known yet when it closes"
	}
	return &NotReleasedError{fmt.Sprintf("vault %s does not open: %s", o.Vault, reason)}
}

// say signs a statement under the head last seen and submits it.
func (o *opening) say(ctx context.Context, answers statement.ID, body statement.Body) (statement.ID, error) {
	note, id, err := o.sign(answers, body)
	if err != nil {
		return id, err
	}
	_, err = o.Record.Submit(ctx, note)
	return id, err
}

func (o *opening) sign(answers statement.ID, body statement.Body) ([]byte, statement.ID, error) {
	if len(o.Signers) == 0 {
		return nil, statement.ID{}, errors.New("no key to sign with")
	}
	head, _ := o.Mirror.Head()
	a := o.Mirror.Agreement()
	s := &statement.Statement{
		Agreement: a.ID, Bundle: o.Mirror.InForce().ID, By: agreement.Name(o.Signers[0].Name()), Answers: answers, Seen: head, Body: body,
	}
	text, err := s.Text()
	if err != nil {
		return nil, statement.ID{}, err
	}
	note, err := statement.Sign(text, o.Signers...)
	return note, statement.IDOf(text), err
}
