package simulation_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"testing"
	"time"

	"detente/beneficiary"
	"detente/record"
	"detente/simulation"
	"detente/statement"
	"detente/vault"
)

var frameCustodians = flag.Int("custodians", 7, "how many custodians BenchmarkFirstFrame has, more than half of whom open")

// BenchmarkFirstFrame lives to the close of a vault that is released and takes
// the time from when the deciding tick is on the record to the first clip in
// clear: the tick is cosigned, the custodians act, the beneficiary asks them,
// checks what they hand over and opens a segment, all on loopback.
func BenchmarkFirstFrame(b *testing.B) {
	var took time.Duration
	for b.Loop() {
		took += firstFrame(b, *frameCustodians)
	}
	b.ReportMetric(took.Seconds()*1e3/float64(b.N), "frame-ms")
}

func firstFrame(b *testing.B, n int) time.Duration {
	ctx, cancel := context.WithTimeout(b.Context(), 4*time.Minute)
	defer cancel()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	terms := simulation.DefaultTerms()
	terms.Custodians, terms.Need, terms.Absent = nil, n/2+1, 1
	for i := range n {
		terms.Custodians = append(terms.Custodians, fmt.Sprint("c", i+1))
	}
	w, err := simulation.New(ctx, simulation.Options{Dir: b.TempDir(), Terms: terms, Seed: b.Name()})
	must(err)
	defer func() { must(w.Close()) }()
	must(w.Begin(ctx))
	must(w.Film(ctx, 1))
	must(w.Batched(ctx))
	say := func(by string, answers statement.ID, body statement.Body) statement.ID {
		r, err := w.Say(ctx, by, answers, body)
		must(err)
		must(w.Until(ctx, "it takes effect", func(f *record.Fold, _ *vault.Ledger) bool {
			j, ok := f.ByID(r.ID)
			return ok && j.Effect != nil
		}))
		return r.ID
	}
	claimed := say(simulation.Agency, none, lifting)
	say(simulation.Host, claimed, statement.VerifyBody{Commitment: simulation.Commitment, Finding: "accepts", Documents: []statement.Document{}})
	passed := make(chan error, 1)
	go func() { passed <- w.Pass(ctx, terms.Closes) }()
	must(w.Until(ctx, "the close is decided", func(f *record.Fold, _ *vault.Ledger) bool {
		return int64(f.Settled()) >= terms.Closes.Unix()
	}))
	began := time.Now()
	for {
		report, clips, err := w.Open(ctx)
		var early *beneficiary.NotReleasedError
		if errors.As(err, &early) && ctx.Err() == nil {
			continue // the tick is not final yet
		}
		must(err)
		took := time.Since(began)
		if len(clips) != 1 || report.Opened != 1 {
			b.Fatalf("opened %d: %+v", len(clips), report)
		}
		must(<-passed)
		return took
	}
}
