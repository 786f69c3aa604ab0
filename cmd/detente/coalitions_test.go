package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
)

const cameras = "../../examples/cameras"

// TestCheckTablesCoalitions holds the table that check prints against the one
// that the guide shows, and against --json.
func TestCheckTablesCoalitions(t *testing.T) {
	var out, talk bytes.Buffer
	if code := run(t.Context(), []string{"check", cameras}, terminal{out: &out, err: &talk}); code != 0 {
		t.Fatalf("exit %d: %s", code, talk.String())
	}
	guide, err := os.ReadFile("../../docs/language.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(guide), "```\nwho could")
	shown, _, _ := strings.Cut(rest, "```")
	if !ok || !strings.Contains(out.String(), "\nwho could"+shown) {
		t.Errorf("the guide shows\nwho could%s\nand check prints\n%s", shown, out.String())
	}
	for _, want := range []string{
		"\n  iran + iaea operate the recorder: ", "\n  iran keeps what is sealed: ",
		"\n    no party     3 of the 3 neutral\n", "\n  it tolerates 1 custodian corrupt beside all of one side's: 4 > 2 + 1, and 4 > 2 + 1;",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("check does not say %q:\n%s", want, out.String())
		}
	}
	out.Reset()
	if code := run(t.Context(), []string{"check", "--json", cameras}, terminal{out: &out, err: &talk}); code != 0 {
		t.Fatalf("exit %d: %s", code, talk.String())
	}
	var r checkReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Coalitions) != 1 || r.Coalitions[0].Tolerates != 1 || len(r.Coalitions[0].Deeds) != 6 || len(r.Coalitions[0].Deeds[3].Coalitions) != 4 {
		t.Errorf("--json: %+v", r.Coalitions)
	}
}
