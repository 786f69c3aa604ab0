package simulation_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"detente/agreement"
	"detente/audit"
	"detente/beneficiary"
	"detente/machine"
	"detente/record"
	"detente/simulation"
	"detente/statement"
	"detente/vault"
)

// named says whether somebody is named in an audit, with these words.
func named(r *audit.Report, who, words string) bool {
	return slices.ContainsFunc(r.Conduct, func(c audit.Conduct) bool { return c.Culprit == who && strings.Contains(c.Reason, words) })
}

// spoiled is a dealing in which the ciphertexts of some seats are noise.
func spoiled(r vault.DealRequest, seats ...int) (*vault.DealResult, error) {
	d, err := simulation.Deal(r)
	if err != nil {
		return nil, err
	}
	all := make([][]byte, len(r.Seats))
	for _, s := range d.Shares {
		for i, text := range s.Ciphertexts {
			if all[s.First-1+i], err = base64.StdEncoding.DecodeString(text); err != nil {
				return nil, err
			}
		}
	}
	for _, seat := range seats {
		all[seat-1][600] ^= 1
	}
	return reissued(r, d, all)
}

// reissued is a dealing with what was changed in it, put together again so that
// its digests agree.
func reissued(r vault.DealRequest, d *vault.DealResult, ciphertexts [][]byte) (*vault.DealResult, error) {
	id, err := agreement.ParseDigest(r.Agreement)
	if err != nil {
		return nil, err
	}
	core, err := vault.ParseCore(id, d.Epoch)
	if err != nil {
		return nil, err
	}
	dealing, err := vault.NewDealing(core, ciphertexts, core.EpochDigest(ciphertexts))
	if err != nil {
		return nil, err
	}
	return &vault.DealResult{Epoch: dealing.Body(), Shares: dealing.Shares()}, nil
}

func TestBadDealingIsVoidAndItsRecorderNamed(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	p.Dealer(func(r vault.DealRequest) (*vault.DealResult, error) {
		if r.Epoch == 1 && r.Attempt == 1 {
			return spoiled(r, 1, 2) // two of four: the others are too few to seal it
		}
		return simulation.Deal(r)
	})
	p.must(p.Begin(p.ctx))
	p.until("the first attempt is void and the next is sealed", func(_ *record.Fold, l *vault.Ledger) bool {
		first := l.Attempts[0]
		return first.Status == vault.Void && first.Culprit == simulation.Recorder && l.Sealed(1).Core.Attempt == 2
	})
	p.film(1)
	p.pass(p.Terms.Closes)
	p.erased(4)
	if r := p.audit(audit.Holds); !named(r, simulation.Recorder, "") || r.Vaults[0].Void == 0 {
		t.Errorf("the audit names nobody for the bad dealing: %+v", r.Conduct)
	}
}

// false complaint: the custodian publishes a key that opens a right share.
func TestFalseComplaintCostsTheSeat(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	p.must(p.Sign(p.ctx))
	honest := p.Custodians[:3]
	for _, a := range honest {
		p.must(a.Start(p.ctx))
	}
	key, err := vault.GenerateKey(noise())
	p.must(err)
	p.say("c4", none, statement.AcceptCustodyBody{Vault: simulation.Vault, Key: base64.StdEncoding.EncodeToString(key.Public().Bytes())})
	p.until("all have seats", func(_ *record.Fold, l *vault.Ledger) bool {
		return !slices.ContainsFunc(l.Custodies, func(c *vault.Custody) bool { return !c.Fresh() })
	})
	for _, a := range honest {
		p.must(a.Stop())
	}
	p.must(p.Recorder.Start(p.ctx))
	var first *vault.Attempt
	p.until("an epoch is dealt", func(_ *record.Fold, l *vault.Ledger) bool {
		first = l.Last(1)
		return first != nil && first.Status == vault.Dealt
	})
	next, err := vault.GenerateKey(noise())
	p.must(err)
	p.say("c4", first.ID, statement.ComplainBody{
		Vault: simulation.Vault, Digest: first.Digest.String(), Seat: 4,
		Seed: base64.StdEncoding.EncodeToString(key.Seed()), Next: base64.StdEncoding.EncodeToString(next.Public().Bytes()),
	})
	for _, a := range honest {
		p.must(a.Start(p.ctx))
	}
	p.must(p.Epoch(p.ctx, 1))
	p.until("c4 is named and has no seat", func(_ *record.Fold, l *vault.Ledger) bool {
		a := l.Sealed(1)
		return first.Status == vault.Void && first.Culprit == "c4" && a.Core.Attempt > 1 && !a.Core.Seats[3].Keyed && l.Custodies[3].Barred > 0
	})
	if r := p.audit(audit.Holds); !named(r, "c4", "false") || named(r, simulation.Recorder, "") {
		t.Errorf("the audit: %+v", r.Conduct)
	}
}

