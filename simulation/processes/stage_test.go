package processes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"detente/agreement"
	"detente/internal/built"
	"detente/internal/clock"
	"detente/internal/keyfile"
	"detente/mirror"
	"detente/statement"
)

// program is the binary under test, built once by TestMain.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "detente-processes-")
	if err != nil {
		panic(err)
	}
	if program, err = built.Command(dir, "detente/cmd/detente"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// A stage is one record and the processes around it.
type stage struct {
	t    *testing.T
	ctx  context.Context
	dir  string
	rand *rand.Rand

	keys      map[string]*keyfile.Key
	players   []*player // in the order in which they were first started
	byName    map[string]*player
	last      []*player // killed last, and perhaps still starting
	clock     string
	record    string // address of the record
	base      string // of the depositary
	id        agreement.Digest
	agreement *agreement.Agreement
	client    *mirror.Client
	reader    *mirror.Follower
	segments  string // address of the recorder
}

// newStage writes keys, the text and the footage; nothing runs yet.
func newStage(t *testing.T, seed uint64, otherwise string) *stage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), *limit)
	t.Cleanup(cancel)
	s := &stage{t: t, ctx: ctx, dir: t.TempDir(), rand: rand.New(rand.NewPCG(seed, 0)), keys: map[string]*keyfile.Key{}, byName: map[string]*player{}}
	public := map[string]string{}
	make := func(kind keyfile.Kind, names ...string) {
		for _, name := range names {
			k, err := keyfile.Create(s.key(name), name, kind, "")
			s.must(err)
			s.keys[name], public[name] = k, k.Public()
		}
	}
	make(keyfile.Ed25519, host, agency, registry, cameras)
	make(keyfile.Ed25519, custodians...)
	make(keyfile.Witness, witnesses...)
	s.must(os.MkdirAll(s.path("text"), 0o700))
	s.must(os.WriteFile(s.path("text", "cameras.agreement"), []byte(text(public, otherwise)), 0o600))
	s.must(os.MkdirAll(s.path("clips"), 0o700))
	for i := range 16 {
		s.must(os.WriteFile(s.path("clips", fmt.Sprintf("%02d.bin", i)), footage(i), 0o600))
	}
	s.must(clock.Conduct(s.path("clock"), time.Now().Add(time.Hour)))
	s.clock = fmt.Sprintf("%s@file:%s*%d", begins.Format(time.RFC3339), s.path("clock"), rate)
	t.Cleanup(s.clear)
	return s
}

// footage is what is in the i-th file that the camera shows.
func footage(i int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "clip %d of the camera; ", i), 1500/24)
}

func (s *stage) path(parts ...string) string {
	return filepath.Join(append([]string{s.dir}, parts...)...)
}
func (s *stage) key(name string) string { return s.path("keys", name+".key") }

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// clear ends every process, and says what each said if the test has failed.
func (s *stage) clear() {
	for _, p := range s.players {
		p.clear()
		if s.t.Failed() && p.now != nil {
			s.t.Logf("%s said at last:\n%s", p.name, tail(p.now.said.String()))
		}
	}
	if s.reader != nil {
		s.reader.Close()
	}
}

func tail(text string) string {
	const most = 1500
	if len(text) > most {
		text = "..." + text[len(text)-most:]
	}
	return text
}

// player makes a player; it is not started.
func (s *stage) player(name, role string, args ...string) *player {
	p := &player{name: name, role: role, dir: s.path(name), args: args, talk: s.path(name + ".talk"), clock: s.clock}
	s.players = append(s.players, p)
	s.byName[name] = p
	return p
}

// start makes a player and starts it.
func (s *stage) start(name, role string, args ...string) (url string) {
	s.t.Helper()
	url, err := s.player(name, role, args...).start(s.ctx)
	s.must(err)
	return url
}

// port finds a port for a process that will come back to it. It is below those
// that the system gives to callers, who could have it when the process is down,
// and claimed against other runs of these tests, who draw the same numbers: the
// socket of the same number that takes datagrams is this run's until its end.
func (s *stage) port() string {
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+s.rand.IntN(20_000))
		claim, err := net.ListenPacket("udp", address)
		if err != nil {
			continue
		}
		ln, err := net.Listen("tcp", address)
		if err != nil {
			claim.Close()
			continue
		}
		ln.Close()
		s.t.Cleanup(func() { claim.Close() })
		return address
	}
	s.t.Fatal("no free port")
	return ""
}

