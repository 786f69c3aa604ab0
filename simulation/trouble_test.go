package simulation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"detente/agreement"
	"detente/machine"
	"detente/record"
	"detente/simulation"
	"detente/statement"
	"detente/vault"
)

// What befell the understanding of 2021, and what the record makes of it. Each
// story ends in a state that everyone computes alike; docs/troubles.md is the
// table of them.

// slot is when a slot of the schedule begins.
func (p *play) slot(n int) time.Time { return p.Terms.Opens.Add(time.Duration(n) * p.Terms.Cadence) }

// event states, for slots [first, end), that something befell a camera; an
// empty name is all cameras.
func (p *play) event(by, event, camera string, first, end int, reason string) {
	p.t.Helper()
	p.say(by, none, statement.ServiceBody{
		Vault: simulation.Vault, Camera: camera, Event: event, From: p.slot(first).Unix(), Until: p.slot(end).Unix(), Reason: reason,
	})
}

// wantSlots compares a camera's intervals: "2 explained gap: words in its
// reason". Into how many batches the recorder put its manifests plays no part.
func (p *play) wantSlots(c vault.CameraCoverage, want ...string) {
	p.t.Helper()
	var all []vault.Interval
	for _, v := range c.Intervals {
		if k := len(all); k > 0 && all[k-1].Class == v.Class && all[k-1].Reason == v.Reason {
			all[k-1].Until = v.Until
			continue
		}
		all = append(all, v)
	}
	for i, v := range all {
		slots := (time.Duration(v.Until-v.From)*time.Second + p.Terms.Cadence - 1) / p.Terms.Cadence
		got := fmt.Sprintf("%d %s: %s", slots, v.Class, v.Reason)
		class, words, _ := strings.Cut(slices.Concat(want, make([]string, i+1))[i], ": ")
		if class == "" || !strings.HasPrefix(got, class+": ") || !strings.Contains(got, words) {
			p.t.Errorf("interval %d of camera %s is %q, want of %q", i, c.Camera, got, want)
		}
	}
	if len(all) < len(want) {
		p.t.Errorf("camera %s has %d intervals, want %q", c.Camera, len(all), want)
	}
}

// lapse lives past the close, and until everybody has erased.
func (p *play) lapse() {
	p.t.Helper()
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Erased)
	p.erased(len(p.Terms.Custodians))
}

func TestMediaFull(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(3)
	p.Clock.Set(p.slot(6))
	p.event(simulation.Recorder, "outage", "main", 3, 6, "the media are full")
	p.lapse()
	_, cov := p.agreed(machine.Erased)
	p.wantSlots(cov.Cameras[0], "3 covered", "3 explained gap: outage, stated by site-cameras: the media are full", "24 unexplained gap")
	if c := cov.Cameras[0]; c.UnexplainedGaps != 1 || c.Seconds.UnexplainedGap != 240 {
		t.Errorf("%+v", c)
	}
}

// One side says that its enemy destroyed a camera: nobody has to join it for the
// slot to be suspect. That the medium is gone is believed only of both sides.
func TestCameraDestroyedAndItsMediumNeverProduced(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(4)
	p.event(simulation.Agency, "tamper", "main", 3, 4, "the camera is destroyed")
	p.event(simulation.Host, "loss", "main", 0, 3, "the medium was not found")
	p.Clock.Set(p.slot(6))
	c := p.coverage()
	p.wantSlots(c, "3 covered", "1 tamper: tamper, stated by iaea: the camera is destroyed", "3 unexplained gap")
	if len(c.Anomalies) != 1 || !strings.Contains(c.Anomalies[0].Reason, "stated by iran: the medium was not found; nobody else says so") {
		t.Errorf("the host alone: %+v", c.Anomalies)
	}
	p.event(simulation.Agency, "loss", "main", 1, 3, "two days of the medium were never produced")
	p.lapse()
	_, cov := p.agreed(machine.Erased)
	p.wantSlots(cov.Cameras[0], "1 covered", "2 lost: stated by iaea: two days of the medium were never produced", "1 tamper", "26 unexplained gap")
	if c := cov.Cameras[0]; len(c.Anomalies) != 1 || c.Seconds.Lost != 20 || c.Seconds.Tamper != 10 {
		t.Errorf("%+v", c)
	}
}

