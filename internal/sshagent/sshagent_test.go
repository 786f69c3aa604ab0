package sshagent

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

func drawn(t *testing.T) (ed25519.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return public, private
}

func TestReferences(t *testing.T) {
	for s, want := range map[string]Reference{
		"ssh-agent:SHA256:abc":      {Key: "SHA256:abc"},
		"ssh-agent:me@host":         {Key: "me@host"},
		"ssh-agent:two words":       {Key: "two words"},
		"iran=ssh-agent:SHA256:abc": {Name: "iran", Key: "SHA256:abc"},
		"iran=ssh-agent:a=b":        {Name: "iran", Key: "a=b"},
	} {
		if got, ok := ParseReference(s); !ok || got != want {
			t.Errorf("%s is %+v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "iran.key", "ssh-agent:", "iran=ssh-agent:", "=ssh-agent:x", "./a=ssh-agent:x", "sh-agent:x", "a b=ssh-agent:x"} {
		if got, ok := ParseReference(s); ok {
			t.Errorf("%s is a reference: %+v", s, got)
		}
	}
}

// inMemory is x/crypto's agent with two keys of one comment, one of another,
// and one that no statement can be signed with.
func inMemory(t *testing.T) (agent.Agent, ed25519.PublicKey) {
	t.Helper()
	ring := agent.NewKeyring()
	public, private := drawn(t)
	_, second := drawn(t)
	_, third := drawn(t)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []agent.AddedKey{
		{PrivateKey: private, Comment: "iran"}, {PrivateKey: second, Comment: "twice"}, {PrivateKey: third, Comment: "twice"},
		{PrivateKey: other, Comment: "rsa"},
	} {
		if err := ring.Add(k); err != nil {
			t.Fatal(err)
		}
	}
	return ring, public
}

func TestFindAndSign(t *testing.T) {
	ring, public := inMemory(t)
	a := Of(ring)
	k, err := a.Find("iran")
	if err != nil || string(k.Public()) != string(public) || k.Comment() != "iran" {
		t.Fatalf("by its comment: %v", err)
	}
	if same, err := a.Find(k.Fingerprint()); err != nil || string(same.Public()) != string(public) {
		t.Fatalf("by its fingerprint: %v", err)
	}
	message := []byte("detente/statement/1\n")
	sig, err := k.Sign(message)
	if err != nil || !ed25519.Verify(public, message, sig) {
		t.Fatalf("signature: %v", err)
	}
	for name, says := range map[string]string{
		"twice": "2 keys are called", "rsa": "wants ssh-ed25519", "nobody": "it holds SHA256:", k.Fingerprint()[:20]: "it holds",
	} {
		if _, err := a.Find(name); !errors.Is(err, ErrNoKey) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want it to say %q", name, err, says)
		}
	}
	if err := ring.Lock([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Sign(message); err == nil {
		t.Error("a locked agent signs")
	}
	if _, err := a.Find("iran"); !errors.Is(err, ErrNoKey) {
		t.Errorf("a locked agent shows its keys: %v", err)
	}
}

// lying answers with what it was told to.
type lying struct {
	agent.Agent
	sig *ssh.Signature
}

func (l lying) Sign(ssh.PublicKey, []byte) (*ssh.Signature, error) { return l.sig, nil }

func TestWrongAnswersAreNoticed(t *testing.T) {
	ring, _ := inMemory(t)
	k, err := Of(ring).Find("iran")
	if err != nil {
		t.Fatal(err)
	}
	good, err := ring.Sign(k.public, []byte("another message"))
	if err != nil {
		t.Fatal(err)
	}
	for i, sig := range []*ssh.Signature{
		good,
		{Format: "ssh-ed25519", Blob: nil},
		{Format: "ssh-ed25519", Blob: make([]byte, 64)},
		{Format: "rsa-sha2-256", Blob: good.Blob},
		{Format: "ssh-ed25519", Blob: good.Blob, Rest: []byte{1}},
	} {
		k.agent = Of(lying{ring, sig})
		if _, err := k.Sign([]byte("message")); err == nil {
			t.Errorf("answer %d is taken for a signature", i)
		}
	}
}

// A real ssh-agent process, with a key made by ssh-keygen.
func TestRealAgent(t *testing.T) {
	folder, err := os.MkdirTemp("", "agent") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	socket, file := filepath.Join(folder, "s"), filepath.Join(folder, "key")
	command := func(name string, args ...string) {
		t.Helper()
		c := exec.Command(name, args...)
		c.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
	}
	serving := exec.Command("ssh-agent", "-D", "-a", socket)
	if err := serving.Start(); err != nil {
		t.Fatalf("the tests need ssh-agent (Debian: openssh-client): %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- serving.Wait() }()
	t.Cleanup(func() { serving.Process.Kill(); <-ended })
	command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "iran", "-f", file)
	listening(t, socket, ended)
	command("ssh-add", "-q", file)

	a, err := Dial(socket)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	k, err := a.Find("iran")
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 1, 65535} {
		message := make([]byte, size)
		sig, err := k.Sign(message)
		if err != nil || !ed25519.Verify(k.Public(), message, sig) {
			t.Fatalf("%d bytes: %v", size, err)
		}
	}
	command("ssh-add", "-q", "-D")
	if _, err := k.Sign([]byte("message")); err == nil || !strings.Contains(err.Error(), "does not sign") {
		t.Errorf("a key that was taken out of the agent: %v", err)
	}
	if _, err := Dial(filepath.Join(folder, "none")); err == nil {
		t.Error("a socket that is not there")
	}
	if _, err := Dial(""); err == nil || !strings.Contains(err.Error(), "SSH_AUTH_SOCK") {
		t.Errorf("no socket: %v", err)
	}
}

// listening waits until the agent takes connections, or has ended.
func listening(t *testing.T, socket string, ended chan error) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	limit := time.After(20 * time.Second)
	for {
		if a, err := Dial(socket); err == nil {
			a.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("ssh-agent ended: %v", err)
		case <-limit:
			t.Fatal("ssh-agent does not listen")
		case <-again.C:
		}
	}
}

func FuzzParseReference(f *testing.F) {
	for _, s := range []string{"ssh-agent:SHA256:abc", "iran=ssh-agent:x", "=ssh-agent:", "file.key"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, ok := ParseReference(s)
		if !ok {
			return
		}
		back := prefix + r.Key
		if r.Name != "" {
			back = fmt.Sprintf("%s=%s", r.Name, back)
		}
		if back != s {
			t.Fatalf("%q is read as %+v", s, r)
		}
	})
}
