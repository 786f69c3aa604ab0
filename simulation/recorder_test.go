package simulation_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"detente/audit"
	"detente/record"
	"detente/recorder/source"
	"detente/simulation"
	"detente/vault"
)

// coverage is the vault's, some days later: then nothing may still be on its way.
func (p *play) coverage() (c vault.CameraCoverage) {
	p.t.Helper()
	p.Clock.Add(5 * day)
	p.covered(p.say(simulation.Host, none, words("how much was recorded?")))
	r, err := vault.NewReader(p.Agreement, simulation.Vault)
	p.must(err)
	p.Reader.With(func(f *record.Fold) {
		p.must(r.Read(f, f.Size()))
		cov, err := r.Cover(f, func(d vault.Digest) ([]byte, error) { return p.Reader.Client().Object(p.ctx, [32]byte(d)) })
		p.must(err)
		c = cov.Cameras[0]
	})
	return c
}

// wantIntervals compares the classes of a coverage's intervals, in order.
func wantIntervals(t *testing.T, c vault.CameraCoverage, want ...string) {
	t.Helper()
	var got []string
	for _, i := range c.Intervals {
		got = append(got, string(i.Class)+" "+i.Reason)
	}
	for i, w := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], w) {
			t.Fatalf("the coverage is %q, want %q and no more after them but a gap", got, want)
		}
	}
	if len(got) > len(want)+1 || len(got) == len(want)+1 && !strings.HasPrefix(got[len(want)], string(vault.UnexplainedGap)) {
		t.Fatalf("the coverage is %q, want %q and no more after them but a gap", got, want)
	}
}

// sealedDigest is the digest of the dealing under which an epoch is sealed.
func (p *play) sealedDigest(epoch int64) (d vault.Digest, attempt int) {
	p.t.Helper()
	p.until("the epoch is sealed", func(_ *record.Fold, l *vault.Ledger) bool {
		a := l.Sealed(epoch)
		if a != nil {
			d, attempt = a.Digest, a.Core.Attempt
		}
		return a != nil
	})
	return d, attempt
}

// dealtAndStopped is a play whose recorder stopped between the first dealing
// and its submission; file is what it left.
func dealtAndStopped(t *testing.T) (p *play, file string) {
	p = newPlay(t, simulation.DefaultTerms().Small())
	dealt := make(chan struct{}, 100)
	p.Dealer(func(r vault.DealRequest) (*vault.DealResult, error) {
		p.Recorder.Line.Cut(true)
		dealt <- struct{}{}
		return simulation.Deal(r)
	})
	p.must(p.Sign(p.ctx))
	for _, a := range p.Custodians {
		p.must(a.Start(p.ctx))
	}
	p.must(p.Recorder.Start(p.ctx))
	<-dealt
	p.must(p.Recorder.Stop())
	p.Dealer(nil)
	p.Recorder.Line.Cut(false)
	p.until("all have seats", func(_ *record.Fold, l *vault.Ledger) bool {
		for _, c := range l.Custodies {
			if !c.Fresh() {
				return false
			}
		}
		return len(l.Attempts) == 0
	})
	return p, filepath.Join(p.Dir(simulation.Recorder), simulation.Vault, "dealing", "1-1")
}

// A dealing that was made and not submitted is submitted unchanged, if the
// custodians' keys are still those it was made for.
func TestCrashBetweenDealingAndSubmitting(t *testing.T) {
	p, file := dealtAndStopped(t)
	b, err := os.ReadFile(file)
	p.must(err)
	var made vault.DealResult
	p.must(json.Unmarshal(b, &made))
	whole := true
	for _, s := range made.Epoch.Seats {
		whole = whole && s.Key != ""
	}
	p.must(p.Recorder.Start(p.ctx))
	p.must(p.Epoch(p.ctx, 1))
	d, attempt := p.sealedDigest(1)
	if same := d.String() == made.Epoch.Digest; same != whole || !same && attempt != 2 {
		t.Errorf("attempt %d with digest %s is sealed; made before the crash, for all seats %v: %s", attempt, d, whole, made.Epoch.Digest)
	}
	p.until("nobody is at fault", func(_ *record.Fold, l *vault.Ledger) bool {
		for _, v := range l.Verdicts {
			if v.Culprit != "" {
				t.Errorf("%+v", v)
			}
		}
		return true
	})
}