// open starts the witnesses and the depositary, has the record opened and
// signed by both parties, then starts everybody else and the clock.
func (s *stage) open() {
	s.t.Helper()
	var at []string
	for _, name := range witnesses {
		address := s.port()
		s.start(name, "witness", "--key", s.key(name), "--listen", address)
		at = append(at, "--witness", name+"=http://"+address)
	}
	address := s.port()
	s.base = "http://" + address
	s.record = s.start(registry, "serve", append([]string{"--key", s.key(registry), "--agreement", s.path("text"), "--listen", address}, at...)...)
	s.follow()
	for _, name := range custodians {
		s.start(name, "custodian", append([]string{"--key", s.key(name), "--record", s.record}, at...)...)
	}
	s.start(copyist, "mirror", "--record", s.record, "--listen", s.port())
	findings := s.findings()
	for _, name := range []string{host, agency} {
		s.run("sign", "--findings", findings, "--record", s.record, "--dir", s.path("parties", name), "--key", s.key(name))
	}
	s.segments = s.start(cameras, "recorder", "--key", s.key(cameras), "--record", s.record, "--vault", vaultOf,
		"--source", "folder:"+s.path("clips"), "--listen", s.port(), "--batch", batch.String())
	s.must(clock.Conduct(s.path("clock"), time.Now()))
}

// follow makes the reader, which remembers the largest head in its folder.
func (s *stage) follow() {
	s.t.Helper()
	base, hex, _ := strings.Cut(strings.TrimPrefix(s.record, "http://"), "/")
	var err error
	s.id, err = agreement.ParseDigest(strings.Trim(hex, "/"))
	s.must(err)
	s.client, err = mirror.NewClient("http://"+base, s.id, nil)
	s.must(err)
	s.reader, err = mirror.Open(s.ctx, mirror.Config{Dir: s.path("reader"), Client: s.client})
	s.must(err)
	s.agreement = s.reader.Agreement()
}

// findings is the digest of what the checker says of the text.
func (s *stage) findings() string {
	s.t.Helper()
	var report struct{ Digest string }
	s.must(json.Unmarshal([]byte(s.run("check", "--json", s.path("text"))), &report))
	return report.Digest
}

// run runs a command to its end, which must be good, and gives its answer.
func (s *stage) run(args ...string) string {
	s.t.Helper()
	out, talk, status := s.command(args...)
	if status != 0 {
		s.t.Fatalf("detente %s: status %d\n%s%s", strings.Join(args, " "), status, out, talk)
	}
	return out
}

// command runs a command to its end.
func (s *stage) command(args ...string) (out, talk string, status int) {
	s.t.Helper()
	var o, e bytes.Buffer
	cmd := exec.CommandContext(s.ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &o, &e
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		s.t.Fatalf("detente %s: %v", strings.Join(args, " "), err)
	}
	return o.String(), e.String(), cmd.ProcessState.ExitCode()
}

// copyTo copies what is in a folder, with everybody's permissions, as a backup
// does: the process whose folder it is may run. What it was writing has another
// name by the time it is looked at, and is left out.
func (s *stage) copyTo(to, from string) {
	s.t.Helper()
	s.must(filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		gone := func(err error) bool { return errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(name, ".tmp") }
		if gone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if gone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		copied := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(copied, info.Mode().Perm())
		}
		b, err := os.ReadFile(name)
		if gone(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return os.WriteFile(copied, b, info.Mode().Perm())
	}))
}

// signer signs statements under a party's name.
func (s *stage) signer(name string) statement.Signer {
	signer, err := statement.NewSigner(name, s.keys[name].Seed())
	s.must(err)
	return signer
}

// declaration is words of a party, under a head of the record.
func declaration(a *agreement.Agreement, signer statement.Signer, seen statement.Head, words string) ([]byte, error) {
	said := &statement.Statement{
		Agreement: a.ID, Bundle: a.ID, By: agreement.Name(signer.Name()), Seen: seen,
		Body: statement.DeclareBody{Text: words, Documents: []statement.Document{}},
	}
	text, err := said.Text()
	if err != nil {
		return nil, err
	}
	return statement.Sign(text, signer)
}

// pause waits in the machine's time.
func (s *stage) pause(d time.Duration) {
	s.t.Helper()
	s.must(clock.Real{}.Sleep(s.ctx, d))
}

// eventually waits for what only the outside of a process shows.
func (s *stage) eventually(what string, cond func() bool) {
	s.t.Helper()
	for !cond() {
		if (clock.Real{}).Sleep(s.ctx, 5*time.Millisecond) != nil {
			s.t.Fatalf("waiting until %s: %v", what, s.ctx.Err())
		}
	}
}
