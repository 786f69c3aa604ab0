package clock

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestScaledKeepsItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2021, 2, 23, 0, 0, 0, 0, time.UTC)
		c, err := Parse(Scaled{Start: start, Anchor: time.Now(), Rate: 86400}.String())
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Now(); !got.Equal(start) {
			t.Errorf("at the anchor: %v, want %v", got, start)
		}
		if err := c.Sleep(t.Context(), 90*24*time.Hour); err != nil {
			t.Fatal(err)
		}
		if got, want := c.Now(), start.AddDate(0, 0, 90); !got.Equal(want) {
			t.Errorf("after 90 days: %v, want %v", got, want)
		}
	})
}

func TestScaledKeepsTheMachinesPaceBeforeItsAnchor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2021, 2, 23, 0, 0, 0, 0, time.UTC)
		began := time.Now()
		c := Scaled{Start: start, Anchor: began.Add(5 * time.Second), Rate: 86400}
		if got, want := c.Now(), start.Add(-5*time.Second); !got.Equal(want) {
			t.Errorf("5 s before the anchor: %v, want %v", got, want)
		}
		if err := c.Sleep(t.Context(), 5*time.Second+24*time.Hour); err != nil {
			t.Fatal(err)
		}
		if got, want := time.Since(began), 6*time.Second; got != want {
			t.Errorf("waiting across the anchor took %v of the machine's time, want %v", got, want)
		}
	})
}

func TestParseRefuses(t *testing.T) {
	for _, bad := range []string{
		"now", "2021-02-23T00:00:00Z", "2021-02-23T00:00:00Z@2026-01-01T00:00:00Z",
		"2021-02-23T00:00:00Z@2026-01-01T00:00:00Z*0", "2021-02-23T00:00:00Z@2026-01-01T00:00:00Z*10000001",
		"2021-02-30T00:00:00Z@2026-01-01T00:00:00Z*2", "2021-02-23T00:00:00Z@x*2",
	} {
		if c, err := Parse(bad); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", bad, c)
		}
	}
}
