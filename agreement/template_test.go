package agreement_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"detente/agreement"
)

// exampleKey derives a key that anybody can sign with, from a name.
func exampleKey(name string) string {
	seed := sha256.Sum256([]byte("detente example key " + name))
	pub := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
	return "ed25519 " + base64.StdEncoding.EncodeToString(pub)
}

// exampleWitness is the same as a witness's verifier key.
func exampleWitness(name string) string { return exampleWitnessOf(name, name) }

func exampleWitnessOf(name, seeded string) string {
	seed := sha256.Sum256([]byte("detente example key " + seeded))
	pub := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
	key := append([]byte{4}, pub...)
	hash := sha256.Sum256(append([]byte(name+"\n"), key...))
	return fmt.Sprintf("%s+%x+%s", name, hash[:4], base64.StdEncoding.EncodeToString(key))
}

// placeholder is a key still to be filled in.
var placeholder = regexp.MustCompile(`"(ed25519 |[a-z-]+\+)\.\.\."`)

// fill puts a key in place of every placeholder.
func fill(src []byte) []byte {
	n := 0
	return placeholder.ReplaceAllFunc(src, func(m []byte) []byte {
		n++
		if name, ok := strings.CutSuffix(string(m[1:]), `+..."`); ok {
			return []byte(`"` + exampleWitness(name) + `"`)
		}
		return []byte(`"` + exampleKey(fmt.Sprint("placeholder ", n)) + `"`)
	})
}

func TestTemplates(t *testing.T) {
	for _, name := range agreement.Templates() {
		t.Run(name, func(t *testing.T) {
			files, ok := agreement.Template(name)
			if !ok {
				t.Fatal("no such template")
			}
			for i, f := range files {
				if !strings.HasSuffix(f.Path, ".agreement") {
					continue
				}
				if out, _ := agreement.Format(f.Data); string(out) != string(f.Data) {
					t.Errorf("%s is not formatted", f.Path)
				}
				empty := bundle(t, files...)
				a, ds := agreement.Read(empty)
				if want := len(placeholder.FindAll(f.Data, -1)); a != nil || len(ds) != want {
					t.Errorf("with %d placeholders to fill: %d diagnostics\n%s", want, len(ds), show(empty, ds))
				}
				for _, d := range ds {
					if d.Code != agreement.CodeKeyPlaceholder || !strings.Contains(d.Hint, "detente key new") {
						t.Errorf("a placeholder gives %s: %s (%s)", d.Code, d.Message, d.Hint)
					}
				}
				files[i].Data = fill(f.Data)
			}
			b := bundle(t, files...)
			if a, ds := agreement.Read(b); a == nil || len(ds) > 0 {
				t.Errorf("with keys:\n%s", show(b, ds))
			}
		})
	}
	if _, ok := agreement.Template("treaty"); ok {
		t.Error("a template that does not exist was found")
	}
}

func bundle(t *testing.T, files ...agreement.File) *agreement.Bundle {
	t.Helper()
	b, err := agreement.NewBundle(files)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
