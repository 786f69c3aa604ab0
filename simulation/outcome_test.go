package simulation_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"detente/audit"
	"detente/beneficiary"
	"detente/machine"
	"detente/record"
	"detente/simulation"
	"detente/vault"
)

const day = 24 * time.Hour

// wantOpened has the beneficiary open the vault: n clips, byte for byte what
// the camera gave.
func (p *play) wantOpened(n int) *beneficiary.Report {
	p.t.Helper()
	report, clips, err := p.Open(p.ctx)
	p.must(err)
	if report.Opened != n || len(clips) != n || len(report.Failed) > 0 {
		p.t.Fatalf("opened %d of %d: %+v", report.Opened, n, report)
	}
	for seq, data := range clips {
		if !bytes.Equal(data, simulation.Footage(seq-1)) {
			p.t.Errorf("clip %d is not what the camera gave", seq)
		}
	}
	return report
}

// wantRefused has the beneficiary try to open the vault in vain.
func (p *play) wantRefused() {
	p.t.Helper()
	_, _, err := p.Open(p.ctx)
	var refused *beneficiary.NotReleasedError
	if !errors.As(err, &refused) {
		p.t.Fatalf("opening: %v, want a refusal", err)
	}
}

// files are what a custodian has of shares and keys.
func (p *play) files(custodian string) (n int) {
	p.t.Helper()
	for _, folder := range []string{"share", "key"} {
		all, err := os.ReadDir(filepath.Join(p.Dir(custodian), simulation.Vault, folder))
		p.must(err)
		n += len(all)
	}
	return n
}

func TestReleased(t *testing.T) {
	p := begun(t, simulation.DefaultTerms())
	p.film(3)
	p.claim()
	p.find("accepts")
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Released)
	p.wantOpened(3)
	r := p.audit(audit.Holds)
	if v := r.Vaults[0]; v.Outcome != machine.Released || v.Ground != record.Decided || v.Handed < p.Terms.Need || v.Attested != 0 || len(r.Conduct) > 0 {
		t.Errorf("the audit: %+v, conduct %v", v, r.Conduct)
	}
}

func TestErased(t *testing.T) {
	p := begun(t, simulation.DefaultTerms())
	p.film(3)
	p.acknowledged(2)
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Erased)
	p.erased(7)
	p.wantRefused()
	for _, name := range p.Terms.Custodians {
		if n := p.files(name); n != 0 {
			t.Errorf("%s still has %d shares and keys", name, n)
		}
	}
	r := p.audit(audit.Holds)
	if v := r.Vaults[0]; v.Outcome != machine.Erased || v.Attested != 7 || v.Handed != 0 || len(r.Conduct) > 0 {
		t.Errorf("the audit: %+v, conduct %v", v, r.Conduct)
	}
	p.until("every custodian says of how many epochs it destroyed a share", func(_ *record.Fold, l *vault.Ledger) bool {
		for i, c := range l.Custodies {
			want := 0
			for _, a := range l.Attempts {
				if a.Core.Seats[i].Keyed && a.Status == vault.Sealed {
					want++
				}
			}
			if x := c.Erased[0]; x.Epochs != want || x.Again {
				t.Errorf("%s erased %d epochs, again %v; want %d", c.Custodian, x.Epochs, x.Again, want)
			}
		}
		return true
	})
}

// A claim that existed by the close and is not decided holds the vault; what
// is found on it later decides.
func TestClaimPendingAtTheClose(t *testing.T) {
	for _, c := range []struct {
		name    string
		finding string
		want    machine.Outcome
	}{{"accepted", "accepts", machine.Released}, {"refused", "refuses", machine.Erased}} {
		t.Run(c.name, func(t *testing.T) {
			p := begun(t, simulation.DefaultTerms().Small())
			p.film(1)
			p.Clock.Set(p.Terms.Closes.Add(-2 * day))
			p.claim()
			p.pass(p.Terms.Closes)
			p.wantOutcome(machine.Held)
			p.wantRefused()
			p.find(c.finding)
			p.wantOutcome(c.want)
			if c.want == machine.Released {
				p.wantOpened(1)
			} else {
				p.erased(4)
			}
			p.audit(audit.Holds)
		})
	}
}

// Silence accepts a claim when the time for finding on it ends, also after the
// close.
func TestSilenceAcceptsAHeldClaim(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.Clock.Set(p.Terms.Closes.Add(-2 * day))
	claimed := p.Clock.Now()
	p.claim()
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Held)
	p.pass(claimed.Add(p.Terms.Within))
	p.wantOutcome(machine.Released)
	p.wantOpened(1)
}

