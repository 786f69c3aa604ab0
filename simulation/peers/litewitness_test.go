package peers

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"detente/agreement"
	"detente/internal/built"
	"detente/internal/clock"
	"detente/mirror"
	"detente/record"
	"detente/statement"
	"detente/witness"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// litewitness starts one process with the key of this name, as its operator
// would: the key in an ssh-agent, the logs seeded into its database, since its
// own tool for that cannot be built here. It gives the address.
func litewitness(t *testing.T, name string, logs map[string]string) string {
	t.Helper()
	// A unix socket's path has room for about a hundred bytes.
	dir, err := os.MkdirTemp("", "lw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := sshAgent(t, dir, name)
	db := filepath.Join(dir, "litewitness.db")
	seed(t, db, logs)
	key, err := ssh.NewSignerFromKey(private(name))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 { // the port that was free a moment ago may be taken
		address := freePort(t)
		if serves(t, dir, address, program(t, "litewitness"), "-name", name, "-db", db, "-ssh-agent", socket,
			"-listen", address, "-key", ssh.FingerprintSHA256(key.PublicKey())) {
			return "http://" + address
		}
	}
	t.Fatal("litewitness does not start")
	return ""
}

// sshAgent serves an agent that holds the private key of a name.
func sshAgent(t *testing.T, dir, name string) string {
	t.Helper()
	keys := agent.NewKeyring()
	secret := private(name)
	if err := keys.Add(agent.AddedKey{PrivateKey: &secret}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				agent.ServeAgent(keys, c)
				c.Close()
			}()
		}
	}()
	return socket
}

// seed writes the logs, verifier keys by origin, into a new database.
func seed(t *testing.T, db string, logs map[string]string) {
	t.Helper()
	empty := sha256.Sum256(nil)
	script := `CREATE TABLE log (origin TEXT PRIMARY KEY, tree_size INTEGER NOT NULL, tree_hash TEXT NOT NULL);
CREATE TABLE key (origin TEXT NOT NULL, key TEXT NOT NULL, FOREIGN KEY(origin) REFERENCES log(origin));
`
	for origin, key := range logs {
		script += fmt.Sprintf("INSERT INTO log VALUES ('%s', 0, '%s');\nINSERT INTO key VALUES ('%s', '%s');\n",
			origin, base64.StdEncoding.EncodeToString(empty[:]), origin, key)
	}
	cmd := exec.Command("sqlite3", db)
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("sqlite3: %v: %s (scripts/install-test-tools.sh installs it)", err, out)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// serves starts a program that will listen at an address, until the test ends,
// and reports whether it came to listen.
func serves(t *testing.T, dir, address, path string, args ...string) bool {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, args...)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		log.Close()
	})
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ended:
			said, _ := os.ReadFile(log.Name())
			t.Logf("%s ended: %s", path, said)
			return false
		case <-look.C:
			if c, err := net.Dial("tcp", address); err == nil {
				c.Close()
				return true
			}
		}
	}
}

// detenteWitness starts `detente witness` as a process and gives its address.
func detenteWitness(t *testing.T, name, kind string, more ...string) string {
	t.Helper()
	dir := t.TempDir()
	binary, err := built.Command(dir, "detente/cmd/detente")
	if err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "key")
	writeKey(t, key, name, kind)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, binary, append([]string{"witness", "--dir", filepath.Join(dir, "witness"), "--key", key}, more...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening ")
	if !ok {
		t.Fatalf("detente witness says %q, %v", line, err)
	}
	return address
}

