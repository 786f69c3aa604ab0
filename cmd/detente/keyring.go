package main

import (
	"crypto"
	"crypto/ed25519"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"detente/agreement"
	"detente/internal/keyfile"
	"detente/internal/pkcs11"
	"detente/internal/sshagent"
	"detente/statement"

	"golang.org/x/term"
)

var errNoKey = usage("no key to sign with: give --key FILE, or set DETENTE_KEY\na key is made by: detente key new NAME")

// A heldKey is a key that a command may use: one in a file, or one that an
// agent or a token holds and that never leaves it.
type heldKey struct {
	file *keyfile.Key
	held elsewhere // nil for a key of a file
	name string    // of a key that is held elsewhere
}

// A key that is held elsewhere signs, and its public half is known.
type elsewhere interface {
	Public() []byte
	Sign(message []byte) ([]byte, error)
}

// loadKey reads the key that ref names: the path of a key file, an agent's key
// or a token's. Without ref it is that of DETENTE_KEY.
func loadKey(t terminal, ref string) (*heldKey, error) {
	if ref == "" {
		ref = os.Getenv("DETENTE_KEY")
	}
	if ref == "" {
		return nil, errNoKey
	}
	if k, err := heldElsewhere(t, ref); k != nil || err != nil {
		return k, err
	}
	k, err := keyfile.Load(ref, passphraseFrom(t, ref))
	if err != nil {
		return nil, usage("%w", err)
	}
	return &heldKey{file: k}, nil
}

// heldElsewhere finds a key of an agent or of a token; nil if ref names none.
func heldElsewhere(t terminal, ref string) (*heldKey, error) {
	if r, ok := sshagent.ParseReference(ref); ok {
		return agentKey(r)
	}
	r, ok, err := pkcs11.ParseReference(ref)
	if !ok {
		return nil, nil
	}
	if err != nil {
		return nil, usage("%w", err)
	}
	return tokenKey(t, r)
}

// agentKey finds a key of the agent that SSH_AUTH_SOCK names. The connection
// lasts as long as the process.
func agentKey(r sshagent.Reference) (*heldKey, error) {
	a, err := sshagent.Dial(os.Getenv("SSH_AUTH_SOCK"))
	if err != nil {
		return nil, &exitError{exitUnknown, err}
	}
	k, err := a.Find(r.Key)
	if errors.Is(err, sshagent.ErrNoKey) {
		return nil, usage("%w", err)
	}
	if err != nil {
		return nil, err
	}
	if r.Name == "" {
		r.Name = k.Comment()
	}
	return &heldKey{held: k, name: r.Name}, nil
}

// signer is what signs with the key, for that kind of use. A key of a file
// serves one purpose: a witness's never signs a statement, a party's never
// cosigns. What a key is for that is held elsewhere only the text says.
func (k *heldKey) signer(ref string, kind keyfile.Kind) (statement.Signer, error) {
	switch {
	case k.held != nil:
		if !statement.ValidKeyName(k.name) || kind != keyfile.Witness && !statement.ValidName(agreement.Name(k.name)) {
			return nil, usage("key %s is called %q where it is held, which is no name that a text declares\nsay whose key it is: NAME=%s", ref, k.name, ref)
		}
		public, err := statement.NewPublicKey(k.held.Public())
		if err != nil {
			return nil, usage("key %s: %w", ref, err)
		}
		return heldSigner{k.name, public, k.held}, nil
	case k.file.Kind() == kind:
		return statement.NewSigner(k.file.Name(), k.file.Seed())
	case kind == keyfile.Witness:
		return nil, usage("key %s cannot cosign: it is not a witness's\nmake one: detente key new --witness %s", ref, k.file.Name())
	}
	return nil, usage("key %s signs no statements: it is a witness's, for cosignatures", ref)
}

// A heldSigner signs under a name with a key that is held elsewhere.
type heldSigner struct {
	name   string
	public statement.PublicKey
	key    elsewhere
}

func (s heldSigner) Name() string { return s.name }

