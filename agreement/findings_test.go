package agreement_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strings"
	"testing"

	"detente/agreement"
	"detente/agreement/dir"
)

// TestFindingsOfCameras holds the whole text: a signature names its digest.
func TestFindingsOfCameras(t *testing.T) {
	b, err := dir.Load("../examples/cameras")
	if err != nil {
		t.Fatal(err)
	}
	a, ds := agreement.Read(b)
	if a == nil {
		t.Fatal(show(b, ds))
	}
	got := agreement.FindingsText(a)
	const golden = "testdata/cameras.findings"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if d := agreement.FindingsDigest(a); d != agreement.Digest(sha256.Sum256([]byte("detente/findings/1\n"+got))) {
		t.Errorf("the digest %s is not that of the text", d)
	}
	for _, f := range agreement.Findings(a) {
		if e, ok := agreement.Explain(f.Code); !ok || !e.Finding {
			t.Errorf("the finding %s is not in the catalogue", f.Code)
		}
		if f.Range.File != "cameras.agreement" || f.Range.End <= f.Range.Start {
			t.Errorf("%s stands at %v", f.Code, f.Range)
		}
	}
}

// TestTolerance holds the stated tolerance against counting: with every set
// of corrupt neutral custodians up to that size beside one side's, that side
// neither opens early nor stops a release; with one more it does one of them.
func TestTolerance(t *testing.T) {
	for h := 0; h <= 3; h++ {
		for i := 0; i <= 3; i++ {
			for neutral := 0; neutral <= 3; neutral++ {
				n := h + i + neutral
				for need := 2; need <= n; need++ {
					finding := toleranceOf(t, h, i, neutral, need)
					safe := func(x int) bool { return i+x < need && n-(h+x) >= need }
					stated := strings.Contains(finding, "it tolerates ")
					if stated != safe(0) {
						t.Errorf("h=%d i=%d neutral=%d need=%d: %s", h, i, neutral, need, finding)
					}
					if !stated {
						continue
					}
					var x int
					if _, err := fmt.Sscanf(finding, "it tolerates %d", &x); err != nil {
						t.Fatal(err)
					}
					if !safe(x) || safe(x+1) {
						t.Errorf("h=%d i=%d neutral=%d need=%d: %s", h, i, neutral, need, finding)
					}
				}
			}
		}
	}
}

func toleranceOf(t *testing.T, h, i, neutral, need int) string {
	t.Helper()
	piece, names := "", []string{}
	for s := range h + i + neutral {
		by := "neutral"
		if s < h {
			by = "alpha"
		} else if s < h+i {
			by = "beta"
		}
		name := "seat-" + spelled(s)
		names = append(names, name)
		piece += fmt.Sprintf("custodian %s {\n  named_by = %s\n  key = \"ed25519 ...\"\n}\n", name, by)
	}
	piece += fmt.Sprintf("vault footage {\n  custodians = { of = [%s], need = %d }\n}\n", strings.Join(names, ", "), need)
	b := bundle(t, agreement.File{Path: "x.agreement", Data: []byte(whole(piece, true))})
	a, ds := agreement.Read(b)
	if a == nil {
		t.Fatal(show(b, ds))
	}
	for _, f := range agreement.Findings(a) {
		if f.Code == agreement.FindingTolerance {
			return f.Text
		}
	}
	t.Fatal("no finding on the tolerance")
	return ""
}

// TestFindingsOfSilence reads who gains from a finding or from its absence.
func TestFindingsOfSilence(t *testing.T) {
	for _, c := range []struct{ piece, code, want string }{
		{"commitment lift {\n  verified = { by = alpha, within = 7 days, silence = accepts }\n  reported = { by = beta }\n}\nvault footage {\n  else = erase\n}\n", "finding-verifier", "`alpha` can refuse a claim though it is true"},
		{"commitment lift {\n  verified = { by = beta, within = 7 days, silence = refuses }\n}\nvault footage {\n  else = erase\n}\n", "finding-verifier", "`beta` can accept a claim though it is false"},
		{"commitment lift {\n  verified = { by = beta, within = 7 days, silence = refuses }\n}\nvault footage {\n  else = erase\n}\n", "finding-stall", "silence refuses, so doing nothing stops it"},
		{"agreement example {\n  clock = simulated\n}\n", "finding-simulated", "proves nothing about when"},
		{"act consent { by = beta }\nvault footage {\n  opens_if = consent.done\n}\n", "finding-stall", "`beta` may do or leave"},
		{"reading clear { reporter = beta }\nvault footage {\n  opens_if = clear\n}\n", "finding-stall", "what `beta` reports, true or not"},
		{"vault footage {\n  hold = { at_most = 30 days, then = release }\n}\n", "finding-long-stop", "`beta` would receive it"},
	} {
		b := bundle(t, agreement.File{Path: "x.agreement", Data: []byte(whole(c.piece, true))})
		a, ds := agreement.Read(b)
		if a == nil {
			t.Fatal(show(b, ds))
		}
		found := false
		for _, f := range agreement.Findings(a) {
			found = found || string(f.Code) == c.code && strings.Contains(f.Text, c.want)
		}
		if !found {
			t.Errorf("no %s with %q in\n%s", c.code, c.want, agreement.FindingsText(a))
		}
	}
}