// released is a play whose vault is decided for release; then runs before the
// custodians can have seen it.
func released(t *testing.T, terms simulation.Terms, then func(*play)) *play {
	p := begun(t, terms)
	p.film(2)
	p.acknowledged(2)
	p.claim()
	p.find("accepts")
	if then != nil {
		then(p)
	}
	p.pass(p.Terms.Closes)
	p.wantOutcome(machine.Released)
	return p
}

// One is offline at the close, one refuses for good, and the vault opens. Who
// comes back late hands over all the same.
func TestCustodiansWhoAreAbsentOrLate(t *testing.T) {
	terms := simulation.DefaultTerms()
	terms.Absent = 2 // or an epoch could be sealed that needs one of the two
	p := released(t, terms, func(p *play) {
		p.must(p.Custodian("c1").Stop())
		p.Custodian("c2").Line.Cut(true)
	})
	p.wantOpened(2)
	p.until("five have handed over", func(_ *record.Fold, l *vault.Ledger) bool { return handed(l) == 5 })
	p.Custodian("c2").Line.Cut(false)
	p.until("the late one has handed over", func(_ *record.Fold, l *vault.Ledger) bool { return handed(l) == 6 })
	if r := p.audit(audit.Holds); r.Vaults[0].Handed != 6 || len(r.Conduct) > 0 {
		t.Errorf("the audit: %+v, %+v", r.Vaults[0], r.Conduct)
	}
}

func handed(l *vault.Ledger) int {
	seats := map[int]bool{}
	for _, h := range l.HandOvers {
		seats[h.Seat] = true
	}
	return len(seats)
}

// Wrong shares come first: they are found at once, disputed on the record, and
// the vault opens with the right ones.
func TestWrongSharesAreDisputedAndTheVaultOpens(t *testing.T) {
	p := released(t, simulation.DefaultTerms().Small(), func(p *play) {
		for _, a := range p.Custodians {
			p.must(a.Stop())
		}
	})
	type opening struct {
		report *beneficiary.Report
		clips  map[int64][]byte
		err    error
	}
	opened := make(chan opening, 1)
	go func() {
		r, c, err := p.Open(p.ctx)
		opened <- opening{r, c, err}
	}()
	var r *vault.Request
	var a *vault.Attempt
	p.until("the agency asks for shares", func(_ *record.Fold, l *vault.Ledger) bool {
		if a = l.Sealed(1); len(l.Requests) > 0 {
			r = l.Requests[0]
		}
		return r != nil
	})
	_, note := p.Reader.Final()
	wrong := make([]byte, vault.CiphertextSize)
	id := p.say("c1", r.ID, statement.HandOverBody{
		Vault: simulation.Vault, Seat: 1, Certificate: string(note),
		Shares: []statement.HandOver{{Epoch: 1, Digest: a.Digest.String(), Ciphertext: base64.StdEncoding.EncodeToString(wrong)}},
	})
	p.until("the wrong share is disputed", func(f *record.Fold, l *vault.Ledger) bool {
		return slices.ContainsFunc(l.HandOvers, func(h *vault.HandOver) bool { return h.ID == id && h.Shares[0].Finding == vault.CustodianAtFault })
	})
	for _, a := range p.Custodians[1:] {
		p.must(a.Start(p.ctx))
	}
	o := <-opened
	p.must(o.err)
	if o.report.Opened != 2 || len(o.report.Failed) > 0 {
		t.Errorf("opened %+v", o.report)
	}
	if len(o.report.Culprits) != 1 || o.report.Culprits[0].Name != "c1" || !o.report.Culprits[0].Proved {
		t.Errorf("culprits %+v, want c1, proved", o.report.Culprits)
	}
	if r := p.audit(audit.Holds); !named(r, "c1", "") {
		t.Errorf("the audit: %+v", r.Conduct)
	}
}