func (s heldSigner) Public() statement.PublicKey { return s.public }

func (s heldSigner) Sign(message []byte) ([]byte, error) { return s.key.Sign(message) }

// A manifestKey is a signer as manifests want it.
type manifestKey struct{ statement.Signer }

func (k manifestKey) Public() crypto.PublicKey {
	public := k.Signer.Public()
	return ed25519.PublicKey(public[:])
}

func (k manifestKey) Sign(_ io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	return k.Signer.Sign(message)
}

// loadSigner is what signs with the key that ref names.
func loadSigner(t terminal, ref string, kind keyfile.Kind) (statement.Signer, error) {
	k, err := loadKey(t, ref)
	if err != nil {
		return nil, err
	}
	return k.signer(ref, kind)
}

// loadKeys reads the keys of one name that sign together.
func loadKeys(t terminal, refs []string) ([]statement.Signer, error) {
	if len(refs) == 0 {
		refs = keyRefs(os.Getenv("DETENTE_KEY"))
	}
	if len(refs) == 0 {
		return nil, errNoKey
	}
	var signers []statement.Signer
	for _, ref := range refs {
		signer, err := loadSigner(t, ref, keyfile.Ed25519)
		if err != nil {
			return nil, err
		}
		if len(signers) > 0 && signer.Name() != signers[0].Name() {
			return nil, usage("key %s is of %s, and the first key is of %s: a statement has one author", ref, signer.Name(), signers[0].Name())
		}
		signers = append(signers, signer)
	}
	return signers, nil
}

// keyRefs splits a list of keys, as paths are listed. The colons that an agent's
// or a token's reference has by its form part nothing; one in a token's label is
// written %3A.
func keyRefs(list string) []string {
	within := []string{"ssh-agent", "ssh-agent:SHA256", "pkcs11", "pin-source=file"}
	var refs []string
	for _, part := range filepath.SplitList(list) {
		last := len(refs) - 1
		if last >= 0 && slices.ContainsFunc(within, func(end string) bool { return strings.HasSuffix(refs[last], end) }) {
			refs[last] += ":" + part
			continue
		}
		refs = append(refs, part)
	}
	return refs
}

// passphraseFrom asks for the passphrase of a key file: from the file that
// DETENTE_PASSPHRASE_FILE names, or from whoever sits at the terminal. It is
// never taken from the command line, where others could read it. Without a path
// it is that of a new key.
func passphraseFrom(t terminal, path string) func() (string, error) {
	return func() (string, error) {
		if from := os.Getenv("DETENTE_PASSPHRASE_FILE"); from != "" {
			b, err := os.ReadFile(from)
			return strings.TrimRight(string(b), "\r\n"), err
		}
		words := "passphrase of " + path + ": "
		if path == "" {
			words = "new passphrase: "
		}
		return askSecret(t, words, passphraseFile)
	}
}

// newPassphrase gets the passphrase of a new key: from the file, or twice from
// the terminal.
func newPassphrase(t terminal) (string, error) {
	first, err := passphraseFrom(t, "")()
	if err != nil {
		return "", usage("%w", err)
	}
	if first == "" {
		return "", usage("an empty passphrase protects nothing; no key was made")
	}
	if os.Getenv("DETENTE_PASSPHRASE_FILE") != "" {
		return first, nil
	}
	again, err := askSecret(t, "the same again: ", passphraseFile)
	if err != nil {
		return "", err
	}
	if first != again {
		return "", usage("the two passphrases differ; no key was made")
	}
	return first, nil
}

const passphraseFile = "set DETENTE_PASSPHRASE_FILE to a file that holds it"

// askSecret asks whoever sits at the terminal; otherwise is what to do where
// nobody does.
func askSecret(t terminal, prompt, otherwise string) (string, error) {
	f, ok := t.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", errors.New("it is needed and there is no terminal to ask at: " + otherwise)
	}
	io.WriteString(t.err, prompt)
	b, err := term.ReadPassword(int(f.Fd()))
	io.WriteString(t.err, "\n")
	return string(b), err
}
