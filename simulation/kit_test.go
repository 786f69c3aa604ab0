package simulation_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"detente/agreement"
	"detente/audit"
	"detente/internal/clock"
	"detente/machine"
	"detente/record"
	"detente/simulation"
	"detente/statement"
	"detente/vault"
)

// A play is a world in a test: what must go well is checked where it is asked
// for.
type play struct {
	*simulation.World
	t       *testing.T
	ctx     context.Context
	claimed statement.ID // the agency's report of the lifting
}

// within is how long a test waits for anything, in the machine's time: far
// more than it takes.
const within = 40 * time.Second

func newPlay(t *testing.T, terms simulation.Terms) *play {
	t.Helper()
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	t.Cleanup(cancel)
	opt := simulation.Options{Dir: t.TempDir(), Terms: terms, Seed: t.Name()}
	if os.Getenv("DETENTE_TALK") != "" {
		opt.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	w, err := simulation.New(ctx, opt)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("closing the world: %v", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &play{World: w, t: t, ctx: ctx}
	t.Cleanup(p.calculated)
	return p
}

// begun is a play whose first epoch is sealed.
func begun(t *testing.T, terms simulation.Terms) *play {
	t.Helper()
	p := newPlay(t, terms)
	p.must(p.Begin(p.ctx))
	return p
}

func (p *play) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *play) say(by string, answers statement.ID, body statement.Body) statement.ID {
	p.t.Helper()
	r, err := p.Say(p.ctx, by, answers, body)
	p.must(err)
	return r.ID
}

func (p *play) until(what string, cond func(*record.Fold, *vault.Ledger) bool) {
	p.t.Helper()
	p.must(p.Until(p.ctx, what, cond))
}

// film films n clips, from the opening on, and waits until they are on the record.
func (p *play) film(n int) {
	p.t.Helper()
	for range n {
		p.must(p.Film(p.ctx, 1))
		p.must(p.Batched(p.ctx)) // before the clock goes on, or it is sealed late
	}
}

// claim has the agency report the lifting.
func (p *play) claim() {
	p.t.Helper()
	p.claimed = p.say(simulation.Agency, statement.ID{}, lifting)
	p.effect(p.claimed)
}

var lifting = statement.LiftBody{Measure: simulation.Measure, Documents: []statement.Document{}}

// effect waits until a statement has taken effect.
func (p *play) effect(id statement.ID) (at time.Time) {
	p.t.Helper()
	p.until("the statement takes effect", func(f *record.Fold, _ *vault.Ledger) bool {
		j, ok := f.ByID(id)
		if ok && j.Effect != nil {
			at = time.Unix(int64(j.Effect.At), 0).UTC()
		}
		return ok && j.Effect != nil
	})
	return at
}

// find has the host find on the claim, and waits until that has effect.
func (p *play) find(finding string) {
	p.t.Helper()
	p.effect(p.finding(finding))
}

// finding has the host find on the claim.
func (p *play) finding(finding string) statement.ID {
	p.t.Helper()
	return p.say(simulation.Host, p.claimed, statement.VerifyBody{Commitment: simulation.Commitment, Finding: finding, Documents: []statement.Document{}})
}

// pass lives through an instant at which something is due.
func (p *play) pass(at time.Time) {
	p.t.Helper()
	p.must(p.Pass(p.ctx, at))
}

var none statement.ID

// judged is a statement's judgement as it stands.
func (p *play) judged(id statement.ID) (j *record.Judgement) {
	p.t.Helper()
	p.Reader.With(func(f *record.Fold) { j, _ = f.ByID(id) })
	if j == nil {
		p.t.Fatalf("no statement %s on the record", id)
	}
	return j
}

// covered waits until a proof of time dates a statement.
func (p *play) covered(id statement.ID) {
	p.t.Helper()
	p.until("a proof covers the statement", func(f *record.Fold, _ *vault.Ledger) bool {
		j, ok := f.ByID(id)
		return ok && j.Covered
	})
}

// acknowledged waits until every custodian with a share of the first n epochs
// has acknowledged it. Who had no fresh key when an epoch was dealt has none.
func (p *play) acknowledged(n int64) {
	p.t.Helper()
	p.until("all have acknowledged", func(_ *record.Fold, l *vault.Ledger) bool {
		for e := range n {
			a := l.Sealed(e + 1)
			if a == nil {
				return false
			}
			for i, s := range a.States {
				if a.Core.Seats[i].Keyed && s.Acknowledged < 0 {
					return false
				}
			}
		}
		return true
	})
}

// seen waits until the custodians have seen the head that there is.
func (p *play) seen(custodians ...string) {
	p.t.Helper()
	for _, name := range custodians {
		p.eventually(name+" has seen the head", func() bool {
			p.must(p.Reader.Update(p.ctx))
			_, want := p.Reader.Head()
			got, err := os.ReadFile(filepath.Join(p.Dir(name), "mirror", "head"))
			return err == nil && bytes.Equal(got, want)
		})
	}
}

// eventually waits for something that only a role's folder or process shows.
func (p *play) eventually(what string, cond func() bool) {
	p.t.Helper()
	for !cond() {
		if (clock.Real{}).Sleep(p.ctx, 2*time.Millisecond) != nil {
			p.t.Fatalf("waiting until %s: %v", what, p.ctx.Err())
		}
	}
}

// outcome is the vault's, by the record as it stands.
func (p *play) outcome() (o machine.Outcome) {
	p.Reader.With(func(f *record.Fold) { o, _ = f.State().Outcome(simulation.Vault) })
	return o
}

func (p *play) wantOutcome(want machine.Outcome) {
	p.t.Helper()
	if got := p.outcome(); got != want {
		p.t.Fatalf("the outcome is %q, want %q", got, want)
	}
}

// erased waits until n custodians have said that they erased.
func (p *play) erased(n int) {
	p.t.Helper()
	p.until("the custodians have erased", func(_ *record.Fold, l *vault.Ledger) bool { return l.Erasures() == n })
}

// audit exports the record and audits it.
func (p *play) audit(want audit.Verdict) *audit.Report {
	p.t.Helper()
	b, err := p.Export(p.ctx)
	p.must(err)
	r := audit.Run(b)
	if r.Verdict != want {
		p.t.Fatalf("the audit says %s, want %s:\n%s", r.Verdict, want, r.Text())
	}
	return r
}

// noise is randomness of this test's own.
func noise() io.Reader { return rand.Reader }

// words are a declaration.
func words(text string) statement.DeclareBody {
	return statement.DeclareBody{Text: text, Documents: []statement.Document{}}
}

// signed is a statement of this agreement, unless it says another, with the
// keys of whoever.
func (p *play) signed(s *statement.Statement, by string) []byte {
	p.t.Helper()
	if s.Agreement == (agreement.Digest{}) {
		s.Agreement, s.Bundle = p.Agreement.ID, p.Agreement.ID
	}
	note, err := simulation.SignAs(s, p.Keys.Signers(by)...)
	p.must(err)
	return note
}
