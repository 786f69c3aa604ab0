package processes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// prepared is a stage with a little of everything in every folder, whose
// processes are stopped, and a checker that knows what was acknowledged.
func prepared(t *testing.T, seed uint64) (*stage, *checker, []ack) {
	t.Helper()
	s := newStage(t, seed, "erase")
	s.open()
	c := newChecker(s)
	load := s.write()
	s.firstEpoch(c)
	s.eventually("something of everything is there", func() bool {
		c.update(nil)
		return len(c.ledger.Seals) > 1 && len(load.acknowledged()) > 10
	})
	load.stop()
	acks := load.acknowledged()
	s.allReady()
	c.all(acks)
	return s, c, acks
}

// halt stops every process, politely.
func (s *stage) halt() {
	s.t.Helper()
	for i := len(s.players) - 1; i >= 0; i-- {
		if status, _, err := s.players[i].stop(s.ctx); status != 0 || err != nil {
			s.t.Fatalf("%s, told to end: status %d, %v\n%s", s.players[i].name, status, err, s.players[i].now.said)
		}
	}
}

// files are the files below a folder, without locks and what is not durable.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && d.Name() != "lock" {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// A harm is what may happen to a file.
type harm struct {
	name string
	do   func(name string, b []byte) error
}

var harms = []harm{
	{"missing", func(name string, b []byte) error { return os.Remove(name) }},
	{"emptied", func(name string, b []byte) error { return os.Truncate(name, 0) }},
	{"flipped", func(name string, b []byte) error {
		b[len(b)*2/3] ^= 4
		return os.WriteFile(name, b, 0o600)
	}},
}

// TestDamagedFiles harms each file of each role's folder in each way. Whether
// the process then refuses, with the file's name and what to do, or goes on:
// nothing that was acknowledged is gone, altered or contradicted.
func TestDamagedFiles(t *testing.T) {
	s, c, acks := prepared(t, 1)
	s.halt()
	refused, went := 0, 0
	for _, name := range []string{registry, witnesses[0], custodians[0], cameras, copyist} {
		p := s.byName[name]
		whole := filepath.Join(s.dir, "whole")
		s.must(os.RemoveAll(whole))
		s.copyTo(whole, p.dir)
		for _, file := range some(files(t, p.dir)) {
			for _, h := range harms {
				rel, _ := filepath.Rel(p.dir, file)
				what := fmt.Sprintf("%s: %s, %s", name, rel, h.name)
				s.must(os.RemoveAll(p.dir))
				s.copyTo(p.dir, whole)
				b, err := os.ReadFile(file)
				s.must(err)
				if len(b) == 0 {
					continue
				}
				s.must(h.do(file, b))
				if s.refuses(p, what, filepath.Base(file)) {
					refused++
				} else {
					went++
					s.showsNoLess(c, p, what, acks)
				}
			}
		}
		s.must(os.RemoveAll(p.dir))
		s.copyTo(p.dir, whole)
	}
	t.Logf("%d refusals, %d went on with nothing lost", refused, went)
	if refused == 0 || went == 0 {
		t.Errorf("%d refusals and %d that went on: too few to show anything", refused, went)
	}
}

// some leaves out what there is many of: two of each folder show as much.
func some(names []string) (out []string) {
	seen := map[string]int{}
	for _, n := range names {
		dir := filepath.Dir(n)
		if strings.Contains(dir, "object") {
			dir = "object"
		}
		if seen[dir]++; seen[dir] <= 2 {
			out = append(out, n)
		}
	}
	return out
}

// refuses starts a process alone. It either refuses, with exit status 1 and
// words that name the file or its folder and say what to do, or runs.
func (s *stage) refuses(p *player, what, file string) bool {
	s.t.Helper()
	_, err := p.start(s.ctx)
	dead, ended := errors.AsType[*deadError](err)
	if err != nil && !ended {
		s.t.Fatal(err)
	}
	if !ended {
		return false
	}
	if strings.HasSuffix(what, "bundle, missing") && dead.status == 3 && strings.Contains(dead.said, "fetching the agreement") {
		return true // it is fetched again when the depositary is back
	}
	if dead.status != 1 {
		s.t.Errorf("%s: status %d: %s", what, dead.status, dead.said)
	}
	if strings.Contains(dead.said, "panic") || !containsAny(dead.said, "restore", "delete", "replace", "destroy", "keep the folder") {
		s.t.Errorf("%s: does not say what to do: %s", what, dead.said)
	}
	return true
}

func containsAny(s string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(s, w) {
			return true
		}
	}
	return false
}

// showsNoLess looks, from outside, at a role that went on although its folder
// was harmed, and stops it.
func (s *stage) showsNoLess(c *checker, p *player, what string, acks []ack) {
	s.t.Helper()
	switch p.role {
	case "serve":
		note := c.get(s.record + "head")
		if note == nil {
			s.t.Errorf("%s: it shows no head", what)
			break
		}
		if cp := c.checkpoint(note); cp.Size < c.size() {
			// Without its witnesses it takes nothing in; with them it stops.
			s.t.Errorf("%s: it shows %d entries of %d", what, cp.Size, c.size())
		} else {
			c.compare("the depositary", cp)
		}
	case "witness":
		c.witness(p.name, false)
	case "mirror":
		// Alone, it cannot fetch again what it lost; it may show that, and never
		// something else.
	}
	p.clear()
}

