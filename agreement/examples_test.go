package agreement_test

import (
	"testing"

	"detente/agreement"
	"detente/agreement/dir"
)

// show renders diagnostics as a reader would see them.
func show(b *agreement.Bundle, ds []agreement.Diagnostic) string {
	s := ""
	for _, d := range ds {
		src, _ := b.File(d.Range.File)
		s += agreement.RenderDiagnostic(src, d)
	}
	return s
}

func TestCamerasExample(t *testing.T) {
	b, err := dir.Load("../examples/cameras")
	if err != nil {
		t.Fatal(err)
	}
	a, ds := agreement.Read(b)
	if len(ds) > 0 || a == nil {
		t.Fatalf("diagnostics:\n%s", show(b, ds))
	}
	if a.ID != b.Digest() || a.Name != "cameras" || len(a.Custodians) != 7 || len(a.Witnesses) != 4 {
		t.Errorf("read %q %s with %d custodians and %d witnesses", a.Name, a.ID, len(a.Custodians), len(a.Witnesses))
	}
	v := a.Vaults[0]
	if got, want := v.Closes.(*agreement.Literal).Instant.String(), "2021-05-23T19:30:00Z"; got != want {
		t.Errorf("the vault closes at %s, want %s: midnight in Tehran", got, want)
	}
	if r, ok := a.Commitments[0].What.(*agreement.Ref); !ok || r.Noun != "measure" || r.Name != "us-sanctions" || r.Attr != "lifted" {
		t.Errorf("lift-sanctions asks for %#v", a.Commitments[0].What)
	}
}
