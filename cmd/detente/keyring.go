package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"detente/internal/keyfile"
	"detente/statement"

	"golang.org/x/term"
)

var errNoKey = usage("no key to sign with: give --key FILE, or set DETENTE_KEY\na key is made by: detente key new NAME")

// loadKey reads one key file.
func loadKey(t terminal, path string) (*keyfile.Key, error) {
	if path == "" {
		path = os.Getenv("DETENTE_KEY")
	}
	if path == "" {
		return nil, errNoKey
	}
	k, err := keyfile.Load(path, passphraseFrom(t, path))
	if err != nil {
		return nil, usage("%w", err)
	}
	return k, nil
}

// signerOf is what signs with a key of that kind. A key serves one purpose: a
// witness's never signs a statement, a party's never cosigns.
func signerOf(k *keyfile.Key, path string, kind keyfile.Kind) (statement.Signer, error) {
	switch {
	case k.Kind() == kind:
		return statement.NewSigner(k.Name(), k.Seed())
	case kind == keyfile.Witness:
		return nil, usage("key %s cannot cosign: it is not a witness's\nmake one: detente key new --witness %s", path, k.Name())
	}
	return nil, usage("key %s signs no statements: it is a witness's, for cosignatures", path)
}

// loadKeys reads the keys of one name that sign together.
func loadKeys(t terminal, paths []string) ([]statement.Signer, error) {
	if len(paths) == 0 {
		paths = filepath.SplitList(os.Getenv("DETENTE_KEY"))
	}
	if len(paths) == 0 {
		return nil, errNoKey
	}
	var signers []statement.Signer
	for _, path := range paths {
		k, err := loadKey(t, path)
		if err != nil {
			return nil, err
		}
		if len(signers) > 0 && k.Name() != signers[0].Name() {
			return nil, usage("key %s is of %s, and the first key is of %s: a statement has one author", path, k.Name(), signers[0].Name())
		}
		signer, err := signerOf(k, path, keyfile.Ed25519)
		if err != nil {
			return nil, err
		}
		signers = append(signers, signer)
	}
	return signers, nil
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
		if path == "" {
			return askSecret(t, "new passphrase: ")
		}
		return askSecret(t, "passphrase of "+path+": ")
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
	again, err := askSecret(t, "the same again: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", usage("the two passphrases differ; no key was made")
	}
	return first, nil
}

func askSecret(t terminal, prompt string) (string, error) {
	f, ok := t.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return "", errors.New("it needs a passphrase and there is no terminal to ask at: set DETENTE_PASSPHRASE_FILE to a file that holds it")
	}
	io.WriteString(t.err, prompt)
	b, err := term.ReadPassword(int(f.Fd()))
	io.WriteString(t.err, "\n")
	return string(b), err
}
