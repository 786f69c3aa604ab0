package simulation_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"detente/audit"
	"detente/machine"
	"detente/mirror"
	"detente/record"
	"detente/simulation"
	"detente/vault"
)

// A reading is what somebody makes of a record, in bytes: two that are equal
// differ in nothing that a party could argue with.
type reading struct {
	by       string
	standing []byte
	outcome  []byte
	coverage []byte
}

// agreed ends a play: everybody stops, and then somebody who has followed all
// along, somebody who comes only now, and an audit of the exported file without
// any network make the same of the record, byte for byte. The independent
// calculator is asked when the play is over, as in every other play.
func (p *play) agreed(want machine.Outcome) (*audit.Report, vault.Coverage) {
	p.t.Helper()
	for _, a := range append(p.Custodians, p.Recorder) {
		p.must(a.Stop())
	}
	p.Clock.Set(p.Terms.Closes.Add(5 * day)) // nothing may still be on its way
	p.covered(p.say(simulation.Host, none, words("This is how it ended.")))
	_, err := p.Quiet(p.ctx)
	p.must(err)
	newcomer, err := p.Follow(p.ctx, "newcomer", p.NewLine())
	p.must(err)
	defer newcomer.Close()
	p.must(newcomer.Update(p.ctx))
	report := p.audit(audit.Holds)
	audited := report.Vaults[0]
	here := p.reading("who followed", p.Reader)
	for _, other := range []reading{p.reading("who came late", newcomer), {
		"the audit", p.bytes(report.Standing), p.bytes([]any{audited.Outcome, audited.Since, audited.Ground}), p.bytes(audited.Coverage),
	}} {
		here.wantSame(p.t, other)
	}
	if audited.Outcome != want {
		p.t.Errorf("the outcome is %q, want %q", audited.Outcome, want)
	}
	return report, *audited.Coverage
}

func (p *play) reading(by string, m *mirror.Follower) (r reading) {
	p.t.Helper()
	ledger, err := vault.NewReader(p.Agreement, simulation.Vault)
	p.must(err)
	_, note := m.Final()
	m.With(func(f *record.Fold) {
		p.must(ledger.Read(f, f.Size()))
		cov, err := ledger.Cover(f, func(d vault.Digest) ([]byte, error) { return m.Client().Object(p.ctx, [32]byte(d)) })
		p.must(err)
		outcome, since := f.State().Outcome(simulation.Vault)
		c, err := f.Decide(simulation.Vault, note)
		if err == nil {
			outcome = c.Outcome
		}
		r = reading{by, p.bytes(f.State().Standing()), p.bytes([]any{outcome, machine.Moment{At: since, Set: since > 0}, c.Ground}), p.bytes(cov)}
	})
	return r
}

func (p *play) bytes(v any) []byte {
	p.t.Helper()
	b, err := json.Marshal(v)
	p.must(err)
	return b
}

func (r reading) wantSame(t *testing.T, o reading) {
	t.Helper()
	for _, x := range []struct {
		what      string
		one, more []byte
	}{{"standing", r.standing, o.standing}, {"outcome", r.outcome, o.outcome}, {"coverage", r.coverage, o.coverage}} {
		if len(x.one) == 0 || !bytes.Equal(x.one, x.more) {
			t.Errorf("the %s by %s and by %s:\n%s\n%s", x.what, r.by, o.by, x.one, x.more)
		}
	}
}
