package storm

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"path"
	"strconv"
	"time"

	"detente/beneficiary"
	"detente/internal/durable"
	"detente/mirror"
	"detente/statement"
)

// A reading is a life of somebody who follows the record: the mirror, a party,
// or the beneficiary.
type reading struct {
	w *World
	a *actor
	f *mirror.Follower
	c *mirror.Client
	p []*mirror.Witness
}

func (w *World) openReader(a *actor) (life, error) {
	c, err := w.client(a)
	if err != nil {
		return nil, err
	}
	f, err := mirror.Open(w.ctx, mirror.Config{Dir: path.Join(dir, "mirror"), Client: c, FS: a.mount})
	if err != nil {
		return nil, err
	}
	p, err := w.witnessClients(a)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &reading{w, a, f, c, p}, nil
}

func (r *reading) handler() http.Handler { return r.f.Handler() }
func (r *reading) close() error          { return r.f.Close() }

func (r *reading) step(ctx context.Context) error {
	err := r.f.Update(ctx)
	if _, ok := errors.AsType[*mirror.DivergenceError](err); ok {
		r.w.book.diverged(r.a)
		if r.w.canary == CredulousReader && r.a.role == mirrorRole {
			r.a.disk = newDisk(r.w, r.a.name) // it forgets what it saw
			return err
		}
		return nil // a person has to look; what it has stands
	}
	if err != nil && !mirror.Temporary(err) {
		if _, ok := errors.AsType[*mirror.StorageError](err); ok {
			return err
		}
		return nil
	}
	r.w.book.read(r.a, r.f)
	r.w.script.act(ctx, r)
	if r.a.role == beneficiaryRole {
		return r.benefit(ctx)
	}
	return nil
}

// benefit opens the vault, as far as it opens, until all is open.
func (r *reading) benefit(ctx context.Context) error {
	w := r.w
	if w.book.allOpen || !w.book.released(r.f) {
		return nil
	}
	faults := r.a.disk.faults
	within, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	report, err := beneficiary.Open(within, beneficiary.Config{
		Dir: path.Join(dir, "agency"), Signers: []statement.Signer{w.keys.signer(agencyName)}, Record: r.c, Mirror: r.f, Vault: vaultName,
		Random: rand.Reader, Segment: w.segment, Clip: w.book.clip, Log: w.log.With("who", r.a.name), FS: r.a.mount,
	})
	if err != nil {
		w.log.Info("not opened", "why", err)
		w.wake(r.a, w.between(time.Minute, 2*time.Minute))
		if r.a.mount.fs.Dead() || r.a.disk.faults != faults {
			return err
		}
		return nil
	}
	w.book.opened(r.a, report)
	w.wake(r.a, w.between(time.Minute, 2*time.Minute))
	return nil
}

// segment is a sealed segment, as the recorder keeps it.
func (w *World) segment(_ context.Context, camera string, seq int64) ([]byte, error) {
	return durable.ReadFile(w.byName[recorderName].disk.fs, path.Join(dir, vaultName, "segment", camera, strconv.FormatInt(seq, 10)), 1<<20)
}

// cast makes everybody and has them start.
func (w *World) cast() {
	p := &w.plan
	host := w.enter(depositaryName, depositaryRole, 30*time.Minute, w.openHost)
	host.refuses = w.censors
	if p.Host == DepositaryGone {
		host.gone = p.HostFrom
		w.at(p.HostFrom, "the depositary is gone", func() {
			w.count(DepositaryGone)
			w.wake(host, 0)
		})
	}
	for i := range p.Terms.Witnesses {
		w.castWitness(i)
	}
	if p.relieves() {
		w.enter(witnessName(p.Terms.Witnesses), witnessRole, time.Hour, w.openWitness)
	}
	for i := range p.Terms.Custodians {
		w.castCustodian(i)
	}
	w.enter(recorderName, recorderRole, 10*time.Minute, w.openRecorder)
	w.enter(mirrorName, mirrorRole, 20*time.Minute, w.openReader)
	w.enter(hostName, mirrorRole, 20*time.Minute, w.openReader)
	w.enter(agencyName, beneficiaryRole, 20*time.Minute, w.openReader)
	w.impostors()
	w.film(0)
	if w.canary == DeafDisk {
		host.disk.deaf = true
	}
}

// enter makes somebody.
func (w *World) enter(name string, role Role, idle time.Duration, open func(*actor) (life, error)) *actor {
	a := &actor{name: name, role: role, idle: idle, open: open, clock: &roleClock{}, disk: newDisk(w, name)}
	a.line = &line{w: w, from: a}
	if w.plan.Skew > 0 {
		a.clock.off = w.between(-w.plan.Skew, w.plan.Skew)
		w.count(ClockSkewed)
	}
	w.actors = append(w.actors, a)
	w.byName[name] = a
	w.wake(a, w.between(0, 5*time.Second))
	return a
}
