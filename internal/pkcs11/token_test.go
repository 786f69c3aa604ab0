package pkcs11_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"detente/internal/pkcs11"
)

// A token of SoftHSM signs messages of every size that there is, whoever
// verifies them.
func TestTokenSigns(t *testing.T) {
	tokens := stage(t)
	var questions []string
	k := opened(t, uri(t, tokens.URI("Iran", "first")), asking(pin, &questions))
	if k.Label() != "first" || len(questions) != 1 || !strings.Contains(questions[0], `"Iran"`) {
		t.Errorf("key %s after %q", k, questions)
	}
	for _, size := range []int{0, 1, 1000, 65535, pkcs11.MaxMessage} {
		message := make([]byte, size)
		signature, err := k.Sign(message)
		if err != nil || !ed25519.Verify(k.Public(), message, signature) {
			t.Fatalf("%d bytes: %v", size, err)
		}
	}
	if _, err := k.Sign(make([]byte, pkcs11.MaxMessage+1)); err == nil {
		t.Error("a message past the limit is signed")
	}
	must(t, k.Close())
	if _, err := k.Sign([]byte("x")); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("a closed key: %v", err)
	}
	if len(questions) != 1 {
		t.Errorf("asked %q", questions)
	}
}

// The key may be named by its id and the token's serial number, and the PIN
// come from a file of the URI, or of the options, that only its owner can read.
func TestPINFromAFile(t *testing.T) {
	tokens := stage(t)
	file := filepath.Join(t.TempDir(), "pin")
	must(t, os.WriteFile(file, []byte(pin+"\n"), 0o600))
	named := uri(t, "pkcs11:token=Iran;id=%01;type=private?module-path="+tokens.Library+"&pin-source=file:"+file)
	k := opened(t, named, pkcs11.Options{Helper: built.helper})
	if _, err := k.Sign([]byte("x")); err != nil {
		t.Error(err)
	}
	plain := uri(t, tokens.URI("Iran", "first"))
	opened(t, plain, pkcs11.Options{Helper: built.helper, PINFile: file})
	must(t, os.Chmod(file, 0o644))
	refused(t, plain, pkcs11.Options{Helper: built.helper, PINFile: file}, pkcs11.ErrPIN, "chmod 600")
	must(t, os.Chmod(file, 0o600))
	for _, content := range []string{"", "\n", "12\n34\n", strings.Repeat("1", pkcs11.MaxPIN+1)} {
		must(t, os.WriteFile(file, []byte(content), 0o600))
		refused(t, plain, pkcs11.Options{Helper: built.helper, PINFile: file}, pkcs11.ErrPIN, "was given none")
	}
	refused(t, plain, pkcs11.Options{Helper: built.helper}, pkcs11.ErrPIN, "nobody to ask")
	nobody := pkcs11.Options{Helper: built.helper, Ask: func(string) (string, error) { return "", errors.New("no terminal") }}
	refused(t, plain, nobody, pkcs11.ErrPIN, "no terminal")
}

// refused expects that a key is not opened, with that error and those words.
func refused(t *testing.T, u pkcs11.URI, o pkcs11.Options, want error, says string) {
	t.Helper()
	k, err := pkcs11.Open(u, o)
	if err == nil {
		k.Close()
	}
	if !errors.Is(err, want) || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: %v; want %q and the words %q", u, err, want, says)
	}
}

// A wrong PIN costs one try; the next from a file is not given to the token,
// until somebody has logged in by hand.
func TestWrongPIN(t *testing.T) {
	tokens := stage(t)
	u := uri(t, tokens.URI("Iran", "first"))
	file := filepath.Join(t.TempDir(), "pin")
	must(t, os.WriteFile(file, []byte("00000000"), 0o600))
	wrong := pkcs11.Options{Helper: built.helper, PINFile: file}
	refused(t, u, wrong, pkcs11.ErrPIN, "not tried again")
	refused(t, u, wrong, pkcs11.ErrPIN, "is not tried: enough wrong ones lock the token")
	must(t, os.WriteFile(file, []byte(pin), 0o600))
	refused(t, u, wrong, pkcs11.ErrPIN, "log in once by hand")
	var questions []string
	refused(t, u, asking("11111111", &questions), pkcs11.ErrPIN, "CKR_PIN_INCORRECT")
	refused(t, u, asking("1", &questions), pkcs11.ErrPIN, "CKR_PIN_INCORRECT")
	opened(t, u, asking(pin, &questions))
	for _, q := range questions {
		if !strings.Contains(q, "the last one was wrong") {
			t.Errorf("asked: %s", q)
		}
	}
	opened(t, u, wrong) // which is right by now
}

