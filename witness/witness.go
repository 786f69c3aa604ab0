package witness

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"

	"detente/agreement"
	"detente/internal/clock"
	"detente/internal/durable"
	"detente/statement"
)

// Config is what a witness is given.
type Config struct {
	Dir    string           // its folder, made if missing
	Signer statement.Signer // its Ed25519 key under its name
	// Cosigner, if not nil, cosigns in Signer's place: a key of another kind.
	Cosigner statement.Cosigner
	Clock    clock.Clock // what it states as the time
	Log      *slog.Logger
	Policy   Policy
	// Closed refuses new registrations over HTTP; Register still takes them.
	Closed bool
	FS     durable.FS // durable.OS if nil
}

// A Witness cosigns the checkpoints of registered logs. Its methods may be
// called at the same time.
type Witness struct {
	cfg  Config
	key  statement.WitnessKey
	lock io.Closer
	gate turnstile

	mu   sync.Mutex
	logs map[string]*log // by hash of the origin, in hex
}

// Open reads the folder and takes its lock. It fails if a file there is not
// what this witness wrote: a witness that forgot a head must not go on.
func Open(cfg Config) (*Witness, error) {
	if cfg.FS == nil {
		cfg.FS = durable.OS
	}
	if cfg.Cosigner == nil {
		var err error
		if cfg.Cosigner, err = statement.NewEd25519Cosigner(cfg.Signer); err != nil {
			return nil, fmt.Errorf("opening witness: %w", err)
		}
	}
	logs := filepath.Join(cfg.Dir, "logs")
	if err := durable.MkdirAll(cfg.FS, logs); err != nil {
		return nil, fmt.Errorf("opening witness: %w", err)
	}
	lock, err := cfg.FS.Lock(filepath.Join(cfg.Dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("opening witness: %w", err)
	}
	w := &Witness{cfg: cfg, key: cfg.Cosigner.Key(), lock: lock, logs: map[string]*log{}}
	err = w.load(logs)
	for i := 0; err == nil && i < len(cfg.Policy.Logs); i++ {
		err = w.Add(cfg.Policy.Logs[i].Origin, cfg.Policy.Logs[i].Key)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening witness: %w", err), lock.Close())
	}
	return w, nil
}

func (w *Witness) load(dir string) error {
	names, err := w.cfg.FS.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		folder := filepath.Join(dir, name)
		if err := durable.RemoveTemps(w.cfg.FS, folder); err != nil {
			return err
		}
		l, err := w.loadLog(folder)
		if err != nil {
			return err
		}
		if l == nil {
			continue // its registration was never finished
		}
		if hashOf(l.origin) != name {
			return fmt.Errorf("%s: holds the log %q, which belongs into %s", folder, l.origin, hashOf(l.origin))
		}
		w.logs[name] = l
	}
	return nil
}

// Close gives the folder up. No cosignature is made afterwards.
func (w *Witness) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lock == nil {
		return nil
	}
	err := w.lock.Close()
	w.lock, w.logs = nil, nil
	return err
}

// Run keeps the witness open until ctx is done, then closes it.
func (w *Witness) Run(ctx context.Context) error {
	<-ctx.Done()
	return w.Close()
}

// Key is the witness's key, whose text form an agreement names.
func (w *Witness) Key() statement.WitnessKey { return w.key }

// Handler serves the witness.
func (w *Witness) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", w.serveAddCheckpoint)
	mux.HandleFunc("POST /register", w.serveRegister)
	mux.HandleFunc("GET /{log}/checkpoint", w.serveCheckpoint)
	mux.HandleFunc("GET /{log}/evidence", w.serveEvidence)
	mux.HandleFunc("GET /{$}", w.serveName)
	return mux
}

// now is the present instant.
func (w *Witness) now() agreement.Instant { return agreement.Instant(w.cfg.Clock.Now().Unix()) }

// log finds a registered log; nil if there is none.
func (w *Witness) log(hash string) *log {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.logs[hash]
}

// hashOf names a log on disk and in monitoring paths: an origin may hold
// characters that neither bears.
func hashOf(origin string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(origin))) }