// inProcess opens Detente's witness in this process with these logs, and gives
// its address.
func inProcess(t *testing.T, name string, logs map[string]string) string {
	t.Helper()
	w, err := witness.Open(witness.Config{Dir: t.TempDir(), Signer: signer(name), Clock: clock.Real{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	for origin := range logs {
		if err := w.Add(origin, signer("host").Public()); err != nil {
			t.Fatal(err)
		}
	}
	s := httptest.NewServer(w.Handler())
	t.Cleanup(s.Close)
	return s.URL
}

// A gate stands before a witness and can make it slow, wrong or dead.
type gate struct {
	*httptest.Server
	spoil atomic.Pointer[func(http.ResponseWriter, *http.Request)] // in place of the witness
	calls atomic.Int64
}

func newGate(t *testing.T, address string) *gate {
	t.Helper()
	g := &gate{}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.calls.Add(1)
		if spoil := g.spoil.Load(); spoil != nil {
			(*spoil)(w, r)
			return
		}
		forward(w, r, address)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gate) be(spoil func(http.ResponseWriter, *http.Request)) {
	if spoil == nil {
		g.spoil.Store(nil)
		return
	}
	g.spoil.Store(&spoil)
}

// forward hands a request on and the answer back.
func forward(w http.ResponseWriter, r *http.Request, address string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	status, answer, kind := send(r.Context(), r.Method, address+r.URL.Path, string(body))
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	io.WriteString(w, answer)
}

// send makes a request; status 502 if there was no answer.
func send(ctx context.Context, method, url, body string) (status int, answer, kind string) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return http.StatusBadGateway, err.Error(), ""
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return http.StatusBadGateway, err.Error(), ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return http.StatusBadGateway, err.Error(), ""
	}
	return resp.StatusCode, string(b), resp.Header.Get("Content-Type")
}

// signBody is a party's signature under the agreement.
var signBody = statement.SignBody{Findings: statement.ID{}.String()}

// TestLitewitness lives a small agreement through with three litewitness
// processes and one `detente witness` process as its witnesses, 3 of 4. The last
// one's key is of ML-DSA-44, so that whenever one of the others is in trouble the
// quorum is mixed.
func TestLitewitness(t *testing.T) {
	keys := keysOf()
	seoul, err := statement.NewMLDSACosigner("seoul", private("seoul").Seed())
	if err != nil {
		t.Fatal(err)
	}
	keys["seoul"] = seoul.Key().String()
	w := newWorld(t, terms("pledge-of-alba", keys))
	gates := w.witnesses()
	w.open()
	f := w.follow()
	w.until(f, "all four have dated the opening", func(fold *record.Fold) bool {
		return fold.Size() >= 2 && fold.Entry(0).Covered
	})
	for _, party := range []agreement.Name{"alba", "brio"} {
		w.act(f, w.say(party, signBody))
	}
	if _, ok := f.Fold().State().InForce(); !ok {
		t.Fatal("signed by both and not in force")
	}
	w.everyoneCosigned(f)
	w.oneTroubled(f, gates)
	// The deed is claimed; brio keeps silent for two seconds, which accepts it.
	claim := w.act(f, w.say("alba", statement.PerformBody{Commitment: "pledge", Documents: []statement.Document{}}))
	deadline := claim.At + 2
	w.until(f, "the silence is decided", func(fold *record.Fold) bool { return fold.Settled() >= deadline })
	events := f.Fold().Events()
	if last := events[len(events)-1]; last.Entry != -1 || last.At != deadline {
		t.Errorf("the last event is %+v, want the deadline, dated %s", last, deadline)
	}
	for i := range f.Fold().Size() {
		if fault := f.Fold().Entry(i).Fault; fault != nil {
			t.Errorf("entry %d is inert: %v", i, fault)
		}
	}
	w.losesItsStore(gates)
}

// witnesses starts all four, each behind a gate. seoul is Detente's own.
func (w *world) witnesses() map[string]*gate {
	w.t.Helper()
	gates := map[string]*gate{}
	for _, name := range names {
		address := ""
		if name == "seoul" {
			address = detenteWitness(w.t, name, "witness-ml-dsa-44")
		} else {
			origin := record.Origin(w.a)
			address = litewitness(w.t, name, map[string]string{origin: signer("host").Public().VKey(origin)})
		}
		gates[name] = newGate(w.t, address)
		w.cfg.Witnesses[agreement.Name(name)] = gates[name].URL
	}
	return gates
}

// everyoneCosigned looks whether proofs on the record carry lines of all four.
func (w *world) everyoneCosigned(f *mirror.Follower) {
	w.t.Helper()
	seen := map[agreement.Name]bool{}
	f.With(func(fold *record.Fold) {
		for i := range fold.Size() {
			if p := record.Must(fold.Read(i)).Proof; p != nil {
				for _, c := range p.Cosignatures {
					seen[c.Witness] = true
				}
			}
		}
	})
	for _, name := range names {
		if !seen[agreement.Name(name)] {
			w.t.Errorf("no proof of time carries a cosignature of %s", name)
		}
	}
}
