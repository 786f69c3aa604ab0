package machine

import (
	"slices"
	"strings"

	"detente/agreement"
)

// While questions are open an agreement runs in parallel worlds: one in which
// every open question is left open, so that what hangs on it is not known, and
// one for every way to read some or all of them. A world differs from the others
// only by what its readings make different.

// States of a question; from firstAnswer on it is answered.
const (
	questionDormant = iota
	questionOpen
	firstAnswer
)

type question struct {
	*agreement.Question
	status      int32 // fluent
	when        *expr
	adopted     []*expr // by interpretation
	rules, unit int32
}

func (m *Machine) declareQuestions() {
	for i, x := range m.agreement.Questions {
		b := block{"question", i}
		m.byName[x.Name] = b
		words := []string{"dormant", "open"}
		for _, y := range x.Interpretations {
			words = append(words, string(y.Name))
		}
		m.questions = append(m.questions, question{Question: x, status: m.fluent(b, x.Name, "status", isStatus, questionDormant, words...),
			rules: m.rulesOf(b, x.Range, questionRules)})
	}
}

func (m *Machine) compileQuestions() {
	for i := range m.questions {
		q := &m.questions[i]
		q.when = m.expr(q.When)
		for _, y := range q.Interpretations {
			q.adopted = append(q.adopted, m.expr(y.Adopted))
		}
		q.unit = -1
	}
}

func (m *Machine) layQuestions() {
	for i := range m.questions {
		q := &m.questions[i]
		q.unit = m.unit("question", i, []int32{q.status, m.status}, append(slices.Clone(q.adopted), q.when)...)
	}
}

func (m *Machine) refQuestion(x *expr, e *agreement.Ref, q *question) {
	x.op, x.slot = opIs, q.status
	switch e.Attr {
	case "open":
		x.want = questionOpen
		return
	case "answered":
		x.op, x.want = opAtLeast, firstAnswer
		return
	}
	for i, y := range q.Interpretations {
		if string(y.Name) == e.Attr {
			x.op, x.want = opReading, int64(firstAnswer+i)
			return
		}
	}
	panic("machine: no attribute " + string(e.Name) + "." + e.Attr + " in a checked agreement")
}

// evalReading is whether a question is read so: by its answer, else by the
// world's reading; in a world that leaves it open that is not known.
func evalReading(r reader, e *expr) value {
	v := r.slot(e.slot)
	if v < firstAnswer {
		if v = r.read(e.slot); v < firstAnswer {
			return unset
		}
	}
	return truth(v == e.want)
}

// read is how the state's world reads the question of a status fluent; 0 if it
// leaves it open.
func (s *State) read(status int32) int64 {
	if s.world == nil {
		return 0
	}
	return s.world[s.m.fluents[status].block.i]
}

func (p past) read(status int32) int64 { return p.s.read(status) }

// split makes the worlds of a state at its start.
func (s *State) split() {
	m := s.m
	if len(m.questions) == 0 {
		return
	}
	at := make([]int64, len(m.questions)) // 0: left open
	for {
		i := 0
		for ; i < len(at); i++ {
			if at[i]++; at[i] < firstAnswer {
				at[i] = firstAnswer
			}
			if at[i] < firstAnswer+int64(len(m.questions[i].Interpretations)) {
				break
			}
			at[i] = 0
		}
		if i == len(at) {
			return
		}
		w := m.blank()
		w.world = slices.Clone(at)
		w.settle()
		w.keep = true
		s.worlds = append(s.worlds, w)
	}
}

// alone is a copy of the state without the other worlds.
func (s *State) alone() *State {
	bare := *s
	bare.worlds = nil
	return bare.Clone()
}

// elsewhere lets an act take effect in every other world, too.
func (s *State) elsewhere(a Act, v *Verdict) {
	var under []string
	for _, w := range s.worlds {
		if other := w.Enact(a); other.Effect != v.Effect && w.readsOne() {
			under = append(under, w.reading())
		}
	}
	if v.Disputed = strings.Join(under, ", "); len(under) > 0 && v.Effect {
		v.Reason = "it has none if " + strings.Join(under, ", or if ")
	} else if len(under) > 0 {
		v.Reason += "; it has an effect if " + strings.Join(under, ", or if ")
	}
	s.answered()
}

// readsOne is whether the world reads one question alone.
func (s *State) readsOne() bool {
	n := 0
	for _, r := range s.world {
		if r != 0 {
			n++
		}
	}
	return n == 1
}

// reading is how a world reads its questions, as `us-standing.left`.
func (s *State) reading() string {
	var parts []string
	for i, r := range s.world {
		if r >= firstAnswer {
			q := &s.m.questions[i]
			parts = append(parts, string(q.Name)+"."+string(q.Interpretations[r-firstAnswer].Name))
		}
	}
	return strings.Join(parts, " and ")
}