// n - need + 1 refuse: the release fails, and it is seen who failed it.
func TestTooManyRefuse(t *testing.T) {
	p := released(t, simulation.DefaultTerms().Small(), func(p *play) {
		for _, a := range p.Custodians[:3] {
			p.must(a.Stop())
		}
	})
	short, cancel := context.WithTimeout(p.ctx, 2*time.Second)
	defer cancel()
	report, clips, err := p.Open(short)
	p.must(err)
	if report.Opened != 0 || len(clips) != 0 || len(report.Failed) != 2 {
		t.Errorf("opened %+v", report)
	}
	for _, name := range []agreement.Name{"c1", "c2", "c3"} {
		if !slices.ContainsFunc(report.Culprits, func(c beneficiary.Culprit) bool { return c.Name == name && !c.Proved }) {
			t.Errorf("%s is not named: %+v", name, report.Culprits)
		}
	}
	if slices.ContainsFunc(report.Culprits, func(c beneficiary.Culprit) bool { return c.Name == "c4" }) {
		t.Errorf("c4 is named: %+v", report.Culprits)
	}
	// When they come back, a second opening uses the request of the first.
	p.must(p.Custodian("c1").Start(p.ctx))
	p.must(p.Custodian("c2").Start(p.ctx))
	p.wantOpened(2)
	p.until("there is one request", func(_ *record.Fold, l *vault.Ledger) bool { return len(l.Requests) == 1 })
}

// need - 1 custodians put their shares together before the outcome.
func TestColluders(t *testing.T) {
	p := begun(t, simulation.DefaultTerms())
	p.film(1)
	p.acknowledged(1)
	var a *vault.Attempt
	p.until("the epoch is sealed", func(_ *record.Fold, l *vault.Ledger) bool { a = l.Sealed(1); return true })
	var shares []*vault.Share
	for i, name := range p.Terms.Custodians {
		b, err := os.ReadFile(filepath.Join(p.Dir(name), simulation.Vault, "share", a.Digest.String()))
		if errors.Is(err, os.ErrNotExist) {
			continue // it had no key when this epoch was dealt
		}
		p.must(err)
		s, err := vault.ParseShare(i+1, b)
		p.must(err)
		shares = append(shares, s)
	}
	if id, err := a.Core.Recover(shares[:p.Terms.Need-1]); err == nil {
		t.Fatalf("%d shares give an identity: %s", p.Terms.Need-1, id.Recipient())
	}
	id, err := a.Core.Recover(shares[:p.Terms.Need])
	p.must(err)
	segment, err := p.Segment(p.ctx, "main", 1)
	p.must(err)
	if _, err := vault.OpenSegment(segment, id, int64(p.Terms.SegmentBytes)); err != nil {
		t.Errorf("need shares do not open a segment, so this test shows nothing: %v", err)
	}
}

// A custodian that is shown an old copy of the record goes on holding, however
// late it is.
func TestStaleViewIsNotActedOn(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(2)
	_, err := p.Quiet(p.ctx)
	p.must(err)
	old, err := p.Freeze(p.ctx, "frozen")
	p.must(err)
	c1 := p.Custodian("c1")
	c1.Line.Lead(old)
	p.must(c1.Restart(p.ctx))
	p.pass(p.Terms.Closes)
	p.erased(3)
	p.Clock.Set(p.Terms.Cut().Add(p.Terms.Margin + time.Hour))
	if p.files("c1") == 0 {
		t.Fatal("it erased on an old copy")
	}
	if _, err := os.Stat(filepath.Join(p.Dir("c1"), simulation.Vault, "outcome")); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("it decided on an old copy: %v", err)
	}
	c1.Line.Lead("")
	p.erased(4)
}

