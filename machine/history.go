package machine

import (
	"fmt"

	"detente/agreement"
)

// History plays the acts of the scenario up to an instant, or all of them, and
// gives the state then. What it expects is not judged. The error is that of a
// line that cannot be read, or whose act came out otherwise than the line says:
// a history that the agreement contradicts is none.
func (sc *Scenario) History(m *Machine, until agreement.Instant, all bool, amended func(path string) (*Machine, error)) (*State, error) {
	p := playing{m.Start(), amended, maxExplained}
	events, results := sc.events(m)
	for _, r := range results {
		return nil, fmt.Errorf("line %d: %s", r.Line, r.Got)
	}
	for _, e := range events {
		if !all && e.at > until {
			break
		}
		if e.line.word == "expect" {
			if all {
				p.s.Drive(e.at)
			}
			continue
		}
		if r := p.play(e); !r.OK {
			return nil, fmt.Errorf("line %d: %s: %s", r.Line, r.Text, r.Got)
		}
	}
	if !all {
		p.s.Drive(until)
	}
	return p.s, nil
}
