package zones

import (
	"strings"
	"testing"
	"time"
)

func TestLoad(t *testing.T) {
	data, err := Load("Asia/Tehran")
	if err != nil {
		t.Fatal(err)
	}
	loc, err := time.LoadLocationFromTZData("Asia/Tehran", data)
	if err != nil {
		t.Fatal(err)
	}
	// Summer time in 2021: +04:30.
	got := time.Date(2021, 5, 24, 0, 0, 0, 0, loc).UTC().Format(time.RFC3339)
	if want := "2021-05-23T19:30:00Z"; got != want {
		t.Errorf("midnight in Tehran is %s, want %s", got, want)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, name := range []string{"", "Asia", "Asia/", "Asia/Teheran", "../zones.go", "asia/tehran", "Local"} {
		if _, err := Load(name); err == nil || !strings.Contains(err.Error(), "no time zone") {
			t.Errorf("Load(%q): error %v, want one that says there is no such zone", name, err)
		}
	}
}
