package processes

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"detente/vault"
)

var (
	seedFlag = flag.Uint64("seed", 0, "seed of the first world; 0 draws one")
	kills    = flag.Int("kills", 24, "how many processes TestKilled kills at least")
	limit    = flag.Duration("limit", 3*time.Minute, "how long one world may take")
)

// killsOfWorld is how many are killed around one record: more make the record
// long, and it is read and audited again after every round.
const killsOfWorld = 120

// killsOfRound is how many are killed between two checks.
const killsOfRound = 8

// TestKilled kills real processes at random moments, under load, and looks
// after each round whether anything that was acknowledged is gone: statements,
// cosignatures, shares, manifests. At the end of each world the vault is
// erased, or released and opened.
func TestKilled(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	sum := tally{byRole: map[string]int{}}
	began := time.Now()
	for world := uint64(0); sum.kills < *kills; world++ {
		n := min(killsOfWorld, *kills-sum.kills)
		otherwise := []string{"erase", "release"}[(seed+world)%2]
		t.Run(fmt.Sprintf("%d-%s", seed+world, otherwise), func(t *testing.T) { killed(t, seed+world, otherwise, n, &sum) })
		if t.Failed() {
			t.Fatalf("again: go test ./simulation/processes -run TestKilled -count 1 -seed %d -kills %d", seed+world, n)
		}
		fmt.Fprintf(os.Stderr, "%6v  %s\n", time.Since(began).Round(time.Second), &sum)
	}
	t.Log(&sum)
	for _, role := range roles {
		if *kills >= killsOfWorld && sum.byRole[role] == 0 {
			t.Errorf("no %s was killed", role)
		}
	}
	if sum.acks == 0 || sum.shares+sum.destroyed == 0 || sum.manifests == 0 {
		t.Errorf("nothing was acknowledged that could have been lost: %s", &sum)
	}
}

// A tally is what a run exercised.
type tally struct {
	kills, starting, together    int
	byRole                       map[string]int
	worlds, rounds, audits       int
	acks, retries                int
	shares, manifests, destroyed int
	opened                       int
}

func (s *tally) String() string {
	var each []string
	for _, role := range roles {
		each = append(each, fmt.Sprintf("%s %d", role, s.byRole[role]))
	}
	return fmt.Sprintf("%d kills (%s; %d while starting, %d with others) in %d worlds and %d rounds; %d statements acknowledged, %d requests made again, %d shares kept, %d destroyed, %d manifests, %d clips opened, %d audits",
		s.kills, strings.Join(each, ", "), s.starting, s.together, s.worlds, s.rounds, s.acks, s.retries, s.shares, s.destroyed, s.manifests, s.opened, s.audits)
}

// killed lives one world through.
func killed(t *testing.T, seed uint64, otherwise string, n int, sum *tally) {
	s := newStage(t, seed, otherwise)
	s.open()
	c := newChecker(s)
	load := s.write()
	defer load.stop()
	s.firstEpoch(c)
	for done := 0; done < n; {
		for round := 0; round < killsOfRound && done < n; {
			k := s.strike(sum)
			round, done = round+k, done+k
		}
		s.allReady()
		c.all(load.acknowledged())
		sum.rounds++
		if t.Failed() {
			return
		}
	}
	load.stop()
	s.toTheClose(c, load, otherwise, sum)
	sum.worlds++
	sum.acks += len(load.acks)
	sum.retries += load.tries
	sum.manifests += len(c.reel)
	sum.audits += c.audits
}

// firstEpoch waits until an epoch's key is sealed: before, there are no shares
// and no segments. On a slow machine that of the first period may come too late.
func (s *stage) firstEpoch(c *checker) {
	s.t.Helper()
	s.eventually("an epoch is sealed", func() bool {
		c.update(nil)
		return slices.ContainsFunc(c.ledger.Attempts, func(a *vault.Attempt) bool { return a.Status == vault.Sealed })
	})
}

// strike kills one process, sometimes several at once, sometimes one that is
// only starting, and starts each again. It gives how many it killed.
func (s *stage) strike(sum *tally) (n int) {
	s.t.Helper()
	// Often the last to be started is still starting: that takes some twenty
	// milliseconds.
	longest := []int{15, 40, 160}[s.rand.IntN(3)]
	s.pause(time.Duration(s.rand.IntN(longest*1000)) * time.Microsecond)
	victims := 1
	if s.rand.IntN(6) == 0 {
		victims += 1 + s.rand.IntN(4)
	}
	struck := s.draw(victims)
	for _, p := range struck {
		select {
		case first := <-p.now.ready:
			p.now.ready <- first
		default:
			sum.starting++
		}
		if err := p.kill(); err != nil {
			s.t.Fatalf("before it was killed: %v", err)
		}
		sum.kills++
		sum.byRole[p.role]++
	}
	if victims > 1 {
		sum.together += len(struck)
	}
	for _, p := range struck {
		if _, err := p.begin(); err != nil {
			s.t.Fatal(err)
		}
	}
	if s.rand.IntN(3) > 0 { // else they may be killed while they start
		for _, p := range struck {
			s.ready(p)
		}
	} else {
		s.last = struck
	}
	return len(struck)
}

