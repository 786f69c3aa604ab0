package simulation_test

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"detente/agreement"
	"detente/audit"
	"detente/internal/durable"
	"detente/internal/durable/durabletest"
	"detente/record"
	"detente/simulation"
	"detente/statement"
	"detente/vault"
)

// A computer has a role's file system, which crashes after so many operations,
// each life a few more than the one before.
type computer struct {
	*durabletest.FS
	life int
	step int // operations more in each life; 0: no more crashes
}

// again is the machine started again after a crash, of which it lost some of
// what was not synced.
func (m *computer) again(a *simulation.Actor) {
	m.life++
	last := m.life * m.step
	if m.FS == nil {
		m.FS = durabletest.New()
	} else {
		m.FS = m.Crash(durabletest.KeepSome(uint64(m.life)))
	}
	if m.step > 0 {
		m.Fault = func(op durabletest.Op) durabletest.Fault {
			if op.N >= last {
				return durabletest.Fault{Effect: durabletest.Crash}
			}
			return durabletest.Fault{}
		}
	}
	a.FS = m.FS
}

// start starts a role on the machine, crashing as often as it must.
func (m *computer) start(p *play, a *simulation.Actor) {
	for m.again(a); a.Start(p.ctx) != nil && p.ctx.Err() == nil; m.again(a) {
	}
}

// lives has a role crash and start again until end is called.
func (m *computer) lives(p *play, a *simulation.Actor) (end func()) {
	over := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			m.start(p, a)
			select {
			case <-a.Ended():
				a.Stop() // it crashed: what it says about that is no matter
			case <-over:
				return
			case <-p.ctx.Done():
				return
			}
		}
	})
	return func() {
		close(over)
		all.Wait()
		if err := a.Stop(); err != nil && !errors.Is(err, durabletest.ErrCrashed) {
			p.t.Errorf("%s ended with %v", a.Name, err)
		}
	}
}

// A custodian whose machine crashes again and again, from its first write to
// its erasure, says nothing that it does not keep, and never acts on two
// outcomes.
func TestCustodianWhoseMachineCrashes(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	c1, m := p.Custodian("c1"), &computer{step: 7}
	end := m.lives(p, c1)
	p.must(p.Sign(p.ctx))
	for _, a := range p.Custodians[1:] {
		p.must(a.Start(p.ctx))
	}
	p.until("all have seats", func(_ *record.Fold, l *vault.Ledger) bool {
		return !slices.ContainsFunc(l.Custodies, func(c *vault.Custody) bool { return !c.Fresh() })
	})
	p.must(p.Recorder.Start(p.ctx))
	p.must(p.Epoch(p.ctx, 1))
	p.film(1)
	p.acknowledged(1)
	p.pass(p.Terms.Closes)
	p.erased(4)
	end()
	t.Logf("%d lives", m.life)
	if m.life < 4 {
		t.Errorf("%d lives: too few to show anything", m.life)
	}
	m.step = 0
	m.start(p, c1)
	for _, folder := range []string{"share", "key"} {
		p.eventually("nothing is left in "+folder, func() bool {
			left, err := m.ReadDir(filepath.Join(p.Dir("c1"), simulation.Vault, folder))
			return err == nil && len(left) == 0
		})
	}
	p.until("its word is kept", func(_ *record.Fold, l *vault.Ledger) bool {
		if len(l.HandOvers) > 0 {
			t.Error("it handed over")
		}
		return true
	})
	if r := p.audit(audit.Holds); len(r.Conduct) > 0 {
		t.Errorf("the audit: %+v", r.Conduct)
	}
}

// A recorder whose machine crashes again and again numbers densely, chains
// across every crash, and never contradicts what it put on the record.
func TestRecorderWhoseMachineCrashes(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	m := &computer{step: 21}
	p.must(p.Sign(p.ctx))
	for _, a := range p.Custodians {
		p.must(a.Start(p.ctx))
	}
	end := m.lives(p, p.Recorder)
	for filmed := 0; filmed < 10; {
		p.must(p.Epoch(p.ctx, 1)) // again in each life: it has to read the record first
		err := p.Film(p.ctx, 1)
		switch {
		case err == nil:
			filmed++
		case !errors.Is(err, simulation.ErrEnded):
			t.Fatal(err)
		}
	}
	end()
	m.step = 0
	m.start(p, p.Recorder)
	p.must(p.Epoch(p.ctx, 1))
	p.must(p.Film(p.ctx, 1))
	names, err := m.ReadDir(filepath.Join(p.Dir(simulation.Recorder), simulation.Vault, "segment", "main"))
	p.must(err)
	last := int64(0)
	for _, name := range names {
		n, err := strconv.ParseInt(name, 10, 64)
		p.must(err)
		last = max(last, n)
	}
	p.until("all is on the record", func(_ *record.Fold, l *vault.Ledger) bool { return simulation.Sealed(l, "main") >= last })
	t.Logf("%d lives, %d segments", m.life, last)
	c := p.coverage()
	if c.Seconds.Tamper > 0 || len(c.Anomalies) > 0 || c.Segments != last || m.life < 5 || last < 3 {
		t.Errorf("%d segments of %d after %d lives: %+v, %+v", c.Segments, last, m.life, c.Seconds, c.Anomalies)
	}
	p.until("nobody is at fault", func(_ *record.Fold, l *vault.Ledger) bool {
		for _, v := range l.Verdicts {
			if v.Culprit != "" {
				t.Errorf("%+v", v)
			}
		}
		return true
	})
	whole := int64(0)
	for _, seal := range p.seals() {
		object, err := p.Reader.Client().Object(p.ctx, p.digest(seal.Batch))
		p.must(err)
		manifests, err := vault.OpenBatch(seal, object)
		p.must(err)
		for _, manifest := range manifests {
			name := filepath.Join(p.Dir(simulation.Recorder), simulation.Vault, "segment", "main", strconv.FormatInt(manifest.Seq, 10))
			b, err := durable.ReadFile(m, name, manifest.Size)
			if err == nil {
				err = vault.VerifySegment(bytes.NewReader(b), manifest.Size, manifest.Root)
			}
			if err != nil {
				t.Errorf("segment %d, which is on the record: %v", manifest.Seq, err)
			}
			whole++
		}
	}
	if whole < last {
		t.Errorf("%d of %d segments were looked at", whole, last)
	}
}

// seals are the batches that the record names.
func (p *play) seals() (all []statement.SealBody) {
	p.t.Helper()
	p.until("the ledger is read", func(_ *record.Fold, l *vault.Ledger) bool {
		for _, s := range l.Seals {
			all = append(all, s.Body)
		}
		return true
	})
	return all
}

func (p *play) digest(text string) agreement.Digest {
	p.t.Helper()
	d, err := agreement.ParseDigest(text)
	p.must(err)
	return d
}
