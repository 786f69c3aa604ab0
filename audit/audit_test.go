package audit_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"detente/agreement"
	"detente/audit"
	"detente/record"
)

// export is the record of a public vector, exported at one of its cosigned
// checkpoints.
func export(t testing.TB, vector string) []byte {
	t.Helper()
	const folder = "../spec/vectors/record"
	var v struct {
		Entries [][]byte `json:"entries"`
		Notes   []struct {
			Note  []byte `json:"note"`
			Fault string `json:"fault"`
		} `json:"notes"`
	}
	data, err := os.ReadFile(filepath.Join(folder, vector+".json"))
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "bundle", "freeze.agreement"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := agreement.NewBundle([]agreement.File{{Path: "freeze.agreement", Data: text}})
	if err != nil {
		t.Fatal(err)
	}
	a, diagnostics := agreement.Read(b)
	if a == nil {
		t.Fatal(diagnostics)
	}
	f, err := record.FoldTo(a, v.Entries, int64(len(v.Entries)))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range v.Notes {
		e, err := f.Export(b, n.Note)
		if err != nil {
			continue
		}
		file, err := e.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	t.Fatalf("%s has no final checkpoint", vector)
	return nil
}

func TestOutcomesOfThePublicVectors(t *testing.T) {
	for vector, first := range map[string]string{
		"released": "HOLDS: everything that can be checked in this record was, and holds; vault footage: release (decided).",
		"erased":   "HOLDS: everything that can be checked in this record was, and holds; vault footage: erase (decided).",
	} {
		r := audit.Run(export(t, vector))
		text, _, _ := strings.Cut(r.Text(), "\n")
		if r.Verdict != audit.Holds || text != first {
			t.Errorf("%s: %s\n%s", vector, r.Verdict, r.Text())
		}
	}
}

// A file that ends when the witnesses' clocks are past the close, on a record
// that nothing has decided, is sound, and nobody finds out of it what became of
// the vault.
func TestUndecidedIsSaidAndNotGuessed(t *testing.T) {
	r := audit.Run(export(t, "halted"))
	if r.Verdict != audit.Unknown || len(r.Unknown) == 0 || len(r.Broken) > 0 {
		t.Fatalf("%s", r.Text())
	}
	for _, said := range []string{"NOT FOUND OUT", "passed at", "no proof of time on this record decides it"} {
		if !strings.Contains(r.Text(), said) {
			t.Errorf("the text does not say %q:\n%s", said, r.Text())
		}
	}
}

// Two audits of the same bytes say the same.
func TestAuditsAgree(t *testing.T) {
	file := export(t, "released")
	one, err := json.Marshal(audit.Run(file))
	if err != nil {
		t.Fatal(err)
	}
	other, err := json.Marshal(audit.Run(bytes.Clone(file)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, other) {
		t.Errorf("two audits differ:\n%s\n%s", one, other)
	}
}

// What is wrong is named with its part, in one sentence, first.
func TestBrokenNamesThePart(t *testing.T) {
	file := export(t, "erased")
	for name, bad := range map[string][]byte{"empty": nil, "cut": file[:len(file)/2], "noise": []byte("this is no record")} {
		r := audit.Run(bad)
		if r.Verdict != audit.Broken || r.Broken[0].Part == "" || !strings.HasPrefix(r.Text(), "BROKEN: "+r.Broken[0].Part+": ") {
			t.Errorf("%s: %s", name, r.Text())
		}
	}
}

// FuzzRun: whatever the bytes are there is a report, in words and in JSON.
func FuzzRun(f *testing.F) {
	file := export(f, "erased")
	f.Add([]byte{})
	f.Add(file)
	f.Add(file[:1536])
	f.Add(bytes.Replace(file, []byte("footage"), []byte("foolage"), 1))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := audit.Run(b)
		if r.Text() == "" || r.Verdict != audit.Holds && len(r.Broken)+len(r.Unknown) == 0 {
			t.Errorf("%s without a reason", r.Verdict)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	})
}
