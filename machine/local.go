package machine

import (
	"fmt"
	"time"
)

// A local writes instants in UTC and, beside it, as the clocks of the
// agreement's zone show them: that is how the text has its dates.
type local struct {
	zone *time.Location
}

func (m *Machine) local() local { return local{m.zone()} }

func (l local) elsewhere() bool {
	return l.zone != nil && l.zone != time.UTC && l.zone.String() != "UTC"
}

func (l local) text(t Moment) string {
	if !t.Set || !l.elsewhere() {
		return t.String()
	}
	clock := time.Unix(int64(t.At), 0).In(l.zone)
	form := "2006-01-02 15:04"
	if clock.Second() != 0 {
		form += ":05"
	}
	return fmt.Sprintf("%s (%s)", t, clock.Format(form))
}

// legend says what stands in the brackets; empty if there are none.
func (l local) legend() string {
	if !l.elsewhere() {
		return ""
	}
	return fmt.Sprintf("times are UTC, in brackets %s\n", l.zone)
}