// roles are what is killed, each as often as the others.
var roles = []string{"serve", "witness", "custodian", "recorder", "mirror"}

// draw draws whom to kill: a role, then one of those who have it; or whoever
// is still starting.
func (s *stage) draw(n int) (struck []*player) {
	if starting := s.last; len(starting) > 0 && s.rand.IntN(2) == 0 {
		s.last = nil
		return starting[:min(n, len(starting))]
	}
	s.last = nil
	for len(struck) < n {
		role := roles[s.rand.IntN(len(roles))]
		var able []*player
		for _, p := range s.players {
			if p.role == role {
				able = append(able, p)
			}
		}
		if p := able[s.rand.IntN(len(able))]; !slices.Contains(struck, p) {
			struck = append(struck, p)
		}
	}
	return struck
}

func (s *stage) ready(p *player) {
	s.t.Helper()
	if _, err := p.await(s.ctx, p.now); err != nil {
		s.t.Fatal(err)
	}
}

// allReady waits until every process has started, and looks that none has ended.
func (s *stage) allReady() {
	s.t.Helper()
	for _, p := range s.players {
		s.ready(p)
		s.must(p.alive())
	}
}

// toTheClose has a time pass in which every machine was off, to just after the
// close, kills once more while the vault's outcome is acted on, and looks what
// came of it.
func (s *stage) toTheClose(c *checker, load *load, otherwise string, sum *tally) {
	s.t.Helper()
	for _, p := range s.players {
		s.must(p.kill())
	}
	c.recorder()
	after := fmt.Sprintf("%s@%s*%d", closes.Add(time.Hour).Format(time.RFC3339), time.Now().UTC().Format(time.RFC3339Nano), rate)
	for _, p := range s.players {
		p.clock = after
		if _, err := p.begin(); err != nil {
			s.t.Fatal(err)
		}
	}
	s.allReady()
	for range 4 {
		s.strike(sum)
	}
	s.allReady()
	s.eventually("every manifest that the recorder kept is on the record", func() bool {
		c.update(nil)
		c.recorder()
		return len(c.sealed) == len(c.reel)
	})
	switch otherwise {
	case "erase":
		s.eventually("all custodians say that they erased", func() bool {
			c.update(nil)
			return !slices.ContainsFunc(c.ledger.Custodies, func(k *vault.Custody) bool { return len(k.Erased) == 0 })
		})
		sum.destroyed += c.erased()
	case "release":
		sum.shares += c.shares
		sum.opened += s.opens(c)
	}
	acks := load.acknowledged()
	c.update(acks)
	c.statements(acks)
	c.export(acks)
	c.witnesses()
	c.mirror()
	c.recorder()
	c.coverage()
}

// erased looks that no custodian has a share or a key left, and that it stays
// so when each is killed and starts again: it never serves after an erasure.
func (c *checker) erased() (shares int) {
	s := c.s
	s.t.Helper()
	for _, name := range custodians {
		s.must(s.byName[name].kill())
		_, err := s.byName[name].start(s.ctx)
		s.must(err)
		for _, folder := range []string{"share", "key"} {
			left, err := os.ReadDir(s.byName[name].folder(vaultOf, folder))
			if err != nil || len(left) > 0 {
				s.t.Errorf("%s has erased, and its folder %s holds %v: %v", name, folder, left, err)
			}
		}
	}
	if len(c.ledger.HandOvers) > 0 {
		s.t.Errorf("a custodian handed over: %+v", c.ledger.HandOvers)
	}
	_, talk, status := s.command("open", "--record", s.record, "--segments", s.segments, "--key", s.key(agency), "--dir", s.path("parties", agency), "--out", s.path("opened"), "--wait", "1s")
	if status != 1 || !strings.Contains(talk, "erase") {
		s.t.Errorf("opening an erased vault: status %d, %s", status, talk)
	}
	return c.shares
}

// opens has the beneficiary open the vault, and compares every clip with what
// the camera had shown.
func (s *stage) opens(c *checker) (opened int) {
	s.t.Helper()
	out := s.path("opened")
	s.run("open", "--record", s.record, "--segments", s.segments, "--key", s.key(agency), "--dir", s.path("parties", agency), "--out", out, "--wait", "60s")
	shown := map[string]bool{}
	for i := range 16 {
		shown[string(footage(i))] = true
	}
	files, err := filepath.Glob(filepath.Join(out, "*.*"))
	s.must(err)
	for _, name := range files {
		if filepath.Base(name)[0] == '.' {
			continue // the delivery keys
		}
		b, err := os.ReadFile(name)
		if err != nil || !shown[string(b)] {
			s.t.Errorf("%s did not come out as it went in: %v", name, err)
			continue
		}
		opened++
	}
	if opened != len(c.reel) || opened == 0 {
		s.t.Errorf("%d clips opened of %d sealed", opened, len(c.reel))
	}
	return opened
}
