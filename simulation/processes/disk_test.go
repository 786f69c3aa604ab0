package processes

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// smallDisk gives a folder on a file system of so many bytes; "" where mounting
// is not allowed.
func smallDisk(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", bytes)); err == nil {
		t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
		return dir
	}
	return ""
}

// limited has a player's files bounded in size, where no small disk can be
// mounted: a write beyond fails as on a full disk, with another word.
func limited(p *player, bytes int) {
	p.shell = []string{"sh", "-c", fmt.Sprintf(`trap '' XFSZ; ulimit -f %d; exec "$0" "$@"`, bytes/512)}
}

// TestDiskFull lets the disk of each role that writes fill up under load. What
// it acknowledged before is there after it got room; nothing that it could not
// write was acknowledged.
func TestDiskFull(t *testing.T) {
	for _, name := range []string{registry, cameras, custodians[0], witnesses[0], copyist} {
		t.Run(name, func(t *testing.T) {
			s, c, acks := prepared(t, 6)
			p := s.byName[name]
			s.must(p.kill())
			small := smallDisk(t, 3<<20)
			if small == "" {
				limited(p, 256<<10)
			} else {
				s.copyTo(small, p.dir)
				whole := p.dir
				p.dir = small
				defer func() { p.dir = whole }()
			}
			_, err := p.start(s.ctx)
			s.must(err)
			load := s.write()
			s.eventually("something was acknowledged on the small disk", func() bool { return len(load.acknowledged()) > 5 })
			if small != "" {
				fill(t, small)
			}
			s.fillsUp(p)
			load.stop()
			acks = append(acks, load.acknowledged()...)
			p.clear()
			if said := p.now.said.String(); strings.Contains(said, "panic") || !containsAny(said, "no space left", "file too large") {
				t.Errorf("%s on a full disk says: %s", name, tail(said))
			}
			p.shell = nil
			if small != "" { // there is room again
				s.must(os.Remove(small + "/filler"))
			}
			_, err = p.start(s.ctx)
			s.must(err)
			again := s.write()
			s.eventually("it goes on", func() bool { return len(again.acknowledged()) > 5 })
			again.stop()
			c.update(again.acknowledged())
			c.statements(load.acknowledged())
			c.export(acks)
			c.witnesses()
			c.custodians()
			c.recorder()
			s.mirrored(c)
		})
	}
}

// fill takes all the room that is left on a small disk.
func fill(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(dir + "/filler")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if _, err := f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
}

// fillsUp waits until a process has ended for want of room, or has said so.
func (s *stage) fillsUp(p *player) {
	s.t.Helper()
	s.eventually(p.name+" has no room", func() bool {
		return p.alive() != nil || containsAny(p.now.said.String(), "no space left", "file too large")
	})
}

// TestReadOnly starts each role in a folder in which it may not write: it says
// so and does not start, or, if it started before, loses nothing.
func TestReadOnly(t *testing.T) {
	s, c, acks := prepared(t, 7)
	for _, name := range []string{registry, witnesses[0], custodians[0], cameras, copyist} {
		p := s.byName[name]
		s.must(p.kill())
		if err := syscall.Mount(p.dir, p.dir, "", syscall.MS_BIND, ""); err != nil {
			p.user = nobody(t, p.dir)
			s.must(exec.Command("chmod", "-R", "a-w", p.dir).Run())
		} else {
			s.must(syscall.Mount("none", p.dir, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""))
		}
		_, err := p.start(s.ctx)
		said := p.now.said.String()
		if err == nil || strings.Contains(said, "panic") || !containsAny(said, "read-only", "permission denied") || !strings.Contains(said, p.dir) {
			t.Errorf("%s in a folder that it may not write: %v: %s", name, err, said)
		}
		p.clear()
		if p.user == nil {
			s.must(syscall.Unmount(p.dir, syscall.MNT_DETACH))
		} else {
			p.user = nil
			s.must(exec.Command("chmod", "-R", "u+w", p.dir).Run())
		}
		_, err = p.start(s.ctx)
		s.must(err)
	}
	c.update(acks)
	c.all(acks)
}

// nobody is a user who owns a folder and may not do more than he is allowed to.
func nobody(t *testing.T, dir string) *syscall.SysProcAttr {
	t.Helper()
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}
	}
	t.Fatal("as root, and without mounting, nothing is read-only")
	return nil
}

// TestClockBack starts each role with a clock that is an hour behind: nobody
// cosigns with an earlier time than before, nobody loses or contradicts
// anything, and when the clock is right again all goes on.
func TestClockBack(t *testing.T) {
	s, c, acks := prepared(t, 8)
	right := s.clock
	back := fmt.Sprintf("%s@%s*%d", begins.Add(-time.Hour).Format(time.RFC3339), time.Now().UTC().Format(time.RFC3339Nano), 1)
	for _, name := range []string{witnesses[0], custodians[0], cameras, registry} {
		p := s.byName[name]
		s.must(p.kill())
		p.clock = back
		_, err := p.start(s.ctx)
		s.must(err)
	}
	load := s.write()
	s.eventually("statements are taken in all the same", func() bool { return len(load.acknowledged()) > 5 || s.byName[registry].alive() != nil })
	load.stop()
	s.must(s.byName[registry].alive())
	said := s.byName[witnesses[0]].now.said.String()
	if !strings.Contains(said, "behind this witness's own last cosignature") {
		t.Errorf("a witness whose clock went back says: %s", said)
	}
	for _, name := range []string{witnesses[0], custodians[0], cameras, registry} {
		p := s.byName[name]
		s.must(p.kill())
		p.clock = right
		_, err := p.start(s.ctx)
		s.must(err)
	}
	acks = append(acks, load.acknowledged()...)
	c.update(acks)
	c.statements(load.acknowledged())
	c.witnesses()
	c.custodians()
	c.recorder()
}
