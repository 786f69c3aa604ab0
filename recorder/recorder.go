package recorder

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"detente/agreement"
	"detente/internal/clock"
	"detente/internal/durable"
	"detente/mirror"
	"detente/record"
	"detente/recorder/source"
	"detente/statement"
	"detente/vault"

	"golang.org/x/mod/sumdb/tlog"
)

// Config is what a recorder is given.
type Config struct {
	Dir    string           // its folder, made if missing
	Signer statement.Signer // the device's key under its declared name
	Key    crypto.Signer    // the same key, for manifests
	Record *mirror.Client
	Vault  agreement.Name
	// Source opens the source of one camera.
	Source func(camera string, opt source.Options) (source.Source, error)
	// Deal runs a dealing in a process of its own, which writes its result to
	// the file out, durably, and exits.
	Deal  func(ctx context.Context, request vault.DealRequest, out string) error
	Clock clock.Clock
	Batch time.Duration // longest time, of the clock, that a manifest waits for its batch
	Log   *slog.Logger
	FS    durable.FS // durable.OS if nil
}

// A Recorder records for one vault.
type Recorder struct {
	cfg      Config
	terms    *agreement.Vault // in the text in force when it was opened
	follower *mirror.Follower
	dir      string
	started  time.Time // by the clock

	follows bool // another recorder, or another key, was this vault's before
	shelf   *shelf
	before  int64         // when the last clip of an earlier life ended, Unix seconds; 0 if there is none
	caught  chan struct{} // closed once all that an earlier life said is in the ledger
	undone  atomic.Bool   // the host has not taken something

	mu     sync.Mutex
	ledger *vault.Reader // of final entries only
	heads  []seenHead    // final ones, the latest last

	news      chan struct{}   // has an element after more was read
	underWay  *submission     // of the goroutine that deals
	completed map[string]bool // dealings whose ciphertexts were submitted again in this life
	sealing   *sealing        // of the goroutine that batches
	steps     steps           // of the one who steps
}

// A seenHead is a head of the record and what its clock showed there.
type seenHead struct {
	statement.Head
	clock agreement.Instant
}

// keptHeads bounds the heads that are kept, for clips that began a while ago.
const keptHeads = 1024

// selfTest is done once in a process: every ledger and judgement rests on it.
var selfTest = sync.OnceValue(vault.SelfTest)

// Open takes the folder. The first time it needs the record's host.
func Open(ctx context.Context, cfg Config) (*Recorder, error) {
	if err := selfTest(); err != nil {
		return nil, fmt.Errorf("opening recorder: %w", err)
	}
	if cfg.FS == nil {
		cfg.FS = durable.OS
	}
	follower, err := mirror.Open(ctx, mirror.Config{Dir: filepath.Join(cfg.Dir, "mirror"), Client: cfg.Record, FS: cfg.FS, Log: cfg.Log})
	if err != nil {
		return nil, fmt.Errorf("opening recorder: %w", err)
	}
	r := &Recorder{
		cfg: cfg, follower: follower, dir: filepath.Join(cfg.Dir, string(cfg.Vault)),
		started: cfg.Clock.Now(), caught: make(chan struct{}), news: make(chan struct{}, 1), completed: map[string]bool{},
	}
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening recorder: %w", err), follower.Close())
	}
	return r, nil
}

// find looks for the vault in the texts that have been in force, and whether the
// last that has it gives it to this recorder.
func (r *Recorder) find() (err error) {
	r.follower.With(func(f *record.Fold) {
		if r.terms = termsOf(f.InForce(), r.cfg.Vault); r.terms == nil {
			err = fmt.Errorf("agreement %s has no vault %s", f.InForce().Name, r.cfg.Vault)
			return
		}
		if name := agreement.Name(r.cfg.Signer.Name()); name != r.terms.Recorder {
			err = fmt.Errorf("the recorder of vault %s is %s; this key is of %s", r.cfg.Vault, r.terms.Recorder, name)
			return
		}
		r.follows = followsAnother(f, r.cfg.Vault, r.cfg.Signer)
		r.ledger, err = vault.ReaderOf(f, r.cfg.Vault)
	})
	return err
}

// termsOf is what a text says of a vault; nil if it has none of that name.
func termsOf(a *agreement.Agreement, name agreement.Name) *agreement.Vault {
	i := slices.IndexFunc(a.Vaults, func(v *agreement.Vault) bool { return v.Name == name })
	if i < 0 {
		return nil
	}
	return a.Vaults[i]
}

func (r *Recorder) open(ctx context.Context) error {
	err := r.find()
	if err != nil {
		// An amendment may have brought the vault, or this recorder.
		if heard := r.follower.Update(ctx); heard != nil {
			return errors.Join(err, heard)
		}
		err = r.find()
	}
	if err != nil {
		return err
	}
	if r.shelf, err = openShelf(r.cfg.FS, r.dir, r.ledger.Terms.Cameras, r.own()); err != nil {
		return err
	}
	r.before = r.shelf.ended()
	// What the folder knows of the record is enough to go on recording, should
	// the host not answer.
	return r.read()
}

// Close gives the folder up; call it after Run has returned.
func (r *Recorder) Close() error { return r.follower.Close() }

