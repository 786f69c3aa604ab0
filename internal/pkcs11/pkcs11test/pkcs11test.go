// Package pkcs11test makes tokens for tests: the helper program, built from
// this module, and tokens of SoftHSM in a folder, set up with the programs
// that people use for real ones (softhsm2-util, and pkcs11-tool of OpenSC).
//
// It is for tests only; whoever lacks these programs is told which to install.
package pkcs11test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"detente/internal/built"
	"detente/internal/pkcs11"
)

// Build builds the helper program into a folder, and gives its path.
func Build(folder string) (string, error) {
	path, err := built.Command(folder, "detente/cmd/"+pkcs11.HelperName, "CGO_ENABLED=1")
	if err != nil {
		return "", fmt.Errorf("the helper program wants a C compiler: %w", err)
	}
	return path, nil
}

// Library is SoftHSM's library.
func Library() (string, error) {
	for _, pattern := range []string{
		"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/*/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so",
		"/usr/lib64/pkcs11/libsofthsm2.so", "/opt/homebrew/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so",
	} {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return found[0], nil
		}
	}
	return "", fmt.Errorf("no libsofthsm2.so: the tests need softhsm2 and opensc: scripts/install-test-tools.sh installs them")
}

// Tokens is a folder of tokens.
type Tokens struct {
	Library string
	Config  string // the file that SOFTHSM2_CONF must name
	Folder  string // where the tokens lie, one folder each
}

// New is an empty folder of tokens, in a new folder below dir.
func New(dir string) (*Tokens, error) {
	library, err := Library()
	if err != nil {
		return nil, err
	}
	t := &Tokens{library, filepath.Join(dir, "softhsm2.conf"), filepath.Join(dir, "tokens")}
	if err := os.MkdirAll(t.Folder, 0o700); err != nil {
		return nil, err
	}
	config := "directories.tokendir = " + t.Folder + "\nobjectstore.backend = file\nlog.level = ERROR\n"
	return t, os.WriteFile(t.Config, []byte(config), 0o600)
}

// Env is what a process that uses the tokens has in its environment.
func (t *Tokens) Env() string { return "SOFTHSM2_CONF=" + t.Config }

// Init makes a token.
func (t *Tokens) Init(label, pin string) error {
	_, err := t.run("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", pin, "--so-pin", "12345678")
	return err
}

// Draw has a token draw a key: kind is that of pkcs11-tool, EC:edwards25519 for
// one that statements can be signed with.
func (t *Tokens) Draw(token, pin, kind, label, id string, more ...string) error {
	_, err := t.Tool(append([]string{"--token-label", token, "--login", "--pin", pin, "--keypairgen", "--key-type", kind, "--label", label, "--id", id}, more...)...)
	return err
}

// Tool runs pkcs11-tool.
func (t *Tokens) Tool(args ...string) (string, error) {
	return t.run("pkcs11-tool", append([]string{"--module", t.Library}, args...)...)
}

// URI names a key of a token of the folder.
func (t *Tokens) URI(token, object string) string {
	return pkcs11.URI{Token: token, Object: object, Module: t.Library}.String()
}

func (t *Tokens) run(name string, args ...string) (string, error) {
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), t.Env())
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %s%s (the tests need softhsm2 and opensc: scripts/install-test-tools.sh)", name, err, strings.TrimSpace(said.String()), strings.TrimSpace(out.String()))
	}
	return out.String(), nil
}