// A custodian that is shown another history, which no quorum cosigned, holds;
// shown the record again, it stops and keeps the evidence.
func TestForkedViewIsNotActedOn(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(2)
	_, err := p.Quiet(p.ctx)
	p.must(err)
	p.seen("c1")
	fork, err := p.Fork()
	p.must(err)
	fork.Witnesses.Cut(true) // or it would find out and stop
	c1 := p.Custodian("c1")
	c1.Line.Lead(fork.URL)
	p.must(c1.Restart(p.ctx))
	// Both histories go on, differently; the record's first, so that the honest
	// witnesses refuse the fork.
	p.covered(p.say(simulation.Host, none, words("on the record")))
	l := p.NewLine()
	l.Lead(fork.URL)
	fooled, err := p.Follow(p.ctx, "fooled", l)
	p.must(err)
	defer fooled.Close()
	p.must(fooled.Update(p.ctx))
	seen, _ := fooled.Head()
	other := p.signed(&statement.Statement{By: simulation.Host, Seen: seen, Body: words("on the fork")}, simulation.Host)
	if _, err := fooled.Client().Submit(p.ctx, other); err != nil {
		t.Fatalf("the fork takes nothing: %v", err)
	}
	p.must(fooled.Update(p.ctx))
	_, shown := fooled.Head()
	p.eventually("c1 has seen the fork", func() bool {
		got, err := os.ReadFile(filepath.Join(p.Dir("c1"), "mirror", "head"))
		return err == nil && bytes.Equal(got, shown)
	})
	p.pass(p.Terms.Closes)
	p.erased(3)
	p.Clock.Set(p.Terms.Cut().Add(p.Terms.Margin + time.Hour))
	if p.files("c1") == 0 {
		t.Fatal("it erased on a fork that no quorum cosigned")
	}
	c1.Line.Lead("")
	p.hasEvidence("c1")
	p.must(c1.Restart(p.ctx))
	p.seen("c2", "c3")
	if p.files("c1") == 0 {
		t.Error("it erased")
	}
	p.must(c1.Stop())
}

// hasEvidence waits until somebody's folder has evidence of two histories.
func (p *play) hasEvidence(name string) {
	p.t.Helper()
	p.eventually(name+" keeps the evidence", func() bool {
		cases, err := os.ReadDir(filepath.Join(p.Dir(name), "mirror", "evidence"))
		return err == nil && len(cases) > 0
	})
}

// The depositary shows a custodian a second head, under its own key and nobody
// else's. That is kept as evidence and stops nobody: the custodian goes on
// following, does not act before the cut, and then does what the record decided.
func TestForkByTheHostAloneStopsNobody(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(2)
	_, err := p.Quiet(p.ctx)
	p.must(err)
	origin := record.Origin(p.Agreement)
	host, err := statement.NewSigner(origin, p.Keys.Private(simulation.Depositary).Seed())
	p.must(err)
	p.must(p.Reader.Update(p.ctx))
	head, _ := p.Reader.Head()
	head.Root[0] ^= 1
	other, err := statement.SignCheckpoint(statement.Checkpoint{Origin: origin, Size: head.Size, Root: head.Root}, host)
	p.must(err)
	c1 := p.Custodian("c1")
	c1.Line.Tap(func(r *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/head") {
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(other)), Request: r}, nil
		}
		return send(r)
	})
	p.must(c1.Restart(p.ctx))
	p.hasEvidence("c1")
	c1.Line.Tap(nil)
	p.pass(p.Terms.Closes)
	p.erased(3)
	p.seen("c1")
	if p.files("c1") == 0 {
		t.Fatal("it acted before the cut, though it was shown two histories")
	}
	p.Clock.Set(p.Terms.Cut().Add(time.Second))
	p.eventually("c1 has erased", func() bool { return p.files("c1") == 0 })
	p.must(c1.Stop())
}

