package simulation

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"detente/custodian"
	"detente/internal/durable"
	"detente/mirror"
	"detente/recorder"
	"detente/recorder/source"
	"detente/vault"
)

// A runner is a role that follows the record.
type runner interface {
	Run(context.Context) error
	io.Closer
}

// An Actor is a custodian or the recorder. It can be stopped and started in
// its folder as often as a story wants.
type Actor struct {
	Name string
	Line *Line
	FS   durable.FS
	// Witnesses is a custodian's line to all its witnesses.
	Witnesses *Line
	open      func(context.Context, *Actor) (runner, error)

	mu     sync.Mutex
	role   runner // in its present life
	cancel context.CancelFunc
	ended  chan struct{} // closed when Run has returned
	err    error         // of Run, once ended
}

// ErrEnded says that a role's process has ended.
var ErrEnded = errors.New("its process has ended")

// Start opens the role's folder and runs it.
func (a *Actor) Start(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cancel != nil {
		return fmt.Errorf("%s is running", a.Name)
	}
	r, err := a.open(ctx, a)
	if err != nil {
		return fmt.Errorf("%s: %w", a.Name, err)
	}
	running, cancel := context.WithCancel(context.Background())
	a.role, a.cancel, a.ended, a.err = r, cancel, make(chan struct{}), nil
	ended := a.ended
	go func() {
		defer close(ended)
		a.err = errors.Join(r.Run(running), r.Close())
	}()
	return nil
}

// Stop ends the role and gives what its Run returned.
func (a *Actor) Stop() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cancel == nil {
		return nil
	}
	a.cancel()
	<-a.ended
	a.cancel = nil
	return a.err
}

// Restart stops and starts the role.
func (a *Actor) Restart(ctx context.Context) error {
	if err := a.Stop(); err != nil {
		return err
	}
	return a.Start(ctx)
}

// Handler is what the role serves in its present life; nil if nothing.
func (a *Actor) Handler() http.Handler {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s, ok := a.role.(interface{ Handler() http.Handler }); ok {
		return s.Handler()
	}
	return nil
}

// Ended is closed when the role's process has ended by itself or was stopped;
// nil before its first start.
func (a *Actor) Ended() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.ended
}

// client is the actor's client of the record, over its line.
func (w *World) client(l *Line) (*mirror.Client, error) {
	return mirror.NewClient(w.Host.URL, w.Agreement.ID, l.client())
}

func (w *World) openCustodian(ctx context.Context, a *Actor) (runner, error) {
	c, err := w.client(a.Line)
	if err != nil {
		return nil, err
	}
	return custodian.Open(ctx, custodian.Config{
		Dir: w.Dir(a.Name), Signer: w.Keys.signer(a.Name, 0), Record: c, Random: rand.Reader, Clock: w.Clock, Witnesses: mirror.NewRoster(w.addresses(), a.Witnesses.client()),
		Log: w.log.With("role", a.Name), FS: a.FS,
	})
}

func (w *World) openRecorder(ctx context.Context, a *Actor) (runner, error) {
	return w.OpenRecorder(ctx, a)
}

// OpenRecorder opens the recorder without running it, for those who seal files.
// Its folder is then theirs until they close it.
func (w *World) OpenRecorder(ctx context.Context, a *Actor) (*Filming, error) {
	c, err := w.client(a.Line)
	if err != nil {
		return nil, err
	}
	films, gone := newFilms(w.Terms.cameras())
	r, err := recorder.Open(ctx, recorder.Config{
		Dir: w.Dir(a.Name), Signer: w.Keys.signer(a.Name, 0), Key: w.Keys.Private(a.Name), Record: c, Vault: Vault,
		Source: func(camera string, _ source.Options) (source.Source, error) { return films[camera], nil },
		Deal:   w.deal, Clock: w.Clock, Log: w.log.With("role", a.Name), FS: a.FS,
	})
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	w.recorder, w.films = r, films
	w.mu.Unlock()
	return &Filming{r, gone}, nil
}

// A Filming is one life of the recorder, with its cameras.
type Filming struct {
	*recorder.Recorder
	gone chan struct{}
}

// Close ends the life.
func (f *Filming) Close() error {
	close(f.gone)
	return f.Recorder.Close()
}

// Deal deals as the recorder's child process does, in this process.
func Deal(request vault.DealRequest) (*vault.DealResult, error) {
	in, err := json.Marshal(request)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := vault.DealChild(bytes.NewReader(in), &out, rand.Reader); err != nil {
		return nil, err
	}
	var d vault.DealResult
	return &d, json.Unmarshal(out.Bytes(), &d)
}

// deal deals and writes the result, as the recorder's child process does.
func (w *World) deal(_ context.Context, request vault.DealRequest, out string) error {
	w.mu.Lock()
	dealer := w.dealer
	w.mu.Unlock()
	d, err := dealer(request)
	if err != nil {
		return err
	}
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return durable.CreateFile(w.Recorder.FS, out, b)
}

// Dealer puts somebody in the place of the recorder's dealing child; nil puts
// the honest one back.
func (w *World) Dealer(deal func(vault.DealRequest) (*vault.DealResult, error)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dealer = deal; deal == nil {
		w.dealer = Deal
	}
}
