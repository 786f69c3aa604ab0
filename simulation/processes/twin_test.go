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
	said, dealt := twin.now.said.String()+p.now.said.String(), 0
	for _, a := range c.ledger.Attempts {
		digest := a.Digest.String()
		if !strings.Contains(said, digest) {
			continue
		}
		if dealt++; !kept(p, digest) && !kept(&twin, digest) {
			t.Errorf("the share of %s is in neither folder", digest)
		}
	}
	if dealt < 2 || strings.Contains(said, "complain") {
		t.Errorf("of %d dealings the two say: %s", dealt, tail(said))
	}
	c.export(acks)
	c.custodians()
	c.recorder()
}

// kept is whether a custodian's folder has the share of a dealing.
func kept(p *player, digest string) bool {
	found, err := filepath.Glob(p.folder(vaultOf, "share", digest+"*"))
	if err != nil || len(found) == 0 {
		return false
	}
	info, err := os.Stat(found[0])
	return err == nil && info.Size() > 0
}