func TestWhichToken(t *testing.T) {
	tokens := stage(t)
	refused(t, uri(t, tokens.URI("Irak", "first")), asking(pin, nil), pkcs11.ErrToken, `"Iran" (serial `)
	must(t, tokens.Init("Iran", pin))
	refused(t, uri(t, tokens.URI("Iran", "first")), asking(pin, nil), pkcs11.ErrToken, "2 tokens fit")
	slots, err := tokens.Tool("--list-slots")
	must(t, err)
	serials := 0
	for _, line := range strings.Split(slots, "\n") {
		serial, ok := strings.CutPrefix(strings.TrimSpace(line), "serial num         : ")
		if !ok || serial == "" {
			continue
		}
		serials++
		u := uri(t, "pkcs11:serial="+serial+";object=first?module-path="+tokens.Library)
		k, err := pkcs11.Open(u, asking(pin, nil))
		if err == nil {
			k.Close()
		} else if !errors.Is(err, pkcs11.ErrKey) {
			t.Errorf("serial %s: %v", serial, err)
		}
	}
	if serials != 2 {
		t.Fatalf("%d serial numbers in %s", serials, slots)
	}
	must(t, os.RemoveAll(tokens.Folder))
	must(t, os.Mkdir(tokens.Folder, 0o700))
	refused(t, uri(t, tokens.URI("Iran", "first")), asking(pin, nil), pkcs11.ErrToken, "no token that is set up")
}

func TestWhichKey(t *testing.T) {
	tokens := stage(t)
	must(t, tokens.Draw("Iran", pin, "EC:secp256r1", "curve", "02"))
	must(t, tokens.Draw("Iran", pin, "RSA:2048", "rsa", "03"))
	must(t, tokens.Draw("Iran", pin, "EC:edwards25519", "twice", "04"))
	must(t, tokens.Draw("Iran", pin, "EC:edwards25519", "twice", "05"))
	must(t, tokens.Draw("Iran", pin, "EC:edwards25519", "half", "06"))
	_, err := tokens.Tool("--token-label", "Iran", "--login", "--pin", pin, "--delete-object", "--type", "pubkey", "--id", "06")
	must(t, err)
	for object, says := range map[string]string{
		"curve": "an ECDSA key", "rsa": "an RSA key", "twice": "2 fit", "half": "does not have the public half",
		"none": `"first" (id %01)`,
	} {
		refused(t, uri(t, tokens.URI("Iran", object)), asking(pin, nil), pkcs11.ErrKey, says)
	}
	u := uri(t, "pkcs11:object=twice;id=%05?module-path="+tokens.Library)
	k := opened(t, u, asking(pin, nil))
	if _, err := k.Sign([]byte("x")); err != nil {
		t.Error(err)
	}
}

