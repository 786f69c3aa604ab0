package processes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCustodianTwice runs a custodian from a copy of its folder beside the one
// that never stopped: two processes with one key. Each epoch's share goes to
// the key that one of them put on the record first; the other one says so, and
// what that can mean. Nobody is blamed, neither ends, and with both folders
// kept no share is lost.
func TestCustodianTwice(t *testing.T) {
	s, c, acks := prepared(t, 24)
	p := s.byName[custodians[0]]
	twin := *p
	twin.name, twin.dir, twin.talk, twin.now = p.name+"-twin", s.path("c1-twin"), s.path("c1-twin.talk"), nil
	s.copyTo(twin.dir, p.dir)
	s.players = append(s.players, &twin)
	_, err := twin.start(s.ctx)
	s.must(err)
	const word = "another process speaks as this custodian"
	s.eventually("one of the two finds that the other was dealt a share", func() bool {
		return strings.Contains(twin.now.said.String()+p.now.said.String(), word)
	})
	s.must(twin.alive())
	s.must(p.alive())
	c.update(nil)
	if said := twin.now.said.String() + p.now.said.String(); strings.Contains(said, "complain") {
		t.Errorf("somebody is blamed: %s", tail(said))
	}
	s.must(twin.kill())
	s.must(p.kill())
	together := 0
	secrets := append(files(t, twin.folder(vaultOf, "share")), files(t, twin.folder(vaultOf, "key"))...)
	for _, name := range secrets {
		to := p.folder(vaultOf, filepath.Base(filepath.Dir(name)), filepath.Base(name))
		if _, err := os.Stat(to); err == nil {
			continue
		}
		b, err := os.ReadFile(name)
		s.must(err)
		s.must(os.WriteFile(to, b, 0o600))
		together++
	}
	if together == 0 {
		t.Error("the copy had no share and no key of its own")
	}
	c.update(nil)
	_, err = p.start(s.ctx)
	s.must(err)
	c.export(acks)
	c.custodians()
	c.recorder()
}