// Restarted at every step, each custodian says everything once, and keeps its rule.
func TestCustodiansRestartedAtEveryStep(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	again := func() {
		for _, a := range p.Custodians {
			p.must(a.Restart(p.ctx))
		}
	}
	again()
	p.film(1)
	again()
	p.acknowledged(2)
	again()
	p.Clock.Set(p.Terms.Closes.Add(-time.Hour))
	again()
	p.pass(p.Terms.Closes)
	again()
	p.erased(4)
	again()
	_, err := p.Quiet(p.ctx)
	p.must(err)
	p.until("nobody has said anything twice", func(_ *record.Fold, l *vault.Ledger) bool {
		for _, c := range l.Custodies {
			if len(c.Erased) != 1 || c.Erased[0].Again {
				t.Errorf("%s erased %+v", c.Custodian, c.Erased)
			}
		}
		for _, v := range l.Verdicts {
			if !v.Force {
				t.Errorf("entry %d, %s by %s: %s", v.Index, v.Kind, v.By, v.Reason)
			}
		}
		return true
	})
	if r := p.audit(audit.Holds); len(r.Conduct) > 0 {
		t.Errorf("the audit: %+v", r.Conduct)
	}
}

// What it has said is on the record and not final yet when it is started again:
// it waits for that, and does not say it a second time.
func TestRestartBeforeItsWordIsFinal(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(2)
	c1 := p.Custodian("c1")
	p.must(c1.Stop())
	p.pass(p.Terms.Closes)
	p.erased(3)
	_, err := p.Quiet(p.ctx)
	p.must(err)
	p.Host.Witnesses.Cut(true)
	p.must(c1.Start(p.ctx))
	said := func(f *record.Fold) (n int) {
		for i := range f.Size() {
			if s := record.Must(f.Read(i)).Statement; s != nil && s.By == "c1" && s.Body.Kind() == statement.KindErased {
				n++
			}
		}
		return n
	}
	p.until("it says that it erased", func(f *record.Fold, _ *vault.Ledger) bool { return said(f) == 1 })
	p.must(c1.Restart(p.ctx))
	p.must(c1.Restart(p.ctx))
	p.Host.Witnesses.Cut(false)
	p.erased(4)
	p.must(c1.Restart(p.ctx))
	_, err = p.Quiet(p.ctx)
	p.must(err)
	p.Reader.With(func(f *record.Fold) {
		if n := said(f); n != 1 {
			t.Errorf("it says %d times that it erased", n)
		}
	})
}

// A folder that comes back from a backup after the erasure: the custodian reads
// the record first, erases again and says so.
func TestRestoredFromABackupAfterTheErasure(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.acknowledged(2)
	c1 := p.Custodian("c1")
	p.must(c1.Stop())
	backup := filepath.Join(t.TempDir(), "backup")
	p.must(os.CopyFS(backup, os.DirFS(p.Dir("c1"))))
	p.must(c1.Start(p.ctx))
	p.pass(p.Terms.Closes)
	p.erased(4)
	p.must(c1.Stop())
	p.must(os.RemoveAll(p.Dir("c1")))
	p.must(os.CopyFS(p.Dir("c1"), os.DirFS(backup)))
	if p.files("c1") == 0 {
		t.Fatal("the backup holds no share: this shows nothing")
	}
	p.must(c1.Start(p.ctx))
	p.until("it has erased again and says so", func(_ *record.Fold, l *vault.Ledger) bool {
		e := l.Custodies[0].Erased
		return len(e) == 2 && !e[0].Again && e[1].Again && e[1].Epochs > 0
	})
	if n := p.files("c1"); n != 0 {
		t.Errorf("%d files are left", n)
	}
	p.audit(audit.Holds)
}

// A custodian that acts without a certificate of the outcome, or before there
// is one, is named by anybody who audits the record.
func TestActingWithoutACertificateIsNamed(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	_, early := p.Reader.Final()
	_, bare := p.Reader.Head()
	p.must(p.Custodian("c1").Stop())
	p.must(p.Custodian("c2").Stop())
	p.say("c1", none, statement.ErasedBody{Vault: simulation.Vault, Seat: 1, Epochs: 1, Certificate: string(early)})
	p.say("c2", none, statement.ErasedBody{Vault: simulation.Vault, Seat: 2, Epochs: 1, Certificate: string(bare)})
	p.pass(p.Terms.Closes)
	p.erased(4)
	r := p.audit(audit.Holds)
	for _, name := range []string{"c1", "c2"} {
		if !named(r, name, "without a certificate") {
			t.Errorf("%s is not named: %+v", name, r.Conduct)
		}
	}
	if named(r, "c3", "") || named(r, "c4", "") {
		t.Errorf("an honest custodian is named: %+v", r.Conduct)
	}
}