// TestTwoOfOneFolder has a second process refused in each role's folder, with
// the first one's number.
func TestTwoOfOneFolder(t *testing.T) {
	s, _, _ := prepared(t, 2)
	for _, name := range []string{registry, witnesses[0], custodians[0], cameras, copyist} {
		first := s.byName[name]
		second := *first
		second.args = append([]string(nil), first.args...)
		if i := indexOf(second.args, "--listen"); i >= 0 {
			second.args[i+1] = "127.0.0.1:0"
		}
		_, err := second.start(s.ctx)
		dead, ok := errors.AsType[*deadError](err)
		if !ok || dead.status == 0 || !strings.Contains(dead.said, fmt.Sprintf("process %d", first.now.cmd.Process.Pid)) {
			t.Errorf("%s: a second process in its folder: %v", name, err)
		}
		second.clear()
		s.must(first.alive())
	}
}

func indexOf(list []string, word string) int {
	for i, e := range list {
		if e == word {
			return i
		}
	}
	return -1
}

// TestRestore follows the procedure that a depositary's own refusal names: its
// folder is an old copy; it stops, says which command to run, and after that
// command everything acknowledged is there again.
func TestRestore(t *testing.T) {
	s, c, _ := prepared(t, 3)
	p := s.byName[registry]
	// Nobody says anything of his own accord: what nobody has seen but the
	// depositary that loses it cannot be restored.
	for _, name := range append([]string{cameras}, custodians...) {
		s.must(s.byName[name].kill())
	}
	s.must(p.kill())
	old := s.path("old")
	s.copyTo(old, p.dir)
	_, err := p.start(s.ctx)
	s.must(err)
	load := s.write()
	s.eventually("more is acknowledged", func() bool { return len(load.acknowledged()) > 10 })
	load.stop()
	acks := load.acknowledged()
	s.mirrored(c)
	s.must(p.kill())
	s.must(os.Rename(p.dir, s.path("lost")))
	s.must(os.Rename(old, p.dir))

	l, err := p.begin()
	s.must(err)
	status, err := p.ended(s.ctx)
	s.must(err)
	said := l.said.String()
	if status != 1 || !strings.Contains(said, "detente restore --from MIRROR --dir "+p.dir+" --key KEY") || !strings.Contains(said, "is an old copy") {
		t.Fatalf("on an old copy: status %d: %s", status, said)
	}
	before := s.restore(s.record1())
	s.comesBack(c, p, acks)
	s.mirrored(c)

	// A store that does not open is moved aside, as it says, and restored whole.
	s.must(p.kill())
	tails, err := filepath.Glob(p.folder("store", "log", "*", "tail"))
	s.must(err)
	s.must(os.Truncate(tails[0], 10))
	if !s.refuses(p, "a damaged store", "tail") || !strings.Contains(p.now.said.String(), "detente restore") {
		t.Fatalf("a damaged store: %s", p.now.said)
	}
	s.must(os.Rename(p.folder("store"), p.folder("store.damaged")))
	again := s.restore(s.record1())
	if before == again {
		t.Errorf("into an old copy and into an empty folder alike: %s", again)
	}
	s.comesBack(c, p, acks)

	// An export is as good, if nothing came after it.
	container, _, err := s.reader.Export(s.ctx)
	s.must(err)
	s.must(os.WriteFile(s.path("now.detente"), container, 0o600))
	s.must(p.kill())
	s.must(os.RemoveAll(p.dir))
	s.restore(s.path("now.detente"))
	s.restore(s.path("now.detente")) // twice is harmless
}

// mirrored waits until the mirror has all that was shown to anybody.
func (s *stage) mirrored(c *checker) {
	s.t.Helper()
	s.eventually("the mirror has it all", func() bool {
		s.must(s.reader.Update(s.ctx))
		final, _ := s.reader.Final()
		c.mirror()
		return c.seen["the mirror"] == c.size() && final == c.size()
	})
}

// record1 is the address of the record at the mirror.
func (s *stage) record1() string {
	return "http://" + listens(s.byName[copyist]) + "/" + s.id.String() + "/"
}

// restore runs the command that the refusals name.
func (s *stage) restore(from string) string {
	s.t.Helper()
	return s.run("restore", "--from", from, "--dir", s.byName[registry].dir, "--key", s.key(registry))
}

// comesBack starts the depositary and looks for what was acknowledged.
func (s *stage) comesBack(c *checker, p *player, acks []ack) {
	s.t.Helper()
	_, err := p.start(s.ctx)
	s.must(err)
	load := s.write()
	s.eventually("it takes statements in again", func() bool { return len(load.acknowledged()) > 3 })
	load.stop()
	c.update(load.acknowledged())
	c.statements(acks)
	c.witnesses()
}