// The agency is not let in. Its word that it came and the host's that nothing
// was to be done are on the record; a visit that only one of them knows of
// explains nothing, and what the host explains by itself bears its name.
func TestServiceRefused(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(2)
	p.Clock.Set(p.slot(8))
	p.covered(p.say(simulation.Agency, none, words("Our inspectors were at the gate on the third day and were not let in.")))
	p.event(simulation.Agency, "visit", "main", 2, 5, "servicing, as agreed")
	c := p.coverage()
	p.wantSlots(c, "2 covered", "7 unexplained gap")
	if len(c.Anomalies) != 1 || !strings.Contains(c.Anomalies[0].Reason, "visit, stated by iaea") {
		t.Errorf("the agency alone: %+v", c.Anomalies)
	}
	p.event(simulation.Host, "outage", "main", 5, 7, "the site was closed")
	p.event(simulation.Host, "visit", "main", 2, 3, "they were there for a day")
	p.lapse()
	_, cov := p.agreed(machine.Erased)
	p.wantSlots(cov.Cameras[0], "2 covered", "1 explained gap: visit, stated by iran: they were there for a day", "2 unexplained gap",
		"2 explained gap: outage, stated by iran: the site was closed", "23 unexplained gap")
}

// Twenty-seven cameras are taken out, and what they had recorded stays under
// seal: it is opened, or never can be, as if they were still there.
func TestTwentySevenCamerasTakenOut(t *testing.T) {
	for name, want := range map[string]machine.Outcome{"released": machine.Released, "erased": machine.Erased} {
		t.Run(name, func(t *testing.T) {
			terms := simulation.DefaultTerms().Small()
			for i := range 27 {
				terms.Cameras = append(terms.Cameras, fmt.Sprintf("camera-%02d", i+1))
			}
			p := begun(t, terms)
			p.film(2)
			p.event(simulation.Host, "removal", "", 2, 30, "all are taken out")
			p.Clock.Set(p.slot(4))
			if want == machine.Released {
				p.claim()
				p.find("accepts")
				p.pass(p.Terms.Closes)
				if r, _, err := p.Open(p.ctx); err != nil || r.Opened != 54 || len(r.Failed) > 0 {
					t.Errorf("opened %+v, %v", r, err)
				}
			} else {
				p.event(simulation.Agency, "removal", "", 2, 20, "we saw them taken out, and sealed what they had recorded")
				p.lapse()
			}
			_, cov := p.agreed(want)
			if len(cov.Cameras) != 27 {
				t.Fatalf("%d cameras", len(cov.Cameras))
			}
			for _, c := range cov.Cameras {
				if want == machine.Released {
					p.wantSlots(c, "2 covered", "28 unexplained gap") // the host's word alone takes nobody's evidence away
				} else {
					p.wantSlots(c, "2 covered", "18 explained gap: removal, stated by iaea", "10 unexplained gap")
				}
				if len(c.Anomalies) != 1 || !strings.Contains(c.Anomalies[0].Reason, "removal, stated by iran") {
					t.Errorf("camera %s: the host alone: %+v", c.Camera, c.Anomalies)
				}
			}
		})
	}
}

// What was recorded in time and comes on the record long after is there, and late.
func TestCommitmentsLate(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(2)
	p.Recorder.Line.Cut(true)
	p.must(p.Film(p.ctx, 3))
	p.Clock.Set(p.slot(5 + 4)) // more than four cadences past all three
	p.covered(p.say(simulation.Agency, none, words("Where are the commitments?")))
	p.Recorder.Line.Cut(false)
	p.must(p.Batched(p.ctx))
	p.film(1)
	p.lapse()
	_, cov := p.agreed(machine.Erased)
	c := cov.Cameras[0]
	p.wantSlots(c, "2 covered", "3 degraded: ", "4 unexplained gap", "1 covered", "20 unexplained gap")
	if c.Late != 3 || c.Segments != 6 {
		t.Errorf("%d late of %d", c.Late, c.Segments)
	}
}

// The recorder says nothing for a week, not even that it is there; who is
// relied on for the silence is seen, and so is what nobody accounts for. That it
// was started again tells what the clock shows, and is no account of a week.
func TestRecorderSilentForAWeek(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(2)
	p.must(p.Recorder.Stop())
	heard := p.lastHeard()
	p.Clock.Set(p.slot(9).Add(-time.Hour))
	p.event(simulation.Agency, "outage", "main", 2, 4, "no light on the cabinet")
	p.covered(p.say(simulation.Agency, none, words("The recorder has been silent for a week.")))
	if again := p.lastHeard(); again != heard {
		t.Errorf("the recorder was heard of at %s, after it was stopped at %s", again, heard)
	}
	p.must(p.Recorder.Start(p.ctx))
	p.until("the recorder says that it is back", func(_ *record.Fold, l *vault.Ledger) bool { return l.Recorder.Clock > heard })
	p.film(1)
	p.lapse()
	_, cov := p.agreed(machine.Erased)
	p.wantSlots(cov.Cameras[0], "2 covered", "2 explained gap: outage, stated by iaea: no light on the cabinet", "5 unexplained gap", "1 covered", "20 unexplained gap")
	if s := cov.Summary(); !strings.Contains(s, "2 unexplained gaps") || !strings.Contains(s, "4 min 10 s missing without one") {
		t.Errorf("the summary whispers: %s", s)
	}
}

