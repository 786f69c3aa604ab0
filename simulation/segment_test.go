package simulation_test

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"detente/beneficiary"
	"detente/record"
	"detente/recorder"
	"detente/simulation"
	"detente/vault"
)

// failure is what an opening reports of a segment.
func failure(r *beneficiary.Report, seq int64) beneficiary.Failure {
	i := slices.IndexFunc(r.Failed, func(f beneficiary.Failure) bool { return f.Seq == seq })
	if i < 0 {
		return beneficiary.Failure{}
	}
	return r.Failed[i]
}

// One segment was altered, one is gone: both are reported, neither is opened,
// and the others are. When the host has lost the batches too, it is said of
// which segments.
func TestSegmentsThatWereAlteredOrLost(t *testing.T) {
	p := released(t, simulation.DefaultTerms().Small(), func(p *play) {
		p.film(2)
		folder := filepath.Join(p.Dir(simulation.Recorder), simulation.Vault, "segment", "main")
		b, err := os.ReadFile(filepath.Join(folder, "2"))
		p.must(err)
		b[len(b)-100] ^= 1
		p.must(os.WriteFile(filepath.Join(folder, "2"), b, 0o600))
		p.must(os.Remove(filepath.Join(folder, "3")))
	})
	report, clips, err := p.Open(p.ctx)
	p.must(err)
	if report.Opened != 2 || !bytes.Equal(clips[1], simulation.Footage(0)) || !bytes.Equal(clips[4], simulation.Footage(3)) || len(report.Failed) != 2 {
		t.Errorf("opened %+v", report)
	}
	if f := failure(report, 2); f.Verdict != vault.SegmentAltered {
		t.Errorf("of the altered one it says %+v", f)
	}
	if f := failure(report, 3); f.Verdict != "" || f.Reason == "" {
		t.Errorf("of the lost one it says %+v", f)
	}
	p.must(os.RemoveAll(filepath.Join(p.Dir("agency-mirror"), "object")))
	p.AgencyLine.Tap(func(r *http.Request, send func(*http.Request) (*http.Response, error)) (*http.Response, error) {
		if strings.Contains(r.URL.Path, "/object/") {
			return nil, simulation.ErrCut
		}
		return send(r)
	})
	report, clips, err = p.Open(p.ctx)
	p.must(err)
	if report.Opened != 0 || len(clips) != 0 || len(report.Failed) == 0 || !strings.Contains(report.Failed[0].Reason, "manifests cannot be had") {
		t.Errorf("without the batches: %+v", report)
	}
}

// Files are sealed one by one: on a fresh folder too, with what does not fit or
// has no camera refused, and nothing after the close.
func TestFilesSealedOneByOne(t *testing.T) {
	p := newPlay(t, simulation.DefaultTerms().Small())
	p.must(p.Sign(p.ctx))
	for _, a := range p.Custodians {
		p.must(a.Start(p.ctx))
	}
	p.Clock.Set(p.Terms.Opens.Add(day))
	r, err := p.OpenRecorder(p.ctx, p.Recorder)
	p.must(err)
	defer r.Close()
	if _, err := r.SealFiles(p.ctx, "cellar", [][]byte{{1}}); err == nil || !strings.Contains(err.Error(), "no camera") {
		t.Errorf("for a camera that is not there: %v", err)
	}
	room := p.Terms.SegmentBytes - vault.LengthSize
	if _, err := r.SealFiles(p.ctx, "main", [][]byte{{1}, make([]byte, room+1)}); !errors.Is(err, recorder.ErrTooLarge) {
		t.Errorf("a byte too large: %v", err)
	}
	first, err := r.SealFiles(p.ctx, "main", [][]byte{[]byte("a document"), make([]byte, room)})
	if err != nil || first != 1 {
		t.Fatalf("sealed from %d, %v", first, err)
	}
	if first, err = r.SealFiles(p.ctx, "main", [][]byte{[]byte("another")}); err != nil || first != 3 {
		t.Fatalf("sealed from %d, %v", first, err)
	}
	p.until("three are on the record", func(_ *record.Fold, l *vault.Ledger) bool {
		if len(l.Attempts) > 1 {
			t.Errorf("%d dealings: none is needed ahead", len(l.Attempts))
		}
		return simulation.Sealed(l, "main") == 3
	})
	p.Clock.Set(p.Terms.Closes)
	if _, err := r.SealFiles(p.ctx, "main", [][]byte{{1}}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after the close: %v", err)
	}
}