// A dealing whose file is damaged is lost: the next attempt follows.
func TestLostDealingIsFollowedByTheNextAttempt(t *testing.T) {
	p, file := dealtAndStopped(t)
	p.must(os.WriteFile(file, []byte(`{"epoch":{"vau`), 0o600))
	p.must(p.Recorder.Start(p.ctx))
	p.must(p.Epoch(p.ctx, 1))
	if _, attempt := p.sealedDigest(1); attempt != 2 {
		t.Errorf("attempt %d is sealed, want 2", attempt)
	}
}

// halfSubmitted is a play whose recorder stopped when the core of its dealing
// was on the record and its ciphertexts were not.
func halfSubmitted(t *testing.T) *play {
	p := newPlay(t, simulation.DefaultTerms().Small())
	p.Recorder.Line.Tap(func(r *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/submit") {
			body, err := io.ReadAll(r.Body)
			if err != nil || bytes.Contains(body, []byte("\nkind shares\n")) {
				return nil, simulation.ErrCut
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		return send(r)
	})
	p.must(p.Sign(p.ctx))
	for _, a := range append(p.Custodians, p.Recorder) {
		p.must(a.Start(p.ctx))
	}
	p.until("the dealing is on the record by half", func(_ *record.Fold, l *vault.Ledger) bool {
		return len(l.Attempts) == 1 && l.Attempts[0].Status == vault.Incomplete
	})
	p.must(p.Recorder.Stop())
	p.Recorder.Line.Tap(nil)
	return p
}

func TestHalfSubmittedDealingIsCompleted(t *testing.T) {
	p := halfSubmitted(t)
	p.must(p.Recorder.Start(p.ctx))
	if _, attempt := p.sealedDigest(1); attempt != 1 {
		t.Errorf("attempt %d is sealed, want 1", attempt)
	}
}

func TestHalfSubmittedDealingWhoseRestIsLost(t *testing.T) {
	p := halfSubmitted(t)
	p.must(os.Remove(filepath.Join(p.Dir(simulation.Recorder), simulation.Vault, "dealing", "1-1")))
	p.must(p.Recorder.Start(p.ctx))
	if _, attempt := p.sealedDigest(1); attempt != 2 {
		t.Errorf("attempt %d is sealed, want 2", attempt)
	}
	if r := p.audit(audit.Holds); len(r.Conduct) > 0 {
		t.Errorf("somebody is named: %+v", r.Conduct)
	}
}

// The host takes what the recorder says and its answers are lost: nothing is
// said a second time in other words.
func TestAnswersThatAreLost(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	lost := map[string]bool{}
	p.Recorder.Line.Tap(func(r *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		if !strings.HasSuffix(r.URL.Path, "/submit") {
			return send(r)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		resp, err := send(r)
		if err != nil || lost[string(body)] {
			return resp, err
		}
		lost[string(body)] = true
		return nil, errors.Join(simulation.ErrCut, resp.Body.Close())
	})
	p.must(p.Begin(p.ctx))
	p.film(2)
	wantIntervals(t, p.coverage(), "covered")
	p.until("nothing is said twice", func(_ *record.Fold, l *vault.Ledger) bool {
		for _, v := range l.Verdicts {
			if !v.Force {
				t.Errorf("%+v", v)
			}
		}
		return true
	})
}

// A recorder that was started again numbers on, says that it was restarted, and
// seals nothing twice.
func TestRestartKeepsNumbersAndChain(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(2)
	p.must(p.Recorder.Restart(p.ctx))
	p.film(2)
	p.Recorder.Line.Cut(true)
	p.must(p.Film(p.ctx, 1)) // sealed, and not on the record when it stops
	p.must(p.Recorder.Stop())
	p.Recorder.Line.Cut(false)
	p.must(p.Recorder.Start(p.ctx))
	p.film(1)
	c := p.coverage()
	if c.Segments != 6 || len(c.Anomalies) > 0 {
		t.Errorf("%d segments, anomalies %+v", c.Segments, c.Anomalies)
	}
	wantIntervals(t, c, "covered")
}

// What the disk kept of a manifest that was being written when the machine
// stopped is no manifest: part of it, or a length and zeros.
func TestTornManifestFile(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	file := filepath.Join(p.Dir(simulation.Recorder), simulation.Vault, "manifest", "main")
	first, err := os.ReadFile(file)
	p.must(err)
	for _, tail := range [][]byte{first[:len(first)/2], append(bytes.Clone(first[:4]), make([]byte, len(first)-4)...), make([]byte, len(first))} {
		p.must(p.Recorder.Stop())
		whole, err := os.ReadFile(file)
		p.must(err)
		p.must(os.WriteFile(file, append(whole, tail...), 0o600))
		p.must(p.Recorder.Start(p.ctx))
		p.film(1)
	}
	if c := p.coverage(); c.Segments != 4 || len(c.Anomalies) > 0 || c.Seconds.Tamper > 0 {
		t.Errorf("%d segments, anomalies %+v", c.Segments, c.Anomalies)
	}
}

// A folder that is older than the record would make the recorder contradict
// itself: it does not go on.
func TestFolderOlderThanTheRecord(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.film(1)
	p.must(p.Recorder.Stop())
	backup := filepath.Join(t.TempDir(), "backup")
	p.must(os.CopyFS(backup, os.DirFS(p.Dir(simulation.Recorder))))
	p.must(p.Recorder.Start(p.ctx))
	p.film(1)
	p.must(p.Recorder.Stop())
	p.must(os.RemoveAll(p.Dir(simulation.Recorder)))
	p.must(os.CopyFS(p.Dir(simulation.Recorder), os.DirFS(backup)))
	p.must(p.Recorder.Start(p.ctx))
	select {
	case <-p.Recorder.Ended():
	case <-p.ctx.Done():
		t.Fatal("it goes on")
	}
	if err := p.Recorder.Stop(); err == nil || !strings.Contains(err.Error(), "restore it") {
		t.Errorf("it ended with %v", err)
	}
}

// The next epoch's key is late: recording goes on under the last one, visibly,
// until the new one is there.
func TestNextEpochLate(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	late := make(chan struct{})
	p.Dealer(func(r vault.DealRequest) (*vault.DealResult, error) {
		if r.Epoch >= 2 {
			select {
			case <-late:
			case <-p.ctx.Done():
				return nil, p.ctx.Err()
			}
		}
		return simulation.Deal(r)
	})
	p.must(p.Begin(p.ctx))
	p.film(12) // the eleventh is at the turn of the epochs, the twelfth in the second
	close(late)
	p.must(p.Epoch(p.ctx, 2))
	p.film(1)
	c := p.coverage()
	wantIntervals(t, c, "covered", "degraded under the key of epoch 1, in the time of epoch 2", "covered")
}

// Before the first epoch is sealed nothing is recorded: a gap.
func TestNothingIsRecordedBeforeTheFirstEpoch(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	p.must(p.Sign(p.ctx))
	p.must(p.Recorder.Start(p.ctx))
	p.must(p.Film(p.ctx, 2))
	if n, err := p.Segments(); err != nil || n != 0 {
		t.Fatalf("%d segments without a key, %v", n, err)
	}
	for _, a := range p.Custodians {
		p.must(a.Start(p.ctx))
	}
	p.must(p.Epoch(p.ctx, 1))
	p.film(1)
	wantIntervals(t, p.coverage(), "unexplained gap", "covered")
}

// A clip that did not fit is sealed as far as it fits, and says so.
func TestOverflowIsDegraded(t *testing.T) {
	p := begun(t, simulation.DefaultTerms().Small())
	p.must(p.Shoot(p.ctx, source.Clip{Data: bytes.Repeat([]byte{1}, p.Terms.SegmentBytes-vault.LengthSize), Overflow: true}))
	p.film(1)
	wantIntervals(t, p.coverage(), "degraded the segment has 0 of 10000 ms", "covered")
}
