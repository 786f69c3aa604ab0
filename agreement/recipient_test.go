package agreement_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"detente/agreement"

	"filippo.io/age"
)

func recipients(t *testing.T) (classic, hybrid string) {
	t.Helper()
	c, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	h, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return c.Recipient().String(), h.Recipient().String()
}

func readerOf(name, recipient string) string {
	return fmt.Sprintf("reader %s {\n  key       = %q\n  recipient = %q\n}\n", name, exampleKey(name), recipient)
}

// TestRecipients holds that age and the checker take the same recipients, but
// for the upper case that bech32 allows and one encoding does not.
func TestRecipients(t *testing.T) {
	classic, hybrid := recipients(t)
	secret, _ := recipients(t)
	for _, good := range []string{classic, hybrid} {
		if got := codesOf(t, readerOf("press", good)); len(got) > 0 {
			t.Errorf("%.20s: %v", good, got)
		}
		for i := range good {
			if len(good) > 100 && i%97 != 0 && i > 10 {
				continue
			}
			for _, c := range []string{"q", "p", "", "1", "é"} {
				if c == good[i:i+1] {
					continue
				}
				bad := good[:i] + c + good[i+1:]
				if got := codesOf(t, readerOf("press", bad)); !slices.Contains(got, agreement.CodeBadKey) {
					t.Errorf("%q at %d of %.20s: %v", c, i, good, got)
				}
			}
		}
	}
	for _, bad := range []string{"age1", strings.ToUpper(classic), classic + "q", strings.Replace(secret, "age1", "age1pq1", 1), "AGE-SECRET-KEY-1" + classic[4:], "ssh-ed25519 AAAA"} {
		if got := codesOf(t, readerOf("press", bad)); !slices.Contains(got, agreement.CodeBadKey) {
			t.Errorf("%.40s: %v", bad, got)
		}
	}
	if got := codesOf(t, readerOf("press", classic)+readerOf("library", hybrid)); !slices.Equal(got, []agreement.Code{agreement.CodeConflict}) {
		t.Errorf("both kinds in one text: %v", got)
	}
}

// TestPrivateRecord holds what a text may say of who reads.
func TestPrivateRecord(t *testing.T) {
	classic, _ := recipients(t)
	a, ds := agreement.Read(bundle(t, agreement.File{Path: "a.agreement", Data: []byte(strings.Replace(whole(readerOf("press", classic), false), "witnesses ", "record = private\n  witnesses ", 1))}))
	if agreement.HasErrors(ds) {
		t.Fatal(ds)
	}
	if !a.Private || len(a.Readers) != 1 || a.Readers[0].Name != "press" || a.Readers[0].Recipient != classic {
		t.Errorf("private %v, readers %+v", a.Private, a.Readers)
	}
}
