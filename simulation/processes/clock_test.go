package processes

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"detente/internal/clock"
)

// TestClockStepped steps the clock of each role's process, while it runs under
// load, an hour back, two forward, and then right. No witness cosigns with an
// earlier time than before, everything acknowledged stays, and the others do
// not wait for the one whose clock is wrong.
func TestClockStepped(t *testing.T) {
	s, c, acks := prepared(t, 25)
	b, err := os.ReadFile(s.path("clock"))
	s.must(err)
	anchor, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(b)))
	s.must(err)
	right := s.clock
	for _, name := range []string{witnesses[0], registry, custodians[0], cameras} {
		t.Run(name, func(t *testing.T) {
			p, steps := s.byName[name], s.path("steps-"+name)
			s.must(clock.Step(steps, anchor, 0))
			s.must(p.kill())
			p.clock = fmt.Sprintf("%s@steps:%s*%d", begins.Format(time.RFC3339), steps, rate)
			_, err := p.start(s.ctx)
			s.must(err)
			load := s.write()
			for _, off := range []time.Duration{-time.Hour, time.Hour, 0} {
				s.must(clock.Step(steps, anchor, off))
				had := len(load.acknowledged())
				s.eventually("statements are taken in all the same", func() bool {
					return len(load.acknowledged()) > had+10 || p.alive() != nil
				})
				s.must(p.alive())
				if name == witnesses[0] && off < 0 {
					s.eventually("the witness refuses to go back", func() bool {
						return strings.Count(p.now.said.String(), "behind this witness's own last cosignature") > 0
					})
				}
			}
			load.stop()
			if said := p.now.said.String(); strings.Contains(said, "panic") {
				t.Errorf("%s, whose clock was stepped, says: %s", name, tail(said))
			}
			s.must(p.kill())
			p.clock = right
			_, err = p.start(s.ctx)
			s.must(err)
			acks = append(acks, load.acknowledged()...)
			c.update(load.acknowledged())
			c.statements(load.acknowledged())
		})
	}
	s.allReady()
	c.export(acks)
	c.witnesses()
	c.custodians()
	c.recorder()
}