// lastHeard is when the recorder was last heard of, by the record's clock.
func (p *play) lastHeard() (at agreement.Instant) {
	p.t.Helper()
	p.until("the ledger is read", func(_ *record.Fold, l *vault.Ledger) bool {
		at = l.Recorder.Clock
		return true
	})
	return at
}

// prolonged is a play in which both sides agreed, before the close, on a close
// that is a month later, and which has come to the old one.
func prolonged(t *testing.T) *play {
	t.Helper()
	p := begun(t, simulation.DefaultTerms().Small())
	old := p.Terms.Closes
	p.film(2)
	p.Clock.Set(old.Add(-day))
	longer := p.Terms
	longer.Closes = old.AddDate(0, 1, 0)
	p.amend(longer)
	p.Clock.Set(old.Add(day)) // past the old close, at which nothing is due any more
	p.covered(p.say(simulation.Agency, none, words("It goes on.")))
	p.wantOutcome(machine.Open)
	p.wantRefused()
	return p
}

// amend has both sides agree on other terms, and waits until they are in force.
func (p *play) amend(terms simulation.Terms) {
	p.t.Helper()
	b, err := p.Amended(terms)
	p.must(err)
	parts, err := record.TextParts(b)
	p.must(err)
	for _, part := range parts {
		p.say(simulation.Agency, none, part)
	}
	consent := statement.AmendBody{Bundle: b.Digest().String(), Findings: fmt.Sprintf("%064d", 0)}
	p.say(simulation.Agency, none, consent)
	p.effect(p.say(simulation.Host, none, consent))
	p.Reader.With(func(f *record.Fold) {
		if f.InForce().ID != b.Digest() {
			p.t.Fatalf("in force is %s", f.InForce().ID)
		}
	})
	p.Terms = terms
}

// May 2021: the close is put off before it passes. What was dealt under the old
// text opens under the new one.
func TestExtendedInMay(t *testing.T) {
	p := prolonged(t)
	p.claim()
	p.find("accepts")
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Released)
	p.wantOpened(2)
	p.agreed(machine.Released)
}

// June 2021: the time that was added runs out, and nobody decides anything. The
// text decides.
func TestLapsedInJuneWithNoDecision(t *testing.T) {
	p := prolonged(t)
	p.covered(p.say(simulation.Agency, none, words("We ask for an answer.")))
	p.lapse()
	p.wantRefused()
	r, _ := p.agreed(machine.Erased)
	if v := r.Vaults[0]; v.Ground != record.Decided || v.Attested != 4 {
		t.Errorf("%+v", v)
	}
}

// The same, and on the day the record itself says nothing any more: whoever
// holds a share comes to the same end by the certificate of a record that halted.
func TestLapsedInJuneWhileTheRecordHalts(t *testing.T) {
	p := prolonged(t)
	p.must(p.Recorder.Stop())
	p.until("nobody has anything left to say", func(_ *record.Fold, l *vault.Ledger) bool {
		for _, a := range l.Attempts {
			for i, s := range a.States {
				if a.Core.Seats[i].Keyed && s.Acknowledged < 0 {
					return false
				}
			}
		}
		return true
	})
	_, err := p.Quiet(p.ctx)
	p.must(err)
	p.seen(p.Terms.Custodians...)
	p.must(p.StopHost())
	p.Clock.Set(p.Terms.Cut().Add(p.Terms.Margin + time.Minute))
	for _, name := range p.Terms.Custodians {
		p.eventually(name+" has erased", func() bool { return p.files(name) == 0 })
	}
	p.must(p.StartHost())
	p.erased(len(p.Terms.Custodians))
	p.pass(p.Terms.Closes) // the record goes on, and decides: too late
	r, _ := p.agreed(machine.Erased)
	if v := r.Vaults[0]; v.Ground != record.Halted || len(r.Conduct) > 0 {
		t.Errorf("%+v, conduct %v", v, r.Conduct)
	}
}
