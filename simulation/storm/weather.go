package storm

import (
	"time"

	"detente/internal/durable/durabletest"
)

// A diskState is a machine's disk that was put aside.
type diskState struct{ fs *durabletest.FS }

// weather schedules what happens to everybody's machines until the calm.
func (w *World) weather() {
	w.stormy = true
	p := &w.plan
	w.at(p.Calm, "calm", w.calm)
	w.often(p.Life, w.endSomebody)
	w.often(p.Cuts, w.cutSomebody)
	w.often(p.Steps, w.stepSomebody)
	w.often(p.Backups, w.restoreSomebody)
	w.after(p.Calm+2*time.Minute, "look", w.look)
}

// often has something happen again and again, about every so often.
func (w *World) often(every time.Duration, do func()) {
	if every == 0 {
		return
	}
	w.after(w.between(every/4, every*7/4), "weather", func() {
		if w.stormy {
			do()
			w.often(every, do)
		}
	})
}

// calm ends the storm: nothing is injected any more, and what was cut is whole.
func (w *World) calm() {
	w.stormy = false
	for _, a := range w.actors {
		a.cut = 0
		if a.crook == "" {
			a.clock.off = 0
		}
		w.wake(a, w.between(0, 20*time.Second))
	}
}

// look ends the history once nothing is left to wait for.
func (w *World) look() {
	if w.now() >= w.plan.End || w.book.done() {
		w.over = true
		return
	}
	w.after(2*time.Minute, "look", w.look)
}

func (w *World) somebody() *actor { return w.actors[w.rng.IntN(len(w.actors))] }

// endSomebody ends a process in one of three ways.
func (w *World) endSomebody() {
	a := w.somebody()
	if a.life == nil {
		return
	}
	switch w.rng.IntN(3) {
	case 0:
		w.count(Killed.of(a.role))
		w.down(a, false)
	case 1:
		w.count(PowerOff.of(a.role))
		w.down(a, true)
	case 2:
		w.count(Restarted.of(a.role))
		err := a.life.close()
		w.down(a, a.mount.fs.Dead())
		if err != nil {
			a.err = err
		}
	}
}

// cutSomebody cuts somebody off for a while.
func (w *World) cutSomebody() {
	a := w.somebody()
	w.count(Partition)
	a.cut = w.now() + w.between(30*time.Second, 10*time.Minute)
}

// stepSomebody steps a clock of somebody honest, within what is allowed to it.
func (w *World) stepSomebody() {
	a := w.somebody()
	if w.plan.Skew == 0 || a.crook != "" {
		return
	}
	off := w.between(-w.plan.Skew, w.plan.Skew)
	if off > a.clock.off {
		w.count(ClockForward)
	} else {
		w.count(ClockBack)
	}
	a.clock.off = off
	w.wake(a, time.Second)
}

// restoreSomebody makes a backup, and restores one that there is.
func (w *World) restoreSomebody() {
	a := w.somebody()
	if w.rng.IntN(5) == 0 {
		a = w.byName[one(w.rng, depositaryName, recorderName, agencyName)]
	}
	if len(a.disk.backups) == 0 || w.rng.IntN(3) == 0 || !w.mayRestore(a) {
		for _, a := range w.actors {
			a.disk.backups = append(a.disk.backups, a.disk.fs.Copy())
		}
		return
	}
	w.count(Restored.of(a.role))
	if a.life != nil {
		a.life = nil
		a.disk.kill()
	}
	if a.newest == nil {
		a.newest = &diskState{a.disk.fs}
	}
	a.disk.fs = a.disk.backups[w.rng.IntN(len(a.disk.backups))].Copy()
	a.backed = true
	w.book.restored(a)
	w.down(a, false)
}

// mayRestore is whether an old copy of somebody's disk breaks no assumption: a
// witness from one counts as faulty, and a depositary whose last entries
// nobody cosigned loses them with its disk, whoever made the program.
func (w *World) mayRestore(a *actor) bool {
	switch a.role {
	case witnessRole:
		bad := 0
		for _, o := range w.actors {
			if o.role == witnessRole && (o.crook != "" || o.backed) && o != a {
				bad++
			}
		}
		return bad < w.plan.Terms.Faulty
	case depositaryRole:
		return w.plan.Host == "" && w.book.covered()
	}
	return true
}

// putBack gives somebody who did not go on from an old copy the newest one, as
// its operator does: faults is how many faults there were before it tried.
func (w *World) putBack(a *actor, faults int) {
	if a.newest == nil || w.faults != faults {
		return
	}
	a.disk.fs = a.newest.fs.Kill()
	a.newest = nil
	w.note("put back", a.name)
}
