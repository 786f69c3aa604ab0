package processes

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"detente/vault"

	"filippo.io/age"
)

// A gate stands between a custodian and the depositary: while it is shut, all
// that is read passes and nothing that is said.
type gate struct {
	*httptest.Server
	shut atomic.Bool
}

func (s *stage) gate() *gate {
	g := &gate{}
	to, err := url.Parse(s.base)
	s.must(err)
	through := httputil.NewSingleHostReverseProxy(to)
	through.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.shut.Load() && r.Method == http.MethodPost {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		through.ServeHTTP(w, r)
	}))
	s.t.Cleanup(g.Close)
	return g
}

// shares are the secret scalars of the shares that lie in a custodian's folder.
func (s *stage) shares(p *player) (scalars [][]byte) {
	s.t.Helper()
	names, err := filepath.Glob(p.folder(vaultOf, "share", "*"))
	s.must(err)
	for _, name := range names {
		b, err := os.ReadFile(name)
		s.must(err)
		if len(b) != vault.ShareSize {
			s.t.Fatalf("%s has %d bytes, want %d", name, len(b), vault.ShareSize)
		}
		scalars = append(scalars, b[:32])
	}
	return scalars
}

// found are how many of the secrets stand in any file of a folder.
func (s *stage) found(dir string, secrets [][]byte) (n int) {
	s.t.Helper()
	s.must(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && !d.Type().IsRegular() {
			return nil
		}
		if err != nil {
			return err
		}
		b, err := os.ReadFile(path)
		for _, secret := range secrets {
			n += bytes.Count(b, secret)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}))
	return n
}

// guarded looks at a custodian's process from outside: no core dump, its key in
// locked pages that are left out of dumps; and who is not the machine's root
// may not look at all.
func (s *stage) guarded(p *player) {
	s.t.Helper()
	proc := fmt.Sprintf("/proc/%d/", p.now.cmd.Process.Pid)
	maps, err := os.ReadFile(proc + "smaps")
	if os.Geteuid() != 0 {
		if !errors.Is(err, fs.ErrPermission) {
			s.t.Errorf("another process of this user reads %ssmaps: %v", proc, err)
		}
		return
	}
	s.must(err)
	locked := 0
	for l := range strings.Lines(string(maps)) {
		if f := strings.Fields(l); len(f) > 0 && f[0] == "VmFlags:" && slices.Contains(f, "lo") && slices.Contains(f, "dd") {
			locked++
		}
	}
	if locked == 0 {
		s.t.Errorf("%s has no locked memory that is left out of dumps", p.name)
	}
	limits, err := os.ReadFile(proc + "limits")
	s.must(err)
	for l := range strings.Lines(string(limits)) {
		if rest, ok := strings.CutPrefix(l, "Max core file size"); ok && strings.Join(strings.Fields(rest)[:2], " ") != "0 0" {
			s.t.Errorf("%s may write a core dump: %s", p.name, l)
		}
	}
}

// inMemory is how many of the secrets stand in a process's memory.
func (s *stage) inMemory(p *player, secrets [][]byte) (n int, looked int64) {
	s.t.Helper()
	proc := fmt.Sprintf("/proc/%d/", p.now.cmd.Process.Pid)
	maps, err := os.ReadFile(proc + "maps")
	s.must(err)
	mem, err := os.Open(proc + "mem")
	s.must(err)
	defer mem.Close()
	for l := range strings.Lines(string(maps)) {
		var from, to int64
		var mode string
		if _, err := fmt.Sscanf(l, "%x-%x %s", &from, &to, &mode); err != nil || !strings.HasPrefix(mode, "rw") {
			continue
		}
		b := make([]byte, to-from)
		got, _ := mem.ReadAt(b, from) // guard pages and what was given back do not read
		looked += int64(got)
		for _, secret := range secrets {
			n += bytes.Count(b[:got], secret)
		}
	}
	return n, looked
}

