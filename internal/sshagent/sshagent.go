package sshagent

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// The limits on an agent's answers; golang.org/x/crypto bounds their size.
const (
	// patience is how long an agent may take for one answer. It is long because
	// a person may have to type a PIN or touch a token.
	patience = 2 * time.Minute
	// maxKeys is how many keys of an agent are looked at: OpenSSH's servers stop
	// after a handful, and a person tells no more apart.
	maxKeys = 1000
)

// prefix starts the part of a reference that names an agent's key.
const prefix = "ssh-agent:"

// ErrNoKey says that the agent does not hold the key asked for, or that more
// than one of its keys fits.
var ErrNoKey = errors.New("no such key in the agent")

// A Reference names a key of an agent.
type Reference struct {
	Name string // to sign under; empty: the key's comment
	Key  string // fingerprint or comment
}

// ParseReference reads a reference; false if s is none, but for example the
// path of a file.
func ParseReference(s string) (Reference, bool) {
	if key, ok := strings.CutPrefix(s, prefix); ok {
		return Reference{Key: key}, key != ""
	}
	name, key, ok := strings.Cut(s, "="+prefix)
	if !ok || name == "" || key == "" || strings.ContainsAny(name, "/ ") {
		return Reference{}, false
	}
	return Reference{Name: name, Key: key}, true
}

// An Agent is a connection to an ssh-agent.
type Agent struct {
	client agent.Agent
	conn   net.Conn // nil for an agent in this process
}

// Dial connects to the agent that listens on a socket, as SSH_AUTH_SOCK names it.
func Dial(socket string) (*Agent, error) {
	if socket == "" {
		return nil, errors.New("no ssh-agent: SSH_AUTH_SOCK is not set; start one (eval $(ssh-agent)) and add the key (ssh-add)")
	}
	conn, err := net.DialTimeout("unix", socket, patience)
	if err != nil {
		return nil, fmt.Errorf("reaching the ssh-agent: %w", err)
	}
	return &Agent{agent.NewClient(conn), conn}, nil
}

// Of is an agent that runs in this process.
func Of(a agent.Agent) *Agent { return &Agent{client: a} }

// Close ends the connection; keys found through it sign no more.
func (a *Agent) Close() error {
	if a.conn == nil {
		return nil
	}
	return a.conn.Close()
}

// wait bounds the time of the next answer.
func (a *Agent) wait() error {
	if a.conn == nil {
		return nil
	}
	return a.conn.SetDeadline(time.Now().Add(patience))
}

// A Key is an Ed25519 key that an agent holds.
type Key struct {
	agent   *Agent
	public  ssh.PublicKey
	raw     ed25519.PublicKey
	comment string
}

// Comment is what the agent calls the key.
func (k *Key) Comment() string { return k.comment }

// Public is the raw public key, 32 bytes.
func (k *Key) Public() []byte { return append([]byte(nil), k.raw...) }

// Fingerprint is the key's fingerprint, as ssh-add -l prints it.
func (k *Key) Fingerprint() string { return ssh.FingerprintSHA256(k.public) }

// Find gives the one key that a fingerprint or a comment names.
func (a *Agent) Find(name string) (*Key, error) {
	if err := a.wait(); err != nil {
		return nil, err
	}
	held, err := a.client.List()
	if err != nil {
		return nil, fmt.Errorf("listing the keys of the ssh-agent: %w", err)
	}
	if len(held) > maxKeys {
		return nil, fmt.Errorf("the ssh-agent holds %d keys; want at most %d", len(held), maxKeys)
	}
	var found []*Key
	var others, usable []string
	for _, h := range held {
		fits := h.Comment == name || ssh.FingerprintSHA256(h) == name
		k, err := a.key(h)
		switch {
		case err != nil && fits:
			others = append(others, err.Error())
		case err == nil && fits:
			found = append(found, k)
		case err == nil:
			usable = append(usable, fmt.Sprintf("%s (%q)", k.Fingerprint(), k.comment))
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return nil, fmt.Errorf("%w: %d keys are called %q; name one by its fingerprint, as ssh-add -l prints it", ErrNoKey, len(found), name)
	case len(others) > 0:
		return nil, fmt.Errorf("%w that can be used: %s", ErrNoKey, strings.Join(others, "; "))
	case len(usable) == 0:
		return nil, fmt.Errorf("%w: %q; it holds no ssh-ed25519 key at all (it may be locked)", ErrNoKey, name)
	}
	return nil, fmt.Errorf("%w: %q; it holds %s", ErrNoKey, name, strings.Join(usable[:min(len(usable), 8)], ", "))
}

// key reads one key of the agent's list.
func (a *Agent) key(h *agent.Key) (*Key, error) {
	public, err := ssh.ParsePublicKey(h.Blob)
	if err != nil {
		return nil, fmt.Errorf("key %q: %w", h.Comment, err)
	}
	if public.Type() != ssh.KeyAlgoED25519 {
		return nil, fmt.Errorf("key %q is of type %s, and a statement wants ssh-ed25519", h.Comment, public.Type())
	}
	crypto, ok := public.(ssh.CryptoPublicKey)
	if !ok {
		return nil, fmt.Errorf("key %q cannot be read", h.Comment)
	}
	raw, ok := crypto.CryptoPublicKey().(ed25519.PublicKey)
	if !ok || len(raw) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("key %q is no Ed25519 key", h.Comment)
	}
	return &Key{agent: a, public: public, raw: raw, comment: h.Comment}, nil
}

// Sign gives the 64 bytes of the agent's Ed25519 signature of message.
func (k *Key) Sign(message []byte) ([]byte, error) {
	if err := k.agent.wait(); err != nil {
		return nil, err
	}
	sig, err := k.agent.client.Sign(k.public, message)
	if err != nil {
		return nil, fmt.Errorf("the ssh-agent does not sign with %s (%q): %w", k.Fingerprint(), k.comment, err)
	}
	if sig.Format != ssh.KeyAlgoED25519 || len(sig.Rest) > 0 || len(sig.Blob) != ed25519.SignatureSize || !ed25519.Verify(k.raw, message, sig.Blob) {
		return nil, fmt.Errorf("what the ssh-agent gave for %s (%q) is no Ed25519 signature of what it was asked to sign", k.Fingerprint(), k.comment)
	}
	return sig.Blob, nil
}
