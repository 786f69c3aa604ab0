package storm

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"time"

	"detente/agreement"
	"detente/mirror"
	"detente/record"
	"detente/statement"
	"detente/vault"
)

// A script is what the parties say, and what strangers throw in.
type script struct {
	w       *World
	intents []*intent
	claim   *intent
}

// An intent is one statement that somebody means to make at an instant. It is
// offered, the same bytes each time, until it is taken or refused.
type intent struct {
	at       time.Duration
	by       string
	via      string // who submits it; empty: its author
	what     string
	near     bool
	body     func(*reading) (statement.Body, statement.ID, bool) // false: not yet
	signed   time.Duration                                       // when it is signed; 0: when it is offered first
	note     []byte
	id       statement.ID
	offered  time.Duration // first
	taken    bool
	refusal  string
	proved   bool
	received *mirror.Receipt
	to       agreement.Digest // of a consent
}

func newScript(w *World) *script {
	s := &script{w: w}
	p := &w.plan
	plain := func(b statement.Body) func(*reading) (statement.Body, statement.ID, bool) {
		return func(*reading) (statement.Body, statement.ID, bool) { return b, statement.ID{}, true }
	}
	for _, by := range []string{hostName, agencyName} {
		s.add(&intent{at: time.Second, by: by, what: "sign", body: plain(statement.SignBody{Findings: fmt.Sprintf("%064d", 0)})})
	}
	if p.Claim > 0 {
		s.claim = &intent{at: p.Claim, signed: p.Signed, by: agencyName, what: "claim", near: near(p, p.Claim), body: plain(statement.LiftBody{Measure: measureName, Documents: []statement.Document{}})}
		s.add(s.claim)
		if p.Finding != "" {
			s.add(&intent{at: p.Verdict, by: hostName, what: "finding", near: near(p, p.Verdict), body: func(*reading) (statement.Body, statement.ID, bool) {
				return statement.VerifyBody{Commitment: commitmentName, Finding: p.Finding, Documents: []statement.Document{}}, s.claim.id, s.claim.taken
			}})
		}
	}
	for i, at := range p.Words {
		s.add(&intent{at: at, by: one(w.rng, hostName, agencyName), what: "words", body: plain(statement.DeclareBody{Text: fmt.Sprintf("word %d", i), Documents: []statement.Document{}})})
	}
	for i, at := range p.Beats {
		by := recorderName
		if i%2 == 1 {
			by = custodianName(i / 2 % p.Terms.Custodians)
		}
		s.add(&intent{at: at, by: by, via: hostName, what: "heartbeat", body: plain(statement.HeartbeatBody{Vault: vaultName, Note: fmt.Sprint(i)})})
	}
	if p.Early > 0 {
		s.add(&intent{at: p.Early, by: agencyName, what: "early request", body: s.earlyRequest})
	}
	s.amend()
	for _, i := range s.intents {
		w.at(i.at, "somebody means to speak", func() { w.wake(w.byName[i.speaker()], 0) })
		if i.signed > 0 {
			w.at(i.signed, "somebody signs", func() { w.wake(w.byName[i.speaker()], 0) })
		}
	}
	for i := range p.Garbage + p.Replays {
		w.at(w.between(time.Minute, p.Calm), "a stranger", func() { s.stranger(i >= p.Garbage) })
	}
	return s
}

// speaker is who submits an intent's statement.
func (i *intent) speaker() string {
	if i.via != "" {
		return i.via
	}
	return i.by
}

func (s *script) add(i *intent) { s.intents = append(s.intents, i) }

// near is whether an instant is within seconds of the close.
func near(p *Plan, at time.Duration) bool {
	d := at - p.Terms.Closes
	return d >= -30*time.Second && d <= 30*time.Second || at-p.Claim-p.Terms.Within >= -30*time.Second && at-p.Claim-p.Terms.Within <= 30*time.Second
}

// earlyRequest asks for the shares of whatever is sealed, before the outcome.
func (s *script) earlyRequest(r *reading) (statement.Body, statement.ID, bool) {
	l, err := vault.NewReader(s.w.agreement, vaultName)
	if err == nil {
		r.f.With(func(f *record.Fold) { err = l.Read(f, f.Size()) })
	}
	if err != nil || l.Sealed(1) == nil {
		return nil, statement.ID{}, false
	}
	b, _, err := l.MakeRequest(rand.Reader, 1, 1)
	if err != nil {
		return nil, statement.ID{}, false
	}
	s.w.count(RequestTooEarly)
	return b, statement.ID{}, true
}

// act has a party say what it means to.
func (s *script) act(ctx context.Context, r *reading) {
	for _, i := range s.intents {
		if i.speaker() != r.a.name || i.taken || i.refusal != "" {
			continue
		}
		if s.w.now() < i.at {
			if i.signed > 0 && s.w.now() >= i.signed && i.note == nil {
				s.write(r, i)
			}
			continue
		}
		s.offer(ctx, r, i)
	}
	if s.w.hostBad() && s.w.plan.Host == ProofsWithheld {
		s.prove(ctx, r)
	}
}

