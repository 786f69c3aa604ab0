package processes

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// stranger is a user whom permissions bind: root does what it likes.
const stranger = 65534

// owned makes a player's folder and key a user's whom permissions bind, and has
// that user run its process from the next start on. Whoever runs this test is
// such a user already, unless he is root.
func (s *stage) owned(p *player) {
	s.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	p.user = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: stranger, Gid: stranger}}
	s.openWay(filepath.Dir(program))
	s.openWay(s.dir)
	for _, shared := range []string{"clips", "text"} {
		s.must(exec.Command("chmod", "-R", "a+rX", s.path(shared)).Run())
	}
	s.chown(p.dir)
	if i := indexOf(p.args, "--key"); i >= 0 {
		own := s.path("own-" + p.name)
		s.must(os.MkdirAll(own, 0o700))
		b, err := os.ReadFile(p.args[i+1])
		s.must(err)
		p.args[i+1] = filepath.Join(own, "key")
		s.must(os.WriteFile(p.args[i+1], b, 0o600))
		s.chown(own)
	}
}

// openWay lets everybody through to a folder below the temporary one.
func (s *stage) openWay(dir string) {
	s.t.Helper()
	for ; dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		s.must(err)
		s.must(os.Chmod(dir, info.Mode().Perm()|0o055))
	}
}

func (s *stage) chown(dir string) {
	s.t.Helper()
	s.must(filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, stranger, stranger)
	}))
}

// permit sets the permissions of a folder and of all folders in it. Files that
// come and go meanwhile do not matter.
func (s *stage) permit(dir string, mode fs.FileMode) {
	s.t.Helper()
	var dirs []string
	s.must(filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && d.IsDir() {
			dirs = append(dirs, name)
		}
		return err
	}))
	for _, d := range dirs {
		s.must(os.Chmod(d, mode))
	}
}

// TestPermissionLost takes from each role, while it runs under load, the
// permission to write in its folder. It says so, and acknowledges nothing that
// it could not keep; with the permission back all is there and goes on.
func TestPermissionLost(t *testing.T) {
	s, c, acks := prepared(t, 23)
	for _, name := range []string{registry, cameras, custodians[0], witnesses[0], copyist} {
		p := s.byName[name]
		s.must(p.kill())
		s.owned(p)
		_, err := p.start(s.ctx)
		s.must(err)
		load := s.write()
		s.eventually("something is acknowledged", func() bool { return len(load.acknowledged()) > 5 })
		s.permit(p.dir, 0o500)
		s.eventually(name+" notices that it may not write", func() bool {
			return p.alive() != nil || strings.Contains(p.now.said.String(), "permission denied")
		})
		load.stop()
		acks = append(acks, load.acknowledged()...)
		p.clear()
		if said := p.now.said.String(); strings.Contains(said, "panic") || !strings.Contains(said, "permission denied") || !strings.Contains(said, p.dir) {
			t.Errorf("%s, which may not write any more, says: %s", name, tail(said))
		}
		s.permit(p.dir, 0o700)
		_, err = p.start(s.ctx)
		s.must(err)
		again := s.write()
		s.eventually("it goes on", func() bool { return len(again.acknowledged()) > 5 })
		again.stop()
		acks = append(acks, again.acknowledged()...)
		c.update(acks)
		c.statements(load.acknowledged())
		c.statements(again.acknowledged())
	}
	s.allReady()
	c.export(acks)
	c.witnesses()
	c.custodians()
	c.recorder()
	c.mirror()
}
