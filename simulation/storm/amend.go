package storm

import (
	"fmt"
	"strings"
	"time"

	"detente/agreement"
	"detente/record"
	"detente/statement"
)

// amend adds what the parties say to amend the text.
func (s *script) amend() {
	for n := range s.w.plan.Changes {
		c := &s.w.plan.Changes[n]
		rival := c.Terms
		rival.Edition += 10
		to, other := s.text(&c.Terms), s.text(&rival)
		s.publish(c.At, hostName, to)
		s.consent(c.Consents[0], hostName, to, "consent")
		if c.Back > 0 {
			s.add(&intent{at: c.Back, by: hostName, what: "consent taken back", body: func(r *reading) (statement.Body, statement.ID, bool) {
				return s.amending(r, nil)
			}})
		}
		if c.Again > 0 {
			s.consent(c.Again, hostName, to, "consent again")
		}
		if c.Rival > 0 {
			s.publish(c.At, agencyName, other)
			s.consent(c.Rival, agencyName, other, "consent to a rival")
		}
		s.consent(c.Consents[1], agencyName, to, "consent")
	}
}

func (s *script) text(t *Terms) *agreement.Bundle {
	b, _, err := t.bundle(s.w.keys)
	if err != nil {
		panic(fmt.Sprintf("storm: a text of the script: %v", err))
	}
	return b
}

func (s *script) publish(at time.Duration, by string, b *agreement.Bundle) {
	parts, err := record.TextParts(b)
	if err != nil {
		panic(fmt.Sprintf("storm: a text of the script: %v", err))
	}
	for _, p := range parts {
		s.add(&intent{at: at, by: by, what: "text", body: func(*reading) (statement.Body, statement.ID, bool) { return p, statement.ID{}, true }})
	}
}

func (s *script) consent(at time.Duration, by string, b *agreement.Bundle, what string) {
	s.add(&intent{at: at, by: by, what: what, near: near(&s.w.plan, at), to: b.Digest(), body: func(r *reading) (statement.Body, statement.ID, bool) { return s.amending(r, b) }})
}

// amending is a consent to a text, once it is on the record as its author has
// it; or to none, which is to take an earlier one back.
func (s *script) amending(r *reading, b *agreement.Bundle) (body statement.Body, _ statement.ID, ok bool) {
	r.f.With(func(f *record.Fold) {
		to := f.InForce().ID
		if ok = b == nil; b != nil {
			to = b.Digest()
			_, _, ok, _ = f.Text(to)
		}
		body = statement.AmendBody{Bundle: to.String(), Findings: strings.Repeat("0", 64)}
	})
	return body, statement.ID{}, ok
}

// amended counts what an entry does to the text.
func (b *book) amended(j *record.Judged) {
	f, w := b.fold, b.w
	if j.Statement != nil {
		if j.Statement.Body.Kind() == statement.KindHeartbeat {
			w.count(Beat)
		}
		body, ok := j.Statement.Body.(statement.AmendBody)
		switch {
		case ok && body.Bundle == j.Statement.Bundle.String():
			w.count(ConsentBack)
		case ok && b.rival(body.Bundle):
			w.count(ConsentRival)
		}
		if j.Statement.Bundle != f.InForce().ID {
			w.count(SaidBefore)
		}
	}
	if j.Proof != nil && len(f.EraAt(j.Proof.Head.Size).Lists) > 1 {
		w.count(WitnessesJoint)
	}
	for ; b.consents < f.Size(); b.consents++ {
		e := f.Entry(b.consents)
		if e.Kind != statement.KindAmend || e.Effect == nil {
			if e.Kind != "" && e.Effect == nil {
				break // and so do all that come after it
			}
			continue
		}
		if !e.Effect.Verdict.Effect {
			w.count(ConsentLate)
		}
	}
	for ; b.texts < len(f.Versions()); b.texts++ {
		b.amendment(f.Versions()[b.texts])
	}
}

// amendment counts an amendment, and checks that those had agreed who must.
func (b *book) amendment(v *record.Version) {
	if v.Amendment == nil {
		return
	}
	w := b.w
	w.count(TextAmended)
	for _, d := range v.Amendment.Changes {
		switch d.Attribute {
		case "closes":
			w.count(CloseMoved)
		case "witnesses.of":
			w.count(WitnessRelieved)
		}
	}
	at := time.Unix(int64(v.At), 0).Sub(begin) + w.plan.Skew + 2*time.Second
	for _, by := range []string{hostName, agencyName} {
		agreed := false
		for _, i := range w.script.intents {
			agreed = agreed || i.by == by && i.to == v.Agreement.ID && i.note != nil && i.offered <= at
		}
		if !agreed {
			w.fail(6, "the text %s came into force at %s, and %s had not consented to it", v.Agreement.ID, at, by)
		}
	}
}

// rival is whether a bundle is a competing text.
func (b *book) rival(bundle string) bool {
	for _, i := range b.w.script.intents {
		if i.what == "consent to a rival" && i.to.String() == bundle {
			return true
		}
	}
	return false
}
