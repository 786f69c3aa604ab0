package recorder

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
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
	Key    ed25519.PrivateKey
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
	terms    *agreement.Vault
	follower *mirror.Follower
	dir      string
	started  time.Time // by the clock

	mu     sync.Mutex
	ledger *vault.Reader // of final entries only
	shelf  *shelf
	dealt  map[string]bool // dealings submitted in this life
	heads  []seenHead      // final ones, the latest last
}

// A seenHead is a head of the record and what its clock showed there.
type seenHead struct {
	clock agreement.Instant
	root  [32]byte
}

// keptHeads bounds the heads that are kept, for clips that began a while ago.
const keptHeads = 1024

// Open takes the folder. The first time it needs the record's host.
func Open(ctx context.Context, cfg Config) (*Recorder, error) {
	if err := vault.CheckRuntime(); err != nil {
		return nil, fmt.Errorf("opening recorder: %w", err)
	}
	if cfg.FS == nil {
		cfg.FS = durable.OS
	}
	follower, err := mirror.Open(ctx, mirror.Config{Dir: filepath.Join(cfg.Dir, "mirror"), Client: cfg.Record, FS: cfg.FS})
	if err != nil {
		return nil, fmt.Errorf("opening recorder: %w", err)
	}
	r := &Recorder{
		cfg: cfg, follower: follower, dir: filepath.Join(cfg.Dir, string(cfg.Vault)),
		started: cfg.Clock.Now(), dealt: map[string]bool{},
	}
	if err := r.open(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening recorder: %w", err), follower.Close())
	}
	return r, nil
}

func (r *Recorder) open() error {
	a := r.follower.Agreement()
	for _, v := range a.Vaults {
		if v.Name == r.cfg.Vault {
			r.terms = v
		}
	}
	if r.terms == nil {
		return fmt.Errorf("agreement %s has no vault %s", a.Name, r.cfg.Vault)
	}
	if name := agreement.Name(r.cfg.Signer.Name()); name != r.terms.Recorder {
		return fmt.Errorf("the recorder of vault %s is %s; this key is of %s", r.cfg.Vault, r.terms.Recorder, name)
	}
	var err error
	if r.ledger, err = vault.NewReader(a, r.cfg.Vault); err != nil {
		return err
	}
	if err := durable.MkdirAll(r.cfg.FS, filepath.Join(r.dir, "dealing")); err != nil {
		return err
	}
	r.shelf, err = openShelf(r.cfg.FS, r.dir, r.ledger.Terms.Cameras)
	return err
}

// Close gives the folder up; call it after Run has returned.
func (r *Recorder) Close() error { return r.follower.Close() }

// Run records until ctx is done, the vault closes or every source has ended.
// Sources that end leave it running: the record still wants its batches and
// its segments are still asked for.
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

// follow reads what becomes final and deals what is to be dealt.
func (r *Recorder) follow(ctx context.Context) error {
	for {
		r.mu.Lock()
		read := r.ledger.Size()
		r.mu.Unlock()
		wait, cancel := context.WithCancel(ctx)
		go func() {
			// The next period begins also when nothing happens on the record.
			r.cfg.Clock.Sleep(wait, r.dealingCheck())
			cancel()
		}()
		err := r.follower.Wait(wait, func(_ *record.Fold, final int64) bool { return final > read })
		early := wait.Err() != nil
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && !early {
			return err
		}
		if err := r.read(); err != nil {
			return err
		}
		if err := r.deal(ctx); err != nil {
			return err
		}
	}
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
		if root, err = f.RootAt(final); err == nil {
			r.heads = append(r.heads, seenHead{r.ledger.Clock(), root})
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
			return r.heads[i].root
		}
	}
	return r.heads[0].root
}

// opens is when the recording starts: as the text says, or with the entry into
// force; false while that is not known.
func (r *Recorder) opens() (at agreement.Instant, ok bool) {
	r.follower.With(func(f *record.Fold) {
		if at, ok = f.State().InForce(); ok && r.terms.Opens != nil {
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

// say signs a statement under the head last seen and submits it.
func (r *Recorder) say(ctx context.Context, answers statement.ID, body statement.Body) (statement.ID, error) {
	head, _ := r.follower.Head()
	a := r.follower.Agreement()
	s := &statement.Statement{Agreement: a.ID, Bundle: a.ID, By: r.terms.Recorder, Answers: answers, Seen: head, Body: body}
	text, err := s.Text()
	if err != nil {
		return statement.ID{}, err
	}
	note, err := statement.Sign(text, r.cfg.Signer)
	if err != nil {
		return statement.ID{}, err
	}
	receipt, err := r.cfg.Record.Submit(ctx, note)
	if err != nil {
		return statement.ID{}, err
	}
	r.cfg.Log.Info("on the record", "kind", body.Kind(), "entry", receipt.Index)
	return receipt.ID, nil
}
