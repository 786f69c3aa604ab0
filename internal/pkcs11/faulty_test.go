package pkcs11_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"detente/internal/pkcs11"
)

// faulty is SoftHSM with a fault, and the file that has its logins.
func faulty(t *testing.T, fault string) (pkcs11.URI, string) {
	t.Helper()
	tokens := stage(t)
	log := filepath.Join(t.TempDir(), "log")
	t.Setenv("FAULTY", fault)
	t.Setenv("FAULTY_REAL", tokens.Library)
	t.Setenv("FAULTY_LOG", log)
	return pkcs11.URI{Token: "Iran", Object: "first", Module: built.faulty}, log
}

func logins(t *testing.T, log string) int {
	t.Helper()
	b, err := os.ReadFile(log)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return bytes.Count(b, []byte("\n"))
}

// Whatever a token gives for a signature is verified before it is used; what
// it says instead of one is told from other troubles; it may crash and hang.
func TestFaultySignatures(t *testing.T) {
	t.Cleanup(pkcs11.SetPatience(2 * time.Second))
	for _, c := range []struct {
		fault string
		want  error
		says  string
	}{
		{"flips", pkcs11.ErrSign, "it is not used"},
		{"short", pkcs11.ErrSign, "it is not used"},
		{"zeroes", pkcs11.ErrSign, "it is not used"},
		{"truncates", pkcs11.ErrSign, "it is not used"},
		{"removed", pkcs11.ErrGone, "taken out"},
		{"closed", pkcs11.ErrGone, "start again"},
		{"logged-out", pkcs11.ErrGone, "nobody is logged in"},
		{"broken", pkcs11.ErrSign, "CKR_GENERAL_ERROR"},
		{"mechanism", pkcs11.ErrKey, "CKR_MECHANISM_INVALID"},
		{"full", pkcs11.ErrSign, "CKR_DATA_LEN_RANGE"},
		{"crash", pkcs11.ErrModule, "ended the helper program"},
		{"hang", pkcs11.ErrModule, "has not answered for 2s"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			u, log := faulty(t, c.fault)
			k := opened(t, u, asking(pin, nil))
			_, err := k.Sign([]byte("message"))
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%v; want %q and the words %q", err, c.want, c.says)
			}
			if strings.Contains(err.Error(), pin) {
				t.Error("the PIN is in the message")
			}
			k.Sign([]byte("again"))
			if n := logins(t, log); n != 1 {
				t.Errorf("%d logins; want 1", n)
			}
		})
	}
}

// What a library prints is no answer.
func TestPrintingLibrary(t *testing.T) {
	u, _ := faulty(t, "prints")
	k := opened(t, u, asking(pin, nil))
	if _, err := k.Sign([]byte("message")); err != nil {
		t.Error(err)
	}
}

func TestTokenTakenOutBetweenSignatures(t *testing.T) {
	u, log := faulty(t, "removed-later")
	k := opened(t, u, asking(pin, nil))
	if _, err := k.Sign([]byte("message")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := k.Sign([]byte("message")); !errors.Is(err, pkcs11.ErrGone) {
			t.Errorf("after it was taken out: %v", err)
		}
	}
	if n := logins(t, log); n != 1 {
		t.Errorf("%d logins; want 1", n)
	}
}

// What a token says before a PIN is given decides whether one is.
func TestWarningsOfATokenBeforeALogin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pin")
	must(t, os.WriteFile(file, []byte(pin), 0o600))
	for _, c := range []struct {
		fault, byHand, byFile string // a word of the question, or of the refusal
		asked                 bool
	}{
		{"count-low", "the last one was wrong", "is not tried", true},
		{"final-try", "the last try", "is not tried", true},
		{"locked", "is locked", "is locked", false},
		{"pad", "a pad of its own", "a pad of its own", false},
		{"escape", "", "", true},
	} {
		t.Run(c.fault, func(t *testing.T) {
			u, log := faulty(t, c.fault)
			u.Token = ""
			if c.byFile != "" {
				refused(t, u, pkcs11.Options{Helper: built.helper, PINFile: file}, pkcs11.ErrPIN, c.byFile)
			}
			if n := logins(t, log); n != 0 {
				t.Errorf("%d logins with a PIN of a file", n)
			}
			var questions []string
			if !c.asked {
				refused(t, u, asking(pin, &questions), pkcs11.ErrPIN, c.byHand)
				if len(questions) > 0 || logins(t, log) > 0 {
					t.Errorf("asked %q", questions)
				}
				return
			}
			opened(t, u, asking(pin, &questions))
			if len(questions) != 1 || !strings.Contains(questions[0], c.byHand) || strings.Contains(questions[0], "\x1b") {
				t.Errorf("asked %q; want %q", questions, c.byHand)
			}
		})
	}
}

func TestFaultyLibraries(t *testing.T) {
	for _, c := range []struct {
		fault string
		want  error
		says  string
	}{
		{"exit", pkcs11.ErrModule, "does not answer"},
		{"refuses", pkcs11.ErrModule, "cannot be started"},
		{"no-eddsa", pkcs11.ErrKey, "CKM_EDDSA"},
		{"expired", pkcs11.ErrPIN, "CKR_PIN_EXPIRED"},
	} {
		t.Run(c.fault, func(t *testing.T) {
			u, _ := faulty(t, c.fault)
			refused(t, u, asking(pin, nil), c.want, c.says)
		})
	}
}
