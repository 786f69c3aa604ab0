package storm_test

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"detente/simulation/storm"
)

var (
	seed  = flag.Uint64("seed", 0, "replay this seed alone, with its trace on standard error")
	first = flag.Uint64("first", 1, "the first seed of the search")
	once  = flag.Bool("once", false, "live the first seed and print its trace")
	seeds = flag.Uint64("seeds", 200, "how many seeds")
)

func TestMain(m *testing.M) {
	storm.Remember()
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// live lives one plan through.
func live(t *testing.T, p storm.Plan, opt storm.Options) (r *storm.Result) {
	t.Run(fmt.Sprintf("seed %d", p.Seed), func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, p.Seed)
		io.ReadFull(rand.Reader, make([]byte, 1))
		synctest.Test(t, func(t *testing.T) {
			var err error
			if r, err = storm.Run(context.Background(), p, opt); err != nil {
				t.Error(err)
			}
		})
	})
	return r
}

func TestStorm(t *testing.T) {
	opt := storm.Options{}
	if *seed != 0 {
		*first, *seeds = *seed, 1
		opt.Trace = os.Stderr
		opt.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	counts := storm.Counts{}
	began := time.Now()
	steps, entries := 0, int64(0)
	outcomes := map[string]int{}
	for s := *first; s < *first+*seeds; s++ {
		r := live(t, storm.NewPlan(s), opt)
		if r == nil {
			t.Fatal("it did not run")
		}
		counts.Add(r.Counts)
		steps += r.Steps
		entries += r.Entries
		outcomes[r.Outcome]++
		if r.Violation != nil {
			t.Errorf("%v\nreplay: go test ./simulation/storm -run 'TestStorm$' -seed %d", r.Violation, s)
		}
	}
	took := time.Since(began)
	t.Logf("%d seeds, %d steps, %d entries, %v in %v: %.1f seeds/s, %.0f faults/s\n%s", *seeds, steps, entries, outcomes, took.Round(time.Millisecond),
		float64(*seeds)/took.Seconds(), float64(counts.Total())/took.Seconds(), counts.Table())
}