func (s *script) offer(ctx context.Context, r *reading, i *intent) {
	w := s.w
	if i.note == nil && !s.write(r, i) {
		w.wake(r.a, w.between(20*time.Second, time.Minute))
		return
	}
	receipt, err := r.c.Submit(ctx, i.note)
	refused, ok := errors.AsType[*mirror.RefusedError](err)
	switch {
	case err == nil:
		i.taken, i.received = true, receipt
	case ok && refused.Status < 500 && refused.Status != http.StatusTooManyRequests && refused.Code != "":
		if s.garbledOrForked() {
			w.wake(r.a, w.between(5*time.Second, 20*time.Second))
			return
		}
		i.refusal = refused.Code
	default:
		if w.plan.Host == Censored && w.chance(0.3) {
			s.handIn(ctx, r, i)
		}
		w.wake(r.a, w.between(3*time.Second, 15*time.Second))
	}
}

// write signs what an intent says, under the text and the head that its author
// sees; false if it cannot be said yet.
func (s *script) write(r *reading, i *intent) bool {
	w := s.w
	body, answers, ok := i.body(r)
	if !ok {
		return false
	}
	head, _ := r.f.Head()
	under := w.agreement.ID
	r.f.With(func(f *record.Fold) { under = f.InForce().ID })
	st := &statement.Statement{Agreement: w.agreement.ID, Bundle: under, By: agreement.Name(i.by), Answers: answers, Seen: head, Body: body}
	text, err := st.Text()
	if err == nil {
		i.note, err = statement.Sign(text, w.keys.signer(i.by))
	}
	if err != nil {
		panic(fmt.Sprintf("storm: a statement of the script: %v", err))
	}
	i.id, i.offered = statement.IDOf(text), w.now()
	for _, o := range s.intents { // the same words under the same head are the same statement
		if o != i && o.id == i.id && o.note != nil {
			i.offered = min(i.offered, o.offered)
		}
	}
	if i.near {
		w.count(AtDeadline)
	}
	return true
}

// handIn gives a statement that the depositary leaves without an answer to a
// custodian, who hands it on until it is on the record.
func (s *script) handIn(ctx context.Context, r *reading, i *intent) {
	w := s.w
	to := custodianName(w.rng.IntN(w.plan.Terms.Custodians))
	c, err := mirror.NewClient("http://"+to, w.agreement.ID, r.a.line.client())
	if err != nil {
		panic(err) // the address is ours
	}
	if receipt, handed, err := c.HandIn(ctx, i.note); err == nil && (receipt != nil || handed != nil) {
		w.count(HandedIn)
	}
}

// garbledOrForked is whether a refusal need not be of the statement that was
// made: the network may have spoiled it, or an impostor have answered.
func (s *script) garbledOrForked() bool { return s.w.plan.NetRate > 0 || s.w.plan.Host != "" }

// prove has what a party holds cosigned without the depositary, and submits
// the proof.
func (s *script) prove(ctx context.Context, r *reading) {
	for _, i := range s.intents {
		if i.by != r.a.name || !i.taken || i.proved {
			continue
		}
		note, err := r.f.Cosign(ctx, r.p)
		if err != nil {
			return
		}
		if _, err := r.c.Submit(ctx, record.ProofEntry(note)); err == nil {
			i.proved = true
		}
		return
	}
}

// stranger submits what it saw on the record, or garbage.
func (s *script) stranger(replay bool) {
	w := s.w
	from := &actor{name: "stranger", clock: &roleClock{}}
	l := &line{w: w, from: from}
	entries := w.book.entries
	var body []byte
	switch kind := w.rng.IntN(4); {
	case replay:
		if len(entries) == 0 {
			return
		}
		body = entries[w.rng.IntN(len(entries))]
		w.count(Replayed)
	case kind == 0 || len(entries) == 0:
		body = make([]byte, w.rng.IntN(2000))
		for i := range body {
			body[i] = byte(w.rng.Uint32())
		}
		w.count(Garbage)
	case kind == 1:
		body = entries[w.rng.IntN(len(entries))]
		body = body[:w.rng.IntN(len(body))]
		w.count(Garbage)
	default:
		body = bytes.Clone(entries[w.rng.IntN(len(entries))])
		body[w.rng.IntN(len(body))] ^= byte(1 + w.rng.IntN(255))
		w.count(Garbage)
	}
	q, err := http.NewRequestWithContext(w.ctx, http.MethodPost, "http://"+depositaryName+"/"+w.agreement.ID.String()+"/submit", bytes.NewReader(body))
	if err != nil {
		panic(err) // the address is ours
	}
	if answer, err := l.client().Do(q); err == nil {
		answer.Body.Close()
	}
}
