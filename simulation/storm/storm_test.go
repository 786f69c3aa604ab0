package storm_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"detente/simulation/storm"
)

var (
	seed    = flag.Uint64("seed", 0, "replay this seed alone, with its trace on standard error")
	once    = flag.Bool("once", false, "live the first seed and print its trace")
	first   = flag.Uint64("first", 1, "the first seed of the search")
	seeds   = flag.Uint64("seeds", 300, "how many seeds")
	faults  = flag.Int64("faults", 0, "search until so many faults were injected; 0: so many seeds")
	within  = flag.Duration("within", 30*time.Minute, "with -faults: search no longer than this")
	workers = flag.Int("workers", 1, "with -faults: in so many processes")
	stride  = flag.Uint64("stride", 1, "from one seed to the next")
	stop    = flag.Bool("stop", false, "end with the first violation")
	summary = flag.Bool("summary", false, "print the summary in JSON")
)

func TestMain(m *testing.M) {
	storm.Remember()
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}

// live lives one plan through.
func live(t *testing.T, p storm.Plan, opt storm.Options) (r *storm.Result) {
	t.Helper()
	t.Run(fmt.Sprintf("seed %d", p.Seed), func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, p.Seed)
		synctest.Test(t, func(t *testing.T) {
			var err error
			if r, err = storm.Run(context.Background(), p, opt); err != nil {
				t.Error(err)
			}
		})
	})
	if r == nil {
		t.Fatal("it did not run")
	}
	return r
}

// A tally is what came of many seeds.
type tally struct {
	Seeds, Steps, Entries int64
	Opened                int64
	Outcomes              map[string]int64
	Counts                storm.Counts
	Violations            []string
}

func (y *tally) add(r *storm.Result) {
	y.merge(&tally{Seeds: 1, Steps: int64(r.Steps), Entries: r.Entries, Opened: int64(r.Opened), Outcomes: map[string]int64{r.Outcome: 1}, Counts: r.Counts})
	if r.Violation != nil {
		y.Violations = append(y.Violations, fmt.Sprintf("%v\nreplay: go test ./simulation/storm -run 'TestStorm$' -seed %d", r.Violation, r.Seed))
	}
}

func (y *tally) merge(o *tally) {
	y.Seeds, y.Steps, y.Entries, y.Opened = y.Seeds+o.Seeds, y.Steps+o.Steps, y.Entries+o.Entries, y.Opened+o.Opened
	y.Counts.Add(o.Counts)
	for k, n := range o.Outcomes {
		y.Outcomes[k] += n
	}
	y.Violations = append(y.Violations, o.Violations...)
}

func newTally() *tally { return &tally{Outcomes: map[string]int64{}, Counts: storm.Counts{}} }

// Whatever fails, whoever lies within what the design allows, what it promises
// holds; and with -faults, every kind of fault was there.
func TestStorm(t *testing.T) {
	began := time.Now()
	var y *tally
	switch {
	case *faults > 0 && *workers > 1:
		y = spread(t)
	default:
		y = search(t)
	}
	if *summary {
		b, err := json.Marshal(y)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("summary %s\n", b)
		return
	}
	for _, v := range y.Violations {
		t.Error(v)
	}
	if missing := y.Counts.Missing(); *faults > 0 && len(missing) > 0 {
		t.Errorf("never injected: %q", missing)
	}
	took := time.Since(began)
	t.Logf("%d seeds, %d steps, %d entries, %d clips opened, outcomes %v, %v: %.1f seeds/s, %.0f faults/s\n%s", y.Seeds, y.Steps, y.Entries, y.Opened, y.Outcomes,
		took.Round(time.Millisecond), float64(y.Seeds)/took.Seconds(), float64(y.Counts.Total())/took.Seconds(), y.Counts.Table())
}

// search lives seeds through in this process.
func search(t *testing.T) *tally {
	opt := storm.Options{}
	if *seed != 0 {
		*first, *seeds = *seed, 1
		opt.Trace = os.Stderr
		opt.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	began, y := time.Now(), newTally()
	n := *seeds
	if testing.Short() {
		n = min(n, 10)
	}
	for s := *first; ; s += *stride {
		if *faults > 0 && (y.Counts.Total() >= *faults || time.Since(began) > *within) || *faults == 0 && s >= *first+n**stride {
			return y
		}
		y.add(live(t, storm.NewPlan(s), opt))
		if *stop && len(y.Violations) > 0 {
			return y
		}
	}
}

// spread shares the search among processes.
func spread(t *testing.T) *tally {
	all := newTally()
	var mu sync.Mutex
	var wait sync.WaitGroup
	for i := range *workers {
		wait.Go(func() {
			out, err := exec.Command(os.Args[0], "-test.run", "TestStorm$", "-test.timeout", (*within + 10*time.Minute).String(), "-summary",
				"-first", fmt.Sprint(*first+uint64(i)), "-stride", fmt.Sprint(*workers), "-faults", fmt.Sprint(*faults/int64(*workers)), "-within", within.String()).CombinedOutput()
			mu.Lock()
			defer mu.Unlock()
			y := newTally()
			if err := read(out, y); err != nil {
				t.Errorf("worker %d: %v", i, err)
			}
			if err != nil && len(y.Violations) == 0 {
				t.Errorf("worker %d: %v:\n%s", i, err, out)
			}
			all.merge(y)
		})
	}
	wait.Wait()
	return all
}

func read(out []byte, y *tally) error {
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "summary "); ok {
			return json.Unmarshal([]byte(text), y)
		}
	}
	return fmt.Errorf("it printed no summary:\n%s", out)
}
