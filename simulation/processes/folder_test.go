package processes

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFolderOfAnotherRole gives each role's folder to each other role: it is
// refused, by its mark, and where there is none, as in folders from before
// there were marks, by what is in it. The role itself goes on in both.
func TestFolderOfAnotherRole(t *testing.T) {
	s, c, acks := prepared(t, 21)
	s.halt()
	roles := []string{registry, witnesses[0], custodians[0], cameras, copyist}
	for _, owner := range roles {
		dir := s.byName[owner].dir
		for _, marked := range []bool{true, false} {
			if !marked {
				s.must(os.Remove(dir + "/role"))
			}
			for _, other := range roles {
				if other == owner {
					continue
				}
				second := *s.byName[other]
				second.dir = dir
				_, err := second.start(s.ctx)
				dead, ok := errors.AsType[*deadError](err)
				want := fmt.Sprintf("%s is the folder of %s, and detente %s must not work in it", dir, s.byName[owner].role, second.role)
				if !ok || dead.status != 2 || !strings.Contains(dead.said, want) {
					t.Errorf("%s in the folder of %s, marked %v: %v", other, owner, marked, err)
				}
				second.clear()
			}
		}
	}
	for _, name := range append([]string{registry}, s.names()...) {
		if s.byName[name].alive() == nil {
			continue
		}
		_, err := s.byName[name].start(s.ctx)
		s.must(err)
		if b, err := os.ReadFile(s.byName[name].folder("role")); err != nil || !strings.Contains(string(b), "\n"+s.byName[name].role+"\n") {
			t.Errorf("%s: its mark is %q, %v", name, b, err)
		}
	}
	s.allReady()
	c.update(acks)
	c.all(acks)
}

// names are those of all players.
func (s *stage) names() (out []string) {
	for _, p := range s.players {
		out = append(out, p.name)
	}
	return out
}

// TestToldToEndTwice tells a depositary to end while somebody is in the middle
// of sending: it waits for him. Told again it ends at once and says so, and
// nothing that it acknowledged is gone.
func TestToldToEndTwice(t *testing.T) {
	s, c, acks := prepared(t, 22)
	p := s.byName[registry]
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(signal.String(), func(t *testing.T) {
			address := strings.TrimPrefix(s.base, "http://")
			slow, err := net.Dial("tcp", address)
			s.must(err)
			defer slow.Close()
			path := strings.TrimPrefix(s.record, s.base)
			_, err = fmt.Fprintf(slow, "POST %sadd HTTP/1.1\r\nHost: %s\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n", path, address)
			s.must(err)
			answer := make([]byte, 25) // it asks for the body: it is in the middle
			_, err = slow.Read(answer)
			s.must(err)
			s.must(p.now.cmd.Process.Signal(syscall.SIGTERM))
			s.eventually("it takes no more calls", func() bool {
				conn, err := net.DialTimeout("tcp", address, time.Second)
				if err == nil {
					conn.Close()
				}
				return err != nil
			})
			s.must(p.alive())
			began := time.Now()
			s.must(p.now.cmd.Process.Signal(signal))
			status, err := p.ended(s.ctx)
			s.must(err)
			if said := p.now.said.String(); status != 3 || !strings.Contains(said, "told to end a second time ("+signal.String()+")") {
				t.Errorf("status %d after %v: %s", status, time.Since(began), said)
			}
			s.comesBack(c, p, acks)
		})
	}
}
