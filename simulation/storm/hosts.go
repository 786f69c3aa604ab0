package storm

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"detente/agreement"
	"detente/depositary"
	"detente/mirror"
	"detente/record"
	"detente/witness"
)

const dir = "d" // everybody's folder on his own disk

// A hosting is a life of the depositary.
type hosting struct {
	w      *World
	a      *actor
	d      *depositary.Depositary
	h      http.Handler
	opened bool
}

// openHost opens the depositary on an actor's disk; an impostor's goes on
// without asking the witnesses first.
func (w *World) openHost(a *actor) (life, error) {
	d, err := depositary.Open(depositary.Config{
		Dir: dir, Signer: w.keys.signer(depositaryName), Clock: a.clock, Log: w.log.With("who", a.name), Witnesses: w.addresses(),
		HTTP: a.line.client(), FS: a.mount, Inline: true, Segment: 16 << 10, Unconfirmed: a.crook != "",
	})
	if err != nil {
		return nil, err
	}
	return &hosting{w: w, a: a, d: d, h: d.Handler(), opened: len(d.Records()) > 0}, nil
}

func (w *World) addresses() map[agreement.Name]string {
	at := map[agreement.Name]string{}
	for _, name := range names(w.plan.Terms.Witnesses+1, witnessName) {
		at[agreement.Name(name)] = "http://" + name
	}
	return at
}

func (h *hosting) step(ctx context.Context) error {
	w := h.w
	if !h.opened {
		if _, err := h.d.OpenRecord(ctx, w.archive); err != nil {
			w.log.Info("not opened", "why", err)
			w.wake(h.a, w.between(time.Second, 20*time.Second))
			_, _, err = h.d.Attend(ctx) // the store may have stopped
			return err
		}
		h.opened = true
	}
	if w.withholds(h.a) {
		return nil
	}
	next, failed, err := h.d.Attend(ctx)
	if v, ok := h.d.View(w.agreement.ID); ok {
		if head, _ := v.Head(); w.book.moved(h.a, head.Size, v) {
			w.spread()
		}
	}
	if err != nil && w.twoHistories() {
		h.a.crook = w.plan.Host // caught: its own key signed another history, and it goes no further
		w.note("caught", h.a.name)
	}
	if err != nil {
		return err
	}
	if failed != nil {
		w.log.Info("round failed", "why", failed)
		w.wake(h.a, w.between(time.Second, 20*time.Second))
	}
	if next != record.Never {
		wait := time.Unix(int64(next), 0).Sub(h.a.clock.Now())
		w.wake(h.a, max(wait, 0)+time.Second)
	}
	return nil
}

func (h *hosting) handler() http.Handler { return h.h }
func (h *hosting) close() error          { return h.d.Close() }

// withholds is whether the depositary keeps its proofs back now.
func (w *World) withholds(a *actor) bool {
	p := &w.plan
	if p.Host != ProofsWithheld || a.name != depositaryName || !w.hostBad() {
		return false
	}
	w.count(ProofsWithheld)
	return true
}

// hostBad is whether the depositary does now what the plan has it do.
func (w *World) hostBad() bool {
	return w.stormy && w.plan.Host != "" && w.now() >= w.plan.HostFrom && w.now() < w.plan.HostTill
}

// spread has everybody who follows look for news, each in his time.
func (w *World) spread() {
	for _, a := range w.actors {
		if a.role != depositaryRole && a.role != witnessRole {
			w.wake(a, w.between(time.Second, 25*time.Second))
		}
	}
}

// served looks at what was answered: an entry taken in gives work. A statement
// known before is answered from an old copy as from the newest, which has
// nobody going on.
func (w *World) served(to *actor, m *message, a *answer, known bool) {
	if to.role == depositaryRole && m.method == http.MethodPost && strings.HasSuffix(m.path, "/submit") && a.status == http.StatusOK {
		w.wake(to, w.between(100*time.Millisecond, 3*time.Second))
		if !known { // whoever goes on from an old copy has left the newer one behind
			to.newest, m.from.newest = nil, nil
		}
	}
}