// A key that wants the PIN for every signature gets it, asked for each time.
func TestAlwaysAuthenticate(t *testing.T) {
	tokens := stage(t)
	must(t, tokens.Draw("Iran", pin, "EC:edwards25519", "always", "07", "--always-auth"))
	var questions []string
	k := opened(t, uri(t, tokens.URI("Iran", "always")), asking(pin, &questions))
	for range 2 {
		if _, err := k.Sign([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if len(questions) != 3 || !strings.Contains(questions[2], "for each signature") {
		t.Errorf("asked: %q", questions)
	}
}

// The token's folder is taken away between two signatures, as a card is.
func TestTokenTakenAway(t *testing.T) {
	tokens := stage(t)
	k := opened(t, uri(t, tokens.URI("Iran", "first")), asking(pin, nil))
	if _, err := k.Sign([]byte("x")); err != nil {
		t.Fatal(err)
	}
	must(t, os.RemoveAll(tokens.Folder))
	_, err := k.Sign([]byte("y"))
	if err == nil || !errors.Is(err, pkcs11.ErrGone) && !errors.Is(err, pkcs11.ErrSign) {
		t.Errorf("signing with a token that is gone: %v", err)
	}
}

// What a terminal sends to the whole group does not take the key away; the end
// of its requests ends the helper, logged out.
func TestHelperEndsWithItsRequests(t *testing.T) {
	tokens := stage(t)
	k := opened(t, uri(t, tokens.URI("Iran", "first")), asking(pin, nil))
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		must(t, syscall.Kill(k.Pid(), s))
		if _, err := k.Sign([]byte("x")); err != nil {
			t.Errorf("after %v: %v", s, err)
		}
	}
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", k.Pid())); err == nil && (bytes.Contains(b, []byte(pin)) || len(b) == 0) {
		t.Errorf("the list of processes shows %q", b)
	}
	must(t, k.Close())
	if err := k.Ended(); err != nil {
		t.Errorf("the helper ended: %v", err)
	}
	k = opened(t, uri(t, tokens.URI("Iran", "first")), asking(pin, nil))
	must(t, syscall.Kill(k.Pid(), syscall.SIGKILL))
	if _, err := k.Sign([]byte("x")); !errors.Is(err, pkcs11.ErrModule) || !strings.Contains(err.Error(), "killed") {
		t.Errorf("a helper that was killed: %v", err)
	}
	alone := exec.Command(built.helper)
	if out, err := alone.CombinedOutput(); err == nil || !strings.Contains(string(out), "nobody else does") {
		t.Errorf("started by hand: %v, %s", err, out)
	}
}

// Several goroutines sign with one key.
func TestSignTogether(t *testing.T) {
	tokens := stage(t)
	k := opened(t, uri(t, tokens.URI("Iran", "first")), asking(pin, nil))
	var work sync.WaitGroup
	for i := range 8 {
		work.Go(func() {
			for j := range 20 {
				message := fmt.Appendf(nil, "%d %d", i, j)
				if signature, err := k.Sign(message); err != nil || !ed25519.Verify(k.Public(), message, signature) {
					t.Errorf("%s: %v", message, err)
				}
			}
		})
	}
	work.Wait()
}

func TestModules(t *testing.T) {
	stage(t)
	file := filepath.Join(t.TempDir(), "module.so")
	must(t, os.WriteFile(file, []byte("no library"), 0o600))
	u := pkcs11.URI{Token: "Iran", Object: "first", Module: file}
	refused(t, u, asking(pin, nil), pkcs11.ErrModule, "cannot be loaded")
	u.Module += "x"
	refused(t, u, asking(pin, nil), pkcs11.ErrModule, "there is no file")
	u.Module = filepath.Dir(file)
	refused(t, u, asking(pin, nil), pkcs11.ErrModule, "there is no file")
}

func TestHelper(t *testing.T) {
	_, err := pkcs11.Helper("")
	if !errors.Is(err, pkcs11.ErrNoHelper) || !strings.Contains(err.Error(), "CGO_ENABLED=1 go build") {
		t.Errorf("no helper beside the test: %v", err)
	}
	for _, from := range []string{"detente-pkcs11", "/nowhere/detente-pkcs11", t.TempDir()} {
		if _, err := pkcs11.Helper(from); !errors.Is(err, pkcs11.ErrNoHelper) {
			t.Errorf("%s: %v", from, err)
		}
	}
	file := filepath.Join(t.TempDir(), "helper")
	must(t, os.WriteFile(file, []byte("#!/bin/sh\necho from another world >&2\nexit 4\n"), 0o700))
	if found, err := pkcs11.Helper(file); err != nil || found != file {
		t.Errorf("%s: %v", found, err)
	}
	u := pkcs11.URI{Object: "first", Module: "/x"}
	refused(t, u, pkcs11.Options{Helper: file}, pkcs11.ErrModule, "exit status 4; it said: \"from another world\"")
	must(t, os.Chmod(file, 0o600))
	refused(t, u, pkcs11.Options{Helper: file}, pkcs11.ErrNoHelper, "permission denied")
}
