package machine

import (
	"detente/agreement"
)

// A Change is something that would alter an answer: acts now, or silence.
type Change struct {
	Acts   []Act  `json:"-"`      // at the state's instant; none: nobody acts
	If     string `json:"if"`     // in words
	Until  Moment `json:"until"`  // the last deadline up to which the same act still does; unset: no limit was found
	Answer string `json:"answer"` // what the answer would be
	At     Moment `json:"at"`     // and from when
	Stays  bool   `json:"stays"`  // it is the answer now, which silence would change
}

// Text is the change in one sentence.
func (c Change) Text() string { return c.text(local{}) }

func (c Change) text(l local) string {
	text := "if " + c.If
	if c.Until.Set {
		text += " by " + l.text(c.Until)
	}
	if c.Stays {
		return text + ", it stays " + c.Answer
	}
	text += ", it becomes " + c.Answer
	if c.At.Set {
		text += " on " + l.text(c.At)
	}
	return text
}

// sameReport says whether both are one report, of other numbers.
func (c Change) sameReport(o Change) bool {
	if len(c.Acts) != 1 || len(o.Acts) != 1 {
		return false
	}
	a, b := c.Acts[0], o.Acts[0]
	return a.Verb == Report && a.Value != nil && b.Value != nil && a.By == b.By && a.Subject == b.Subject &&
		c.Answer == o.Answer && c.At == o.At && c.Until == o.Until && c.Stays == o.Stays
}

// Enact applies an act at its instant, as a record would: deadlines before it
// fire first; an act in the past takes effect now, and one second after now if
// a deadline has fired at now.
func (s *State) Enact(a Act) Verdict {
	if a.At > s.now {
		s.Drive(a.At - 1)
	}
	if a.At < s.now {
		a.At = s.now
	}
	if a.At == s.now && s.fired {
		a.At++
	}
	return s.Apply(a)
}

// changes tries what could happen: nobody acts; each act that would have an
// effect now, and what silence after it leads to; and, if nothing of this
// alters the answer, two acts together.
func (s *State) changes(q subject) []Change {
	now := s.answer(q)
	quiet := s.tracks(q)
	var out []Change
	add := func(c Change) {
		for _, o := range out {
			if o.If == c.If || o.sameReport(c) {
				return
			}
		}
		out = append(out, c)
	}
	for _, t := range quiet {
		if t.answer != now {
			add(Change{If: "nobody acts", Answer: t.answer, At: moment(t.at)})
			break
		}
	}
	var useful []Act
	for _, a := range s.candidates(true) {
		w := s.quietClone()
		if !w.Enact(a).Effect {
			continue
		}
		useful = append(useful, a)
		if c, ok := s.altered(q, w, now, quiet); ok {
			c.Acts, c.If = []Act{a}, a.String()
			c.Until = s.lastChance(q, a, c)
			add(c)
		}
	}
	if len(out) > 0 || len(useful) > maxPairs {
		return out
	}
	for i, a := range useful {
		for _, b := range useful[i+1:] {
			w := s.quietClone()
			w.Enact(a)
			if !w.Enact(b).Effect {
				continue
			}
			if c, ok := s.altered(q, w, now, quiet); ok {
				c.Acts, c.If = []Act{a, b}, a.String()+" and "+b.String()
				add(c)
			}
		}
	}
	return out
}

// quietClone is a clone to try things on; its log is not kept.
func (s *State) quietClone() *State {
	w := s.Clone()
	w.KeepCauses(false)
	return w
}

// A track is the answer after a deadline.
type track struct {
	at     agreement.Instant
	answer string
}

// tracks gives the answers after each of the next deadlines if nobody acts.
func (s *State) tracks(q subject) []track {
	w := s.quietClone()
	out := []track{}
	for range maxAhead {
		if _, ok := w.Next(); !ok {
			break
		}
		w.Fire()
		out = append(out, track{w.now, w.answer(q)})
	}
	return out
}

func final(now string, of []track) string {
	if len(of) == 0 {
		return now
	}
	return of[len(of)-1].answer
}

// altered says whether w, in which something was done, leads to another answer
// than silence from s does: at once, or in the end.
func (s *State) altered(q subject, w *State, now string, quiet []track) (Change, bool) {
	if got := w.answer(q); got != now {
		return Change{Answer: got, At: moment(w.now)}, true
	}
	after := w.tracks(q)
	got := final(now, after)
	if got == final(now, quiet) {
		return Change{}, false
	}
	if got == now {
		return Change{Answer: got, Stays: true}, true
	}
	c := Change{Answer: got, At: moment(w.now)}
	for i := len(after) - 1; i >= 0 && after[i].answer == got; i-- {
		c.At = moment(after[i].at)
	}
	return c, true
}

// lastChance finds until which deadline the act still leads to the same answer
// if nobody acts before.
func (s *State) lastChance(q subject, a Act, want Change) Moment {
	quiet := s.quietClone()
	last := s.now
	for range maxAhead {
		d, more := quiet.Next()
		w := quiet.Clone()
		a.At = w.now
		if more {
			a.At = max(d.At, w.now)
		}
		same := w.Enact(a).Effect
		if same {
			c, ok := quiet.altered(q, w, quiet.answer(q), quiet.tracks(q))
			same = ok && c.Answer == want.Answer
		}
		switch {
		case !same:
			return moment(last)
		case !more:
			return Moment{}
		}
		last = d.At
		quiet.Fire()
	}
	return Moment{}
}
