package processes

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"detente/internal/pkcs11/pkcs11test"
)

// procedures are the blocks of commands in docs/operations.md, by their names.
func procedures(t *testing.T) map[string]string {
	t.Helper()
	b, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, m := range regexp.MustCompile("(?ms)^```sh ([a-z-]+)\n(.*?)^```$").FindAllStringSubmatch(string(b), -1) {
		out[m[1]] = m[2]
	}
	return out
}

// TestProcedures follows the operators' procedures, with the very commands that
// docs/operations.md gives.
func TestProcedures(t *testing.T) {
	s, c, acks := prepared(t, 5)
	blocks, used := procedures(t), map[string]bool{}
	follow := func(name string, p *player, more ...string) {
		t.Helper()
		used[name] = true
		if blocks[name] == "" {
			t.Fatalf("docs/operations.md has no commands called %s", name)
		}
		cmd := exec.CommandContext(s.ctx, "sh", "-eu", "-c", blocks[name])
		cmd.Dir = s.dir
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"), "HOME="+s.dir,
			"DIR="+p.dir, "KEY="+s.key(p.name), "RECORD="+s.record, "MIRROR="+s.record1())
		cmd.Env = append(cmd.Env, more...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s for %s: %v\n%s", name, p.name, err, out)
		}
	}
	stopped := func(p *player, steps ...string) {
		t.Helper()
		if status, _, err := p.stop(s.ctx); err != nil || status != 0 {
			t.Fatalf("%s stops with status %d: %v", p.name, status, err)
		}
		for _, name := range steps {
			follow(name, p)
		}
		_, err := p.start(s.ctx)
		s.must(err)
		follow("check", p)
	}
	host := s.byName[registry]
	stopped(host, "depositary-copy")
	stopped(s.byName[witnesses[0]])
	stopped(s.byName["c1"], "custodian-key")
	for _, name := range append([]string{cameras}, custodians...) {
		s.must(s.byName[name].kill()) // what only a lost depositary had seen could not be restored
	}
	s.mirrored(c)
	if _, _, err := host.stop(s.ctx); err != nil {
		t.Fatal(err)
	}
	follow("depositary-restore", host)
	s.comesBack(c, host, acks)
	s.mirrored(c)
	follow("check", host)
	token := s.token(agency)
	follow("token-key", host, token...)
	follow("token-sign", host, token...)
	for name := range blocks {
		if !used[name] {
			t.Errorf("the commands called %s in docs/operations.md are followed by nobody", name)
		}
	}
}

// token is what a person has who moves a key into a token: the helper program
// beside the binary, an empty slot, and a PIN in a file.
func (s *stage) token(name string) []string {
	s.t.Helper()
	_, err := pkcs11test.Build(filepath.Dir(program))
	s.must(err)
	tokens, err := pkcs11test.New(s.dir)
	s.must(err)
	pin := s.path("pin")
	s.must(os.WriteFile(pin, []byte("86420\n"), 0o600))
	return []string{tokens.Env(), "LIBRARY=" + tokens.Library, "NAME=" + name, "KEY=" + s.key(name), "SO_PIN=13579", "PIN=86420", "DETENTE_PIN_FILE=" + pin}
}