// Run records until ctx is done. After the close, and when every source has
// ended, it goes on: the record still wants its batches. It returns early if
// going on would be wrong, or nothing can be recorded.
func (r *Recorder) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var work sync.WaitGroup
	start := func(what string, f func(context.Context) error) {
		work.Go(func() {
			if err := f(ctx); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("%s: %w", what, err))
			}
		})
	}
	start("following the record", r.follow)
	start("dealing", func(ctx context.Context) error { return r.deals(ctx, nil) })
	start("batching", r.batches)
	for _, camera := range r.ledger.Terms.Cameras {
		start("camera "+camera, func(ctx context.Context) error { return r.film(ctx, camera) })
	}
	work.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// dealingCheck is how long, of the clock, the recorder waits at most before it
// looks again whether the next epoch is to be dealt: a share of the period.
func (r *Recorder) dealingCheck() time.Duration {
	return time.Duration(r.ledger.Terms.Epoch) * time.Second / 16
}

// tryAgain is how long, in the machine's time, until what the host did not
// take is offered again.
const tryAgain = 500 * time.Millisecond

// mostFailures is how many dealings in a row may fail until nothing but a
// person can help.
const mostFailures = 5

// follow reads what becomes final.
func (r *Recorder) follow(ctx context.Context) error {
	if err := r.catchUp(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil {
		read := r.Size()
		if err := r.follower.Wait(ctx, func(_ *record.Fold, final int64) bool { return final > read }); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if err := r.read(); err != nil {
			return err
		}
		select {
		case r.news <- struct{}{}:
		default:
		}
	}
	return nil
}

// deals deals what is to be dealt, whenever more is final, and at times, for
// the next period begins also when nothing happens on the record. It does not
// hold up the following: a dealing is another process, and may hang. enough, if
// not nil, says when to end; until then nothing is dealt ahead.
func (r *Recorder) deals(ctx context.Context, enough func() bool) error {
	select {
	case <-r.caught:
	case <-ctx.Done():
		return nil
	}
	for failures := 0; ctx.Err() == nil && (enough == nil || !enough()); {
		r.undone.Store(false)
		looked := r.cfg.Clock.Now()
		switch err := r.deal(ctx, enough == nil); {
		case err == nil:
			failures = 0
		case ctx.Err() != nil:
			return nil
		case failures+1 >= mostFailures:
			return err
		default:
			failures++
			r.undone.Store(true)
			r.cfg.Log.Error("no dealing", "error", err)
		}
		if r.undone.Load() {
			_ = clock.Real{}.Sleep(ctx, tryAgain) // cut short, the loop ends
		} else {
			r.either(ctx, r.news, looked.Add(r.dealingCheck()))
		}
	}
	return nil
}

// catchUp waits until the host has answered and all that it showed is final:
// then the ledger has what an earlier life said, and nothing is said twice.
func (r *Recorder) catchUp(ctx context.Context) error {
	select {
	case <-r.caught:
		return nil
	default:
	}
	for r.follower.Update(ctx) != nil {
		// Wait returns only an error that trying again does not mend.
		if err := r.follower.Wait(ctx, func(*record.Fold, int64) bool { return true }); err != nil && ctx.Err() == nil {
			return err
		}
		if (clock.Real{}).Sleep(ctx, tryAgain) != nil {
			return nil
		}
	}
	head, _ := r.follower.Head()
	if err := r.follower.Wait(ctx, func(_ *record.Fold, final int64) bool { return final >= head.Size }); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	return r.arrive(ctx)
}

// arrive is having caught up.
func (r *Recorder) arrive(ctx context.Context) error {
	if err := r.read(); err != nil {
		return err
	}
	if err := r.takeOver(ctx); err != nil {
		return err
	}
	close(r.caught)
	return nil
}

// Size is how many final entries the recorder has read.
func (r *Recorder) Size() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ledger.Size()
}

// read folds what is final.
func (r *Recorder) read() (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	final, _ := r.follower.Final()
	r.follower.With(func(f *record.Fold) {
		if err = r.ledger.Read(f, final); err != nil {
			return
		}
		var root tlog.Hash
		if root, err = f.RootAt(final); err == nil && (len(r.heads) == 0 || r.heads[len(r.heads)-1].Root != root) {
			r.heads = append(r.heads, seenHead{statement.Head{Size: final, Root: root}, r.ledger.Clock()})
		}
	})
	if len(r.heads) > 2*keptHeads {
		r.heads = append([]seenHead(nil), r.heads[keptHeads:]...)
	}
	return err
}

// notBefore is the root of the latest head that the record had when a clip
// began: inside the manifest it shows that the clip was not made before. A
// head that came while the clip was being made would contradict its start.
func (r *Recorder) notBefore(start agreement.Instant) [32]byte {
	for i := len(r.heads) - 1; i > 0; i-- {
		if r.heads[i].clock <= start {
			return r.heads[i].Root
		}
	}
	return r.heads[0].Root
}

// opens is when the recording starts: as the text says, or with the entry into
// force; false while that is not known.
func (r *Recorder) opens() (at agreement.Instant, ok bool) {
	r.follower.With(func(f *record.Fold) {
		t := termsOf(f.InForce(), r.cfg.Vault)
		if at, ok = f.State().InForce(); ok && t != nil && t.Opens != nil {
			at, ok = f.State().Opens(r.cfg.Vault)
		}
	})
	return at, ok
}

// closes is when the vault closes; false while that is not known.
func (r *Recorder) closes() (at agreement.Instant, ok bool) {
	r.follower.With(func(f *record.Fold) { at, ok = f.State().Closes(r.cfg.Vault) })
	return at, ok
}

func (r *Recorder) now() agreement.Instant { return agreement.Instant(r.cfg.Clock.Now().Unix()) }