// impostors schedules a fork or an older record, if the plan has one.
func (w *World) impostors() {
	p := &w.plan
	if p.Host != ForkServed && p.Host != RolledBack {
		return
	}
	host := w.byName[depositaryName]
	other := &actor{name: "impostor", role: depositaryRole, crook: p.Host, idle: 5 * time.Minute, clock: &roleClock{}, open: w.openHost}
	other.line = &line{w: w, from: other}
	other.disk = newDisk(w, other.name)
	w.byName[other.name] = other
	shy := w.rng.IntN(2) == 0 // it asks no witness that would refuse it, or tell
	other.refuses = w.censors
	other.line.twist = func(m *message) {
		if shy && m.to != nil && m.to.role == witnessRole && m.to.crook == "" {
			m.to = nil
		}
	}
	copied := func() {
		if host.life != nil {
			other.disk.fs = host.disk.fs.Copy()
		}
	}
	w.at(p.HostFrom, "the depositary makes another history", func() {
		if p.Host == ForkServed || other.disk.fs.Ops() == 0 {
			copied()
		}
		if w.stormy {
			w.start(other)
		}
	})
	if p.Host == RolledBack {
		w.at(p.HostFrom-w.between(time.Minute, 10*time.Minute), "the depositary keeps a copy", copied)
	}
	host.route = func(m *message) *actor {
		if !w.hostBad() || other.life == nil {
			return host
		}
		if p.Host == ForkServed && !w.onFork(m.from) {
			return host
		}
		w.count(p.Host)
		return other
	}
}

// twoHistories is whether the depositary's key has signed, or may have signed,
// another history than its own.
func (w *World) twoHistories() bool {
	p := &w.plan
	return (p.Host == ForkServed || p.Host == RolledBack) && w.now() >= p.HostFrom
}

// onFork is whether somebody is shown the fork: every other one of the cast.
func (w *World) onFork(a *actor) bool {
	return (w.plan.Seed+uint64(len(a.name))+uint64(a.name[len(a.name)-1]))%2 == 0
}

// censors is whether the depositary leaves a message without an answer.
func (w *World) censors(m *message) bool {
	if w.plan.Host != Censored || !w.hostBad() || m.from.name != w.plan.Victim || !strings.HasSuffix(m.path, "/submit") {
		return false
	}
	w.count(Censored)
	return true
}

// A witnessing is a life of a witness.
type witnessing struct {
	w *witness.Witness
	h http.Handler
}

func (w *World) openWitness(a *actor) (life, error) {
	name := a.name
	if a.crook == ForkCosigned {
		name, _, _ = strings.Cut(name, " ")
	}
	p, err := witness.Open(witness.Config{Dir: dir, Signer: w.keys.signer(name), Clock: a.clock, Log: w.log.With("who", a.name), FS: a.mount})
	if err != nil {
		return nil, err
	}
	if a.name == witnessName(w.plan.Terms.Witnesses) { // its operator adds the record, whose text does not name it
		keys, err := record.LogKeys(w.agreement)
		if err == nil {
			err = p.Add(record.Origin(w.agreement), keys...)
		}
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
	}
	if w.canary == ForgetfulWitness && a.name == witnessName(w.plan.Terms.Witnesses-1) {
		return &forgetful{w: w, a: a}, errors.Join(p.Close())
	}
	return &witnessing{p, p.Handler()}, nil
}

func (p *witnessing) step(context.Context) error { return nil }
func (p *witnessing) handler() http.Handler      { return p.h }
func (p *witnessing) close() error               { return p.w.Close() }

// castWitness makes a witness, a liar if the plan has one.
func (w *World) castWitness(i int) {
	a := w.enter(witnessName(i), witnessRole, time.Hour, w.openWitness)
	if i >= len(w.plan.Liars) {
		return
	}
	a.crook = w.plan.Liars[i]
	switch a.crook {
	case WrongTime:
		w.often(4*time.Minute, func() {
			a.clock.off = w.between(-2*time.Hour, 2*time.Hour)
			w.count(WrongTime)
		})
	case WitnessRefused:
		a.refuses = func(m *message) bool {
			if w.stormy && m.method == http.MethodPost && w.chance(0.5) {
				w.count(WitnessRefused)
				return true
			}
			return false
		}
	case ForkCosigned:
		other := &actor{name: a.name + " for the fork", role: witnessRole, crook: ForkCosigned, clock: &roleClock{}, open: w.openWitness, idle: time.Hour}
		other.line, other.disk = &line{w: w, from: other}, newDisk(w, other.name)
		a.route = func(m *message) *actor {
			if m.from.name != "impostor" {
				return a
			}
			if other.life == nil {
				w.start(other)
			}
			w.count(ForkCosigned)
			return other
		}
	}
}

// witnessClients are clients of all witnesses over somebody's line.
func (w *World) witnessClients(a *actor) ([]*mirror.Witness, error) {
	return mirror.Witnesses(w.agreement, w.addresses(), a.line.client()) // of the first text
}

// client is somebody's client of the record.
func (w *World) client(a *actor) (*mirror.Client, error) {
	return mirror.NewClient("http://"+depositaryName, w.agreement.ID, a.line.client())
}