// answered lets a world that left a question open, which is now answered, go on
// as the world that read it so all along.
func (s *State) answered() {
	for i := range s.m.questions {
		status := s.m.questions[i].status
		answer := s.values[status]
		if answer < firstAnswer || !slices.ContainsFunc(s.worlds, func(w *State) bool { return w.world[i] != 0 }) {
			continue // open, or answered long since
		}
		for k, w := range s.worlds {
			if w.world[i] == 0 {
				s.worlds[k] = s.counterpart(w.world, i, answer)
			}
		}
		if x := s.counterpart(s.world, i, answer); x != nil {
			worlds := s.worlds
			*s = *x
			s.world, s.worlds = nil, worlds
		}
		kept := s.worlds[:0:0]
		for _, w := range s.worlds {
			if w.world[i] == answer {
				w.world[i] = 0 // it is no reading any more
				if slices.ContainsFunc(w.world, func(r int64) bool { return r != 0 }) {
					kept = append(kept, w)
				}
			}
		}
		s.worlds = kept
	}
}

// counterpart is a copy of the world that reads as one does, and question i so;
// nil if there is none.
func (s *State) counterpart(world []int64, i int, so int64) *State {
	want := make([]int64, len(s.m.questions))
	copy(want, world)
	want[i] = so
	for _, w := range s.worlds {
		if slices.Equal(w.world, want) {
			x := w.Clone()
			x.world = want
			return x
		}
	}
	return nil
}

// Under is the state in the world that reads its questions as a text such as
// `us-standing.left` says, several joined by commas; not ok for no such world.
func (s *State) Under(text string) (*State, bool) {
	want := make([]int64, len(s.m.questions))
	for part := range strings.SplitSeq(text, ",") {
		name, reading, _ := strings.Cut(strings.TrimSpace(part), ".")
		b, ok := s.m.byName[agreement.Name(name)]
		if !ok || b.noun != "question" {
			return nil, false
		}
		k := slices.IndexFunc(s.m.questions[b.i].Interpretations, func(y *agreement.Interpretation) bool { return string(y.Name) == reading })
		if k < 0 {
			return nil, false
		}
		want[b.i] = int64(firstAnswer + k)
	}
	for _, w := range s.worlds {
		if slices.Equal(w.world, want) {
			return w, true
		}
	}
	return nil, false
}

// question looks at a question after something it reads has changed.
func (s *State) question(q *question) {
	if s.values[s.m.status] != agreementInForce {
		return
	}
	switch s.values[q.status] {
	case questionDormant:
		if q.when == nil || s.true(q.when) {
			s.write(q.status, questionOpen, q.rules+ruleAsk)
		}
	case questionOpen:
		for i, e := range q.adopted {
			if s.true(e) {
				s.write(q.status, int64(firstAnswer+i), q.rules+ruleAdopt)
				return
			}
		}
	}
}

// answering is the answer of one who may give it.
func (s *State) answering(a *Act, q *question) Verdict {
	k := slices.IndexFunc(q.Interpretations, func(y *agreement.Interpretation) bool { return string(y.Name) == a.Choice })
	switch {
	case len(q.Answered) == 0:
		return refuse(q.Range, "nobody may answer %s", q.Name)
	case !s.among(q.Answered, a.By):
		return refuse(q.Range, "only %s may answer %s", list(q.Answered, "or"), q.Name)
	case k < 0:
		return refuse(q.Range, "%q is no interpretation of %s", clip(a.Choice), q.Name)
	case s.values[q.status] != questionOpen:
		return refuse(q.Range, "%s is not open: it is %s", q.Name, s.m.fluents[q.status].words[s.values[q.status]])
	}
	s.write(q.status, int64(firstAnswer+k), q.rules+ruleAnswer)
	return effective
}

// carryWorlds carries the other worlds of a state into a new text, each as the
// state itself is. A question that is new splits them.
func (to *Machine) carryWorlds(from, s *State, at agreement.Instant, entry int64, how *agreement.Amendment) error {
	fresh := to.blank()
	fresh.split()
	for _, x := range fresh.worlds {
		old := from
		want := make([]int64, len(from.m.questions))
		read := false
		for i, r := range x.world {
			if was, ok := how.Was(to.questions[i].Name); ok && from.m.byName[was].noun == "question" {
				want[from.m.byName[was].i] = r
				read = read || r != 0
			}
		}
		for _, w := range from.worlds {
			if read && slices.Equal(w.world, want) {
				old = w
			}
		}
		c := &carrier{from: old, how: how, to: to, timers: map[timerKey]int32{}, world: x.world}
		if err := c.through(at, entry); err != nil {
			return err
		}
		s.worlds = append(s.worlds, c.s)
	}
	s.answered()
	return nil
}
