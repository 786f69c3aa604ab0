package depositary

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"detente/agreement"
	"detente/mirror"
	"detente/statement"
)

// TestKilledWhileReading kills a process again and again that reads records for
// those who ask, gives them up, and reads the others in the background, at any
// moment from its start: it starts again, every time, and what it acknowledged
// is there.
func TestKilledWhileReading(t *testing.T) {
	if dir := os.Getenv("DETENTE_TEST_DEPOSITARY"); dir != "" {
		hostForEver(t, dir)
	}
	const n, rounds = 30, 12
	w := many(t, n, room{records: 2, weight: 1 << 40})
	rng := rand.New(rand.NewPCG(1, 1))
	var mu sync.Mutex
	acks := map[statement.ID]ack{}
	acknowledged := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(acks)
	}
	for round := range rounds {
		process, url := w.child()
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for g := range 6 {
			mine := rand.New(rand.NewPCG(uint64(round), uint64(g)))
			all.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					at := 1 + mine.IntN(n)
					r := w.of(at)
					client, err := mirror.NewClient(url, r.a.ID, nil)
					if err != nil {
						t.Error(err)
						return
					}
					receipt, err := client.Submit(ctx, r.brio(declare(fmt.Sprint(round, g, i))))
					if err == nil { // else it is unconfirmed, or dead
						mu.Lock()
						acks[receipt.ID] = ack{int32(at), receipt.Index, receipt.ID}
						mu.Unlock()
					}
				}
			})
		}
		if round%4 == 0 { // this one has time to do something
			for before := acknowledged(); acknowledged() < before+10 && !t.Failed(); {
				rest(t.Context(), time.Millisecond)
			}
		} else {
			rest(t.Context(), time.Duration(rng.IntN(150))*time.Millisecond)
		}
		if err := process.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		process.Wait() // says that it was killed
		cancel()
		all.Wait()
	}
	w.start()
	w.surveyed()
	for _, a := range acks {
		h := w.of(int(a.Record)).hosted()
		h.mu.RLock()
		j, ok := h.fold.ByID(a.ID)
		h.mu.RUnlock()
		w.d.done(h)
		if !ok || j.Index != a.Index {
			t.Errorf("record %d: acknowledged as entry %d, and is not there", a.Record, a.Index)
		}
	}
}

// child runs this test binary again as a process that hosts the world's
// records; it returns its address.
func (w *world) child() (*exec.Cmd, string) {
	w.t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhileReading$")
	var at []string
	for name, url := range w.cfg.Witnesses {
		at = append(at, string(name)+"="+url)
	}
	cmd.Env = append(os.Environ(), "DETENTE_TEST_DEPOSITARY="+w.cfg.Dir, "DETENTE_TEST_WITNESSES="+strings.Join(at, " "))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), "http://") {
		w.t.Fatalf("the process says %q, %v", lines.Text(), lines.Err())
	}
	return cmd, lines.Text()
}

func hostForEver(t *testing.T, dir string) {
	w := &world{t: t, cfg: Config{
		Dir: dir, Signer: key("host", "host"), Clock: newHand(), Log: quiet(), Batch: time.Millisecond,
		Witnesses: map[agreement.Name]string{}, room: room{records: 2, weight: 1 << 40},
	}}
	for pair := range strings.FieldsSeq(os.Getenv("DETENTE_TEST_WITNESSES")) {
		name, url, _ := strings.Cut(pair, "=")
		w.cfg.Witnesses[agreement.Name(name)] = url
	}
	w.cfg.HTTP = &http.Client{}
	w.start()
	fmt.Println(w.server.URL)
	select {} // until killed
}
