package simulation_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"detente/agreement"
	"detente/machine"
	"detente/mirror"
	"detente/simulation"
	"detente/statement"
	"detente/vault"

	"detente/record"
)

// handIn hands an entry to a custodian.
func (p *play) handIn(custodian string, entry []byte) {
	p.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/"+p.Agreement.ID.String()+"/submit", bytes.NewReader(entry))
	w := httptest.NewRecorder()
	p.Custodian(custodian).Handler().ServeHTTP(w, r)
	if w.Code != http.StatusAccepted {
		p.t.Fatalf("handing in at %s: status %d: %s", custodian, w.Code, w.Body)
	}
}

// withhold keeps an entry from the depositary, whoever of these submits it.
func (p *play) withhold(entry []byte, custodians ...string) {
	for _, name := range custodians {
		p.Custodian(name).Line.Tap(func(r *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			if r.Method == http.MethodPost {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return nil, err
				}
				if bytes.Equal(body, entry) {
					return nil, simulation.ErrCut
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
			}
			return send(r)
		})
	}
}

// A claim that the depositary keeps out is in two custodians' second intake
// when the record decides to erase. They do not act; the others, who know
// nothing of it, do. When the claim is on the record, late as it is, they act
// on what the record decided, too.
func TestCustodiansHoldForWhatIsWithheld(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(2)
	claim, err := p.Note(simulation.Agency, statement.ID{}, lifting)
	p.must(err)
	holders, others := p.Terms.Custodians[:2], p.Terms.Custodians[2:]
	p.withhold(claim, holders...)
	for _, name := range holders {
		p.handIn(name, claim)
	}
	p.must(p.Custodian(holders[0]).Restart(p.ctx)) // it is kept
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Erased)
	p.erased(2)
	p.seen(holders...)
	for _, name := range holders {
		if p.files(name) == 0 {
			t.Errorf("%s erased although it holds what the depositary keeps out", name)
		}
	}
	for _, name := range others {
		p.eventually(name+" has erased", func() bool { return p.files(name) == 0 })
	}
	for _, name := range holders {
		p.Custodian(name).Line.Tap(nil)
	}
	p.erased(4)
	if _, ok := p.find0(statement.IDOf(mustText(t, claim))); !ok {
		t.Error("the custodians did not put it on the record")
	}
}

// The hold has an end that nobody can put off: at the cut, up to which silence
// could have made everybody wait, the custodians act on the decision. What is
// handed in after the decision holds nobody.
func TestHoldForWhatIsWithheldEndsAtTheCut(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(2)
	claim, err := p.Note(simulation.Agency, statement.ID{}, lifting)
	p.must(err)
	holder := p.Terms.Custodians[0]
	p.withhold(claim, p.Terms.Custodians...)
	p.handIn(holder, claim)
	p.pass(p.Terms.Closes)
	p.erased(3)
	p.handIn(p.Terms.Custodians[1], claim) // it has acted: nothing to hold
	if p.files(holder) == 0 {
		t.Fatal("it did not hold")
	}
	p.Clock.Set(p.Terms.Cut().Add(time.Second))
	p.eventually("the holder has erased", func() bool { return p.files(holder) == 0 })
}

// The depositary and one witness cosign a head whose entries they show nobody,
// or somebody on the line says so: custodians who hear of it put off an erasure,
// no longer than to the cut, and a head without the witness's own cosignature
// holds nobody.
func TestHiddenHeadHoldsNobodyBeyondTheCut(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(2)
	origin := record.Origin(p.Agreement)
	host, err := statement.NewSigner(origin, p.Keys.Private(simulation.Depositary).Seed())
	p.must(err)
	hidden, err := statement.SignCheckpoint(statement.Checkpoint{Origin: origin, Size: 1 << 20}, host)
	p.must(err)
	n, err := statement.ParseNote(hidden)
	p.must(err)
	liar := p.Terms.Witnesses[0]
	cosigner, err := statement.NewSigner(liar, p.Keys.Private(liar).Seed())
	p.must(err)
	line, err := statement.Cosign(cosigner, n.Text, agreement.Instant(p.Clock.Now().Unix()))
	p.must(err)
	cosigned, err := statement.NewNote(n.Text, append(n.Sigs, line)...)
	p.must(err)
	holder, deaf := p.Terms.Custodians[0], p.Terms.Custodians[1]
	for name, note := range map[string][]byte{holder: cosigned, deaf: hidden} {
		p.Custodian(name).Witnesses.Tap(func(r *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error) {
			if r.Method == http.MethodGet && r.URL.Path == "/"+mirror.OriginHash(origin)+"/checkpoint" {
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(note)), Request: r}, nil
			}
			return send(r)
		})
	}
	p.pass(p.Terms.Closes)
	p.erased(3)
	p.eventually("who heard only the host's word has erased", func() bool { return p.files(deaf) == 0 })
	if p.files(holder) == 0 {
		t.Fatal("it did not hold")
	}
	p.Clock.Set(p.Terms.Cut().Add(time.Second))
	p.eventually("the holder has erased", func() bool { return p.files(holder) == 0 })
}

// find0 finds a statement on the record.
func (p *play) find0(id statement.ID) (j *record.Judgement, ok bool) {
	p.until("the statement is on the record", func(f *record.Fold, _ *vault.Ledger) bool {
		j, ok = f.ByID(id)
		return ok
	})
	return j, ok
}

func mustText(t *testing.T, note []byte) []byte {
	t.Helper()
	s, err := statement.Parse(note)
	if err != nil {
		t.Fatal(err)
	}
	return s.Text
}
