package pkcs11

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"detente/internal/keyfile"
)

// HelperName is the file name of the helper program.
const HelperName = "detente-pkcs11"

// ErrNoHelper says that the helper program is not there.
var ErrNoHelper = errors.New("keys of PKCS#11 tokens need the helper program " + HelperName)

// Helper is the path of the helper program: from, if that is not empty, or
// else beside this program.
func Helper(from string) (string, error) {
	if from != "" && !filepath.IsAbs(from) {
		return "", fmt.Errorf("%w: DETENTE_PKCS11 is %q; want an absolute path", ErrNoHelper, from)
	}
	if from == "" {
		self, err := os.Executable()
		if err == nil {
			self, err = filepath.EvalSymlinks(self)
		}
		if err != nil {
			return "", fmt.Errorf("%w, and this program cannot find itself to look beside it: %w", ErrNoHelper, err)
		}
		from = filepath.Join(filepath.Dir(self), HelperName)
	}
	switch info, err := os.Stat(from); {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%w, and there is no %s\nbuild it, in a checkout of Detente and with a C compiler:\n  CGO_ENABLED=1 go build -trimpath -o %s ./cmd/%s\nor say by DETENTE_PKCS11 where it is", ErrNoHelper, from, from, HelperName)
	case err != nil:
		return "", fmt.Errorf("%w: %w", ErrNoHelper, err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%w: %s is no file", ErrNoHelper, from)
	}
	return from, nil
}

// Options are what opening a key needs besides its URI.
type Options struct {
	Helper string // its path
	// PINFile has the PIN, if the URI does not say where it is; "" to Ask.
	PINFile string
	// Ask asks a person for a PIN, showing the words.
	Ask func(words string) (string, error)
}

// A Key is an Ed25519 key of a token, with a login of its own. It may be used
// by several goroutines; its signatures are made one after the other.
type Key struct {
	o      Options
	uri    URI
	token  Token
	label  string
	public ed25519.PublicKey
	always bool
	mu     sync.Mutex
	h      *helper
}

// Open finds the key that a URI names and logs in to its token.
func Open(u URI, o Options) (*Key, error) {
	h, err := start(o.Helper)
	if err != nil {
		return nil, err
	}
	k := &Key{o: o, uri: u, h: h}
	if err := k.open(); err != nil {
		return nil, errors.Join(err, h.close())
	}
	return k, nil
}

func (k *Key) open() error {
	found, err := k.h.ask(Request{Do: DoOpen, Key: &k.uri})
	if err != nil {
		return err
	}
	if found.Token == nil || !printable(found.Token.Label+found.Token.Serial) {
		return fmt.Errorf("%w: the token has a label or a serial number that cannot be shown", ErrToken)
	}
	k.token = *found.Token
	pin, err := k.pin("")
	if err != nil {
		return err
	}
	in, err := k.h.ask(Request{Do: DoLogin, PIN: pin})
	if err != nil {
		return err
	}
	if len(in.Public) != ed25519.PublicKeySize || !printable(in.Label) {
		return fmt.Errorf("%w that can be used: what token %s gives for it is no Ed25519 key", ErrKey, k.token)
	}
	k.public, k.label, k.always = in.Public, in.Label, in.Always
	return nil
}

// String is how messages name the token.
func (t Token) String() string { return fmt.Sprintf("%q (serial %s)", t.Label, t.Serial) }

// pin gets the PIN for one use. It is not kept.
func (k *Key) pin(why string) (string, error) {
	from := k.uri.PINFile
	if from == "" {
		from = k.o.PINFile
	}
	switch {
	case k.token.Locked:
		return "", fmt.Errorf("%w: token %s is locked after too many wrong PINs; its security officer can set a new one", ErrPIN, k.token)
	case k.token.Pad:
		return "", fmt.Errorf("%w: token %s wants its PIN on a pad of its own, which is not supported; an ssh-agent that serves it may do", ErrPIN, k.token)
	case from != "" && (k.token.WasWrong || k.token.LastTry):
		return "", fmt.Errorf("%w: token %s says that the last PIN it was given was wrong, so the one in %s is not tried: enough wrong ones lock the token\nlog in once by hand with the right PIN (detente key show, without pin-source and DETENTE_PIN_FILE), and correct the file", ErrPIN, k.token, from)
	case from != "":
		return pinOf(from)
	case k.o.Ask == nil:
		return "", fmt.Errorf("%w of token %s: there is nobody to ask, and no file that has it", ErrPIN, k.token)
	}
	words := "PIN of token " + k.token.String() + why
	if k.token.LastTry {
		words += " (the last try: another wrong PIN locks the token)"
	} else if k.token.WasWrong {
		words += " (the last one was wrong; after too many the token is locked)"
	}
	pin, err := k.o.Ask(words + ": ")
	if err != nil {
		return "", fmt.Errorf("%w of token %s: %w", ErrPIN, k.token, err)
	}
	return checked(pin)
}

// pinOf reads a PIN from a file that nobody else can read.
func pinOf(path string) (string, error) {
	content, err := keyfile.ReadPrivate(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrPIN, err)
	}
	defer clear(content)
	return checked(string(bytes.TrimRight(content, "\r\n")))
}

// checked stops what no token would take before it costs a try.
func checked(pin string) (string, error) {
	if pin == "" || len(pin) > MaxPIN || !printable(pin) {
		return "", fmt.Errorf("%w: want 1 to %d bytes of text on one line; the token was given none", ErrPIN, MaxPIN)
	}
	return pin, nil
}

// Label is what the token calls the key.
func (k *Key) Label() string { return k.label }

// Public is the raw public key, 32 bytes.
func (k *Key) Public() []byte { return bytes.Clone(k.public) }

// String names the key for messages.
func (k *Key) String() string {
	return fmt.Sprintf("%q of token %s", k.label, strings.TrimSpace(k.token.String()))
}

// Sign gives the 64 bytes of the token's Ed25519 signature of message.
func (k *Key) Sign(message []byte) ([]byte, error) {
	if len(message) > MaxMessage {
		return nil, fmt.Errorf("%d bytes to sign with key %s; want at most %d", len(message), k, MaxMessage)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	r := Request{Do: DoSign, Message: message}
	if k.always {
		var err error
		if r.PIN, err = k.pin(", which this key wants for each signature"); err != nil {
			return nil, err
		}
	}
	a, err := k.h.ask(r)
	if err != nil {
		return nil, fmt.Errorf("signing with key %s: %w", k, err)
	}
	if len(a.Signature) != ed25519.SignatureSize || !ed25519.Verify(k.public, message, a.Signature) {
		return nil, fmt.Errorf("%w: what it gave for key %s is no Ed25519 signature, by that key, of what it was asked to sign; it is not used", ErrSign, k)
	}
	return a.Signature, nil
}

// Close logs out; the key signs no more.
func (k *Key) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.h.close()
}