// TestCustodianErases watches one custodian's process from its first share
// to the erasure: killed between destroying and saying, it says it once; a copy
// of its folder from before is destroyed again, and that is said too.
func TestCustodianErases(t *testing.T) {
	s := newStage(t, 11, "erase")
	s.open()
	c, g, p := newChecker(s), s.gate(), s.byName["c1"]
	s.must(p.kill())
	p.args[indexOf(p.args, "--record")+1] = strings.Replace(s.record, s.base, g.URL, 1)
	_, err := p.start(s.ctx)
	s.must(err)
	s.firstEpoch(c)
	s.eventually("c1 has a share", func() bool { c.update(nil); return len(s.shares(p)) > 0 })
	s.guarded(p)
	s.sealedFolder(s.byName["c2"])
	s.sealedWithPassphrase(s.byName["c3"])
	secrets := s.shares(p)
	if n := s.found(p.dir, secrets); n < len(secrets) {
		t.Fatalf("%d of %d shares are found where they are", n, len(secrets))
	}
	s.dealtAndForgotten(s.byName[cameras], secrets)
	old := s.path("c1.old")
	s.copyTo(old, p.dir)

	g.shut.Store(true)
	s.afterTheClose(p)
	s.eventually("c1 has destroyed its shares", func() bool { return len(s.shares(p)) == 0 })
	if n := s.found(p.dir, secrets); n > 0 {
		t.Errorf("%d shares are left in the folder after the erasure", n)
	}
	if os.Geteuid() == 0 {
		n, looked := s.inMemory(p, secrets)
		if n > 0 || looked < 1<<20 {
			t.Errorf("%d shares are left in %d bytes of memory after the erasure", n, looked)
		}
	}
	erased := func() []vault.Erasure { c.update(nil); return c.ledger.Custodies[0].Erased }
	s.must(p.kill())
	if e := erased(); len(e) > 0 {
		t.Fatalf("c1 said %+v through a gate that is shut", e)
	}
	g.shut.Store(false)
	_, err = p.start(s.ctx)
	s.must(err)
	s.eventually("c1 says that it erased", func() bool { return len(erased()) > 0 })
	s.must(p.kill())
	_, err = p.start(s.ctx)
	s.must(err)
	s.must(p.kill())
	if e := erased(); len(e) != 1 || e[0].Again {
		t.Errorf("c1 said %+v, want one erasure, once", e)
	}

	s.must(os.RemoveAll(p.dir))
	s.copyTo(p.dir, old)
	_, err = p.start(s.ctx)
	s.must(err)
	s.eventually("c1 says that it erased again", func() bool { return len(erased()) > 1 })
	if e := erased(); len(e) != 2 || !e[1].Again || s.found(p.dir, secrets) > 0 {
		t.Errorf("of a restored copy c1 said %+v and left %d shares", e, s.found(p.dir, secrets))
	}
}

// dealtAndForgotten looks for shares where they were dealt: the recorder's folder
// and its process, which had a child of its own do it.
func (s *stage) dealtAndForgotten(p *player, secrets [][]byte) {
	s.t.Helper()
	if n := s.found(p.dir, secrets); n > 0 {
		s.t.Errorf("%d shares are in the recorder's folder", n)
	}
	if os.Geteuid() != 0 {
		return
	}
	if n, looked := s.inMemory(p, secrets); n > 0 || looked < 1<<20 {
		s.t.Errorf("%d shares are in %d bytes of the recorder's memory", n, looked)
	}
}

// afterTheClose starts everybody but one, who is told by the record alone what
// time it is, with clocks that show an hour after the close.
func (s *stage) afterTheClose(but *player) {
	s.t.Helper()
	after := fmt.Sprintf("%s@%s*%d", closes.Add(time.Hour).Format(time.RFC3339), time.Now().UTC().Format(time.RFC3339Nano), rate)
	for _, p := range s.players {
		if p == but {
			continue
		}
		s.must(p.kill())
		p.clock = after
		_, err := p.begin()
		s.must(err)
	}
}

// sealedFolder seals a custodian's folder to a file's identity through the
// command line, and opens it with another, and with none.
func (s *stage) sealedFolder(p *player) {
	s.t.Helper()
	var paths []string
	for _, name := range []string{"seal", "other-seal"} {
		id, err := age.GenerateX25519Identity()
		s.must(err)
		paths = append(paths, s.path(name))
		s.must(os.WriteFile(s.path(name), []byte(id.String()+"\n"), 0o600))
	}
	s.eventually(p.name+" has a share", func() bool { return len(s.shares(p)) > 0 })
	secrets, plain := s.shares(p), p.args
	s.must(p.kill())
	p.args = append(slices.Clone(plain), "--seal-with", paths[0])
	_, err := p.start(s.ctx)
	s.must(err)
	if n := s.found(p.dir, secrets); n > 0 {
		s.t.Errorf("%d shares of %s stand open in its sealed folder", n, p.name)
	}
	s.must(p.kill())
	for _, args := range [][]string{append(slices.Clone(plain), "--seal-with", paths[1]), plain} {
		p.args = args
		l, err := p.begin()
		s.must(err)
		status, err := p.ended(s.ctx)
		s.must(err)
		if status == 0 || !strings.Contains(l.said.String(), "seal") {
			s.t.Errorf("%s with the wrong seal: status %d: %s", p.name, status, l.said)
		}
	}
	p.args = append(slices.Clone(plain), "--seal-with", paths[0])
	_, err = p.start(s.ctx)
	s.must(err)
}

// sealedWithPassphrase does the same with a passphrase, the wrong one told in words.
func (s *stage) sealedWithPassphrase(p *player) {
	s.t.Helper()
	s.t.Setenv("DETENTE_PASSPHRASE_FILE", s.path("phrase"))
	s.must(p.kill())
	p.args = append(p.args, "--seal-with", "passphrase")
	for _, c := range []struct {
		phrase string
		opens  bool
	}{{"first words", true}, {"other words", false}, {"first words", true}} {
		s.must(os.WriteFile(s.path("phrase"), []byte(c.phrase+"\n"), 0o600))
		if !c.opens {
			s.must(p.kill())
			l, err := p.begin()
			s.must(err)
			status, err := p.ended(s.ctx)
			s.must(err)
			if status == 0 || !strings.Contains(l.said.String(), "does not open with what was given") {
				s.t.Errorf("%s with the wrong passphrase: status %d: %s", p.name, status, l.said)
			}
			continue
		}
		_, err := p.start(s.ctx)
		s.must(err)
	}
}