func TestHoldEndsAtItsLongStop(t *testing.T) {
	for then, want := range map[string]machine.Outcome{"erase": machine.Erased, "release": machine.Released} {
		t.Run(then, func(t *testing.T) {
			terms := simulation.DefaultTerms().Small()
			terms.Else, terms.HoldThen = "hold", then
			p := begun(t, terms)
			p.film(1)
			p.pass(p.Terms.Closes)
			p.wantOutcome(machine.Held)
			p.pass(p.Terms.LongStop())
			p.wantOutcome(want)
			if want == machine.Erased {
				p.erased(4)
			} else {
				p.wantOpened(1)
			}
			p.audit(audit.Holds)
		})
	}
}

// To the second: what is claimed by the close holds the vault, what is claimed
// a second after it does not.
func TestClaimAroundTheClose(t *testing.T) {
	for _, c := range []struct {
		name string
		by   time.Duration
		want machine.Outcome
	}{
		{"a second before", -time.Second, machine.Held},
		{"at the close", 0, machine.Held},
		{"a second after", time.Second, machine.Erased},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := begun(t, simulation.DefaultTerms().Small())
			p.Clock.Set(p.Terms.Closes.Add(c.by))
			p.covered(p.say(simulation.Agency, none, lifting))
			p.pass(p.Terms.Closes)
			p.wantOutcome(c.want)
		})
	}
}

// To the second: a finding by the close releases at the close, dated when it
// was made; one a second later finds the vault held and ends the hold.
func TestFindingAroundTheClose(t *testing.T) {
	for _, c := range []struct {
		name  string
		by    time.Duration
		after time.Duration // when the outcome is dated, from the close
	}{
		{"a second before", -time.Second, 0},
		{"at the close", 0, 0},
		{"a second after", time.Second, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := begun(t, simulation.DefaultTerms().Small())
			p.Clock.Set(p.Terms.Closes.Add(-2 * day))
			p.claim()
			p.Clock.Set(p.Terms.Closes.Add(c.by))
			id := p.finding("accepts")
			p.covered(id)
			p.pass(p.Terms.Closes)
			p.wantOutcome(machine.Released)
			if at := p.effect(id); !at.Equal(p.Terms.Closes.Add(c.by)) {
				t.Errorf("the finding has effect at %v", at)
			}
			p.Reader.With(func(f *record.Fold) {
				if _, since := f.State().Outcome(simulation.Vault); !time.Unix(int64(since), 0).Equal(p.Terms.Closes.Add(c.after)) {
					t.Errorf("released since %s", since)
				}
			})
		})
	}
}

// A finding is made in time and the depositary has it dated only after the
// close: a proof of time that the author got from the witnesses himself, put
// on the record behind the late one, still dates it in time.
func TestEarlyProofWithheldAndALateTickFirst(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.Clock.Set(p.Terms.Closes.Add(-2 * day))
	p.claim()
	_, err := p.Quiet(p.ctx)
	p.must(err)
	made := p.Terms.Closes.Add(-10 * time.Second)
	p.Clock.Set(made)
	p.Host.Witnesses.Cut(true) // the depositary asks no witness
	id := p.finding("accepts")
	p.must(p.Reader.Update(p.ctx))
	witnesses, err := p.WitnessClients()
	p.must(err)
	early, err := p.Reader.Cosign(p.ctx, witnesses)
	p.must(err)

	p.Clock.Set(p.Terms.Closes.Add(10 * time.Second))
	p.Host.Witnesses.Cut(false)
	p.until("the late tick is on the record", func(f *record.Fold, _ *vault.Ledger) bool {
		j, ok := f.ByID(id)
		return ok && j.Covered && int64(f.Clock()) > p.Terms.Closes.Unix()
	})
	if j := p.judged(id); int64(j.UB) <= p.Terms.Closes.Unix() {
		t.Fatalf("the late tick dates the finding %s: this shows nothing", j.UB)
	}
	if _, err := p.Submit(p.ctx, record.ProofEntry(early)); err != nil {
		t.Fatalf("the depositary refuses the early proof: %v", err)
	}
	p.pass(p.Terms.Closes)
	if at := p.effect(id); !at.Equal(made) {
		t.Errorf("the finding has effect at %v, want %v, when it was made", at, made)
	}
	p.wantOutcome(machine.Released)
	p.audit(audit.Holds)
}

// A depositary that dies before the close keeps nobody from the outcome: the
// custodians come by the certificate of a record that halted, and erase.
func TestRecordThatHalts(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(2)
	_, err := p.Quiet(p.ctx)
	p.must(err)
	p.seen(p.Terms.Custodians...)
	p.must(p.StopHost())
	p.Clock.Set(p.Terms.Cut().Add(p.Terms.Margin + time.Minute))
	for _, name := range p.Terms.Custodians {
		p.eventually(name+" has erased", func() bool { return p.files(name) == 0 })
	}
	p.must(p.StartHost())
	p.erased(4)
	p.pass(p.Terms.Closes) // the record goes on, and decides: too late
	if r := p.audit(audit.Holds); r.Vaults[0].Ground != record.Halted || len(r.Conduct) > 0 {
		t.Errorf("the audit: %+v, conduct %v", r.Vaults[0], r.Conduct)
	}
}
