package machine_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"detente/agreement"
	"detente/agreement/dir"
	"detente/machine"
)

var placeholder = regexp.MustCompile(`"(ed25519 |[a-z]+\+)\.\.\."`)

// fillKeys puts a key of its own in the place of each "...".
func fillKeys(text string) string {
	n := 0
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		n++
		seed := sha256.Sum256([]byte(fmt.Sprint("a key of the guide ", n)))
		key := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
		name, isWitness := strings.CutSuffix(m[1:], `+..."`)
		if !isWitness {
			return `"ed25519 ` + base64.StdEncoding.EncodeToString(key) + `"`
		}
		hash := sha256.Sum256(append([]byte(name+"\n\x04"), key...))
		return fmt.Sprintf("%q", fmt.Sprintf("%s+%x+%s", name, hash[:4], base64.StdEncoding.EncodeToString(append([]byte{4}, key...))))
	})
}

// readWhole reads a text of one file, with the time zones that it names.
func readWhole(t *testing.T, text string) *agreement.Agreement {
	t.Helper()
	src, folder := []byte(fillKeys(text)), t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "t.agreement"), src, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := dir.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	a, ds := agreement.Read(b)
	for _, d := range ds {
		t.Error(agreement.RenderDiagnostic(src, d))
	}
	if a == nil {
		t.FailNow()
	}
	return a
}

// TestGuide runs what docs/language.md shows: a text that begins with the
// version is a new one, others are added to it; scenarios run on what there is.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile("../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	text, texts, scenarios := "", 0, 0
	pieces := strings.Split("\n"+string(guide), "\n```")
	for i := 1; i < len(pieces); i += 2 {
		kind, body, _ := strings.Cut(pieces[i], "\n")
		body += "\n"
		switch {
		case kind == "agreement" && strings.HasPrefix(body, "detente 1\n"):
			text, texts = body, texts+1
		case kind == "agreement":
			text += "\n" + body
		case kind == "scenario":
			scenarios++
			sc, errs := machine.ParseScenario([]byte(body))
			if errs != nil {
				t.Fatal(errs)
			}
			if rep := sc.Run(machine.Compile(readWhole(t, text)), nil); rep.Failed > 0 {
				t.Errorf("%s\n%s", body, rep.Text())
			}
			continue
		default:
			continue
		}
		if laid, errs := agreement.Format([]byte(body)); strings.HasPrefix(body, "detente 1\n") && string(laid) != body {
			t.Errorf("not in the standard layout:\n%s%v", body, errs)
		}
	}
	if texts != 3 || scenarios != 4 {
		t.Errorf("%d texts and %d scenarios found in the guide", texts, scenarios)
	}
}
